#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A pair that forwards natively between ends that are no real cards says at attach what would be lost, and how that is
# mended: without the advice packets are lost indeed, with it they pass and nothing is said.

set -u
# shellcheck source=tests/sandbox.sh
. "$(dirname "${BASH_SOURCE[0]}")/../sandbox.sh"

own_ground
own_folder
echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6

# --- The ground: somebody outside, the box, the role inside -----------------------------------------------------------

at() { nsenter --net="/run/netns/$1" "${@:2}"; }

# wire CARD HOST ADDRESS   a cable from a card of the box to a machine.
wire() {
    ip netns add "$2"
    ip link add "$1" type veth peer name card netns "$2"
    at "$2" sh -c "ip link set lo up; ip address add $3/24 dev card; ip link set card up"
    chance_ports at "$2"
    ip link set "$1" up
}
wire outer outside 192.0.2.1
wire inner inside 192.0.2.2
cat >"$work/policy.yaml" <<'END'
edition: test
roles:
  role:
    rows:
      - {id: in, from: any, to: self, port: 5001, transport: tcp/udp}
      - {id: out, from: self, to: any, port: 5001, transport: tcp/udp}
END
policy=(--forward --role role --policy "$work/policy.yaml" --set self=192.0.2.2)
nsenter --net=/run/netns/inside socat UDP4-RECVFROM:5001,fork PIPE &
started+=" $!"
nsenter --net=/run/netns/inside socat TCP4-LISTEN:5001,fork PIPE &
started+=" $!"
listens() { at inside ss -Hltun | awk '/:5001/ { count++ } END { exit count < 2 }'; }
check "somebody listens inside" until_true 30 listens

asked() { echoed "$1" "$2" nsenter --net=/run/netns/outside; }
passes() { asked 30 UDP4:192.0.2.2:5001 && asked 30 TCP4:192.0.2.2:5001; }
# It is sent, and let through, and does not arrive.
is_lost() { ! asked 3 "$1" && run counters outer --json | jq -e '.[0].rows[0].packets > 0'; }
# The box asks for no address before it has one.
neighbours() {
    at outside ip neigh replace 192.0.2.2 lladdr "$(at inside ip -j link show card | jq -r '.[0].address')" dev card
    at inside ip neigh replace 192.0.2.1 lladdr "$(at outside ip -j link show card | jq -r '.[0].address')" dev card
}
neighbours
attach() { run attach outer --pair inner "${policy[@]}" "$@" 2>&1; }
off() { run detach "${1:-outer}" >/dev/null; }

# --- Between two veths ----------------------------------------------------------------------------------------------

check "attach says that neither end takes what is handed to it" eval \
    'attach >"$work/said"; grep "what outer hands on is lost: card, the far end of inner.*ethtool -K card gro on" "$work/said" &&
        grep "what inner hands on is lost: card, the far end of outer.*ethtool -K card gro on" "$work/said"'
check "so it is: nothing arrives" is_lost UDP4:192.0.2.2:5001
off
at outside ethtool -K card gro on >/dev/null
at inside ethtool -K card gro on >/dev/null

check "attach says that both ends leave checksums to others" eval \
    'attach >"$work/said"; grep "card, the far end of outer, sends is lost.*ethtool -K card tx off" "$work/said" &&
        grep "card, the far end of inner, sends is lost.*ethtool -K card tx off" "$work/said"'
check "and nothing of what is mended" lacks 'gro on' "$work/said"
check "so it is: a datagram does not arrive" is_lost UDP4:192.0.2.2:5001
check "nor does a connection" is_lost TCP4:192.0.2.2:5001,connect-timeout=2
off
at outside ethtool -K card tx off >/dev/null
at inside ethtool -K card tx off >/dev/null

check "with the advice, attach has nothing to say" eval 'attach >"$work/said"; lacks "is lost" "$work/said"'
check "and everything passes" passes
off

at outside ethtool -K card gro off tx on >/dev/null
at inside ethtool -K card gro off tx on >/dev/null
check "in generic mode the kernel does all that, and attach has nothing to say" eval \
    'attach --mode generic >"$work/said"; lacks "is lost" "$work/said"'
check "and everything passes there as well" passes
off
at inside ethtool -K card gro on tx off >/dev/null

# --- A guest behind a tap ---------------------------------------------------------------------------------------------

# Opens the tap as QEMU does, and for each word sends the role a datagram of it, whose checksum is whole or left to others.
cat >"$work/guest.py" <<'END'
import fcntl, os, socket, struct, sys
offloads, to = sys.argv[1] == "offloads", bytes.fromhex(sys.argv[2].replace(":", ""))
tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
fcntl.ioctl(tap, 0x400454ca, struct.pack("16sH22x", b"tap", 0x1002 | 0x4000 * offloads))  # TUNSETIFF
fcntl.ioctl(tap, 0x400454d4, struct.pack("i", 0x7fffffff))  # TUNSETSNDBUF
print("ready", flush=True)
def folded(data):
    total = sum(struct.unpack("!%dH" % ((len(data) + 1) // 2), data + b"\0" * (len(data) % 2)))
    total = (total & 0xffff) + (total >> 16)
    return (total & 0xffff) + (total >> 16)
ends = socket.inet_aton("192.0.2.1") + socket.inet_aton("192.0.2.2")
for line in sys.stdin:
    how, data = line.split()[0], line.encode()
    pseudo = ends + struct.pack("!HH", 17, 8 + len(data))
    head = struct.pack("!HHH", 40000, 5002, 8 + len(data))
    checksum = folded(pseudo) if how == "partial" else ~folded(pseudo + head + b"\0\0" + data) & 0xffff
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 28 + len(data), 1, 0, 64, 17, 0) + ends
    ip = ip[:10] + struct.pack("!H", ~folded(ip) & 0xffff) + ip[12:]
    frame = to + b"\x02\0\0\0\0\x01\x08\0" + ip + head + struct.pack("!H", checksum) + data
    needs = struct.pack("<BBHHHH", how == "partial", 0, 0, 0, 34, 6)  # struct virtio_net_hdr
    os.write(tap, needs * offloads + frame)
END
nsenter --net=/run/netns/inside socat -u UDP4-RECVFROM:5002,fork "OPEN:$work/heard,creat,append" &
started+=" $!"
sed -i 's/port: 5001/port: [5001, 5002]/' "$work/policy.yaml"

# guest offloads|none   There is one behind the tap; what is written to it, it sends.
guest() {
    : >"$work/guest.said"
    exec {to_guest}> >(exec python3 "$work/guest.py" "$1" "$(at inside ip -j link show card | jq -r '.[0].address')" \
        >"$work/guest.said" 2>&1)
    until_true 30 grep ready "$work/guest.said" && ip link set tap up
}
leaves() { exec {to_guest}>&-; until_true 30 eval '! ip link show tap 2>/dev/null'; }
heard() { grep -qx "$1" "$work/heard"; }

guest offloads
attach_tap() { run attach tap --pair inner "${policy[@]}" 2>&1; }
check "attach says that what a guest sends may be lost" says 0 'a guest behind tap sends is lost.*csum=off' attach_tap
echo "partial one" >&"$to_guest"
echo "whole one" >&"$to_guest"
check "a datagram with its checksum arrives" until_true 30 heard "whole one"
check "so it is: one without does not" lacks partial "$work/heard"
off tap
leaves
guest none
check "of a tap that takes whole frames only, attach says nothing" says_no 0 'is lost' attach_tap
off tap
leaves
finish
