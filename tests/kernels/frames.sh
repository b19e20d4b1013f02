# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Real frames from a namespace that is the Internet to the A/V Edge in this one: echo servers at one end of a veth
# pair, a client at the other. Source this; call `frames_up` once, then `answered` and `unanswered`.

edge=10.45.16.30 # av-edge's external address in policies/sites/contoso.yaml

in_internet() {
    nsenter --net=/run/netns/internet "$@"
}

frames_up() {
    ip netns add internet
    ip link add edge0 type veth peer name inet0 netns internet
    ip address add $edge/24 dev edge0
    in_internet ip address add 10.45.16.1/24 dev inet0
    ip link set edge0 up
    in_internet ip link set inet0 up
    ethtool -K edge0 gro on >/dev/null # gives veth its NAPI
    in_internet ethtool -K inet0 gro on tx off >/dev/null
    serve udp-listen:3478 udp-listen:3479 tcp-listen:443 tcp-listen:3389
}

frames_mtu() {
    ip link set edge0 mtu "$1"
    in_internet ip link set inet0 mtu "$1"
}

# serve ADDRESS…   An echo at each, from now on.
serve() {
    local address
    for address in "$@"; do
        socat -b 16384 -T 5 "$address,fork,reuseaddr" PIPE 2>/dev/null &
    done
    until [ "$(ss -Hlnut | wc -l)" -ge $# ]; do
        sleep 0.1
    done
}

# What the client does: one datagram or segment there, one back. Prints the number of bytes that came back.
exchange='
    exec 3<>"/dev/$0/$1/$2" || exit
    head -c "$3" /dev/zero | dd bs="$3" count=1 iflag=fullblock >&3
    timeout "$4" dd bs=16384 count=1 <&3 | wc -c'

# exchanges SECONDS TRANSPORT PORT COUNT [SIZE]: prints how many exchanges succeed, each within so many seconds.
exchanges() {
    local seconds=$1 transport=$2 port=$3 count=$4 size=${5:-100} whole=0 back
    for ((; count > 0; count--)); do
        # The outer limit is for the connecting, the inner one for the answer.
        back=$(in_internet timeout $((seconds + 1)) \
            bash -c "$exchange" "$transport" $edge "$port" "$size" "$seconds" 2>/dev/null)
        [ "$back" = "$size" ] && whole=$((whole + 1))
    done
    echo $whole
}

# answered TRANSPORT PORT COUNT [SIZE]: all of them are. An emulated machine may take its time.
answered() {
    local whole
    whole=$(exchanges 10 "$@")
    echo "$whole of $3 answered"
    [ "$whole" = "$3" ]
}

# unanswered TRANSPORT PORT COUNT [SIZE]: none of them is.
unanswered() {
    local whole
    whole=$(exchanges 1 "$@")
    echo "$whole of $3 answered"
    [ "$whole" = 0 ]
}
