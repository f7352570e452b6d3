#!/bin/sh
# run.sh BUILD_DIR SECONDS: every fuzzer for that long; fails on a crash, or when there is no fuzzer.
# What a run learns stays in BUILD_DIR/fuzz/NAME, what made a fuzzer crash in BUILD_DIR/fuzz/NAME-crash-*.
set -eu

if [ $# -ne 2 ]; then
    echo "usage: $0 BUILD_DIR SECONDS" >&2
    exit 2
fi
build=$1
seconds=$2
seeds=$(dirname "$0")/corpus

# fuzz_one PROGRAM
fuzz_one() {
    name=${1##*/fuzz-}
    learnt=$build/fuzz/$name
    mkdir -p "$learnt"
    if "$1" -max_total_time="$seconds" -max_len=8192 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$learnt-" "$learnt" "$seeds/$name" >"$learnt.log" 2>&1; then
        echo "fuzz $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$learnt.log") runs, no crash"
    else
        echo "fuzz $name: FAILED"
        tail -n 60 "$learnt.log"
        failed=1
    fi
}

failed=0
ran=0
for program in "$build"/tests/fuzz/fuzz-*; do
    if [ -f "$program" ] && [ -x "$program" ]; then
        fuzz_one "$program"
        ran=$((ran + 1))
    fi
done
if [ "$ran" -eq 0 ]; then
    echo "no fuzzers in $build/tests/fuzz; build with the preset \"fuzz\"" >&2
    exit 1
fi
exit "$failed"
