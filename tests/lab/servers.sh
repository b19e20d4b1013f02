# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Everything that listens in the lab: the real servers of the reference architecture, and, for each echo probe of
# probes.txt, a listener behind it, so that a probe which fails was stopped by the filter and not by an absent server.

# Which host owns an address.
lab_owner() {
    case $1 in
    10.45.16.40 | 172.25.33.40 | 2001:db8:16::40) echo rp ;;
    10.45.16.* | 172.25.33.10 | 2001:db8:16::*) echo edge ;;
    192.168.10.90 | 192.168.10.190) echo fe1 ;;
    192.168.10.91) echo fe2 ;;
    192.168.10.50) echo client ;;
    203.0.113.66 | 2001:db8:113::66) echo rogue ;;
    203.0.113.* | 2001:db8:113::*) echo inet ;;
    *) return 1 ;;
    esac
}

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

# lab_wait HOST TRANSPORT ADDRESS PORT   until something listens there.
lab_wait() {
    local host=$1 transport=$2 where
    where="$(lab_bracket "$3"):$4"
    for _ in {1..100}; do
        lab_in "$host" ss -Hln "--$transport" src "$where" | grep -q . && return
        sleep 0.05
    done
    echo "Nothing came to listen on $where/$transport in lx-$host; see $LAB_RUN/*.log" >&2
    return 1
}

# Answers what it hears, and notes it: a forged packet's answer goes astray, but that it was heard can be seen.
lab_echo() {
    local transport=$1 address=$2 port=$3 family=4 listen
    [ "$address" = "${address#*:}" ] || family=6
    case $transport in
    tcp) listen="TCP$family-LISTEN:$port,reuseaddr" ;;
    udp) listen="UDP$family-RECVFROM:$port,reuseaddr" ;;
    esac
    lab_start "$(lab_owner "$address")" echo socat "$listen,bind=$(lab_bracket "$address"),fork" \
        "SYSTEM:tee -a $LAB_RUN/heard"
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
    name=$(lab_identity "$host") peer=$(lab_identity "$(lab_owner "$address")").contoso.example
    lab_start "$host" sip-tls socat "TCP-LISTEN:$port,bind=$(lab_tunnel "$address"),reuseaddr,fork" \
        "OPENSSL:$(lab_bracket "$address"):$port,cert=$name.pem,key=$name.key,cafile=authority.pem,commonname=$peer"
}

# The listeners that the table of probes implies, each once; prints "host transport address port" for each.
lab_listeners() {
    local name from kind address port rest
    while IFS='|' read -r name from rest; do
        read -r kind address port _ <<<"${rest%%|*}"
        case $kind in
        echo-tcp | echo-udp) echo "echo $(lab_owner "$address") ${kind#echo-} $address $port" ;;
        bulk) echo "echo $(lab_owner "$address") tcp $address $port" ;;
        forged-udp | forged-error | imitation) echo "echo $(lab_owner "$address") udp $address $port" ;;
        sip-tls)
            echo "sip-client ${from// /} tcp $address $port"
            echo "sip-server $(lab_owner "$address") tcp $address $port"
            ;;
        esac
    done < <(grep -v '^#' "$LAB_HOME/probes.txt") | sort -u
}

lab_serve() {
    local what host transport address port
    cp "$LAB_HOME"/config/* "$LAB_RUN" && (lab_certificates) && : >"$LAB_RUN/heard" &&
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

    while read -r what host transport address port; do
        case $what in
        echo) lab_echo "$transport" "$address" "$port" ;;
        sip-server) lab_sip_server "$host" "$address" "$port" ;;
        sip-client) lab_sip_client "$host" "$address" "$port" ;;
        esac
    done < <(lab_listeners)
    lab_serving
}

# Waits until every server listens.
lab_serving() {
    local what host transport address port
    while read -r what host transport address port; do
        [ "$what" != sip-client ] || address=$(lab_tunnel "$address")
        lab_wait "$host" "$transport" "$address" "$port" || return
    done < <(lab_listeners)
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
