#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

given_certificates

it "writes a request with subject, names and usages, signed with the certificate's key"
ok safring cert request ALICE/web --out web.csr
ok openssl req -in web.csr -verify -noout -text
says "CN = www.example.test"
says "DNS:www.example.test"
says "TLS Web Server Authentication"
ok safring cert show ALICE/web --json
field .pem >web.pem
same "$(openssl req -in web.csr -noout -pubkey)" "$(openssl x509 -in web.pem -noout -pubkey)"
it "remembers that an answer is awaited, until it comes"
[ "$(field .requested_at)" != null ] || fail "not remembered"
ok safring cert sign web.csr --sign-with CERTAUTH/ca --out answer.pem
ok safring cert import answer.pem --owner ALICE
says "renewed ALICE/web"
ok safring cert show ALICE/web --json
same "$(field .requested_at)" null
same "$(field .has_key)" true

it "does not overwrite, and prints without --out"
refused 5 "web.csr is there already" safring cert request ALICE/web --out web.csr
ok safring cert request ALICE/web
says "BEGIN CERTIFICATE REQUEST"
it "needs a private key"
ok safring cert import answer.pem --owner ALICE
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=x" -keyout x.key -out x.pem 2>/dev/null
ok safring cert import x.pem --owner BOB --label x
refused 5 "BOB/x has no private key" safring cert request BOB/x
refused 4 "no certificate" safring cert request ALICE/none
it "is read by other programs"
ok certtool --crq-info --infile web.csr
