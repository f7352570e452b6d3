#!/usr/bin/env bash
# docs.sh SAFRING MANUAL_DIR: every command has its file, its test and a manual page that mandoc finds well-formed; every public function
# is documented and exported; the README names no command that does not exist.
cd "$(dirname "$0")/../.." || exit 1
safring=$1 manual=$2
bad=0
complain() { echo "$*"; bad=1; }

commands=$("$safring" --help | sed -n 's/^  \([a-z]*\( [a-z][a-z]*\)\{0,1\}\)  *[a-z].*/\1/p')
[ -n "$commands" ] || complain "--help lists no commands"
while read -r noun verb; do
    name=$noun${verb:+-$verb}
    compgen -G "*/cmd/$name.c" >/dev/null || complain "no file */cmd/$name.c"
    [ -f "tests/cli/$name.sh" ] || complain "no test tests/cli/$name.sh"
    [ -f "$manual/safring-$name.1" ] || complain "no manual page safring-$name(1)"
done <<<"$commands"

for file in */cmd/*.c; do
    name=$(basename "$file" .c)
    grep -qx "${name/-/ }" <<<"$commands" || complain "$file is no command"
done

for page in "$manual"/*.1 docs/*.7; do
    mandoc -Tlint -Wwarning "$page" | grep -vE 'Mdocdate|no date|missing date' && complain "$page is not well-formed"
done

# Hints name commands that exist.
while read -r file noun verb; do
    grep -qx "$noun $verb" <<<"$commands" || complain "$file: a message names safring $noun $verb"
done < <(grep -roE '"[^"]*safring (store|ca|cert|ring|audit|token|secret|policy|idt) [a-z-]+' --include='*.c' base keyring pkcs11 certtool idt setup cli |
    grep -vE 'safring (store key|idt derived)' | # what a key is bound to, no message
    sed -nE 's/^([^:]*):.*safring ([a-z]+) ([a-z-]+)$/\1 \2 \3/p')

# The README's commands exist.
grep -oE 'safring (setup|store|ca|cert|ring|audit|token|secret|policy|idt)( [a-z]+)?' README.md | sort -u | while read -r _ noun verb; do
    grep -qxE "$noun( $verb)?" <<<"$commands" || grep -qE "^$noun " <<<"$commands" || echo "README: safring $noun $verb"
done | grep . && bad=1

exit $bad
