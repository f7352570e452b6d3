#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

given_certificates

it "writes the certificate as PEM to standard output"
ok safring cert export ALICE/web
openssl x509 -in "$out" -noout || fail "no certificate"
silent_on "PRIVATE"

it "writes the chain after it"
ok safring cert export ALICE/web --chain
same "$(grep -c BEGIN "$out")" 2

it "writes a private key only when asked, and only its owner can read the file"
ok safring cert export ALICE/web --with-key --out web.pem
same "$(mode_of web.pem)" 600
openssl pkey -in web.pem -noout || fail "no key"
ok safring cert export ALICE/web --out public.pem
same "$(mode_of public.pem)" 644

it "encrypts a PEM key with a password that is given"
ok safring cert export ALICE/web --with-key --password-source file:pw --out enc.pem
grep -q "BEGIN ENCRYPTED PRIVATE KEY" enc.pem || fail "not encrypted"
openssl pkey -in enc.pem -passin file:pw -noout || fail "OpenSSL cannot open it"

it "writes a PKCS#12 that OpenSSL opens with the password, and with no other"
ok safring cert export ALICE/web --format p12 --chain --with-key --password-source file:pw --out web.p12
same "$(mode_of web.p12)" 600
ok openssl pkcs12 -in web.p12 -passin file:pw -nodes
says "friendlyName: web"
says "BEGIN PRIVATE KEY"
refused 1 "Mac verify" openssl pkcs12 -in web.p12 -passin pass:wrong -nodes

it "makes up a password nobody gave, in a file that only its owner can read"
ok safring cert export ALICE/web --format p12 --with-key --out random.p12
says "its password is in random.p12.password"
same "$(mode_of random.p12.password)" 600
silent_on "$(cat random.p12.password)"
ok openssl pkcs12 -in random.p12 -passin file:random.p12.password -nokeys

it "keeps using the password that it made before, whatever became of the file"
cp random.p12.password before.password
ok safring cert export ALICE/web --format p12 --with-key --out random.p12 --if-exists replace
cmp -s random.p12.password before.password || fail "the password changed"
rm random.p12
ok safring cert export ALICE/web --format p12 --with-key --out random.p12
ok openssl pkcs12 -in random.p12 -passin file:random.p12.password -nokeys

it "leaves neither file nor password when it fails"
ok safring cert issue ALICE/nokey --sign-with CERTAUTH/ca --subject "CN=x" --key ec:P-256 --san dns:x
sqlite3 store/store.db "UPDATE certificate SET key = NULL WHERE label = 'nokey'"
refused 4 "ALICE/nokey" safring cert export ALICE/nokey --format p12 --with-key --out nokey.p12
[ ! -e nokey.p12 ] && [ ! -e nokey.p12.password ] || fail "something was left"

it "shows no certificate and writes nothing on a dry run"
ok safring cert export ALICE/web --with-key --dry-run
silent_on "BEGIN"
ok safring cert export ALICE/web --format p12 --with-key --out dry.p12 --dry-run --json
same "$(field '"\(.dry_run) \(.made)"')" "true false"
[ ! -e dry.p12 ] && [ ! -e dry.p12.password ] || fail "something was written"
refused 4 "nowhere" safring cert export ALICE/web --out nowhere/web.pem --dry-run

it "does not overwrite a file unless told so"
cp web.p12 before
refused 5 "web.p12" safring cert export ALICE/web --format p12 --with-key --password-source file:pw --out web.p12
cmp -s web.p12 before || fail "the file changed"
ok safring cert export ALICE/web --format p12 --with-key --password-source file:pw --out web.p12 --if-exists replace
cmp -s web.p12 before && fail "the file did not change"

it "leaves nothing half-written when it fails"
refused 4 "nowhere" safring cert export ALICE/web --out nowhere/web.pem
refused 4 "pw-not-there" safring cert export ALICE/web --format p12 --with-key --password-source file:pw-not-there --out x.p12
[ ! -e x.p12 ] || fail "x.p12 is there"
printf 'open\n' >open-pw
chmod 666 open-pw
refused 6 "open-pw" safring cert export ALICE/web --format p12 --with-key --password-source file:open-pw --out x.p12
[ ! -e x.p12 ] || fail "x.p12 is there"

it "refuses what a format cannot hold"
refused 2 "der" safring cert export ALICE/web --format der --with-key --out x.der
refused 2 "p12" safring cert export ALICE/web --format p12 --out x.p12
refused 4 "ALICE/none" safring cert export ALICE/none
