#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

given_certificates
me=$(id -un)
ok safring ring create ALICE/Ring
ok safring ring connect ALICE/Ring ALICE/web
ok safring ring publish ALICE/Ring --for "$me" --with-keys --to pub

it "does nothing on a dry run"
ok safring ring unpublish ALICE/Ring --from pub --dry-run
says "would end"
[ -f pub/ring.saf ] || fail "it is gone"

it "removes the files and the directory"
ok safring ring unpublish ALICE/Ring --from pub --json
same "$(field .ended)" true
[ ! -e pub ] || fail "$(ls -A pub)"
ok safring ring show ALICE/Ring --json
same "$(field '.publications | length')" 0
refused 4 "not published in" safring ring unpublish ALICE/Ring --from pub

it "is done later when the files could not be removed then"
if [ "$(id -u)" != 0 ]; then
    mkdir above
    ok safring ring publish ALICE/Ring --for "$me" --to above/pub
    chmod a-w above/pub
    refused 1 "could not be removed" safring ring unpublish ALICE/Ring --from above/pub
    notes "cannot remove"
    refused 1 "cannot remove" safring ring publish --due
    chmod u+w above/pub
    ok safring ring publish --due
    [ ! -e above/pub ] || fail "$(ls -A above/pub)"
    rm -r above
fi

it "is done by deleting the ring, too"
ok safring ring publish ALICE/Ring --for "$me" --with-keys --to pub
ok safring ring delete ALICE/Ring
[ ! -e pub ] || fail "$(ls -A pub)"

it "fails when the files could not be removed, says who may still have the keys, and goes on trying"
mkdir above
ok safring ring create ALICE/Ring
ok safring ring connect ALICE/Ring ALICE/web
ok safring ring publish ALICE/Ring --for "$me" --with-keys --to above/pub
mv above aside
mkdir elsewhere
ln -s elsewhere above
refused 1 "could not be removed: $me may still have these keys; make new ones: safring cert rekey" safring ring unpublish ALICE/Ring --from "$home/above/pub"
says "ended"
ok safring ring show ALICE/Ring
says "published in $home/above/pub for $me, with keys, ENDED: its files could not be removed"
ok safring ring list --published --json
same "$(field '.publications | map("\(.owner)/\(.ring) \(.directory) \(.with_keys) \(.ended)") | join(",")')" "ALICE/Ring $home/above/pub true true"
refused 3 "has ended, but its files could not be removed" safring store check
refused 1 "could not be removed" safring ring unpublish ALICE/Ring --from "$home/above/pub"
[ -f aside/pub/ring.key ] || fail "it is gone"

it "removes them when it is called again and they are there"
rm above
mv aside above
ok safring ring unpublish ALICE/Ring --from above/pub --json
same "$(field '"\(.ended) \(.removed)"')" "true true"
[ ! -e above/pub ] || fail "$(ls -A above/pub)"
ok safring store check

it "forgets what is out of reach when told so"
ok safring ring publish ALICE/Ring --for "$me" --with-keys --to above/pub
mv above aside
ln -s elsewhere above
refused 1 "may still have" safring ring unpublish ALICE/Ring --from "$home/above/pub"
ok safring ring unpublish ALICE/Ring --from "$home/above/pub" --force
ok safring ring list --published --json
same "$(field '.publications | length')" 0
ok safring audit list --action ring-unpublish
says "files=left"
