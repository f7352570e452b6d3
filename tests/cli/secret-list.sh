#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

list() { safring secret list --token ZWE.IDT --pin-source file:pin "$@"; }

given_token
it "lists keys with their check values, never a key"
ok safring secret generate --token ZWE.IDT --label a --alg HS256 --pin-source file:pin --json
check=$(field .check_value)
ok list --json
same "$(field '[.secrets[] | "\(.label) \(.bytes) \(.check_value)"] | join(" ")')" "a 32 $check"

it "lists them for a person, one a line"
ok safring secret generate --token ZWE.IDT --label "größe" --extractable wrapped --end 2001-01-01 --pin-source file:pin
head -c 32 /dev/urandom >raw
ok safring secret import --token ZWE.IDT --label from-file --in raw --pin-source file:pin
ok list
says "^a  +1  HMAC   32 bytes  $check  stays$"
says "^größe {19}  +2  HMAC   64 bytes  .* may leave wrapped, ENDED 2001-01-01$"
says "stays, imported$"
same "$(wc -l <"$out")" 3

it "lists those of one label"
ok list --label a --json
same "$(field '.secrets | length')" 1
ok list --label none --json
same "$(field '.secrets | length')" 0
ok safring secret list 'pkcs11:token=ZWE.IDT;object=a' --pin-source file:pin --json
same "$(field '.secrets | length')" 1

it "wants to know the token"
refused 2 "which token" safring secret list --pin-source file:pin
refused 2 "instead of it" list pkcs11:token=ZWE.IDT
refused 2 "names no token" safring secret list pkcs11:object=a --pin-source file:pin
refused 4 "NONE" safring secret list --token NONE --pin-source file:pin
printf '7654321\n' >wrong
refused 6 "wrong PIN" safring secret list --token ZWE.IDT --pin-source file:wrong

it "lists nothing in an empty token"
ok safring token init EMPTY --pin-source file:pin --so-pin-source file:sopin
ok safring secret list --token EMPTY --pin-source file:pin --json
same "$(field '.secrets | length')" 0
