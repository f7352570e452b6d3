#!/usr/bin/env bash
# Backup, restore and rekey, killed at, or refused by (disk full, I/O error), one system call after another: afterwards the store is sound and opens with the old or
# the new master key; a backup or restored store is there whole or not at all; and the same command, tried again, does its work. POINTS says how
# many calls of each kind are tried, spread over all of a run.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../cli/harness.sh"
POINTS=${POINTS:-1}

given_certificates
openssl rand -base64 48 >cred
openssl rand -base64 48 >cred2
printf 'battery staple\n' >pw2
ok safring store backup --out kept.db
for kind in passphrase credential; do
    cp -a store before-$kind
    source=file:pw
    [ $kind = credential ] && source=file:cred
    ok safring store rekey --store before-$kind --master-key $kind --store-secret-source $source
done
mv store before-file
tried=0

# fresh KIND: the store with such a master key, and nothing else
fresh() {
    rm -rf store copy .copy.saf-restore out.db .saf-*
    cp -a "before-$1" store
}

# Which of the secrets opens the store, if it is sound.
opens_with() { # SECRET…
    local secret
    for secret; do
        if [ "$secret" = none ]; then
            "$SAFRING" store check >"$out" 2>"$err" && return 0
        else
            "$SAFRING" store check --store-secret-source "$secret" >"$out" 2>"$err" && return 0
        fi
    done
    return 1
}

# inject KIND CALL NUMBER FAULT VERB ARGUMENTS…: its exit code is in $code
inject() {
    local call=$2 n=$3 fault=$4
    fresh "$1"
    shift 4
    # The shell's own word about a killed child is no news.
    { strace -f -o /dev/null -e "trace=$call" -e "inject=$call:$fault:when=$n" "$SAFRING" "$@" >"$out" 2>"$err"; } 2>/dev/null
    code=$?
    tried=$((tried + 1))
}

# each KIND CHECK VERB ARGUMENTS…: CHECK is called after each fault
each() {
    local kind=$1 check=$2 call calls step n fault
    shift 2
    for call in pwrite64 write fdatasync fsync ftruncate linkat link rename renameat2 unlink unlinkat rmdir mkdir chmod openat; do
        fresh "$kind"
        strace -f -o calls -e "trace=$call" "$SAFRING" "$@" >"$out" 2>"$err" || fail "a plain run of $* under strace"
        calls=$(grep -c "$call(" calls)
        [ "$calls" -gt 0 ] || continue
        step=$(((calls + POINTS - 1) / POINTS))
        for ((n = 1; n <= calls; n += step)); do
            for fault in signal=KILL error=ENOSPC error=EIO; do
                it "$*: $call number $n of $calls: $fault"
                inject "$kind" "$call" "$n" "$fault" "$@"
                "$check" "$@"
            done
        done
    done
}

# ---- rekey: from what, to what, and what opens it before and after ----

rekeyed() { # VERB ARGUMENTS…, with $old and $new
    opens_with "$new" "$old" || fail "neither the old nor the new master key opens a sound store"
    if [ "$code" = 0 ]; then
        opens_with "$new" || fail "said to be done, and is not"
    fi
    # What was opened is tidy: no key file too many.
    [ ! -e store/master.key.next ] || fail "master.key.next is left"
    return 0
}

rekey() { # KIND OLD NEW ARGUMENTS…
    local kind=$1
    old=$2 new=$3
    shift 3
    each "$kind" rekeyed store rekey "$@"
}

rekey file none none --master-key file
rekey file none file:pw --master-key passphrase --store-secret-source file:pw
rekey file none file:cred --master-key credential --store-secret-source file:cred
rekey passphrase file:pw none --master-key file --store-secret-source file:pw
rekey passphrase file:pw file:pw2 --master-key passphrase --store-secret-source file:pw --new-secret-source file:pw2
rekey credential file:cred none --master-key file --store-secret-source file:cred
rekey credential file:cred file:cred2 --master-key credential --store-secret-source file:cred --new-secret-source file:cred2

# ---- backup ----

backed_up() {
    opens_with none || fail "the store is not sound"
    [ "$code" != 0 ] || [ -e out.db ] || fail "said to be done, and is not"
    if [ -e out.db ]; then
        same "$(sqlite3 out.db 'PRAGMA integrity_check')" ok
        ok safring store restore out.db --store copy
    else
        ok safring store backup --out out.db
    fi
}

each file backed_up store backup --out out.db

# ---- restore ----

restored() {
    opens_with none || fail "the store is not sound"
    [ "$code" != 0 ] || [ -e copy ] || fail "said to be done, and is not"
    [ -e copy ] || ok safring store restore kept.db --store copy
    ok safring store check --store copy
    [ ! -e .copy.saf-restore ] || fail "something is left"
}

each file restored store restore kept.db --store copy

echo "$tried faults survived"
[ "$tried" -gt 150 ] || fail "only $tried faults were tried"
