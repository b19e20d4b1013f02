#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# How many packets a second cross an inline box: a pair that forwards by itself, beside the kernel's bridge under the same
# filter and without one, three times over. A flood of 64-byte datagrams to an open port goes in at one end; what counts is what comes out
# at the other. Needs root; everything happens in namespaces of its own.

set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tree=$(cd "$here/../.." && pwd)
if [ "${1:-}" != inside ]; then
    exec unshare --mount --net bash "$0" inside "$@"
fi
LYNCXDP=${LYNCXDP:-$tree/build/lyncxdp}
FLOOD=$tree/build/tests/flood/flood
seconds=${2:-3}

mount -t tmpfs none /run && mount -t sysfs none /sys && mount -t bpf bpf /sys/fs/bpf || exit 1
unset SSH_CONNECTION
for interface in default all; do
    echo 1 >"/proc/sys/net/ipv6/conf/$interface/disable_ipv6"
done
ip link add outer0 type veth peer name wire0
ip link add inner0 type veth peer name role0
for interface in wire0 outer0 inner0 role0; do
    ip link set "$interface" up
    ethtool -K "$interface" gro on >/dev/null
done

# Frames that came out, as the last interface counts them.
arrived() { cat /sys/class/net/role0/statistics/rx_packets; }

measure() {
    local before after sent
    before=$(arrived)
    sent=$("$FLOOD" wire0 --to 131.107.155.30 --ports udp/3478 --size 64 --from 16.0.0.0/4 --seconds "$seconds") || return
    after=$(arrived)
    jq -r --arg what "$1" --argjson through $((after - before)) \
        '"\($what): \($through / .seconds | floor) packets/s came through"' <<<"$sent"
}

attach() { "$LYNCXDP" attach outer0 --pair inner0 --role av-edge "$@" >/dev/null 2>&1 || exit; }

for round in 1 2 3; do
    echo "round $round"
    attach --forward
    measure "the pair forwards by itself (native)"
    "$LYNCXDP" detach outer0 >/dev/null
    ip link add bridge0 type bridge mcast_snooping 0 && ip link set bridge0 up
    ip link set outer0 master bridge0 && ip link set inner0 master bridge0
    until [ "$(bridge link | grep -c 'state forwarding')" = 2 ]; do sleep 0.05; done
    measure "the kernel's bridge, no filter"
    attach
    measure "the kernel's bridge, filtered"
    "$LYNCXDP" detach outer0 >/dev/null
    ip link del bridge0
done
