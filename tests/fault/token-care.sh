#!/usr/bin/env bash
# SoftHSM 2.6 loses tokens when it is killed and fails when several processes log in at once. With our tools no kill and no number of parallel
# processes loses a token, a key, or fails an operation of a process that nobody killed.
#
# ROUNDS: operations by WORKERS processes at once, every third of them killed at a random moment. POINTS: how many system calls of each kind are
# tried in each verb.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../cli/harness.sh"
ROUNDS=${ROUNDS:-150}
WORKERS=${WORKERS:-6}
POINTS=${POINTS:-1}
PARTS=${PARTS:-parallel kills}

# ---- a worker: what was answered is written down ----

# One operation in its own process; every third is killed. What was not killed must succeed.
attempt() { # WHAT COMMAND…
    local what=$1 code=0 killed=
    shift
    "$SAFRING" "$@" >"reply.$number" 2>"said.$number" </dev/null &
    local pid=$!
    if [ $((RANDOM % 3)) = 0 ]; then
        sleep "0.$(printf '%03d' $((RANDOM % 120)))"
        kill -9 $pid 2>/dev/null && killed=yes
    fi
    wait $pid 2>/dev/null || code=$?
    if [ $code = 137 ] && [ -n "$killed" ]; then
        echo "$what" >>"killed.$number"
        return 1
    fi
    [ $code = 0 ] || sed "s/^/worker $number: $what: exit $code: /" "said.$number" >>surprises
    echo "$what" >>"done.$number"
    return $code
}

worker() { # SEED
    local round label
    RANDOM=$1
    for ((round = 1; round <= rounds; round++)); do
        label=w$number.$round
        case $((RANDOM % 10)) in
        0 | 1) attempt generate secret generate --token ZWE.IDT --label "$label" --pin-source file:pin && echo "$label" >>"made.$number" ;;
        2) attempt list secret list --token ZWE.IDT --pin-source file:pin && { grep -q jwtsecret "reply.$number" || echo "worker $number: jwtsecret is not listed" >>surprises; } ;;
        3 | 4 | 5) attempt sign idt sign --appl ZOWEAPPL --user IBMUSER --pin-source file:pin && cp "reply.$number" "token.$number" ;;
        6) [ ! -e "token.$number" ] || attempt show token show ZWE.IDT --pin-source file:pin ;;
        7) attempt tokens token list && { grep -q ZWE.IDT "reply.$number" || echo "worker $number: ZWE.IDT is not listed" >>surprises; } ;;
        8) attempt create ca create "CERTAUTH/$label" --subject "CN=$label" --key "token:ZWE.IDT;object=$label;type=ec:P-256" --pin-source file:pin && echo "$label" >>"cas.$number" ;;
        9) attempt issue cert issue "ALICE/$label" --sign-with CERTAUTH/intoken --subject "CN=$label" --san "dns:host.example.test" --key ec:P-256 --pin-source file:pin ;;
        esac
    done
}

# ---- parallel processes ----

parallel() { # ROUNDS
    local rounds=$(($1 / WORKERS + 1))
    rm -rf store made.* cas.* done.* killed.* token.* surprises
    touch surprises
    given_policy
    ok safring ca create CERTAUTH/intoken --subject CN=intoken --key 'token:ZWE.IDT;object=intoken;type=ec:P-256' --pin-source file:pin
    for ((number = 1; number <= WORKERS; number++)); do
        worker $RANDOM 2>/dev/null &
    done
    wait
    [ ! -s surprises ] || fail "$(sort surprises | uniq -c | sort -rn | head -20)"

    it "has every key that somebody was told of, and no sequence number twice"
    ok safring secret list --token ZWE.IDT --pin-source file:pin --json
    field '.secrets[].label' | sort >there
    same "$(cat made.* 2>/dev/null | sort | comm -23 - there)" ""
    same "$(field '.secrets[].sequence' | sort | uniq -d)" ""
    for label in $(cat cas.* 2>/dev/null | head -3); do
        ok safring cert issue "BOB/$label" --sign-with "CERTAUTH/$label" --subject "CN=$label" --san "dns:host.example.test" --key ec:P-256 --pin-source file:pin
    done
    ok safring token doctor --pin-source file:pin
    ok safring token doctor --pin-source file:pin --json
    same "$(field '.findings | length')" 0
    answered=$((answered + $(cat done.* 2>/dev/null | wc -l)))
    kills=$((kills + $(cat killed.* 2>/dev/null | wc -l)))
}

answered=0 kills=0
if [[ $PARTS = *parallel* ]]; then
    # A new store now and then: reading a token takes as long as it has keys.
    for ((left = ROUNDS; left > 0; left -= 600)); do
        it "survives $WORKERS processes at once and kills"
        parallel $((left < 600 ? left : 600))
    done
    echo "$answered operations answered, $kills killed"
fi

# ---- each writing system call ----

