#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

it "says that there is no store, and how to make one"
refused 4 "no store|store" safring store show
notes "hint: .*safring store init"

it "counts what the store holds"
given_certificates
ok safring ring create ALICE/Ring
ok safring store show --json
same "$(field '"\(.certificates) \(.rings) \(.policies) \(.master_key)"')" "2 1 0 file"

it "refuses a store that a newer release has made"
sqlite3 store/store.db 'PRAGMA user_version = 999'
refused 1 "newer" safring store show

it "refuses a file that is no store"
head -c 8192 /dev/urandom >store/store.db
refused 1 "store.db" safring store show
