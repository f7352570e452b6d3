#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

# A foreign CA and a server's certificate, as a user brings them.
given_foreign_keystore() {
    openssl req -x509 -newkey rsa:2048 -nodes -keyout fca.key -out fca.pem -days 30 -subj "/CN=Foreign CA" \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
    openssl req -newkey rsa:2048 -nodes -keyout srv.key -out srv.csr -subj "/CN=foreign.example.com" 2>/dev/null
    printf 'subjectAltName=DNS:foreign.example.com\nextendedKeyUsage=serverAuth,clientAuth\n' >ext
    openssl x509 -req -in srv.csr -CA fca.pem -CAkey fca.key -CAcreateserial -days 20 -extfile ext -out srv.pem 2>/dev/null
    openssl pkcs12 -export -in srv.pem -inkey srv.key -certfile fca.pem -name myalias -passout pass:importpw -out foreign.p12
}

scenario_1() {
    cat >zowe.yaml <<'YAML'
# a comment that stays
zowe:
  setup:
    certificate:
      type: PKCS12
      pkcs12:
        directory: /var/zowe/keystore
      san: [ zowe.example.com, 10.1.2.3, "::1" ]   # flow style
  externalDomains: [ other.example.com ]
YAML
}

# SoftHSM rewrites its object files at each login.
tree_sums() { find root -type f ! -path '*/store.db*' ! -path '*/tokens/*' -exec sha256sum {} + | sort; }

it "prints a plan on a dry run and changes nothing"
scenario_1
ok safring setup --config zowe.yaml --root root --store root/store --dry-run
says "to do +.*CERTAUTH/local_ca"
says "to do +.*localhost.keystore.p12"
[ ! -e root ] || fail "root is there"
sed -n 's/^  to do *//p' "$out" >planned

it "does on the real run what the dry run planned"
ok safring setup --config zowe.yaml --root root --store root/store
sed -n 's/^  done *//p' "$out" >made
ok diff planned made

it "leaves Zowe's file layout, and lets only its owner at the secrets"
keystore=root/var/zowe/keystore
for file in local_ca/local_ca.keystore.p12 local_ca/local_ca.cer localhost/localhost.keystore.p12 localhost/localhost.truststore.p12 \
    localhost/localhost.cer localhost/localhost.key; do
    [ -f "$keystore/$file" ] || fail "no $file"
done
for file in local_ca/local_ca.keystore.p12 localhost/localhost.keystore.p12 localhost/localhost.key; do
    case $(mode_of "$keystore/$file") in 400 | 600) ;; *) fail "$file has mode $(mode_of "$keystore/$file")" ;; esac
done
ok openssl verify -x509_strict -purpose sslserver -verify_hostname zowe.example.com -CAfile $keystore/local_ca/local_ca.cer $keystore/localhost/localhost.cer
ok openssl verify -verify_ip 10.1.2.3 -CAfile $keystore/local_ca/local_ca.cer $keystore/localhost/localhost.cer
ok openssl x509 -in $keystore/localhost/localhost.cer -noout -text
says "rsaEncryption"
silent_on "other.example.com"

it "replaces missing passwords by random ones in a private file, and prints none of them"
ok safring setup --config zowe.yaml --root root --store root/store
secrets=$(find root/store/setup -name '*.yaml')
same "$(mode_of "$secrets")" 600
password=$(sed -n 's/^ *password: *"\{0,1\}\([^"]*\)"\{0,1\}$/\1/p' "$secrets" | head -1)
[ "${#password}" -ge 20 ] || fail "the password is \"$password\""
silent_on "$password"
says 'password: .?\*+'
ok openssl pkcs12 -in $keystore/localhost/localhost.keystore.p12 -passin "pass:$password" -nokeys

it "changes nothing the second time, and says so"
before=$(tree_sums)
ok safring setup --config zowe.yaml --root root --store root/store --json
same "$(field .changed)" false
same "$(field '[.steps[] | select(.state != "unchanged")] | length')" 0
same "$(tree_sums)" "$before"

