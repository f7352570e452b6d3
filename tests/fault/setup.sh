#!/usr/bin/env bash
# `safring setup` does many things in order: the next run completes what is missing, no file is half-made, and a third run has nothing to do.
# shellcheck source=tests/fault/harness.sh
. "$(dirname "$0")/harness.sh"

cat >zowe.yaml <<'YAML'
zowe:
  setup:
    certificate:
      type: PKCS12
      pkcs12:
        directory: /var/zowe/keystore
  externalDomains: [ zowe.example.com ]
YAML
keep

made_or_not() { [ ! -e root ] || echo made; }

completed_by_the_next_run() { # CODE COMMAND…
    local keystore=root/var/zowe/keystore
    [ "$1" != 0 ] || [ -e $keystore/localhost/localhost.keystore.p12 ] || fail "said to be done, and is not"
    shift
    ok safring "$@"
    ok safring "$@"
    same "$(field .changed)" false
    ok openssl verify -CAfile $keystore/local_ca/local_ca.cer $keystore/localhost/localhost.cer
    ok openssl pkey -in $keystore/localhost/localhost.key -noout
    ok safring store check --store root/store
    ok safring idt sign --store root/store --appl ZOWEAPPL --user IBMUSER --pin-source file:root/store/setup/ZWE.IDT.pin
    grep -q '^    certificate:' zowe.yaml || fail "zowe.yaml is not whole"
    nothing_is_left
}

state=made_or_not judge=completed_by_the_next_run
survives setup --config zowe.yaml --root root --store root/store --update-config --json
at_least 8
