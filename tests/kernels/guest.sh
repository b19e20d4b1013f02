#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A role in a virtual machine, and the filter at its tap: a real guest under QEMU runs a TURN server, on a bridge with
# a client and a neighbour that nobody filters. What the guest may not claim does not come as far as the bridge.
# alone: the emulated machine keeps a processor busy

set -u
source_tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${LYNCXDP_KERNELS:-$source_tree/build/kernels}
. "$source_tree/tests/kernels/fetch.sh"
. "$source_tree/tests/kernels/initramfs.sh"
# Where the sandbox is there is no network to fetch it by.
[ "${1:-}" = inside ] || fetch_kernel "$cache" linux-image-cloud-amd64 6.1 >/dev/null
# shellcheck source=tests/sandbox.sh
. "$source_tree/tests/sandbox.sh"

# --- Whether there can be a guest ----------------------------------------------------------------------------------------

for tool in qemu-system-x86_64 busybox cpio turnserver turnutils_uclient turnutils_peer; do
    command -v $tool >/dev/null || missing="${missing:-} $tool"
done
[ "$(uname -m)" = x86_64 ] || missing="${missing:-} an x86-64 machine"
[ -n "${missing:-}" ] || kernel=$(fetch_kernel "$cache" linux-image-cloud-amd64 6.1) || missing=" $kernel"
if [ -n "${missing:-}" ]; then
    skip "a guest behind a tap" "not there:$missing"
    finish
    exit
fi

# --- The guest: a TURN server, and claims that are not its to make ---------------------------------------------------------

own_folder
guest=$work/guest
mkdir -p "$guest"/{bin,dev,etc,modules,proc,sys,tmp}
cp "$(command -v busybox)" "$guest/bin/busybox"
copy_program "$guest" "$(command -v turnserver)"
for module in virtio_pci virtio_net af_packet; do
    copy_module "$guest" "$kernel" $module
done
cat >"$guest/init" <<'END'
#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs devtmpfs /dev
for module in /modules/*.ko; do insmod $module; done
ip link set lo up
ip link set eth0 up
ip address add 192.0.2.1/24 dev eth0
turnserver -n -L 192.0.2.1 -E 192.0.2.1 --min-port 50000 --max-port 59999 --allow-loopback-peers -a -u user:secret -r example \
    --no-tls --no-dtls --no-cli --log-file stdout --pidfile /tmp/pid --userdb /tmp/db >/tmp/log 2>&1 &
while :; do
    arping -q -c 1 -U -I eth0 192.0.2.1          # its own address
    ip address add 192.0.2.3/32 dev lo
    arping -q -c 1 -U -s 192.0.2.3 -I eth0 192.0.2.3 # the neighbour's
    ip address del 192.0.2.3/32 dev lo
    sleep 1
done
END
chmod 755 "$guest/init"
(cd "$guest" && find . | cpio --quiet -o -H newc -R 0:0) >"$work/guest.cpio"

# --- The host: a bridge with the guest's tap, a client and a neighbour -----------------------------------------------------

own_ground
ip link add bridge0 type bridge mcast_snooping 0 && ip link set bridge0 up
ip tuntap add tap0 mode tap && ip link set tap0 master bridge0 up
for host in client neighbour; do
    ip netns add $host
    ip link add $host type veth peer name card netns $host
    ip link set $host master bridge0 up
    nsenter --net=/run/netns/$host sh -c 'ip link set lo up; ethtool -K card tx off >/dev/null; ip link set card up'
done
there() { nsenter --net="/run/netns/$1" "${@:2}"; }
there client ip address add 192.0.2.2/24 dev card
there neighbour ip address add 192.0.2.3/24 dev card
there neighbour ip address add 192.0.2.4/24 dev card

printf 'self: {av-edge: {external: 192.0.2.1}}\n' >"$work/site.yaml"
check "a bridge's tap is warned of without --behind" says 0 '\-\-behind' run attach tap0 --role av-edge --site "$work/site.yaml" --force
run detach tap0 >/dev/null
check "the filter stands at the guest's tap" says 0 'the role is behind it' \
    run attach tap0 --behind --role av-edge --egress enforce --site "$work/site.yaml"

qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 1 -m 256 -display none -nodefaults -no-reboot -serial "file:$work/console" \
    -netdev tap,id=lan,ifname=tap0,script=no,downscript=no -device virtio-net-pci,netdev=lan,mac=02:00:00:00:00:01 \
    -kernel "$kernel"/boot/vmlinuz-* -initrd "$work/guest.cpio" -append "console=ttyS0 panic=-1 quiet no_timer_check" </dev/null &
started="$started $!"
there neighbour turnutils_peer -L 192.0.2.4 -p 3480 >"$work/peer" 2>&1 &
started="$started $!"

# --- What passes ------------------------------------------------------------------------------------------------------------

of_reason() { run counters tap0 --json | jq "[.[] | select(.hook == \"$1\").reasons[] | select(.reason == \"$2\").packets] | add // 0"; }
at_least() { [ "$(of_reason "$1" "$2")" -ge "$3" ]; }
check "the guest boots, and is heard" until_true 120 at_least from-role arp 2
session() { there client turnutils_uclient -u user -w secret -e 192.0.2.4 -r 3480 -n 20 -m 1 -c "$@" 192.0.2.1 >"$work/session" 2>&1 && grep 'tot_recv_msgs=20' "$work/session"; }
check "a TURN session through the guest" until_true 120 session
check "the guest's media is counted by its rows" bash -c "'$LYNCXDP' counters tap0 --json | jq -e '[.[] | select(.hook == \"from-role\").rows[].packets] | add > 0'"
check "and so is what it hears" at_least to-role row 20

# --- What does not ------------------------------------------------------------------------------------------------------------

check "the guest claims the neighbour's address in vain" until_true 60 at_least from-role not-from-role 3
known() { there client ip neigh show 192.0.2.3 | grep -o 'lladdr [0-9a-f:]*'; }
there client ping -q -c 1 -W 5 192.0.2.3 >/dev/null
card=$(there neighbour ip -j link show card | jq -r '.[0].address')
check "who speaks with the neighbour still knows its card" is "$(known)" "lladdr $card"
check "and reaches it, whom nobody filters" there client ping -q -c 3 -W 5 192.0.2.3
check "a closed port of the guest stays closed" bash -c "! nsenter --net=/run/netns/client socat -T 2 - TCP:192.0.2.1:22,connect-timeout=3 </dev/null 2>/dev/null"
check "which is counted" at_least to-role no-row 1

# --- Changes while it runs ----------------------------------------------------------------------------------------------------

check "an update of the policy" run update tap0 --without federation-ocs2007
check "closes the media ports" says_no 0 'pass' run explain tap0 udp 192.0.2.9 192.0.2.1:50001
check "and back" run rollback tap0
check "another session" until_true 60 session
check "it filters" run status tap0
check "it is taken off" run detach tap0
check "and the guest is open" there client ping -q -c 2 -W 10 192.0.2.1
finish
