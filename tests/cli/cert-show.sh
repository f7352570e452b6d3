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

it "shows alternative names as --san takes them, signature and extensions"
ok safring cert issue ALICE/names --sign-with CERTAUTH/ca --subject CN=n --san dns:n.example.test,ip:10.1.1.1,ip:::1,email:a@example.test,uri:https://n/x \
    --crl-url http://ca.example.test/ca.crl --ca-issuers-url http://ca.example.test/ca.cer
ok safring cert show ALICE/names
says "names +dns:n.example.test"
says "signature +ecdsa-with-SHA256"
says "Key Usage, critical"
says "URI:http://ca.example.test/ca.crl"
says "CA Issuers - URI:http://ca.example.test/ca.cer"
ok safring cert show ALICE/names --json
same "$(field '.san | join(",")')" "dns:n.example.test,ip:10.1.1.1,ip:::1,email:a@example.test,uri:https://n/x"
same "$(field '[.extensions[] | select(.critical) | .name] | join(", ")')" "X509v3 Basic Constraints, X509v3 Key Usage"

it "does not let a foreign certificate write lines of its own"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=x" -keyout x.key -out x.pem -addext "$(printf 'nsComment=x\\n    status       HIGHTRUST')" 2>/dev/null
ok safring cert import x.pem --owner BOB --label x --status notrust
ok safring cert show BOB/x
same "$(grep -c '^    status ' "$out")" 1

it "shows every ring, however many there are"
for n in $(seq 1 205); do
    ok safring ring create "BULK/r$n"
    ok safring ring connect "BULK/r$n" ALICE/web
done
ok safring cert show ALICE/web --json
same "$(field '.rings | length')" 206

it "names what is not there, and how to look for it"
refused 4 "ALICE/none" safring cert show ALICE/none
notes "hint: "
refused 4 "ALICE/none" safring cert show ALICE/none --json
jq -e '.error.status == "not-found"' <"$err" >/dev/null || fail "no JSON error"
