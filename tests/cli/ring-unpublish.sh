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

it "is done by deleting the ring, too"
ok safring ring publish ALICE/Ring --for "$me" --with-keys --to pub
ok safring ring delete ALICE/Ring
[ ! -e pub ] || fail "$(ls -A pub)"
