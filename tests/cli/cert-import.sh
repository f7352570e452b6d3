#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

# A foreign hierarchy made with openssl: root, sub, leaf.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=Foreign Root" -days 1000 -keyout root.key -out root.pem 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=Foreign Sub" -keyout sub.key -out sub.csr 2>/dev/null
printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n' >ca.ext
openssl x509 -req -in sub.csr -CA root.pem -CAkey root.key -extfile ca.ext -days 900 -out sub.pem 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=leaf" -keyout leaf.key -out leaf.csr 2>/dev/null
printf 'subjectAltName=DNS:leaf.example.test\n' >leaf.ext
openssl x509 -req -in leaf.csr -CA sub.pem -CAkey sub.key -extfile leaf.ext -days 100 -out leaf.pem 2>/dev/null
cat leaf.pem leaf.key sub.pem root.pem >all.pem
openssl pkcs12 -export -in leaf.pem -inkey leaf.key -certfile <(cat sub.pem root.pem) -name "my leaf" -passout file:pw -out all.p12
openssl crl2pkcs7 -nocrl -certfile leaf.pem -certfile sub.pem -certfile root.pem -outform DER -out all.p7

it "takes certificate, key and chain; a new root is not trusted until somebody says so"
ok safring cert import all.p12 --owner ALICE --password-source file:pw
says "added ALICE/my leaf"
notes "NOTRUST"
ok safring cert show "ALICE/my leaf" --json
same "$(field '"\(.has_key) \(.status)"')" "true NOTRUST"
ok safring cert list --owner CERTAUTH --json
same "$(field '[.certificates[] | "\(.label):\(.status)"] | sort | join(" ")')" "Foreign Root:NOTRUST Foreign Sub:NOTRUST"
it "the same again changes nothing"
ok safring cert import all.p12 --owner ALICE --password-source file:pw --json
same "$(field '[.certificates[].result] | unique | join(" ")')" "was-there"
it "a wrong password, and none, are refused by name"
refused 6 "all.p12" safring cert import all.p12 --owner ALICE
notes "password-source"
echo wrong >wrong
refused 6 "wrong password for all.p12" safring cert import all.p12 --owner ALICE --password-source file:wrong

it "trusts the whole file when told to"
export SAFRING_HOME=$PWD/store2
ok safring cert import all.pem --owner ALICE --label leaf --status trust --json
same "$(field '[.certificates[].status] | unique | join(" ")')" "TRUST"

it "adds a missing key to a certificate that is there"
export SAFRING_HOME=$PWD/store3
ok safring cert import leaf.pem --owner ALICE --label leaf --status trust
cat leaf.pem leaf.key >with-key.pem
ok safring cert import with-key.pem --owner ALICE
says "private key added to ALICE/leaf"

it "renews in place only what verifies: a stranger's certificate for your key is added beside"
export SAFRING_HOME=$PWD/store2
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=Evil" -days 4000 -keyout evil.key -out evil.pem 2>/dev/null
openssl x509 -req -in leaf.csr -CA evil.pem -CAkey evil.key -days 3000 -out stolen.pem 2>/dev/null
cat stolen.pem evil.pem >stolen-all.pem
before=$(safring cert show ALICE/leaf --json | jq -r .serial)
safring cert import stolen-all.pem --owner ALICE >"$out" 2>"$err"
same "$(safring cert show ALICE/leaf --json | jq -r .serial)" "$before"
it "renews what its own CA signed anew, and keeps label, key and rings"
ok safring ring create ALICE/Ring
ok safring ring connect ALICE/Ring ALICE/leaf --default
openssl x509 -req -in leaf.csr -CA sub.pem -CAkey sub.key -extfile leaf.ext -days 200 -out leaf2.pem 2>/dev/null
ok safring cert import leaf2.pem --owner ALICE --label ignored
says "renewed ALICE/leaf"
ok safring ring show ALICE/Ring --json
same "$(field '.connections[0] | "\(.label) \(.has_key) \(.default)"')" "leaf true true"
it "does not go back to an older one"
ok safring cert import leaf.pem --owner ALICE --label older
same "$(safring cert show ALICE/leaf --json | jq -r .serial)" "$(openssl x509 -in leaf2.pem -noout -serial | sed "s/.*=0*//")"

