# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2154 # of inside.sh and frames.sh: lyncxdp, policy, edge
# What two ends of a link say to each other gets through a filter: a bond by LACP stays aggregated, filtered on itself and
# on its ports, with either port failing; spanning tree breaks a loop through a filtered port and through a pair that
# forwards by itself. Each would not, were it dropped: that is tried, too. Source this after frames.sh.
#
# A partner that falls silent is given up after three periods: 3 s with `lacp_rate fast` and 90 s without, so that ten
# seconds here say as much as five minutes there.

lacp_watch=10

# in_ns NAMESPACE COMMAND…   By its path: busybox prefers an applet of that name, which knows less.
in_ns() { nsenter "--net=/run/netns/$1" "$(type -P "$2")" "${@:3}"; }
in_switch() { in_ns switch "$@"; }

# port NUMBER   A wire between the host (pN) and the switch (qN).
port() {
    ip link add "p$1" type veth peer name "q$1" netns switch
    ethtool -K "p$1" gro on >/dev/null
    in_switch ethtool -K "q$1" gro on tx off >/dev/null
}

# join NUMBER   The port joins the bonds at both ends.
join() {
    ip link set "p$1" down && ip link set "p$1" master lag0 && ip link set "p$1" up &&
        in_switch ip link set "q$1" down && in_switch ip link set "q$1" master lag0 && in_switch ip link set "q$1" up
}

lacp="mode 802.3ad lacp_rate fast miimon 50 min_links 0"

bond_up() {
    ip netns add switch
    ip netns add internet 2>/dev/null
    port 1
    port 2
    ip link add lag0 type bond $lacp
    in_switch ip link add lag0 type bond $lacp
    join 1
    join 2
    ip address add $edge/24 dev lag0
    ip link set lag0 up
    in_switch ip address add 10.45.16.1/24 dev lag0
    in_switch ip link set lag0 up
}

bond_down() {
    ip link del lag0
    ip netns del switch
    ip link del p1 2>/dev/null
    ip link del p2 2>/dev/null
    ip link del p3 2>/dev/null
    return 0
}

# How many ports the active aggregator has, 0 without a partner. /proc/net is that of the process which reads it.
ports_of() {
    "$@" awk '/^Slave Interface/ { exit }
        /Number of ports:/ { ports = $NF }
        /Partner Mac Address:/ { partner = $NF }
        END { print partner == "00:00:00:00:00:00" ? 0 : ports + 0 }' /proc/net/bonding/lag0
}

has_ports() {
    local here there
    here=$(ports_of) there=$(ports_of in_switch)
    echo "$here ports here, $there there, expected $1"
    [ "$here" = "$1" ] && [ "$there" = "$1" ] || ! sed 's/^/# /' /proc/net/bonding/lag0
}

soon() {
    local tries=60
    while [ $((tries--)) -gt 0 ]; do
        "$@" >/dev/null 2>&1 && return
        sleep 0.5
    done
    "$@"
}

# Holds, or holds again: where the processor is wanted elsewhere, a LACPDU may come later than a partner waits (3 s). What
# a filter takes away does not come back.
stays() {
    local ends=$((SECONDS + lacp_watch))
    while [ $SECONDS -lt $ends ]; do
        "$@" >/dev/null || soon "$@" || return
        sleep 0.5
    done
    soon "$@"
}

# In place of the Internet of frames.sh, the switch's side of the bond.
over_bond() {
    local in_internet_before
    in_internet_before=$(declare -f in_internet)
    in_internet() { in_switch "$@"; }
    "$@"
    set -- $?
    eval "$in_internet_before"
    return "$1"
}

# carried TRANSPORT PORT COUNT   All are answered, at the latest when the ends agree which port carries: what is on its way
# while they do not is lost, filtered or not.
carried() { answered "$@" || answered "$@" || answered "$@"; }

controls_passed() {
    counters_of "$1" '.[0].reasons | map(select(.reason == "l2-control" and .verdict == "pass") | .packets) | add > 5'
}
counters_of() { says "$2" $lyncxdp counters "$1" --json; }

no_control=/tmp/no_control.yaml
printf 'site: no-control\nself: {av-edge: {external: [%s]}}\nbuilt-in: {l2-control: off}\n' $edge >$no_control

