#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

given_certificates
ok safring cert show ALICE/web --json
serial=$(field .serial)

it "lists what the CA signed, itself included"
ok safring ca issued CERTAUTH/ca --json
same "$(field '[.certificates[].label] | join(" ")')" "ca web"

it "tells what was replaced from what is current"
ok safring cert renew ALICE/web
ok safring ca issued CERTAUTH/ca
says "$serial .*ALICE/web .*replaced"
ok safring ca issued CERTAUTH/ca --json
same "$(field '[.certificates[].in_store | tostring] | join(" ")')" "true false true"

it "gives one by its serial, also when it is no longer in the store"
ok safring ca issued CERTAUTH/ca --serial "$serial"
cp "$out" old.pem
ok openssl x509 -in old.pem -noout -serial
says "serial=0?$serial"

it "lists only what is revoked"
ok safring ca issued CERTAUTH/ca --revoked --json
same "$(field '.certificates | length')" 0
ok safring cert revoke ALICE/web
ok safring ca issued CERTAUTH/ca --revoked
says "REVOKED: unspecified"

it "names what is not there"
refused 4 "no certificate CERTAUTH/none" safring ca issued CERTAUTH/none
refused 4 "" safring ca issued CERTAUTH/ca --serial 123
