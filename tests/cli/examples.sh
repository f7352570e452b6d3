#!/usr/bin/env bash
# The examples of every command's manual page, in the order in which somebody would come to them. Both are written from the same table.
. "$(dirname "$0")/harness.sh"

ok safring --help
sed -n 's/^  \([a-z]*\( [a-z][a-z]*\)\{0,1\}\)  *[a-z].*/\1/p' "$out" | sort >commands
: >shown

# What an example says and a test may not: places outside of its directory, and a serial number that it cannot know.
in_test() { sed -e "s|/srv/pki|$home/pki|; s|/tmp/try|$home/try|; s|/srv/backup|$home|; s|/mnt/elsewhere|$home|; s|--for nobody|--for $(id -un)|; s|7FAC53A8A5B585A419C2D559D4A6E1C3|${serial:-0}|"; }
examples_of() { safring "$@" --help | sed -n '/^Examples\{0,1\}:/,$ s/^  //p' | in_test; }
shows() { # NOUN [VERB]: its examples
    local lines line
    echo "$*" >>shown
    lines=$(examples_of "$@")
    [ -n "$lines" ] || fail "$* has no examples"
    while read -r line; do
        rm -rf of-setup # three ways to begin, not one after the other
        it "shows in its manual page what works: $line"
        ok eval "$line"
    done <<<"$lines"
}

mkdir credentials
cp pw credentials/safring
cp pin credentials/zowe-pin
head -c 48 /dev/urandom | base64 >credentials/store-key
export CREDENTIALS_DIRECTORY=$home/credentials
cat >zowe.yaml <<YAML
zowe:
  setup:
    certificate:
      type: PKCS12
      pkcs12:
        directory: $home/keystore
  externalDomains: [ zowe.example.com ]
YAML
SAFRING_HOME=$home/of-setup shows setup
rm zowe.yaml

shows store init
shows store show
shows ca create
printf 'owner,label,subject,san\nALICE,node1,CN=node1,dns:node1.example.test\n' >servers.csv
shows cert issue
shows ring create
shows ring connect
shows ring list
shows ring show
shows ring export
shows ring publish
shows ring unpublish
shows cert list
shows cert show
shows cert chain
shows cert request
shows cert sign
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout partner.key -out partner.pem -days 20 -subj "/CN=partner" 2>/dev/null
openssl pkcs12 -export -in partner.pem -inkey partner.key -name partner -passout file:pw -out partner.p12
shows cert import
shows cert export
shows cert check
shows cert alter
ok safring cert alter "ZWESVUSR/old localhost" --new-label localhost
shows cert renew
shows cert rekey
shows cert rollover
serial=$(safring ca issued CERTAUTH/localca --json | jq -r '[.certificates[] | select(.in_store | not)][0].serial')
shows cert revoke
shows ca issued
shows ca crl
shows cert delete
shows ring remove
shows ring delete
shows token init
shows token list
shows token module
shows token show
shows secret generate
shows secret list
shows secret show
shows secret check
ok safring token init ZWE.DR --pin-source file:pin --so-pin-source file:sopin --if-exists keep
shows secret wrap
shows secret unwrap
printf '{"kty":"oct","k":"%s"}' "$(head -c 32 /dev/urandom | base64 -w0 | tr '+/' '-_' | tr -d =)" >partner.jwk
head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n' >shared.hex
shows secret import
shows secret delete
shows policy define
shows policy list
shows idt sign
shows idt verify
shows idt show
ok safring cert issue ZWESVUSR/localhost --sign-with CERTAUTH/localca --subject CN=localhost --san dns:localhost --if-exists keep
shows token bind
shows token unbind
shows token backup
shows token doctor
shows token restore
shows token delete
ok safring token restore zwe-idt.tar --pin-source file:pin

shows audit list
shows audit head
shows audit verify
shows store check
shows store backup
shows store restore
shows store rekey # changes what every other command needs

it "shows an example of every command"
sort shown | diff commands - >"$out" || fail "these differ"
