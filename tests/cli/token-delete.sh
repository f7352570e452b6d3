#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"
given_token
printf '0000000\n' >wrong

it "wants the security officer's PIN"
refused 6 "wrong SO PIN" safring token delete ZWE.IDT --so-pin-source file:wrong
refused 6 "so-pin-source" safring token delete ZWE.IDT
ok safring token show ZWE.IDT

it "says on a dry run what it would do"
ok safring token delete ZWE.IDT --so-pin-source file:sopin --dry-run --json
same "$(field .removed)" false
refused 6 "wrong SO PIN" safring token delete ZWE.IDT --so-pin-source file:wrong --dry-run
ok safring token show ZWE.IDT

it "refuses one that holds keys, and names the certificates that need them"
ok safring ca create CERTAUTH/intoken --subject CN=x --key 'token:ZWE.IDT;object=x;type=ec:P-256' --pin-source file:pin
refused 5 "holds 3 objects.*CERTAUTH/intoken" safring token delete ZWE.IDT --so-pin-source file:sopin
notes "hint: --force"
ok safring token show ZWE.IDT

it "removes it with all its files"
ok safring token delete ZWE.IDT --so-pin-source file:sopin --force
notes "lose their private keys: CERTAUTH/intoken"
same "$(find store/tokens -mindepth 1 ! -name .safring.lock)" ""
refused 4 "ZWE.IDT" safring token delete ZWE.IDT --so-pin-source file:sopin

it "removes an empty one without being forced"
given_token
ok safring token delete ZWE.IDT --so-pin-source file:sopin --json
same "$(field '[.removed, .objects] | @csv')" "true,0"

it "leaves other modules alone, and says what to use"
given_token
cp -L /usr/lib/softhsm/libsofthsm2.so vendor.so
export SOFTHSM2_CONF=$home/store/softhsm2.conf
refused 1 "not SoftHSM" safring token delete ZWE.IDT --so-pin-source file:sopin --module "$home/vendor.so"
notes "hint: .*its maker"
ok safring token show ZWE.IDT

it "follows no link that somebody planted"
mkdir precious
touch precious/file
ln -s "$home/precious" "$(echo store/tokens/*-*)/link"
ln -s "$home/precious" store/tokens/.safring.trash
refused 5 "safring.trash" safring token delete ZWE.IDT --so-pin-source file:sopin --force
rm store/tokens/.safring.trash
ok safring token delete ZWE.IDT --so-pin-source file:sopin --force
[ -e precious/file ] || fail "precious/file is gone"
