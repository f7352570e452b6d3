#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

given_certificates

it "revokes by label, with a reason"
ok safring cert revoke ALICE/web --reason superseded
says "reason +superseded"
ok safring cert show ALICE/web
says "REVOKED \(superseded\)"
it "refuses to do it twice"
refused 5 "revoked" safring cert revoke ALICE/web

it "revokes what a renewal has replaced, by its serial"
ok safring cert issue ALICE/b --sign-with CERTAUTH/ca --subject CN=b --san dns:b.example.test --json
serial=$(field .serial)
ok safring cert renew ALICE/b
ok safring cert revoke --issuer CERTAUTH/ca --serial "$serial" --reason key-compromise
ok safring cert show ALICE/b --json
same "$(field .revoked_at)" null

it "does not let a key go on that was compromised under an earlier serial, wherever it is asked for"
refused 5 "the key of ALICE/b is compromised: a certificate for it was revoked at .*key-compromise" safring cert renew ALICE/b
notes "safring cert rekey ALICE/b"
refused 5 "is compromised" safring cert request ALICE/b --out b.csr
ok safring cert export ALICE/b --format pem --with-key --password-source file:pw --out b.pem
openssl req -new -key <(openssl pkey -in b.pem -passin file:pw) -subj /CN=b -addext subjectAltName=DNS:b.example.test -out b.csr 2>/dev/null
refused 5 "the key of the request is compromised" safring cert sign b.csr --sign-with CERTAUTH/ca --out again.pem
ok safring cert rekey ALICE/b --new-label b2 --sign-with CERTAUTH/ca
ok safring cert renew ALICE/b2

it "revokes what was signed from a foreign request"
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=c" -addext subjectAltName=DNS:c.example.test -keyout c.key -out c.csr 2>/dev/null
ok safring cert sign c.csr --sign-with CERTAUTH/ca --out c.pem --json
serial=$(field .serial)
ok safring cert revoke --issuer CERTAUTH/ca --serial "$(echo "$serial" | tr A-F a-f)"
ok safring ca issued CERTAUTH/ca --revoked --json
same "$(field '.certificates | length')" 3

it "revokes what was deleted from the store"
ok safring cert issue ALICE/d --sign-with CERTAUTH/ca --subject CN=d --san dns:d.example.test --json
serial=$(field .serial)
ok safring cert delete ALICE/d
ok safring cert revoke --issuer CERTAUTH/ca --serial "$serial"

it "takes a hold back, and nothing else"
ok safring cert issue ALICE/e --sign-with CERTAUTH/ca --subject CN=e --san dns:e.example.test
ok safring cert revoke ALICE/e --reason certificate-hold
ok safring cert revoke ALICE/e --reason remove-from-crl
says "free from its hold"
ok safring cert show ALICE/e --json
same "$(field .revoked_at)" null
refused 5 "" safring cert revoke ALICE/web --reason remove-from-crl

it "knows the reasons of RFC 5280 by both spellings, and lists them"
ok safring cert revoke ALICE/e --reason cessationOfOperation
refused 2 "key-compromise" safring cert revoke ALICE/b --reason boredom

it "a CA that is revoked signs no more"
ok safring ca create CERTAUTH/sub --sign-with CERTAUTH/ca --subject CN=Sub --key ec:P-256
ok safring cert revoke CERTAUTH/sub --reason ca-compromise
refused 5 "CERTAUTH/sub.*revoked" safring cert issue ALICE/f --sign-with CERTAUTH/sub --subject CN=f --san dns:f

it "wants a label or a serial, and a serial that was issued"
refused 2 "OWNER/LABEL, or --issuer" safring cert revoke
refused 2 "go together" safring cert revoke --serial 1
refused 4 "" safring cert revoke --issuer CERTAUTH/ca --serial ABCDEF
refused 2 "" safring cert revoke --issuer CERTAUTH/ca --serial XYZ

it "says when no CA of the store signed it"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=x" -keyout x.key -out x.pem 2>/dev/null
ok safring cert import x.pem --owner BOB --label x
refused 5 "BOB/x" safring cert revoke BOB/x

it "revokes nothing on a dry run"
ok safring cert revoke ALICE/b --dry-run
ok safring cert show ALICE/b --json
same "$(field .revoked_at)" null
