#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

given_certificates

it "changes the status"
ok safring cert alter ALICE/web --status notrust
ok safring cert show ALICE/web --json
same "$(field .status)" NOTRUST
it "changes the label, and rings keep it"
ok safring ring create ALICE/Ring
ok safring ring connect ALICE/Ring ALICE/web --default
ok safring cert alter ALICE/web --new-label "my web" --status trust
ok safring ring show ALICE/Ring --json
same "$(field '.connections[0] | "\(.label) \(.status)"')" "my web TRUST"
it "refuses a label that is taken, a bad one, and nothing at all"
ok safring cert issue ALICE/taken --sign-with CERTAUTH/ca --subject CN=t --san dns:t.example.test
refused 5 "ALICE/taken" safring cert alter "ALICE/my web" --new-label taken
refused 2 "label" safring cert alter "ALICE/my web" --new-label "123456789012345678901234567890123"
refused 2 "nothing to alter" safring cert alter "ALICE/my web"
refused 4 "no certificate ALICE/web" safring cert alter ALICE/web --status trust
it "a CA that is NOTRUST signs nothing"
ok safring cert alter CERTAUTH/ca --status notrust
refused 5 "NOTRUST" safring cert issue ALICE/b --sign-with CERTAUTH/ca --subject CN=b --san dns:b

it "alters nothing on a dry run"
ok safring cert alter "ALICE/my web" --status notrust --dry-run
ok safring cert show "ALICE/my web" --json
same "$(field .status)" TRUST
