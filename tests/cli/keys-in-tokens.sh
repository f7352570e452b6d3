#!/usr/bin/env bash
# Certificates whose private keys are in a PKCS#11 token: a CA issues from there like any other.
. "$(dirname "$0")/harness.sh"

given_token
pins="--pin-source file:pin"
# shellcheck disable=SC2086  # options, split on purpose
safring_token() { safring "$@" $pins; }
keys_in_token() {
    SOFTHSM2_CONF=$home/store/softhsm2.conf pkcs11-tool --module "$(find /usr/lib -name libsofthsm2.so | head -1)" --token-label ZWE.IDT \
        --login --pin 1234567 --list-objects --type privkey 2>/dev/null | grep -c '^Private Key'
}

it "makes a CA whose key is in the token, and signs with it"
ok safring_token ca create CERTAUTH/tca --subject "CN=Token CA" --key 'token:ZWE.IDT;object=tca;type=ec:P-256' --json
same "$(field '"\(.has_key) \(.key_uri | test("^pkcs11:token=ZWE.IDT;object=tca;id=.*type=private"))"')" "true true"
ok safring_token cert issue ALICE/web --sign-with CERTAUTH/tca --subject CN=web --san dns:web.example.test
ok safring cert export CERTAUTH/tca --out tca.pem
ok safring cert export ALICE/web --out web.pem
ok openssl verify -CAfile tca.pem web.pem

it "issues a server certificate whose key is in the token, RSA too, and puts it beside the key"
ok safring_token cert issue ALICE/hsm --sign-with CERTAUTH/tca --subject CN=hsm --san dns:hsm.example.test --key 'token:ZWE.IDT;type=rsa:2048'
says "rsa:2048, in a token"
same "$(keys_in_token)" 2
export SOFTHSM2_CONF=$home/store/softhsm2.conf
ok pkcs11-tool --module "$(find /usr/lib -name libsofthsm2.so | head -1)" --token-label ZWE.IDT --list-objects --type cert
says "label: +hsm"
unset SOFTHSM2_CONF

it "renews, requests, signs CRLs and requests with keys of the token"
ok safring_token cert renew ALICE/hsm
ok safring_token cert renew CERTAUTH/tca
ok safring_token cert request ALICE/hsm --out hsm.csr
ok openssl req -in hsm.csr -verify -noout
ok safring_token cert sign hsm.csr --sign-with CERTAUTH/tca --out hsm.pem
ok safring cert import hsm.pem --owner ALICE
says "renewed ALICE/hsm"
ok safring cert revoke ALICE/web
ok safring_token ca crl CERTAUTH/tca --out tca.crl
ok openssl crl -in tca.crl -noout -CAfile tca.pem
notes "verify OK"

it "issues a list with the token's CA"
printf 'owner,label,subject,san\nBOB,a,CN=a,dns:a\nBOB,b,CN=b,dns:b\n' >list.csv
ok safring_token cert issue --from list.csv --sign-with CERTAUTH/tca
says "2 issued"

it "destroys the old key in the token at a rollover"
ok safring_token cert rekey ALICE/hsm --new-label hsm2 --sign-with CERTAUTH/tca --key 'token:ZWE.IDT;type=rsa:2048'
same "$(keys_in_token)" 3
ok safring_token cert rollover ALICE/hsm --to hsm2
same "$(keys_in_token)" 2

it "rolls nothing over when it could not destroy the key in the token"
ok safring_token cert rekey ALICE/hsm2 --new-label hsm3 --sign-with CERTAUTH/tca --key 'token:ZWE.IDT;type=rsa:2048'
refused 6 "pin-source" safring cert rollover ALICE/hsm2 --to hsm3
refused 6 "pin-source" safring cert rollover ALICE/hsm2 --to hsm3 --dry-run
ok safring cert show ALICE/hsm2 --json
same "$(field .has_key)" true
same "$(keys_in_token)" 3

it "destroys it at the next chance when it was killed before it could"
{ strace -f -o /dev/null -e trace=unlink -e "inject=unlink:signal=KILL:when=2" "$SAFRING" cert rollover ALICE/hsm2 --to hsm3 --pin-source file:pin >"$out" 2>"$err"; } 2>/dev/null
ok safring_token cert issue ALICE/next --sign-with CERTAUTH/tca --subject CN=next --san dns:next --key 'token:ZWE.IDT;type=ec:P-256'
[ "$(safring cert show ALICE/hsm2 --json | jq .has_key)" = false ] || ok safring_token cert rollover ALICE/hsm2 --to hsm3
same "$(keys_in_token)" "$(safring cert list --json | jq '[.certificates[] | select(.key_uri) | .key_uri] | unique | length')"

