#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

given_token
it "lists keys with their check values, never a key"
ok safring secret generate --token ZWE.IDT --label a --alg HS256 --pin-source file:pin --json
check=$(field .check_value)
ok safring secret list --token ZWE.IDT --pin-source file:pin --json
same "$(field '[.secrets[] | "\(.label) \(.bytes) \(.check_value)"] | join(" ")')" "a 32 $check"

it "lists nothing in an empty token"
ok safring token init EMPTY --pin-source file:pin --so-pin-source file:sopin
ok safring secret list --token EMPTY --pin-source file:pin --json
same "$(field '.secrets | length')" 0
