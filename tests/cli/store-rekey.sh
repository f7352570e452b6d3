#!/usr/bin/env bash
. "$(dirname "$0")/harness.sh"

given_certificates
openssl rand -base64 48 >cred
printf 'short\n' >short

it "gives a store with a key file a passphrase, and removes the file"
ok safring store rekey --master-key passphrase --store-secret-source file:pw
[ ! -e store/master.key ] || fail "the key file is still there"
refused 6 "passphrase" safring store check
ok safring store check --store-secret-source file:pw
ok safring store show --store-secret-source file:pw --json
same "$(field .master_key)" passphrase

it "gives it a credential"
refused 6 "new-secret-source" safring store rekey --master-key credential --store-secret-source file:pw
refused 2 "at least 32 bytes" safring store rekey --master-key credential --store-secret-source file:pw --new-secret-source file:short
ok safring store rekey --master-key credential --store-secret-source file:pw --new-secret-source file:cred
refused 6 "wrong credential" safring store check --store-secret-source file:pw
CREDENTIALS_DIRECTORY=$PWD ok safring store check --store-secret-source cred:cred

it "gives it a key file again, and a fresh one"
ok safring store rekey --master-key file --store-secret-source file:cred
same "$(mode_of store/master.key)" 400
ok safring store check
cp store/master.key old
ok safring store rekey --master-key file --json
same "$(field '"\(.master_key) \(.old_master_key)"')" "file file"
! cmp -s store/master.key old || fail "it is the same key"
ok safring store check
ok safring cert issue BOB/new --sign-with CERTAUTH/ca --subject CN=new --san dns:new.example.test

it "needs the old master key for an older backup"
ok safring store backup --out backup.db
cp store/master.key earlier.key
ok safring store rekey --master-key passphrase --new-secret-source file:pw
refused 6 "master key in a file" safring store restore backup.db --store copy
ok safring store restore backup.db --store copy --master-key-file earlier.key

it "refuses what does not go together"
refused 2 "master-key" safring store rekey --store-secret-source file:pw
refused 2 "token-key" safring store rekey --master-key token --store-secret-source file:pw --new-secret-source file:pin
refused 2 "token-key" safring store rekey --master-key file --token-key pkcs11:object=k --store-secret-source file:pw
refused 2 "new-secret-source" safring store rekey --master-key file --new-secret-source file:cred --store-secret-source file:pw
silent_on "correct horse"

it "gives it a key in a token, whose PIN later commands need"

ok safring token init ZWE.IDT --pin-source file:pin --so-pin-source file:sopin --store-secret-source file:pw
ok safring store rekey --master-key token --token-key 'pkcs11:token=ZWE.IDT;object=store' --store-secret-source file:pw --new-secret-source file:pin
notes "made the AES key pkcs11:token=ZWE.IDT"
ok safring store check --store-secret-source file:pin
ok safring store show --store-secret-source file:pin --json
same "$(field .master_key)" token
refused 6 "PIN" safring store check --store-secret-source file:sopin
refused 6 "store-secret-source" safring store check
silent_on "1234567"

it "leaves the token again"
ok safring store rekey --master-key file --store-secret-source file:pin
ok safring store check
ok safring store rekey --master-key token --token-key 'pkcs11:token=ZWE.IDT;object=store' --store-secret-source file:pin
silent_on "made the AES key"
ok safring store check --store-secret-source file:pin

it "refuses a passphrase that anybody guesses"
ok safring store init --store weak
printf 'x\n' >one
refused 2 "at least 8 bytes" safring store rekey --store weak --master-key passphrase --store-secret-source file:one
ok safring store check --store weak
