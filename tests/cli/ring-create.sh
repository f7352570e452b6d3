#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

it "makes an empty ring, its owner in upper case, its name as written"
ok safring ring create zwesvusr/ZoweKeyring
says "ZWESVUSR/ZoweKeyring"
ok safring ring show ZWESVUSR/ZoweKeyring
says "empty"
refused 4 "zowekeyring" safring ring show ZWESVUSR/zowekeyring

it "refuses one that is there, unless told to keep it"
refused 5 "ZWESVUSR/ZoweKeyring" safring ring create ZWESVUSR/ZoweKeyring
ok safring ring create ZWESVUSR/ZoweKeyring --if-exists keep --json
same "$(field .made)" false

it "gives CERTAUTH and SITE no rings"
refused 2 "CERTAUTH" safring ring create CERTAUTH/Ring
refused 2 "SITE" safring ring create SITE/Ring

it "takes names of up to 237 bytes, blanks and quotes inside"
ok safring ring create "ALICE/$(printf 'r%.0s' {1..237})"
refused 2 "237" safring ring create "ALICE/$(printf 'r%.0s' {1..238})"
ok safring ring create "ALICE/a 'quoted' \"ring\""
refused 2 "name|\\*" safring ring create "ALICE/*"

it "tells nobody that it was made when the database is locked"
printf 'BEGIN EXCLUSIVE;\n.shell sleep 14\n' | sqlite3 store/store.db &
sleep 0.5
refused 7 "locked|busy|another" safring ring create ALICE/Locked
silent_on "made the ring"
wait
refused 4 "ALICE/Locked" safring ring show ALICE/Locked

it "changes nothing on a dry run"
ok safring ring create ALICE/Dry --dry-run
refused 4 "ALICE/Dry" safring ring show ALICE/Dry
