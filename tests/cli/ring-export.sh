#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

given_certificates
ok safring ca create CERTAUTH/bad --subject "CN=Bad CA" --key ec:P-256
ok safring cert alter CERTAUTH/bad --status notrust
ok safring ring create ALICE/Ring
ok safring ring connect ALICE/Ring CERTAUTH/ca --usage certauth
ok safring ring connect ALICE/Ring CERTAUTH/bad --usage certauth
ok safring ring connect ALICE/Ring ALICE/web --usage personal --default

it "writes whom the ring trusts as a bundle"
ok safring ring export ALICE/Ring --format pem --out bundle.pem
same "$(grep -c BEGIN bundle.pem)" 1
ok openssl x509 -in bundle.pem -noout -subject
says "Test CA"
refused 5 "there already" safring ring export ALICE/Ring --out bundle.pem

it "writes the default certificate with chain and key"
ok safring ring export ALICE/Ring --with-key --out server.pem
same "$(mode_of server.pem)" 600
same "$(grep BEGIN server.pem | xargs)" "-----BEGIN CERTIFICATE----- -----BEGIN CERTIFICATE----- -----BEGIN PRIVATE KEY-----"
ok openssl verify -CAfile bundle.pem server.pem
ok safring ring export ALICE/Ring --with-key --password-source file:pw --out sealed.pem
grep -q "BEGIN ENCRYPTED PRIVATE KEY" sealed.pem || fail "the key is not encrypted"

it "writes a trust store and a keystore"
ok safring ring export ALICE/Ring --format p12 --password-source file:pw --out trust.p12
ok openssl pkcs12 -in trust.p12 -passin file:pw -nokeys
same "$(grep -c BEGIN "$out")" 1
ok safring ring export ALICE/Ring --format p12 --with-key --out key.p12
same "$(mode_of key.p12) $(mode_of key.p12.password)" "600 600"
ok openssl pkcs12 -in key.p12 -passin file:key.p12.password -noenc
same "$(grep -c "BEGIN CERTIFICATE" "$out") $(grep -c "BEGIN PRIVATE" "$out")" "2 1"

it "writes a Secret as Zowe wants it"
ok safring ring export ALICE/Ring --format k8s-secret --with-key --password-source file:pw --out secret.yaml
same "$(mode_of secret.yaml)" 600
same "$(sed -n 's/^  \([a-z.0-9]*\):.*/\1/p' secret.yaml | xargs)" "name keystore.p12 truststore.p12 keystore.key keystore.cer ca.cer"
sed -n 's/^  keystore.p12: //p' secret.yaml | base64 -d >k8s.p12
ok openssl pkcs12 -in k8s.p12 -passin file:pw -noenc
sed -n '/^  ca.cer: |/,$p' secret.yaml | sed '1d; s/^    //' >ca.cer
same "$(cat ca.cer)" "$(cat bundle.pem)"
if python3 -c "import yaml" 2>/dev/null; then
    ok python3 -c "import yaml; s = yaml.safe_load(open('secret.yaml')); assert s['metadata']['name'] == 'zowe-certificates-secret' and 'PRIVATE KEY' in s['stringData']['keystore.key']"
fi
ok safring ring export ALICE/Ring --format k8s-secret --out public.yaml
! grep -q keystore public.yaml || fail "there is a keystore"

it "exports virtual rings, and nothing on a dry run"
ok safring ring export '*AUTH*/*' --out all.pem
ok safring ring export '*AUTH*/*' --out dry.pem --dry-run
says "would write"
[ ! -e dry.pem ] || fail "there is a file"

it "names what is missing"
refused 4 "no default" safring ring export 'ALICE/*' --with-key --out x
refused 4 "trusted now" safring ring export 'ALICE/*' --out x
refused 2 "password-source" safring ring export ALICE/Ring --format p12
refused 2 "cert export" safring ring export 'safkeyring://ALICE/Ring&web'
refused 4 "ALICE/None" safring ring export ALICE/None
[ ! -e x ] || fail "there is a file"
