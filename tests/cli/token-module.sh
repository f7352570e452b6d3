#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

softhsm=$(find /usr/lib /usr/lib64 -name libsofthsm2.so 2>/dev/null | head -1)
mkdir modules
cp "$softhsm" modules/other.so # the same, as another module
other=$home/modules/other.so

it "says which module is used, and who says so"
given_token
ok safring token module --json
same "$(field .said_by)" default
ok safring token module --json --module "$other"
same "$(field '"\(.module) \(.said_by)"')" "$other option"
ok env SAFRING_PKCS11_MODULE="$other" "$SAFRING" token module --json
same "$(field '"\(.module) \(.said_by)"')" "$other environment"
ok safring store show --json
same "$(field .module)" null

it "keeps one for all commands of the store, and shows it"
ok safring token module "$other"
says "the store's PKCS#11 module is $other"
ok safring token module --json
same "$(field '"\(.module) \(.said_by)"')" "$other store"
ok safring token list --json
same "$(field '"\(.module) \(.tokens[0].label)"')" "$other ZWE.IDT"
ok safring store show
says "^module +$other\$"
ok safring secret generate --token ZWE.IDT --label k --alg HS256 --pin-source file:pin

it "option and environment go first"
ok safring token list --json --module "$softhsm"
same "$(field .module)" "$softhsm"
ok env SAFRING_PKCS11_MODULE="$softhsm" "$SAFRING" token list --json
same "$(field .module)" "$softhsm"

it "writes it to the audit trail, and the store's check knows it"
ok safring audit list --json
same "$(field '[.records[] | select(.action == "module-set") | .details] | join(",")')" "module=$other"
ok safring store check
ok safring audit verify

it "sets none that cannot be loaded, nor on a dry run"
refused 4 "/nowhere.so" safring token module /nowhere.so
refused 1 "libc" safring token module /lib/x86_64-linux-gnu/libc.so.6
refused 2 "absolute" safring token module modules/other.so
refused 2 "either" safring token module "$softhsm" --default
ok safring token module "$softhsm" --dry-run
ok safring token module --default --dry-run
ok safring token module --json
same "$(field .module)" "$other"

it "says what is wrong when it is gone, and goes back to the default"
rm "$other"
refused 4 "$other" safring token list
ok safring token module --default
ok safring token module --json
same "$(field .said_by)" default
ok safring token list
says ZWE.IDT
ok safring store show --json
same "$(field .module)" null

if [ "$(id -u)" = 0 ]; then
    it "root loads nothing that another user's store names"
    cp "$softhsm" "$other"
    ok safring token module "$other"
    chown -R nobody "$home/store"
    refused 6 "another user" safring token list
    ok safring token list --module "$softhsm"
fi
