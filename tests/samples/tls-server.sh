#!/usr/bin/env bash
# tls-server.sh BUILD_DIR: the sample server, built against the installed library, serves a publication as another user and follows a renewal.
here=$(cd "$(dirname "$0")" && pwd)
build=$1
. "$here/../cli/harness.sh"
prefix=$home/prefix
ok cmake --install "$build" --prefix "$prefix"
libdir=$(dirname "$(dirname "$(find "$prefix" -name 'safring-keyring.pc')")")
safring() { "$prefix/bin/safring" "$@"; }
export PKG_CONFIG_PATH=$libdir/pkgconfig
# shellcheck disable=SC2046  # flags are words
ok cc -std=c11 -Wall -Wextra -Werror -o tls-server "$SOURCE_DIR/samples/tls-server.c" $(pkg-config --cflags --libs safring-keyring) -lssl -lcrypto \
    -Wl,-rpath,"$libdir"

given_certificates
ok safring cert issue ALICE/client --sign-with CERTAUTH/ca --subject "CN=client" --key ec:P-256 --profile client
ok safring ring create ALICE/Ring
ok safring ring connect ALICE/Ring CERTAUTH/ca --usage certauth
ok safring ring connect ALICE/Ring ALICE/web --usage personal --default
ok safring ring export ALICE/Ring --out ca.pem
ok safring cert export ALICE/client --with-key --out client.pem

# root's files must be had by the other user; what is private among them has modes of its own
user=$(id -un)
as=()
if [ "$(id -u)" = 0 ]; then
    user=nobody
    as=(setpriv --reuid nobody --clear-groups --)
    chmod -R go+rX "$home/prefix" tls-server
    chmod 755 "$home"
fi
ok safring ring publish ALICE/Ring --for "$user" --with-keys --to pub

port=$((20000 + $$ % 20000))
"${as[@]}" ./tls-server pub ALICE Ring $port >server.out 2>server.err &
server=$!
holder=
stop() {
    kill $server $holder 2>/dev/null
    cleanup
}
trap stop EXIT

serial() {
    openssl s_client -connect 127.0.0.1:$port -CAfile ca.pem -verify_return_error "$@" </dev/null 2>/dev/null | openssl x509 -noout -serial 2>/dev/null
}
wait_for() { # SECONDS COMMAND…
    local tries=$(($1 * 10))
    shift
    until "$@"; do
        [ $((tries -= 1)) -gt 0 ] || return 1
        sleep 0.1
    done
}

it "serves the ring's default certificate with its chain, as user $user"
answers() { [ -n "$(serial)" ]; }
wait_for 5 answers || fail "no answer: $(cat server.out server.err)"
before=$(serial)
ok safring ring show ALICE/Ring --json
[ "$(ps -o user= -p $server | cut -c1-6)" = "$(cut -c1-6 <<<"$user")" ] || fail "another user runs it"

it "trusts the ring's CAs for its clients, and nobody else"
same "$(serial -cert client.pem -key client.pem)" "$before"
ok openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=stranger -keyout stranger.pem -out stranger.crt
(sleep 1) | openssl s_client -connect 127.0.0.1:$port -CAfile ca.pem -cert stranger.crt -key stranger.pem >s.out 2>&1
grep -q "alert" s.out || fail "a stranger's certificate was taken"

it "resumes sessions, with a client's certificate and without"
resumes() { # OPTIONS…
    (echo; sleep 0.3) | openssl s_client -connect 127.0.0.1:$port -CAfile ca.pem -sess_out session "$@" >/dev/null 2>&1
    (echo; sleep 0.3) | openssl s_client -connect 127.0.0.1:$port -CAfile ca.pem -sess_in session "$@" 2>&1 | grep -q "^Reused"
}
for version in -tls1_2 -tls1_3; do
    resumes $version || fail "$version: no session was resumed"
    resumes $version -cert client.pem -key client.pem || fail "$version: no session with a certificate was resumed"
done

it "follows a renewal within two seconds, while an old connection stays up"
mkfifo to-server
openssl s_client -quiet -connect 127.0.0.1:$port -CAfile ca.pem <to-server >old.out 2>old.err &
holder=$!
exec 9>to-server
echo first >&9
has() { grep -q "$1" old.out; }
wait_for 3 has first || fail "no echo: $(cat old.err)"
ok safring cert renew ALICE/web
changed() { local now; now=$(serial) && [ -n "$now" ] && [ "$now" != "$before" ]; }
wait_for 2 changed || fail "it still serves $before: $(cat server.out server.err)"
echo second >&9
wait_for 3 has second || fail "the old connection is gone"

it "does not take up a certificate that is not trusted any more, and says so, once, and when that is over"
ok safring cert alter ALICE/web --status notrust
warned() { grep -q "ALICE/web is not trusted" server.err; }
wait_for 3 warned || fail "it did not notice: $(cat server.err)"
ok safring cert alter ALICE/web --status trust
recovered() { grep -q "in order again" server.err; }
wait_for 3 recovered || fail "it did not recover"
same "$(grep -c "is not trusted" server.err)" 1

it "goes on with what it has when the publication ends"
ok safring ring unpublish ALICE/Ring --from pub
says_it() { grep -q "going on with what I have" server.err; }
wait_for 3 says_it || fail "it did not notice"
changed || fail "it does not answer any more"
exec 9>&-

it "serves a store just as well"
kill $server
wait $server 2>/dev/null
./tls-server store ALICE Ring $port >server.out 2>server.err &
server=$!
wait_for 5 answers || fail "no answer: $(cat server.err)"
