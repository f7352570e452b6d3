#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

given_certificates
ok safring ring create ALICE/Ring
ok safring ring connect ALICE/Ring CERTAUTH/ca --usage certauth
ok safring ring connect ALICE/Ring ALICE/web --usage personal --default
me=$(id -un)

it "publishes a ring into a directory that is made"
ok safring ring publish ALICE/Ring --for "$me" --with-keys --to pub
says "published the ring ALICE/Ring in pub for $me, with private keys"
same "$(mode_of pub) $(mode_of pub/ring.saf) $(mode_of pub/ring.key)" "755 400 400"

it "is opened like a store"
ok safring ring show ALICE/Ring --store pub --json
same "$(field '[.connections[] | "\(.label):\(.usage):\(.has_key)"] | join(" ")')" "ca:CERTAUTH:false web:PERSONAL:true"
ok safring ring export ALICE/Ring --store pub --with-key --out server.pem
ok openssl verify -partial_chain -trusted server.pem server.pem
refused 4 "no ring ALICE/Other" safring ring show ALICE/Other --store pub
refused 1 "is a publication" safring cert list --store pub
refused 1 "is a publication" safring ring create ALICE/Other --store pub

it "follows every change of the ring"
ok safring cert renew ALICE/web
ok safring ring show ALICE/Ring --json
generation=$(field .generation)
pem=$(field '.connections[1].pem')
ok safring ring show ALICE/Ring --store pub --json
same "$(field .generation)" "$generation"
same "$(field '.connections[1].pem')" "$pem"

it "says what could not be written, and writes it at the next change"
touch pub/mine
ok safring cert alter ALICE/web --status notrust
notes "1 publication could not be written and will be at the next change: .*mine"
ok safring ring show ALICE/Ring
says "published in $home/pub for $me, with keys, DUE"
rm pub/mine
ok safring ring create ALICE/Other
ok safring ring show ALICE/Ring --store pub
says "ALICE/web.*NOTRUST"

it "changes what is in it when asked again"
ok safring ring publish ALICE/Ring --for "$me" --to pub --json
same "$(field '"\(.with_keys) \(.written)"')" "false true"
ok safring ring show ALICE/Ring --store pub
says "ALICE/web.*no key"

it "does nothing on a dry run"
ok safring ring publish ALICE/Ring --for "$me" --to dry --dry-run
says "would publish"
[ ! -e dry ] || fail "there is a directory"

it "publishes virtual rings"
ok safring ring publish '*AUTH*/*' --for "$me" --to cas
ok safring ring show '*AUTH*/*' --store cas --json
same "$(field '.connections | length')" 1

it "refuses what is not its own"
mkdir full open
touch full/file
chmod 777 open
ln -s full link
refused 5 "holds file" safring ring publish ALICE/Ring --for "$me" --to full
refused 6 "others may write" safring ring publish ALICE/Ring --for "$me" --to open
refused 5 "symbolic link" safring ring publish ALICE/Ring --for "$me" --to link
refused 5 "another ring" safring ring publish ALICE/Ring --for "$me" --to cas
refused 4 "no user nosuchuser" safring ring publish ALICE/Ring --for nosuchuser --to x
refused 4 "no ring ALICE/None" safring ring publish ALICE/None --for "$me" --to x
refused 2 "whole" safring ring publish 'safkeyring://ALICE/Ring&web' --for "$me" --to x
[ ! -e x ] || fail "there is a directory"

it "refuses an altered snapshot"
chmod u+w pub/ring.saf
printf X | dd of=pub/ring.saf bs=1 seek=300 conv=notrunc status=none
chmod u-w pub/ring.saf
refused 1 "damaged or was altered" safring ring show ALICE/Ring --store pub

if [ "$(id -u)" = 0 ]; then
    it "gives another user what nobody else can read"
    chmod 755 "$home"
    ok safring ring publish ALICE/Ring --for nobody --with-keys --to nobodys
    same "$(stat -c %U nobodys/ring.saf nobodys/ring.key nobodys | xargs)" "nobody nobody root"
    cp "$SAFRING" command 2>/dev/null
    ok setpriv --reuid nobody --clear-groups -- cat nobodys/ring.saf
    refused 1 "ermission denied" setpriv --reuid daemon --clear-groups -- cat nobodys/ring.saf
    refused 1 "ermission denied" setpriv --reuid nobody --clear-groups -- rm -f nobodys/ring.saf
fi
