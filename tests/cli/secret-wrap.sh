#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

wrap() { safring secret wrap --token ZWE.IDT --pin-source file:pin "$@"; }
generate() { safring secret generate --token ZWE.IDT --pin-source file:pin "$@"; }

given_token
ok generate --label jwtsecret
ok generate --label movable --extractable wrapped --json
check=$(field .check_value)
ok generate --label transport --alg A256 --json
transport=$(field .check_value)

it "writes a key into a file that its owner alone can read"
ok wrap --label movable --password-source file:pw --out movable.wrapped
says "wrote movable.wrapped, mode 0600"
same "$(mode_of movable.wrapped)" 600
same "$(jq -r '"\(.format) \(.version) \(.label) \(.kind) \(.length) \(.check_value)"' movable.wrapped)" "safring-wrapped-secret 1 movable hmac 64 $check"
same "$(jq -r '"\(.method) \(.scrypt_n)"' movable.wrapped)" "scrypt-hkdf-sha256-aes256-kwp 131072"

it "overwrites nothing unless told to"
refused 5 "movable.wrapped is there already" wrap --label movable --password-source file:pw --out movable.wrapped
cp movable.wrapped before
ok wrap --label movable --password-source file:pw --out movable.wrapped --if-exists keep
ok cmp before movable.wrapped
ok wrap --label movable --password-source file:pw --out movable.wrapped --if-exists replace
if cmp -s before movable.wrapped; then fail "the salt is the same"; fi
ok wrap --label movable --password-source file:pw --out dry --dry-run
[ ! -e dry ] || fail "a dry run wrote a file"

it "wraps under an AES key of the token"
ok wrap --label movable --with transport --out by-key
same "$(jq -r '"\(.method) \(.key_label) \(.key_check_value)"' by-key)" "aes-kwp transport $transport"
ok wrap --label movable --with 'pkcs11:object=transport' --out - --json
same "$(field .wrapped | jq -r .label)" movable
ok wrap --label movable --with transport
says '"wrapped": "'

it "does not wrap what was made to stay, and says how to make one that may leave"
refused 1 '"jwtsecret" stays in token ZWE.IDT' wrap --label jwtsecret --password-source file:pw --out jwtsecret.wrapped
notes "hint: .*--extractable wrapped"
[ ! -e jwtsecret.wrapped ] || fail "there is a file"

it "wants one way to wrap, and one key"
refused 2 "give one" wrap --label movable --with transport --password-source file:pw --out x
refused 6 "no --password-source" wrap --label movable --out x
refused 1 "is no AES key" wrap --label movable --with movable --out x
refused 4 'no secret key "none"' wrap --label movable --with none --out x
refused 4 'no secret key "none"' wrap --label none --with transport --out x
ok generate --label movable --extractable wrapped --if-exists new-version
refused 5 "several secret keys match: pkcs11:" wrap --label movable --password-source file:pw --out x
ok wrap --label movable --sequence 2 --password-source file:pw --out x

it "says where it cannot write"
refused 4 "nowhere" wrap --label movable --sequence 2 --password-source file:pw --out nowhere/x
silent_on "correct horse"
