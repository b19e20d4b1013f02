#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Two boxes in front of a role, each with a routed pair, and keepalived between them: when one fails, what the role has
# begun goes on through the other with its next packet, and what others have begun goes on by itself. How long each
# conversation was silent is shown. Everything happens in network namespaces of its own; the switches are in the first.

set -u
# shellcheck source=tests/sandbox.sh
. "$(dirname "${BASH_SOURCE[0]}")/../sandbox.sh"

own_ground
own_folder
# socat leaves one behind for each conversation by UDP.
trap 'for host in "${hosts[@]}"; do ip netns pids "$host" | xargs -r kill 2>/dev/null; done; clean_up' EXIT
hosts=(clients role box1 box2)
echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6

# --- The ground: clients - switch - two boxes - switch - role --------------------------------------------------------

on() { nsenter --net="/run/netns/$1" "${@:2}"; }

# plug HOST CARD SWITCH [ADDRESS]
plug() {
    ip link add "$1-$2" type veth peer name "$2" netns "$1"
    ip link set "$1-$2" master "$3" up
    on "$1" ip link set "$2" up
    on "$1" ethtool -K "$2" gro on tx off txvlan off >/dev/null
    [ -z "${4:-}" ] || on "$1" ip address add "$4" dev "$2"
}

for switch in outside inside between; do
    ip link add "$switch" type bridge mcast_snooping 0 forward_delay 0 && ip link set "$switch" up || exit 1
done
for host in "${hosts[@]}"; do
    ip netns add "$host"
    on "$host" sh -c 'ip link set lo up; echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6'
    chance_ports on "$host"
done
plug clients card outside 192.0.2.10/24
plug role card inside 198.51.100.10/24
for number in 1 2; do
    plug "box$number" outer outside "192.0.2.$((number + 1))/24"
    plug "box$number" inner inside "198.51.100.$((number + 1))/24"
    plug "box$number" vrrp between "10.0.0.$number/24"
    on "box$number" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
done
on clients ip route add 198.51.100.0/24 via 192.0.2.1
on role ip route add default via 198.51.100.1

# in_background COMMAND…   until the test ends
in_background() {
    "$@" </dev/null >>"$work/said" 2>&1 &
    started+=" $!"
}

# keep BOX PRIORITY [LINE…]   keepalived there: its adverts have a cable of their own, the addresses that it keeps are
# those that the clients and the role send to.
keep() {
    cat >"$work/$1.conf" <<END
global_defs {
    enable_script_security
    script_user root
}
vrrp_instance gateway {
    interface vrrp
    virtual_router_id 7
    priority $2
    advert_int 1
    virtual_ipaddress {
        192.0.2.1/24 dev outer
        198.51.100.1/24 dev inner
    }
    track_interface {
        outer
        inner
    }
    ${3:-}
}
END
    in_background nsenter --net="/run/netns/$1" keepalived --dont-fork --log-console --vrrp \
        --use-file "$work/$1.conf" --pid "$work/$1.pid" --vrrp_pid "$work/$1.vrrp_pid"
    keepers[$1]=$!
}
declare -A keepers

# gives_up BOX   Its keepalived is stopped, and says so to the other one.
gives_up() {
    kill "${keepers[$1]}"
    reap "${keepers[$1]}"
}
# The adverts' cable first: a box without power says nothing any more.
power() { for card in vrrp outer inner; do on "$1" ip link set $card "$2"; done; }

# master BOX   It has the addresses.
master() {
    [ "$(on "$1" ip -4 address show | grep -cE 'inet (192.0.2|198.51.100).1/')" = 2 ]
}

# --- What is said ------------------------------------------------------------------------------------------------------

cat >"$work/policy.yaml" <<'END'
edition: test
roles:
  role:
    rows:
      - {id: in-tcp, from: any, to: self, port: 443, transport: tcp}
      - {id: in-udp, from: any, to: self, port: 3478, transport: udp}
      - {id: out-tcp, from: self, to: any, port: [5061, 5062, 5063], transport: tcp}
      - {id: out-udp, from: self, to: any, port: 53, transport: udp}
END
policy=(--role role --policy "$work/policy.yaml" --set self=198.51.100.10)

serve() { in_background nsenter --net="/run/netns/$1" socat "${@:2}"; }
for port in 5061 8443; do serve clients TCP4-LISTEN:$port,fork,reuseaddr PIPE; done
for port in 53 4500; do serve clients UDP4-LISTEN:$port,fork,reuseaddr PIPE; done
serve clients -u 'SYSTEM:while sleep 0.1; do echo more; done' TCP4-LISTEN:5062,reuseaddr
serve clients -u 'SYSTEM:while sleep 0.1; do echo more; done' TCP4-LISTEN:5063,reuseaddr
serve role TCP4-LISTEN:443,fork,reuseaddr PIPE
serve role UDP4-LISTEN:3478,fork,reuseaddr PIPE

# Holds conversations, each NAME WAY ADDRESS PORT: of tcp and udp it says something 20 times a second and is answered; a
# listener says nothing, but for keepalives if it is `alive`. When something came, the time goes to the file of its name.
cat >"$work/talk.py" <<'END'
import selectors, socket, sys, time
words, waiting = sys.argv[1:], selectors.DefaultSelector()
speakers = []
for name, way, address, port in zip(*[iter(words)] * 4):
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM if way == "udp" else socket.SOCK_STREAM)
    if way == "alive":
        one.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 60)
    one.connect((address, int(port)))
    one.setblocking(False)
    waiting.register(one, selectors.EVENT_READ, open(name, "w", buffering=1))
    if way in ("tcp", "udp"):
        speakers.append(one)
