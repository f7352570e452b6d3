#!/usr/bin/env bash
# cert issue --from: many certificates from a list.
. "$(dirname "$0")/harness.sh"

ok safring ca create CERTAUTH/ca --subject "CN=Test CA" --key ec:P-256

it "issues every line, with quoted fields, CRLF and blank lines"
printf 'owner,label,subject,san,valid_days\r\nALICE,"a ""quoted"" one",CN=a,"dns:a.example.test,ip:10.0.0.1",10\r\n\r\nalice,b,CN=b,dns:b.example.test,\r\n' >list.csv
ok safring cert issue --from list.csv --sign-with CERTAUTH/ca
says 'line 2: issued ALICE/a "quoted" one, serial'
says "line 4: issued ALICE/b"
says "2 issued, 0 there already, 0 failed"
it "the same again has nothing to do"
ok safring cert issue --from list.csv --sign-with CERTAUTH/ca --json
same "$(field '"\(.issued) \(.there) \(.failed)"')" "0 2 0"

it "a bad line does not stop the others, says why, and makes the exit code 1"
cat >bad.csv <<'CSV'
owner,label,subject,san,profile,key,valid_days
ALICE,ok1,CN=x,dns:x.example.test,server,,
TOOLONGOWNER,l,CN=x,dns:x,,,
ALICE,,CN=x,dns:x,,,
ALICE,bad san,CN=x,dns:not a name,,,
ALICE,bad profile,CN=x,dns:x,boss,,
ALICE,bad key,CN=x,dns:x,,rsa:512,
ALICE,bad days,CN=x,dns:x,,,0
ALICE,short
CERTAUTH,ca2,CN=x,dns:x,,,
ALICE,ok2,CN=x,dns:x2.example.test,client,rsa:2048,5
CSV
refused 1 "2 issued, 0 there already, 8 failed" safring cert issue --from bad.csv --sign-with CERTAUTH/ca
notes "line 3: TOOLONGOWNER/l failed"
notes "line 4 failed: it has no label"
notes "line 5: ALICE/bad san failed: .*not a name"
notes "line 9 failed: .*fields"
ok safring cert show ALICE/ok2

it "reads JSON Lines"
cat >list.jsonl <<'JSON'
{"owner":"BOB","label":"j1","subject":"CN=j1","san":["dns:j1.example.test","ip:::1"],"valid_days":7}
{"owner":"BOB","label":"j2","subject":"CN=j2","san":"dns:j2.example.test","colour":"red"}
{"owner":"BOB"
JSON
refused 1 "1 issued, 0 there already, 2 failed" safring cert issue --from list.jsonl --sign-with CERTAUTH/ca
notes "line 2.* failed: .*no column"
notes "line 3 failed: .*not a JSON object"

it "refuses a file that is no list, before doing anything"
echo "owner,label,colour" >columns.csv
refused 1 "no column \"colour\"" safring cert issue --from columns.csv --sign-with CERTAUTH/ca
notes "columns are owner"
echo "subject" >nolabel.csv
refused 1 "owner and label must be among" safring cert issue --from nolabel.csv --sign-with CERTAUTH/ca
printf 'owner,label\nA,"open\n' >quote.csv
refused 1 "quote that begins in line 2 does not end" safring cert issue --from quote.csv --sign-with CERTAUTH/ca
refused 4 "nofile" safring cert issue --from nofile --sign-with CERTAUTH/ca
refused 2 "--sign-with" safring cert issue --from list.csv
refused 2 "--from" safring cert issue ALICE/x --from list.csv --sign-with CERTAUTH/ca
refused 4 "no certificate CERTAUTH/none" safring cert issue --from list.csv --sign-with CERTAUTH/none

it "goes on after it was killed, and issues nothing twice"
{ echo owner,label,subject,san; for n in $(seq 400); do echo "CAROL,n$n,CN=n$n,dns:n$n.example.test"; done; } >many.csv
"$SAFRING" cert issue --from many.csv --sign-with CERTAUTH/ca --batch 20 >"$out" 2>"$err" &
while ! grep -q "line 21" "$out" && kill -0 $! 2>/dev/null; do sleep 0.01; done
kill -9 $!
wait $! 2>/dev/null
ok safring cert issue --from many.csv --sign-with CERTAUTH/ca --batch 20 --json
there=$(field .there)
same "$(field '.issued + .there')" 400
[ "$there" -ge 20 ] || fail "only $there were there"
ok safring cert list --owner CAROL --json
same "$(field '.certificates | length')" 400
same "$(field '[.certificates[].serial] | unique | length')" 400

it "issues nothing on a dry run"
echo 'owner,label,subject,san
DAVE,d,CN=d,dns:d.example.test' >dry.csv
ok safring cert issue --from dry.csv --sign-with CERTAUTH/ca --dry-run
says "would issue DAVE/d"
refused 4 "no certificate" safring cert show DAVE/d

it "does not cut a value at a zero byte, nor guess what text behind a quote means"
printf 'owner,label,subject,san\nERIN,a\0evil,CN=a,dns:a\nERIN,"b"b,CN=b,dns:b\n' >odd.csv
refused 1 "0 issued, 0 there already, 2 failed" safring cert issue --from odd.csv --sign-with CERTAUTH/ca
notes "line 2.* failed: .*zero byte"
notes "line 3.* failed: .*closing quote"

it "takes the mark that spreadsheets write, and a name that comes twice as one"
printf '\xef\xbb\xbfowner,label,subject,san\r\nERIN,t,CN=t,dns:t\r\nERIN,t,CN=t,dns:t\r\n' >twice.csv
ok safring cert issue --from twice.csv --sign-with CERTAUTH/ca
says "1 issued, 1 there already, 0 failed"

it "refuses a --key that no line could have, once"
refused 2 '"rsa:1" is not a kind of key' safring cert issue --from twice.csv --sign-with CERTAUTH/ca --key rsa:1
refused 2 "one by one" safring cert issue --from twice.csv --sign-with CERTAUTH/ca --key token:ZWE.IDT

it "shortens what it repeats of a line"
{ echo owner,label; printf 'ERIN,%s\n' "$(head -c 100000 /dev/zero | tr '\0' l)"; } >long.csv
refused 1 "0 issued" safring cert issue --from long.csv --sign-with CERTAUTH/ca
[ "$(wc -c <"$out")" -lt 1000 ] || fail "it repeats all of it"

it "eight at once issue each line once, and none fails"
{ echo owner,label,subject,san; for n in $(seq 60); do echo "FRED,n$n,CN=n$n,dns:n$n.example.test"; done; } >eight.csv
for n in 1 2 3 4 5 6 7 8; do
    { "$SAFRING" cert issue --from eight.csv --sign-with CERTAUTH/ca --batch 20 >"issued$n" 2>"notes$n" || echo "exit $?" >>"notes$n"; } &
done
wait
cat notes? >"$err"
[ ! -s "$err" ] || fail "some failed"
same "$(awk '/ issued, / { sum += $1 } END { print sum }' issued?)" 60

it "calls standard input by its name"
refused 1 "standard input is empty" safring cert issue --from - --sign-with CERTAUTH/ca
