#!/usr/bin/env bash
# Sixteen processes change one store at once, and one after another is killed and started again. Each writes down what it begins and what it was
# answered; afterwards the store is sound, holds what was said to be done, and nothing else but what was under way when its process was killed.
# An owner's certificates and rings are one worker's alone, so that all answers to it can be foretold; one ring with its publication, CA, issue list and audit
# trail are shared.
here=$(cd "$(dirname "$0")" && pwd)
SECONDS_OF_STRESS=${SECONDS_OF_STRESS:-20}
WORKERS=16

# ---- one worker: its journal has a line "begin VERB LABEL" and, when the answer is known, "end VERB LABEL EXIT WHAT" ----

tell() { printf '%s\n' "$*" >>"journal.$number"; }

list_mine() {
    safring cert list --owner "W$number" --json >"reply.$number" 2>"said.$number" || return
    jq -r '[.certificates[] | "\(.label)=\(.serial)=\(if .revoked_at then "y" else "n" end)"] | join(",")' "reply.$number"
}

show_mine() {
    safring ring show SHARED/Ring --json >"reply.$number" 2>"said.$number" || return
    jq -r --arg owner "W$number" '[.connections[] | select(.owner == $owner) | .label] | join(",")' "reply.$number"
}

serial_in() { # MEMBER: of the reply
    sed -n "s/^ *\"$1\": \"\([0-9A-F]*\)\",\{0,1\}\$/\1/p" "reply.$number"
}

# Sets what: the serial numbers that the answer names.
run() { # VERB LABEL
    local cert=W$number/$2 kind=random code=0
    what=
    case $1 in
    issue)
        [ $((RANDOM % 2)) = 0 ] || kind=sequential
        set -- cert issue "$cert" --sign-with CERTAUTH/ca --subject "CN=$2" --san "dns:$2.example.test" --key ec:P-256 --serial "$kind" --json
        ;;
    renew) set -- cert renew "$cert" --json ;;
    revoke) set -- cert revoke "$cert" --reason superseded --json ;;
    delete) set -- cert delete "$cert" --json ;;
    force) set -- cert delete "$cert" --force --json ;;
    connect) set -- ring connect SHARED/Ring "$cert" --usage personal --json ;;
    remove) set -- ring remove SHARED/Ring "$cert" --json ;;
    make) set -- ring create "$cert" --json ;;
    drop) set -- ring delete "$cert" --json ;;
    publish) set -- ring publish "$cert" --for "$(id -un)" --to "pub/$number-$2" --json ;;
    read) set -- ring show SHARED/Ring --store pub/shared --json ;;
    backup)
        rm -f "backup.$number.db"
        set -- store backup --out "backup.$number.db" --json
        ;;
    list | show)
        what=$("$1_mine")
        return
        ;;
    esac
    safring "$@" >"reply.$number" 2>"said.$number" || code=$?
    [ $code != 0 ] || what="$(serial_in serial) $(serial_in replaced_serial)"
    return $code
}

worker() {
    local verbs=(issue issue issue connect connect remove show list renew revoke delete force make make publish drop read backup) verb label code
    trap - EXIT
    tell start
    while [ ! -e stop ]; do
        verb=${verbs[RANDOM % ${#verbs[@]}]} label=L$((RANDOM % 6)) code=0
        case $verb in list | show | read | backup) label=- ;; esac
        tell begin "$verb" $label
        run "$verb" $label || code=$?
        tell end "$verb" $label $code "$what"
        case $code in 0 | 4 | 5 | 7) ;; *) sed "s/^/worker $number: exit $code: /" "said.$number" >>surprises ;; esac
    done
}

if [ "${1:-}" = worker ]; then
    number=$2
    safring() { "$SAFRING" "$@"; }
    worker
    exit 0
fi

# ---- the judge: replays a journal with all that is known of each label: there (y, n, or ? after a kill), serial, connected, revoked ----

