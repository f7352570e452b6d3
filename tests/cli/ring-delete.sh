#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

given_certificates
ok safring ring create ALICE/Ring
ok safring ring connect ALICE/Ring ALICE/web

it "deletes the ring and leaves its certificates"
ok safring ring delete ALICE/Ring
refused 4 "ALICE/Ring" safring ring show ALICE/Ring
ok safring cert show ALICE/web
refused 4 "ALICE/Ring" safring ring delete ALICE/Ring

it "never gives a new ring of that name an older generation"
ok safring ring create ALICE/Two
ok safring ring show ALICE/Two --json
before=$(field .generation)
ok safring ring delete ALICE/Two
ok safring ring create ALICE/Two
ok safring ring show ALICE/Two --json
[ "$(field .generation)" -gt "$before" ] || fail "it did"
