#!/bin/sh
# quickstart.sh [DIR]: installs the packages that safring needs, builds it, and does its main job in DIR
# (default: quickstart, below the current directory): from a zowe.yaml to certificates, keystores, a secret key in a PKCS#11
# token, a token policy, and a signed and verified identity token. Nothing outside DIR and the build directory is written.
set -eu
umask 077

source_dir=$(cd "$(dirname "$0")/.." && pwd)
target=${1:-quickstart}
steps=7
step=0
log=

say() {
    step=$((step + 1))
    printf '[%d/%d] %s\n' "$step" "$steps" "$*"
}

# Quiet while it goes well; on failure, what it said.
quietly() {
    if ! "$@" >"$log" 2>&1; then
        cat "$log" >&2
        echo "quickstart: this failed: $*" >&2
        exit 1
    fi
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT

say "Packages: a compiler, CMake, OpenSSL, libp11, SoftHSM2, SQLite, jansson, libyaml"
sh "$source_dir/samples/packages.sh" build

mkdir -p "$target"
target=$(cd "$target" && pwd)
safring=$target/safring/bin/safring

say "Build: compile safring and install it into $target/safring"
cd "$source_dir"
quietly cmake --preset release
quietly cmake --build --preset release
quietly cmake --install build/release --prefix "$target/safring"
cd "$target"

say "Configuration: a small zowe.yaml to start from ($target/zowe.yaml)"
[ -f zowe.yaml ] || cp "$source_dir/samples/zowe.yaml" zowe.yaml

say "Setup: CA, server certificate, keystore, trust store, PEM files, PKCS#11 token with a secret key, token policy"
SAFRING_HOME=$target/store
export SAFRING_HOME
"$safring" setup --config zowe.yaml --root "$target" --update-config

pin_source=file:$target/store/setup/ZWE.IDT.pin

say "Identity token: sign one for user IBMUSER at application ZOWEAPPL, with the key inside the token"
"$safring" idt sign --appl ZOWEAPPL --user IBMUSER --amr saf-pwd --pin-source "$pin_source" >token
"$safring" idt show <token

say "Verify it, as a server would"
"$safring" idt verify --appl ZOWEAPPL --user IBMUSER --pin-source "$pin_source" <token

say "Cross-check: OpenSSL verifies the server certificate that was made"
keystore=$target/var/zowe/keystore
openssl verify -purpose sslserver -verify_hostname zowe.example.com -CAfile "$keystore/local_ca/local_ca.cer" \
    "$keystore/localhost/localhost.cer"

cat <<TXT

Made in $target:
  safring/               the installed command, libraries, headers and manual pages
  zowe.yaml              its zowe.certificate section is filled in
  var/zowe/keystore/     keystore, trust store and PEM files in Zowe's layout
  store/                 certificates, keys, policy, the PKCS#11 token's files, and in store/setup/ the generated passwords and PINs
  token                  the identity token of this run

Try next:
  export PATH=$target/safring/bin:\$PATH SAFRING_HOME=$target/store
  safring cert list
  safring cert show ZWESVUSR/localhost
  safring policy list --json
TXT