turn = 0
while waiting.get_map():
    if time.monotonic() >= turn:
        turn = time.monotonic() + 0.05
        for one in speakers:
            try:
                one.send(b"more\n")
            except OSError:
                pass
    for ready, _ in waiting.select(0.05):
        try:
            if not ready.fileobj.recv(65536):
                waiting.unregister(ready.fileobj)
                continue
            print("%.3f" % time.clock_gettime(time.CLOCK_BOOTTIME), file=ready.data)
        except OSError:
            pass
END

# talk HOST CONVERSATION…
talk() { in_background nsenter --net="/run/netns/$1" --wd="$work" python3 "$work/talk.py" "${@:2}"; }
now() { cut -d ' ' -f 1 /proc/uptime; }

# heard NAME SINCE   Something has come ten times since then.
heard() { awk -v since="$2" '$1 > since { count++ } END { exit count < 10 }' "$work/$1"; }
all_heard() {
    local name
    for name in "${@:2}"; do
        heard "$name" "$1" || { echo "not heard: $name"; return 1; }
    done
}

# fails [COMMAND…]   Now the first box does, by that command; `how` says how.
fails() {
    dropped=$(dropped_by box2)
    failed=$(now)
    "$@"
    check "$how: the second box takes over" until_true 60 master box2
}
dropped_by() {
    on "$1" "$LYNCXDP" counters outer --json | jq 'map(select(.hook == "to-role").reasons[]) |
        map(select(.reason == "no-row").packets) | add // 0'
}
dropped_more() { [ "$(dropped_by box2)" -gt "$dropped" ]; }

# later   What was on its way when the box failed has come by then.
later() { echo "$failed 1" | awk '{ print $1 + $2 }'; }
goes_on() { until_true 60 heard "$1" "$(later)"; }
# The other end goes on asking, in vain.
stands_still() { until_true 60 dropped_more && awk -v since="$(later)" '$1 > since { exit 1 }' "$work/$1"; }
all_go_on() {
    local name
    for name; do check "$how: $name goes on" goes_on "$name"; done
    for name; do
        awk -v since="$failed" -v name="$name" -v how="$how" '
            NR > 1 && $1 > since && $1 - before > most { most = $1 - before } { before = $1 }
            END { printf "# %s: %s was silent for %.2f s\n", how, name, most }' "$work/$name"
    done
}

attach() { on "$1" "$LYNCXDP" attach outer --pair inner "${policy[@]}" "${@:2}"; }
flows_of() { on "$1" "$LYNCXDP" status outer --json | jq '.[0].flows'; }

# --- What no row lists is dropped -------------------------------------------------------------------------------------

names=(listed-tcp listed-udp download-alive client-tcp client-udp)
check "the first box filters" says 0 'filtering as role' attach box1 --egress enforce
check "the second box filters" says 0 'filtering as role' attach box2 --egress enforce
keep box1 150
keep box2 100
check "the first box has the addresses" until_true 60 master box1
talk role listed-tcp tcp 192.0.2.10 5061 listed-udp udp 192.0.2.10 53 \
    download-alive alive 192.0.2.10 5062 download listen 192.0.2.10 5063
talk clients client-tcp tcp 198.51.100.10 443 client-udp udp 198.51.100.10 3478
check "all talk through it" until_true 60 all_heard 0 "${names[@]}" download
check "the second box knows of no conversation" is "$(flows_of box2)" 0

how="power cut"
fails power box1 down
all_go_on "${names[@]}"
check "$how: who listens only, and never speaks, hears nothing" stands_still download

how="power back" failed=$(now)
power box1 up
check "$how: the first box takes over, which has the greater priority" until_true 60 master box1
all_go_on "${names[@]}" download

how="keepalived stopped"
fails gives_up box1
all_go_on "${names[@]}"

# --- What no row lists is only counted --------------------------------------------------------------------------------

# again   The first box has the addresses, and the second one knows of nothing that runs.
again() {
    keep box1 150
    check "$how: the first box is back" until_true 60 master box1
    on box2 "$LYNCXDP" update outer --forget-picked-up >/dev/null
}

how="not listed"
for box in box1 box2; do
    check "$box lets pass what no row lists" says 0 'egress track' on $box "$LYNCXDP" update outer --egress track
done
again
names+=(unlisted-udp)
talk role unlisted-udp udp 192.0.2.10 4500 unlisted-tcp tcp 192.0.2.10 8443
check "$how: all talk" until_true 60 all_heard "$(now)" "${names[@]}" unlisted-tcp
fails gives_up box1
all_go_on "${names[@]}"
check "$how: a connection that the box has not seen begin stands still" stands_still unlisted-tcp
check "$how: the box picks up what runs, when it is asked to" says 0 'generation 4' on box2 "$LYNCXDP" update outer --pick-up
all_go_on unlisted-tcp

how="picked up by itself"
gives_up box2
keep box2 100 "notify_master \"$LYNCXDP update outer --pick-up\""
again
fails power box1 down
all_go_on "${names[@]}" unlisted-tcp

check "picking up is not forgetting" says 2 'none of' run update outer --pick-up --forget-picked-up
finish
