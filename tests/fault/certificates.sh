#!/usr/bin/env bash
# Each verb that changes certificates, killed at, or refused (disk full), one system call after another that writes: what it does has happened entirely
# or not at all, the store can be read, and a file is whole or absent. POINTS says how many calls of each kind are tried, spread over all of a run.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../cli/harness.sh"
POINTS=${POINTS:-2}

given_certificates
ok safring cert rekey ALICE/web --new-label web2 --sign-with CERTAUTH/ca
ok safring cert issue ALICE/asked --sign-with CERTAUTH/ca --subject CN=asked --san dns:asked.example.test
ok safring ring create ALICE/Ring
ok safring ring connect ALICE/Ring ALICE/web --default
ok safring cert request ALICE/asked --out asked.csr
ok safring cert sign asked.csr --sign-with CERTAUTH/ca --out answer.pem
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=foreign" -addext subjectAltName=DNS:f.example.test -keyout f.key -out f.csr 2>/dev/null
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=x" -keyout x.key -out x.pem 2>/dev/null
echo 'owner,label,subject,san
BOB,one,CN=one,dns:one.example.test
BOB,two,CN=two,dns:two.example.test' >list.csv
mv store before
tried=0

# What an administrator would see of it, without what differs from run to run.
probe() {
    safring cert list --json | jq -c '[.certificates[] | [.owner, .label, .status, .has_key, .revoked_at != null, .requested_at != null]]' &&
        safring ring show ALICE/Ring --json | jq -c '[.connections[] | [.label, .usage, .default]]' &&
        safring ca issued CERTAUTH/ca --json | jq -c '[.certificates[] | [.label, .in_store, .revoked_at != null]]'
}

fresh() {
    rm -rf store out.*
    cp -a before store
}

sound() {
    ok sqlite3 store/store.db 'PRAGMA integrity_check; PRAGMA foreign_key_check'
    same "$(cat "$out")" ok
}

# Lines of a list are many changes, or one with a batch: as a whole they have no half.
survives() { # VERB ARGUMENTS…
    fresh
    ok safring "$@"
    local after before_probe now code
    after=$(probe)
    fresh
    before_probe=$(probe)
    for call in pwrite64 write fdatasync fsync linkat rename unlink; do
        fresh
        strace -f -o calls -e "trace=$call" "$SAFRING" "$@" >/dev/null 2>"$err" || fail "a plain run of $* under strace"
        local calls step n fault
        calls=$(grep -c "$call(" calls)
        [ "$calls" -gt 0 ] || continue
        step=$(((calls + POINTS - 1) / POINTS))
        for ((n = 1; n <= calls; n += step)); do
            for fault in signal=KILL error=ENOSPC; do
                [ "$fault" = error=ENOSPC ] && [ "$call" = unlink ] && continue
                it "$*: $call number $n of $calls: $fault"
                fresh
                # The shell's own word about a killed child is no news.
                { strace -f -o /dev/null -e "trace=$call" -e "inject=$call:$fault:when=$n" "$SAFRING" "$@" >"$out" 2>"$err"; } 2>/dev/null
                code=$?
                now=$(probe) || fail "the store cannot be read"
                [ "$now" = "$after" ] || [ "$now" = "$before_probe" ] || fail "half-done: $now"
                [ "$code" != 0 ] || [ "$now" = "$after" ] || fail "said to be done, and is not"
                sound
                for file in out.*; do
                    [ ! -e "$file" ] || tail -n 1 "$file" | grep -q -- '-----END' || fail "$file is not whole"
                done
                tried=$((tried + 1))
            done
        done
    done
}

survives ca create CERTAUTH/new --subject CN=new --key ec:P-256
survives cert issue ALICE/new --sign-with CERTAUTH/ca --subject CN=new --san dns:new.example.test
survives cert renew ALICE/web
survives cert rekey ALICE/web --new-label web3 --sign-with CERTAUTH/ca
survives cert rollover ALICE/web --to web2
survives cert request ALICE/web --out out.csr
survives cert sign f.csr --sign-with CERTAUTH/ca --out out.pem
survives cert import answer.pem --owner ALICE
survives cert import x.pem --owner BOB --label x
survives cert alter ALICE/web --new-label renamed --status notrust
survives cert delete ALICE/web --force
survives cert revoke ALICE/web
survives ca crl CERTAUTH/ca --out out.crl
survives cert issue --from list.csv --sign-with CERTAUTH/ca
echo "$tried faults survived"
[ "$tried" -gt 100 ] || fail "only $tried faults were tried"
