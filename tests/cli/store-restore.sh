#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

given_certificates
ok safring store backup --out backup.db

it "makes a store of a backup, with the key file of the default store"
ok safring store restore backup.db --store copy
says "made the store copy"
notes "use one of the two"
ok safring store check --store copy
ok safring cert issue BOB/new --sign-with CERTAUTH/ca --subject CN=new --san dns:new.example.test --store copy
refused 4 "no certificate" safring cert show BOB/new

it "replaces no store"
refused 5 "exists already" safring store restore backup.db --store copy
refused 5 "exists already" safring store restore backup.db

it "takes the key file beside the backup first"
mkdir elsewhere
cp backup.db store/master.key elsewhere/
mv store gone
ok safring store restore elsewhere/backup.db
ok safring store check
ok safring store restore backup.db --store third --master-key-file elsewhere/master.key
rm -rf store third

it "wants the right key file"
refused 6 "master key in a file" safring store restore backup.db --store third
ok safring store init --store other
refused 6 "not the one of store" safring store restore backup.db --store third --master-key-file other/master.key
[ ! -e third ] || fail "there is half a store"

it "restores a store that has a passphrase"
ok safring store init --store secret --store-secret-source file:pw
ok safring store backup --store secret --store-secret-source file:pw --out secret.db
refused 6 "passphrase" safring store restore secret.db --store third
ok safring store restore secret.db --store third --store-secret-source file:pw
ok safring store check --store third --store-secret-source file:pw

it "refuses what is no backup, or a broken one"
refused 1 "is not the backup of a store" safring store restore pw --store fourth
sqlite3 backup.db "UPDATE certificate SET not_after = 1 WHERE label = 'web'"
refused 1 "certificate ALICE/web was altered" safring store restore backup.db --store fourth --master-key-file elsewhere/master.key
[ ! -e fourth ] || fail "there is half a store"
[ ! -e .fourth.saf-restore ] || fail "something is left"
