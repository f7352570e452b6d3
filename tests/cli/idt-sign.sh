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
