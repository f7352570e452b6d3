#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

given_certificates

it "writes the certificate as PEM to standard output"
ok safring cert export ALICE/web
openssl x509 -in "$out" -noout || fail "no certificate"
silent_on "PRIVATE"

it "writes the chain after it"
ok safring cert export ALICE/web --chain
same "$(grep -c BEGIN "$out")" 2

it "writes a private key only when asked, and only its owner can read the file"
ok safring cert export ALICE/web --with-key --out web.pem
same "$(mode_of web.pem)" 600
openssl pkey -in web.pem -noout || fail "no key"
ok safring cert export ALICE/web --out public.pem
same "$(mode_of public.pem)" 644

it "encrypts a PEM key with a password that is given"
ok safring cert export ALICE/web --with-key --password-source file:pw --out enc.pem
grep -q "BEGIN ENCRYPTED PRIVATE KEY" enc.pem || fail "not encrypted"
openssl pkey -in enc.pem -passin file:pw -noout || fail "OpenSSL cannot open it"

it "writes a PKCS#12 that OpenSSL opens with the password, and with no other"
ok safring cert export ALICE/web --format p12 --chain --with-key --password-source file:pw --out web.p12
same "$(mode_of web.p12)" 600
ok openssl pkcs12 -in web.p12 -passin file:pw -nodes
says "friendlyName: web"
says "BEGIN PRIVATE KEY"
refused 1 "Mac verify" openssl pkcs12 -in web.p12 -passin pass:wrong -nodes

it "makes up a password nobody gave, in a file that only its owner can read"
ok safring cert export ALICE/web --format p12 --with-key --out random.p12
says "its password is in random.p12.password"
same "$(mode_of random.p12.password)" 600
silent_on "$(cat random.p12.password)"
ok openssl pkcs12 -in random.p12 -passin file:random.p12.password -nokeys

it "keeps using the password that it made before, whatever became of the file"
cp random.p12.password before.password
ok safring cert export ALICE/web --format p12 --with-key --out random.p12 --if-exists replace
cmp -s random.p12.password before.password || fail "the password changed"
rm random.p12
ok safring cert export ALICE/web --format p12 --with-key --out random.p12
ok openssl pkcs12 -in random.p12 -passin file:random.p12.password -nokeys

it "leaves neither file nor password when it fails"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=x" -keyout nokey.key -out nokey.pem 2>/dev/null
ok safring cert import nokey.pem --owner ALICE --label nokey
refused 4 "ALICE/nokey" safring cert export ALICE/nokey --format p12 --with-key --out nokey.p12
[ ! -e nokey.p12 ] && [ ! -e nokey.p12.password ] || fail "something was left"

it "shows no certificate and writes nothing on a dry run"
ok safring cert export ALICE/web --with-key --dry-run
silent_on "BEGIN"
ok safring cert export ALICE/web --format p12 --with-key --out dry.p12 --dry-run --json
same "$(field '"\(.dry_run) \(.made)"')" "true false"
[ ! -e dry.p12 ] && [ ! -e dry.p12.password ] || fail "something was written"
refused 4 "nowhere" safring cert export ALICE/web --out nowhere/web.pem --dry-run

it "does not overwrite a file unless told so"
cp web.p12 before
refused 5 "web.p12" safring cert export ALICE/web --format p12 --with-key --password-source file:pw --out web.p12
cmp -s web.p12 before || fail "the file changed"
ok safring cert export ALICE/web --format p12 --with-key --password-source file:pw --out web.p12 --if-exists replace
cmp -s web.p12 before && fail "the file did not change"

it "leaves nothing half-written when it fails"
refused 4 "nowhere" safring cert export ALICE/web --out nowhere/web.pem
refused 4 "pw-not-there" safring cert export ALICE/web --format p12 --with-key --password-source file:pw-not-there --out x.p12
[ ! -e x.p12 ] || fail "x.p12 is there"
printf 'open\n' >open-pw
chmod 666 open-pw
refused 6 "open-pw" safring cert export ALICE/web --format p12 --with-key --password-source file:open-pw --out x.p12
[ ! -e x.p12 ] || fail "x.p12 is there"

it "refuses what a format cannot hold"
refused 2 "der" safring cert export ALICE/web --format der --with-key --out x.der
refused 2 "p7 holds certificates" safring cert export ALICE/web --format p7 --with-key --out x.p7
refused 2 "are for --format p12" safring cert export ALICE/web --alias x
refused 2 "trust store" safring cert export ALICE/web --format p12 --no-password --with-key --out x.p12
refused 4 "ALICE/none" safring cert export ALICE/none

it "writes PKCS#7 with the chain, as DER and as text"
ok safring cert export ALICE/web --format p7 --chain --out web.p7
ok openssl pkcs7 -inform DER -in web.p7 -print_certs
same "$(grep -c BEGIN "$out")" 2
ok safring cert export ALICE/web --format p7 --chain --armor
says "BEGIN PKCS7"

