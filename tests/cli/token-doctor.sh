#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"
given_token
ok safring secret generate --token ZWE.IDT --label jwtsecret --pin-source file:pin
ok safring token backup ZWE.IDT --pin-source file:pin --out kept.tar
directory=$(echo store/tokens/*-*)
copy=$directory/token.object.safring

# A fault is told on a dry run and changes nothing; it is repaired; then nothing is wrong.
finds() { # FAULT PATTERN
    refused 3 "$2" safring token doctor --dry-run --json
    same "$(field '[.findings[].fault] | unique | join(" ")')" "$1"
    same "$(field '[.findings[].outcome] | unique | join(" ")')" repairable
    refused 3 "$2" safring token doctor --dry-run
    ok safring token doctor
    says "$1: .*"
    says repaired
    ok safring token doctor ZWE.IDT --pin-source file:pin
    says "nothing is wrong"
}

it "finds nothing in a good token"
ok safring token doctor
says "nothing is wrong"
ok safring token doctor ZWE.IDT --pin-source file:pin --json
same "$(field '.findings | length')" 0

it "restores a token.object that is empty, damaged or missing"
: >"$directory/token.object"
finds token-lost "token.object is empty"
head -c 100 "$copy" >"$directory/token.object"
finds token-lost "token.object is damaged"
rm "$directory/token.object"
finds token-lost "token.object is missing"
: >"$directory/token.object"
ok safring token show ZWE.IDT --pin-source file:pin

it "says when it cannot"
mv "$copy" kept.copy
cp "$directory/token.object" kept.object
: >"$directory/token.object"
refused 3 "no good copy.*token restore" safring token doctor
refused 3 "no good copy" safring token doctor ZWE.IDT --pin-source file:pin
cp kept.object "$directory/token.object"

it "makes a copy that is missing or old anew"
finds copy "no good copy"
sed 's/ZWE.IDT/ZWE.OLD/' "$copy" >kept.copy
cat kept.copy >"$copy"
finds copy "is older"

it "moves objects aside that are empty, damaged or unfinished"
: >"$directory/01234567-89ab-cdef-0123-456789abcdef.object"
finds object "is empty"
[ -e "$directory/quarantine.safring/01234567-89ab-cdef-0123-456789abcdef.object" ] || fail "nothing was put aside"
echo garbage and more of it >"$directory/01234567-89ab-cdef-0123-456789abcdef.object"
finds object "is damaged"
[ -e "$directory/quarantine.safring/01234567-89ab-cdef-0123-456789abcdef.object.2" ] || fail "what was put aside is lost"
printf '\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\4' >"$directory/01234567-89ab-cdef-0123-456789abcdef.object"
finds object "no key or certificate"

it "puts an object back from a backup"
object=$(safring token show ZWE.IDT --json >/dev/null; find "$directory" -maxdepth 1 -name '*-*.object' -size +1 | head -1)
head -c 50 kept.object >"$object"
ok safring token doctor --backup kept.tar
says "put back from the backup"
ok safring secret list --token ZWE.IDT --pin-source file:pin
says jwtsecret
refused 1 "no backup" safring token doctor --backup pin

it "removes what was begun and never finished"
mkdir store/tokens/01234567-89ab-cdef-0123-456789abcdef
touch store/tokens/01234567-89ab-cdef-0123-456789abcdef/token.object
finds token-begun "never finished"
[ ! -e store/tokens/01234567-89ab-cdef-0123-456789abcdef ] || fail "it is still there"

it "removes what killed commands left"
mkdir -p store/tokens/.safring.trash/x store/tokens/.safring.new/y
touch store/tokens/.safring.trash/x/file
finds leftover "killed"

it "tells of a token without a PIN, and who completes it"
# Killed somewhere between C_InitToken and C_InitPIN.
found=
for n in 5 6 7 8 9; do
    { strace -f -o /dev/null -e trace=ftruncate -e inject=ftruncate:signal=KILL:when=$n "$SAFRING" token init NOPIN --pin-source file:pin --so-pin-source file:sopin; } >/dev/null 2>&1
    safring token doctor --json >"$out" 2>"$err"
    [ "$(field '[.findings[] | select(.outcome == "remains").fault] | join(" ")')" != no-pin ] || { found=yes && break; }
done
[ "$found" = yes ] || fail "no kill left a token without a PIN"
refused 3 "PIN was never set" safring token doctor --json
ok safring token init NOPIN --pin-source file:pin --so-pin-source file:sopin
ok safring token doctor
ok safring token delete NOPIN --so-pin-source file:sopin

it "takes away what others may read"
chmod 755 "$directory"
chmod 644 "$directory/token.object"
finds permissions "lets everybody in"
same "$(mode_of "$directory/token.object") $(mode_of "$directory")" "640 750"
chmod 600 "$directory/token.object"

it "repairs the generation file"
: >"$directory/generation"
finds generation "no number"

it "tells of links and follows none"
ln -s /etc/passwd "$directory/01234567-89ab-cdef-0123-456789abcdef.object"
refused 3 "link" safring token doctor
rm "$directory/01234567-89ab-cdef-0123-456789abcdef.object"
ln -s /etc store/tokens/01234567-89ab-cdef-0123-456789abcdef
refused 3 "link" safring token doctor --json
rm store/tokens/01234567-89ab-cdef-0123-456789abcdef

if [ "$(id -u)" = 0 ]; then
    it "gives back a file of another owner"
    chown 65534 "$directory/generation"
    finds permissions "belongs to user"
    same "$(stat -c %u "$directory/generation")" 0
fi

it "wants to know whose PIN it is"
ok safring token init SECOND --pin-source file:pin --so-pin-source file:sopin
refused 2 "name the token" safring token doctor --pin-source file:pin
ok safring token doctor SECOND --pin-source file:pin
printf '0000000\n' >wrong
refused 6 "wrong PIN" safring token doctor SECOND --pin-source file:wrong
ok safring token doctor

it "makes the directory anew, and says what a configuration lacks"
mv store/tokens aside
refused 3 "is not there" safring token doctor --dry-run
ok safring token doctor
[ -d store/tokens ] || fail "there is no directory"
rm -rf store/tokens
mv aside store/tokens
SOFTHSM2_CONF=/nowhere refused 3 "no-configuration" safring token doctor
echo 'log.level = ERROR' >empty.conf
SOFTHSM2_CONF=$home/empty.conf refused 3 "does not say where" safring token doctor

it "has nothing to say of other modules' files"
export SOFTHSM2_CONF=$home/store/softhsm2.conf
cp -L /usr/lib/softhsm/libsofthsm2.so vendor.so
refused 1 "not SoftHSM" safring token doctor --module "$home/vendor.so"
ok safring token doctor ZWE.IDT --pin-source file:pin --module "$home/vendor.so"
