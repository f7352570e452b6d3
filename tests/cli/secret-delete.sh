#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

delete() { safring secret delete --token ZWE.IDT --pin-source file:pin "$@"; }
generate() { safring secret generate --token ZWE.IDT --pin-source file:pin --if-exists new-version "$@"; }
labels() { safring secret list --token ZWE.IDT --pin-source file:pin --json | jq -r '[.secrets[] | "\(.label)\(.sequence)"] | join(" ")'; }

given_token
ok generate --label a
ok generate --label a --end 2099-12-31
ok generate --label b

it "does not choose between versions"
refused 5 "several secret keys match: pkcs11:.*, pkcs11:" delete --label a
notes "%00%01"
notes "%00%02"
notes "hint: .*--all-versions"
same "$(labels)" "a1 a2 b3"

it "deletes the one that is named"
ok delete --label b --dry-run
same "$(labels)" "a1 a2 b3"
ok safring secret delete 'pkcs11:token=ZWE.IDT;object=a;id=%00%00%00%02;type=secret-key' --pin-source file:pin --json
same "$(field '.deleted[0].sequence')" 2
same "$(labels)" "a1 b3"
ok delete --sequence 3
same "$(labels)" "a1"

it "deletes all versions when told to, and no number comes back"
ok generate --label a
ok delete --label a --all-versions --json
same "$(field '[.deleted[].sequence] | join(" ")')" "1 4"
same "$(labels)" ""
ok generate --label a --json
same "$(field .sequence)" 5

it "leaves a key with which a policy signs, unless forced"
ok safring policy define --appl ZOWEAPPL --user '*' --alg HS512 --key 'pkcs11:token=ZWE.IDT;object=a;type=secret-key'
refused 5 'policy JWT.ZOWEAPPL.\*.SAF signs with' delete --label a
refused 5 'policy JWT.ZOWEAPPL.\*.SAF signs with' delete --label a --dry-run
ok generate --label b
ok delete --label b
ok delete --label a --force
same "$(labels)" ""

it "says what is missing"
refused 4 'token ZWE.IDT has no secret key "a"' delete --label a
refused 4 'token ZWE.IDT has no secret key "a"' delete --label a --all-versions
refused 2 "which key" delete
refused 4 "NONE" safring secret delete --token NONE --label a --pin-source file:pin
printf '7654321\n' >wrong
refused 6 "wrong PIN" safring secret delete --token ZWE.IDT --label a --pin-source file:wrong
