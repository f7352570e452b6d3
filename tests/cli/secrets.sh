#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

# Everything that the commands below print, and everything that they are started with.
seen=$home/seen
export ASAN_OPTIONS=detect_leaks=0 # a leak checker cannot trace what strace traces
watched() {
    strace -f -o trace -e trace=execve -s 4096 "$SAFRING" "$@" >"$out" 2>"$err" </dev/null || fail "exit $? from: $*"
    cat trace "$out" "$err" >>"$seen"
    same "$(grep -c execve trace)" 1
}

it "prints no PIN, password or key, and starts no process that could show one"
printf 'pin-4711-secret\n' >pin
printf 'sopin-4711-secret\n' >sopin
printf 'password-4711-secret\n' >pw
watched ca create CERTAUTH/ca --subject "CN=Test CA" --key ec:P-256 --store-secret-source file:pw
watched cert issue ALICE/web --sign-with CERTAUTH/ca --subject "CN=web" --san dns:web --key ec:P-256 --store-secret-source file:pw --json
watched cert export ALICE/web --format p12 --with-key --password-source file:pw --out web.p12 --store-secret-source file:pw
watched token init ZWE.IDT --pin-source file:pin --so-pin-source file:sopin --store-secret-source file:pw
watched secret generate --token ZWE.IDT --label jwtsecret --pin-source file:pin --json
watched secret list --token ZWE.IDT --pin-source file:pin --json
watched policy define --appl A --user U --alg HS512 --key 'pkcs11:token=ZWE.IDT;object=jwtsecret;type=secret-key' --store-secret-source file:pw
watched idt sign --appl A --user U --pin-source file:pin --store-secret-source file:pw
if grep -q "4711-secret" "$seen"; then fail "$(grep "4711-secret" "$seen")"; fi

it "leaves a private key nowhere in the clear"
ok safring cert export ALICE/web --with-key --out web.pem --store-secret-source file:pw
openssl pkey -in web.pem -outform DER 2>/dev/null | tail -c +50 | head -c 24 | od -An -v -tx1 | tr -d ' \n' >needle
[ "$(wc -c <needle)" = 48 ] || fail "no key bytes to look for"
find store -type f >files
while read -r file; do
    if od -An -v -tx1 "$file" | tr -d ' \n' | grep -q "$(cat needle)"; then fail "$file has the key in it"; fi
done <files

it "leaves no core dump of itself"
ok bash -c 'ulimit -c unlimited; "$SAFRING" idt verify --appl A --user U --pin-source file:pin --store-secret-source file:pw </dev/zero & sleep 0.3; kill -SEGV $! 2>/dev/null; wait; true'
[ -z "$(find . -name 'core*')" ] || fail "there is a core dump"
