#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The reference architecture "single consolidated edge" in network namespaces, with the addresses of the vendor's own
# tables. Source it for lab_up, lab_down and lab_in, or run it: lab.sh up | down | in HOST COMMAND…
#
#   lx-inet  203.0.113.10 ─┐                        ┌─ ext0 lx-edge int0 ─┐                  ┌─ lx-fe1    192.168.10.90, .190
#                          ├─ lx-wan (router) ──────┤                     ├─ lx-corp (router)┼─ lx-fe2    192.168.10.91
#   lx-rogue 203.0.113.66 ─┘  203.0.113.1           └─ ext0 lx-rp   int0 ─┘  172.25.33.1     └─ lx-client 192.168.10.50
#                             10.45.16.1                                     192.168.10.1
#
#   Edge: 10.45.16.10 (Access), .20 (Web Conferencing), .30 (A/V) and 172.25.33.10. Reverse proxy: 10.45.16.40 and
#   172.25.33.40. The pool's virtual address is 192.168.10.190.
#
#   lx-inet is clients, and whom the Edge asks: DNS, a web server with revocation lists, a federated partner's Edge. Its
#   addresses .21 and .22 lie behind a narrow link. The Internet and the perimeter have IPv6 as well,
#   2001:db8:113:: and 2001:db8:16:: with the same last numbers; the
#   Edge has 2001:db8:16::99, too, which is in no site.
#
# lx-rogue owns, on its loopback, the addresses that it forges.

LAB_HOME=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
LAB_RUN=${LAB_RUN:-/run/lyncxdp-lab}
# Bytes of a packet that the narrow link takes.
LAB_NARROW=1400
LAB_HOSTS=(wan corp inet rogue edge rp fe1 fe2 client)
# What the lab needs, as "command:Debian package".
LAB_TOOLS=(ip:iproute2 ss:iproute2 nsenter:util-linux flock:util-linux ethtool:ethtool turnserver:coturn
    dnsmasq:dnsmasq-base busybox:busybox-static sipp:sip-tester openssl:openssl nginx:nginx-light socat:socat curl:curl
    ping:iputils-ping)

# For until_true.
# shellcheck source=tests/tap.sh
. "$LAB_HOME/../tap.sh"
# shellcheck source=tests/lab/servers.sh
. "$LAB_HOME/servers.sh"
# shellcheck source=tests/lab/filters.sh
. "$LAB_HOME/filters.sh"
# shellcheck source=tests/lab/probes.sh
. "$LAB_HOME/probes.sh"

# lab_in HOST COMMAND…   nsenter and not `ip netns exec`, which would hide bpffs.
lab_in() {
    local host=$1
    shift
    nsenter "--net=/run/netns/lx-$host" "$@"
}

# Says what is missing, and how to get it; quiet when nothing is.
lab_check_tools() {
    local tool packages=()
    [ "$(id -u)" -eq 0 ] || {
        echo "The lab makes network namespaces and needs root: sudo make demo" >&2
        return 1
    }
    for tool in "${LAB_TOOLS[@]}"; do
        PATH=$PATH:/usr/sbin:/sbin command -v "${tool%%:*}" >/dev/null || packages+=("${tool##*:}")
    done
    "${LAB_PYTHON[@]}" -c 'import aioice' 2>/dev/null || packages+=(python3-aioice)
    [ ${#packages[@]} -eq 0 ] || {
        echo "The lab needs packages that are missing: run \`sudo make deps\`, or apt-get install ${packages[*]}" >&2
        return 1
    }
}

# One lab at a time on a machine: its namespaces have fixed names. Held until this shell ends; what the lab starts in
# the background closes descriptor 9, so as not to hold it longer.
lab_lock() {
    exec 9>/run/lyncxdp-lab.lock
    flock -w 180 9 || {
        echo "Another lab has been running for three minutes; wait for it, or see who holds /run/lyncxdp-lab.lock" >&2
        return 1
    }
}

# Settings a host has before its first interface. No reverse-path filter and no martian checks of the kernel's own:
# a forged packet that is dropped must have been dropped by the filter under test.
lab_settings() {
    # shellcheck disable=SC2016 # expanded by the inner shell
    lab_in "$1" sh -c '
        for scope in all default; do
            cd /proc/sys/net/ipv4/conf/$scope
            echo 0 >rp_filter; echo 1 >accept_local; echo 1 >route_localnet; echo 2 >arp_announce
            cd /proc/sys/net/ipv6/conf/$scope && echo 0 >accept_dad && echo 0 >accept_ra && echo 0 >disable_ipv6
        done
        ip link set lo up'
}

# A router between networks; its bridges are the segments that hosts plug into.
lab_router() {
    lab_in "$1" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
}

# lab_segment ROUTER BRIDGE ADDRESS…
lab_segment() {
    local router=$1 bridge=$2 address
    shift 2
    ip -n "lx-$router" link add "$bridge" type bridge forward_delay 0 mcast_snooping 0 &&
        ip -n "lx-$router" link set "$bridge" up || return
    for address; do
        lab_address "$router" "$bridge" "$address" || return
    done
}

lab_address() {
    case $3 in
    *:*) ip -n "lx-$1" address add "$3" dev "$2" nodad ;;
    *) ip -n "lx-$1" address add "$3" dev "$2" ;;
    esac
}

