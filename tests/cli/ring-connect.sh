#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

given_certificates
ok safring cert issue ALICE/api --sign-with CERTAUTH/ca --subject "CN=api" --key ec:P-256
ok safring ring create ALICE/Ring

it "uses the kind of the owner when no usage is given"
ok safring ring connect ALICE/Ring ALICE/web --json
same "$(field .usage)" PERSONAL
ok safring ring connect ALICE/Ring CERTAUTH/ca --json
same "$(field .usage)" CERTAUTH

it "moves the default from one certificate to another"
ok safring ring connect ALICE/Ring ALICE/web --default
ok safring ring connect ALICE/Ring ALICE/api --default
ok safring ring show ALICE/Ring --json
same "$(field '[.connections[] | select(.default) | .label] | join(" ")')" "api"

it "takes a ring's URI, without a label"
ok safring ring connect safkeyring://ALICE/Ring ALICE/web
refused 2 "label|leave out" safring ring connect 'safkeyring://ALICE/Ring&web' ALICE/web

it "says what it would do on a dry run"
ok safring ring connect ALICE/Ring CERTAUTH/ca --usage site --dry-run
says "would connect"
ok safring ring show ALICE/Ring --json
same "$(field '[.connections[] | select(.label == "ca") | .usage] | join(" ")')" CERTAUTH

it "updates a connection that is there"
ok safring ring connect ALICE/Ring ALICE/web --usage certauth
ok safring ring show ALICE/Ring --json
same "$(field '[.connections[] | select(.label == "web") | .usage] | join(" ")')" CERTAUTH

it "names the ring or the certificate that is not there"
refused 4 "ALICE/None" safring ring connect ALICE/None ALICE/web
refused 4 "ALICE/none" safring ring connect ALICE/Ring ALICE/none
refused 2 "usage" safring ring connect ALICE/Ring ALICE/web --usage both
refused 2 "OWNER/LABEL is missing" safring ring connect ALICE/Ring

it "changes nothing when it is connected so already"
ok safring ring connect ALICE/Ring ALICE/api --default
ok safring ring show ALICE/Ring --json
generation=$(field .generation)
ok safring audit list --json
records=$(field '.records | length')
ok safring ring connect ALICE/Ring ALICE/api --default --json
same "$(field .changed)" false
ok safring ring connect ALICE/Ring ALICE/api --default
says "is connected already"
ok safring ring show ALICE/Ring --json
same "$(field .generation)" "$generation"
ok safring audit list --json
same "$(field '.records | length')" "$records"

it "says that the default is one no longer"
ok safring ring connect ALICE/Ring ALICE/api
says "no longer the default"

it "says whom a private key goes to"
ok safring ring create ALICE/Out
ok safring ring publish ALICE/Out --for "$(id -un)" --with-keys --to pub
ok safring ring connect ALICE/Out CERTAUTH/ca
silent_on "private key goes"
ok safring ring connect ALICE/Out ALICE/web
notes "its private key goes to $(id -un) in $home/pub"
ok safring ring connect ALICE/Out ALICE/api --json
same "$(field '.key_goes_to | map("\(.user) \(.directory)") | join(",")')" "$(id -un) $home/pub"
ok safring ring list
says "ALICE/Out.*published"
