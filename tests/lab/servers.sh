# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Everything that listens in the lab: the real servers of the reference architecture, and, for each echo probe of
# probes.txt, a listener behind it, so that a probe which fails was stopped by the filter and not by an absent server.

# 2001:db8::1 -> [2001:db8::1], as socat and openssl want it.
lab_bracket() {
    case $1 in
    *:*) echo "[$1]" ;;
    *) echo "$1" ;;
    esac
}

# lab_start HOST NAME COMMAND…   in the background, its output in NAME.log.
lab_start() {
    local host=$1 name=$2
    shift 2
    (cd "$LAB_RUN" && exec nsenter "--net=/run/netns/lx-$host" "$@") </dev/null >>"$LAB_RUN/$name.log" 2>&1 9>&- &
    disown
}

# Whose certificate a host shows.
lab_identity() {
    case $1 in
    edge) echo edge ;;
    *) echo partner ;;
    esac
}

# One authority, a certificate it signed for each server and for the partners that call them, and its revocation list.
lab_certificates() {
    local request=(openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2) name
    cd "$LAB_RUN" || return
    "${request[@]}" -subj "/CN=Lab authority" -keyout authority.key -out authority.pem 2>/dev/null || return
    for name in edge reverse-proxy front-end partner; do
        "${request[@]}" -CA authority.pem -CAkey authority.key -subj "/CN=$name.contoso.example" \
            -addext "subjectAltName=DNS:$name.contoso.example" -addext basicConstraints=critical,CA:FALSE \
            -keyout "$name.key" -out "$name.pem" 2>/dev/null || return
    done
    mkdir public && : >revoked &&
        openssl ca -config authority.cnf -gencrl -keyfile authority.key -cert authority.pem -out public/authority.crl \
            2>/dev/null
}

# lab_listening HOST TRANSPORT ADDRESS:PORT
lab_listening() {
    lab_in "$1" ss -Hln "--$2" src "$3" | grep -q .
}

# lab_wait HOST TRANSPORT ADDRESS PORT   until something listens there.
lab_wait() {
    local where
    where="$(lab_bracket "$3"):$4"
    until_true 60 lab_listening "$1" "$2" "$where" || {
        echo "Nothing came to listen on $where/$2 in lx-$1; see $LAB_RUN/*.log" >&2
        return 1
    }
}

# SIP over TLS: socat carries the TLS (both sides show certificates), sipp speaks the SIP behind it.
lab_sip_server() {
    local host=$1 address=$2 port=$3 name family=4
    name=$(lab_identity "$host")
    [ "$address" = "${address#*:}" ] || family=6
    lab_start "$host" sip-tls socat \
        "OPENSSL-LISTEN:$port,pf=ip$family,bind=$(lab_bracket "$address"),reuseaddr,fork,cert=$name.pem,key=$name.key,cafile=authority.pem,verify=1" \
        TCP:127.0.0.1:5070
}

# Where the near end of a SIP probe's TLS is: sipp speaks plain TCP to one loopback address for each family.
lab_tunnel() {
    case $1 in
    *:*) echo 127.0.0.6 ;;
    *) echo 127.0.0.4 ;;
    esac
}

lab_sip_client() {
    local host=$1 address=$2 port=$3 name peer
    name=$(lab_identity "$host") peer=$(lab_identity "$4").contoso.example
    lab_start "$host" sip-tls socat "TCP-LISTEN:$port,bind=$(lab_tunnel "$address"),reuseaddr,fork" \
        "OPENSSL:$(lab_bracket "$address"):$port,cert=$name.pem,key=$name.key,cafile=authority.pem,commonname=$peer"
}

# The listeners that the table of probes implies, each once: "what host transport address port owner".
lab_listeners() {
    "${LAB_PYTHON[@]}" "$LAB_HOME/probes.py" listeners
}

lab_serve() {
    local what host address port owner
    cp "$LAB_HOME"/config/* "$LAB_RUN" && (lab_certificates) && lab_listeners >"$LAB_RUN/listeners" &&
        openssl rand -base64 -out "$LAB_RUN/bulk" 150000 || return

    lab_start edge turnserver turnserver -c turnserver.conf --userdb "$LAB_RUN/turn.db" --pidfile "$LAB_RUN/turn.pid" \
        --cert edge.pem --pkey edge.key --log-file stdout
    lab_start edge nginx nginx -p "$LAB_RUN" -c "$LAB_RUN/edge.nginx"
    lab_start rp nginx nginx -p "$LAB_RUN" -c "$LAB_RUN/reverse-proxy.nginx"
    lab_start fe1 nginx nginx -p "$LAB_RUN" -c "$LAB_RUN/front-end.nginx"
    lab_start edge sipp sipp -sn uas -t t1 -i 127.0.0.1 -p 5070 -nostdin
    lab_start edge sipp sipp -sn uas -t u1 -i 10.45.16.10 -p 5060 -nostdin
    lab_start inet peer turnutils_peer -L 203.0.113.10 -L 2001:db8:113::10 -p 3480
    lab_start inet dnsmasq dnsmasq "--conf-file=$LAB_RUN/dnsmasq.conf"
    lab_start inet nginx nginx -p "$LAB_RUN" -c "$LAB_RUN/internet.nginx"
    lab_start inet sipp sipp -sn uas -t t1 -i 127.0.0.1 -p 5070 -nostdin
    lab_start inet partner turnserver -c partner.conf --userdb "$LAB_RUN/partner.db" --pidfile "$LAB_RUN/partner.pid" \
        --log-file stdout

    lab_start inet listen "${LAB_PYTHON[@]}" "$LAB_HOME/listen.py"
    while read -r what host _ address port owner; do
        case $what in
        sip-server) lab_sip_server "$host" "$address" "$port" ;;
        sip-client) lab_sip_client "$host" "$address" "$port" "$owner" ;;
        esac
    done <"$LAB_RUN/listeners"
    lab_serving
}

# Waits until every server listens.
lab_serving() {
    local what host transport address port
    while read -r what host transport address port _; do
        [ "$what" != sip-client ] || address=$(lab_tunnel "$address")
        lab_wait "$host" "$transport" "$address" "$port" || return
    done <"$LAB_RUN/listeners"
    while read -r host transport address port; do
        lab_wait "$host" "$transport" "$address" "$port" || return
    done <<'END'
edge udp 10.45.16.30 3478
edge tcp 10.45.16.30 443
edge tcp 2001:db8:16::30 443
edge udp 2001:db8:16::30 3478
edge udp 172.25.33.10 3478
edge tcp 172.25.33.10 443
edge tcp 10.45.16.20 443
edge tcp 2001:db8:16::20 443
edge tcp 172.25.33.10 8057
edge tcp 127.0.0.1 5070
edge udp 10.45.16.10 5060
rp tcp 10.45.16.40 443
rp tcp 2001:db8:16::40 443
fe1 tcp 192.168.10.190 4443
fe1 tcp 192.168.10.90 5061
inet tcp 127.0.0.1 5070
inet tcp 203.0.113.10 80
inet tcp 2001:db8:113::10 80
inet udp 203.0.113.10 53
inet udp 2001:db8:113::10 53
inet udp 203.0.113.10 3478
inet udp 2001:db8:113::10 3478
inet udp 203.0.113.10 3480
inet udp 2001:db8:113::10 3480
END
}
