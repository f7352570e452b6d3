#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

key='pkcs11:token=ZWE.IDT;object=jwtsecret;type=secret-key'
it "lists policies in order"
ok safring policy define --appl B --user '*' --alg HS512 --key "$key"
ok safring policy define --appl A --user 'X%' --alg HS256 --key "$key" --any-appl
ok safring policy list --json
same "$(field '[.policies[] | "\(.profile):\(.alg):\(.any_appl)"] | join(" ")')" "JWT.A.X%.SAF:HS256:true JWT.B.*.SAF:HS512:false"