tried=0

# What somebody sees of the token: gone, or opens with all its keys usable; and what is in it.
probe() {
    local code=0
    safring token doctor --json >"$out" 2>"$err" </dev/null || code=$?
    if [ $code = 3 ] && [ "$(field '[.findings[] | select(.outcome == "remains").fault] | join(" ")')" = no-pin ]; then
        echo begun
        return
    fi
    [ $code = 0 ] || return 1
    if safring token show ZWE.IDT --pin-source file:pin --json >"$out" 2>"$err"; then
        jq -c '[.label, ([.objects[] | select(.counter | not) | [.class, .label, .id]] | sort)]' <"$out"
        safring token doctor ZWE.IDT --pin-source file:pin >"$out" 2>"$err" </dev/null || return 1
    else
        grep -q 'no token' "$err" || return 1
        echo gone
    fi
}

fresh() {
    rm -rf store out.tar
    cp -a before store
}

survives() { # VERB ARGUMENTS…
    local after before_probe now code calls step n fault
    fresh
    ok safring "$@"
    after=$(probe) || fail "$(cat "$out" "$err")"
    fresh
    before_probe=$(probe)
    for call in write ftruncate mkdirat mkdir renameat renameat2 linkat unlink unlinkat fsync; do
        fresh
        strace -f -o calls -e "trace=$call" "$SAFRING" "$@" >/dev/null 2>"$err" || fail "a plain run of $* under strace"
        calls=$(grep -c "$call(" calls)
        [ "$calls" -gt 0 ] || continue
        step=$(((calls + POINTS - 1) / POINTS))
        for ((n = 1; n <= calls; n += step)); do
            for fault in signal=KILL error=ENOSPC; do
                # SoftHSM does not look whether its writes come through; that is what token_space_check() is for
                [ $fault = error=ENOSPC ] && [[ $call = ftruncate || $call = unlink || $call = mkdir || $call = write ]] && continue
                it "$*: $call number $n of $calls: $fault"
                fresh
                { strace -f -o /dev/null -e "trace=$call" -e "inject=$call:$fault:when=$n" "$SAFRING" "$@" >"$out" 2>"$err"; } 2>/dev/null
                code=$?
                now=$(probe) || fail "the doctor could not repair it: $(cat "$out")"
                [ "$now" = "$after" ] || [ "$now" = "$before_probe" ] || complete "$now" "$before_probe" "$after" "$@" || fail "half-done: $now instead of $before_probe or $after"
                [ "$code" != 0 ] || [ "$now" != "$before_probe" ] || [ "$now" = "$after" ] || fail "said to be done, and is not"
                [ ! -e out.tar ] || safring token restore out.tar --pin-source file:pin --if-exists replace >"$out" 2>"$err" || fail "the backup is not whole"
                tried=$((tried + 1))
            done
        done
    done
}

# What is there before and after is there now, and the same command again ends where a plain run ends, or says that there is nothing left to do.
complete() { # NOW BEFORE AFTER VERB ARGUMENTS…
    local now=$1 before=$2 after=$3 lost code=0
    shift 3
    if [ "$now" = begun ]; then
        safring "$@" >"$out" 2>"$err" && [ "$(probe)" = "$after" ]
        return
    fi
    lost=$(jq -nc --argjson a "$before" --argjson b "$after" --argjson c "$now" '[$a[1][] | select(IN($b[1][]))] - $c[1]' 2>/dev/null) || return 1
    [ "$lost" = "[]" ] || return 1
    safring "$@" >"$out" 2>"$err" || code=$?
    [[ $code =~ ^[045]$ ]]
}

if [[ $PARTS = *kills* ]]; then
    rm -rf store before
    given_certificates
    given_token
    ok safring secret generate --token ZWE.IDT --label jwtsecret --pin-source file:pin
    ok safring token bind ALICE/web --token ZWE.IDT --pin-source file:pin
    ok safring token backup ZWE.IDT --pin-source file:pin --out kept.tar
    mv store before
    survives secret generate --token ZWE.IDT --label another --pin-source file:pin
    survives token backup ZWE.IDT --pin-source file:pin --out out.tar
    survives token restore kept.tar --pin-source file:pin --if-exists replace
    survives token delete ZWE.IDT --so-pin-source file:sopin --force
    survives token unbind ALICE/web --token ZWE.IDT --pin-source file:pin
    rm -rf store && cp -a before store && ok safring token unbind ALICE/web --token ZWE.IDT --pin-source file:pin && rm -rf before && mv store before
    survives token bind ALICE/web --token ZWE.IDT --pin-source file:pin
    survives token doctor ZWE.IDT --pin-source file:pin
    rm -rf before/tokens/*
    survives token restore kept.tar --pin-source file:pin
    survives token init ZWE.IDT --pin-source file:pin --so-pin-source file:sopin --if-exists keep
    echo "$tried faults survived"
fi
