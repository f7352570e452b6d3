# shellcheck shell=bash
# Sourced by the tests of faults. A command is run again and again on copies of one prepared directory ($home/now, where the test works), and each time
# killed at, or refused, one of its write points (see inject.c): at that one alone, or from there on, as by a disk that stays full or broken. Afterwards:
#
#   - the store is sound, the command happened or did not, and it happened if it said so
#   - tried again it gets there, or says that it is there already; then nothing is left that nobody will remove
#
#   keep                            what is there now is what each run begins with
#   survives [half] COMMAND…        safring COMMAND… does; half: a store that has changed without the file that the command writes is allowed, too
#   stage COMMAND…                  what these (without safring) make is allowed halfway of the next survives
#
# What is looked at: $sound (a function that fails the test), $state (a function that prints what is there without what differs from run to run),
# $complete (a function that is called when the command, tried again, is through). $judge may replace all of that. POINTS is how many points of each command are tried, with one fault each;
# "all": all, with all faults.
here=$(cd "$(dirname "$0")" && pwd)
[ -n "${TMPDIR:-}" ] || [ ! -w /dev/shm ] || export TMPDIR=/dev/shm # what is flushed a thousand times need not reach a disk
# shellcheck source=tests/cli/harness.sh
. "$here/../cli/harness.sh"
: "${INJECT:?the program that injects faults}"
POINTS=${POINTS:-8}

sound=store_is_sound
state=what_is_there
complete=:
judge=happened_or_not
there_already='(0|4|5)' # what a command may answer when it has happened
tried=0 turn=0
declare -a stages=()
mkdir now
cp pin sopin pw now
cd now || exit 1
export SAFRING_HOME=$home/now/store

keep() {
    rm -rf "$home/kept"
    cp -a "$home/now" "$home/kept"
}

fresh() {
    rm -rf "$home/now"
    cp -a "$home/kept" "$home/now"
    cd "$home/now" || exit 1
}

# ---- what is there ----

store_is_sound() { ok safring store check; }

# All tables without what is random or a time. Intents are no state: they say what is not finished.
STORE_SQL="
SELECT 'setting', name, CASE name WHEN 'master' THEN CAST(value AS TEXT) END FROM setting WHERE name <> 'old-key-file' ORDER BY name;
SELECT 'key', count(*), sum(sealed IS NULL), sum(version) FROM key;
SELECT 'certificate', owner, label, trust, key IS NOT NULL, last_serial, requested_at IS NOT NULL FROM certificate ORDER BY owner, label;
SELECT 'revoked', count(*), count(c.revoked_at) FROM certificate c JOIN issued i USING (fingerprint) WHERE i.revoked_at IS NOT NULL;
SELECT 'issued', owner, label, revoked_at IS NOT NULL, revocation_reason FROM issued ORDER BY owner, label, id;
SELECT 'crl', number FROM crl ORDER BY number;
SELECT 'ring', owner, name FROM ring ORDER BY owner, name;
SELECT 'connection', name, r.owner, c.owner, label, usage, is_default FROM connection x JOIN ring r ON r.id = ring JOIN certificate c ON c.id = certificate ORDER BY x.id;
SELECT 'publication', dir, owner, name, user, with_keys FROM publication WHERE NOT is_ended ORDER BY dir;
SELECT 'policy', appl, user, alg, kid, key_use, timeout_min FROM policy ORDER BY appl, user;
SELECT 'audit', action, object FROM audit WHERE action NOT LIKE 'intent-%' ORDER BY action, object;"

store_state() { [ ! -s store/store.db ] || sqlite3 store/store.db "$STORE_SQL"; }

# The files beside the store with their modes (a password of nothing is nothing, and drafts are looked at last), and whether those that the command writes (out.…) are as before.
file_state() {
    find . ! -path './store/tokens/*' ! -name '*.lock' ! -name '*.password' ! -name store.db-journal ! -name '.*saf-*' -type f -printf '%p %m\n' | sort
    for file in out.*; do
        [ ! -e "$file" ] || ! cmp -s "$file" "$home/kept/$file" || echo "$file as before"
    done
}

what_is_there() {
    store_state
    echo ---
    file_state
}

files_are_whole() {
    local file password
    for file in out.*; do
        password=pw
        [ ! -e "$file.password" ] || password=$file.password
        case $file in
        'out.*' | *.password) ;;
        *.db) same "$(sqlite3 "$file" 'PRAGMA integrity_check')" ok ;;
        *.p12) ok openssl pkcs12 -in "$file" -noout -passin "file:$password" ;;
        *) tail -n 1 "$file" | grep -q -- '-----END' || fail "$file is not whole" ;;
        esac
    done
}

