#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

it "lists nothing in an empty store"
ok safring store init
ok safring cert list --json
same "$(field '.certificates | length')" 0

it "lists in the order of owner and label"
given_certificates
ok safring cert issue BOB/mail --sign-with CERTAUTH/ca --subject "CN=mail" --key ec:P-256
ok safring cert list --json
same "$(field '[.certificates[] | "\(.owner)/\(.label)"] | join(" ")')" "ALICE/web BOB/mail CERTAUTH/ca"

it "lists one owner's, whatever case the owner is typed in"
ok safring cert list --owner bob
says "^BOB/mail"
silent_on "ALICE"

it "gives the certificate itself in JSON"
ok safring cert list --owner ALICE --json
field '.certificates[0].pem' >web.pem
ok openssl x509 -in web.pem -noout -subject
says "www.example.test"

it "lists whatever there is, page by page, as one object"
(
    echo owner,label,subject,san
    for i in {1000..1449}; do echo "CAROL,l$i,CN=l$i,dns:l$i.example.test"; done
) >list.csv
ok safring cert issue --from list.csv --sign-with CERTAUTH/ca
ok safring cert list --owner CAROL --json
same "$(field '[.certificates[].label] | length, first, last' | xargs)" "450 l1000 l1449"
ok safring cert list --owner CAROL
same "$(grep -c '^CAROL/' "$out")" 450

it "fails when its output cannot be written, however far it has come"
full() { "$@" >/dev/full; }
refused 1 "standard output" full safring cert list
refused 1 "standard output" full safring cert list --json
