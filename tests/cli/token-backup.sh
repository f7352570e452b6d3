#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"
given_token
ok safring secret generate --token ZWE.IDT --label jwtsecret --pin-source file:pin

it "writes a tar that others can check, for its owner alone"
ok safring token backup ZWE.IDT --pin-source file:pin --out kept.tar --json
same "$(field '[.label, .objects] | @csv')" '"ZWE.IDT",2'
same "$(mode_of kept.tar)" 600
ok tar xf kept.tar
ok bash -c 'cd *-*-*-*-*/ && sha256sum -c safring-token.sha256'
says "token.object: OK"

it "wants the PIN, and a file"
printf '0000000\n' >wrong
refused 6 "wrong PIN" safring token backup ZWE.IDT --pin-source file:wrong --out other.tar
refused 2 "give --out" safring token backup ZWE.IDT --pin-source file:pin
[ ! -e other.tar ] || fail "there is a file"

it "overwrites nothing unless told to"
refused 5 "kept.tar is there already" safring token backup ZWE.IDT --pin-source file:pin --out kept.tar
ok safring token backup ZWE.IDT --pin-source file:pin --out kept.tar --if-exists replace
ok safring token backup ZWE.IDT --pin-source file:pin --out dry.tar --dry-run
[ ! -e dry.tar ] || fail "a dry run wrote a file"

it "copies nothing that is not whole"
object=$(grep -L jwtsecret store/tokens/*/*-*.object | head -1)
cp "$object" kept.object
head -c 100 kept.object >"$object"
refused 1 "is not whole" safring token backup ZWE.IDT --pin-source file:pin --out half.tar
notes "hint: .*token doctor"
[ ! -e half.tar ] || fail "there is a file"
cp kept.object "$object"

it "lists what cannot leave another module"
cp -L /usr/lib/softhsm/libsofthsm2.so vendor.so
export SOFTHSM2_CONF=$home/store/softhsm2.conf
refused 3 "jwtsecret.*must not leave" safring token backup ZWE.IDT --pin-source file:pin --out vendor.tar --module "$home/vendor.so"
[ ! -e vendor.tar ] || fail "there is a file"
refused 3 "CKA_EXTRACTABLE" safring token backup ZWE.IDT --pin-source file:pin --out vendor.tar --module "$home/vendor.so" --json
same "$(field '.cannot_leave[] | select(.class == "secret key") | .label')" jwtsecret
