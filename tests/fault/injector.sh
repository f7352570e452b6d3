#!/usr/bin/env bash
# The injector does what it says, and the harness notices a program that is not safe.
# shellcheck source=tests/fault/harness.sh
. "$(dirname "$0")/harness.sh"

it "counts what changes files, of children too, and nothing else"
ok "$INJECT" count calls sh -c 'mkdir d; cat /dev/null; cp pw d/f; (mv d/f d/g; rm d/g; rmdir d)'
same "$(sed 's/ .*//; s/at2\{0,1\}$//; s/copy_file_range\|write/data/' calls | uniq | xargs)" "mkdir open data rename unlink rmdir"

it "kills before the call, with all children"
"$INJECT" kill 1 sh -c 'mkdir d; mkdir e'
same "$?$(echo [de])" "137[de]"

it "refuses one call, or all that follow"
refused 1 "d.*: No space left" "$INJECT" ENOSPC 1 sh -c 'mkdir d; mkdir e; [ -d d ]'
[ -d e ] || fail "the second was refused, too"
rmdir e
refused 1 "e.*: Input/output error" "$INJECT" EIO+ 2 sh -c 'mkdir d; mkdir e; mkdir f; [ -d f ]'
same "$(echo [def])" d
ok "$INJECT" ENOSPC+ 1 rmdir d

given_certificates
echo old >out.pem
keep
real=$SAFRING
cat >"$home/in-place" <<SH
#!/bin/sh
case "\$1 \$2" in
"cert export") "$real" "\$@" --out - | tee out.pem >/dev/null ;;
*) exec "$real" "\$@" ;;
esac
SH
chmod +x "$home/in-place"

it "notices a file that is written in place"
noticed=$(trap - EXIT; SAFRING=$home/in-place POINTS=all; survives cert export ALICE/web --format pem) && fail "nothing was noticed"
grep -q "out.pem is not whole" <<<"$noticed" || fail "$noticed"
