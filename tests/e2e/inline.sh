#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# An unprotected Edge behind an inline box: Internet - router - box - Edge, real clients and servers at either end. The
# box's kernel bridges, or routes, or the pair forwards by itself; what passes, what does not, what is counted and what is
# left behind is the same. Everything happens in a network and a mount namespace of its own; the box is that one.

set -u
# shellcheck source=tests/sandbox.sh
. "$(dirname "${BASH_SOURCE[0]}")/../sandbox.sh"

work=$(mktemp -d)
hosts=(inet wan edge)

stop_hosts() {
    local host
    for host in "${hosts[@]}"; do
        [ ! -e "/run/netns/$host" ] || ip netns pids "$host" | xargs -r kill -KILL 2>/dev/null
    done
}
trap 'stop_hosts; rm -rf "$work"' EXIT

# --- The ground --------------------------------------------------------------------------------------------------

own_ground
# The box says nothing by itself, so that every packet on its interfaces is one of the others'.
echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6

at() { nsenter --net="/run/netns/$1" "${@:2}"; }

# link ONE NAME OTHER NAME   a cable between two hosts. The box is `box`.
link() {
    local end
    ip link add "$2" type veth peer name "far-$4"
    [ "$1" = box ] || ip link set "$2" netns "$1"
    ip link set "far-$4" name "$4" ${3:+netns "$3"}
    for end in "$1 $2" "$3 $4"; do
        on "${end% *}" ip link set "${end#* }" up
        on "${end% *}" ethtool -K "${end#* }" gro on tx off txvlan off >/dev/null
    done
}

on() {
    if [ "$1" = box ]; then "${@:2}"; else at "$@"; fi
}

# shellcheck disable=SC2046 # a word or none
address() { at "$1" ip address add "$3" dev "$2" $([[ $3 != *:* ]] || echo nodad); }

for host in "${hosts[@]}"; do
    ip netns add "$host"
    at "$host" sh -c 'ip link set lo up; echo 0 >/proc/sys/net/ipv6/conf/default/disable_ipv6
        echo 0 >/proc/sys/net/ipv6/conf/default/accept_ra; echo 0 >/proc/sys/net/ipv6/conf/default/router_solicitations
        echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
done
link inet net0 wan inet0
link box outer0 wan edge0
link box inner0 edge net0
for last in 10 21; do
    address inet net0 203.0.113.$last/24
    address inet net0 2001:db8:113::$last/64
done
address wan inet0 203.0.113.1/24
address wan inet0 2001:db8:113::1/64
for last in 10 20 30; do
    address edge net0 10.45.16.$last/24
    address edge net0 2001:db8:16::$last/64
done
at inet ip route add default via 203.0.113.1
at inet ip -6 route add default via 2001:db8:113::1
# A narrow link on the way to one of them.
at wan ip route add 203.0.113.21/32 dev inet0 mtu lock 1300
at wan ip -6 route add 2001:db8:113::21/128 dev inet0 mtu lock 1300

cat >"$work/site.yaml" <<'END'
site: inline
self:
  access-edge:  {external: [10.45.16.10, "2001:db8:16::10"]}
  webconf-edge: {external: [10.45.16.20, "2001:db8:16::20"]}
  av-edge:      {external: [10.45.16.30, "2001:db8:16::30"]}
END
policy=(--role consolidated-edge --site "$work/site.yaml")

# --- How the box carries packets ----------------------------------------------------------------------------------

both_forward() { is "$(bridge link | grep -c 'state forwarding')" 2; }

carry_bridge() {
    ip link add bridge0 type bridge mcast_snooping 0 && ip link set bridge0 up &&
        ip link set outer0 master bridge0 && ip link set inner0 master bridge0 || return
    until_true 60 both_forward || return
    near_edge
}

# With --forward there is nothing for the kernel to do.
carry_forward() {
    near_edge
}

# The router and the Edge are neighbours.
near_edge() {
    address wan edge0 10.45.16.1/24
    address wan edge0 2001:db8:16::1/64
    at edge ip route add default via 10.45.16.1
    at edge ip -6 route add default via 2001:db8:16::1 src 2001:db8:16::10
}

