#!/usr/bin/env bash
# Each command that changes key rings, which one reader each is published for: what the reader finds is the old snapshot or the new one, whole, and the
# next change of anything writes or removes what was left.
# shellcheck source=tests/fault/harness.sh
. "$(dirname "$0")/harness.sh"

# What a reader finds, but for private keys, which not every publication has.
shown() { safring ring show ALICE/Ring "$@" --json | jq -c '[.generation, [.connections[] | [.owner, .label, .usage, .default, .status, .fingerprint_sha256, .revoked_at]]]'; }

# A publication that is being ended or begun may lack a part, but is no half of one; that its files are there still is for the check to say.
readable() {
    if safring store check --json >"$out" 2>"$err"; then :; else
        same "$(field '.problems[]' | grep -v "has ended, but its files could not be removed")" ""
        field '.problems[]' | grep -q "has ended" || fail "the store cannot be checked"
    fi
    [ ! -e pub/ring.saf ] || ! is_published || ok safring ring show ALICE/Ring --store pub
}

is_published() { sqlite3 store/store.db 'SELECT dir FROM publication WHERE NOT is_ended' | grep -q '/pub$'; }
has_keys() { sqlite3 store/store.db 'SELECT dir, with_keys FROM publication' | grep -q '/pub|1$'; }

# The files of publications are a state of their own: see in_step.
all_but_publications() { what_is_there | grep -v '^\./\(pub\|new\)/'; }

# After the next change each publication is what its ring is, and one that ended is gone (an empty directory may stay).
in_step() {
    local dir
    ok safring ring create ALICE/Next --if-exists keep
    silent_on "could not be written"
    for dir in pub new; do
        if sqlite3 store/store.db 'SELECT dir FROM publication' | grep -q "/$dir\$"; then
            same "$(shown --store $dir)" "$(shown)"
            [ ! -e pub/ring.saf ] || ! has_keys || ok safring ring export ALICE/Ring --store pub --with-key --out -
            same "$(find $dir -type f | sort | xargs)" "$dir/ring.key $dir/ring.lock $dir/ring.saf"
        else
            [ -z "$(ls -A $dir 2>/dev/null)" ] || fail "left of $dir: $(ls -A $dir)"
        fi
    done
}

given_certificates
ok safring cert issue ALICE/two --sign-with CERTAUTH/ca --subject CN=two --key ec:P-256
ok safring cert rekey ALICE/web --new-label web2 --sign-with CERTAUTH/ca
ok safring ring create ALICE/Ring
ok safring ring create ALICE/Empty
ok safring ring connect ALICE/Ring ALICE/web --default
ok safring ring connect ALICE/Ring CERTAUTH/ca --usage certauth
keep

survives ring create ALICE/New
survives ring export ALICE/Ring --format pem --out out.pem
survives half ring export ALICE/Ring --format k8s-secret --with-key --out out.yaml
survives ring delete ALICE/Ring

ok safring ring publish ALICE/Ring --for "$(id -un)" --with-keys --to pub
keep
sound=readable state=all_but_publications complete=in_step
survives ring connect ALICE/Ring ALICE/two
survives ring connect ALICE/Ring CERTAUTH/ca --usage site
survives ring remove ALICE/Ring CERTAUTH/ca
survives ring publish ALICE/Ring --for "$(id -un)" --to new
survives ring publish ALICE/Ring --for "$(id -un)" --to pub
survives ring unpublish ALICE/Ring --from pub
survives cert renew ALICE/web
survives cert revoke ALICE/web
survives cert rollover ALICE/web --to web2
at_least 60
