#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

it "lists tokens without a PIN"
given_token
ok safring token init AAA.FIRST --pin-source file:pin --so-pin-source file:sopin
ok safring token list --json
same "$(field '[.tokens[].label] | join(" ")')" "AAA.FIRST ZWE.IDT"
same "$(field '.unusable | length')" 0

it "says what nobody can use, and who helps"
directory=$(dirname "$(grep -l AAA.FIRST store/tokens/*/token.object)")
: >"$directory/token.object"
rm "$directory/token.object.safring"
touch "$directory/01234567-89ab-cdef-0123-456789abcdef.object"
ok safring token list
says ZWE.IDT
silent_on AAA.FIRST
notes "unusable: .*$(basename "$directory").*token.object is empty.*token doctor"
ok safring token list --json
same "$(field '.unusable[0].fault')" token-lost

it "names a module that is not there, or is none"
refused 4 "/nowhere.so" safring token list --module /nowhere.so
refused 1 "libc" safring token list --module /lib/x86_64-linux-gnu/libc.so.6

it "lists a copied store's own tokens, not those of the one it was copied from"
cp -r store copied
ok safring token list --store copied
notes "softhsm2.conf was missing, or named the tokens of another directory"
grep -q "^directories.tokendir = $home/copied/tokens\$" copied/softhsm2.conf || fail "$(cat copied/softhsm2.conf)"
ok safring token list --store copied
silent_on "another directory"

it "never takes the system's tokens for the store's"
rm copied/softhsm2.conf
ok safring token list --store copied --json
same "$(field '.tokens | length')" "$(safring token list --json | jq '.tokens | length')"
refused 4 "no store in .*nowhere" safring token list --store nowhere

it "takes away what killed commands left unfinished, of which SoftHSM bears no two"
for n in 1 2 3; do
    mkdir "store/tokens/01234567-89ab-cdef-0123-45678900000$n"
    head -c 8 "$(find store/tokens -name token.object | head -n 1)" >"store/tokens/01234567-89ab-cdef-0123-45678900000$n/token.object"
done
echo BEGUN >store/tokens/safring.begun
ok safring token list
says ZWE.IDT
[ ! -e store/tokens/01234567-89ab-cdef-0123-456789000001 ] || fail "it is there still"
