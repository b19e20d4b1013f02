#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Two bridges with two links between them, once with the root at the far end and once here: spanning tree blocks a port
# of the other one. It must stay blocked when every port here is filtered, since the frames that say so go through either
# hook; else the network loops. A bond must keep its partner. All in a network and a mount namespace of its own.

set -u
# shellcheck source=tests/sandbox.sh
. "$(dirname "${BASH_SOURCE[0]}")/../sandbox.sh"

own_ground
ip netns add far
trap 'ip netns del far' EXIT

# --- Bridges: `heard` is a port of a bridge whose root is far, `told` of one that is the root ------------------------

bridge_up() { # bridge_up PLACE NAME PRIORITY
    "$1" ip link add "$2" type bridge mcast_snooping 0
    # As quick as the standard allows: silence is noticed after 6 seconds, and a port opens 4 seconds later.
    "$1" ip link set "$2" type bridge stp_state 1 priority "$3" hello_time 100 forward_delay 200 max_age 600
    "$1" ip link set "$2" up
}
here() { "$@"; }

bridges_up() {
    local name
    bridge_up in_far far1 4096 && bridge_up here near1 32768 && bridge_up here near2 4096 && bridge_up in_far far2 32768 ||
        return
    for name in heard1 heard2 told1 told2; do
        ip link add "$name" type veth peer name "$name" netns far
        ethtool -K "$name" gro on >/dev/null
        case $name in
        heard*) ip link set "$name" master near1 up && in_far ip link set "$name" master far1 up ;;
        told*) ip link set "$name" master near2 up && in_far ip link set "$name" master far2 up ;;
        esac || return
    done
}

# blocked PLACE PORT PORT   One of the two is blocked, the other one forwards.
blocked() {
    local states
    states=$("$1" bridge link show | grep -E " ($2|$3)[:@]" | grep -oE 'state [a-z]+' | sort | xargs)
    [ "$states" = "state blocking state forwarding" ]
}
both_blocked() { blocked here heard1 heard2 && blocked in_far told1 told2; }

link_frames() { # link_frames INTERFACE HOOK
    run counters "$1" --json | jq --arg hook "$2" \
        '[.[] | select(.hook == $hook) | .reasons[] | select(.reason == "l2-control") | .packets] | add // 0'
}

# A root says every second that it is there. So many seconds are longer than a bridge waits before it opens a port.
SILENCE_IS_NOTICED=12
frames_enough() {
    local port
    for port in 1 2; do
        [ "$(link_frames heard$port to-role)" -ge $SILENCE_IS_NOTICED ] &&
            [ "$(link_frames told$port from-role)" -ge $SILENCE_IS_NOTICED ] || return
    done
}

attach_all() {
    local port
    for port in heard1 heard2 told1 told2; do
        run attach $port --role av-edge --egress enforce || return
    done
}

nothing_dropped() {
    local port
    for port in heard1 heard2 told1 told2; do
        answers '[.[].reasons[] | select(.reason == "ethertype") | .packets] | add // 0 | . == 0' \
            run counters $port --json || return
    done
}

check_bridges() {
    if ! bridges_up; then
        skip "blocked ports stay blocked" "this kernel has no bridge"
        return
    fi
    check "of two links between two bridges spanning tree blocks one" until_true 60 both_blocked
    check "every port here is filtered" attach_all
    check "what a root says comes in, and what this one says goes out" until_true 90 frames_enough
    check "so that the blocked ports stay blocked" both_blocked
    check "nothing of it was dropped" nothing_dropped
}

# --- A bond ------------------------------------------------------------------------------------------------------------

bond_up() { # bond_up PLACE NAME
    "$1" ip link add "$2" type bond mode 802.3ad lacp_rate fast miimon 100 2>/dev/null || return
    "$1" ip link set "${2}p" down && "$1" ip link set "${2}p" master "$2" up && "$1" ip link set "$2" up
}

has_partner() {
    grep -A3 'details partner lacp pdu' /proc/net/bonding/bond | grep -q 'system mac address: \([0-9a-f]*:\)*[1-9a-f]'
}

# A partner of a fast bond speaks every second and is lost after three.
bond_hears() { [ "$(link_frames bondp to-role)" -ge 6 ] && [ "$(link_frames bondp from-role)" -ge 6 ]; }

check_bond() {
    ip link add bondp type veth peer name bondp netns far
    if ! bond_up here bond || ! bond_up in_far bond; then
        skip "a bond keeps its partner" "this kernel has no bonds"
        return
    fi
    check "a bond finds its partner" until_true 30 has_partner
    check "its port is filtered" run attach bondp --role av-edge --egress enforce
    check "it hears its partner, who hears it" until_true 60 bond_hears
    check "and keeps it" has_partner
}

# --- The switch ----------------------------------------------------------------------------------------------------------

check_switch() {
    local site
    site=$(mktemp)
    ip link add outer type veth peer name outer netns far
    ip link set outer up
    echo 'built-in: {l2-control: off}' >"$site"
    check "a site can switch it off" run attach outer --role av-edge --site "$site"
    echo 'built-in: {l2-controls: off}' >"$site"
    check "a name that is nearly right is none" says 3 'l2-control' run check "$site"
    rm -f "$site"
}

check_bridges
check_bond
check_switch
finish