judge() { # JOURNAL…
    awk '
    function bad(text) { print FILENAME ":" FNR ": " text ": " $0; failed = 1 }
    function must(value, expected, text) { if (value != "?" && value != expected) bad(text) }
    function absent(l) { must(there[l], "n", "not there, though nothing took it away"); there[l] = "n"; in_ring[l] = "n" }
    function present(l) {
        must(there[l], "y", "there, though nothing made it")
        if (there[l] != "y") serial[l] = revoked[l] = "?"
        there[l] = "y"
    }
    function unsure(verb, l) {
        lost++
        if (verb == "issue" && there[l] != "y") { maybe_issued++; there[l] = serial[l] = "?"; revoked[l] = "n" }
        if (verb == "renew" && there[l] != "n") { maybe_issued++; serial[l] = revoked[l] = "?" }
        if (verb == "revoke" && revoked[l] != "y") revoked[l] = "?"
        if (verb == "delete" && in_ring[l] != "y" && there[l] == "y") there[l] = "?"
        if (verb == "force" && there[l] == "y") there[l] = "?"
        if ((verb == "force" || verb == "remove") && in_ring[l] == "y") in_ring[l] = "?"
        if ((verb == "make" && ring[l] == "n") || (verb == "drop" && ring[l] == "y")) ring[l] = "?"
        if (verb == "connect" && in_ring[l] == "n" && there[l] != "n") in_ring[l] = "?"
    }
    function done(verb, l) {
        if (verb == "issue") {
            must(there[l], "n", "issued, though it is there")
            there[l] = "y"; in_ring[l] = revoked[l] = "n"; serial[l] = $5; print $5 >"told-issued"
        } else if (verb == "renew") {
            present(l)
            must(serial[l], $6, "another one than " serial[l] " was replaced")
            serial[l] = $5; revoked[l] = "n"; print $5 >"told-issued"
        } else if (verb == "revoke") {
            present(l)
            must(serial[l], $5, "another one than " serial[l] " was revoked")
            must(revoked[l], "n", "revoked twice")
            serial[l] = $5; revoked[l] = "y"; print $5 >"told-revoked"
        } else if (verb == "delete" || verb == "force") {
            present(l)
            must(serial[l], $5, "another one than " serial[l] " was deleted")
            if (verb == "delete") must(in_ring[l], "n", "deleted, though connected")
            there[l] = in_ring[l] = "n"
        } else if (verb == "connect") {
            present(l); in_ring[l] = "y"
        } else if (verb == "remove") {
            present(l)
            must(in_ring[l], "y", "removed, though not connected")
            in_ring[l] = "n"
        } else if (verb == "make") {
            must(ring[l], "n", "made, though it is there"); ring[l] = "y"
        } else if (verb == "publish" || verb == "drop") {
            must(ring[l], "y", "it is not there, though it was taken"); ring[l] = verb == "drop" ? "n" : "y"
        }
    }
    function refused(verb, l) { # 5: exists already or conflicts
        if (verb == "make") { must(ring[l], "y", "there, though nothing made it"); ring[l] = "y"; return }
        present(l)
        if (verb == "delete") { must(in_ring[l], "y", "kept, though not connected"); in_ring[l] = "y" }
        else if (verb == "revoke") { must(revoked[l], "y", "revoked already, though nothing did"); revoked[l] = "y" }
        else if (verb != "issue") bad("an answer that cannot be")
    }
    function missing(verb, l) { # 4: not found
        if (verb == "publish" || verb == "drop") { must(ring[l], "n", "not there, though nothing took it away"); ring[l] = "n" }
        else if (verb == "read" || verb == "backup") bad("an answer that cannot be")
        else if (verb == "remove") { must(in_ring[l], "n", "not connected, though nothing removed it"); in_ring[l] = "n" }
        else if (verb == "issue") bad("an answer that cannot be")
        else absent(l)
    }
    function listed(text,   l, i, n, items, part, seen) {
        n = split(text, items, ",")
        for (i = 1; i <= n; i++) {
            split(items[i], part, "=")
            l = part[1]; seen[l] = 1
            present(l)
            must(serial[l], part[2], "listed with another serial than " serial[l])
            must(revoked[l], part[3], "listed with another revocation than " revoked[l])
            serial[l] = part[2]; revoked[l] = part[3]
        }
        for (i = 0; i < 6; i++) if (!(("L" i) in seen)) absent("L" i)
    }
    function shown(text,   l, i, n, items, seen) {
        n = split(text, items, ",")
        for (i = 1; i <= n; i++) {
            l = items[i]; seen[l] = 1
            present(l)
            must(in_ring[l], "y", l " is in the ring, though nothing connected it"); in_ring[l] = "y"
        }
        for (i = 0; i < 6; i++) {
            l = "L" i
            if (!(l in seen)) { must(in_ring[l], "n", l " is not in the ring, though connected"); in_ring[l] = "n" }
        }
    }
    FNR == 1 { for (i = 0; i < 6; i++) there["L" i] = in_ring["L" i] = revoked["L" i] = ring["L" i] = "n" }
    $1 == "begin" { verb = $2; label = $3; next }
    $1 == "start" { if (verb != "") unsure(verb, label); verb = ""; next }
    $1 == "end" {
        verb = ""; count[$2 " " $4]++; total++
        if ($4 == 7) { busy++; next }
        if ($4 == 0 && $2 == "list") listed($5)
        else if ($4 == 0 && $2 == "show") shown($5)
        else if ($4 == 0) done($2, $3)
        else if ($4 == 5) refused($2, $3)
        else if ($4 == 4) missing($2, $3)
        else bad("exit " $4)
    }
    END {
        for (key in count) print key, count[key] >"counts"
        print total + 0, busy + 0, lost + 0, maybe_issued + 0 >"totals"
        exit failed
    }' "$@"
}

