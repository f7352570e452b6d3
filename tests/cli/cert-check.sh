#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

given_certificates
ok safring cert export ALICE/web --format p12 --chain --with-key --password-source file:pw --out web.p12

it "shows what a file holds, how it is protected, and that the store has it"
ok safring cert check web.p12 --password-source file:pw
says "format +pkcs12, profile java, with a private key"
says "in the store ALICE/web, TRUST"
says "good: in date"
ok safring cert check web.p12 --password-source file:pw --json
same "$(field '"\(.good) \(.chain_complete) \(.has_key) \(.certificates | length) \(.certificates[0].registered.label)"')" "true true true 2 web"

it "names the profile of each p12"
for profile in modern legacy-gsk; do
    ok safring cert export ALICE/web --format p12 --with-key --password-source file:pw --p12-profile $profile --out $profile.p12
    ok safring cert check $profile.p12 --password-source file:pw --json
    same "$(field .p12_profile)" $profile
done

it "works without a store, and says no when the chain is not complete"
ok safring cert export ALICE/web --out web.pem
export SAFRING_HOME=$PWD/nowhere
refused 3 "not good" safring cert check web.pem
says "in the store no"
[ ! -e nowhere ] || fail "a store was made"
ok safring cert check web.p12 --password-source file:pw

it "says no for what is expired"
export SAFRING_HOME=$PWD/store
printf 'cn=x\nactivation_date="2020-01-01 00:00:00"\nexpiration_date="2021-01-01 00:00:00"\n' >x.cfg
certtool --generate-privkey --key-type ecdsa --outfile x.key 2>/dev/null
certtool --generate-self-signed --load-privkey x.key --template x.cfg --outfile x.pem 2>/dev/null
refused 3 "not good: .*(expired|EXPIRED)" safring cert check x.pem
it "says no for what is revoked here"
ok safring cert revoke ALICE/web
refused 3 "not good: it is revoked" safring cert check web.pem
it "says no for what a CA signed that is revoked here"
ok safring ca create CERTAUTH/sub --subject "CN=Sub" --key ec:P-256 --sign-with CERTAUTH/ca
ok safring cert issue ALICE/below --sign-with CERTAUTH/sub --subject "CN=below" --san dns:below.example.test --key ec:P-256
ok safring cert export ALICE/below --out below.pem
ok safring cert check below.pem
ok safring cert revoke CERTAUTH/sub
refused 3 "not good: it is revoked .of an issuer" safring cert check below.pem

it "asks which entry is meant when there are several keys"
ok keytool -genkeypair -keystore two.p12 -storepass "correct horse" -alias one -keyalg EC -dname CN=one
ok keytool -genkeypair -keystore two.p12 -storepass "correct horse" -alias two -keyalg EC -dname CN=two
refused 5 "one, two" safring cert check two.p12 --password-source file:pw
notes "--alias NAME"
ok safring cert check two.p12 --password-source file:pw --alias two
says "CN=two"

it "refuses a wrong password and what is no such file"
echo wrong >wrong
refused 6 "wrong password" safring cert check web.p12 --password-source file:wrong
echo junk >junk
refused 1 "junk" safring cert check junk
refused 4 "nofile" safring cert check nofile
it "says that a PBMAC1 file or an encrypted one needs something"
refused 6 "web.p12" safring cert check web.p12
notes "password-source"
