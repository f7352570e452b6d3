#!/usr/bin/env bash
# Files with certificates, to and from the programs that users have: OpenSSL, keytool, GnuTLS' certtool and NSS' pk12util.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../cli/harness.sh"

has() { command -v "$1" >/dev/null || { echo "passed over: $1 is not installed"; return 1; }; }

# prints FILE…: SHA-256 fingerprints of all certificates in PEM files, sorted, one line
prints() {
    cat "$@" | awk '/BEGIN CERT/ { n++; on = 1 } on { print > ("print." n) } /END CERT/ { on = 0 }'
    for cert in print.*; do
        [ -e "$cert" ] && openssl x509 -in "$cert" -noout -fingerprint -sha256
    done | sed 's/.*=//' | sort -u | paste -sd ' '
    rm -f print.*
}

# ours OWNER/LABEL: the fingerprints of a certificate of the store and of its chain
ours() {
    safring cert export "$1" --chain >ours.pem && prints ours.pem
}

ok safring ca create CERTAUTH/root --subject "CN=Interop Root" --key ec:P-256
ok safring ca create CERTAUTH/sub --sign-with CERTAUTH/root --subject "CN=Interop Sub" --key ec:P-256
ok safring cert issue ALICE/web --sign-with CERTAUTH/sub --subject "CN=www.example.test" --san dns:www.example.test --key rsa:2048
web=$(ours ALICE/web)
same "$(wc -w <<<"$web")" 3

# ---- what we write ----

for profile in java modern legacy-gsk; do
    it "profile $profile is read by OpenSSL, Java, GnuTLS and NSS"
    ok safring cert export ALICE/web --format p12 --p12-profile $profile --with-key --chain --password-source file:pw --out web.$profile.p12
    ok safring cert export CERTAUTH/root --format p12 --p12-profile $profile --password-source file:pw --out trust.$profile.p12
    ok bash "$here/keystores.sh" web.$profile.p12 trust.$profile.p12 pw $profile
    ok safring cert check web.$profile.p12 --password-source file:pw
    says "$profile"
done

it "a p12 as text is base64 that base64 decodes"
ok safring cert export ALICE/web --format p12 --with-key --armor --password-source file:pw --out web.p12.txt
base64 -d web.p12.txt >web.decoded.p12
ok openssl pkcs12 -in web.decoded.p12 -passin file:pw -nodes -noout

it "a trust store without a password is listed by Java, and opened by OpenSSL and GnuTLS"
ok safring cert export ALICE/web --format p12 --chain --no-password --out open.p12
if has keytool; then
    keytool -list -v -storetype PKCS12 -keystore open.p12 <<<"" >list 2>/dev/null
    same "$(grep -c '^Entry type: trustedCertEntry' list)" 3
    same "$(sed -n 's/^.*SHA256: //p' list | sort -u | paste -sd ' ')" "$web"
fi
ok openssl pkcs12 -in open.p12 -passin pass: -nokeys -out open.pem
same "$(prints open.pem)" "$web"
if has certtool; then # 3.7.9 misses the MAC, and shows the certificates nevertheless
    certtool --p12-info --inder --infile open.p12 --null-password >open.info 2>/dev/null
    same "$(grep -c 'BEGIN CERTIFICATE' open.info)" 3
fi

it "PKCS#7 of ours is read by OpenSSL, keytool and GnuTLS, as DER and as PEM"
ok safring cert export ALICE/web --format p7 --chain --out web.p7b
ok safring cert export ALICE/web --format p7 --chain --armor --out web.p7b.pem
ok openssl pkcs7 -inform der -in web.p7b -print_certs -out p7.der.pem
ok openssl pkcs7 -in web.p7b.pem -print_certs -out p7.pem.pem
same "$(prints p7.der.pem)" "$web"
same "$(prints p7.pem.pem)" "$web"
if has keytool; then
    for file in web.p7b web.p7b.pem; do
        ok keytool -printcert -file $file
        same "$(sed -n 's/^.*SHA256: //p' "$out" | sort -u | paste -sd ' ')" "$web"
    done
fi
if has certtool; then
    ok certtool --p7-info --inder --infile web.p7b
    same "$(grep -c 'BEGIN CERTIFICATE' "$out")" 3
    ok certtool --p7-info --infile web.p7b.pem
fi

it "PKCS#7 without chain holds one certificate"
ok safring cert export ALICE/web --format p7 --out one.p7b
ok openssl pkcs7 -inform der -in one.p7b -print_certs -out one.pem
same "$(prints one.pem | wc -w)" 1

# ---- what they write ----

# takes FILE LABEL EXPECTED ARGUMENTS…: import it as ALICE's, and find those certificates
takes() {
    local file=$1 label=$2 expected=$3
    shift 3
    ok safring cert import "$file" --owner ALICE --label "$label" --status trust "$@"
    same "$(ours "ALICE/$label")" "$expected"
}

# A hierarchy that the store does not know.
export SAFRING_HOME=$PWD/store2
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=Their Root" -days 1000 -keyout root.key -out root.pem \
    2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=leaf" -keyout leaf.key -out leaf.csr 2>/dev/null
openssl x509 -req -in leaf.csr -CA root.pem -CAkey root.key -days 100 -out leaf.pem 2>/dev/null
theirs=$(prints leaf.pem root.pem)
printf 'hello\n' >message

