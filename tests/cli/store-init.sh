#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

it "makes a private directory with a sealed database and a read-only master key"
ok safring store init
says "made the store"
same "$(mode_of store)" 700
same "$(mode_of store/store.db)" 600
same "$(mode_of store/master.key)" 400

it "refuses to make it twice"
refused 5 "store" safring store init

it "accepts one that is there when told so"
ok safring store init --if-exists keep --json
same "$(field .made)" false

it "protects a store by a passphrase, which later commands need"
ok safring store init --store secret --store-secret-source file:pw
[ ! -e secret/master.key ] || fail "there is a key file"
ok safring store show --store secret --store-secret-source file:pw
says "master key +passphrase"
printf 'wrong\n' >wrong
refused 6 "passphrase" safring store show --store secret --store-secret-source file:wrong
refused 6 "passphrase" safring store show --store secret
silent_on "correct horse|^wrong"

it "keeps a store only when it is protected as asked"
refused 2 "key file|passphrase" safring store init --if-exists keep --store-secret-source file:pw
refused 6 "passphrase" safring store init --if-exists keep --store secret --store-secret-source file:wrong

it "reads a passphrase from a descriptor once"
ok_from pw safring ring create ALICE/Ring --store third --store-secret-source fd:0
ok safring ring show ALICE/Ring --store third --store-secret-source file:pw

it "makes none where a store has lost its database"
ok safring store init --store lost
rm lost/store.db
refused 5 "lost/store.db is missing, but there is the master key of a store" safring ca create CERTAUTH/x --subject CN=x --key ec:P-256 --store lost
notes "hint: .*safring store restore"
refused 5 "is missing" safring store init --store lost
[ ! -e lost/store.db ] || fail "there is a database"

it "makes no tree for a slip of the pen, but that of the default"
refused 4 "there is no directory a/b/" safring ca create CERTAUTH/x --subject CN=x --key ec:P-256 --store a/b/c
[ ! -e a ] || fail "there is a directory"
(unset SAFRING_HOME; [ "$(id -u)" = 0 ] || ok env XDG_DATA_HOME="$home/x/y" "$SAFRING" ca create CERTAUTH/x --subject CN=x --key ec:P-256) || exit 1

it "refuses a passphrase that anybody guesses, and warns of a short one"
printf '1234567\n' >seven
printf '12345678901\n' >eleven
refused 2 "at least 8 bytes, this one has 7" safring store init --store short --store-secret-source file:seven
ok safring store init --store short --store-secret-source file:eleven
notes "11 bytes"
