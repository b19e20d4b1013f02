# SPDX-License-Identifier: GPL-2.0-only
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

# A bpffs and a /run of its own, and a loopback.
own_ground() {
    mount -t sysfs none /sys && mount -t bpf bpf /sys/fs/bpf && mount -t tmpfs run /run || exit 1
    ip link set lo up
}

# `outer` and its `wire`, on which a generator can put frames, and nobody else: the kernel's own IPv6 chatter would be
# counted as well.
outer_and_wire() {
    local interface
    ip link add outer type veth peer name wire
    for interface in outer wire; do
        ethtool -K "$interface" gro on >/dev/null
        ip link set "$interface" addrgenmode none up
    done
}

# `outer`, which is to be filtered, and the other end of its wire, with nobody there.
outer_and_far() {
    ip link add outer type veth peer name far
    ip addr add 198.51.100.1/24 dev outer
    ip link set outer up
    ip link set far up
}
