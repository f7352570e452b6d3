#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

it "shows header and claims, and says that they are unverified"
printf 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJJQk1VU0VSIn0.c2ln' >t
ok_from t safring idt show
says IBMUSER
notes "not verified"

it "refuses what is no token"
echo nonsense >t
refused_from t 1 "not a token" safring idt show
printf 'eyJhbGciOiJIUzI1NiJ9.bm8ganNvbg.c2ln' >t
refused_from t 1 "JSON|json|not a token" safring idt show

it "does not let a token write to the terminal"
payload=$(printf '{"sub":"\\u001b[31mred"}' | base64 -w0 | tr '+/' '-_' | tr -d =)
printf 'eyJhbGciOiJIUzI1NiJ9.%s.c2ln' "$payload" >t
ok_from t safring idt show
silent_on "$(printf '\033')"
