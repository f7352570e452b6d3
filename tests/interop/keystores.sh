#!/bin/bash
# keystores.sh P12 TRUSTSTORE PASSWORDFILE [PROFILE]
#
# Do OpenSSL, Java, GnuTLS and NSS see in these two files what we meant? P12 is to hold one private key with its whole
# chain, TRUSTSTORE only certificates, each a trusted entry and among them one that the chain ends in. Both are of that profile (java,
# modern or legacy-gsk; java when none is given). Says each thing that differs, and fails if one does. A reader that is not installed is named and passed over; OpenSSL and keytool are
# needed.
set -uo pipefail
export LC_ALL=C.UTF-8

if [ $# -ne 3 ] && [ $# -ne 4 ]; then
    echo "usage: keystores.sh P12 TRUSTSTORE PASSWORDFILE [PROFILE]" >&2
    exit 2
fi
p12=$1 trust=$2 password=$3
pbes2="PBES2, PBKDF2, AES-256-CBC, Iteration %s, PRF hmacWithSHA256"
case ${4:-java} in
java) mac=sha256 rounds=10000 cipher=$pbes2 ;;
modern) mac=sha256 rounds=210000 cipher=$pbes2 ;;
legacy-gsk) mac=sha1 rounds=2048 cipher="pbeWithSHA1And3-KeyTripleDES-CBC, Iteration %s" ;;
*) echo "no profile $4" >&2; exit 2 ;;
esac
here=$(dirname "$(realpath "$0")")
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
failures=0

# same WHAT EXPECTED FOUND
same() {
    if [ "$2" = "$3" ]; then
        echo "ok: $1"
    else
        printf 'DIFFERS: %s\n  expected: %s\n  found:    %s\n' "$1" "$2" "$3" >&2
        failures=$((failures + 1))
    fi
}

# works WHAT COMMAND...
works() {
    local what=$1
    shift
    if "$@" >"$scratch/out" 2>&1; then
        echo "ok: $what"
    else
        printf 'DIFFERS: %s\n' "$what" >&2
        sed 's/^/  /' "$scratch/out" >&2
        failures=$((failures + 1))
    fi
}

has() { command -v "$1" >/dev/null || { echo "passed over: $1 is not installed"; return 1; }; }

for tool in openssl keytool java; do
    has $tool || exit 1
done

# The certificates of a PKCS#12 as sorted SHA-256 fingerprints, one line.
openssl_prints() {
    openssl pkcs12 -in "$1" -passin "file:$password" -nokeys 2>/dev/null |
        awk -v to="$scratch/cert" '/BEGIN CERT/ { n++; on = 1 } on { print > (to n) } /END CERT/ { on = 0 }'
    for cert in "$scratch"/cert*; do
        [ -e "$cert" ] && openssl x509 -in "$cert" -noout -fingerprint -sha256
    done | sed 's/.*=//' | sort | paste -sd ' '
    rm -f "$scratch"/cert*
}

java_list() { keytool -list -v -storetype PKCS12 -keystore "$1" -storepass:file "$password" 2>&1; }

java_prints() { java_list "$1" | sed -n 's/^.*SHA256: //p' | sort | paste -sd ' '; }

count_words() { echo "$1" | wc -w; }

protection() { openssl pkcs12 -in "$1" -passin "file:$password" -noout -info 2>&1; }

for file in "$p12" "$trust"; do
    about=$(protection "$file")
    same "$file: MAC" "MAC: $mac, Iteration $rounds" "$(echo "$about" | grep '^MAC:')"
    # shellcheck disable=SC2059
    same "$file: encryption" "$(printf "$cipher" "$rounds")" \
         "$(echo "$about" | sed -n 's/^.*\(PBES2\|pbeWith\)/\1/p' | sort -u)"
    same "$file: OpenSSL and Java see the same certificates" "$(openssl_prints "$file")" "$(java_prints "$file")"
done

key=$(openssl pkcs12 -in "$p12" -passin "file:$password" -nocerts -nodes 2>/dev/null | openssl pkey -pubout 2>&1)
leaf=$(openssl pkcs12 -in "$p12" -passin "file:$password" -clcerts -nokeys 2>/dev/null | openssl x509 -noout -pubkey 2>&1)
same "$p12: the key is its certificate's" "$leaf" "$key"
same "$trust: no private key" "" "$(protection "$trust" | grep -i keybag)"

key_certs=$(count_words "$(openssl_prints "$p12")")
trust_certs=$(count_words "$(openssl_prints "$trust")")
same "$p12: Java's entries" "Entry type: PrivateKeyEntry" "$(java_list "$p12" | grep '^Entry type')"
same "$p12: Java's chain" "Certificate chain length: $key_certs" "$(java_list "$p12" | grep '^Certificate chain length')"
same "$trust: Java's entries" "$trust_certs" "$(java_list "$trust" | grep -c '^Entry type: trustedCertEntry$')"
works "Java signs with the key, verifies the chain, and trusts it" \
      java "$here/LoadKeystores.java" "$p12" "$trust" "$password"

if has certtool; then
    for file in "$p12" "$trust"; do
        found=$(certtool --p12-info --inder --infile "$file" --password "$(head -n 1 "$password")" 2>&1 |
                grep -c '^[[:space:]]*Type: Certificate$')
        same "$file: GnuTLS sees the same number of certificates" "$(count_words "$(openssl_prints "$file")")" "$found"
    done
fi

if has pk12util; then
    found=$(pk12util -l "$p12" -w "$password" 2>&1)
    same "$p12: NSS sees the same number of certificates" "$key_certs" "$(echo "$found" | grep -c '^Certificate')"
    same "$p12: NSS sees one private key" 1 "$(echo "$found" | grep -c '^Key')"
fi

[ "$failures" -eq 0 ] || { echo "$failures differ" >&2; exit 1; }
