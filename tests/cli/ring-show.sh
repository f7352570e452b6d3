#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

given_certificates
ok safring ring create ALICE/Ring
ok safring ring connect ALICE/Ring CERTAUTH/ca --usage certauth
ok safring ring connect ALICE/Ring ALICE/web --usage personal --default

it "shows connections in their order, with usage and default"
ok safring ring show ALICE/Ring --json
same "$(field '[.connections[] | "\(.label):\(.usage):\(.default)"] | join(" ")')" "ca:CERTAUTH:false web:PERSONAL:true"

it "understands Zowe's spellings of a ring's address"
for slashes in // /// ////; do
    ok safring ring show "safkeyring:${slashes}ALICE/Ring&web" --json
    same "$(field '.connections | length')" 1
done
refused 2 "safkeyring" safring ring show "safkeyring:/ALICE/Ring"
refused 4 'no certificate "none"' safring ring show "safkeyring://ALICE/Ring&none"

it "shows virtual rings"
ok safring ring show 'ALICE/*' --json
same "$(field '[.connections[] | "\(.label):\(.usage)"] | join(" ")')" "web:PERSONAL"
ok safring ring show '*AUTH*/*' --json
same "$(field '[.connections[] | "\(.label):\(.usage)"] | join(" ")')" "ca:CERTAUTH"

it "raises the ring's generation with every change that a reader can see"
ok safring ring show ALICE/Ring --json
before=$(field .generation)
ok safring ring remove ALICE/Ring CERTAUTH/ca
ok safring ring show ALICE/Ring --json
[ "$(field .generation)" -gt "$before" ] || fail "it did not rise"

it "gives z/OS's codes for a ring that is not there"
refused 4 "ALICE/None" safring ring show ALICE/None --json
same "$(jq -c .error.codes <"$err")" "[8,8,84]"

it "shows at a glance what is wrong"
ok safring ring connect ALICE/Ring CERTAUTH/ca --usage certauth
ok safring ring show ALICE/Ring
says "^ALICE/web.[0-9]+ days left$"
says "^CERTAUTH/ca.*days left$"
ok safring cert export ALICE/web --out web.pem
ok safring cert alter ALICE/web --status notrust
ok safring ring show ALICE/Ring
says "^ALICE/web.*days left, NOTRUST$"
ok safring cert issue ALICE/old --sign-with CERTAUTH/ca --subject "CN=old" --key ec:P-256
ok safring ring connect ALICE/Ring ALICE/old
ok safring cert revoke ALICE/old --reason superseded
ok safring ring show ALICE/Ring --json
same "$(field '.connections[] | select(.label == "old") | .summary')" "REVOKED (superseded)"
same "$(field '.connections[] | select(.label == "old") | .days_left > 300')" true

it "shows where it is published"
ok safring ring publish ALICE/Ring --for "$(id -un)" --to pub
ok safring ring show ALICE/Ring
says "^published in $home/pub for $(id -un), without keys$"
ok safring ring show ALICE/Ring --json
same "$(field '.publications[0] | "\(.with_keys) \(.due)"')" "false false"
ok safring ring show ALICE/Ring --store pub
says "^ALICE/old.*REVOKED .superseded., no key$"
