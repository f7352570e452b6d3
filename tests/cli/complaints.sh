#!/usr/bin/env bash
# What users of other tools complained about, with certificates: each must not happen here. The numbers are threads at github.com.
. "$(dirname "$0")/harness.sh"

given_certificates
text_of() { safring cert show "$1" --json | jq -r .pem | openssl x509 -noout -text "${@:2}"; }
days_of() { safring cert show "$1" --json | jq '((.not_after | fromdate) - (.not_before | fromdate)) / 86400 | round'; }

it "stops at what is no certificate and names the file (zowe/zowe-install-packaging#3977: failed deep inside keytool)"
echo "no certificate" >ca.cer
refused 1 "ca.cer is neither PKCS#12 nor" safring cert import ca.cer --owner CERTAUTH
refused 4 "no certificate CERTAUTH/ca2" safring cert issue ALICE/x --sign-with CERTAUTH/ca2 --subject CN=x --san dns:x

it "says which readers refuse a p12, and which profile one has (zowe-install-packaging#3329, docs-site#2459: ZWES1060W)"
ok safring cert export ALICE/web --format p12 --with-key --password-source file:pw --out java.p12
notes "System SSL.* refuse it.* legacy-gsk is for them"
ok safring cert export ALICE/web --format p12 --with-key --password-source file:pw --p12-profile legacy-gsk --out gsk.p12
ok safring cert check gsk.p12 --password-source file:pw --json
same "$(field .p12_profile)" legacy-gsk

it "keeps rounds below what Windows takes, 600 000 (hwdsl2/setup-ipsec-vpn#414)"
for profile in java modern legacy-gsk; do
    ok safring cert export ALICE/web --format p12 --with-key --password-source file:pw --p12-profile $profile --out rounds.p12 --if-exists replace
    ok safring cert check rounds.p12 --password-source file:pw --json
    [ "$(field .rounds)" -le 600000 ] || fail "too many rounds"
done

it "issues for 397 days, which browsers take, and CAs for longer (zowe-install-packaging#1205: ten years)"
same "$(days_of ALICE/web) $(days_of CERTAUTH/ca)" "397 3650"

it "gives Zowe an RSA key unless another is asked for (api-layer#4105: EC certificates break JWT signing)"
ok safring cert issue ALICE/zowe --sign-with CERTAUTH/ca --profile zowe --subject CN=zowe --san dns:zowe --json
same "$(field .key_type)" rsa

it "takes labels with blanks in every verb (zowe-install-packaging#2089)"
ok safring cert issue "ALICE/my web server" --sign-with CERTAUTH/ca --subject CN=x --san dns:x
ok safring cert renew "ALICE/my web server"
ok safring cert rekey "ALICE/my web server" --new-label "my new server" --sign-with CERTAUTH/ca
ok safring cert rollover "ALICE/my web server" --to "my new server"
ok safring cert revoke "ALICE/my web server"
ok safring cert delete "ALICE/my web server"

it "checks the length of a label before anything is made (zowe-install-packaging#1666: overflowed the JCL line)"
refused 2 "label has 1 to 32 bytes" safring cert issue ALICE/abcdefghijklmnopqrstuvwxyzabcdefg --sign-with CERTAUTH/ca --subject CN=x --san dns:x

it "takes many names and lists revocations (zowe-install-packaging#1653: one domain, no CRL)"
ok safring cert issue ALICE/many --sign-with CERTAUTH/ca --subject CN=many --san "$(seq -s, -f 'dns:h%g.example.test' 100)"
same "$(text_of ALICE/many | grep -o DNS: | wc -l)" 100
ok safring ca crl CERTAUTH/ca --out many.crl

it "tells certificates with the same key apart by label (zowe-install-packaging#2157: adding one replaced, deleting one removed another)"
ok safring cert export ALICE/web --with-key --out web.pem
ok safring cert request ALICE/web --out copy.csr
ok safring cert sign copy.csr --sign-with CERTAUTH/ca --out copy.pem
ok safring cert import copy.pem --owner BOB --label copy
says "added BOB/copy"
ok safring cert delete BOB/copy
ok safring cert export ALICE/web --with-key --out still.pem
cmp -s web.pem still.pem || fail "the other one is not what it was"

