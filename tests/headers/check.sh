#!/bin/sh
# check.sh INCLUDE_DIR...
#
# Compiles each public header alone, and twice in a row, as C11, C17 and C++17 with every compiler of gcc and clang that is here.
# All directories are searched, as in an installation. Exit status: 0 all compile, 1 not, 2 nothing was checked.
set -u

[ $# -gt 0 ] || { echo "usage: $0 INCLUDE_DIR..." >&2; exit 2; }
warnings='-Wall -Wextra -Wpedantic -Wstrict-prototypes -Werror'
warnings_cxx='-Wall -Wextra -Wpedantic -Werror'
# Word splitting is wanted: pkg-config prints a list of options.
crypto=$(pkg-config --cflags libcrypto) || exit 2
checked=0
failed=0

search_path() {
    for dir; do
        printf ' -I%s' "$dir"
    done
}

# compile COMPILER LANGUAGE STANDARD HEADER: the rest is in $options.
compile() {
    printf '#include <%s>\n#include <%s>\n' "$4" "$4" |
        "$1" -x "$2" "-std=$3" $options -fsyntax-only - || {
        echo "$4 does not compile alone: $1 -std=$3" >&2
        failed=$((failed + 1))
    }
    checked=$((checked + 1))
}

check_header() {
    for compiler in gcc clang; do
        command -v "$compiler" >/dev/null || continue
        options="$warnings $crypto $path"
        compile "$compiler" c c11 "$1"
        compile "$compiler" c c17 "$1"
    done
    for compiler in g++ clang++; do
        command -v "$compiler" >/dev/null || continue
        options="$warnings_cxx $crypto $path"
        compile "$compiler" c++ c++17 "$1"
    done
}

path=$(search_path "$@")
for dir; do
    for header in "$dir"/safring/*.h; do
        [ -f "$header" ] || { echo "no headers in $dir/safring" >&2; exit 2; }
        check_header "safring/${header##*/}"
    done
done

echo "$checked compilations, $failed failed"
[ "$checked" -gt 0 ] || exit 2
[ "$failed" -eq 0 ]
