#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"
given_certificates
given_token
tool() { env SOFTHSM2_CONF="$home/store/softhsm2.conf" GNUTLS_PIN=1234567 p11tool --batch --provider /usr/lib/softhsm/libsofthsm2.so --login "$@"; }

it "says on a dry run what it would do"
ok safring token bind ALICE/web --token ZWE.IDT --pin-source file:pin --dry-run
ok safring token show ZWE.IDT --pin-source file:pin --json
same "$(field '.objects | length')" 0

it "puts certificate and key into the token, where other programs use them"
ok safring token bind ALICE/web --token ZWE.IDT --pin-source file:pin --json
same "$(field '[.has_key, .made_key] | @csv')" "true,true"
uri=$(field .key_uri)
ok tool --list-all
says "X509_CERTIFICATE|X.509"
ok tool --test-sign "$uri"
ok safring token show ZWE.IDT --pin-source file:pin --json
same "$(field '[.objects[].id] | unique | length')" 1
same "$(field '.objects[] | select(.class == "private key") | [.sensitive, .extractable, .generated] | @csv')" "true,false,false"

it "has nothing to do the second time"
ok safring token bind ALICE/web --token ZWE.IDT --pin-source file:pin --json
same "$(field '[.has_key, .made_key] | @csv')" "true,false"
ok safring token show ZWE.IDT --pin-source file:pin --json
same "$(field '.objects | length')" 3

it "puts RSA keys there, too, under another label"
ok safring cert issue ALICE/rsa --sign-with CERTAUTH/ca --subject CN=rsa --san dns:rsa.example.test --key rsa:2048
ok safring token bind ALICE/rsa --token ZWE.IDT --label 'my "rsa" key' --pin-source file:pin --json
ok tool --test-sign "$(field .key_uri)"

it "puts a certificate alone"
ok safring token bind CERTAUTH/ca --token ZWE.IDT --no-key --pin-source file:pin --json
same "$(field '[.has_key, .key_uri] | @csv')" "false,"

it "puts the certificate beside a key that was made in the token"
ok safring cert issue ALICE/intoken --sign-with CERTAUTH/ca --subject CN=t --san dns:t.example.test --key 'token:ZWE.IDT;object=t;type=ec:P-256' --pin-source file:pin
ok safring token bind ALICE/intoken --token ZWE.IDT --pin-source file:pin --json
same "$(field '[.has_key, .made_key] | @csv')" "true,false"

it "takes every kind of key, and the token signs with it"
for row in ed25519:EdDSA ec:P-384:ES384 rsa:2048:PS256; do
    alg=${row##*:}
    ok safring cert issue "ALICE/$alg" --sign-with CERTAUTH/ca --subject "CN=$alg" --san dns:kind.example.test --key "${row%:*}"
    ok safring token bind "ALICE/$alg" --token ZWE.IDT --pin-source file:pin
    ok safring policy define --appl "$alg" --user '*' --alg "$alg" --key "pkcs11:token=ZWE.IDT;object=$alg;type=private"
    ok safring idt sign --appl "$alg" --user IBMUSER --pin-source file:pin
done

it "says what cannot be"
refused 4 "ALICE/none|none" safring token bind ALICE/none --token ZWE.IDT --pin-source file:pin
refused 4 "NOWHERE" safring token bind ALICE/web --token NOWHERE --pin-source file:pin
refused 2 "token" safring token bind ALICE/web --pin-source file:pin
printf '0000000\n' >wrong
refused 6 "wrong PIN" safring token bind ALICE/web --token ZWE.IDT --pin-source file:wrong