it "leaves no key behind when the certificate is refused, nor on a dry run"
refused_code() { refused "$1" "$2" safring_token "${@:3}"; }
refused_code 5 "exists" cert issue ALICE/next --sign-with CERTAUTH/tca --subject CN=next --san dns:next --key 'token:ZWE.IDT;type=ec:P-256'
ok safring_token ca create CERTAUTH/narrow --sign-with CERTAUTH/tca --subject CN=Narrow --permit-dns example.test --key ec:P-256
refused_code 5 "CERTAUTH/narrow" cert issue ALICE/out --sign-with CERTAUTH/narrow --subject CN=x --san dns:elsewhere.test --key 'token:ZWE.IDT;type=ec:P-256'
same "$(keys_in_token)" 3
ok safring_token cert issue ALICE/dry --sign-with CERTAUTH/tca --subject CN=dry --san dns:dry --key 'token:ZWE.IDT;type=ec:P-256' --dry-run
same "$(keys_in_token)" 3

it "a command that was killed between key and certificate leaves nothing for long"
for n in 1 2 3; do
    { strace -f -o /dev/null -e trace=pwrite64 -e "inject=pwrite64:signal=KILL:when=$((4 + 6 * n))" "$SAFRING" cert issue ALICE/killed$n --sign-with CERTAUTH/tca \
        --subject CN=k --san dns:k --key 'token:ZWE.IDT;type=ec:P-256' --pin-source file:pin >"$out" 2>"$err"; } 2>/dev/null
done
ok safring_token cert issue ALICE/after --sign-with CERTAUTH/tca --subject CN=after --san dns:after --key 'token:ZWE.IDT;type=ec:P-256'
same "$(keys_in_token)" "$(safring cert list --json | jq '[.certificates[] | select(.key_uri) | .key_uri] | unique | length')"

it "keeps the key of a certificate that came through although the disk reported an error"
for n in 6 7 8 9 10 11 12; do
    strace -f -qq -o /dev/null -e trace=fdatasync -e "inject=fdatasync:error=EIO:when=$n" "$SAFRING" cert issue ALICE/sync$n --sign-with CERTAUTH/tca \
        --subject CN=k --san dns:k --key 'token:ZWE.IDT;type=ec:P-256' --pin-source file:pin >"$out" 2>"$err"
done
ok safring_token cert issue ALICE/synced --sign-with CERTAUTH/tca --subject CN=after --san dns:after --key 'token:ZWE.IDT;type=ec:P-256'
same "$(keys_in_token)" "$(safring cert list --json | jq '[.certificates[] | select(.key_uri) | .key_uri] | unique | length')"

it "refuses a wrong PIN, a token that is not there, and what is no place"
echo 0000000 >badpin
refused 6 "PIN" safring cert issue ALICE/x --sign-with CERTAUTH/tca --subject CN=x --san dns:x --pin-source file:badpin
refused_code 4 "NOTOKEN" cert issue ALICE/x --sign-with CERTAUTH/tca --subject CN=x --san dns:x --key 'token:NOTOKEN;type=ec:P-256'
refused_code 2 "not a place in a token" cert issue ALICE/x --sign-with CERTAUTH/tca --subject CN=x --san dns:x --key 'token:ZWE.IDT;colour=red'
refused_code 2 "kind of key" cert issue ALICE/x --sign-with CERTAUTH/tca --subject CN=x --san dns:x --key 'token:ZWE.IDT;type=ec:P-1'
refused_code 4 "no private key" cert issue ALICE/x --sign-with CERTAUTH/tca --subject CN=x --san dns:x --key 'pkcs11:token=ZWE.IDT;object=none'
refused_code 2 "does not name a private key" cert issue ALICE/x --sign-with CERTAUTH/tca --subject CN=x --san dns:x --key 'pkcs11:token=ZWE.IDT;object=tca;type=public'
refused_code 2 "does not name a private key" cert issue ALICE/x --sign-with CERTAUTH/tca --subject CN=x --san dns:x --key 'pkcs11:object=tca'
refused_code 2 "pin-source" cert issue ALICE/x --sign-with CERTAUTH/tca --subject CN=x --san dns:x --key 'pkcs11:token=ZWE.IDT;object=tca?pin-source=file:pin'
silent_on "1234567"

