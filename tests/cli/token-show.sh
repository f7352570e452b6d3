#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"
given_token

it "shows a token without a PIN"
ok safring token show ZWE.IDT
says "PIN +set"
says "files +$home/store/tokens/"
says "can .*SHA512_HMAC"
silent_on objects

it "shows with a PIN what is in it"
ok safring secret generate --token ZWE.IDT --label jwtsecret --pin-source file:pin
ok safring token show ZWE.IDT --pin-source file:pin --json
same "$(field '.last_sequence')" 1
same "$(field '.counts.secret_keys')" 1
same "$(field '.objects[] | select(.class == "secret key") | [.label, .id, .extractable] | join(" ")')" "jwtsecret 00000001 false"
same "$(field '.objects[] | select(.class == "secret key") | .uri')" "pkcs11:token=ZWE.IDT;object=jwtsecret;id=%00%00%00%01;type=secret-key"
same "$(field '[.objects[] | select(.counter)] | length')" 1
serial=$(field .serial)

it "finds it by serial, URI and --token"
ok safring token show "$serial"
ok safring token show "pkcs11:serial=$serial"
ok safring token show --token 'pkcs11:token=ZWE.IDT;object=jwtsecret'
refused 2 "twice" safring token show ZWE.IDT --token ZWE.IDT
refused 2 "no token is named" safring token show
refused 4 "NOWHERE" safring token show NOWHERE
refused 4 "label or serial" safring token show "a label with \"quotes\" that is longer than 32 characters"

it "lists the candidates of a label that two tokens have"
export SOFTHSM2_CONF=$home/store/softhsm2.conf
ok softhsm2-util --init-token --free --label ZWE.IDT --pin 1234567 --so-pin 87654321
refused 5 "ZWE.IDT \(serial .*ZWE.IDT \(serial" safring token show ZWE.IDT
ok safring token show "$serial"

it "takes a token of any label"
ok softhsm2-util --init-token --free --label 'My "quoted" token' --pin 1234567 --so-pin 87654321
ok safring token show 'My "quoted" token' --pin-source file:pin
says 'My "quoted" token'

it "wants the right PIN"
printf '0000000\n' >wrong
refused 6 "wrong PIN" safring token show "$serial" --pin-source file:wrong
ok safring token show "$serial" --json
same "$(field .pin_locked)" false