it "reads an intermediate chain in any order (zowe-install-packaging#3946)"
ok safring ca create CERTAUTH/sub --subject "CN=Sub" --sign-with CERTAUTH/ca
ok safring cert issue ALICE/leaf --sign-with CERTAUTH/sub --subject CN=leaf --san dns:leaf
for name in CERTAUTH/sub CERTAUTH/ca ALICE/leaf; do safring cert export $name >>mixed.pem; done
safring cert export ALICE/leaf --with-key | sed -n '/PRIVATE/,/PRIVATE/p' >>mixed.pem
ok safring cert import mixed.pem --owner CAROL --label leaf --status trust --store "$home/elsewhere"
ok safring cert chain CAROL/leaf --store "$home/elsewhere"
says "3 certificates, the chain is complete"

it "writes no private key unless asked (docs-site#4428), nor its value into a listing"
ok safring cert export ALICE/web --chain
silent_on "PRIVATE KEY"
ok safring cert show ALICE/web --json
silent_on "PRIVATE KEY"

it "takes no password on the command line, and repeats none (zowe-install-packaging#4866; pkcs11-provider#776: PIN in the process list)"
refused 2 "takes a place, not the secret itself" safring cert export ALICE/web --format p12 --with-key --password-source s3cr3t --out x.p12
silent_on s3cr3t
refused 2 "takes a place, not the secret itself" safring cert renew ALICE/web --pin-source s3cr3t
silent_on s3cr3t
refused 2 "no option --password" safring cert export ALICE/web --format p12 --password=s3cr3t --out x.p12
silent_on s3cr3t
[ ! -e x.p12 ] || fail "a file was written"

it "says whether a certificate is good before a server starts, for programs too (zowe-install-packaging#4554)"
safring cert export ALICE/web --chain >chain.pem
ok safring cert check chain.pem --json
same "$(field '"\(.good) \(.chain_complete)"')" "true true"

it "leaves the old output when it fails (openssl#6544: an empty file; zowe: the directory was gone before the new one was there)"
echo "old" >old.pem
refused 4 "no certificate ALICE/none" safring cert export ALICE/none --out old.pem --if-exists replace
refused 4 "no certificate CERTAUTH/none" safring ca crl CERTAUTH/none --out old.pem --if-exists replace
same "$(cat old.pem)" old

it "keeps the certificate when a renewal fails (easy-rsa#572), and the key when a passphrase is wrong (easy-rsa#204)"
before=$(safring cert show ALICE/web --json | jq -r .fingerprint_sha256)
ok safring cert alter CERTAUTH/ca --status notrust
refused 5 "CERTAUTH/ca" safring cert renew ALICE/web
ok safring cert alter CERTAUTH/ca --status trust
same "$(safring cert show ALICE/web --json | jq -r .fingerprint_sha256)" "$before"
echo wrong >wrong
refused 6 "password" safring cert import java.p12 --owner ALICE --password-source file:wrong
ok safring cert export ALICE/web --with-key --out after.pem
cmp -s web.pem after.pem || fail "the key is another"

it "overwrites no request and no CA by accident (mkcert#304, puppet-k8s#40)"
ok safring cert request ALICE/web --out web.csr
refused 5 "web.csr is there already" safring cert request ALICE/web --out web.csr
refused 5 "CERTAUTH/ca exists already" safring ca create CERTAUTH/ca --subject "CN=Test CA"

it "gives different serial numbers when many sign at once (openssl#2867)"
for n in 1 2 3 4 5 6 7 8; do
    "$SAFRING" cert issue "BOB/n$n" --sign-with CERTAUTH/ca --subject CN=n$n --san dns:n$n --serial sequential >/dev/null 2>>"$err" &
done
wait
same "$(safring cert list --owner BOB --json | jq '[.certificates[].serial] | unique | length')" 8

