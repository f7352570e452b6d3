#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

given_certificates
it "lists rings in order, with their size"
ok safring ring create BOB/B
ok safring ring create ALICE/Z
ok safring ring create ALICE/A
ok safring ring connect ALICE/Z ALICE/web
ok safring ring list --json
same "$(field '[.rings[] | "\(.owner)/\(.ring):\(.size)"] | join(" ")')" "ALICE/A:0 ALICE/Z:1 BOB/B:0"

it "lists one owner's"
ok safring ring list --owner bob
says "^BOB/B"
silent_on "ALICE"