it "keeps the certificates in the store, where they can be renewed"
ok safring cert list --store root/store --json
same "$(field '[.certificates[] | "\(.owner)/\(.label):\(.has_key):\(.key_type)"] | join(" ")')" "CERTAUTH/local_ca:true:rsa ZWESVUSR/localhost:true:rsa"

it "signs and verifies identity tokens with what it made"
zpin=root/store/setup/ZWE.IDT.pin
same "$(mode_of $zpin)" 600
ok safring secret list --store root/store --token ZWE.IDT --pin-source file:$zpin --json
same "$(field '.secrets[] | "\(.label) \(.bytes)"')" "jwtsecret 64"
ok safring idt sign --store root/store --appl ZOWEAPPL --user IBMUSER --pin-source file:$zpin
cp "$out" t
ok_from t safring idt verify --store root/store --appl ZOWEAPPL --user IBMUSER --pin-source file:$zpin
says "^good"

it "completes what a lost file left"
chmod -R u+w root
rm root/var/zowe/keystore/localhost/localhost.truststore.p12
ok safring setup --config zowe.yaml --root root --store root/store
says "done +.*truststore"
[ -f root/var/zowe/keystore/localhost/localhost.truststore.p12 ] || fail "it is not there"

it "does not overwrite a keystore that is not its own"
chmod -R u+w root
printf 'not a keystore' >root/var/zowe/keystore/localhost/localhost.keystore.p12
refused 5 "localhost.keystore.p12" safring setup --config zowe.yaml --root root --store root/store
same "$(cat root/var/zowe/keystore/localhost/localhost.keystore.p12)" "not a keystore"
rm -rf root

it "takes well-known passwords only when told so"
cat >zowe.yaml <<'YAML'
zowe:
  setup:
    certificate:
      type: PKCS12
      pkcs12:
        directory: /var/zowe/keystore
        password: password
        lock: false
  externalDomains: [ zowe.example.com ]
YAML
ok safring setup --config zowe.yaml --root root --no-idt --store s1
refused 1 "." openssl pkcs12 -in root/var/zowe/keystore/localhost/localhost.keystore.p12 -passin pass:password -nokeys
chmod -R u+w root && rm -rf root
ok safring setup --config zowe.yaml --root root --no-idt --store s2 --keep-default-passwords
ok openssl pkcs12 -in root/var/zowe/keystore/localhost/localhost.keystore.p12 -passin pass:password -nokeys
rm -rf root

it "writes the block into the configuration and leaves every other byte"
cat >zowe.yaml <<'YAML'
# top comment
zowe:
  setup:
    certificate:
      type: PKCS12
      pkcs12:
        directory: /var/zowe/keystore   # where
  externalDomains:
    - zowe.example.com
  certificate:   # what servers read
    keystore:
      type: PKCS12
      file: old.p12       # a path
      password: password
      alias: old
    # between
    truststore:
      type: PKCS12
      file: old.trust.p12
      password: password
    pem:
      key: old.key
      certificate: old.cer
      certificateAuthorities: old.ca

  verifyCertificates: STRICT
# the end
YAML
cp zowe.yaml before.yaml
ok safring setup --config zowe.yaml --root root --no-idt --store s3 --update-config
says "config|zowe.yaml"
grep -Eq '^      file: "?/var/zowe/keystore/localhost/localhost.keystore.p12"? +# a path$' zowe.yaml || fail "$(cat zowe.yaml)"
same "$(grep -vE '(file|password|alias|key|certificate|certificateAuthorities): *[^ #]' zowe.yaml)" \
    "$(grep -vE '(file|password|alias|key|certificate|certificateAuthorities): *[^ #]' before.yaml)"
case $(mode_of zowe.yaml) in *0) ;; *) fail "others can read the password in zowe.yaml" ;; esac
cp zowe.yaml after.yaml
ok safring setup --config zowe.yaml --root root --no-idt --store s3 --update-config
cmp -s zowe.yaml after.yaml || fail "the second run changed it"
chmod -R u+w root && rm -rf root

