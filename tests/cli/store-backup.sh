#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

it "copies a store into a private file, and says what else is needed"
given_certificates
ok safring store check
ok safring store backup --out backup.db
same "$(mode_of backup.db)" 600
says "store/master.key"
same "$(sqlite3 backup.db 'PRAGMA integrity_check; SELECT count(*) FROM certificate')" "$(printf 'ok\n2')"

it "has no key in the clear and no master key in it"
grep -qF "$(cat store/master.key | tr -d '\0' | head -c 16)" backup.db 2>/dev/null && fail "the master key is in it"
! strings backup.db | grep -q 'PRIVATE KEY' || fail "a private key is in it"

it "replaces nothing"
refused 5 "backup.db exists already" safring store backup --out backup.db
refused 2 "out" safring store backup

it "says what it made"
ok safring store backup --out second.db --json
same "$(field '"\(.file) \(.master_key)"')" "second.db file"

it "leaves nothing when the directory cannot be written"
refused 4 "none/x.db" safring store backup --out none/x.db

it "backs up a store that has a passphrase"
ok safring store init --store secret --store-secret-source file:pw
ok safring store backup --store secret --store-secret-source file:pw --out secret.db
refused 6 passphrase safring store backup --store secret --out other.db

it "says what is not in it"
refused 2 "cannot go to standard output" safring store backup --out -
given_token
ok safring store backup --out with-tokens.db
says "tokens in .*store/tokens are not in it"
