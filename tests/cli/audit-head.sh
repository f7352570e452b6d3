#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

given_certificates

it "prints number and MAC of the last record"
ok safring audit head
says '^5:[0-9a-f]{64}$'
head=$(cat "$out")
ok safring audit head --json
same "$(field .head)" "$head"
ok safring audit verify --anchor "$head"

it "changes with every change"
ok safring ring create ALICE/Ring
ok safring audit head
says '^6:'
