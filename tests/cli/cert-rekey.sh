#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

given_certificates

it "makes a new key with the old one's names, signed by a CA"
ok safring cert rekey ALICE/web --new-label web2 --sign-with CERTAUTH/ca --json
same "$(field '"\(.subject) \(.key_type) \(.issuer)"')" "CN=www.example.test ec:P-256 CN=Test CA"
field .pem >new.pem
ok openssl x509 -in new.pem -noout -ext subjectAltName
says "DNS:www.example.test"
ok safring cert show ALICE/web --json
field .pem >old.pem
[ "$(openssl x509 -in old.pem -noout -pubkey)" != "$(openssl x509 -in new.pem -noout -pubkey)" ] || fail "the key is the old one"

it "is self-signed when no CA is named, as in RACF"
ok safring cert rekey ALICE/web --new-label self --json
same "$(field .issuer)" "CN=www.example.test"

it "takes another kind of key"
ok safring cert rekey ALICE/web --new-label rsa --key rsa:2048 --json
same "$(field .key_bits)" 2048

it "refuses a label that is taken, before making a key"
refused 5 "ALICE/web2 exists" safring cert rekey ALICE/web --new-label web2
it "refuses a certificate without a private key"
ok safring cert export ALICE/web2 --out web2.pem
ok safring cert delete ALICE/web2
ok safring cert import web2.pem --owner ALICE --label nokey
refused 5 "ALICE/nokey has no private key" safring cert rekey ALICE/nokey --new-label nokey2

it "of a CA never gives a serial number away again that its predecessor of the same name has given"
ok safring cert issue ALICE/s1 --sign-with CERTAUTH/ca --subject CN=s --san dns:s --serial sequential --json
first=$(field .serial)
ok safring cert rekey CERTAUTH/ca --new-label ca2
ok safring cert issue ALICE/s2 --sign-with CERTAUTH/ca2 --subject CN=s --san dns:s --serial sequential --json
[ "$(field .serial)" != "$first" ] || fail "two certificates of CN=Test CA have serial $first"

it "makes nothing on a dry run"
ok safring cert rekey ALICE/web --new-label dry --dry-run
refused 4 "no certificate" safring cert show ALICE/dry