# bond_filtered HOW NAME ATTACH…
bond_filtered() {
    local how=$1 name=$2
    shift 2
    check "$how: attach" $lyncxdp attach "$@" $policy --mode native
    check "$how: it filters natively" says 'all(.[]; .state == "filtering") and .[0].mode == "native" and
        all(.[0].members[]; .mode == "native")' $lyncxdp status "$name" --json
    check "$how: the bond stays aggregated ($lacp_watch s, lacp_rate fast)" stays has_ports 2
    check "$how: what its ends say to each other was counted" controls_passed "$name"
    check "$how: what the policy allows is answered" over_bond carried udp 3478 2
    check "$how: what it does not is not" over_bond unanswered udp 3479 2
    for failing in 1 2; do
        in_switch ip link set q$failing down
        check "$how: port $failing fails, and the other carries on" soon has_ports 1
        check "$how: port $failing failed: what the policy allows is answered" over_bond carried udp 3478 1
        check "$how: port $failing failed: what it does not is not" over_bond unanswered udp 3479 1
        in_switch ip link set q$failing up
        check "$how: port $failing is back, and aggregated again" soon has_ports 2
    done
    check "$how: the bond stays aggregated after that" stays has_ports 2
}

check_bonds() {
    bond_up
    check "a bond by LACP comes up" soon has_ports 2
    serve udp-listen:3478 udp-listen:3479
    bond_filtered "on a bond" lag0 lag0
    check "on a bond: its port is not attached, too" refused 'p1 is a port of lag0, which is filtered already' \
        $lyncxdp attach p1 $policy --force
    port 3
    check "on a bond: a port joins later" join 3
    check "on a bond: and is aggregated" soon has_ports 3
    in_switch ip link set q1 down
    in_switch ip link set q2 down
    check "on a bond: it alone carries on" soon has_ports 1
    check "on a bond: what comes by it is filtered: answered" over_bond carried udp 3478 1
    check "on a bond: what comes by it is filtered: not answered" over_bond unanswered udp 3479 1
    check "on a bond: status says that all is well" says 'all(.[]; .state == "filtering" and .open_port == null)' \
        $lyncxdp status lag0 --json
    in_switch ip link set q1 up
    in_switch ip link set q2 up
    check "on a bond: all three again" soon has_ports 3
    check "on a bond: detach" $lyncxdp detach lag0
    ip link del p3
    check "the third port is gone" soon has_ports 2

    check "on one port: attach says that the other is not filtered" prints 'p2 is not filtered' \
        $lyncxdp attach p1 $policy
    check "on one port: detach" $lyncxdp detach p1
    bond_filtered "on its ports" p1 p1 --with p2
    check "on its ports: the bond is not attached, too" refused 'lag0 is filtered by its port p[12] already' \
        $lyncxdp attach lag0 $policy --force
    check "on its ports: status says that all is well" $lyncxdp status p1
    port 3
    join 3
    check "on its ports: one that joins later is not filtered, and status says so" refused \
        'p3 is not filtered, and is a port of the same bond' $lyncxdp status
    check "on its ports: in JSON as well" says '.[0].open_port == "p3"' sh -c "$lyncxdp status p1 --json 2>/dev/null || true"
    check "on its ports: and the metric does" metric_says 0
    check "on its ports: an update adds it" $lyncxdp update p1 --with p3
    check "on its ports: status says that all is well again" $lyncxdp status
    check "on its ports: and the metric does again" metric_says 1
    check "on its ports: it is aggregated" soon has_ports 3
    in_switch ip link set q1 down
    in_switch ip link set q2 down
    check "on its ports: it alone carries on" soon has_ports 1
    check "on its ports: what comes by it is filtered: answered" over_bond carried udp 3478 1
    check "on its ports: what comes by it is filtered: not answered" over_bond unanswered udp 3479 1
    in_switch ip link set q1 up
    in_switch ip link set q2 up
    soon has_ports 3 >/dev/null
    check "on its ports: without l2-control" $lyncxdp update p1 --site $no_control --egress enforce
    check "on its ports: the bond falls apart" soon has_ports 0
    check "on its ports: with it" $lyncxdp update p1 --site policies/sites/contoso.yaml --egress track
    check "on its ports: it comes together again" soon has_ports 3
    check "on its ports: detach" $lyncxdp detach p1
    bond_down
}

metric_says() {
    $lyncxdp exporter --textfile /tmp/metrics && grep -F "lyncxdp_filtering{interface=\"p1\",hook=\"to-role\"} $1" /tmp/metrics
}

# prints PATTERN COMMAND…   It succeeds, and says that.
prints() {
    local output pattern=$1
    shift
    output=$("$@" 2>&1) || { echo "$output"; return 1; }
    echo "$output"
    echo "$output" | grep -qE "$pattern"
}

