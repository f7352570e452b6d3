#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

ok safring ca create CERTAUTH/ca --subject "CN=Test CA" --key ec:P-256
request() { # NAME [openssl req options]
    local name=$1
    shift
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$name" -keyout "$name.key" -out "$name.csr" "$@" 2>/dev/null
}

it "grants the names that were asked for"
request web -addext "subjectAltName=DNS:web.example.test,IP:10.1.2.3"
ok safring cert sign web.csr --sign-with CERTAUTH/ca --profile server --out web.pem
ok openssl x509 -in web.pem -noout -text
says "DNS:web.example.test, IP Address:10.1.2.3"
says "TLS Web Server Authentication"
ok safring cert export CERTAUTH/ca --out ca.pem
ok openssl verify -CAfile ca.pem web.pem
it "warns when nothing names the server"
request nameless
ok safring cert sign nameless.csr --sign-with CERTAUTH/ca --out nameless.pem
notes "warning: neither the request nor --san names the server"
it "records it: it can be listed and revoked"
ok safring ca issued CERTAUTH/ca
says "\(request\) .*CN=web"

it "drops what it does not grant, and says so"
request greedy -addext "subjectAltName=DNS:greedy.example.test" -addext basicConstraints=CA:TRUE -addext keyUsage=keyCertSign,digitalSignature \
    -addext 1.2.3.4=ASN1:UTF8String:x
ok safring cert sign greedy.csr --sign-with CERTAUTH/ca --out greedy.pem
notes "dropped .*1.2.3.4"
notes "dropped .*keyCertSign"
notes "dropped .*(basicConstraints|CA:TRUE|CA)"
ok openssl x509 -in greedy.pem -noout -text
says "CA:FALSE"
silent_on "1.2.3.4:"

it "puts the administrator's names in the place of the request's"
ok safring cert sign web.csr --sign-with CERTAUTH/ca --subject CN=other --san dns:other.example.test --out other.pem
ok openssl x509 -in other.pem -noout -subject -ext subjectAltName
says "CN = other"
silent_on "web.example.test"

it "signs a CA when told to, and only one that wants to be one"
request sub -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
ok safring cert sign sub.csr --sign-with CERTAUTH/ca --profile ca --path-len 0 --out sub.pem
ok openssl x509 -in sub.pem -noout -text
says "CA:TRUE, pathlen:0"
request notca -addext keyUsage=critical,digitalSignature
refused 5 "keyCertSign" safring cert sign notca.csr --sign-with CERTAUTH/ca --profile ca

it "refuses a request whose signature does not verify"
openssl req -in web.csr -outform DER -out bad.csr
size=$(stat -c %s bad.csr)
printf '\x00' | dd of=bad.csr bs=1 seek=$((size - 3)) conv=notrunc 2>/dev/null
refused 5 "signature" safring cert sign bad.csr --sign-with CERTAUTH/ca
it "refuses a weak key"
openssl req -newkey rsa:1024 -nodes -subj /CN=weak -keyout weak.key -out weak.csr 2>/dev/null
refused 1 "1024|2048" safring cert sign weak.csr --sign-with CERTAUTH/ca
it "refuses what is no request, and names the file"
echo hello >junk
refused 1 "junk" safring cert sign junk --sign-with CERTAUTH/ca
refused 1 "web.pem" safring cert sign web.pem --sign-with CERTAUTH/ca
refused 4 "nofile" safring cert sign nofile --sign-with CERTAUTH/ca
head -c 10000000 /dev/zero >big
refused 1 "big" safring cert sign big --sign-with CERTAUTH/ca
it "does not overwrite, and signs nothing then"
count=$(safring ca issued CERTAUTH/ca | wc -l)
refused 5 "web.pem is there already" safring cert sign web.csr --sign-with CERTAUTH/ca --out web.pem
same "$(safring ca issued CERTAUTH/ca | wc -l)" "$count"
it "reads standard input and writes standard output"
ok_from web.csr safring cert sign - --sign-with CERTAUTH/ca
cp "$out" stdout.pem
ok openssl x509 -in stdout.pem -noout
it "records nothing on a dry run"
count=$(safring ca issued CERTAUTH/ca | wc -l)
ok safring cert sign web.csr --sign-with CERTAUTH/ca --out dry.pem --dry-run
[ ! -e dry.pem ] || fail "a file was written"
same "$(safring ca issued CERTAUTH/ca | wc -l)" "$count"
it "gives nobody a certificate on a dry run: it would be valid, and unknown to revocation"
ok safring cert sign web.csr --sign-with CERTAUTH/ca --dry-run --json
same "$(field '"\(.pem) \(.fingerprint_sha256) \(.made)"')" "null null false"
ok safring cert sign web.csr --sign-with CERTAUTH/ca --json
same "$(field .pem | openssl x509 -noout -subject)" "subject=CN = web"

it "signs nothing when it could not write the answer"
count=$(safring ca issued CERTAUTH/ca | wc -l)
mkdir directory
ln -s web.pem link
for dry in "" --dry-run; do
    refused 5 "directory is a directory" safring cert sign web.csr --sign-with CERTAUTH/ca --out directory --if-exists replace $dry
    refused 5 "directory is a directory" safring cert sign web.csr --sign-with CERTAUTH/ca --out directory --if-exists keep $dry
    refused 5 "link is a symbolic link" safring cert sign web.csr --sign-with CERTAUTH/ca --out link --if-exists replace $dry
    refused 5 "/dev/null is no regular file" safring cert sign web.csr --sign-with CERTAUTH/ca --out /dev/null --if-exists replace $dry
    refused 2 "new/ does not name a file" safring cert sign web.csr --sign-with CERTAUTH/ca --out new/ $dry
    refused 4 "web.csr: it is not a directory" safring cert sign web.csr --sign-with CERTAUTH/ca --out web.csr/x $dry
    refused 1 "File name too long" safring cert sign web.csr --sign-with CERTAUTH/ca --out "$(printf 'a%.0s' $(seq 300))" $dry
done
same "$(safring ca issued CERTAUTH/ca | wc -l)" "$count"

it "says how to have the certificate again when standard output is full"
"$SAFRING" cert sign web.csr --sign-with CERTAUTH/ca >/dev/full 2>"$err" && fail "it did not notice"
notes "hint: it is signed and recorded.*--serial [0-9A-F]+"
