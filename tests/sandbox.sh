# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# A network and a mount namespace for a shell test of its own: sourced first, it begins the test anew inside them.
# Gives `tree`, LYNCXDP and what tests/tap.sh has; what the caller's environment says of a session is forgotten.

tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
if [ "${1:-}" != inside ]; then
    exec unshare --mount --net bash "$0" inside
fi
# shellcheck source=tests/tap.sh
. "$tree/tests/tap.sh"
LYNCXDP=${LYNCXDP:-$tree/build/lyncxdp}
unset SSH_CONNECTION LYNCXDP_POLICIES
# What the tests send comes from a port by chance, which must not be one of the media range: rows list that.
chance_ports() { "$@" tee /proc/sys/net/ipv4/ip_local_port_range >/dev/null <<<'32768 49151'; }
chance_ports

run() { "$LYNCXDP" "$@"; }

# A bpffs (mounted with $bpffs_options), a /run and a /var/lib of its own, and a loopback.
own_ground() {
    mount -t sysfs none /sys && mount -t bpf -o "${bpffs_options:-rw}" bpf /sys/fs/bpf && mount -t tmpfs run /run &&
        mount -t tmpfs state /var/lib || exit 1
    ip link set lo up
}

# own_folder   `work`, which is empty. When the test ends it goes, and before it the processes in `started`.
own_folder() {
    work=$(mktemp -d) && started= || exit 1
    trap clean_up EXIT
}
clean_up() {
    # shellcheck disable=SC2086
    kill $started ${exporter:-} 2>/dev/null
    wait 2>/dev/null
    rm -rf "$work"
}

# start_exporter [ARGUMENT…]   On a port of the kernel's choice: its process is `exporter`, and `url` its address, or
# empty when it does not come to answer. What it says is in the file `said` of the test's folder.
start_exporter() {
    url=
    : >"$work/said" # not what the one before said
    "$LYNCXDP" exporter --listen 127.0.0.1:0 "$@" >"$work/said" 2>&1 &
    exporter=$!
    until_true 60 grep '^answering at ' "$work/said" || return
    url=$(sed -n 's/^answering at //p' "$work/said")
}
stop_exporter() {
    kill "$exporter"
    reap "$exporter"
    exporter=
}
get() { curl -sS --fail-with-body --max-time 60 "$url$1"; }

# is_up INTERFACE…   They carry packets.
is_up() {
    local interface
    for interface in "$@"; do
        [ "$(cat "/sys/class/net/$interface/operstate")" = up ] || return
    done
}

# `outer` and its `wire`, on which a generator can put frames, and nobody else: the kernel's own IPv6 chatter would be
# counted as well.
outer_and_wire() {
    local interface
    ip link add outer type veth peer name wire
    for interface in outer wire; do
        ethtool -K "$interface" gro on >/dev/null
        echo 0 >"/proc/sys/net/ipv6/conf/$interface/router_solicitations"
        echo 0 >"/proc/sys/net/ipv6/conf/$interface/accept_ra"
        ip link set "$interface" addrgenmode none up
    done
    until_true 30 is_up outer wire || exit 1
}

# `outer`, which is to be filtered, and the other end of its wire, with nobody there.
outer_and_far() {
    ip link add outer type veth peer name far
    ip addr add 198.51.100.1/24 dev outer
    ip link set outer up
    ip link set far up
}

# `outer`, which is to be filtered, and at the other end of its wire `far`, an interface of a host in a network namespace
# of its own; in_far runs a command there.
outer_and_far_host() {
    ip netns add far && ip link add outer type veth peer name far netns far || exit 1
    ip addr add 198.51.100.1/24 dev outer
    ip link set outer up
    chance_ports in_far
    in_far sh -c 'ip link set lo up; ip addr add 198.51.100.9/24 dev far; ip link set far up'
    in_far ip neigh replace 198.51.100.1 lladdr "$(cat /sys/class/net/outer/address)" dev far
    until_true 30 is_up outer || exit 1
}
in_far() { nsenter --net=/run/netns/far "$@"; }

# echoed SECONDS ADDRESS [WRAPPER…]   What is sent to that address of socat's comes back within so many seconds. TCP is
# left to end by itself.
echoed() {
    local reply='' asking answers
    exec {answers}< <(exec "${@:3}" socat -t "$1" - "$2" <<<question)
    asking=$!
    read -rt "$1" reply <&"$answers"
    if [[ $2 == UDP* ]]; then kill $asking; else until_true "$1" runs_no_more $asking; fi
    exec {answers}<&-
    is "$reply" question
}
