#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

given_certificates
ok safring ring create ALICE/Ring
ok safring ring connect ALICE/Ring ALICE/web

it "refuses while a ring holds it, and names the ring"
refused 5 "ALICE/Ring" safring cert delete ALICE/web
it "deletes from rings too when forced"
ok safring cert delete ALICE/web --force
says "deleted ALICE/web"
refused 4 "no certificate" safring cert show ALICE/web
ok safring ring show ALICE/Ring --json
same "$(field '.connections | length')" 0

it "refuses while the answer to a request is awaited"
ok safring cert issue ALICE/b --sign-with CERTAUTH/ca --subject CN=b --san dns:b.example.test
ok safring cert request ALICE/b --out b.csr
refused 5 "ALICE/b was asked for" safring cert delete ALICE/b
notes "--force"
ok safring cert delete ALICE/b --force

it "proposes commands that a shell takes as they stand, whatever the label is"
label="it's \$(touch evil) \`id\` \"x\""
ok safring cert issue "ALICE/$label" --sign-with CERTAUTH/ca --subject CN=b --san dns:b.example.test
ok safring cert request "ALICE/$label" --out b2.csr
refused 5 "awaited" safring cert delete "ALICE/$label"
proposed=$(sed -n 's/^hint: to delete it nevertheless: //p' "$err")
ok eval "$proposed"
[ ! -e evil ] || fail "the hint was no command: $proposed"
refused 4 "no certificate" safring cert show "ALICE/$label"

it "refuses a CA whose certificates are still out: its key is needed to revoke them"
refused 5 "CERTAUTH/ca has issued certificates that are still valid" safring cert delete CERTAUTH/ca
notes "ca issued"

it "deletes nothing on a dry run, and nothing that is not there"
ok safring cert delete CERTAUTH/ca --force --dry-run
ok safring cert show CERTAUTH/ca
refused 4 "no certificate ALICE/none" safring cert delete ALICE/none