carry_route() {
    local scope
    for scope in all outer0 inner0; do
        echo 0 >/proc/sys/net/ipv6/conf/$scope/disable_ipv6
    done
    echo 1 >/proc/sys/net/ipv4/ip_forward && echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
    ip address add 10.45.17.2/24 dev outer0 && ip address add 2001:db8:17::2/64 dev outer0 nodad
    ip address add 10.45.16.1/24 dev inner0 && ip address add 2001:db8:16::1/64 dev inner0 nodad
    address wan edge0 10.45.17.1/24
    address wan edge0 2001:db8:17::1/64
    at wan ip route add 10.45.16.0/24 via 10.45.17.2
    at wan ip -6 route add 2001:db8:16::/64 via 2001:db8:17::2
    ip route add default via 10.45.17.1 && ip -6 route add default via 2001:db8:17::1
    at edge ip route add default via 10.45.16.1
    at edge ip -6 route add default via 2001:db8:16::1 src 2001:db8:16::10
}

carry_nothing() {
    ip link del bridge0 2>/dev/null
    echo 0 >/proc/sys/net/ipv4/ip_forward
    at wan ip address flush dev edge0 scope global
    ip address flush dev outer0 && ip address flush dev inner0
    at edge ip route del default
    at edge ip -6 route del default
    at wan ip route flush cache
    at edge ip route flush cache
} 2>/dev/null

# --- What runs at either end --------------------------------------------------------------------------------------

start() {
    local host=$1
    shift
    (cd "$work" && exec nsenter "--net=/run/netns/$host" "$@") </dev/null >>"$work/servers.log" 2>&1 &
    disown
}

# listening HOST TRANSPORT ADDRESS:PORT
hears() { at "$1" ss -Hln "--$2" src "$3" | grep .; }
listening() { until_true 60 hears "$@" || { cat "$work/servers.log"; return 1; }; }

serve() {
    mkdir "$work/public" && head -c 200000 /dev/urandom >"$work/bulk" && cp "$work/bulk" "$work/public/authority.crl"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=lab \
        -keyout "$work/key.pem" -out "$work/certificate.pem" 2>/dev/null
    sed 's/^listening-ip=172.*//' "$tree/tests/lab/config/turnserver.conf" >"$work/turnserver.conf"
    start edge turnserver -c turnserver.conf --userdb "$work/turn.db" --pidfile "$work/turn.pid" --no-tls \
        --log-file stdout
    # Beside them on ports that no row lists: what is not answered there would be if it were not for the filter.
    start edge openssl s_server -accept 10.45.16.10:3389 -cert certificate.pem -key key.pem -www
    start inet openssl s_server -accept 203.0.113.10:8443 -cert certificate.pem -key key.pem -www
    start edge openssl s_server -accept 10.45.16.10:5061 -cert certificate.pem -key key.pem -www
    start edge openssl s_server -accept '[2001:db8:16::10]:5061' -cert certificate.pem -key key.pem -www
    start edge socat TCP4-LISTEN:443,bind=10.45.16.20,fork,reuseaddr "OPEN:$work/bulk,rdonly"
    start edge socat TCP6-LISTEN:443,bind='[2001:db8:16::20]',fork,reuseaddr "OPEN:$work/bulk,rdonly"
    start inet dnsmasq --conf-file="$tree/tests/lab/config/dnsmasq.conf"
    start inet busybox httpd -f -p 203.0.113.10:80 -h "$work/public"
    start inet openssl s_server -accept 203.0.113.10:5061 -cert certificate.pem -key key.pem -www
    start inet turnutils_peer -L 203.0.113.10 -p 3480
    listening edge udp 10.45.16.30:3478 && listening edge tcp 10.45.16.10:5061 &&
        listening edge tcp 10.45.16.20:443 && listening edge tcp 10.45.16.10:3389 &&
        listening inet tcp 203.0.113.10:8443 && listening inet udp 203.0.113.10:53 && listening inet tcp 203.0.113.10:80
}