# lab_plug HOST INTERFACE ROUTER BRIDGE ADDRESS…
# Receive offload on gives veth its NAPI; checksum offload off, or redirected packets carry none.
lab_plug() {
    local host=$1 interface=$2 router=$3 bridge=$4 address
    shift 4
    ip -n "lx-$host" link add "$interface" type veth peer name "$host" netns "lx-$router" &&
        lab_in "$host" ethtool -K "$interface" gro on tx off >/dev/null &&
        lab_in "$router" ethtool -K "$host" gro on tx off >/dev/null &&
        ip -n "lx-$router" link set "$host" master "$bridge" up &&
        ip -n "lx-$host" link set "$interface" up || return
    for address; do
        lab_address "$host" "$interface" "$address" || return
    done
}

# lab_route HOST DESTINATION GATEWAY
lab_route() {
    ip -n "lx-$1" route add "$2" via "$3"
}

# lab_narrow DESTINATION…   what the Internet's router sends there must fit a narrow link.
lab_narrow() {
    local destination
    for destination; do
        ip -n lx-wan route add "$destination" dev internet mtu lock "$LAB_NARROW" || return
    done
}

lab_network() {
    local host
    for host in "${LAB_HOSTS[@]}"; do
        ip netns add "lx-$host" && lab_settings "$host" || return
    done
    lab_router wan && lab_segment wan internet 203.0.113.1/24 2001:db8:113::1/64 &&
        lab_segment wan perimeter 10.45.16.1/24 2001:db8:16::1/64 &&
        lab_router corp && lab_segment corp perimeter 172.25.33.1/24 && lab_segment corp lan 192.168.10.1/24 || return

    lab_plug inet net0 wan internet 203.0.113.10/24 203.0.113.21/24 203.0.113.22/24 \
        2001:db8:113::10/64 2001:db8:113::21/64 2001:db8:113::22/64 &&
        lab_plug rogue net0 wan internet 203.0.113.66/24 2001:db8:113::66/64 &&
        lab_plug edge ext0 wan perimeter 10.45.16.10/24 10.45.16.20/24 10.45.16.30/24 \
            2001:db8:16::10/64 2001:db8:16::20/64 2001:db8:16::30/64 2001:db8:16::99/64 &&
        lab_plug edge int0 corp perimeter 172.25.33.10/24 &&
        lab_plug rp ext0 wan perimeter 10.45.16.40/24 2001:db8:16::40/64 &&
        lab_plug rp int0 corp perimeter 172.25.33.40/24 &&
        lab_plug fe1 net0 corp lan 192.168.10.90/24 192.168.10.190/24 &&
        lab_plug fe2 net0 corp lan 192.168.10.91/24 &&
        lab_plug client net0 corp lan 192.168.10.50/24 || return

    lab_route inet default 203.0.113.1 && lab_route rogue default 203.0.113.1 &&
        lab_route inet default 2001:db8:113::1 && lab_route rogue default 2001:db8:113::1 &&
        lab_route rp default 2001:db8:16::1 &&
        ip -n lx-edge route add default via 2001:db8:16::1 src 2001:db8:16::10 || return
    lab_narrow 203.0.113.21/32 203.0.113.22/32 2001:db8:113::21/128 2001:db8:113::22/128 || return
    for host in edge rp; do
        lab_route $host default 10.45.16.1 && lab_route $host 192.168.10.0/24 172.25.33.1 || return
    done
    for host in fe1 fe2 client; do
        lab_route $host default 192.168.10.1 || return
    done
    # A careless route: the Edge's external addresses, reached from inside through its internal interface.
    lab_route corp 10.45.16.0/24 172.25.33.10 || return
    # What lx-rogue forges: the Edge's own addresses, external and internal, and one that no host can have.
    for host in 10.45.16.20 172.25.33.10 0.1.2.3 2001:db8:16::20; do
        lab_address rogue lo "$host" || return
    done
}

lab_up() {
    lab_down
    mkdir -p "$LAB_RUN" && lab_network && lab_serve
}

# Everything that runs in the lab's namespaces belongs to the lab. Safe to call at any time and twice.
lab_down() {
    local host pids=()
    lab_unfilter
    for host in "${LAB_HOSTS[@]}"; do
        [ -e "/run/netns/lx-$host" ] || continue
        mapfile -t pids < <(ip netns pids "lx-$host" 2>/dev/null)
        [ ${#pids[@]} -eq 0 ] || kill -KILL "${pids[@]}" 2>/dev/null
        ip netns delete "lx-$host"
    done
    rm -rf "$LAB_RUN"
}

# Whatever ends this shell, the lab goes with it; a second Ctrl-C does not interrupt that.
lab_down_at_exit() {
    trap 'trap "" INT TERM HUP; lab_down' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    trap 'exit 129' HUP
}

lab_main() {
    local verb=${1:-}
    shift
    case $verb in
    up) lab_check_tools && lab_lock && { lab_up || { lab_down && false; }; } ;;
    down) lab_check_tools && lab_lock && lab_down ;;
    in) lab_in "$@" ;;
    *)
        echo "usage: lab.sh up | down | in HOST COMMAND…   (hosts: ${LAB_HOSTS[*]})" >&2
        return 2
        ;;
    esac
}

[ "${BASH_SOURCE[0]}" != "$0" ] || lab_main "$@"
