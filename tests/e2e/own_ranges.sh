#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Media that the role sends to whatever port its peer has, and that no row lets out, is told by the range of the role's
# own ports that rows name: to the packet, by the exporter and by its page, also when programs take each other's place.

set -u
# shellcheck source=tests/sandbox.sh
. "$(dirname "${BASH_SOURCE[0]}")/../sandbox.sh"

own_folder
cd "$work" || exit 1

own_ground
outer_and_far_host
ip neigh replace 198.51.100.9 lladdr "$(in_far ip -j link show far | jq -r '.[0].address')" dev outer

# policy NAME PARTNERS   Media of partners alone, both ways.
policy() {
    cat >"$1.yaml" <<END
edition: test
roles:
  relay:
    rows:
      - {id: media-in, from: [$2], to: self, port: 50000-59999, transport: udp}
      - {id: media-out, from: self, source-port: 50000-59999, to: [$2], port: any, transport: udp}
      - {id: gateway-out, from: self, to: [$2], port: 30000-39999, transport: udp}
END
}
policy few 203.0.113.0/24
policy many "$(seq -f '203.0.%.0f' 0 119 | while read -r net; do seq -f "$net.%.0f" 1 100; done | paste -sd,)"
set_up() { run "$@" --role relay --set self=198.51.100.1; }

# sends OWN PORT…   The role sends one datagram from that port of its own to each of those ports of a stranger's.
sends() {
    local own=$1 port
    shift
    for port; do
        socat -u - "UDP-SENDTO:198.51.100.9:$port,bind=198.51.100.1:$own" <<<x
    done
}

# series KIND RANGE [LABEL]   The name of the range's series of what the role sends.
series() { echo "lyncxdp_port_range_$1_packets_total{interface=\"outer\",hook=\"from-role\",transport=\"udp\",range=\"$2\"${3:-}}"; }
told() { get metrics | grep -F "$(series "$@") " | sed 's/.* //'; }
tells() { [ "$(told "${@:2}")" = "$1" ]; }
# An answer is shared for half a second: what is true is told at last, and then nothing more comes.
comes_to() { until_true 20 tells "$@" || { get metrics | grep range; false; }; }
# on_page FILTER   of the ranges of what the role sends.
on_page() {
    get state.json | jq -e ".attachments[0].hooks[] | select(.hook == \"from-role\").ranges | $1"
}
differs() { echo "$1 and $2"; [ -n "$1" ] && [ -n "$2" ] && [ "$1" != "$2" ]; }
lists_twice() { get metrics | sed '/^#/d; s/ [^ ]*$//' | sort | uniq -d; }

start_exporter || exit
check "media is enforced" set_up attach outer --policy few.yaml --egress enforce
check "its range is there at zero" comes_to 0 dropped 50000-59999
check "so are the ranges of what the peer has" comes_to 0 dropped 30000-39999 ',end="peer"'
sends 50010 1024 4444 31337 40001 65535
sends 50000 7
sends 59999 8
sends 49999 50010 # of another port, to one in the range
sends 60000 59999
check "what it sends out of the range counts, to whatever port, and nothing else" comes_to 7 dropped 50000-59999
check "what it sends to the peer's range counts there" comes_to 1 dropped 30000-39999 ',end="peer"'
check "the ports stay those of the destination" is \
    "$(run counters outer --json | jq -c '[.[] | select(.hook == "from-role").ports[] | select(.dropped > 0).port | tonumber] | sort')" \
    '[7,8,1024,4444,31337,40001,50010,59999,65535]'
check "the page tells the same" on_page \
    'map([.range, .end, .dropped]) == [["50000-59999", "role", 7], ["30000-39999", "peer", 1]]'
check "no series is there twice" prints_nothing lists_twice

# programs   What runs at the role's egress: one that was replaced has another number.
programs() { tc -j filter show dev outer egress | jq '.[].options.prog.id // empty'; }
before=$(programs)
check "a policy that outgrows its room comes" set_up update outer --policy many.yaml --egress enforce
check "with a program in the other's place" differs "$before" "$(programs)"
sends 50010 1 2 3
check "and goes on from there" comes_to 10 dropped 50000-59999
check "enforcing ends" set_up update outer --policy few.yaml --egress track
sends 50010 4 5
check "what would be dropped is apart" comes_to 2 would_drop 50000-59999
check "from what was" comes_to 10 dropped 50000-59999
stop_exporter
start_exporter || exit
check "an exporter that comes later tells the same" comes_to 10 dropped 50000-59999
finish
