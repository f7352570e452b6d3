#!/usr/bin/env bash
# Floors, not a web: who may include whom, and who may print, exit, or call into a library that has one door.
cd "$(dirname "$0")/../.." || exit 1
bad=0

# room: the headers that it must not reach for
forbid() {
    local where=$1 pattern=$2 why=$3 found
    # shellcheck disable=SC2086  # a list of paths
    found=$(grep -rnE "$pattern" $where --include='*.c' --include='*.h' 2>/dev/null | grep -vE '^[^:]+:[0-9]+: *(/?\*|//)')
    if [ -n "$found" ]; then
        printf '%s:\n%s\n' "$why" "$found"
        bad=1
    fi
}

forbid "base" '#include <(safring/(authority|store|keyring|pkcs11|cert|idt|issuer|setup)|cli/)' "base/ knows no other room"
forbid "idt/src idt/include" '#include <(safring/(authority|store|keyring|pkcs11|cert|issuer|setup)|cli/)' "the token core knows base/ only"
forbid "keyring/src keyring/include keyring/internal" '#include <(safring/(pkcs11|cert|idt|issuer|setup)|cli/)' "keyring/ knows base/ only"
forbid "pkcs11/src pkcs11/include" '#include <(safring/(authority|store|keyring|cert|idt|issuer|setup)|cli/)' "pkcs11/ knows base/ only"
forbid "certtool/src certtool/include" '#include <(safring/(pkcs11|idt|issuer|setup)|cli/)' "certtool/ knows keyring/ and base/"
forbid "idt/issuer" '#include <(safring/(cert|setup)|cli/)' "idt/issuer/ knows the core and the stores"
forbid "setup/src setup/include" '#include <cli/' "setup/ does not know the command"

libraries="base keyring/src keyring/include pkcs11/src pkcs11/include certtool/src certtool/include idt/src idt/include idt/issuer setup/src setup/include"
forbid "$libraries" '\b(v?printf|puts|putchar|perror) ?\(|\bfv?printf ?\((stdout|stderr)' "only the command prints"
forbid "$libraries cli/src/parse.c cli/src/open.c cli/src/issue.c" '\b(_?exit|abort) ?\(' "nobody exits from inside"
forbid "base keyring pkcs11 certtool idt setup cli" '\bgoto\b' "there is no goto"
forbid "base keyring pkcs11 certtool idt setup cli" '\b(strcpy|strcat|sprintf|vsprintf|gets|atoi|atol|strtok|system|popen|tmpnam|mktemp|alloca) ?\(' "forbidden function"
forbid "base/src keyring/src pkcs11/src certtool/src idt setup/src" '\bfopen ?\([^)]*"[wa]' "files are written through base/file.h"

door() {
    local header=$1 door=$2 found
    found=$(grep -rlE "#include <$header>" --include='*.c' --include='*.h' base keyring pkcs11 certtool idt setup cli | grep -vE "^($door)$")
    if [ -n "$found" ]; then
        printf 'only %s includes <%s>:\n%s\n' "$door" "$header" "$found"
        bad=1
    fi
}
door 'sqlite3\.h' 'keyring/src/storage-sqlite\.h|keyring/src/storage-sqlite[a-z-]*\.c'
door 'libp11\.h' 'pkcs11/src/key-pair\.c'
door 'yaml\.h' 'setup/src/yaml-[a-z]*\.c'
door 'dlfcn\.h' 'pkcs11/src/module\.c'

[ $bad = 0 ] && echo "the floors hold"
exit $bad