it "imports a keystore (scenario 2)"
given_foreign_keystore
cat >zowe.yaml <<YAML
zowe:
  setup:
    certificate:
      type: PKCS12
      pkcs12:
        directory: /var/zowe/keystore
        name: localhost
        import:
          keystore: $home/foreign.p12
          password: importpw
          alias: myalias
      importCertificateAuthorities:
        - $home/fca.pem
YAML
ok safring setup --config zowe.yaml --root root --no-idt --store s4
silent_on importpw
ok openssl verify -purpose sslserver -CAfile fca.pem root/var/zowe/keystore/localhost/localhost.cer
ok safring cert list --store s4 --json
field '[.certificates[] | "\(.owner):\(.has_key)"] | join(" ")' | grep -q "ZWESVUSR:true" || fail "not in the store"
ok safring setup --config zowe.yaml --root root --no-idt --store s4 --json
same "$(field .changed)" false

it "says that the imported keystore's password is wrong, or the file not there, and leaves nothing"
sed -i 's/password: importpw/password: wrongpw/' zowe.yaml
refused 6 "foreign.p12" safring setup --config zowe.yaml --root root2 --no-idt --store s5
silent_on "wrongpw"
sed -i 's/foreign.p12/absent.p12/' zowe.yaml
refused 4 "absent.p12" safring setup --config zowe.yaml --root root2 --no-idt --store s5
[ ! -e root2 ] && [ ! -e s5 ] || fail "something was made"
chmod -R u+w root && rm -rf root

it "fills a ring with generated certificates (scenario 3)"
cat >zowe.yaml <<'YAML'
zowe:
  setup:
    security:
      users:
        zowe: ZOWEUSR
    certificate:
      type: JCERACFKS
      keyring:
        name: ZoweKeyring
  externalDomains: [ zowe.example.com ]
YAML
ok safring setup --config zowe.yaml --no-idt --store s6
says "safkeyring://ZOWEUSR/ZoweKeyring"
says 'password: "?password"?$'
ok safring ring show ZOWEUSR/ZoweKeyring --store s6 --json
same "$(field '[.connections[] | "\(.owner)/\(.label):\(.usage):\(.default)"] | sort | join(" ")')" \
    "CERTAUTH/localca:CERTAUTH:false ZOWEUSR/localhost:PERSONAL:true"
ok safring setup --config zowe.yaml --no-idt --store s6 --json
same "$(field .changed)" false

it "connects a certificate that the store has (scenario 4)"
cat >zowe.yaml <<'YAML'
zowe:
  setup:
    certificate:
      type: JCERACFKS
      keyring:
        name: Connected
        connect:
          user: ZOWEUSR
          label: localhost
      importCertificateAuthorities:
        - localca
YAML
ok safring setup --config zowe.yaml --no-idt --store s6
ok safring ring show ZWESVUSR/Connected --store s6 --json
same "$(field '[.connections[] | "\(.owner)/\(.label):\(.usage):\(.default)"] | sort | join(" ")')" \
    "CERTAUTH/localca:CERTAUTH:false ZOWEUSR/localhost:PERSONAL:true"
sed -i 's/label: localhost/label: absent/' zowe.yaml
refused 4 "ZOWEUSR/absent" safring setup --config zowe.yaml --no-idt --store s6

it "imports a PKCS#12 file into a ring (scenario 5)"
cat >zowe.yaml <<YAML
zowe:
  setup:
    certificate:
      type: JCERACFKS
      keyring:
        name: Imported
        label: server
        import:
          dsName: $home/foreign.p12
          password: importpw
YAML
ok safring setup --config zowe.yaml --no-idt --store s7
ok safring ring show ZWESVUSR/Imported --store s7 --json
same "$(field '[.connections[] | "\(.owner):\(.usage):\(.default)"] | sort | join(" ")')" "CERTAUTH:CERTAUTH:false ZWESVUSR:PERSONAL:true"

