#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

given_certificates
ok safring cert export CERTAUTH/ca --out ca.pem

it "signs an empty list"
ok safring ca crl CERTAUTH/ca --out ca.crl
ok openssl crl -in ca.crl -noout -CAfile ca.pem -text
notes "verify OK"
says "No Revoked Certificates"
says "X509v3 CRL Number"
says "X509v3 Authority Key Identifier"

it "lists what was revoked, with time and reason, and numbers the lists"
ok safring cert revoke ALICE/web --reason key-compromise
refused 5 "ca.crl is there already" safring ca crl CERTAUTH/ca --out ca.crl
ok safring ca crl CERTAUTH/ca --out ca.crl --if-exists replace --next-update 12h --json
same "$(field '"\(.number) \(.revoked)"')" "2 1"
ok openssl crl -in ca.crl -noout -text
says "Key Compromise"
serial=$(safring cert show ALICE/web --json | jq -r .serial)
says "Serial Number: 0?$serial"

it "says when the next one comes"
next=$(openssl crl -in ca.crl -noout -nextupdate | cut -d= -f2)
hours=$((($(date -d "$next" +%s) - $(date +%s)) / 3600))
[ "$hours" -ge 11 ] && [ "$hours" -le 12 ] || fail "next update in $hours hours"
refused 2 "next-update" safring ca crl CERTAUTH/ca --next-update 1s
refused 2 "next-update" safring ca crl CERTAUTH/ca --next-update 4000d

it "writes DER, and PEM to standard output"
ok safring ca crl CERTAUTH/ca --format der --out der.crl
ok openssl crl -inform DER -in der.crl -noout
ok safring ca crl CERTAUTH/ca
says "BEGIN X509 CRL"

it "is read by GnuTLS and honoured by a TLS client"
ok certtool --crl-info --infile ca.crl

it "refuses who is no CA, and does not take a number on a dry run"
refused 5 "ALICE/web" safring ca crl ALICE/web
ok safring ca crl CERTAUTH/ca --dry-run --json
number=$(field .number)
ok safring ca crl CERTAUTH/ca --json
same "$(field .number)" "$number"

it "signs with PSS when an RSA CA is told to"
ok safring ca create CERTAUTH/rsa --subject CN=rsa --key rsa:2048
ok safring ca crl CERTAUTH/rsa --signature pss --out pss.crl
ok openssl crl -in pss.crl -noout -text
says "rsassaPss"
refused 2 "PSS|pss" safring ca crl CERTAUTH/ca --signature pss