it "keeps the key at a renewal and makes one at a rekey (easy-rsa#609: renew made a new key)"
key_of() { safring cert show "$1" --json | jq -r .pem | openssl x509 -noout -pubkey; }
key=$(key_of ALICE/web)
ok safring cert renew ALICE/web
same "$(key_of ALICE/web)" "$key"
ok safring cert rekey ALICE/web --new-label web2 --sign-with CERTAUTH/ca
[ "$(key_of ALICE/web2)" != "$key" ] || fail "the key is the old one"

it "has the PEM in the JSON of a listing (step#1609; certbot#3909: no listing for programs)"
ok safring cert list --json
same "$(field '[.certificates[] | select(.pem | startswith("-----BEGIN CERTIFICATE-----") | not)] | length')" 0

it "takes name constraints and path length without a template (step#718, certstrap#92)"
ok safring ca create CERTAUTH/narrow --subject CN=Narrow --sign-with CERTAUTH/ca --path-len 0 --permit-dns example.test
refused 5 "CERTAUTH/narrow" safring cert issue ALICE/out --sign-with CERTAUTH/narrow --subject CN=x --san dns:elsewhere.invalid

it "grants the names that a request asks for, and says what it drops (openssl#10458: they vanished)"
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=asked -keyout asked.key -out asked.csr \
    -addext subjectAltName=DNS:asked.example.test -addext basicConstraints=CA:TRUE 2>/dev/null
ok safring cert sign asked.csr --sign-with CERTAUTH/ca --out asked.pem
notes "dropped "
ok openssl x509 -in asked.pem -noout -ext subjectAltName
says "DNS:asked.example.test"

it "can revoke whatever it has signed (cfssl#1104: issued and not recorded)"
serial=$(openssl x509 -in asked.pem -noout -serial | sed "s/.*=0*//")
ok safring cert revoke --issuer CERTAUTH/ca --serial "$serial" --reason superseded
ok safring ca issued CERTAUTH/ca --revoked
says "$serial"

it "names the p12's entry as asked, else by the label (mkcert#316, cert-manager#7066: hard-coded)"
ok safring cert export ALICE/web --format p12 --with-key --password-source file:pw --alias zowe --out alias.p12
ok openssl pkcs12 -in alias.p12 -passin file:pw -nokeys
says "friendlyName: zowe"

it "gives a server's certificate its own name, not its CA's, and the usages of its profile (zowe: init used the CA's, --key-usage was ignored)"
text_of ALICE/web >"$out"
says "Subject: CN = www.example.test"
says "Issuer: CN = Test CA"
says "Digital Signature"
says "TLS Web Server Authentication"

it "says when it cannot give a file away, and writes none (zowe: chown's failure was ignored, files became executable)"
chmod 755 "$home"
mkdir -m 777 open
cat >asked-nobody <<SH2
exec setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=/ "$SAFRING" "\$@"
SH2
if [ "$(id -u)" = 0 ]; then
    ok sh asked-nobody ca create CERTAUTH/n --subject CN=n --store "$home/open/store"
    refused 6 "cannot give open/n.pem its owner" sh asked-nobody cert export CERTAUTH/n --store "$home/open/store" --out open/n.pem --owner-group root
    notes "only root gives files"
    [ ! -e open/n.pem ] || fail "a file was written"
    ok sh asked-nobody cert export CERTAUTH/n --store "$home/open/store" --out open/n.pem
    same "$(mode_of open/n.pem)" 644
fi

it "fails with an exit code that is not 0, and one that tells why (cfssl#261, keyring-util: 0 on failure)"
refused 2 "verb" safring cert
refused 4 "no certificate" safring cert show ALICE/none
refused 5 "exists" safring cert issue ALICE/web --sign-with CERTAUTH/ca --subject CN=x --san dns:x
refused 6 "password" safring cert check java.p12 --password-source file:wrong

it "never asks when nobody is there to answer (easy-rsa#1206)"
refused 6 "java.p12|password" safring cert import java.p12 --owner ALICE
notes "hint: --password-source"
