#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

given_certificates
ok safring audit head
cp "$out" head
cp -a store old

it "says that the trail is as it was written"
ok safring audit verify
says "all [0-9]+ records are as they were written"
ok safring audit verify --json
same "$(field '"\(.good) \(.first_bad)"')" "true null"

it "finds a head that was kept"
ok safring ring create ALICE/Ring
ok safring audit verify --anchor "$(cat head)"
says "the anchor is one of them"
ok safring audit head
cp "$out" later

it "sees that an old copy was put back, also when it went on"
mv store new
mv old store
ok safring audit verify
refused 3 "an older copy" safring audit verify --anchor "$(cat later)"
ok safring ring create ALICE/Other
refused 3 "anchor_found" safring audit verify --anchor "$(cat later)" --json
same "$(field '"\(.good) \(.anchor_found)"')" "false false"

it "sees an altered record, and one that is gone"
sqlite3 store/store.db "UPDATE audit SET object = 'X' WHERE number = 3"
refused 3 "broken at record 3" safring audit verify
refused 1 "broken at record 3" safring audit head
sqlite3 store/store.db "DELETE FROM audit WHERE number = 2"
refused 3 first_bad safring audit verify --json
same "$(field .first_bad)" 2

it "refuses what is no head"
refused 2 "is not the head" safring audit verify --anchor 17

it "calls a trail without its first record altered"
cp -r store emptied
sqlite3 emptied/store.db "DELETE FROM audit"
refused 3 "broken at record 1" safring audit verify --store emptied
refused 3 "audit trail is broken at record 1" safring store check --store emptied
refused 1 "broken at record 1" safring audit head --store emptied
notes "hint: .*safring store restore"
