#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

key='pkcs11:token=ZWE.IDT;object=jwtsecret;type=secret-key'

it "defines a policy with z/OS's defaults"
ok safring policy define --appl zoweappl --user '*' --alg HS512 --key "$key" --json
same "$(field '"\(.profile) \(.timeout_min) \(.any_appl) \(.key_use)"')" "JWT.ZOWEAPPL.*.SAF 5 false token"

it "refuses a second, unless told to keep or replace it"
refused 5 "JWT.ZOWEAPPL" safring policy define --appl ZOWEAPPL --user '*' --alg HS256 --key "$key"
ok safring policy define --appl ZOWEAPPL --user '*' --alg HS256 --key "$key" --if-exists keep --json
same "$(field .alg)" HS512
ok safring policy define --appl ZOWEAPPL --user '*' --alg HS256 --key "$key" --if-exists replace --json
same "$(field .alg)" HS256

it "refuses what could never sign"
refused 2 "HS999" safring policy define --appl A --user U --alg HS999 --key "$key"
refused 2 "key" safring policy define --appl A --user U --alg HS512 --key nonsense
refused 2 "PIN" safring policy define --appl A --user U --alg HS512 --key "$key?pin-value=1234567"
silent_on 1234567
refused 2 "1440" safring policy define --appl A --user U --alg HS512 --key "$key" --timeout-min 1441
refused 2 "appl|NINECHARS" safring policy define --appl NINECHARS --user U --alg HS512 --key "$key"
