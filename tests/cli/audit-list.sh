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

export SAFRING_HOME=$home/second
given_certificates

it "records private keys that are exported, before the file is there, and nothing on a dry run"
ok safring ring create ALICE/Out
ok safring ring connect ALICE/Out ALICE/web --default
ok safring cert export ALICE/web --with-key --out a.pem --dry-run
ok safring cert export ALICE/web --out public.pem
ok safring audit list --action key-export
[ ! -s "$out" ] || fail "$(cat "$out")"
ok safring cert export ALICE/web --with-key --format p12 --password-source file:pw --out a.p12
ok safring ring export ALICE/Out --with-key --out b.pem
ok safring audit list --action key-export --json
same "$(field '.records | map("\(.object) \(.details)") | join(",")')" 'ALICE/web format=p12,ALICE/web format=pem ring="ALICE/Out"'
refused 4 "No such file" safring cert export ALICE/web --with-key --out none/a.pem

it "lists what was asked for"
ok safring audit list --object 'ALICE/*' --action ring-connect --who "$(id -un)" --since "$(date -u +%F)"
says "ring-connect.*ALICE/Out"
silent_on "ring-create"
ok safring audit list --who nosuchuser
[ ! -s "$out" ] || fail "$(cat "$out")"
ok safring audit list --since 2999-01-01
[ ! -s "$out" ] || fail "$(cat "$out")"
refused 2 "soon" safring audit list --since soon

it "cannot be deceived by what is in a name"
ok safring cert alter ALICE/web --new-label 'a" trust="HIGHTRUST\'
ok safring audit list --action cert-alter
says 'label="a.{1}" trust=.{1}"HIGHTRUST'
silent_on ' trust="HIGHTRUST'
