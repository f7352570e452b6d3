#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

given_certificates
ok safring ring create ALICE/Ring
ok safring ring connect ALICE/Ring ALICE/web

it "takes a certificate out of the ring and leaves it in the store"
ok safring ring remove ALICE/Ring ALICE/web
ok safring ring show ALICE/Ring
says "empty"
ok safring cert show ALICE/web

it "says that it is not connected"
refused 4 "ALICE/web" safring ring remove ALICE/Ring ALICE/web