nothing_is_left() {
    local left
    left=$(find . -name '.*saf-*' -o -name '*-journal' -o -name master.key.next)
    [ -z "$left" ] || fail "left for ever: $left"
}

# ---- one fault ----

is_allowed() { # STATE
    local one
    for one in "$before" "$after" "${stages[@]}"; do
        [ "$1" != "$one" ] || return 0
    done
    return 1
}

try_again() { # STATE COMMAND…
    local now=$1 code=0
    shift
    safring "$@" >"$out" 2>"$err" </dev/null || code=$?
    if [ "$now" = "$after" ]; then
        [[ $code =~ ^$there_already$ ]] || fail "tried again: exit $code"
    else
        [ $code = 0 ] || fail "tried again: exit $code"
        now=$($state)
        [ "$now" = "$after" ] || [ "$can_be_half" = 1 ] && [ "${now#*---}" = "${after#*---}" ] ||
            fail "tried again, and it is otherwise: $(diff <(echo "$after") <(echo "$now"))"
    fi
}

suffer() { # FAULT NUMBER COMMAND…
    local code=0 fault=$1 number=$2
    shift 2
    fresh
    "$INJECT" "$fault" "$number" "$SAFRING" "$@" >"$out" 2>"$err" </dev/null || code=$?
    [ $code != 125 ] || fail "the injector does not work"
    $judge $code "$@"
    tried=$((tried + 1))
}

happened_or_not() { # CODE COMMAND…
    local code=$1 now
    shift
    cp "$err" "$home/.told"
    $sound
    files_are_whole
    now=$($state)
    is_allowed "$now" || fail "exit $code ($(tail -n 1 "$home/.told")), half-done: $(diff <(echo "$before") <(echo "$now")), of $(diff <(echo "$before") <(echo "$after"))"
    [ $code != 0 ] || [ "$now" = "$after" ] || fail "said to be done, and is not: $(diff <(echo "$after") <(echo "$now"))"
    try_again "$now" "$@"
    $sound
    $complete
    nothing_is_left
}

# ---- all of a command ----

# COUNT of the lines "NUMBER CALL [space]", spread.
spread() { # COUNT
    awk -v count="$1" '{ line[NR] = $0 } END { if (count > NR) count = NR; for (i = 0; i < count; i++) print line[int((i + 0.5) * NR / count) + 1] }'
}

# Most calls write data; those that flush, name or remove files are fewer, and as many of them are tried.
choose_points() {
    if [ "$POINTS" = all ]; then
        cat "$home/points"
    else
        grep -v write "$home/points" | spread $((POINTS / 2))
        grep write "$home/points" | spread $((POINTS - POINTS / 2))
    fi
}

# Lines "NUMBER CALL FAULT": all faults, or one in turn. A call that takes no space is not told that there is none.
choose() {
    local number call space
    while read -r number call space; do
        local faults=(kill EIO EIO+ ${space:+ENOSPC ENOSPC+})
        [ "$POINTS" = all ] || faults=("${faults[turn++ % ${#faults[@]}]}")
        printf "$number $call %s\n" "${faults[@]}"
    done < <(choose_points)
}

stage() {
    local made
    fresh
    ok safring "$@"
    made=$($state)
    stages+=("$made")
}

survives() {
    local number call fault can_be_half=0 first=$tried
    [ "$1" != half ] || { can_be_half=1; shift; }
    it "$*"
    fresh
    before=$($state)
    ok "$INJECT" count "$home/calls" "$SAFRING" "$@"
    nl -w 1 -s ' ' "$home/calls" >"$home/points"
    after=$($state)
    [ "$before" != "$after" ] || fail "nothing is changed"
    [ $can_be_half = 0 ] || stages+=("${after%%---*}---${before#*---}")
    while read -r number call fault <&3; do
        it "$*: $call, point $number of $(wc -l <"$home/points"): $fault"
        suffer "$fault" "$number" "$@"
    done 3< <(choose)
    turn=$((turn + tried - first))
    echo "$(wc -l <"$home/points") points, $((tried - first)) faults: $*"
    stages=()
    fresh
}

at_least() { # COUNT
    echo "$tried faults survived"
    [ "$tried" -ge "$1" ] || fail "only $tried faults were tried"
}
