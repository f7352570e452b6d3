#!/bin/sh
# run.sh BUILD_DIR SECONDS: every fuzzer for that long, two at a time; fails on a crash, or when there is no fuzzer.
# What a run learns stays in BUILD_DIR/fuzz/NAME, what made a fuzzer crash in BUILD_DIR/fuzz/NAME-crash-*.
set -eu

if [ "${1:-}" = --one ]; then # BUILD_DIR SECONDS SEEDS PROGRAM
    build=$2 seconds=$3 seeds=$4 program=$5
    name=${program##*/fuzz-}
    learnt=$build/fuzz/$name
    mkdir -p "$learnt"
    if "$program" -max_total_time="$seconds" -max_len=8192 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$learnt-" "$learnt" "$seeds/$name" >"$learnt.log" 2>&1; then
        echo "fuzz $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$learnt.log") runs, no crash"
        exit 0
    fi
    echo "fuzz $name: FAILED"
    tail -n 60 "$learnt.log"
    exit 1
fi

if [ $# -ne 2 ]; then
    echo "usage: $0 BUILD_DIR SECONDS" >&2
    exit 2
fi
programs=$(find "$1/tests/fuzz" -maxdepth 1 -name 'fuzz-*' -type f -perm -u+x | sort)
if [ -z "$programs" ]; then
    echo "no fuzzers in $1/tests/fuzz; build with the preset \"fuzz\"" >&2
    exit 1
fi
echo "$programs" | xargs -P 2 -I PROGRAM "$0" --one "$1" "$2" "$(dirname "$0")/corpus" PROGRAM
