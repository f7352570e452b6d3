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

it "refuses a key use that does not fit the policy"
master='pkcs11:token=ZWE.IDT;object=master;type=secret-key'
refused 2 "at most 720 minutes" safring policy define --appl D --user U --alg HS512 --key "$master" --key-use derived --timeout-min 721
refused 2 "at most 56 characters" safring policy define --appl D --user U --alg HS512 --key "$master" --key-use derived --kid "$(printf %057d 0)"
refused 2 "derived.*HS256, HS384 and HS512" safring policy define --appl D --user U --alg RS256 --key 'pkcs11:token=ZWE.IDT;object=k;type=private' --key-use derived
refused 2 "memory.*secret keys" safring policy define --appl D --user U --alg RS256 --key 'pkcs11:token=ZWE.IDT;object=k;type=private' --key-use memory
refused 4 "no policy" safring idt sign --appl D --user U --pin-source file:pin

it "gives a master to no policy that uses it in another way"
ok safring policy define --appl D --user '*' --alg HS512 --key "$master" --key-use derived --timeout-min 720 --json
same "$(field .key_use)" derived
refused 5 "JWT[.]D[.][*][.]SAF" safring policy define --appl E --user U --alg HS512 --key 'pkcs11:object=master;token=ZWE.IDT'
refused 5 "JWT[.]D[.][*][.]SAF" safring policy define --appl E --user U --alg HS256 --key "$master" --key-use derived
ok safring policy define --appl E --user U --alg HS512 --key "$master" --key-use derived
refused 5 "JWT[.]E[.]U[.]SAF" safring policy define --appl D --user '*' --alg HS384 --key "$master" --key-use derived --if-exists replace
ok safring policy define --appl D --user '*' --alg HS384 --key "$master" --key-use derived --if-exists keep --json
same "$(field .alg)" HS512
refused 5 "JWT[.]ZOWEAPPL[.][*][.]SAF" safring policy define --appl F --user U --alg HS512 --key "$key" --key-use derived --dry-run
