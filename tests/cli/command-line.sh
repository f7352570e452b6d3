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

it "lists the verbs of a noun"
ok safring ring --help
says "ring connect"
silent_on "cert issue"

it "answers in JSON with what else there is to say"
chmod 644 pin
ok safring token init NOTED --pin-source file:pin --so-pin-source file:sopin --json
same "$(field '.notes | length')" 1
refused 5 '"notes":' safring token init NOTED --pin-source file:pin --so-pin-source file:sopin --json
jq -e .error.status <"$err" >/dev/null || fail "standard error is no JSON"
chmod 600 pin

it "refuses what is not UTF-8"
refused 2 "UTF-8" safring ring create $'ALICE/caf\xe9'

it "does not let foreign names steer the terminal"
ok safring store init --if-exists keep
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k.pem -out evil.pem -days 2 -utf8 -subj "/CN=a$(printf '\xc2\x9b')31mb$(printf '\xe2\x80\xae')c" 2>/dev/null
cat >zowe.yaml <<YAML
zowe:
  setup:
    certificate:
      type: PKCS12
      pkcs12:
        directory: /ks
      importCertificateAuthorities: [ $home/evil.pem ]
  externalDomains: [ zowe.example.com ]
YAML
ok safring setup --config zowe.yaml --root evil --no-idt
ok safring cert list
silent_on "$(printf '\xc2\x9b')"
silent_on "$(printf '\xe2\x80\xae')"

it "fails when its output goes nowhere"
safring ring list --json >/dev/full 2>"$err" && fail "it did not"
notes "standard output"
safring --help >/dev/full 2>"$err" && fail "it did not"
safring ring create ALICE/Lost >/dev/full 2>"$err" && fail "it did not"
notes "it is done"
ok safring ring create ALICE/Closed --if-exists keep
safring ring list >&- 2>"$err"

it "fails when its answer goes nowhere"
full() { "$@" >/dev/full; }
closed() { "$@" >&-; }
refused 1 "cannot write to standard output: Bad file descriptor" closed safring cert list
refused 1 "cannot write to standard output: No space left" full safring audit list
