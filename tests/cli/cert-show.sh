#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

given_certificates
ok safring ring create ALICE/Ring
ok safring ring connect ALICE/Ring ALICE/web --default

it "shows names, key, issuer and rings"
ok safring cert show alice/web
says "subject +CN=www.example.test"
says "signed by +CERTAUTH/ca"
says "in ring +ALICE/Ring"

it "agrees with OpenSSL about the fingerprint and the serial number"
ok safring cert show ALICE/web --json
field .pem >web.pem
same "$(field .fingerprint_sha256)" "$(openssl x509 -in web.pem -noout -fingerprint -sha256 | sed 's/.*=//; s/://g' | tr A-F a-f)"
same "$(field .serial)" "$(openssl x509 -in web.pem -noout -serial | sed 's/.*=0*//')"

it "shows every ring, however many there are"
for n in $(seq 1 205); do echo "INSERT INTO ring (owner, name, generation) VALUES ('BULK', 'r$n', 1); INSERT INTO connection (ring, certificate, usage, is_default) SELECT last_insert_rowid(), id, 8, 0 FROM certificate WHERE label = 'web';"; done | sqlite3 store/store.db
ok safring cert show ALICE/web --json
same "$(field '.rings | length')" 206

it "names what is not there, and how to look for it"
refused 4 "ALICE/none" safring cert show ALICE/none
notes "hint: "
refused 4 "ALICE/none" safring cert show ALICE/none --json
jq -e '.error.status == "not-found"' <"$err" >/dev/null || fail "no JSON error"
