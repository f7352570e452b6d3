#!/usr/bin/env bash
# Identity tokens signed by key pairs in a PKCS#11 token: every algorithm, by the key's URI in the policy and through a ring.
. "$(dirname "$0")/harness.sh"

given_token
# shellcheck disable=SC2086  # options, split on purpose
with_pin() { safring "$@" --pin-source file:pin; }
ok with_pin ca create CERTAUTH/ca --subject CN=ca --key 'token:ZWE.IDT;object=ca;type=ec:P-384'
ok safring ring create ALICE/Keys
for kind in rsa:2048 ec:P-256 ec:P-384 ec:P-521 ed25519; do
    name=${kind##*[:-]}
    ok with_pin cert issue "ALICE/$name" --sign-with CERTAUTH/ca --subject "CN=$name" --san dns:x --key "token:ZWE.IDT;object=$name;type=$kind"
    ok safring ring connect ALICE/Keys "ALICE/$name"
    ok safring cert export "ALICE/$name" --out "$name.pem"
done

from_base64url() { tr -- '-_' '+/' | sed 's/$/===/; s/=*$//' | { read -r text; printf '%s' "$text$(printf '%*s' $(((4 - ${#text} % 4) % 4)) '' | tr ' ' =)"; } | base64 -d; }
check_with_openssl() { # ALG NAME: what the token signed, by the certificate's key alone
    cut -d. -f1,2 jwt | tr -d '\n' >signed
    cut -d. -f3 jwt | from_base64url >sig
    openssl x509 -in "$2.pem" -noout -pubkey >pub
    case $1 in
    RS*) ok openssl dgst "-sha${1#??}" -verify pub -signature sig signed ;;
    PS*) ok openssl dgst "-sha${1#??}" -verify pub -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest -signature sig signed ;;
    EdDSA) ok openssl pkeyutl -verify -rawin -pubin -inkey pub -sigfile sig -in signed ;;
    esac # ECDSA would have to be made DER first
}
signs() { # ALG NAME KEY
    ok safring policy define --appl TEST --user '*' --alg "$1" --key "$3" --if-exists replace
    ok with_pin idt sign --appl TEST --user IBMUSER --amr saf-pwd
    cp "$out" jwt
    ok_from jwt with_pin idt verify --appl TEST --user IBMUSER
    says "^good"
    check_with_openssl "$1" "$2"
    sed 's/^\(.\{40\}\)./\1_/' jwt >altered
    refused_from altered 3 "refused" with_pin idt verify --appl TEST --user IBMUSER
}

for row in RS256:2048 RS384:2048 RS512:2048 PS256:2048 PS384:2048 PS512:2048 ES256:256 ES384:384 ES512:521 EdDSA:ed25519; do
    alg=${row%:*} name=${row#*:}
    it "$alg, the policy names the key in the token"
    signs "$alg" "$name" "pkcs11:token=ZWE.IDT;object=$name;type=private"
    it "$alg, the policy names a ring whose certificate has its key in the token"
    signs "$alg" "$name" "safkeyring://ALICE/Keys&$name"
done

it "refuses a key of another kind than the algorithm wants"
ok safring policy define --appl WRONG --user '*' --alg ES256 --key 'pkcs11:token=ZWE.IDT;object=2048;type=private'
refused 1 "ECDSA" with_pin idt sign --appl WRONG --user IBMUSER
ok safring policy define --appl WRONG2 --user '*' --alg ES256 --key 'pkcs11:token=ZWE.IDT;object=384;type=private'
refused 5 "." with_pin idt sign --appl WRONG2 --user IBMUSER