# --- What is tried ------------------------------------------------------------------------------------------------

tls() { at "$1" timeout 30 openssl s_client -brief -connect "$2" </dev/null; }
# One that is dropped waits until it is told to give up.
no_tls() { says 124 '' at "$1" timeout 3 openssl s_client -brief -connect "$2" </dev/null; }
dns() { at edge timeout 30 busybox nslookup crl.contoso.example "$1" | grep 203.0.113.10; }
crl() { at edge curl -sS -m 60 --fail --interface 10.45.16.10 http://203.0.113.10/authority.crl | cmp - "$work/bulk"; }
federate() { at edge timeout 30 openssl s_client -brief -bind 10.45.16.10 -connect 203.0.113.10:5061 </dev/null; }

# Answers to what the Edge let in must find out that the way is narrow.
bulk() { at inet timeout 60 socat -u "$1" - | cmp - "$work/bulk"; }
narrow() { at edge ip route get 203.0.113.21 | grep 'mtu 1300'; }

# Prints how many of 100 messages came back through the media relay.
media() {
    at inet timeout 60 turnutils_uclient -u lab -w lab -e 203.0.113.10 -r 3480 -n 50 -m 2 -l 160 -c -z 10 -p 3478 \
        10.45.16.30 2>&1 | sed -n 's/.*tot_send_msgs=\([0-9]*\), tot_recv_msgs=\([0-9]*\).*/\1 \2/p' | tail -n 1
}

no_more_loss_than() {
    local sent received
    read -r sent received <<<"$(media)"
    echo "${sent:-0} sent, ${received:-0} received; without the filter, $1 were"
    [ "${sent:-0}" = 100 ] && [ "$received" -ge "$1" ]
}

# A datagram to the Edge that looks like an answer. --from ADDRESS:PORT --to ADDRESS:PORT
lie() { echo lie | at inet socat -u - "UDP-SENDTO:$2,bind=$1" ; }

counters() { run counters outer0 --json; }

# dropped HOOK TRANSPORT PORT
dropped() {
    counters | jq -e --arg hook "$1" --arg transport "$2" --arg port "$3" \
        'any(.[] | select(.hook == $hook) | .ports[]; .transport == $transport and .port == $port and .dropped > 0)'
}

# passed HOOK REASON
passed() {
    counters | jq -e --arg hook "$1" --arg reason "$2" \
        'any(.[] | select(.hook == $hook) | .reasons[]; .reason == $reason and .verdict == "pass" and .packets > 0)'
}

# What the XDP programs of an interface were given, as its driver counts it.
seen() { ethtool -S "$1" | awk '/rx_queue_.*_xdp_packets/ { sum += $2 } END { print sum + 0 }'; }

# What the drivers have seen and what was counted, of both sides, in a moment when nothing moved: the drivers count
# what comes before a program, too.
both_seen() {
    local before after seen_both tries=200
    until [ "${before:-}" = "${after:-none}" ] || [ $((tries--)) -eq 0 ]; do
        before=$(counters | jq -c '[.[].packets]')
        seen_both="$(seen outer0) $(seen inner0)"
        sleep 0.05
        after=$(counters | jq -c '[.[].packets]')
    done
    echo "$seen_both $after"
}

# Everything that came in was counted by its hook, once: the sum over the reasons is what the driver has seen.
all_counted() {
    local seen_outer seen_inner counted outer inner now
    read -r seen_outer seen_inner counted <"$work/seen"
    read -r outer inner now < <(both_seen)
    counters >"$work/counters"
    jq -c --argjson before "$counted" --argjson now "$now" --arg own "$1" --argjson outer $((outer - seen_outer)) \
        --argjson inner $((inner - seen_inner)) '
        {outer: [$now[0] - $before[0], $outer], inner: [$now[1] - $before[1], $inner]} |
        ., (.outer[0] == .outer[1] and (if $own == "silent" then .inner[0] == .inner[1] else .inner[0] >= .inner[1] end))
        ' <<<null | tee /dev/stderr | tail -n 1 | grep -qx true &&
        jq -e 'all(.[]; .packets == ([.reasons[].packets] | add))' "$work/counters"
}

state() { run status outer0 --json | jq -r '[.[] | .hook + " " + .state] | join(", ")'; }

# What is the box's own to set, and what must be as it was.
settings() {
    local name
    for name in outer0 inner0; do
        ip -d -o link show "$name" | grep -o '<.*> mtu [0-9]*'
        ethtool -k "$name" | grep -E 'rx-vlan|large-receive'
        tc qdisc show dev "$name"
        ip -d link show "$name" | grep prog/xdp
    done
    find /sys/fs/bpf -mindepth 1 -path '*lyncxdp*'
    ls /run/lyncxdp 2>/dev/null
}

as_before() { is "$(settings)" "$(<"$work/settings")"; }

forget_neighbours() {
    local host
    for host in wan edge; do
        at $host ip neigh flush all
        at $host ip -6 neigh flush all
    done
    ip neigh flush all
}

# A whole afternoon behind the pair. works HOW silent|talks   (what the box itself sends)
works() {
    local how=$1
    forget_neighbours
    check "$how: the Edge asks a DNS server outside" dns 203.0.113.10
    check "$how: and over IPv6" dns 2001:db8:113::10
    check "$how: it fetches a revocation list" crl
    check "$how: it federates out over TLS" federate
    check "$how: federation comes in over TLS" tls inet 10.45.16.10:5061
    check "$how: and over IPv6" tls inet '[2001:db8:16::10]:5061'
    check "$how: web conferencing comes in past a narrow link" bulk TCP4:10.45.16.20:443,bind=203.0.113.21
    check "$how: the Edge has learnt that it is narrow" narrow
    check "$how: and over IPv6" bulk 'TCP6:[2001:db8:16::20]:443,bind=[2001:db8:113::21]'
    check "$how: media is relayed both ways with no loss but what there was before" no_more_loss_than "$unfiltered"
    check "$how: ARP and neighbour discovery pass both ways" eval 'passed to-role arp && passed from-role arp &&
        passed to-role neighbour-discovery && passed from-role neighbour-discovery'
    check "$how: ICMP errors about what the policy lets out pass" passed to-role icmp-error
    check "$how: remote desktop is not answered" no_tls inet 10.45.16.10:3389
    check "$how: and counted" until_true 30 dropped to-role tcp 3389
    lie 203.0.113.21:53 10.45.16.10:40053
    check "$how: an imitated answer from another address is dropped" until_true 30 dropped to-role udp 40053
    check "$how: what no row lets the Edge begin is dropped" no_tls edge 203.0.113.10:8443
    check "$how: and counted" dropped from-role tcp 8443
    check "$how: every packet was counted once" until_true 60 all_counted "$2"
    check "$how: both hooks filter" test "$(state)" = "to-role filtering, from-role filtering"
}

# attached WORDS…   attaches the pair, and what it says matches.
attached() {
    local pattern=$1 output
    shift
    output=$(run attach outer0 --pair inner0 "${policy[@]}" "$@" 2>&1) || { echo "$output"; return 1; }
    both_seen >"$work/seen"
    echo "$output"
    grep -qE -e "$pattern" <<<"$output"
}

# --- The kernel bridges -------------------------------------------------------------------------------------------

settings >"$work/settings"
carry_bridge
check "the servers run" serve
settings >"$work/settings"
read -r _ unfiltered <<<"$(media)"
check "without a filter media is relayed" test "${unfiltered:-0}" -ge 95

attached '' >"$work/said" 2>&1
check "bridged: attach says what it does, and that egress is enforced" grep -E 'outer0 - inner0: filtering|enforce' "$work/said"
check "bridged: it has nothing to warn of" lacks warning "$work/said"
works bridged silent
check "status by the inner interface is that of the pair" \
    eval 'run status inner0 --json | jq -e ".[0].interface == \"outer0\" and .[1].pair == \"inner0\" and .[1].mode == \"native\""'
check "explain asks the inner side about what the Edge sends" \
    says 0 'reason +spoofed' run explain outer0 --from-role udp 10.45.16.99:1024 203.0.113.10:53
check "a host's attach to the inner side is refused" says 4 'inner side of the pair outer0 - inner0' \
    run attach inner0 --role av-edge
check "an update of the pair keeps what inline stands for" says 0 'generation 2.*' \
    run update outer0 --without federation-ocs2007
check "with egress enforced as before" eval 'run status outer0 --json | jq -e "all(.[]; .egress == \"enforce\")"'
check "an update by the inner interface is refused, with whom to name" says 2 'name the outer one' \
    run update inner0 --without federation-ocs2007
check "detach" says 0 'no longer filtered' run detach outer0
check "bridged: nothing is left, nothing is changed" as_before
carry_nothing

# --- The pair forwards by itself ----------------------------------------------------------------------------------

settings >"$work/settings"
carry_forward
check "forwarding: attach says so" attached 'forward by themselves' --forward
works forwarding silent
check "forwarding: promiscuous, and VLAN tags stay in their frames" eval \
    'ip link show outer0 | grep -q PROMISC && ip link show inner0 | grep -q PROMISC &&
        ethtool -k outer0 | grep -q "rx-vlan-offload: off" && ethtool -k inner0 | grep -q "rx-vlan-offload: off"'
ip link set inner0 down
check "forwarding: a side that is down filters still" test "$(state)" = "to-role filtering, from-role filtering"
ip link set inner0 up
check "forwarding: and carries again when it is up" tls inet 10.45.16.10:5061
check "detach by the inner interface" says 0 'no longer filtered' run detach inner0
check "forwarding: nothing is left, and what was changed is set back" as_before

for end in "inet net0" "wan inet0" "wan edge0" "box outer0" "box inner0" "edge net0"; do
    on "${end% *}" ip link set "${end#* }" mtu 9000
done
settings >"$work/settings"
check "jumbo: attach, natively" attached 'native mode' --forward
check "jumbo: 8000 bytes in one piece reach the Edge, and come back" eval 'start edge socat -b 9000 \
    UDP4-RECVFROM:50999,bind=10.45.16.30,fork PIPE; listening edge udp 10.45.16.30:50999 &&
    head -c 8000 /dev/zero | at inet socat -b 9000 -t 5 - UDP4:10.45.16.30:50999 | wc -c | grep -x 8000'
check "jumbo: TLS too" tls inet 10.45.16.10:5061
check "jumbo: detach" says 0 'no longer filtered' run detach outer0
check "jumbo: as before" as_before
ip link set inner0 mtu 1500
check "forwarding: different MTUs are refused, with what to do" says 1 'ip link set dev inner0 mtu 9000' \
    run attach outer0 --pair inner0 --forward "${policy[@]}"
for end in "inet net0" "wan inet0" "wan edge0" "box outer0" "box inner0" "edge net0"; do
    on "${end% *}" ip link set "${end#* }" mtu 1500
done

settings >"$work/settings"
check "generic: attach" attached 'generic mode' --forward --mode generic
check "generic: TLS in" tls inet 10.45.16.10:5061
check "generic: DNS out" dns 203.0.113.10
check "generic: detach" says 0 'no longer filtered' run detach outer0
check "generic: as before" as_before

# --- Commands that are killed -------------------------------------------------------------------------------------

# killed AT command…   kills it at that system call of bpf's.
killed() {
    local when=$1
    shift
    strace -f -o /dev/null -e trace=bpf,ioctl -e "inject=bpf:signal=SIGKILL:when=$when" "$LYNCXDP" "$@" >/dev/null 2>&1
    [ $? -gt 128 ] || { echo "not killed at $when"; return 1; }
}

whole=(attach outer0 --pair inner0 --forward "${policy[@]}")
calls=$(strace -f -e trace=bpf "$LYNCXDP" "${whole[@]}" 2>&1 | grep -c 'bpf(')
run detach outer0 >/dev/null
# A lock of either side that was left over goes with the next command about that side.
tidy_up() { run detach outer0; run detach inner0; } >/dev/null 2>&1

# Whatever was done is undone by the next command, wherever the first one stopped.
after_kills() {
    local when
    [ "$calls" -gt 12 ] || { echo "an attach of $calls calls"; return 1; }
    for ((when = calls / 12; when < calls; when += calls / 12)); do
        killed "$when" "${whole[@]}" || return
        tidy_up
        as_before || { echo "after a kill at $when of $calls"; return 1; }
        killed "$when" "${whole[@]}"
        # One that got to its end is in force.
        run "${whole[@]}" >/dev/null 2>&1 || run status outer0 >/dev/null || { echo "at $when"; return 1; }
        killed $((when / 8 + 1)) detach outer0
        tidy_up
        as_before || { echo "after a detach killed, $when"; return 1; }
    done
}
check "an attach killed anywhere, and a detach, leave nothing that the next command does not tidy up" after_kills

# --- The kernel routes ----------------------------------------------------------------------------------------------

carry_nothing
check "where nothing carries packets, attach says so" attached 'warning: nothing carries packets between outer0 and inner0'
run detach outer0 >/dev/null
carry_route
nft add table ip nat && nft 'add chain ip nat post { type nat hook postrouting priority 100; }' &&
    nft add rule ip nat post ip saddr 192.168.77.0/24 masquerade
check "routed: attach warns of NAT rules" attached 'warning: there are NAT rules'
nft delete table ip nat
works routed talks
check "routed: what the box itself begins is judged by the same rows" eval 'timeout 2 bash -c "echo >/dev/tcp/203.0.113.10/8444"
    [ $? -eq 124 ] && dropped from-role tcp 8444'
check "routed: an ICMP error of the box about what it may not carry reaches the Internet" eval \
    '{ echo lie; sleep 1; echo lie; } |
        at inet socat -t 1 - UDP4:10.45.16.30:50100,ttl=2 2>&1 | grep "No route"; passed from-role icmp-error'
check "routed: with --forward the addresses would not answer any more, and attach says so" eval \
    'run detach outer0; attached "warning: nobody can reach 10.45.17.2 at outer0 any more" --forward'
check "routed: detach" says 0 'no longer filtered' run detach outer0

# --- An SSH session on the box ----------------------------------------------------------------------------------------

check "a session by the outer interface is not cut by --forward" says 1 'would cut your SSH session.*--forward' env \
    SSH_CONNECTION="203.0.113.10 40000 10.45.17.2 22" "$LYNCXDP" attach outer0 --pair inner0 --forward "${policy[@]}"
check "nor is one by the inner interface cut by --egress enforce" says 1 "role's side" env \
    SSH_CONNECTION="10.45.16.30 40000 10.45.16.1 22" "$LYNCXDP" attach outer0 --pair inner0 "${policy[@]}"
check "under --egress track it goes on" says 0 'filtering as' env \
    SSH_CONNECTION="10.45.16.30 40000 10.45.16.1 22" "$LYNCXDP" attach outer0 --pair inner0 --egress track "${policy[@]}"
run detach outer0 >/dev/null

# --- Usage ----------------------------------------------------------------------------------------------------------

check "--forward needs --pair" says 2 'name the inner interface with --pair' run attach outer0 --role av-edge --forward
check "--forward and --egress off do not go together" says 2 'write --egress track' \
    run attach outer0 --pair inner0 --role av-edge --forward --egress off
check "an interface is no pair with itself" says 2 'cannot be both sides' run attach outer0 --pair outer0 --role av-edge
check "an inner interface that is not there" says 1 'no interface inner9; there are:' \
    run attach outer0 --pair inner9 --role av-edge

# --- Interfaces that go away --------------------------------------------------------------------------------------------

run attach outer0 --pair inner0 --forward "${policy[@]}" >/dev/null 2>&1
at edge ip link del net0
check "the inner interface vanishes: status says what does not filter, and fails" says 1 'from-role +not-running' \
    run status outer0
check "detach tidies up" says 0 'no longer filtered' run detach outer0
check "nothing is pinned any more" eval '[ ! -e /sys/fs/bpf/lyncxdp ] && says_no 0 PROMISC ip link show outer0'
finish
