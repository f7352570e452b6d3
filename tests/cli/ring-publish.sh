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
notes "1 publication could not be written or removed: .*mine"
notes "tried again at the next change, and by: safring ring publish --due"
ok safring ring show ALICE/Ring
says "published in $home/pub for $me, with keys, DUE"
rm pub/mine
ok safring ring create ALICE/Other
ok safring ring show ALICE/Ring --store pub
says "ALICE/web.*NOTRUST"

it "writes what is due when told so, without a change"
ok safring ring publish --due
says "no publication is due"
touch pub/mine
ok safring cert alter ALICE/web --status trust
refused 1 "1 publication could not be written or removed: .*mine" safring ring publish --due
says "could not write the ring ALICE/Ring in $home/pub"
safring ring publish --due --json >"$out" 2>"$err" && fail "exit 0"
same "$(field '"\(.failed) \(.publications[0].owner)/\(.publications[0].ring) \(.publications[0].written)"')" "1 ALICE/Ring false"
rm pub/mine
ok safring ring publish --due --dry-run
says "would write the ring ALICE/Ring in $home/pub"
ok safring ring show ALICE/Ring
says "DUE"
ok safring ring publish --due --json
same "$(field '"\(.failed) \(.publications | length) \(.publications[0].directory) \(.publications[0].written)"')" "0 1 $home/pub true"
ok safring ring show ALICE/Ring --store pub
silent_on "NOTRUST"
refused 2 "it takes no ring" safring ring publish ALICE/Ring --due
refused 2 "OWNER/RING --for UNIXUSER --to DIR, or --due" safring ring publish ALICE/Ring --to pub

it "does not move a snapshot back when an older store.db was put in place, until it is asked to"
ok safring store backup --out older.db
ok safring cert renew ALICE/web
ok safring cert renew ALICE/web
ok safring ring show ALICE/Ring --store pub --json
generation=$(field .generation)
cp older.db store/store.db
refused 3 "generation $generation of the ring ALICE/Ring.*store.db is an older copy" safring store check
ok safring cert alter ALICE/web --status hightrust
notes "store.db is an older copy"
notes "hint: .*safring ring publish ALICE/Ring --for"
ok safring ring show ALICE/Ring --store pub --json
same "$(field .generation)" "$generation"
refused 1 "older copy" safring ring publish --due
ok safring ring publish ALICE/Ring --for "$me" --with-keys --to pub
ok safring ring show ALICE/Ring --store pub
says "HIGHTRUST"
ok safring store check

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

it "refuses an older store.db that has gone on, though its numbers are higher"
ok safring ring create ALICE/New
ok safring ring connect ALICE/New ALICE/web
ok safring ring publish ALICE/New --for "$me" --with-keys --to new --json
same "$(field .directory)" "$home/new"
ok safring store backup --out old2.db
ok safring cert alter ALICE/web --status notrust
cp old2.db store/store.db
ok safring ring connect ALICE/New CERTAUTH/ca
notes "store.db is an older copy"
ok safring ring show ALICE/New --store new
says "NOTRUST"
refused 3 "written by a later state" safring store check

it "gives no number twice, whatever was restored"
ok safring ring connect ALICE/New ALICE/web --usage certauth
ok safring ring show ALICE/New --json
one=$(field .generation)
cp old2.db store/store.db
ok safring ring connect ALICE/New ALICE/web --usage site
ok safring ring show ALICE/New --json
two=$(field .generation)
ok safring store restore old2.db --store again
ok safring ring connect ALICE/New ALICE/web --usage certauth --store again
ok safring ring show ALICE/New --store again --json
three=$(field .generation)
{ [ "$one" -lt "$two" ] && [ "$two" -lt "$three" ]; } || fail "$one $two $three"

it "takes over what its store wrote before it was restored, and nothing else"
ok safring ring publish ALICE/New --for "$me" --with-keys --to new
ok safring store backup --out old3.db
ok safring store restore old3.db --store third
ok safring ring create ALICE/Else --store third
refused 5 "knows nothing of" safring ring publish ALICE/Else --for "$me" --to new --store third
notes "hint: publish into another directory"
ok safring ring publish ALICE/New --for "$me" --with-keys --to new --store third
ok safring ring connect ALICE/New CERTAUTH/ca --store third --usage site
ok safring ring show ALICE/New --store new
says "SITE"

it "says what a directory is that has lost its snapshot"
cp -r new lost
rm -f lost/ring.saf
refused 1 "lost is a publication that has lost its snapshot" safring ring show ALICE/New --store lost
refused 1 "has lost its snapshot" safring ca create CERTAUTH/x --subject CN=x --key ec:P-256 --store lost

it "refuses a directory inside the store"
refused 5 "in the store's own directory" safring ring publish ALICE/New --for "$me" --to store/pub

it "says who else could exchange a directory above"
mkdir shared
chmod 770 shared
ok safring ring publish ALICE/New --for "$me" --to shared/pub
notes "others may write $home/shared .mode 0770.: who can exchange it can keep"

if [ "$(id -u)" = 0 ]; then
    it "refuses a way that its reader cannot go, and makes one that he can"
    mkdir -m 700 closed
    refused 6 "may not enter $home/closed .mode 0700." safring ring publish ALICE/New --for nobody --to closed/pub
    notes "hint: publish elsewhere, or"
    [ ! -e closed/pub ] || fail "there is a directory"
    ok safring ring publish ALICE/New --for nobody --to made/by/it
    same "$(mode_of made) $(mode_of made/by)" "755 755"
    ok setpriv --reuid nobody --clear-groups -- cat made/by/it/ring.saf
fi
