#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

given_token
it "makes a 64-byte key for HS512 that cannot leave the token"
ok safring secret generate --token ZWE.IDT --label jwtsecret --alg HS512 --pin-source file:pin --json
same "$(field '"\(.bytes) \(.sensitive) \(.extractable) \(.sequence)"')" "64 true false 1"
same "$(field '.handle | length')" 44
same "$(field .handle)" "ZWE.IDT                         00000001T   "
same "$(field .uri)" "pkcs11:token=ZWE.IDT;object=jwtsecret;id=%00%00%00%01;type=secret-key"

it "refuses a second of that label, unless told what to do"
refused 5 "jwtsecret" safring secret generate --token ZWE.IDT --label jwtsecret --pin-source file:pin
ok safring secret generate --token ZWE.IDT --label jwtsecret --pin-source file:pin --if-exists keep --json
same "$(field '"\(.made) \(.sequence)"')" "false 1"
ok safring secret generate --token ZWE.IDT --label jwtsecret --pin-source file:pin --if-exists new-version --json
same "$(field '"\(.made) \(.sequence)"')" "true 2"

it "gives the length that the algorithm wants"
ok safring secret generate --token ZWE.IDT --label short --alg HS256 --pin-source file:pin --json
same "$(field .bytes)" 32

it "says that the PIN is wrong, or the token not there"
printf '7654321\n' >wrong
refused 6 "wrong PIN" safring secret generate --token ZWE.IDT --label x --pin-source file:wrong
refused 4 "NONE" safring secret generate --token NONE --label x --pin-source file:pin
silent_on "7654321"
