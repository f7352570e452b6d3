#!/usr/bin/env bash
# What is exported, in web servers that users have: nginx and HAProxy serve with it and check clients against the CRL, curl verifies.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../cli/harness.sh"
servers=$NODE_MODULES_DIR/servers
sh "$SOURCE_DIR/samples/packages.sh" servers "$servers" >/dev/null || fail "cannot unpack nginx and haproxy"

ok safring ca create CERTAUTH/root --subject "CN=Example Root" --key ec:P-384
ok safring ca create CERTAUTH/sub --sign-with CERTAUTH/root --subject "CN=Example Sub" --path-len 0 --permit-dns example.test --key rsa:3072
ok safring cert issue ALICE/web --sign-with CERTAUTH/sub --subject "CN=web" --san dns:www.example.test
ok safring cert issue BOB/client --sign-with CERTAUTH/sub --profile client --subject "CN=bob"
ok safring cert issue EVE/client --sign-with CERTAUTH/sub --profile client --subject "CN=eve" --key ed25519
ok safring cert revoke EVE/client --reason key-compromise
ok safring cert export ALICE/web --chain --with-key --out web.pem
ok safring cert export BOB/client --chain --with-key --out bob.pem
ok safring cert export EVE/client --chain --with-key --out eve.pem
ok safring cert export CERTAUTH/root --out root.pem
ok safring cert export CERTAUTH/sub --chain --out cas.pem
ok safring ca crl CERTAUTH/root --out root.crl
ok safring ca crl CERTAUTH/sub --out sub.crl
cat root.crl sub.crl >all.crl
server=
port=$((20000 + RANDOM % 20000))

serve() { # COMMAND…
    "$@" >server.log 2>&1 &
    server=$!
    for _ in $(seq 40); do
        sleep 0.1
        curl -so /dev/null --cacert root.pem --cert bob.pem --resolve "www.example.test:$port:127.0.0.1" "https://www.example.test:$port/" && return
    done
    cp server.log "$err"
    fail "$1 does not serve"
}
fetch() { curl -sSf -o /dev/null --cacert root.pem --resolve "www.example.test:$port:127.0.0.1" --resolve "other.test:$port:127.0.0.1" "$@"; }
checks_clients() {
    ok fetch --cert bob.pem "https://www.example.test:$port/"
    refused "$1" "." fetch --cert eve.pem "https://www.example.test:$port/"
    refused "$1" "." fetch "https://www.example.test:$port/"
    refused 60 "other.test" fetch --cert bob.pem "https://other.test:$port/"
    stop
}
stop() {
    [ -n "$server" ] && kill "$server" && wait "$server" 2>/dev/null
    server=
}
trap 'stop; cleanup' EXIT

it "serves with nginx, which lets in whom the CA signed and not whom it revoked"
cat >nginx.conf <<CONF
daemon off; master_process off; pid $home/nginx.pid; error_log stderr;
events {}
http {
    access_log off; client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;
    server {
        listen 127.0.0.1:$port ssl;
        ssl_certificate web.pem; ssl_certificate_key web.pem;
        ssl_client_certificate cas.pem; ssl_crl all.crl; ssl_verify_client on; ssl_verify_depth 3;
        location / { return 200 "hello"; }
    }
}
CONF
serve "$servers/usr/sbin/nginx" -p "$home" -c nginx.conf -e stderr
checks_clients 22

it "serves with HAProxy, likewise"
cat >haproxy.cfg <<CONF
global
    log stderr local0
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend web
    bind 127.0.0.1:$port ssl crt $home/web.pem ca-file $home/cas.pem crl-file $home/all.crl verify required
    http-request return status 200 content-type text/plain string hello
CONF
serve "$servers/usr/sbin/haproxy" -db -f haproxy.cfg
checks_clients 56
