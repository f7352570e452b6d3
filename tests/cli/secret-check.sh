#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

check() { safring secret check --token ZWE.IDT --pin-source file:pin "$@"; }
generate() { safring secret generate --token ZWE.IDT --pin-source file:pin "$@"; }

given_token
it "finds nothing wrong with what is made here"
ok check
says "no secret keys"
ok generate --label jwtsecret --json
value=$(field .check_value)
ok generate --label transport --alg A256
ok check
says '^good: "jwtsecret"'
says '^good: "transport"'
ok check --label jwtsecret --check-value "$value" --json
same "$(field '"\(.good) \(.secrets[0].findings | length)"')" "true 0"
ok check --label jwtsecret --check-value "$(tr A-F a-f <<<"$value")"

it "names each thing that is not as it should be"
refused 3 "its check value is $value, not 000000" check --label jwtsecret --check-value 000000
ok generate --label movable --extractable wrapped --end 2001-12-31
refused 3 "may leave the token" check --label movable
says "ended +its last day was 2001-12-31"
refused 3 "ended" check --label movable --extractable wrapped --json
same "$(field '"\(.good) \([.secrets[].findings[].name] | join(" "))"')" "false ended"
ok generate --label later --start 2099-01-01
refused 3 "not in force before 2099-01-01" check --label later
refused 3 "NOT GOOD" check
says '^good: "jwtsecret"'

it "finds a key of another tool that does more than it should"
ok softhsm2-util --version
if command -v pkcs11-tool >/dev/null; then
    printf '0%.0s' $(seq 64) | head -c 32 >foreign
    if SOFTHSM2_CONF=$SAFRING_HOME/softhsm2.conf pkcs11-tool --module "$(safring token list --json | jq -r .module)" --token-label ZWE.IDT --login --pin 1234567 \
        --write-object foreign --type secrkey --key-type GENERIC:32 --label foreign --extractable >/dev/null 2>&1; then
        refused 3 "leaves" check --label foreign
    fi
fi

it "wants one key where it must, and says what is missing"
ok generate --label jwtsecret --if-exists new-version
refused 5 "several secret keys match" check --label jwtsecret
refused 2 "one key's" check --check-value 000000
refused 2 "6 hex digits" check --label later --check-value 12345
refused 4 'no secret key "none"' check --label none
