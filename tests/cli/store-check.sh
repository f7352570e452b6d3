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
says "certificate ALICE/web was altered"
says "audit trail is broken at record 2"
says "store.db is open to others"
same "$(wc -l <"$out")" 4

it "lists the problems in JSON"
refused 3 "not_after" safring store check --json
same "$(field '"\(.sound) \(.problems | length)"')" "false 4"

it "names a row that was slipped in, and says that the records are not those that were written"
ok safring store init --store slipped
ok safring ring create ALICE/Ring --store slipped
sqlite3 slipped/store.db "INSERT INTO publication (dir, id, owner, name, user, with_keys, is_ended) VALUES ('$PWD/stolen', randomblob(16), 'ALICE', 'Ring', 65534, 1, 0)"
ok safring ring create ALICE/Other --store slipped
notes "the publication in .*/stolen was altered"
[ ! -e stolen ] || fail "it was published"
refused 3 "the publication in .*/stolen was altered" safring store check --store slipped
says "records were added, removed or put back to an older state"
refused 1 "the publication in .*/stolen was altered" safring ring list --store slipped

it "cannot check a store that does not open"
refused 4 "no store" safring store check --store none
rm store/master.key
refused 1 "master.key is missing" safring store check

it "reports numbers that no change gives"
ok safring store init --store numbers
ok safring ring create ALICE/Ring --store numbers
cp -r numbers absurd
sqlite3 numbers/store.db "UPDATE ring SET generation = -1, shrunk = -1"
refused 3 "ring ALICE/Ring: its generation -1 is none that a change gives" safring store check --store numbers
sqlite3 absurd/store.db "UPDATE counter SET value = 9223372036854775807 WHERE name = 'change'"
refused 3 "the counter change is 9223372036854775807" safring store check --store absurd

it "names what is damaged, and the way out, when nothing opens"
ok safring store init --store keyless
sqlite3 keyless/store.db "UPDATE setting SET value = x'0102' WHERE name = 'store-key'"
refused 1 "setting store-key of the store .*keyless is damaged" safring store check --store keyless
notes "hint: .*safring store restore"
