# shellcheck shell=bash
# Sourced by every test of a command. Each runs in an empty directory of its own, with an empty store, and is removed afterwards.
#
#   it "does something"              names what the following lines show
#   ok COMMAND…                      must exit 0; its output is in $out and $err
#   refused CODE PATTERN COMMAND…    must exit with CODE and say something that matches PATTERN (grep -E) on standard error
#   says PATTERN                     what the last command printed on standard output matches
#   silent_on PATTERN                …and nothing it printed anywhere matches
#   field FILTER                     jq -r over what the last command printed
#   same A B                         two texts are equal
set -u
: "${SAFRING:?the safring command to test}"

sentence=
trap 'cleanup' EXIT
home=$(mktemp -d)
cd "$home" || exit 1
export HOME=$home SAFRING_HOME=$home/store
unset SOFTHSM2_CONF SAFRING_PKCS11_MODULE CREDENTIALS_DIRECTORY XDG_DATA_HOME
export out=$home/.out err=$home/.err
umask 077
printf '1234567\n' >pin
printf '87654321\n' >sopin
printf 'correct horse\n' >pw

cleanup() {
    chmod -R u+w "$home" 2>/dev/null
    rm -rf "$home"
}

safring() { "$SAFRING" "$@"; }

it() { sentence=$1; }

fail() {
    echo "FAILED: ${0##*/}: $sentence"
    echo "  $*"
    sed 's/^/  stdout: /' "$out" | head -20
    sed 's/^/  stderr: /' "$err" | head -20
    exit 1
}

ok() {
    "$@" >"$out" 2>"$err" </dev/null || fail "exit $? from: $*"
}

ok_from() { # FILE COMMAND…: as ok, with standard input from FILE
    local input=$1
    shift
    "$@" >"$out" 2>"$err" <"$input" || fail "exit $? from: $*"
}

refused_from() { # FILE CODE PATTERN COMMAND…
    local input=$1 code=$2 pattern=$3 got=0
    shift 3
    "$@" >"$out" 2>"$err" <"$input" || got=$?
    [ "$got" = "$code" ] || fail "exit $got instead of $code from: $*"
    cat "$out" "$err" | grep -Eq -- "$pattern" || fail "nothing matches /$pattern/ from: $*"
}

refused() {
    refused_from /dev/null "$@"
}

says() { grep -Eq -- "$1" "$out" || fail "standard output does not match /$1/"; }
notes() { grep -Eq -- "$1" "$err" || fail "standard error does not match /$1/"; }
silent_on() { ! cat "$out" "$err" | grep -Eq -- "$1" || fail "something printed matches /$1/"; }
field() { jq -r "$1" <"$out"; }
same() { [ "$1" = "$2" ] || fail "\"$1\" is not \"$2\""; }
mode_of() { stat -c %a "$1"; }

# A CA, a server certificate and a ring to work with; a small EC key keeps the tests fast.
given_certificates() {
    ok safring ca create CERTAUTH/ca --subject "CN=Test CA" --key ec:P-256
    ok safring cert issue ALICE/web --sign-with CERTAUTH/ca --subject "CN=www.example.test" --san dns:www.example.test --key ec:P-256
}

given_token() {
    ok safring token init ZWE.IDT --pin-source file:pin --so-pin-source file:sopin
}

given_policy() {
    given_token
    ok safring secret generate --token ZWE.IDT --label jwtsecret --alg HS512 --pin-source file:pin
    ok safring policy define --appl ZOWEAPPL --user '*' --alg HS512 --key 'pkcs11:token=ZWE.IDT;object=jwtsecret;type=secret-key'
}
