#!/usr/bin/env bash
# installed.sh BUILD_DIR: installs into a fresh prefix and uses what is there: the command, each pkg-config file, the CMake package, the
# manual pages, and the C samples built against the installed library alone.
here=$(cd "$(dirname "$0")" && pwd)
build=$1
. "$here/../cli/harness.sh"
prefix=$home/prefix
ok cmake --install "$build" --prefix "$prefix"
libdir=$(dirname "$(find "$prefix" -name 'safring-idt.pc')")
export PKG_CONFIG_PATH=$libdir
safring() { "$prefix/bin/safring" "$@"; }

it "runs from where it was installed"
ok safring --version

it "has a manual page per command, and completion"
[ -f "$prefix/share/man/man1/safring-ring-create.1" ] || fail "no manual page"
[ -f "$prefix/share/bash-completion/completions/safring" ] || fail "no completion"
bash -n "$prefix/share/bash-completion/completions/safring" || fail "completion does not parse"

it "has a pkg-config file per library, and each is enough to compile and link"
for library in base idt keyring pkcs11 certtool issuer setup; do
    ok pkg-config --exists --print-errors "safring-$library"
done
compile() { # SOURCE LIBRARY
    # shellcheck disable=SC2046  # flags are words
    ok cc -std=c11 -Wall -Wextra -Werror -o "${1%.c}" "$SOURCE_DIR/samples/$1" $(pkg-config --cflags --libs "$2") -Wl,-rpath,"${libdir%/pkgconfig}"
}
compile sign-from-c.c safring-issuer
compile verify-from-c.c safring-issuer
compile ring-from-c.c safring-keyring
compile certificates-from-c.c safring-certtool
compile seckg.c safring-pkcs11

it "has a CMake package"
mkdir consumer
cat >consumer/CMakeLists.txt <<'CMAKE'
cmake_minimum_required(VERSION 3.25)
project(consumer C)
find_package(safring REQUIRED)
add_executable(consumer ${SAMPLE})
target_link_libraries(consumer PRIVATE safring::issuer)
CMAKE
ok cmake -S consumer -B consumer/build -DCMAKE_PREFIX_PATH="$prefix" -DSAMPLE="$SOURCE_DIR/samples/sign-from-c.c"
ok cmake --build consumer/build

it "signs and verifies from C"
given_policy
ok ./sign-from-c store ZOWEAPPL IBMUSER file:pin
cp "$out" t
ok_from t ./verify-from-c store ZOWEAPPL IBMUSER file:pin
ok_from t safring idt verify --appl ZOWEAPPL --user IBMUSER --pin-source file:pin
refused_from t 3 "." ./verify-from-c store ZOWEAPPL OTHER file:pin
refused 4 "NOPOLICY" ./sign-from-c store NOPOLICY IBMUSER file:pin

it "walks a ring from C and gets its private key"
given_certificates
ok safring ring create ALICE/Ring
ok safring ring connect ALICE/Ring CERTAUTH/ca
ok safring ring connect ALICE/Ring ALICE/web --default
ok ./ring-from-c store ALICE Ring
says "ALICE/web"
says "CERTAUTH/ca"
refused 4 "None" ./ring-from-c store ALICE None

it "takes a certificate through its life from C"
./certificates-from-c life ALICE >life.crl 2>"$err" || fail "exit $?"
notes "CRL number 1, revoked certificates: 1"
ok openssl crl -inform DER -in life.crl -noout -text
says "Superseded"
ok safring cert list --store life --json
same "$(field '[.certificates[] | "\(.label) \(.has_key) \(.revoked_at != null)"] | join(", ")')" "server false true, server 2 true false, sample CA true false"

it "renews as the timer's unit says"
command=$(sed -n 's/^ExecStart=[^ ]*safring //p' "$SOURCE_DIR/samples/systemd/safring-renew.service" | sed "s#--hook .*#--hook true#")
# shellcheck disable=SC2086  # a command line
ok safring $command --store life
says "due certificate"

it "makes the secret key that ZWESECKG makes, from C and from the shell, once"
ok safring token init SECKG.C --pin-source file:pin --so-pin-source file:sopin
export SOFTHSM2_CONF=$home/store/softhsm2.conf
ok ./seckg SECKG.C jwtsecret 64 file:pin
says '^made "jwtsecret": 64 bytes, sequence 1'
says '^handle      "SECKG.C                         00000001T   "'
says "never leaves the token"
ok ./seckg SECKG.C jwtsecret 64 file:pin
says '^there already: "jwtsecret": 64 bytes, sequence 1'
ok ./seckg SECKG.C jwtsecret 64 file:pin rotate
says "sequence 2"
refused 5 "." ./seckg SECKG.C jwtsecret 32 file:pin
refused 4 "NOTOKEN" ./seckg NOTOKEN jwtsecret 32 file:pin
refused 6 "PIN" ./seckg SECKG.C jwtsecret 32 file:sopin
unset SOFTHSM2_CONF
ok safring secret check --token SECKG.C --pin-source file:pin
export TOKEN=SECKG.SH APPL=SECKG
ok env SAFRING="$prefix/bin/safring" sh "$SOURCE_DIR/samples/seckg.sh"
says 'tokens for SECKG are signed with "jwtsecret", sequence 1'
ok env SAFRING="$prefix/bin/safring" sh "$SOURCE_DIR/samples/seckg.sh"
says "sequence 1\$"
ok safring idt sign --appl SECKG --user IBMUSER --pin-source file:pin
ok env SAFRING="$prefix/bin/safring" sh "$SOURCE_DIR/samples/seckg.sh" --rotate
says "sequence 2\$"
ok safring idt sign --appl SECKG --user IBMUSER --pin-source file:pin
refused 5 "length" env SAFRING="$prefix/bin/safring" ALG=HS512 sh "$SOURCE_DIR/samples/seckg.sh"
