#!/usr/bin/env bash
# What safring-tokens(7) says about servers that may only read SoftHSM's files. Root alone can make that arrangement.
. "$(dirname "$0")/harness.sh"
[ "$(id -u)" = 0 ] || exit 0
group=$(id -gn nobody)
chmod 711 "$home"
mkdir tokens
printf 'directories.tokendir = %s/tokens\nobjectstore.backend = file\nlog.level = ERROR\n' "$home" >tokens.conf
chmod 644 tokens.conf
export SOFTHSM2_CONF=$home/tokens.conf
install -m 400 -o nobody pin server-pin
mkdir -m 700 server && chown nobody server

arrange() {
    chgrp -R "$group" tokens
    find tokens -type d -exec chmod 0750 {} +
    find tokens -type f -exec chmod 0440 {} +
}

server() { # COMMAND…: as a server's user
    setpriv --reuid nobody --regid "$group" --clear-groups env -C "$home/server" HOME="$home/server" SAFRING_HOME="$home/server/store" "$SAFRING" "$@"
}
setpriv --reuid nobody --regid "$group" --clear-groups "$SAFRING" --version >/dev/null 2>&1 || exit 0 # the build is where nobody cannot go

given_token
ok safring secret generate --token ZWE.IDT --label jwtsecret --pin-source file:pin
arrange

it "lets a server log in and use its keys"
ok server secret list --token ZWE.IDT --pin-source "file:$home/server-pin"
says jwtsecret
ok server token doctor ZWE.IDT --pin-source "file:$home/server-pin"
says "nothing is wrong"

it "lets it change nothing"
refused 1 "ZWE.IDT" server secret generate --token ZWE.IDT --label mine --pin-source "file:$home/server-pin"
refused 5 "holds" server token delete ZWE.IDT --so-pin-source "file:$home/server-pin"
refused 6 "." server token delete ZWE.IDT --so-pin-source "file:$home/server-pin" --force
ok safring token show ZWE.IDT --pin-source file:pin

it "survives kills and parallel logins of servers"
before=$(cat tokens/*/* | sha256sum)
for ((i = 0; i < ${KILLS:-25}; i++)); do
    for _ in 1 2; do server secret list --token ZWE.IDT --pin-source "file:$home/server-pin" >>logins 2>>complaints || echo failed >>complaints; done &
    setpriv --reuid nobody --regid "$group" --clear-groups env -C "$home/server" HOME="$home/server" "$SAFRING" secret list --token ZWE.IDT --pin-source "file:$home/server-pin" >/dev/null 2>&1 &
    victim=$!
    sleep "0.0$((RANDOM % 60 + 10))"
    kill -9 $victim 2>/dev/null
    wait
done 2>/dev/null
[ ! -s complaints ] || fail "$(sort complaints | uniq -c | head)"
same "$(cat tokens/*/* | sha256sum)" "$before"

it "takes up what the administrator makes, once it is arranged again"
ok safring secret generate --token ZWE.IDT --label later --pin-source file:pin
arrange
ok server secret list --token ZWE.IDT --pin-source "file:$home/server-pin"
says later
