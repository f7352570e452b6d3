#!/usr/bin/env bash
# Other programs' view of our tokens, and ours of theirs: OpenSC's pkcs11-tool, GnuTLS's p11tool and Java's SunPKCS11 see, and compute the same with, the
# secret keys, key pairs and certificates that safring makes; and safring signs with what they make. A program that is not installed is named and passed over.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../cli/harness.sh"

module=$(find /usr/lib /usr/lib64 -name libsofthsm2.so 2>/dev/null | head -1)
[ -n "$module" ] || fail "no SoftHSM"
has() { command -v "$1" >/dev/null || { echo "passed over: $1 is not installed"; return 1; }; }

given_token
pins="--pin-source file:pin"
# shellcheck disable=SC2086  # options, split on purpose
with_pin() { safring "$@" $pins; }
export SOFTHSM2_CONF=$home/store/softhsm2.conf # of the store, for the others
pkcs11() { pkcs11-tool --module "$module" --token-label ZWE.IDT --login --pin "$(cat pin)" "$@"; }
gnutls() { GNUTLS_PIN=$(cat pin) p11tool --provider "$module" --batch --login "$@"; }
slot=$((0x$(safring token show ZWE.IDT --json | jq -r .serial | tail -c 9) & 0x7fffffff)) # SoftHSM's rule
printf 'name = safring\nlibrary = %s\nslot = %s\n' "$module" "$slot" >java.cfg
java_keys() { java "$here/TokenKeys.java" java.cfg "$(cat pin)" "$@"; }

id_of() { sed 's/.*;id=\([^;]*\).*/\1/; s/%//g' | tr A-F a-f; } # of a URI

pair_id() { safring cert show "$1" --json | jq -r .key_uri | id_of; } # of a certificate's

# A JWT, taken apart: what was signed, and the signature.
token_of() { # APPL
    ok with_pin idt sign --appl "$1" --user IBMUSER --amr saf-pwd
    cp "$out" jwt
    cut -d. -f1,2 jwt | tr -d '\n' >signed
    cut -d. -f3 jwt >signature
}
policy() { # APPL ALG KEY
    ok safring policy define --appl "$1" --user '*' --alg "$2" --key "$3"
}
good_token() { # APPL
    ok_from jwt with_pin idt verify --appl "$1" --user IBMUSER
    says "^good"
}
secret_uri() { echo "pkcs11:token=ZWE.IDT;object=$1;type=secret-key"; }
pair_uri() { echo "pkcs11:token=ZWE.IDT;object=$1;type=private"; }

ok with_pin secret generate --token ZWE.IDT --label hs256 --alg HS256
ok with_pin secret generate --token ZWE.IDT --label hs512 --alg HS512
ok with_pin ca create CERTAUTH/ca --subject "CN=Token CA" --key 'token:ZWE.IDT;object=ca;type=ec:P-384'
for kind in rsa:2048 ec:P-256 ed25519; do
    name=${kind%%:*}
    ok with_pin cert issue "ALICE/$name" --sign-with CERTAUTH/ca --subject "CN=$name" --san "dns:$name.example.test" --key "token:ZWE.IDT;object=$name;type=$kind"
    ok safring cert export "ALICE/$name" --out "$name.pem"
    ok openssl x509 -in "$name.pem" -noout -pubkey
    cp "$out" "$name.pub"
done
policy HS256 HS256 "$(secret_uri hs256)"
policy HS512 HS512 "$(secret_uri hs512)"
head -c 1000 /dev/urandom >message

