#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

given_certificates

it "lists what was done, by whom and to what"
ok safring audit list
says "^1	.*store-create"
says "cert-add	ALICE/web"

it "lists it in JSON, and goes on after a number"
ok safring audit list --json
same "$(field '[.records[].number] == [range(1; (.records | length) + 1)]')" true
same "$(field '.records[0].action')" store-create
same "$(field '.records[1].fingerprint | length')" 64
count=$(field '.records | length')
ok safring audit list --after $((count - 1)) --json
same "$(field '[.records[].number] | tostring')" "[$count]"
ok safring audit list --after 4000000000 --json
same "$(field '.records | length')" 0

it "lists a long trail whole"
for i in $(seq 1 210); do echo "X,l$i,CN=x$i,dns:x$i.example.test"; done | sed '1i owner,label,subject,san' >list.csv
ok safring cert issue --from list.csv --sign-with CERTAUTH/ca --key ec:P-256
ok safring audit list
same "$(wc -l <"$out")" "$((count + 420))"

it "is for who can open the store"
ok safring store rekey --master-key passphrase --store-secret-source file:pw
ok safring audit list --json --store-secret-source file:pw
same "$(field '.records[-1].action')" store-rekey
refused 6 passphrase safring audit list
