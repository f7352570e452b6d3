#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

show() { safring secret show --token ZWE.IDT --pin-source file:pin "$@"; }

given_token
ok safring secret generate --token ZWE.IDT --label jwtsecret --start 2026-01-01 --end 2099-12-31 --pin-source file:pin --json
uri=$(field .uri)

it "shows all about one key"
ok show --label jwtsecret
says "^jwtsecret, until 2099-12-31$"
says "uri +pkcs11:token=ZWE.IDT;object=jwtsecret;id=%00%00%00%01"
says "handle +\"ZWE.IDT {25}00000001T   \"$"
says "origin +made in this token"
says "uses +sign verify$"
says "from +2026-01-01"

it "shows the newest of several, or the one that is named"
ok safring secret generate --token ZWE.IDT --label jwtsecret --if-exists new-version --pin-source file:pin
ok show --label jwtsecret --json
same "$(field '"\(.sequence) \(.versions)"')" "2 2"
ok show --label jwtsecret --sequence 1 --json
same "$(field .sequence)" 1
ok show --sequence 1 --json
same "$(field .sequence)" 1
ok safring secret show "$uri" --pin-source file:pin --json
same "$(field .sequence)" 1

it "says what is missing"
refused 4 'token ZWE.IDT has no secret key "none"' show --label none
refused 4 'no secret key with id 00000009' show --sequence 9
refused 2 "which key" show
refused 2 "not a valid|pkcs11:" safring secret show nonsense --pin-source file:pin