# refused PATTERN COMMAND…   It fails, and says that.
refused() {
    local output pattern=$1
    shift
    output=$("$@" 2>&1) && { echo "$output"; return 1; }
    echo "$output"
    echo "$output" | grep -qE "$pattern"
}

# --- Spanning tree -------------------------------------------------------------------------------------------------------

# bridge_in NAMESPACE PRIORITY PORT…   A bridge that speaks spanning tree as fast as it may.
bridge_in() {
    local namespace=$1 port
    in_ns "$namespace" ip link add bridge0 type bridge stp_state 1 priority "$2" hello_time 100 forward_delay 200 max_age 600
    in_ns "$namespace" ip link set bridge0 addrgenmode none
    shift 2
    for port in "$@"; do
        in_ns "$namespace" ip link set "$port" master bridge0 addrgenmode none up
    done
    in_ns "$namespace" ip link set bridge0 up
}

states() {
    local namespace
    for namespace in left right; do
        in_ns "$namespace" bridge link show | sed -nE 's/.* state (\S+) .*/\1/p'
    done
}

# The loop is broken: one port blocks, and the others forward.
broken() {
    local now
    now=$(states)
    echo $now
    [ "$(echo "$now" | grep -c forwarding)" = 3 ] && [ "$(echo "$now" | grep -c blocking)" = 1 ]
}
looping() {
    local now
    now=$(states)
    echo $now
    [ "$(echo "$now" | grep -c forwarding)" = 4 ]
}

veths() {
    in_ns "$1" ip link add "$2" type veth peer name "$4" netns "$3"
    in_ns "$1" ethtool -K "$2" gro on tx off >/dev/null
    in_ns "$3" ethtool -K "$4" gro on tx off >/dev/null
}

# loop_up WIRE   Two bridges with two links: one straight, and one straight or through a box.
loop_up() {
    ip netns add left
    ip netns add right
    veths left a2 right b2
    if [ "$1" = straight ]; then
        veths left a1 right b1
    else
        ip netns add box
        veths left a1 box w1
        veths right b1 box w2
        in_ns box ip link set w1 addrgenmode none up
        in_ns box ip link set w2 addrgenmode none up
    fi
    bridge_in left 4096 a1 a2
    bridge_in right 8192 b1 b2
    # What a wire carries natively takes NAPI at the far ends, which veth gives to those that are up.
    in_ns left ethtool -K a1 gro off && in_ns left ethtool -K a1 gro on
    in_ns right ethtool -K b1 gro off && in_ns right ethtool -K b1 gro on
} >/dev/null

loop_down() {
    local namespace
    for namespace in left right box; do
        ip netns del $namespace 2>/dev/null
    done
    return 0
}

# A port of the bridge that is not the root hears of the root by what it lets in.
check_loops() {
    loop_up straight
    check "two bridges in a loop: spanning tree breaks it" soon broken
    check "a port of a bridge: attach" in_ns right $lyncxdp attach b1 $policy --mode native
    check "a port of a bridge: the loop stays broken" stays broken
    check "a port of a bridge: what says so was counted" in_right_counted b1
    check "a port of a bridge: without l2-control" in_ns right $lyncxdp update b1 --site $no_control
    check "a port of a bridge: there is a loop" soon looping
    check "a port of a bridge: with it" in_ns right $lyncxdp update b1 --site policies/sites/contoso.yaml
    check "a port of a bridge: there is none any more" soon broken
    check "a port of a bridge: detach" in_ns right $lyncxdp detach b1
    loop_down

    loop_up box
    check "through a wire: attach" in_ns box $lyncxdp attach w1 --pair w2 --forward $policy --mode native
    check "through a wire: spanning tree breaks the loop" soon broken
    check "through a wire: it stays broken" stays broken
    check "through a wire: without l2-control" in_ns box $lyncxdp update w1 --site $no_control
    check "through a wire: there is a loop" soon looping
    check "through a wire: with it" in_ns box $lyncxdp update w1 --site policies/sites/contoso.yaml
    check "through a wire: there is none any more" soon broken
    check "through a wire: detach" in_ns box $lyncxdp detach w1
    loop_down
}

in_right_counted() {
    says '.[0].reasons | map(select(.reason == "l2-control" and .verdict == "pass") | .packets) | add > 5' \
        in_ns right $lyncxdp counters "$1" --json
}
