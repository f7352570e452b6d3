#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

given_certificates

it "lists the certificate and its issuers, and sums up"
ok safring cert chain ALICE/web
says "^ALICE/web$"
says "^CERTAUTH/ca$"
says "2 certificates, the chain is complete"
it "names the rings that hold all of it"
ok safring ring create ALICE/Ring
ok safring ring connect ALICE/Ring ALICE/web
ok safring cert chain ALICE/web --json
same "$(field '.common_rings | length')" 0
ok safring ring connect ALICE/Ring CERTAUTH/ca
ok safring cert chain ALICE/web
says "in one ring: ALICE/Ring"
it "warns of what is not trusted or revoked"
ok safring cert revoke ALICE/web
ok safring cert alter CERTAUTH/ca --status notrust
ok safring cert chain ALICE/web --json
same "$(field '"\(.complete) \(.notrust) \(.revoked) \(.expired)"')" "true true true false"
it "says when it is not complete"
ok safring cert delete CERTAUTH/ca --force
ok safring cert chain ALICE/web
says "1 certificate, the chain is INCOMPLETE"
refused 4 "no certificate" safring cert chain ALICE/none