# ---- OpenSC ----
if has pkcs11-tool; then
    it "pkcs11-tool computes the HMACs that we compute"
    for alg in 256 512; do
        token_of HS$alg
        # by id: to sign it does not look at labels
        id=$(with_pin secret show --token ZWE.IDT --label hs$alg --json | jq -r .uri | id_of)
        ok pkcs11 --sign --mechanism SHA$alg-HMAC --id "$id" --input-file signed --output-file mac
        same "$(base64 -w0 mac | tr '+/' '-_' | tr -d =)" "$(cat signature)"
    done

    it "pkcs11-tool lists our keys and certificates with the same labels and ids"
    ok pkcs11 --list-objects
    for name in ca rsa ec ed25519; do
        says "label: +$name\$"
        id=$(pair_id "$([ $name = ca ] && echo CERTAUTH || echo ALICE)/$name")
        same "$(grep -c "ID: *$id" "$out")" 3 # private, public, certificate
    done
    says "sensitive, always sensitive, never extractable, local"

    it "pkcs11-tool signs with our pairs what their certificates verify"
    ok pkcs11 --sign --mechanism SHA256-RSA-PKCS --id "$(pair_id ALICE/rsa)" --input-file message --output-file sig
    ok openssl dgst -sha256 -verify rsa.pub -signature sig message
    ok pkcs11 --sign --mechanism SHA256-RSA-PKCS-PSS --id "$(pair_id ALICE/rsa)" --input-file message --output-file sig
    ok openssl dgst -sha256 -verify rsa.pub -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest -signature sig message
    openssl dgst -sha256 -binary message >digest
    ok pkcs11 --sign --mechanism ECDSA --signature-format openssl --id "$(pair_id ALICE/ec)" --input-file digest --output-file sig
    ok openssl dgst -sha256 -verify ec.pub -signature sig message
    ok pkcs11 --sign --mechanism EDDSA --id "$(pair_id ALICE/ed25519)" --input-file message --output-file sig
    ok openssl pkeyutl -verify -rawin -pubin -inkey ed25519.pub -sigfile sig -in message

    it "we sign tokens with a secret key that pkcs11-tool made, and say what it lacks"
    ok pkcs11 --keygen --key-type GENERIC:32 --label opensc --id 0b01
    ok with_pin secret show --token ZWE.IDT --label opensc --json
    same "$(field '"\(.sequence) \(.bytes) \(.sensitive)"')" "0 32 false"
    policy OPENSC HS256 "$(secret_uri opensc)"
    token_of OPENSC
    good_token OPENSC
    ok pkcs11 --sign --mechanism SHA256-HMAC --id 0b01 --input-file signed --output-file mac
    same "$(base64 -w0 mac | tr '+/' '-_' | tr -d =)" "$(cat signature)"

    it "pairs that pkcs11-tool made sign our tokens and certificates"
    for kind in rsa:2048:RS256 EC:prime256v1:ES256 EC:edwards25519:EdDSA; do
        alg=${kind##*:}
        ok pkcs11 --keypairgen --key-type "${kind%:*}" --label "opensc-$alg" --id "0c$(printf %s "$alg" | od -An -tx1 | tr -d ' \n')"
        policy "OS$alg" "$alg" "$(pair_uri "opensc-$alg")"
        token_of "OS$alg"
        good_token "OS$alg"
        ok with_pin ca create "CERTAUTH/opensc-$alg" --subject "CN=opensc-$alg" --key "$(pair_uri "opensc-$alg")"
        ok with_pin cert issue "ALICE/of-$alg" --sign-with "CERTAUTH/opensc-$alg" --subject "CN=of" --san dns:of --key ec:P-256
        ok safring cert export "CERTAUTH/opensc-$alg" --out "ca-$alg.pem"
        ok safring cert export "ALICE/of-$alg" --out "of-$alg.pem"
        ok openssl verify -CAfile "ca-$alg.pem" "of-$alg.pem"
    done
fi

# ---- GnuTLS ----
if has p11tool; then
    it "p11tool sees our keys and certificates, and signs with our pairs"
    ok gnutls --list-all 'pkcs11:token=ZWE.IDT'
    for name in hs256 hs512 ca rsa ec; do
        says "Label: $name\$"
    done
    for name in rsa ec; do
        ok gnutls --list-all-certs "pkcs11:token=ZWE.IDT;object=$name"
        says "Label: $name\$"
        ok gnutls --test-sign "$(safring cert show "ALICE/$name" --json | jq -r .key_uri)"
        ok gnutls --export "pkcs11:token=ZWE.IDT;object=$name;type=cert"
        same "$(openssl x509 -in "$out" -noout -fingerprint -sha256)" "$(openssl x509 -in $name.pem -noout -fingerprint -sha256)"
    done

    it "pairs that p11tool made sign our tokens and certificates"
    ok gnutls --generate-privkey=ecdsa --curve=secp256r1 --label gnutls --outfile gnutls.pub 'pkcs11:token=ZWE.IDT'
    ok with_pin cert issue ALICE/gnutls --sign-with CERTAUTH/ca --subject CN=gnutls --san dns:gnutls --key "$(pair_uri gnutls)"
    ok safring cert export ALICE/gnutls --out gnutls.pem
    same "$(openssl x509 -in gnutls.pem -noout -pubkey)" "$(cat gnutls.pub)"
    policy GNUTLS ES256 "$(pair_uri gnutls)"
    token_of GNUTLS
    good_token GNUTLS
    ok with_pin cert request ALICE/gnutls --out gnutls.csr
    ok openssl req -in gnutls.csr -verify -noout
fi

# ---- Java ----
if has java && has keytool; then
    it "keytool lists our certificates as key entries"
    ok keytool -list -keystore NONE -storetype PKCS11 -addprovider SunPKCS11 -providerArg java.cfg -storepass:file pin
    for name in ca rsa ec; do
        says "^$name, PrivateKeyEntry"
    done
    says "^hs256, SecretKeyEntry"
    ok java_keys list
    says "^rsa pair CN=rsa\$"

    it "Java computes the HMACs that we compute"
    for alg in 256 512; do
        token_of HS$alg
        ok java_keys mac hs$alg HmacSHA$alg signed
        same "$(cat "$out")" "$(cat signature)"
    done

    it "Java signs with our pairs"
    for how in rsa:SHA256withRSA ec:SHA256withECDSA; do
        ok java_keys sign "${how%:*}" "${how#*:}" message sig
        ok openssl dgst -sha256 -verify "${how%:*}.pub" -signature sig message
    done

    it "we sign tokens with a secret key that Java made"
    ok java_keys make-secret javakey
    ok with_pin secret list --token ZWE.IDT
    says "^javakey "
    policy JAVA HS256 "$(secret_uri javakey)"
    token_of JAVA
    good_token JAVA
    ok java_keys mac javakey HmacSHA256 signed
    same "$(cat "$out")" "$(cat signature)"

    it "a pair that keytool made, which it names by its id alone, gets a certificate here"
    ok keytool -genkeypair -alias javapair -keyalg RSA -keysize 2048 -dname CN=self -keystore NONE -storetype PKCS11 -addprovider SunPKCS11 \
        -providerArg java.cfg -storepass:file pin
    ok with_pin cert issue ALICE/java --sign-with CERTAUTH/ca --subject CN=java --san dns:java --key 'pkcs11:token=ZWE.IDT;id=javapair;type=private'
    ok java_keys list
    says "^javapair pair CN=java\$"
    policy JAVARS RS256 'pkcs11:token=ZWE.IDT;id=javapair;type=private'
    token_of JAVARS
    good_token JAVARS
fi
