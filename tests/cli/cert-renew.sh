#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

given_certificates
ok safring ring create ALICE/Ring
ok safring ring connect ALICE/Ring ALICE/web --usage personal --default

serial_of() { safring cert show "$1" --json | jq -r .serial; }
key_of() { safring cert show "$1" --json | jq -r .pem | openssl x509 -noout -pubkey | sha256sum; }

it "keeps key, label and ring, and changes the serial number"
serial=$(serial_of ALICE/web)
key=$(key_of ALICE/web)
ok safring cert renew ALICE/web
says "replaced +serial $serial"
same "$(key_of ALICE/web)" "$key"
[ "$(serial_of ALICE/web)" != "$serial" ] || fail "the serial number is the old one"
ok safring ring show ALICE/Ring --json
same "$(field '.connections[0].serial')" "$(serial_of ALICE/web)"

it "keeps subject, names and usages"
ok safring cert show ALICE/web --json
field .pem >new.pem
ok openssl x509 -in new.pem -noout -ext subjectAltName,extendedKeyUsage,basicConstraints,keyUsage
says "DNS:www.example.test"
says "TLS Web Server Authentication"

it "does nothing on a dry run"
serial=$(serial_of ALICE/web)
ok safring cert renew ALICE/web --dry-run
says "would renew"
same "$(serial_of ALICE/web)" "$serial"

it "renews a self-signed CA with itself, and what it signed still verifies"
ok safring cert renew CERTAUTH/ca
ok safring cert export CERTAUTH/ca --out ca.pem
ok openssl verify -CAfile ca.pem new.pem

it "asks for a name or a time"
refused 2 "OWNER/LABEL, or --due" safring cert renew
refused 2 "OWNER/LABEL, or --due" safring cert renew ALICE/web --due 30d
refused 2 "such as 45s" safring cert renew --due soon

it "names what is not there"
refused 4 "no certificate ALICE/none" safring cert renew ALICE/none

it "says what to do when the issuer is not here"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=Foreign CA" -keyout fca.key -out fca.pem 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=foreign" -keyout foreign.key -out foreign.csr 2>/dev/null
openssl x509 -req -in foreign.csr -CA fca.pem -CAkey fca.key -days 20 -out foreign.crt 2>/dev/null
cat foreign.crt foreign.key fca.pem >foreign.pem
ok safring cert import foreign.pem --owner BOB --label foreign --status trust
refused 5 "BOB/foreign|Foreign CA" safring cert renew BOB/foreign
notes "hint: .*cert request"

it "renews all that end soon, issuers first, and runs the hook once for each ring that changed"
ok safring cert issue ALICE/soon --sign-with CERTAUTH/ca --subject CN=soon --san dns:soon.example.test --valid-days 10
ok safring cert issue ALICE/soon2 --sign-with CERTAUTH/ca --subject CN=soon2 --san dns:soon2.example.test --valid-days 10
ok safring ring connect ALICE/Ring ALICE/soon
ok safring ring connect ALICE/Ring ALICE/soon2
ok safring cert delete BOB/foreign
ok safring cert renew --due 30d --hook 'echo "$SAFRING_RING" >>rings'
says "2 of 2 due certificates renewed"
same "$(cat rings)" "ALICE/Ring"

it "has nothing to do when nothing ends soon, and runs no hook"
rm rings
ok safring cert renew --due 1h --hook 'echo "$SAFRING_RING" >>rings'
says "0 of 0"
[ ! -e rings ] || fail "the hook ran"

it "names what it could not renew, renews the rest, and answers 1"
ok safring cert import foreign.pem --owner BOB --label foreign --status trust
refused 1 "BOB/foreign is not renewed" safring cert renew --due 30d --json
same "$(field '[.certificates[] | select(.renewed)] | length')" 2
same "$(field '[.certificates[] | select(.renewed | not)] | length')" 1

it "answers 1 when the hook fails, after renewing"
refused 1 "hook for ring ALICE/Ring ended with exit code 7" safring cert renew ALICE/web --hook 'exit 7'

it "refuses to renew what was revoked because its key is compromised"
ok safring cert revoke ALICE/web --reason key-compromise
refused 5 "ALICE/web" safring cert renew ALICE/web
notes "cert rekey"

it "shows no certificate on a dry run: it would be valid, and unknown to revocation"
ok safring cert renew CERTAUTH/ca --dry-run --json
same "$(field .pem)" null
ok safring cert renew --due 3650d --owner CERTAUTH --dry-run --json
same "$(field '[.certificates[] | select(.renewed) | .pem] | unique | tojson')" "[null]"

it "renews each once when eight do it at once"
many_due() { for n in $(seq 20); do echo "DAVE,n$n,CN=n$n,dns:n$n.example.test"; done; }
{ echo owner,label,subject,san; many_due; } >due.csv
ok safring cert issue --from due.csv --sign-with CERTAUTH/ca --valid-days 10
count=$(safring ca issued CERTAUTH/ca | wc -l)
for n in 1 2 3 4 5 6 7 8; do
    { "$SAFRING" cert renew --due 20d --owner DAVE --valid-days 300 >"renew$n" 2>"notes$n" || echo "exit $?" >>"notes$n"; } &
done
wait
cat notes? >"$err"
[ ! -s "$err" ] || fail "some failed"
same "$(safring ca issued CERTAUTH/ca | wc -l)" $((count + 20))

it "gives the hook the caller's umask, hears of its end whatever the caller ignores, and has said what is done before"
(umask 027 && ok safring cert renew ALICE/soon2 --hook 'umask >umask; exec 2>/dev/null')
same "$(cat umask)" 0027
ok timeout 20 env --ignore-signal=CHLD "$SAFRING" cert renew ALICE/soon2 --hook true
"$SAFRING" cert renew ALICE/soon2 --hook 'grep -c renewed "$out" >seen' >"$out" 2>"$err" || fail "exit $?"
same "$(cat seen)" 1
refused 1 "ended with signal 9" safring cert renew ALICE/soon2 --hook 'kill -9 $$'
ok safring cert renew ALICE/soon2 --json --hook 'echo noise'
same "$(field .label)" soon2

it "keeps what opened the store from the hook"
printf 'a long passphrase here\n' >opener
ok safring store rekey --master-key passphrase --store-secret-source file:opener
PASS=$(cat opener) "$SAFRING" cert renew ALICE/soon2 --store-secret-source env:PASS --hook 'env >environment' >"$out" 2>"$err" || fail "exit $?"
! grep -q "^PASS=" environment || fail "the passphrase is in the hook's environment"
"$SAFRING" cert renew ALICE/soon2 --store-secret-source fd:7 --hook 'ls -l /proc/self/fd >descriptors' >"$out" 2>"$err" 7<opener || fail "exit $?"
! grep -q opener descriptors || fail "the hook can read the passphrase"
