#!/usr/bin/env bash
# The keystores that setup makes, in programs that users have: openssl s_server serves with them, curl and openssl s_client verify.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../cli/harness.sh"

it "serves TLS with the files of scenario 1, verified by curl under every name"
cat >zowe.yaml <<'YAML'
zowe:
  setup:
    certificate:
      type: PKCS12
      pkcs12:
        directory: /var/zowe/keystore
  externalDomains:
    - zowe.example.com
YAML
ok safring setup --config zowe.yaml --root root --no-idt
keystore=root/var/zowe/keystore
port=$((20000 + RANDOM % 20000))
openssl s_server -accept "$port" -cert $keystore/localhost/localhost.cer -key $keystore/localhost/localhost.key -www -quiet >server.log 2>&1 &
server=$!
trap 'kill $server 2>/dev/null; cleanup' EXIT
for _ in 1 2 3 4 5 6 7 8 9 10; do
    sleep 0.3
    openssl s_client -connect "localhost:$port" </dev/null >/dev/null 2>&1 && break
done
for name in zowe.example.com localhost 127.0.0.1; do
    ok curl -sS -o /dev/null --cacert $keystore/local_ca/local_ca.cer --resolve "zowe.example.com:$port:127.0.0.1" "https://$name:$port/"
done
refused 60 "certificate" curl -sS -o /dev/null --cacert $keystore/local_ca/local_ca.cer --resolve "other.example.com:$port:127.0.0.1" "https://other.example.com:$port/"
ok openssl s_client -connect "localhost:$port" -CAfile $keystore/local_ca/local_ca.cer -verify_return_error -verify_hostname zowe.example.com
says "Verification: OK"

it "makes keystores that OpenSSL, keytool, Java, GnuTLS and NSS open"
sed -n '/^    keystore:/,/alias/s/^ *password: *"\{0,1\}\([^"]*\)"\{0,1\}$/\1/p' store/setup/*.yaml >keystore-pw
ok bash "$here/keystores.sh" $keystore/localhost/localhost.keystore.p12 $keystore/localhost/localhost.truststore.p12 keystore-pw
