#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A policy that changes all the time under a flood: what both policies allow passes to the last packet, what neither
# allows is dropped to the last, ports that open and close together do, and rows in both count on. What was sent is what
# the receiving card's own XDP statistic says, what was delivered is counted behind the filter by nftables.
# SECONDS_OF_FLOOD: how long (9); `make flood-updates` takes a minute.
# alone: it keeps every processor busy

set -u
# shellcheck source=tests/sandbox.sh
. "$(dirname "${BASH_SOURCE[0]}")/../sandbox.sh"

FLOOD=$tree/build/tests/flood/flood
third=$((${SECONDS_OF_FLOOD:-9} / 3))
work=$(mktemp -d)
updating=
trap 'kill $updating 2>/dev/null; rm -rf "$work"' EXIT

# --- The ground ------------------------------------------------------------------------------------------------------

own_ground
ip link add outer type veth peer name wire
ethtool -K outer gro on >/dev/null && ethtool -K wire gro on >/dev/null
for interface in outer wire; do
    echo 1 >"/proc/sys/net/ipv6/conf/$interface/disable_ipv6"
    ip link set "$interface" up
done
ip addr add 198.51.100.1/24 dev outer
until_true 30 is_up outer || exit 1

# Behind the filter and before the stack.
nft -f - <<'END' || exit 1
table netdev behind {
    counter both { }
    counter first { }
    counter second { }
    counter else { }
    chain ingress {
        type filter hook ingress device "outer" priority 0;
        udp dport 5001-5020 counter name both drop
        udp dport 6001 counter name first drop
        udp dport 6002 counter name second drop
        counter name else drop
    }
}
END

# Twenty rows in both, twenty in each alone; and one port each that opens for one half of a network.
rows() {
    local port
    for port in $(seq 5001 5020) $(seq "$1" "$2"); do
        echo "      - {id: port-$port, from: any, to: self, port: $port, transport: udp}"
    done
    echo "      - {id: half-$3, from: $4, to: self, port: $3, transport: udp}"
}
{ printf 'edition: test\nroles:\n  flooded:\n    rows:\n' && rows 6001 6020 7001 203.0.113.0/25; } >"$work/a.yaml"
{ printf 'edition: test\nroles:\n  flooded:\n    rows:\n' && rows 6101 6120 7002 203.0.113.128/25; } >"$work/b.yaml"

# --- How it is done --------------------------------------------------------------------------------------------------

# From one policy to the other and back until it is told to stop; tells how often.
keep_updating() {
    local count=0 policy
    trap 'stop=1' TERM
    stop=
    while [ -z "$stop" ]; do
        for policy in b a; do
            "$LYNCXDP" update outer --policy "$work/$policy.yaml" >"$work/update" 2>&1 || {
                echo "update failed: $(<"$work/update")" >>"$work/failed"
                return 1
            }
            count=$((count + 1))
            echo $count >"$work/count"
        done
    done
}

delivered() { nft -j list counters | jq --arg name "$1" '[.nftables[].counter // empty | select(.name == $name).packets] | add'; }

# flood ARGUMENT…   for a third of the time, while the policy changes; what was sent and what came of it is kept.
flood() {
    local begun
    nft reset counters >/dev/null
    "$LYNCXDP" counters outer --json >"$work/before"
    echo 0 >"$work/count"
    begun=$EPOCHREALTIME
    keep_updating &
    updating=$!
    timeout $((third + 300)) "$FLOOD" wire --to 198.51.100.1 --seconds "$third" --cpu 0 "$@" >"$work/sent"
    kill $updating && reap $updating
    updating=
    "$LYNCXDP" counters outer --json >"$work/after"
    taken=$(jq .taken "$work/sent")
    lost=$(jq .lost "$work/sent")
    updates=$(<"$work/count")
    all_updates=$((all_updates + updates))
    all_taken=$((all_taken + taken))
    echo "# $taken packets taken, $lost lost before them, $updates updates, $(jq -nr --arg a "$begun" \
        --arg b "$EPOCHREALTIME" '($b | tonumber) - ($a | tonumber)') s: $*"
}

# counted FILTER   how much more a number of the to-role hook is now.
counted() {
    jq -n --slurpfile before "$work/before" --slurpfile after "$work/after" \
        "def of(side): [side[0][0] | $1] | add // 0; of(\$after) - of(\$before)"
}

same() {
    echo "$*"
    [ "$1" -eq "$2" ]
}

at_most() {
    echo "$1, at most $2"
    [ "${1#-}" -le "$2" ]
}

all_updates=0 all_taken=0
"$LYNCXDP" attach outer --role flooded --policy "$work/a.yaml" --egress off >/dev/null || exit 1

flood --from 203.0.113.0/24 --ports udp/5001-5020
some_of_both() { [ "$taken" -gt 0 ] && [ "$updates" -gt 0 ]; }
check "packets came, and the policy changed meanwhile" some_of_both
check "what both policies allow is delivered to the last packet" same "$(delivered both)" "$taken"
check "rows in both have counted each of them, across all updates" same \
    "$(counted '.rows[] | select(.id | test("port-50")).packets')" "$taken"
check "and nothing else came through" same "$(delivered else)" 0

flood --from 203.0.113.0/25 --ports udp/7002 --ports udp/9
check "packets come that neither policy allows, and the policy changes" some_of_both
check "what neither policy allows is dropped to the last packet" same "$(delivered else)" 0
check "and counted as dropped, each of them" same \
    "$(counted '.reasons[] | select(.reason == "no-row" and .verdict == "drop").packets')" "$taken"

flood --from 203.0.113.0/24 --ports udp/6001-6002
first=$(delivered first) second=$(delivered second)
check "what one policy allows passes while it is in force, and only then" same \
    $((first + second + $(counted '.reasons[] | select(.verdict == "drop").packets'))) "$taken"
check "and there were times of both" eval '[ "$first" -gt 0 ] && [ "$second" -gt 0 ] && [ $((first + second)) -lt "$taken" ]'
check "ports that open and close together differ by no more than a packet a change" at_most \
    $((first - second)) $((updates + lost))
check "each row has counted what came through its port" same \
    "$(counted '.rows[] | select(.id == "flooded/port-6001").packets')" "$first"

check "every packet was counted once" same "$(jq '.[0].packets' "$work/after")" "$all_taken"
check "no update failed" [ ! -e "$work/failed" ]
echo "# in all: $all_taken packets, $all_updates updates"
finish
