#!/bin/sh
# packages.sh build|tests: installs what is missing of the Debian packages that building or testing safring needs.
# packages.sh servers DIR: unpacks nginx and haproxy into DIR. Installing them would start them as services.
set -eu

BUILD="build-essential cmake ninja-build pkg-config libssl-dev libp11-dev libp11-kit-dev libsqlite3-dev
       libjansson-dev libyaml-dev softhsm2 openssl"
TESTS="libcmocka-dev clang libclang-rt-14-dev llvm curl gnutls-bin libnss3-tools opensc openjdk-17-jdk-headless
       mandoc shellcheck strace sqlite3 jq git bash-completion liblua5.3-0 libopentracing-c-wrapper0 libpcre2-8-0"

unpack_servers() {
    mkdir -p "$1"
    cd "$1"
    if [ ! -x usr/sbin/nginx ] || [ ! -x usr/sbin/haproxy ]; then
        # shellcheck disable=SC2086  # empty, or one word
        apt-get -qq download nginx haproxy 2>/dev/null || { ${as_root:-} apt-get update -qq && apt-get -qq download nginx haproxy 2>/dev/null; }
        for package in ./*.deb; do
            dpkg-deb -x "$package" .
            rm "$package"
        done
    fi
}

case ${1:-} in
servers) unpack_servers "$2"; exit ;;
build) wanted=$BUILD ;;
tests) wanted="$BUILD $TESTS" ;;
*) echo "usage: packages.sh build|tests|servers DIR" >&2; exit 2 ;;
esac

installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# npm may come with a Node.js that is not Debian's, which Debian's npm would conflict with.
if [ "$1" = tests ] && ! command -v npm >/dev/null; then
    wanted="$wanted nodejs npm"
fi

missing=
for package in $wanted; do
    installed "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "packages.sh: needs root or sudo to install:$missing" >&2; exit 1; }
    as_root=sudo
fi
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq
# shellcheck disable=SC2086  # a list of words
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
