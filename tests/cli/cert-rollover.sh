#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

given_certificates
ok safring cert rekey ALICE/web --new-label web2 --sign-with CERTAUTH/ca
ok safring ring create ALICE/Ring
ok safring ring create ALICE/Trust
ok safring ring connect ALICE/Ring CERTAUTH/ca --usage certauth
ok safring ring connect ALICE/Ring ALICE/web --usage personal --default
ok safring ring connect ALICE/Trust ALICE/web --usage certauth

it "refuses to roll over to itself: that would destroy the only key"
refused 2 "its own place" safring cert rollover ALICE/web --to web
it "refuses a CA without --force, and names the other way"
ok safring cert rekey CERTAUTH/ca --new-label ca2
refused 5 "CERTAUTH/ca" safring cert rollover CERTAUTH/ca --to ca2
it "refuses what is no successor"
ok safring cert issue ALICE/other --sign-with CERTAUTH/ca --subject CN=other --san dns:other.example.test
refused 5 "subject" safring cert rollover ALICE/web --to other
refused 4 "no certificate ALICE/none" safring cert rollover ALICE/web --to none

it "changes nothing on a dry run"
ok safring cert rollover ALICE/web --to web2 --dry-run
ok safring cert show ALICE/web --json
same "$(field .has_key)" true

it "destroys the old key, replaces PERSONAL connections, adds the new one beside CERTAUTH ones"
ok safring cert rollover ALICE/web --to web2
says "replaced in 1, added beside the old one in 1"
ok safring cert show ALICE/web --json
same "$(field .has_key)" false
ok safring ring show ALICE/Ring --json
same "$(field '[.connections[] | "\(.label):\(.usage):\(.default)"] | join(" ")')" "ca:CERTAUTH:false web2:PERSONAL:true"
ok safring ring show ALICE/Trust --json
same "$(field '[.connections[] | "\(.label):\(.usage)"] | join(" ")')" "web:CERTAUTH web2:CERTAUTH"

it "refuses a second time: there is no key to destroy"
refused 5 "private key" safring cert rollover ALICE/web --to web2

it "carries a CA's serial counter over when forced"
ok safring cert issue ALICE/n1 --sign-with CERTAUTH/ca --subject CN=n1 --san dns:n1 --serial sequential
ok safring cert issue ALICE/n2 --sign-with CERTAUTH/ca --subject CN=n2 --san dns:n2 --serial sequential --json
last=$(field .serial)
ok safring cert rollover CERTAUTH/ca --to ca2 --force
ok safring cert issue ALICE/n3 --sign-with CERTAUTH/ca2 --subject CN=n3 --san dns:n3 --serial sequential --json
[ $((16#$(field .serial))) -gt $((16#$last)) ] || fail "serial $(field .serial) follows $last"
