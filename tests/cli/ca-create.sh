#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

it "makes a self-signed CA that OpenSSL accepts"
ok safring ca create CERTAUTH/root --subject "CN=Root,O=Example\\, Inc.,C=CZ" --json
same "$(field '"\(.owner)/\(.label) \(.has_key) \(.ca) \(.key_type)"')" "CERTAUTH/root true true ec:P-384"
same "$(field .subject)" 'CN=Root,O=Example\, Inc.,C=CZ'
field .pem >root.pem
ok openssl verify -x509_strict -CAfile root.pem root.pem
ok openssl x509 -in root.pem -noout -ext basicConstraints,keyUsage
says "CA:TRUE"
says "Certificate Sign, CRL Sign"

it "makes a CA below it, with a path length"
ok safring ca create CERTAUTH/sub --subject "CN=Sub" --sign-with CERTAUTH/root --path-len 0 --json
field .pem >sub.pem
ok openssl verify -x509_strict -CAfile root.pem sub.pem
refused 5 "path length" safring ca create CERTAUTH/subsub --subject "CN=SubSub" --sign-with CERTAUTH/sub

it "refuses a label that is taken, unless told to keep it"
refused 5 "CERTAUTH/root" safring ca create CERTAUTH/root --subject "CN=Other"
ok safring ca create CERTAUTH/root --subject "CN=Other" --if-exists keep --json
same "$(field .made)" false

it "says what is wrong with a subject, a key kind, an owner or a label"
refused 2 "subject|attribute" safring ca create CERTAUTH/x --subject "nonsense"
refused 2 "rsa:3072" safring ca create CERTAUTH/x --subject "CN=x" --key rsa:1024
refused 2 "NINECHARS|owner" safring ca create NINECHARS/x --subject "CN=x"
refused 2 "OWNER/LABEL" safring ca create CERTAUTH/ --subject "CN=x"
refused 2 "label" safring ca create "CERTAUTH/$(printf 'a%.0s' {1..33})" --subject "CN=x"
refused 2 "subject DN is missing" safring ca create CERTAUTH/x

it "changes nothing on a dry run"
ok safring ca create CERTAUTH/dry --subject "CN=Dry" --dry-run
says "dry run"
refused 4 "CERTAUTH/dry" safring cert show CERTAUTH/dry

it "signs with a stored CA only"
refused 4 "CERTAUTH/none" safring ca create CERTAUTH/x --subject "CN=x" --sign-with CERTAUTH/none
