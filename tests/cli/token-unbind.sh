#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"
given_certificates
given_token
ok safring token bind ALICE/web --token ZWE.IDT --pin-source file:pin

it "says on a dry run what it would do"
ok safring token unbind ALICE/web --token ZWE.IDT --pin-source file:pin --dry-run
ok safring token show ZWE.IDT --pin-source file:pin --json
same "$(field '.objects | length')" 3

it "removes what bind put there"
ok safring token unbind ALICE/web --token ZWE.IDT --pin-source file:pin --json
same "$(field '[.certificates, .private_keys, .kept_key] | @csv')" "1,1,false"
ok safring token show ZWE.IDT --pin-source file:pin --json
same "$(field '.objects | length')" 0
refused 4 "does not have that certificate" safring token unbind ALICE/web --token ZWE.IDT --pin-source file:pin
ok safring cert show ALICE/web --json
same "$(field .has_key)" true

it "keeps a key that was made in the token"
ok safring cert issue ALICE/intoken --sign-with CERTAUTH/ca --subject CN=t --san dns:t.example.test --key 'token:ZWE.IDT;object=t;type=ec:P-256' --pin-source file:pin
ok safring token unbind ALICE/intoken --token ZWE.IDT --pin-source file:pin --json
same "$(field '[.private_keys, .kept_key] | @csv')" "0,true"
ok safring cert request ALICE/intoken --pin-source file:pin --out web.csr

it "keeps a key that is nowhere else"
ok safring token bind ALICE/web --token ZWE.IDT --pin-source file:pin
ok safring cert export ALICE/web --out web.pem
ok safring cert delete ALICE/web --force
ok safring cert import web.pem --owner ALICE --label web
ok safring token unbind ALICE/web --token ZWE.IDT --pin-source file:pin --json
same "$(field '[.private_keys, .kept_key] | @csv')" "0,true"
