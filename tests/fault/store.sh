#!/usr/bin/env bash
# Each command that makes a store, copies it, or changes its master key: a store, a backup or a restored store is there whole or not at all, and opens with
# the old or the new master key.
# shellcheck source=tests/fault/harness.sh
. "$(dirname "$0")/harness.sh"

# ---- init ----

made_or_not() {
    safring store check >"$out" 2>"$err" || says_no_store || fail "neither a store nor none"
}
says_no_store() { grep -q "there is no store" "$err"; }
is_made() { safring store check >"$out" 2>"$err" && echo made; what_is_beside; }
what_is_beside() { file_state | grep -v '^./store/'; }

keep
sound=made_or_not state=is_made
survives store init

# ---- backup and restore ----

given_certificates
openssl rand -base64 48 >cred
openssl rand -base64 48 >cred2
printf 'battery staple\n' >pw2
ok safring store backup --out kept.db
keep

restorable() {
    store_is_sound
    [ ! -e out.db ] || ok safring store restore out.db --store copy --master-key-file store/master.key
    rm -rf copy
}
sound=restorable state=what_is_there
survives store backup --out out.db

copy_is_sound() {
    store_is_sound
    [ ! -e copy ] || ok safring store check --store copy
}
whether_copied() { what_is_there | grep -v saf-restore; }
sound=copy_is_sound state=whether_copied
survives store restore kept.db --store copy --master-key-file store/master.key

# ---- rekey: the secret that opens it says which master key it has ----

opens_with() { # SECRET
    local arguments=()
    [ "$1" = none ] || arguments=(--store-secret-source "$1")
    safring store check "${arguments[@]}" >"$out" 2>"$err"
}
one_of_them_opens() {
    opens_with "$new" || opens_with "$old" || fail "neither the old nor the new master key opens a sound store"
    [ ! -e store/master.key.next ] || fail "master.key.next is left"
}
# A key file in the place of another one shows in the audit trail alone.
who_opens() {
    if opens_with "$new"; then echo new; else echo old; fi
    store_state
}
sound=one_of_them_opens state=who_opens there_already='(0|2|6)'

rekey() { # FROM TO ARGUMENTS…: the secrets before and after
    old=$1 new=$2
    shift 2
    survives store rekey "$@"
}

rekey none none --master-key file
rekey none file:cred --master-key credential --store-secret-source file:cred
rekey none file:pw --master-key passphrase --store-secret-source file:pw
ok safring store rekey --master-key credential --store-secret-source file:cred
keep
rekey file:cred none --master-key file --store-secret-source file:cred
rekey file:cred file:cred2 --master-key credential --store-secret-source file:cred --new-secret-source file:cred2
at_least 40
