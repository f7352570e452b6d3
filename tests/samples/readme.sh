#!/usr/bin/env bash
# Every command of the README's tour, as it stands there, in order.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../cli/harness.sh"
it "runs the tour of the README"
mkdir bin
ln -s "$SAFRING" bin/safring
sed -n '/^## A tour/,/^## From zowe/p' "$SOURCE_DIR/README.md" | sed -n '/^```sh$/,/^```$/{/^```/!p}' >tour.sh
[ "$(grep -c '^safring' tour.sh)" -ge 11 ] || fail "the tour has too few commands"
ok env PATH="$home/bin:$PATH" bash -eu tour.sh
says "^good"
says "^refused: bad-signature"
says "handle +\"ZWE.IDT"
