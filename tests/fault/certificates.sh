#!/usr/bin/env bash
# Each command that changes certificates, CAs and policies, or writes them to files.
# shellcheck source=tests/fault/harness.sh
. "$(dirname "$0")/harness.sh"

given_certificates
ok safring cert rekey ALICE/web --new-label web2 --sign-with CERTAUTH/ca
ok safring cert issue ALICE/asked --sign-with CERTAUTH/ca --subject CN=asked --san dns:asked.example.test
ok safring cert issue SHORT/one --sign-with CERTAUTH/ca --subject CN=one --san dns:one.example.test --valid-days 10
ok safring cert issue SHORT/two --sign-with CERTAUTH/ca --subject CN=two --san dns:two.example.test --valid-days 10
ok safring ring create ALICE/Ring
ok safring ring connect ALICE/Ring ALICE/web --default
ok safring cert request ALICE/asked --out asked.csr
ok safring cert sign asked.csr --sign-with CERTAUTH/ca --out answer.pem
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=foreign" -addext subjectAltName=DNS:f.example.test -keyout f.key -out f.csr 2>/dev/null
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=x" -keyout x.key -out x.pem 2>/dev/null
openssl x509 -req -in f.csr -CA x.pem -CAkey x.key -CAcreateserial -out f.pem 2>/dev/null
openssl pkcs12 -export -in f.pem -inkey f.key -certfile x.pem -name alias -passout file:pw -out f.p12
ok safring cert export ALICE/asked --out out.old.pem
for lines in 1 2 3 12 13 23 123; do
    { echo owner,label,subject,san; printf 'BOB,%s,CN=%s,dns:%s\n' one one one two two two three three three | sed -n "$(sed 's/./&p;/g' <<<$lines)"; } >list$lines.csv
done
keep

survives ca create CERTAUTH/new --subject CN=new --key ec:P-256
survives ca create CERTAUTH/sub --sign-with CERTAUTH/ca --subject CN=sub --key ec:P-256
survives half ca crl CERTAUTH/ca --out out.crl
survives cert issue ALICE/new --sign-with CERTAUTH/ca --subject CN=new --san dns:new.example.test --serial sequential
survives cert issue ALICE/self --subject CN=self
for batch in 500 1; do # a line that fails does not stop the others
    for lines in 1 2 3 12 13 23; do stage cert issue --from list$lines.csv --sign-with CERTAUTH/ca; done
    survives cert issue --from list123.csv --sign-with CERTAUTH/ca --batch $batch
done
survives half cert request ALICE/web --out out.csr
survives half cert sign f.csr --sign-with CERTAUTH/ca --out out.pem
survives cert import answer.pem --owner ALICE
survives cert import x.pem --owner BOB --label x
survives cert import f.p12 --owner BOB --label f --password-source file:pw
survives half cert export ALICE/web --format pem --chain --with-key --out out.pem
survives half cert export ALICE/web --format p12 --chain --with-key --password-source file:pw --out out.p12
survives half cert export ALICE/web --format p12 --with-key --out out.random.p12
survives cert export ALICE/web --out out.old.pem --if-exists replace
survives cert alter ALICE/web --new-label renamed --status notrust
survives cert delete ALICE/web --force
survives cert delete SHORT/one
survives cert renew ALICE/web
stage cert renew SHORT/one --valid-days 90
stage cert renew SHORT/two --valid-days 90
survives cert renew --due 30d --valid-days 90
survives cert rekey ALICE/web --new-label web3 --sign-with CERTAUTH/ca
survives cert rollover ALICE/web --to web2
survives cert revoke ALICE/web --reason superseded
at_least 100
