#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

it "makes a token that other PKCS#11 programs see"
given_token
ok env SOFTHSM2_CONF="$home/store/softhsm2.conf" p11tool --provider /usr/lib/softhsm/libsofthsm2.so --list-tokens
says "ZWE.IDT"

it "refuses a second of that name, unless told to keep it"
refused 5 "ZWE.IDT" safring token init ZWE.IDT --pin-source file:pin --so-pin-source file:sopin
ok safring token init ZWE.IDT --if-exists keep --json
same "$(field .made)" false

it "takes names by ICSF's grammar"
refused 2 "1BAD" safring token init 1BAD --pin-source file:pin --so-pin-source file:sopin
refused 2 "name" safring token init "BAD NAME" --pin-source file:pin --so-pin-source file:sopin

it "asks for no PIN where there is no terminal, and says how to give one"
refused 6 "pin-source" safring token init OTHER
notes "hint: --pin-source"

it "takes a place, never a PIN itself"
refused 2 "place" safring token init OTHER --pin-source 1234567
silent_on 1234567
refused 2 "too many operands" safring token init OTHER 1234567
silent_on 1234567

it "refuses a PIN that is too short and leaves no half-made token"
printf '12\n' >short
refused 2 "PIN" safring token init OTHER --pin-source file:short --so-pin-source file:sopin
ok safring token list
silent_on OTHER

it "warns of a PIN file that others can read"
chmod 644 pin
ok safring token init EXPOSED --pin-source file:pin --so-pin-source file:sopin
notes "warning: .*pin"
