#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

given_policy
it "makes a token with the claims of a SAF identity token"
ok safring idt sign --appl ZOWEAPPL --user ibmuser --amr saf-pwd,mfa-comp --pin-source file:pin
cp "$out" t
same "$(wc -l <t)" 1
ok_from t safring idt show --json
same "$(field '.header | keys | join(" ")')" "alg"
same "$(field '"\(.header.alg) \(.payload.iss) \(.payload.sub) \(.payload.aud) \(.payload.exp - .payload.iat)"')" "HS512 saf IBMUSER ZOWEAPPL 300"
same "$(field '.payload.amr | join(" ")')" "saf-pwd mfa-comp"
same "$(field '.payload.jti | test("^[0-9A-Fa-f]{32}$")')" true
same "$(field '.payload.jti == .payload.txn')" true

it "never makes two tokens with one id"
for i in 1 2 3; do safring idt sign --appl ZOWEAPPL --user U --pin-source file:pin | safring idt show --json 2>/dev/null | jq -r .payload.jti; done | sort -u >ids
same "$(wc -l <ids)" 3

it "makes nothing without a policy, and nothing unsigned"
refused 4 "OTHER" safring idt sign --appl OTHER --user IBMUSER --pin-source file:pin
same "$(wc -c <"$out")" 0
ok safring policy define --appl GONE --user '*' --alg HS512 --key 'pkcs11:token=ZWE.IDT;object=none;type=secret-key'
refused 4 "none" safring idt sign --appl GONE --user IBMUSER --pin-source file:pin
same "$(wc -c <"$out")" 0

it "says that the PIN is wrong"
printf '7654321\n' >wrong
refused 6 "wrong PIN" safring idt sign --appl ZOWEAPPL --user IBMUSER --pin-source file:wrong
silent_on 7654321

it "refuses users and methods that are none"
refused 2 "user" safring idt sign --appl ZOWEAPPL --user "NINECHARS" --pin-source file:pin
refused 2 "." safring idt sign --appl ZOWEAPPL --user U --amr 'a"b' --pin-source file:pin

it "signs with an RSA or EC key through a ring"
given_certificates
ok safring cert issue ALICE/rsa --sign-with CERTAUTH/ca --subject "CN=rsa" --key rsa:2048
ok safring ring create ALICE/Sign
ok safring ring connect ALICE/Sign ALICE/web --default
ok safring ring connect ALICE/Sign ALICE/rsa
ok safring policy define --appl ES --user '*' --alg ES256 --key 'safkeyring://ALICE/Sign' --kid es-1
ok safring policy define --appl RS --user '*' --alg RS256 --key 'safkeyring://ALICE/Sign&rsa'
for appl in ES RS; do
    ok safring idt sign --appl $appl --user BOB
    cp "$out" t
    ok_from t safring idt verify --appl $appl --user BOB
    says "^good"
done

it "signs with the key of a day that the token derives, and names the day"
ok safring secret generate --token ZWE.IDT --label master --alg HS512 --pin-source file:pin
ok safring policy define --appl DAY --user '*' --alg HS512 --key 'pkcs11:token=ZWE.IDT;object=master;type=secret-key' --key-use derived --kid day
before=$(($(date +%s) / 86400))
ok safring idt sign --appl DAY --user BOB --pin-source file:pin
after=$(($(date +%s) / 86400))
cp "$out" t
ok_from t safring idt show --json
field .header.kid | grep -Eqx "day[.]($before|$after)" || fail "the kid is not that of today"
ok_from t safring idt verify --appl DAY --user BOB --pin-source file:pin
says "^good"

it "derives from no key that can be read"
ok safring secret generate --token ZWE.IDT --label readable --alg HS512 --extractable yes --pin-source file:pin
readable='pkcs11:token=ZWE.IDT;object=readable;type=secret-key'
ok safring policy define --appl OPEN --user '*' --alg HS512 --key "$readable" --key-use derived
refused 1 "JWT[.]OPEN.*can be read" safring idt sign --appl OPEN --user BOB --pin-source file:pin
notes "hint: .*safring secret generate"

it "signs in memory with a key that can be read, and with no other"
ok safring policy define --appl OPEN --user '*' --alg HS512 --key "$readable" --key-use memory --if-exists replace
ok safring policy define --appl OPENTOO --user '*' --alg HS512 --key "$readable"
ok safring idt sign --appl OPEN --user BOB --pin-source file:pin
cp "$out" t
ok_from t safring idt verify --appl OPEN --user BOB --pin-source file:pin
says "^good"
refused_from t 3 "wrong-audience" safring idt verify --appl OPENTOO --user BOB --pin-source file:pin
ok safring policy define --appl STAYS --user '*' --alg HS512 --key 'pkcs11:token=ZWE.IDT;object=jwtsecret;type=secret-key' --key-use memory
refused 1 "cannot be read" safring idt sign --appl STAYS --user BOB --pin-source file:pin
notes "hint: .*--extractable yes"
