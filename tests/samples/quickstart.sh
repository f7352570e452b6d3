#!/usr/bin/env bash
# The README's first command, in a copy of the sources, twice.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../cli/harness.sh"
ok cp -r "$SOURCE_DIR"/. src
rm -rf src/build src/quickstart

it "does the main job in a new directory and says what was made"
ok src/samples/quickstart.sh made
says "^good"
says "Verification|localhost.cer: OK"
says "Try next:"
[ -f made/var/zowe/keystore/localhost/localhost.keystore.p12 ] || fail "no keystore"
silent_on "$(cat made/store/setup/ZWE.IDT.pin)"

it "leaves what is there unchanged the second time"
sum() { find made/var made/zowe.yaml -type f -exec sha256sum {} + | sort; }
before=$(sum)
ok src/samples/quickstart.sh made
same "$(sum)" "$before"
says "nothing was changed"

it "names commands to try next that work"
PATH=$home/made/safring/bin:$PATH
export PATH SAFRING_HOME=$home/made/store
sed -n 's/^  \(safring .*\)/\1/p' "$out" >commands
same "$(wc -l <commands)" 3
while read -r command; do
    ok bash -c "command $command"
done <commands
