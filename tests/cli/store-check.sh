#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

it "says that a sound store is one"
given_certificates
ok safring store check
says "store .* is sound"
ok safring store check --json
same "$(field '"\(.sound) \(.problems | length)"')" "true 0"

it "answers 3, one line for each problem, naming the object"
sqlite3 store/store.db "UPDATE certificate SET not_after = 1 WHERE label = 'web'; UPDATE audit SET who = 'nobody' WHERE number = 2"
chmod 0640 store/store.db
refused 3 "certificate ALICE/web: its not_after" safring store check
says "audit trail is broken at record 2"
says "store.db is open to others"
same "$(wc -l <"$out")" 3

it "lists the problems in JSON"
refused 3 "not_after" safring store check --json
same "$(field '"\(.sound) \(.problems | length)"')" "false 3"

it "cannot check a store that does not open"
refused 4 "no store" safring store check --store none
rm store/master.key
refused 1 "master.key is missing" safring store check
