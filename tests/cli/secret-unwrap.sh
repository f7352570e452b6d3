#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

unwrap() { safring secret unwrap "$@" --pin-source file:pin; }
wrap() { safring secret wrap --token ZWE.IDT --pin-source file:pin "$@"; }
generate() { safring secret generate --pin-source file:pin "$@"; }
labels() { safring secret list --token ZWE.DR --pin-source file:pin --json | jq -r '[.secrets[] | "\(.label)\(.sequence)"] | join(" ")'; }

given_token
ok safring token init ZWE.DR --pin-source file:pin --so-pin-source file:sopin
ok generate --token ZWE.IDT --label movable --extractable wrapped --json
check=$(field .check_value)
ok wrap --label movable --password-source file:pw --out movable.wrapped

it "moves a key to another token, where it stays"
ok unwrap movable.wrapped --token ZWE.DR --label movable --password-source file:pw --json
same "$(field '"\(.check_value) \(.bytes) \(.leaving) \(.imported) \(.sequence) \(.made)"')" "$check 64 no true 1 true"

it "signs there what verifies here"
for token in ZWE.IDT ZWE.DR; do
    ok safring policy define --appl "${token#ZWE.}" --user '*' --alg HS512 --key "pkcs11:token=$token;object=movable;type=secret-key"
done
ok safring idt sign --appl IDT --user U --pin-source file:pin
cp "$out" t
ok safring policy define --appl IDT --user '*' --alg HS512 --key "pkcs11:token=ZWE.DR;object=movable;type=secret-key" --if-exists replace
ok_from t safring idt verify --appl IDT --user U --pin-source file:pin
says "^good"

it "accepts the very same key, and refuses another of that label"
refused 5 "has a secret key \"movable\" already" unwrap movable.wrapped --token ZWE.DR --password-source file:pw
ok unwrap movable.wrapped --token ZWE.DR --password-source file:pw --if-exists keep --json
same "$(field '"\(.made) \(.sequence)"')" "false 1"
ok generate --token ZWE.DR --label other
refused 5 "has another value" unwrap movable.wrapped --token ZWE.DR --label other --password-source file:pw --if-exists keep
ok unwrap movable.wrapped --token ZWE.DR --password-source file:pw --if-exists new-version --extractable wrapped --end 2099-12-31 --json
same "$(field '"\(.sequence) \(.leaving) \(.end_date)"')" "3 wrapped 2099-12-31T00:00:00Z"
same "$(labels)" "movable1 movable3 other2"

it "refuses a wrong passphrase, and leaves nothing of it"
printf 'wrong horse\n' >wrong
refused 6 'passphrase does not open the wrapped secret key "movable"' unwrap movable.wrapped --token ZWE.DR --label x --password-source file:wrong
silent_on "wrong horse"
same "$(labels)" "movable1 movable3 other2"

it "refuses a file that was altered, cut off, or is none"
sed 's/"movable"/"moveable"/' movable.wrapped >altered
refused 1 "altered: .*altered or damaged" unwrap altered --token ZWE.DR --label x --password-source file:pw
head -c 300 movable.wrapped >half
refused 1 "half: .*only a part" unwrap half --token ZWE.DR --label x --password-source file:pw
head -c 10000000 /dev/zero >large
refused 1 "large" unwrap large --token ZWE.DR --label x --password-source file:pw
refused 1 "no wrapped secret key" unwrap pw --token ZWE.DR --label x --password-source file:pw
refused 4 "none" unwrap none --token ZWE.DR --label x --password-source file:pw
jq '.version = 2' movable.wrapped >newer
refused 1 "version 2" unwrap newer --token ZWE.DR --label x --password-source file:pw
jq '.scrypt_n = 4294967296' movable.wrapped >greedy
refused 1 "scrypt_n" unwrap greedy --token ZWE.DR --label x --password-source file:pw

it "unwraps under an AES key that both tokens have"
head -c 32 /dev/urandom >transport
for token in ZWE.IDT ZWE.DR; do ok safring secret import --token "$token" --label transport --in transport --alg A256 --pin-source file:pin; done
ok wrap --label movable --with transport --out by-key
ok unwrap by-key --token ZWE.DR --label by-key --json
same "$(field .check_value)" "$check"
ok generate --token ZWE.DR --label another --alg A256
refused 6 "was wrapped under \"transport\"" unwrap by-key --token ZWE.DR --label x --with another
refused 2 "give --with" unwrap by-key --token ZWE.DR --label x --password-source file:pw
refused 2 "give --password-source" unwrap movable.wrapped --token ZWE.DR --label x --with transport
refused 4 'no secret key "none"' unwrap by-key --token ZWE.DR --label x --with none

it "unwraps nothing on a dry run"
ok unwrap movable.wrapped --token ZWE.DR --label dry --password-source file:pw --dry-run --json
same "$(field '"\(.made) \(.bytes)"')" "false 64"