# ---- the driver ----

. "$here/../cli/harness.sh"
export SAFRING
declare -a pids
killed=0

start_worker() {
    # A process group of its own, so that the command dies with its worker.
    setsid bash "$here/stress.sh" worker "$1" </dev/null >/dev/null 2>>worker-errors &
    pids[$1]=$!
}

kill_one() {
    local victim=$((RANDOM % WORKERS + 1))
    kill -9 -- "-${pids[victim]}" 2>/dev/null || return 0 # it has only just been forked
    wait "${pids[victim]}" 2>/dev/null
    killed=$((killed + 1))
    start_worker $victim
}

given_certificates
ok safring ring create SHARED/Ring
ok safring ring connect SHARED/Ring CERTAUTH/ca
mkdir pub
ok safring ring publish SHARED/Ring --for "$(id -un)" --with-keys --to pub/shared
it "survives $SECONDS_OF_STRESS seconds of $WORKERS processes and kills"
for ((i = 1; i <= WORKERS; i++)); do start_worker "$i"; done
until=$((SECONDS + SECONDS_OF_STRESS))
while [ "$SECONDS" -lt "$until" ]; do
    sleep "$(printf '0.%03d' $((RANDOM % 151 + 50)))"
    kill_one
done 2>/dev/null
touch stop
wait
for ((number = 1; number <= WORKERS; number++)); do
    # What is there in the end is one more answer.
    tell start
    what=$(list_mine) || fail "the certificates of W$number cannot be listed"
    tell end list - 0 "$what"
    what=$(show_mine) || fail "the ring cannot be shown"
    tell end show - 0 "$what"
done

it "answers nothing that was not so, keeps what it said, and never fails"
touch told-issued told-revoked surprises
judge journal.* >judged || fail "$(head -20 judged; sort surprises | uniq -c | head -20)"
[ ! -s worker-errors ] || fail "$(head worker-errors)"

it "leaves a sound store and a good audit trail"
ok safring store check
ok safring audit verify

it "has every publication in step after the next change, and none that ended"
ok safring ring create SHARED/Last
silent_on "could not be written"
same "$(sqlite3 store/store.db 'SELECT dir FROM publication ORDER BY dir')" "$(find "$home/pub" -mindepth 1 -maxdepth 1 | LC_ALL=C sort)"
same "$(find pub -name '.saf-*')" ""
sqlite3 -separator ' ' store/store.db 'SELECT dir, owner, name FROM publication' >publications
while read -r dir owner name <&3; do
    ok safring ring show "$owner/$name" --store "$dir" --json
    seen=$(field '[.generation, .connections[].fingerprint_sha256] | join(" ")')
    ok safring ring show "$owner/$name" --json
    same "$seen" "$(field '[.generation, .connections[].fingerprint_sha256] | join(" ")')"
done 3<publications

it "has only whole backups, and removes what a killed one left"
for ((i = 1; i <= WORKERS; i++)); do
    [ -e "backup.$i.db" ] || ok safring store backup --out "backup.$i.db"
    same "$(sqlite3 "backup.$i.db" 'PRAGMA integrity_check')" ok
    refused 5 "exists already" safring store backup --out "backup.$i.db" # removes what is left beside it, too
done
ok safring store restore backup.1.db --store copy --master-key-file store/master.key
same "$(find . -name '.*saf-*')" ""

it "knows all that it issued and revoked, no serial twice, and no more than it said but for what was killed"
ok safring ca issued CERTAUTH/ca --json
field '.certificates[] | select(.ca or .label == "web" | not) | .serial' | sort >issued
field '.certificates[] | select(.revoked_at) | .serial' | sort >revoked
same "$(field '.certificates[].serial' | sort | uniq -d)" ""
same "$(sort told-issued | uniq -d)" ""
same "$(sort told-issued | comm -23 - issued)" ""
same "$(sort told-revoked | comm -23 - revoked)" ""
read -r total busy lost maybe_issued <totals
silent=$(($(wc -l <issued) - $(wc -l <told-issued)))
[ "$silent" -le "$maybe_issued" ] || fail "$silent were issued that nobody was told of, and only $maybe_issued killed on the way"
ok sqlite3 store/store.db "SELECT (SELECT count(*) FROM audit WHERE action = 'cert-issue') - (SELECT count(*) FROM issued)"
same "$(cat "$out")" 0

echo "$total operations answered ($busy of them: busy), $killed kills, $lost operations cut short, $(wc -l <issued) certificates issued, $silent of them untold"
sort counts | awk '{ by[$1] = by[$1] " " $2 ":" $3 } END { for (verb in by) print "  " verb by[verb] }' | sort
[ "$total" -gt $((SECONDS_OF_STRESS * 5)) ] || fail "only $total operations were answered"
[ "$busy" -le $((total / 10)) ] || echo "more than a tenth was answered: busy"
