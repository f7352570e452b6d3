#!/usr/bin/env bash
# Whatever ends a command in the middle, or leaves it without room: each key is whole or not there, and the token goes on.
. "$(dirname "$0")/harness.sh"

export ASAN_OPTIONS=detect_leaks=0 # a leak checker cannot trace what strace traces
POINTS=${POINTS:-3} # of each kind of call in each verb

given_token
ok safring secret generate --token ZWE.IDT --label movable --extractable wrapped --pin-source file:pin
ok safring secret wrap --token ZWE.IDT --label movable --password-source file:pw --out movable.wrapped --pin-source file:pin
ok safring secret generate --token ZWE.IDT --label transport --alg A256 --pin-source file:pin
ok safring secret wrap --token ZWE.IDT --label movable --with transport --out movable.by-key --pin-source file:pin
head -c 64 /dev/urandom >raw

# Every key that is listed signs, has its length and its check value; and another can be made, with a number that was never given.
last=0
whole() {
    ok safring secret check --token ZWE.IDT --extractable wrapped --pin-source file:pin --json
    same "$(field '[.secrets[] | select(.bytes == 0 or .check_value == null)] | length')" 0
    same "$(field '[.secrets[].sequence] | length == (unique | length)')" true
    ok safring secret generate --token ZWE.IDT --label probe --if-exists new-version --pin-source file:pin --json
    number=$(field .sequence)
    [ "$number" -gt "$last" ] || fail "number $number after $last"
    last=$number
    ok safring secret delete --token ZWE.IDT --sequence "$number" --pin-source file:pin
}

verb() { # what is interrupted
    case $1 in
    generate) echo secret generate --token ZWE.IDT --label new --end 2099-12-31 --if-exists new-version ;;
    import) echo secret import --token ZWE.IDT --label new --in raw --if-exists new-version ;;
    unwrap) echo secret unwrap movable.by-key --token ZWE.IDT --label new --with transport --end 2099-12-31 --if-exists new-version ;;
    delete) echo secret delete --token ZWE.IDT --label doomed --all-versions ;;
    esac
}

# strace counts the calls of each kind, and then ends the command at some of them.
for what in generate import unwrap delete; do
    for call in write unlink openat ftruncate; do
        it "is whole when $what is killed at $call"
        [ $what = delete ] && ok safring secret generate --token ZWE.IDT --label doomed --end 2099-12-31 --if-exists new-version --pin-source file:pin
        # shellcheck disable=SC2046  # words
        ok strace -f -o trace -e trace=$call "$SAFRING" $(verb $what) --pin-source file:pin
        count=$(grep -c "$call(" trace)
        for ((point = 0; point < POINTS && point < count; point++)); do
            at=$((count - point * count / POINTS))
            [ $what = delete ] && ok safring secret generate --token ZWE.IDT --label doomed --end 2099-12-31 --if-exists new-version --pin-source file:pin
            # shellcheck disable=SC2046
            { strace -f -o trace -e trace=$call -e inject=$call:signal=KILL:when=$at "$SAFRING" $(verb $what) --pin-source file:pin >"$out" 2>"$err" </dev/null; } 2>/dev/null
            whole
        done
    done
done

it "says that there is no room, and makes nothing"
count() { safring secret list --token ZWE.IDT --pin-source file:pin --json | jq '.secrets | length'; }
before=$(count)
full() { strace -f -o trace -e trace=fallocate -e inject=fallocate:error=ENOSPC "$SAFRING" "$@"; }
for what in generate import unwrap; do
    # shellcheck disable=SC2046
    refused 1 "no room for a new object in .*tokens.*No space left" full $(verb $what) --pin-source file:pin
    same "$(count)" "$before"
done

it "writes no half file"
rm movable.wrapped
refused 1 "movable.wrapped.*No space left" strace -f -o trace -e trace=linkat -e inject=linkat:error=ENOSPC "$SAFRING" secret wrap --token ZWE.IDT --label movable --with transport \
    --out movable.wrapped --pin-source file:pin
[ ! -e movable.wrapped ] || fail "there is a file"