it "makes a second installation with the CA of the first"
for name in one two; do
    printf 'zowe:\n  setup:\n    certificate:\n      type: PKCS12\n      pkcs12:\n        directory: /ks\n        name: %s\n  externalDomains: [ zowe.example.com ]\n' $name >zowe.yaml
    ok safring setup --config zowe.yaml --root shared --no-idt --store s8
    ok openssl verify -CAfile shared/ks/local_ca/local_ca.cer shared/ks/$name/$name.cer
done

it "says when a publication does not follow"
ok safring ring publish '*AUTH*/*' --for "$(id -un)" --to cas --store s7
touch cas/mine
printf 'zowe:\n  setup:\n    certificate:\n      type: PKCS12\n      pkcs12:\n        directory: /ks\n  externalDomains: [ zowe.example.com ]\n' >zowe.yaml
ok safring setup --config zowe.yaml --root followed --no-idt --store s7
notes "1 publication could not be written or removed: .*mine"
notes "safring ring publish --due"

it "completes a token that was begun, with its security officer's PIN only"
ok safring store init --store s9
ok env SOFTHSM2_CONF="$home/s9/softhsm2.conf" pkcs11-tool --module /usr/lib/softhsm/libsofthsm2.so --init-token --slot-index 0 --label ZWE.IDT --so-pin 87654321
refused 6 "was begun" safring setup --config zowe.yaml --root begun --store s9
ok safring setup --config zowe.yaml --root begun --store s9 --so-pin-source file:sopin
ok safring idt sign --store s9 --appl ZOWEAPPL --user U --pin-source file:s9/setup/ZWE.IDT.pin

it "does not build a policy on a key that is too short for it"
ok safring token init ZWE.IDT --store s10 --pin-source file:pin --so-pin-source file:sopin
ok safring secret generate --store s10 --token ZWE.IDT --label jwtsecret --alg HS256 --pin-source file:pin
refused 5 "too short" safring setup --config zowe.yaml --root short --store s10 --pin-source file:pin

it "says where a configuration is wrong"
: >empty.yaml
refused 2 "no zowe section" safring setup --config empty.yaml --root none --update-config
[ ! -e none ] && [ ! -s empty.yaml ] || fail "something was made"
printf 'zowe:\n  setup:\n    certificate:\n      type: PKCS12\n      pkcs12:\n        password: p\303\244ss-4711\n' >bad.yaml
refused 2 "bad.yaml:6:.*pkcs12.password" safring setup --config bad.yaml --root none
silent_on "ss-4711"
printf 'zowe:\n  setup: [\n' >bad.yaml
refused 1 "bad.yaml.*[0-9]" safring setup --config bad.yaml
printf 'zowe:\n  setup:\n    certificate:\n      type: NOSUCH\n' >bad.yaml
refused 2 "zowe.setup.certificate.type" safring setup --config bad.yaml
printf 'zowe:\n  setup:\n    certificate:\n      type: PKCS12\n      validity: never\n' >bad.yaml
refused 2 "validity" safring setup --config bad.yaml
refused 4 "absent.yaml" safring setup --config absent.yaml

it "works on Zowe's own example, unmodified"
example=$SOURCE_DIR/../shared/data/zowe/example-zowe.yaml
if [ -f "$example" ]; then
    cp "$example" example.yaml
    chmod 600 example.yaml
    cp example.yaml untouched.yaml
    ok safring setup --config example.yaml --root rootx
    cmp -s example.yaml untouched.yaml || fail "the configuration changed"
    ok safring setup --config example.yaml --root rootx --update-config
    ok safring setup --config example.yaml --root rootx --update-config --json
    same "$(field .changed)" false
    diff untouched.yaml example.yaml >changes
    [ "$(grep -c '^>' changes)" -le 9 ] || fail "more lines changed than the block has"
fi
