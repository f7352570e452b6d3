#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

it "makes a certificate for server and client that OpenSSL accepts under every name"
ok safring ca create CERTAUTH/localca --subject "CN=Zowe Development CA,O=Zowe Sample,C=CZ" --key ec:P-256 --json
field .pem >ca.pem
ok safring cert issue ZWESVUSR/localhost --sign-with CERTAUTH/localca --profile zowe --subject "CN=Zowe Service" --san dns:localhost,ip:127.0.0.1,ip:::1 --key rsa:3072 --json
same "$(field '"\(.key_type) \(.key_bits)"')" "rsa 3072"
field .pem >server.pem
ok openssl verify -x509_strict -purpose sslserver -verify_hostname localhost -CAfile ca.pem server.pem
ok openssl verify -x509_strict -purpose sslclient -verify_ip ::1 -CAfile ca.pem server.pem
ok openssl verify -x509_strict -purpose sslserver -verify_ip 127.0.0.1 -CAfile ca.pem server.pem

it "keeps a server's certificate from being a client's"
ok safring cert issue ALICE/web --sign-with CERTAUTH/localca --subject "CN=web" --san dns:web.example.test --key ec:P-256 --json
field .pem >web.pem
ok openssl verify -purpose sslserver -CAfile ca.pem web.pem
if openssl verify -purpose sslclient -CAfile ca.pem web.pem >"$out" 2>&1; then fail "it is"; fi

it "signs with CAs only"
refused 5 "ALICE/web" safring cert issue ALICE/x --sign-with ALICE/web --subject "CN=x"

it "signs itself when no CA is named, to be requested from another one"
ok safring cert issue ALICE/own --subject "CN=own" --san dns:own.example.test --json
same "$(field '"\(.issuer) \(.ca)"')" "CN=own false"
ok safring cert request ALICE/own --out own.csr

it "never outlives its CA"
ok safring ca create CERTAUTH/short --subject "CN=Short" --valid-days 3 --json
until=$(field .not_after)
ok safring cert issue ALICE/long --sign-with CERTAUTH/short --subject "CN=x" --valid-days 397 --json
same "$(field .not_after)" "$until"

it "keeps labels with spaces and quotes as they are"
ok safring cert issue "ALICE/it's a \"label\"" --sign-with CERTAUTH/localca --subject "CN=x" --key ec:P-256 --json
same "$(field .label)" "it's a \"label\""
ok safring cert show "ALICE/it's a \"label\""

it "makes no leaf certificates for CERTAUTH, and warns of a server without names"
refused 2 "ca create" safring cert issue CERTAUTH/x --sign-with CERTAUTH/localca --subject "CN=x"
ok safring cert issue ALICE/nameless --sign-with CERTAUTH/localca --subject "CN=x" --key ec:P-256
notes "warning: .*--san"
refused 2 "empty" safring cert issue ALICE/z --sign-with CERTAUTH/localca --subject "CN=x" --san dns:a,,dns:b

it "says which name is wrong"
refused 2 "1\\.2\\.3|ip" safring cert issue ALICE/y --sign-with CERTAUTH/localca --subject "CN=x" --san ip:1.2.3
refused 2 "dns|space|bad name" safring cert issue ALICE/y --sign-with CERTAUTH/localca --subject "CN=x" --san "dns:bad name"

it "gives each certificate another serial number, in sequence when asked"
ok safring cert issue ALICE/s1 --sign-with CERTAUTH/localca --subject "CN=s" --key ec:P-256 --serial sequential --json
same "$(field .serial)" 1
ok safring cert issue ALICE/s2 --sign-with CERTAUTH/localca --subject "CN=s" --key ec:P-256 --serial sequential --json
same "$(field .serial)" 2

it "with --if-exists keep, eight at once all find it"
for n in 1 2 3 4 5 6 7 8; do
    { "$SAFRING" cert issue BOB/once --sign-with CERTAUTH/localca --subject CN=once --san dns:once --if-exists keep >/dev/null 2>"notes$n" || echo "exit $?" >>"notes$n"; } &
done
wait
cat notes? >"$err"
[ ! -s "$err" ] || fail "some failed"

it "says what failed when the store's file cannot grow"
too_large() { (ulimit -f 8 && "$SAFRING" "$@"); }
refused 1 "cannot read or write the database" too_large cert issue BOB/large --sign-with CERTAUTH/localca --subject CN=x --san dns:x
refused 4 "BOB/large" safring cert show BOB/large
