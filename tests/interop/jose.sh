#!/usr/bin/env bash
# Node's jose verifies our tokens, and we verify its: RS256, ES256 and EdDSA through a ring, HS256 and HS512 with a key whose value both know.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../cli/harness.sh"

export NODE_MODULES_DIR=${NODE_MODULES_DIR:?where jose is installed}
jose() { node "$here/jose.mjs" "$@"; }

both_ways() { # ALG PUBLIC-OR-SECRET PRIVATE-OR-SECRET [KID]
    local alg=$1 verify_key=$2 sign_key=$3 kid=${4:-}
    it "$alg: jose verifies our token"
    ok safring idt sign --appl "$alg" --user IBMUSER --amr saf-pwd --pin-source file:pin
    cp "$out" ours
    ok_from ours jose verify "$alg" "$verify_key"
    same "$(field '"\(.sub) \(.aud) \(.amr[0])"')" "IBMUSER $alg saf-pwd"

    it "$alg: we verify jose's token, and not when a character is altered"
    ok jose sign "$alg" "$sign_key" IBMUSER "$alg" $kid
    cp "$out" theirs
    ok_from theirs safring idt verify --appl "$alg" --user IBMUSER --pin-source file:pin
    says "^good"
    sed 's/^\(.\{50\}\)\(.\)/\1_/; t' theirs >altered
    cmp -s theirs altered && sed 's/^\(.\{50\}\)\(.\)/\1A/' theirs >altered
    refused_from altered 3 "refused" safring idt verify --appl "$alg" --user IBMUSER --pin-source file:pin
}

ok safring ca create CERTAUTH/ca --subject "CN=CA" --key ec:P-256
ok safring ring create ALICE/Keys
for pair in RS256:rsa:2048 ES256:ec:P-256 EdDSA:ed25519; do
    alg=${pair%%:*}
    ok safring cert issue "ALICE/$alg" --sign-with CERTAUTH/ca --subject "CN=$alg" --key "${pair#*:}"
    ok safring ring connect ALICE/Keys "ALICE/$alg"
    ok safring cert export "ALICE/$alg" --with-key --out "$alg.pem"
    openssl pkey -in "$alg.pem" -out "$alg.key" && openssl pkey -in "$alg.key" -pubout -out "$alg.pub" || fail "openssl"
done
ok safring policy define --appl RS256 --user '*' --alg RS256 --key 'safkeyring://ALICE/Keys&RS256'
ok safring policy define --appl ES256 --user '*' --alg ES256 --key 'safkeyring://ALICE/Keys&ES256' --kid my-key-1
ok safring policy define --appl EDDSA --user '*' --alg EdDSA --key 'safkeyring://ALICE/Keys&EdDSA'
both_ways RS256 RS256.pub RS256.key
both_ways ES256 ES256.pub ES256.key my-key-1

given_token
head -c 64 /dev/urandom >hmac
export SOFTHSM2_CONF=$home/store/softhsm2.conf
ok env GNUTLS_PIN="$(cat pin)" p11tool --provider /usr/lib/softhsm/libsofthsm2.so --batch --login --write --label known \
    --secret-key "$(od -An -v -tx1 hmac | tr -d ' \n')" 'pkcs11:token=ZWE.IDT'
for alg in HS256 HS512; do
    ok safring policy define --appl $alg --user '*' --alg $alg --key 'pkcs11:token=ZWE.IDT;object=known;type=secret-key'
    both_ways $alg hmac hmac
done
