#!/usr/bin/env bash
# `safring setup` killed at, or refused (disk full), one system call after another that writes: the next run completes it, no file is half-made, and
# a third run has nothing to do. The points are spread over all such calls of a whole run; POINTS says how many of each kind are tried.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../cli/harness.sh"
POINTS=${POINTS:-3}

cat >zowe.yaml <<'YAML'
zowe:
  setup:
    certificate:
      type: PKCS12
      pkcs12:
        directory: /var/zowe/keystore
  externalDomains: [ zowe.example.com ]
YAML

setup() { "$SAFRING" setup --config zowe.yaml --root root --store root/store --json; }

fresh() {
    chmod -R u+w root 2>/dev/null
    rm -rf root
}

completed_by_the_next_run() {
    ok setup
    ok setup
    same "$(field .changed)" false
    ok openssl verify -CAfile root/var/zowe/keystore/local_ca/local_ca.cer root/var/zowe/keystore/localhost/localhost.cer
    ok openssl pkey -in root/var/zowe/keystore/localhost/localhost.key -noout
    same "$(find root -name '.saf-*' -newer zowe.yaml -size -1c | wc -l)" 0
    ok safring idt sign --store root/store --appl ZOWEAPPL --user IBMUSER --pin-source file:root/store/setup/ZWE.IDT.pin
}

# How often a whole run makes a system call.
count_calls() {
    fresh
    strace -f -o calls -e "trace=$1" "$SAFRING" setup --config zowe.yaml --root root --store root/store >/dev/null 2>"$err" || fail "a plain run under strace"
    grep -c "$1(" calls
}

tried=0
for call in write pwrite64 fsync fdatasync linkat rename renameat2 mkdir mkdirat fchmod unlink; do
    calls=$(count_calls "$call")
    [ "$calls" -gt 0 ] || continue
    step=$(((calls + POINTS - 1) / POINTS))
    for ((n = 1; n <= calls; n += step)); do
        for fault in signal=KILL error=ENOSPC; do
            [ "$fault" = error=ENOSPC ] && [ "$call" = unlink ] && continue
            it "$call number $n of $calls: $fault"
            fresh
            # The shell's own word about a killed child is no news.
            { strace -f -o /dev/null -e "trace=$call" -e "inject=$call:$fault:when=$n" \
                "$SAFRING" setup --config zowe.yaml --root root --store root/store >"$out" 2>"$err"; } 2>/dev/null
            completed_by_the_next_run
            tried=$((tried + 1))
        done
    done
done
fresh
echo "$tried faults survived"
[ "$tried" -gt 20 ] || fail "only $tried faults were tried"