it "reads the PIN once, also for two tokens, from a descriptor"
ok safring token init SECOND --pin-source file:pin --so-pin-source file:sopin
with_descriptor() { safring "$@" --pin-source fd:7 7<pin; }
ok with_descriptor cert issue ALICE/second --sign-with CERTAUTH/tca --subject CN=s --san dns:s --key 'token:SECOND;type=ec:P-256'
ok with_descriptor cert renew --due 3650d --owner ALICE
says "changed|renewed"

it "asks for each token's PIN once at a terminal"
{ sleep 1; printf '1234567\n'; sleep 1; printf '1234567\n'; sleep 3; } | timeout 60 script -qec "$SAFRING cert renew --due 3650d --owner ALICE" /dev/null >"$out" 2>"$err" || fail "exit $?"
same "$(grep -o 'PIN of token' "$out" | wc -l)" 2
says "due certificates renewed"

it "leaves no key behind in the second token when the CA's is not to be had"
echo 0000000 >wrong
refused 6 "wrong PIN for token ZWE.IDT" safring cert issue ALICE/none --sign-with CERTAUTH/tca --subject CN=s --san dns:s --key 'token:SECOND' --pin-source file:wrong
refused 4 "ALICE/none" safring cert show ALICE/none

it "uses a key that is there already, and destroys none that a certificate has"
ok safring cert show ALICE/hsm3 --json
shared=$(field .key_uri)
before=$(keys_in_token)
ok safring_token cert issue ALICE/shared --sign-with CERTAUTH/tca --subject CN=shared --san dns:shared --key "$shared" --dry-run
ok safring_token cert issue ALICE/shared --sign-with CERTAUTH/tca --subject CN=shared --san dns:shared --key 'pkcs11:token=ZWE.IDT;object=hsm3'
ok safring cert show ALICE/shared --json
same "$(field .key_uri)" "$shared"
ok safring_token cert rekey ALICE/shared --new-label shared2 --sign-with CERTAUTH/tca --key 'token:ZWE.IDT'
refused_code 5 "ALICE/hsm3 has the key" cert rollover ALICE/shared --to shared2
same "$(keys_in_token)" $((before + 1))
ok safring_token cert request ALICE/hsm3 --out shared.csr
refused_code 5 "exists" cert issue ALICE/shared2 --sign-with CERTAUTH/tca --subject CN=x --san dns:x --key "$shared"
same "$(keys_in_token)" $((before + 1))

it "makes Ed25519 keys in the token, after which its other keys are as good as before"
ok safring_token ca create CERTAUTH/edca --subject "CN=Ed25519 CA" --key 'token:ZWE.IDT;object=edca;type=ed25519'
says "ed25519, in a token"
ok safring_token cert issue ALICE/byed --sign-with CERTAUTH/edca --subject CN=byed --san dns:byed --key 'token:ZWE.IDT;type=rsa:2048'
ok safring_token cert issue ALICE/ed --sign-with CERTAUTH/tca --subject CN=ed --san dns:ed --key 'token:ZWE.IDT;type=ed25519'
ok safring cert export CERTAUTH/edca --out edca.pem
ok safring cert export ALICE/byed --out byed.pem
ok openssl verify -CAfile edca.pem byed.pem
ok safring cert export ALICE/ed --out ed.pem
ok safring cert export CERTAUTH/tca --out tca2.pem
ok openssl verify -CAfile tca2.pem ed.pem
ok safring_token cert request ALICE/ed --out ed.csr
ok openssl req -in ed.csr -verify -noout
ok safring_token cert renew ALICE/ed
ok safring_token cert rekey ALICE/ed --new-label ed2 --sign-with CERTAUTH/edca --key 'token:ZWE.IDT'
says "ed25519, in a token"
ok safring_token cert rollover ALICE/ed --to ed2
ok safring_token ca crl CERTAUTH/edca --out edca.crl
ok openssl crl -in edca.crl -noout -CAfile edca.pem
notes "verify OK"
ok safring_token ca create CERTAUTH/rsaca --subject "CN=RSA CA" --key 'token:ZWE.IDT;object=rsaca;type=rsa:2048'
ok safring_token cert issue ALICE/pss --sign-with CERTAUTH/rsaca --signature pss --subject CN=pss --san dns:pss --key ec:P-256
ok safring cert export CERTAUTH/rsaca --out rsaca.pem
ok safring cert export ALICE/pss --out pss.pem
ok openssl verify -CAfile rsaca.pem pss.pem

it "leaves no intent behind"
same "$(sqlite3 store/store.db 'SELECT count(*) FROM intent')" 0

it "does not export a key from the token"
refused 1 "ALICE/hsm3.*in a token" safring cert export ALICE/hsm3 --with-key --out hsm3.pem
