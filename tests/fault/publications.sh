#!/usr/bin/env bash
# A change of a published ring, and its end, killed at, or refused (disk full), one system call after another: its reader finds the old snapshot or the new one, whole, and the
# next change writes or removes what was left. POINTS says how many calls of each kind are tried, spread over all of a run.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../cli/harness.sh"
POINTS=${POINTS:-1}

given_certificates
ok safring cert issue ALICE/two --sign-with CERTAUTH/ca --subject CN=two --key ec:P-256
ok safring ring create ALICE/Ring
ok safring ring connect ALICE/Ring ALICE/web --default
ok safring ring publish ALICE/Ring --for "$(id -un)" --with-keys --to pub
mv store store-before
mv pub pub-before
tried=0

fresh() {
    rm -rf store pub
    cp -a store-before store
    cp -a pub-before pub
}

labels() { safring ring show ALICE/Ring "$@" --json | jq -c '[.connections[] | [.label, .has_key]]'; }

whole() { # what a reader finds is what the ring was or is
    local seen
    seen=$(labels --store pub 2>"$err") || fail "the publication cannot be read: $(cat "$err")"
    [ "$seen" = "$before" ] || [ "$seen" = "$after" ] || fail "half-published: $seen"
    ok safring ring export ALICE/Ring --store pub --with-key --out -
}

gone() { # ended or not, never in between for long: the next change finishes
    [ ! -e pub ] || return 0
}

# FUNCTION that looks right after, FUNCTION that looks after the next change, COMMAND…
survives() {
    local now=$1 later=$2 calls step n fault code
    shift 2
    for call in pwrite64 write fsync fdatasync linkat rename renameat unlink unlinkat fchown fchmod flock rmdir; do
        fresh
        strace -f -o calls -e "trace=$call" "$SAFRING" "$@" >/dev/null 2>"$err" || fail "a plain run of $* under strace"
        calls=$(grep -c "$call(" calls)
        [ "$calls" -gt 0 ] || continue
        step=$(((calls + POINTS - 1) / POINTS))
        for ((n = 1; n <= calls; n += step)); do
            for fault in signal=KILL error=ENOSPC; do
                [ "$call $fault" = "rmdir error=ENOSPC" ] && continue # an empty directory may stay
                it "$*: $call number $n of $calls: $fault"
                fresh
                { strace -f -o /dev/null -e "trace=$call" -e "inject=$call:$fault:when=$n" "$SAFRING" "$@" >"$out" 2>"$err"; } 2>/dev/null
                code=$?
                $now $code
                ok safring ring create ALICE/Next
                silent_on "could not be written"
                $later $code
                tried=$((tried + 1))
            done
        done
    done
}

in_step() { # after the next change the publication is the ring
    same "$(labels --store pub)" "$(labels)"
    same "$(find pub -type f | sort | xargs)" "pub/ring.key pub/ring.lock pub/ring.saf"
}

ended_or_not() {
    if safring ring show ALICE/Ring --json | jq -e '.publications | length == 0' >/dev/null; then
        [ ! -e pub ] || fail "its files are still there: $(ls -A pub)"
    else
        in_step
    fi
}

fresh
before=$(labels)
ok safring ring connect ALICE/Ring ALICE/two
after=$(labels)
survives whole in_step ring connect ALICE/Ring ALICE/two
survives gone ended_or_not ring unpublish ALICE/Ring --from pub
[ "$tried" -ge 20 ] || fail "only $tried points were tried"