it "writes a PKCS#12 as text, which decodes to one that opens"
ok safring cert export ALICE/web --format p12 --with-key --password-source file:pw --armor --out web.b64
base64 -d web.b64 >decoded.p12
ok openssl pkcs12 -in decoded.p12 -passin file:pw -noout

it "writes each PKCS#12 for its readers, and says who will refuse it"
ok safring cert export ALICE/web --format p12 --with-key --password-source file:pw --p12-profile legacy-gsk --out gsk.p12
ok openssl pkcs12 -in gsk.p12 -passin file:pw -noout -info
notes "pbeWithSHA1And3-KeyTripleDES-CBC"
notes "MAC: sha1"
ok safring cert export ALICE/web --format p12 --with-key --password-source file:pw --p12-profile modern --out modern.p12
notes "legacy-gsk is for them|System SSL"
ok openssl pkcs12 -in modern.p12 -passin file:pw -noout -info
notes "AES-256-CBC, Iteration 210000"

it "writes a trust store that Java lists, with a password, a made one, or none"
for how in "--password-source file:pw" "" "--no-password"; do
    rm -f trust.p12 trust.p12.password
    # shellcheck disable=SC2086  # options, split on purpose
    ok safring cert export CERTAUTH/ca --format p12 --out trust.p12 $how
    same "$(mode_of trust.p12)" 644
    password="correct horse"
    [ ! -e trust.p12.password ] || password=$(cat trust.p12.password)
    [ "$how" != --no-password ] || password=
    if [ -n "$password" ]; then
        ok keytool -list -keystore trust.p12 -storepass "$password"
    else
        ok keytool -J-Dkeystore.pkcs12.macAlgorithm=NONE -list -keystore trust.p12 -storepass ""
    fi
    says "trustedCertEntry"
done

it "gives the file the mode and owner that were asked for, and keeps them when it is written anew"
ok safring cert export ALICE/web --with-key --out served.pem --mode 0640 --owner-group "$(id -un):$(id -gn)"
same "$(mode_of served.pem)" 640
ok safring cert export ALICE/web --with-key --out served.pem --if-exists replace
same "$(mode_of served.pem)" 640
if [ "$(id -u)" = 0 ]; then
    ok safring cert export ALICE/web --out served.pem --owner-group nobody:nogroup --if-exists replace
    ok safring cert export ALICE/web --out served.pem --if-exists replace
    same "$(stat -c %U:%G:%a served.pem)" nobody:nogroup:640
fi
refused 2 "mode 9" safring cert export ALICE/web --out x.pem --mode 9
refused 2 "mode 0000" safring cert export ALICE/web --out x.pem --mode 0000
refused 4 "no user nosuchuser" safring cert export ALICE/web --out x.pem --owner-group nosuchuser
refused 2 "for a file" safring cert export ALICE/web --mode 0600
[ ! -e x.pem ] || fail "x.pem is there"

it "reports the certificate as a member of the answer when there is no file"
ok safring cert export ALICE/web --json
field .pem | openssl x509 -noout || fail "no certificate"

it "puts no private key into the place of a file that everybody may read, unless told so"
ok safring cert export ALICE/web --out open.pem
for dry in "" --dry-run; do
    refused 6 "open.pem has mode 0644" safring cert export ALICE/web --with-key --out open.pem --if-exists replace $dry
    notes "hint: --mode 0600"
done
grep -q PRIVATE open.pem && fail "the key is in it"
ok safring cert export ALICE/web --with-key --out open.pem --if-exists replace --mode 0644
notes "warning: with mode 0644 others can read the private key"
ok safring cert export ALICE/web --with-key --out open.pem --if-exists replace --mode 0600
silent_on "warning"

it "takes its own password away again when the file cannot be written (with a key, recording that fails first)"
no_room() { (ulimit -f 1 && "$SAFRING" "$@"); }
refused 1 "cannot write room.p12: File too large" no_room cert export ALICE/web --format p12 --chain --out room.p12
[ ! -e room.p12 ] && [ ! -e room.p12.password ] || fail "something was left"

it "does not take a password that somebody else could have put there"
echo planted >planted.p12.password
chmod 666 planted.p12.password
refused 6 "planted.p12.password is not yours alone" safring cert export ALICE/web --format p12 --with-key --out planted.p12
rm planted.p12.password
ln -s pw planted.p12.password
refused 6 "planted.p12.password is not yours alone" safring cert export ALICE/web --format p12 --with-key --out planted.p12
[ ! -e planted.p12 ] || fail "it was written"

it "makes one password when eight export at once, and the file opens with it"
for n in 1 2 3 4 5 6 7 8; do
    { "$SAFRING" cert export ALICE/web --format p12 --with-key --out eight.p12 --if-exists replace >/dev/null 2>"notes$n" || echo "exit $?" >>"notes$n"; } &
done
wait
cat notes? >"$err"
silent_on "exit"
ok openssl pkcs12 -in eight.p12 -passin file:eight.p12.password -noout
