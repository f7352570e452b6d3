#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

given_policy
ok safring idt sign --appl ZOWEAPPL --user IBMUSER --amr saf-pwd --pin-source file:pin
cp "$out" t
verify() { safring idt verify --appl ZOWEAPPL --user IBMUSER --pin-source file:pin "$@"; }

it "says yes to a token of its own"
ok_from t verify --json
same "$(field '"\(.good) \(.user) \(.appl) \(.amr[0])"')" "true IBMUSER ZOWEAPPL saf-pwd"

it "says no, with rule and codes, to a token with any character altered"
sed 's/^\(.\{60\}\)./\1-/' t >altered
cmp -s t altered && sed 's/^\(.\{60\}\)./\1A/' t >altered
refused_from altered 3 "refused: " verify
says "codes +8/108/"

it "says no to the wrong user, the wrong application, a cut or padded token"
refused_from t 3 "wrong-subject" safring idt verify --appl ZOWEAPPL --user OTHER --pin-source file:pin
ok safring policy define --appl OTHER --user '*' --alg HS512 --key 'pkcs11:token=ZWE.IDT;object=jwtsecret;type=secret-key'
refused_from t 3 "wrong-audience" safring idt verify --appl OTHER --user IBMUSER --pin-source file:pin
head -c 100 t >shortened
refused_from shortened 3 "refused" verify
sed 's/$/=/' t >padded
refused_from padded 3 "refused" verify
printf '%s.x' "$(cat t)" >four
refused_from four 3 "bad-structure" verify

it "says no to unsigned tokens, whatever they look like"
payload=$(cut -d. -f2 t)
for header in eyJhbGciOiJub25lIn0 eyJhbGciOiJOb25lIn0; do
    printf '%s.%s.' "$header" "$payload" >none
    refused_from none 3 "unsigned|wrong-algorithm" verify
    refused_from none 3 "unsigned|wrong-algorithm" verify --from-application
done

it "says no to nothing, to 10 MB, and to random bytes"
: >empty
refused_from empty 3 "refused" verify
head -c 10000000 /dev/zero | tr '\0' a >large
refused_from large 3 "too-large" verify
head -c 500 /dev/urandom >random
refused_from random 3 "refused" verify

it "errs, and does not say no, when it cannot tell"
refused_from t 4 "NOPOLICY" safring idt verify --appl NOPOLICY --user IBMUSER --pin-source file:pin
refused_from t 6 "pin-source" safring idt verify --appl ZOWEAPPL --user IBMUSER

it "refuses kids of other days by their name alone, and says the same to forged ones of today"
ok safring secret generate --token ZWE.IDT --label master --alg HS512 --pin-source file:pin
ok safring policy define --appl DAY --user '*' --alg HS512 --key 'pkcs11:token=ZWE.IDT;object=master;type=secret-key' --key-use derived
ok safring idt sign --appl DAY --user BOB --pin-source file:pin
cp "$out" t
base64url() { base64 -w0 | tr '+/' '-_' | tr -d =; }
today=$(cut -d. -f1 t | tr '_-' '/+' | base64 -d 2>/dev/null | sed 's/.*epoch[.]\([0-9]*\).*/\1/')
for other in $((today - 30)) $((today + 30)) 0 99999999; do
    printf '%s.%s' "$(printf '{"alg":"HS512","kid":"epoch.%s"}' "$other" | base64url)" "$(cut -d. -f2- t)" >foreign
    refused_from foreign 3 "wrong-kid" safring idt verify --appl DAY --user BOB --pin-source file:pin
    says "codes +8/108/28"
done
sed 's/.\{4\}$/AAAA/' t >forged
refused_from forged 3 "bad-signature|bad-encoding" safring idt verify --appl DAY --user BOB --pin-source file:pin
ok_from t safring idt verify --appl DAY --user BOB --pin-source file:pin
