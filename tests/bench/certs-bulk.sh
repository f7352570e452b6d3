#!/usr/bin/env bash
# certs-bulk.sh SAFRING [N]: N (default 10000) P-256 server certificates with new keys, signed by one P-256 CA, from a CSV into the durable store; beside
# it openssl, GnuTLS certtool and keytool do the same one by one, PEERS (default 100, keytool 10) of them. Prints certificates per second and ratios.
set -eu
safring=$(realpath "$1")
count=${2:-10000}
peers=${PEERS:-100}
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
cd "$home"
export HOME=$home SAFRING_HOME=$home/store

now() { date +%s.%N; }
report() { # NAME COUNT BEGIN END
    awk -v name="$1" -v n="$2" -v a="$3" -v b="$4" -v base="$rate" 'BEGIN {
        r = n / (b - a); printf "%-44s %10.1f /s", name, r; if (base) printf "   1/%.1f of safring", base / r; print "" }'
}

"$safring" ca create CERTAUTH/ca --subject "CN=Bench CA" --key ec:P-256 >/dev/null
awk -v n="$count" 'BEGIN { print "owner,label,subject,san"; for (i = 1; i <= n; i++) printf "BENCH,n%d,CN=n%d,dns:n%d.example.test\n", i, i, i }' >list.csv
rate=
for batch in 1 10 100 1000; do
    few=$((batch < 100 ? 200 : 2000))
    [ "$few" -le "$count" ] || few=$count
    head -n $((few + 1)) list.csv | sed "s/,n/,b$batch-n/" >few.csv
    begin=$(now)
    "$safring" cert issue --from few.csv --sign-with CERTAUTH/ca --batch $batch >/dev/null
    report "safring, store, batches of $batch" "$few" "$begin" "$(now)"
done
begin=$(now)
"$safring" cert issue --from list.csv --sign-with CERTAUTH/ca >/dev/null
end=$(now)
report "safring, store, $count from a CSV" "$count" "$begin" "$end"
rate=$(awk -v n="$count" -v a="$begin" -v b="$end" 'BEGIN { print n / (b - a) }')

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=Bench CA" -keyout ca.key -out ca.pem 2>/dev/null
begin=$(now)
for ((i = 0; i < peers; i++)); do
    openssl req -x509 -CA ca.pem -CAkey ca.key -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=n$i" \
        -addext "subjectAltName=DNS:n$i.example.test" -addext extendedKeyUsage=serverAuth -keyout "o$i.key" -out "o$i.pem" 2>/dev/null ||
        { openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=n$i" -keyout "o$i.key" -out o.csr 2>/dev/null
          openssl x509 -req -in o.csr -CA ca.pem -CAkey ca.key -days 90 -out "o$i.pem" 2>/dev/null; }
done
report "openssl req, a process each, files" "$peers" "$begin" "$(now)"

if command -v certtool >/dev/null; then
    begin=$(now)
    for ((i = 0; i < peers; i++)); do
        certtool --generate-privkey --key-type ecdsa --curve secp256r1 --outfile "g$i.key" 2>/dev/null
        printf 'cn=n%s\ndns_name=n%s.example.test\ntls_www_server\nsigning_key\nexpiration_days=90\n' "$i" "$i" >g.cfg
        certtool --generate-certificate --load-privkey "g$i.key" --load-ca-certificate ca.pem --load-ca-privkey ca.key --template g.cfg \
            --outfile "g$i.pem" 2>/dev/null
    done
    report "GnuTLS certtool, two processes each, files" "$peers" "$begin" "$(now)"
fi

if command -v keytool >/dev/null; then
    few=$((peers / 10 > 0 ? peers / 10 : 1))
    keytool -genkeypair -keystore ca.p12 -storepass password -alias ca -keyalg EC -groupname secp256r1 -dname "CN=Bench CA" -ext bc:c 2>/dev/null
    begin=$(now)
    for ((i = 0; i < few; i++)); do
        keytool -genkeypair -keystore "j$i.p12" -storepass password -alias "n$i" -keyalg EC -groupname secp256r1 -dname "CN=n$i" 2>/dev/null
        keytool -certreq -keystore "j$i.p12" -storepass password -alias "n$i" 2>/dev/null |
            keytool -gencert -keystore ca.p12 -storepass password -alias ca -ext "san=dns:n$i.example.test" -ext eku=serverAuth -rfc >"j$i.pem" 2>/dev/null
    done
    report "keytool, three processes each, keystores" "$few" "$begin" "$(now)"
fi
