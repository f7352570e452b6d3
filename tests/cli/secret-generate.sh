#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

generate() { safring secret generate --token ZWE.IDT --pin-source file:pin "$@"; }

given_token
it "makes a 64-byte key for HS512 that cannot leave the token"
ok generate --label jwtsecret --alg HS512 --json
same "$(field '"\(.kind) \(.bytes) \(.sensitive) \(.extractable) \(.leaving) \(.sequence) \(.imported) \(.modifiable)"')" "HMAC 64 true false no 1 false true"
same "$(field '.handle | length')" 44
same "$(field .handle)" "ZWE.IDT                         00000001T   "
same "$(field .uri)" "pkcs11:token=ZWE.IDT;object=jwtsecret;id=%00%00%00%01;type=secret-key"

it "refuses a second of that label, unless told what to do"
refused 5 "jwtsecret" generate --label jwtsecret
notes "hint: --if-exists keep"
ok generate --label jwtsecret --if-exists keep --json
same "$(field '"\(.made) \(.sequence)"')" "false 1"
ok generate --label jwtsecret --if-exists new-version --json
same "$(field '"\(.made) \(.sequence)"')" "true 2"

it "keeps nothing that is not what was asked for"
ok generate --label short --alg HS256 --json
same "$(field .bytes)" 32
refused 5 "another length" generate --label short --alg HS512 --if-exists keep
refused 5 "no AES key" generate --label short --alg A256 --if-exists keep
refused 5 "stays in the token" generate --label short --alg HS256 --extractable wrapped --if-exists keep

it "makes keys that may leave, as asked"
ok generate --label movable --extractable wrapped --json
same "$(field '"\(.sensitive) \(.extractable) \(.leaving)"')" "true true wrapped"
ok generate --label readable --extractable yes --json
same "$(field '"\(.sensitive) \(.extractable) \(.leaving)"')" "false true yes"
ok generate --label fixed --fixed --json
same "$(field .modifiable)" false

it "makes AES keys that wrap and do not sign"
for bits in 128 192 256; do
    ok generate --label "aes$bits" --alg "A$bits" --json
    same "$(field '"\(.kind) \(.bytes) \(.wraps) \(.unwraps) \(.encrypts) \(.decrypts) \(.signs)"')" "AES $((bits / 8)) true true true true false"
done

it "keeps dates, and refuses what is none"
ok generate --label dated --start 2026-01-01 --end 2026-12-31 --json
same "$(field '"\(.start_date) \(.end_date)"')" "2026-01-01T00:00:00Z 2026-12-31T00:00:00Z"
for date in 2026-02-30 2026-1-1 tomorrow 2026-01-01T00:00:00Z 20260101; do
    refused 2 "is not a date like" generate --label bad --end "$date"
done
refused 2 "is before" generate --label bad --start 2026-01-02 --end 2026-01-01

it "takes labels of any characters, and not too long ones"
ok generate --label "it's \"a\" label; ü €/%" --json
same "$(field .label)" "it's \"a\" label; ü €/%"
uri=$(field .uri)
ok safring secret show "$uri" --pin-source file:pin --json
same "$(field .label)" "it's \"a\" label; ü €/%"
long=$(printf 'x%.0s' $(seq 255))
ok generate --label "$long" --json
same "$(field '.label | length')" 255
refused 2 "longer than 255 bytes" generate --label "${long}x"

it "lets two at once not both make the first"
for i in 1 2 3 4; do generate --label once >"once.$i" 2>&1 & done
wait
same "$(grep -l '^made' once.? | wc -l)" 1
same "$(grep -l 'already' once.? | wc -l)" 3

it "makes nothing on a dry run"
ok generate --label dry --dry-run --json
same "$(field '"\(.made) \(.bytes)"')" "false 64"
refused 4 "no secret key \"dry\"" safring secret show --token ZWE.IDT --label dry --pin-source file:pin

it "says that the PIN is wrong, or the token not there"
printf '7654321\n' >wrong
refused 6 "wrong PIN" safring secret generate --token ZWE.IDT --label x --pin-source file:wrong
refused 4 "NONE" safring secret generate --token NONE --label x --pin-source file:pin
silent_on "7654321"