# each FORM COMMAND…: what the command writes to file FORM holds their leaf, and in a new store the root too
each() {
    local form=$1
    shift
    ok "$@"
    export SAFRING_HOME=$PWD/store.$form
    takes "$form" leaf "$theirs" --password-source file:pw
}

has_key() {
    ok safring cert show ALICE/leaf --json
    same "$(field .has_key)" true
}

it "OpenSSL's PKCS#12 comes in, with AES and with 3DES"
each ossl.p12 openssl pkcs12 -export -inkey leaf.key -in leaf.pem -certfile root.pem -passout file:pw -out ossl.p12
has_key
each ossl3.p12 openssl pkcs12 -export -legacy -certpbe PBE-SHA1-3DES -inkey leaf.key -in leaf.pem -certfile root.pem -passout file:pw \
    -out ossl3.p12
has_key
ok safring cert check ossl3.p12 --password-source file:pw
says "legacy-gsk"

it "OpenSSL's PKCS#12 with RC2 is refused by the cipher's name"
ok openssl pkcs12 -export -legacy -inkey leaf.key -in leaf.pem -passout file:pw -out rc2.p12
refused 1 "rc2-40-sha1" safring cert import rc2.p12 --owner ALICE --password-source file:pw

it "OpenSSL's PKCS#7 comes in, also as a signed message in BER"
each ossl.p7b openssl crl2pkcs7 -nocrl -certfile root.pem -certfile leaf.pem -outform der -out ossl.p7b
each ossl.p7b.pem openssl crl2pkcs7 -nocrl -certfile root.pem -certfile leaf.pem -out ossl.p7b.pem
each ossl.p7m openssl cms -sign -stream -nodetach -signer leaf.pem -inkey leaf.key -certfile root.pem -in message -outform der -out ossl.p7m

if has certtool; then
    it "GnuTLS' PKCS#12 comes in as DER, PEM and with 3DES, and its PKCS#7"
    cat leaf.pem root.pem >chain.pem
    tls=(certtool --to-p12 --load-privkey leaf.key --load-certificate leaf.pem --load-ca-certificate root.pem --p12-name leaf
         --password "$(cat pw)")
    each tls.p12 "${tls[@]}" --outder --outfile tls.p12
    has_key
    each tls.p12.pem "${tls[@]}" --outfile tls.p12.pem
    each tls3.p12 "${tls[@]}" --pkcs-cipher 3des-pkcs12 --outder --outfile tls3.p12
    each tls.p7b certtool --p7-generate --load-certificate chain.pem --outder --outfile tls.p7b
fi

if has pk12util && has certutil; then
    it "NSS' PKCS#12 comes in"
    mkdir nss
    ok certutil -N -d nss --empty-password
    ok pk12util -i ossl.p12 -d nss -w pw
    nick=$(certutil -L -d nss | awk '/u,u,u/ { sub(/ *u,u,u *$/, ""); print }')
    each nss.p12 pk12util -o nss.p12 -n "$nick" -d nss -w pw
    has_key
fi

if has keytool; then
    it "keytool's PKCS#12 comes in: a key pair, a chain, and a list of trusted certificates"
    each java.p12 keytool -importkeystore -srckeystore ossl.p12 -srcstoretype PKCS12 -srcstorepass:file pw -destkeystore java.p12 \
        -deststoretype PKCS12 -deststorepass:file pw
    has_key
    ok safring cert check java.p12 --password-source file:pw
    says "java"
    ok keytool -genkeypair -alias self -keyalg RSA -dname CN=self -storetype PKCS12 -keystore self.p12 -storepass:file pw
    ok keytool -exportcert -rfc -alias self -keystore self.p12 -storepass:file pw -file self.pem
    takes self.p12 self "$(prints self.pem)" --password-source file:pw
    ok keytool -importcert -noprompt -alias root -file root.pem -storetype PKCS12 -keystore jtrust.p12 -storepass:file pw
    export SAFRING_HOME=$PWD/store.trust
    takes jtrust.p12 jroot "$(prints root.pem)" --password-source file:pw --alias root

    it "an answer that keytool signed renews the certificate that asked"
    ok keytool -genkeypair -alias ca -ext bc:c=ca:true -ext ku:c=keyCertSign -keyalg RSA -dname CN=JavaCA -storetype PKCS12 \
        -keystore ca.p12 -storepass:file pw
    ok keytool -exportcert -rfc -alias ca -keystore ca.p12 -storepass:file pw -file javaca.pem
    ok safring cert import javaca.pem --owner CERTAUTH --label javaca --status trust
    ok safring ca create CERTAUTH/first --subject "CN=First CA" --key ec:P-256
    ok safring cert issue ALICE/asked --sign-with CERTAUTH/first --subject "CN=asked" --san dns:asked.example.test --key ec:P-256
    ok safring cert request ALICE/asked --out asked.csr
    ok keytool -gencert -rfc -alias ca -keystore ca.p12 -storepass:file pw -validity 30 -ext san=dns:asked.example.test \
        -infile asked.csr -outfile asked.pem
    ok safring cert import asked.pem --owner ALICE
    says "renewed ALICE/asked"
    same "$(ours ALICE/asked)" "$(prints asked.pem javaca.pem)"
fi
exit 0
