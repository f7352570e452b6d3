#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

import() { safring secret import --token ZWE.IDT --pin-source file:pin "$@"; }

given_token
head -c 64 /dev/urandom >raw
od -An -v -tx1 raw | tr -d ' \n' >hex
base64 -w0 raw | tr '+/' '-_' | tr -d '=' >base64url
printf '{"kty":"oct","alg":"HS512","k":"%s"}' "$(cat base64url)" >jwk
check=$(printf '\0' | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$(cat hex)" -r | cut -c1-6 | tr a-f A-F)

it "takes a key in every form, and it is the same"
for format in raw hex base64url jwk; do
    ok import --label "$format" --in "$format" --format "$format" --alg HS512 --json
    same "$(field '"\(.check_value) \(.bytes) \(.sensitive) \(.extractable) \(.imported) \(.always_sensitive)"')" "$check 64 true false true false"
    silent_on "$(cat base64url)"
done
ok safring secret show --token ZWE.IDT --label raw --pin-source file:pin
says "origin +imported"
ok_from raw safring secret import --token ZWE.IDT --label stdin --in - --pin-source file:pin

it "accepts the very same key, and refuses another of that label"
refused 5 "already" import --label raw --in raw
ok import --label raw --in raw --if-exists keep --json
same "$(field .made)" false
head -c 64 /dev/urandom >raw2
refused 5 "has another value" import --label raw --in raw2 --if-exists keep

it "refuses what is too short for its algorithm, or not what it says"
head -c 31 raw >short
refused 5 "31 bytes, and HMAC needs at least 32" import --label x --in short
head -c 48 raw >middle
refused 5 "48 bytes, and HS512 needs at least 64" import --label x --in middle --alg HS512
refused 5 "48 bytes, and A256 has 32" import --label x --in middle --alg A256
refused 5 "says that it is for HS512, not HS256" import --label x --in jwk --format jwk --alg HS256
refused 1 "not hex digits alone" import --label x --in raw --format hex
refused 1 "not base64url" import --label x --in jwk --format base64url
refused 1 "not one strict JSON object" import --label x --in hex --format jwk
printf '{"kty":"RSA","n":"AQAB"}' >rsa
refused 1 'kty is not "oct"' import --label x --in rsa --format jwk
: >empty
refused 1 "empty" import --label x --in empty
head -c 513 /dev/urandom >long
refused 1 "longer than 512 bytes" import --label x --in long
head -c 10000000 /dev/zero >large
refused 1 "large" import --label x --in large
refused 4 "none" import --label x --in none

it "takes AES keys of the right length"
head -c 16 /dev/zero >zeros
ok import --label aes --in zeros --alg A128 --json
same "$(field '"\(.kind) \(.check_value)"')" "AES 66E94B"

it "does not take a file that anybody can write, and warns of one that others can read"
chmod 0666 raw
refused 6 "anybody write" import --label x --in raw
chmod 0644 raw
ok import --label readable --in raw
notes "others can read raw"

it "imports nothing on a dry run"
ok import --label dry --in raw2 --dry-run --json
same "$(field .made)" false
refused 4 "dry" safring secret show --token ZWE.IDT --label dry --pin-source file:pin