it "refuses a label that another certificate has"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=x" -keyout x.key -out x.pem 2>/dev/null
refused 5 "ALICE/leaf" safring cert import x.pem --owner ALICE --label leaf
it "reads PKCS#7 and DER, and names without a label as RACF does"
export SAFRING_HOME=$PWD/store4
ok safring cert import all.p7 --owner BOB
says "added BOB/LABEL00000001"
openssl x509 -in x.pem -outform DER -out x.der
ok safring cert import x.der --owner BOB
says "added BOB/LABEL00000002"
it "leaves the chain out when told to"
export SAFRING_HOME=$PWD/store5
ok safring cert import all.p7 --owner BOB --no-chain
ok safring cert list --json
same "$(field '.certificates | length')" 1

it "refuses what is none of these, an empty file, one that is not there, and 10 MB"
echo hello >junk
refused 1 "junk" safring cert import junk --owner BOB
: >empty
refused 1 "empty" safring cert import empty --owner BOB
refused 4 "nofile" safring cert import nofile --owner BOB
head -c 10000000 /dev/zero >big
refused 1 "big" safring cert import big --owner BOB
it "refuses a key that is not the certificate's"
cat leaf.pem x.key >mixed.pem
refused 1 "mixed.pem" safring cert import mixed.pem --owner BOB
it "changes nothing on a dry run"
ok safring cert import x.pem --owner BOB --label dry --dry-run
refused 4 "no certificate" safring cert show BOB/dry

it "refuses a certificate that is here already, and somebody else's"
refused 5 "it is in the store already, as BOB/LABEL00000001; a certificate has one owner" safring cert import all.p7 --owner MALLORY --no-chain

it "an answer of a CA that is not trusted yet is kept beside, and renews when it comes again"
export SAFRING_HOME=$PWD/store6
openssl req -x509 -key leaf.key -subj "/CN=leaf" -days 30 -out own.pem 2>/dev/null
cat own.pem leaf.key >own-all.pem
ok safring cert import own-all.pem --owner ALICE --label web
ok safring cert show ALICE/web --json
same "$(field .status)" TRUST
ok safring cert request ALICE/web --out web.csr
cat leaf.pem sub.pem root.pem >answer.pem
ok safring cert import answer.pem --owner ALICE
says "added ALICE/LABEL00000001"
ok safring cert alter "CERTAUTH/Foreign Root" --status trust
ok safring cert alter "CERTAUTH/Foreign Sub" --status trust
ok safring cert import answer.pem --owner ALICE
says "renewed ALICE/web"
refused 4 "no certificate" safring cert show ALICE/LABEL00000001

it "a root without its key is not trusted for being one, and a user's root is nobody else's"
export SAFRING_HOME=$PWD/store7
ok safring cert import root.pem --owner CERTAUTH --label root --json
same "$(field '.certificates[0].status')" NOTRUST
export SAFRING_HOME=$PWD/store8
ok safring cert import root.pem --owner MALLORY --label root --status trust
ok safring cert import all.p7 --owner ALICE --label leaf --json
same "$(field '[.certificates[] | select(.owner == "ALICE") | .status] | join(" ")')" NOTRUST

it "takes all CAs of a file for CERTAUTH, and leaves the rest out"
export SAFRING_HOME=$PWD/store9
cat root.pem evil.pem sub.pem >cas.pem
ok safring cert import cas.pem --owner CERTAUTH --json
same "$(field '"\(.certificates | length) \(.left_out)"')" "3 0"
