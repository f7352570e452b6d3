#!/usr/bin/env bash
# Each command that changes a PKCS#11 token, or keys of the store in one; policies; and the store's master key in a token. SoftHSM itself is not safe from being killed:
# what it leaves of a token is mended by the next command.
# shellcheck source=tests/fault/harness.sh
. "$(dirname "$0")/harness.sh"

module=$(find /usr/lib -name libsofthsm2.so | head -1)
keys_in_token() {
    SOFTHSM2_CONF=store/softhsm2.conf pkcs11-tool --module "$module" --token-label ZWE.IDT --login --pin 1234567 --list-objects --type privkey 2>/dev/null | grep -c '^Private Key'
}

# ---- tokens and secret keys ----

# A token without a PIN is not finished. Sequence numbers are never used twice, so a key that did not come through may have used one up.
tokens_too() {
    local tokens
    what_is_there
    tokens=$(safring token list --json | jq -r '.tokens[] | select(.user_pin_set) | .label')
    echo "tokens: $tokens"
    [ -z "$tokens" ] || safring secret list --token ZWE.IDT --pin-source file:pin --json | jq -c '[.secrets[] | [.label, .bytes]] | sort'
}

ok safring store init
keep
state=tokens_too
survives token init ZWE.IDT --pin-source file:pin --so-pin-source file:sopin

given_policy
keep
survives secret generate --token ZWE.IDT --label second --alg HS256 --pin-source file:pin
survives secret generate --token ZWE.IDT --label jwtsecret --alg HS512 --if-exists new-version --pin-source file:pin
survives policy define --appl OTHER --user 'IBM*' --alg HS512 --key 'pkcs11:token=ZWE.IDT;object=jwtsecret;type=secret-key'
survives policy define --appl ZOWEAPPL --user '*' --alg HS512 --key 'pkcs11:token=ZWE.IDT;object=jwtsecret;type=secret-key' --timeout-min 7 --if-exists replace

# ---- the keys of certificates ----

# A key without a certificate is for its intent, and the next command with keys in that token destroys it.
no_key_too_many() {
    ok safring cert issue LAST/last --subject CN=last --key 'token:ZWE.IDT;type=ec:P-256' --pin-source file:pin
    same "$(sqlite3 store/store.db 'SELECT count(*) FROM intent')" 0
    same "$(keys_in_token)" "$(sqlite3 store/store.db 'SELECT count(DISTINCT uri) FROM key')"
}

place='token:ZWE.IDT;type=ec:P-256'
ok safring ca create CERTAUTH/ca --subject "CN=Test CA" --key "$place" --pin-source file:pin
ok safring cert issue ALICE/web --sign-with CERTAUTH/ca --subject CN=web --san dns:web.example.test --key "$place" --pin-source file:pin
ok safring cert rekey ALICE/web --new-label web2 --sign-with CERTAUTH/ca --key "$place" --pin-source file:pin
keep
state=what_is_there complete=no_key_too_many
survives cert issue ALICE/new --sign-with CERTAUTH/ca --subject CN=new --san dns:new.example.test --key "$place" --pin-source file:pin
survives cert rekey ALICE/web --new-label web3 --sign-with CERTAUTH/ca --key "$place" --pin-source file:pin
survives cert renew ALICE/web --pin-source file:pin
survives cert rollover ALICE/web --to web2 --pin-source file:pin
complete=:
survives cert delete ALICE/web

# ---- the master key ----

opens_with_token() { safring store check --store-secret-source file:pin >"$out" 2>"$err"; }
it_opens() { store_is_sound_as_it_is || fail "the store does not open"; }
store_is_sound_as_it_is() { opens_with_token || safring store check >"$out" 2>"$err"; }
sound=it_opens there_already='(0|2|6)'
survives store rekey --master-key token --token-key 'pkcs11:token=ZWE.IDT;object=store' --new-secret-source file:pin
ok safring store rekey --master-key token --token-key 'pkcs11:token=ZWE.IDT;object=store' --new-secret-source file:pin
keep
survives store rekey --master-key file --store-secret-source file:pin
there_already='(0|5)'
survives ring create ALICE/Ring --store-secret-source file:pin
at_least 60
