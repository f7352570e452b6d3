#!/usr/bin/env bash
# run.sh: installs what the tests need, builds everything, runs every test, and ends with a summary line.
#
# FUZZ_SECONDS (default 8) is how long each fuzzer runs.
set -euo pipefail
cd "$(dirname "$0")/.."

passed=0
failed=0

# Runs ctest and adds its counts; a failing test does not stop the others.
run_ctest() {
    local preset=$1 log counts
    shift
    log=$(mktemp)
    ctest --preset "$preset" "$@" 2>&1 | tee "$log" || true
    counts=$(sed -n 's/^[0-9]*% tests passed, \([0-9]*\) tests failed out of \([0-9]*\)$/\1 \2/p' "$log")
    rm -f "$log"
    if [ -z "$counts" ]; then
        echo "run.sh: no summary from ctest --preset $preset" >&2
        failed=$((failed + 1))
        return
    fi
    failed=$((failed + ${counts% *}))
    passed=$((passed + ${counts#* } - ${counts% *}))
}

build() { # PRESET [TARGET]
    cmake --preset "$1" >/dev/null
    cmake --build --preset "$1" ${2:+--target "$2"}
}

# What is flushed thousands of times need not reach a disk, where there is room in memory and programs may run from there.
if [ -z "${TMPDIR:-}" ] && [ -w /dev/shm ] && [ "$(df --output=avail -m /dev/shm | tail -n 1)" -ge 2048 ] && ! findmnt -no OPTIONS /dev/shm | grep -q noexec; then
    TMPDIR=$(mktemp -d /dev/shm/safring.XXXXXX)
    chmod 755 "$TMPDIR"
    trap 'rm -rf "$TMPDIR"' EXIT
    export TMPDIR
fi

sh samples/packages.sh tests

echo "== tests, gcc"
build tests
run_ctest tests -j 2

echo "== AddressSanitizer, UndefinedBehaviorSanitizer"
build sanitize
run_ctest sanitize -j 2 -L 'unit|cli'

echo "== ThreadSanitizer"
build threads thread_tests
run_ctest threads -L threads

echo "== fuzzers, clang"
build fuzz fuzzers
if tests/fuzz/run.sh build/fuzz "${FUZZ_SECONDS:-8}"; then
    passed=$((passed + 1))
else
    failed=$((failed + 1))
fi

echo
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
