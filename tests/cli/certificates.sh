#!/usr/bin/env bash
# A certificate's life, command by command, as an administrator would type them.
. "$(dirname "$0")/harness.sh"

it "makes a root and a constrained CA below it"
ok safring ca create CERTAUTH/root --subject "CN=Example Root" --key ec:P-384
ok safring ca create CERTAUTH/sub --sign-with CERTAUTH/root --subject "CN=Example Sub" --path-len 0 --permit-dns example.test --key rsa:3072
it "issues a server certificate into a ring"
ok safring cert issue ALICE/web --sign-with CERTAUTH/sub --profile server --subject "CN=web" --san dns:www.example.test --key ec:P-256
ok safring ring create ALICE/Ring
ok safring ring connect ALICE/Ring ALICE/web --usage personal --default
it "renews, rekeys and rolls it over"
ok safring cert renew ALICE/web
ok safring cert rekey ALICE/web --new-label web2 --sign-with CERTAUTH/sub
ok safring cert rollover ALICE/web --to web2
it "has it signed by request and imports the answer"
ok safring cert request ALICE/web2 --out web.csr
ok safring cert sign web.csr --sign-with CERTAUTH/sub --profile server --out web.pem
ok safring cert import web.pem --owner ALICE
says "renewed ALICE/web2"
it "shows its chain and exports it"
ok safring cert chain ALICE/web2
says "3 certificates, the chain is complete"
ok safring cert export ALICE/web2 --format pem --chain --out chain.pem
ok safring cert export ALICE/web2 --format p12 --chain --with-key --p12-profile legacy-gsk --password-source file:pw --out web.p12
ok safring cert check web.p12 --password-source file:pw
says "profile legacy-gsk"
it "revokes the old one and publishes that"
ok safring cert revoke ALICE/web --reason superseded
ok safring ca crl CERTAUTH/sub --out sub.crl
ok openssl crl -in sub.crl -noout -text
says "Superseded"
it "issues many from a list"
cat >servers.csv <<'CSV'
owner,label,subject,san,profile,key,valid_days
ALICE,node1,CN=node1,dns:node1.example.test,server,ec:P-256,90
ALICE,node2,CN=node2,"dns:node2.example.test,dns:n2.example.test",,,
BOB,node3,CN=node3,dns:node3.example.test,zowe,rsa:2048,
CSV
ok safring cert issue --from servers.csv --sign-with CERTAUTH/sub --profile server
says "3 issued, 0 there already, 0 failed"
ok safring cert show BOB/node3 --json
same "$(field .key_bits)" 2048

it "and everything in the ring is as it should be: the successor, personal and default, with its key"
ok safring ring show ALICE/Ring --json
same "$(field '.connections | length')" 1
same "$(field '.connections[0] | "\(.label) \(.usage) \(.default) \(.has_key)"')" "web2 PERSONAL true true"
it "a program that checks the list refuses the old certificate and takes the new one"
ok safring cert export ALICE/web --out old.pem
ok safring cert export CERTAUTH/root --out root.pem
ok safring cert export CERTAUTH/sub --out sub.pem
ok openssl verify -CAfile root.pem -untrusted sub.pem -CRLfile sub.crl -crl_check web.pem
refused 2 "certificate revoked" openssl verify -CAfile root.pem -untrusted sub.pem -CRLfile sub.crl -crl_check old.pem
