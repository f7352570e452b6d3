#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"
given_policy
ok safring token backup ZWE.IDT --pin-source file:pin --out kept.tar
ok_from /dev/null safring idt sign --appl ZOWEAPPL --user IBMUSER --pin-source file:pin
cp "$out" token

it "puts back a token that is gone, and its keys are the same"
rm -rf store/tokens/*
ok safring token restore kept.tar --pin-source file:pin --json
same "$(field '[.label, .restored, .replaced] | @csv')" '"ZWE.IDT",true,false'
ok_from token safring idt verify --appl ZOWEAPPL --user IBMUSER --pin-source file:pin
ok safring token doctor ZWE.IDT --pin-source file:pin
says "nothing is wrong"
same "$(mode_of store/tokens/*-*)" 700
same "$(find store/tokens -name '.safring*' ! -name .safring.lock)" ""

it "keeps what is there unless told to replace it"
refused 5 "is there already" safring token restore kept.tar --pin-source file:pin
ok safring secret generate --token ZWE.IDT --label later --pin-source file:pin
ok safring token restore kept.tar --pin-source file:pin --if-exists replace --dry-run
ok safring secret list --token ZWE.IDT --pin-source file:pin
says later
ok safring token restore kept.tar --pin-source file:pin --if-exists replace --json
same "$(field .replaced)" true
ok safring secret list --token ZWE.IDT --pin-source file:pin
silent_on later

it "wants a PIN that opens it, and leaves nothing otherwise"
printf '0000000\n' >wrong
refused 6 "wrong PIN" safring token restore kept.tar --pin-source file:wrong --if-exists replace
refused 6 "pin-source" safring token restore kept.tar --if-exists replace
same "$(find store/tokens -name '.safring*' ! -name .safring.lock)" ""
ok safring token show ZWE.IDT --pin-source file:pin

it "says that another token has the label"
serial=$(safring token list --json | jq -r '.tokens[0].serial')
ok safring token delete "$serial" --so-pin-source file:sopin --force
given_token
ok safring token restore kept.tar --pin-source file:pin
notes "another token.*has the label ZWE.IDT"
refused 5 "several tokens match" safring token show ZWE.IDT

rm -rf store/tokens/*
it "takes no file that is altered, cut off, or something else"
size=$(stat -c %s kept.tar)
for len in 0 1 511 512 1024 $((size / 2)) $((size - 1024)) $((size - 1)); do
    head -c "$len" kept.tar >cut.tar
    refused 1 "no backup of a token" safring token restore cut.tar --pin-source file:pin
done
for at in 3 120 600 700 $((size - 1500)); do
    cp kept.tar bad.tar
    printf '\377' | dd of=bad.tar bs=1 seek="$at" conv=notrunc status=none
    refused 1 "no backup of a token" safring token restore bad.tar --pin-source file:pin
done
{ cat kept.tar; echo behind; } >bad.tar
refused 1 "no backup of a token" safring token restore bad.tar --pin-source file:pin
head -c 10000000 /dev/urandom >bad.tar
refused 1 "no backup of a token" safring token restore bad.tar --pin-source file:pin
head -c 10000000 /dev/zero >bad.tar
refused 1 "no backup of a token" safring token restore bad.tar --pin-source file:pin
refused 4 "nowhere.tar" safring token restore nowhere.tar --pin-source file:pin
refused 1 "regular" safring token restore /dev --pin-source file:pin

it "takes no archive with other names, links or a way out"
mkdir unpacked && tar xf kept.tar -C unpacked && directory=$(ls unpacked)
pack() { tar cf bad.tar --format=ustar -C unpacked --no-recursion "$directory/safring-token.sha256" "$@"; }
objects=$(cd unpacked && ls "$directory"/*-*.object)
# shellcheck disable=SC2086  # a list of names
pack $objects "$directory/token.object"
ok safring token restore bad.tar --pin-source file:pin
rm -rf store/tokens/*
echo evil >unpacked/evil
# shellcheck disable=SC2086
pack $objects "$directory/token.object" evil
refused 1 "no backup of a token" safring token restore bad.tar --pin-source file:pin
# shellcheck disable=SC2086
tar cf bad.tar --format=ustar -P -C unpacked "$directory/safring-token.sha256" ../pin $objects "$directory/token.object"
refused 1 "no backup of a token" safring token restore bad.tar --pin-source file:pin
first=${objects%%$'\n'*}
ln -sf /etc/passwd "unpacked/$first"
# shellcheck disable=SC2086
pack $objects "$directory/token.object"
refused 1 "no backup of a token" safring token restore bad.tar --pin-source file:pin
same "$(find store/tokens -mindepth 1 ! -name .safring.lock)" ""

it "leaves nothing on a full disk"
[ "$(id -u)" = 0 ] || exit 0
mkdir small
if mount -t tmpfs -o size=48k,mode=700 none small 2>/dev/null; then
    printf 'directories.tokendir = %s/small\nobjectstore.backend = file\n' "$home" >small.conf
    head -c 36864 /dev/zero >small/full
    SOFTHSM2_CONF=$home/small.conf refused 1 "No space" safring token restore kept.tar --pin-source file:pin
    left=$(find small -mindepth 1 ! -name .safring.lock ! -name full)
    umount small
    same "$left" ""
fi
