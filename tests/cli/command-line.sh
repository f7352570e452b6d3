#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

it "lists all commands, and explains each"
ok safring --help
for command in $(sed -n 's/^  \([a-z]*\( [a-z][a-z]*\)\{0,1\}\)  *.*/\1/p' "$out" | tr ' ' _); do
    ok safring ${command//_/ } --help
    says "^usage: safring ${command//_/ }"
    says "^Example"
done

it "prints its version"
ok safring --version
says "^safring [0-9]+\\.[0-9]+\\.[0-9]+$"

it "names what it does not know, and what there is"
refused 2 'no command "nonsense"' safring nonsense
notes "hint: one of: setup store"
refused 2 'no verb "nonsense"' safring ring nonsense
notes "hint: one of: create"
refused 2 "no option --nonsense" safring ring list --nonsense=secret
silent_on secret
refused 2 "two dashes" safring ring list -x

it "takes an option once"
refused 2 "twice" safring ring list --owner A --owner B

it "takes values with or without an equals sign, and operands after two dashes"
ok safring store init
ok safring ring list --owner=ALICE
ok safring ring create -- ALICE/Ring
refused 2 "wants a value" safring ring list --owner
refused 2 "empty" safring ring list --owner ""
refused 2 "takes no value" safring ring list --json=yes

it "answers in JSON even when the command line is wrong"
refused 2 '"status":"usage"' safring ring list --nonsense --json

it "fails when its output goes nowhere"
safring ring list --json >/dev/full 2>"$err" && fail "it did not"
notes "standard output"

