#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The guard of the SSH session finds the interfaces that the session's packets may come by: by the route back to the
# client, whoever holds the address; and it asks for all that the session needs there.

set -u
# shellcheck source=tests/sandbox.sh
. "$(dirname "${BASH_SOURCE[0]}")/../sandbox.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

own_ground
for name in left right; do
    ip link add $name type veth peer name far-$name
    ip link set $name up
    ip link set far-$name up
done
ip address add 10.1.0.1/24 dev left
ip address add 10.2.0.1/24 dev right
ip address add 192.0.2.1/32 dev lo
ip -6 address add 2001:db8:1::1/64 dev left nodad
ip -6 address add 2001:db8:2::1/64 dev right nodad

# session CLIENT SERVER command…
session() { SSH_CONNECTION="$1 50022 $2 22" "$LYNCXDP" "${@:3}"; }
# cut INTERFACE CLIENT SERVER   attach would cut that session, and says so.
cut() { says 1 'would cut your SSH session' session "$2" "$3" attach "$1" --role av-edge; }
# spared INTERFACE CLIENT SERVER   attach goes ahead: that session does not come by there.
spared() {
    says 0 'filtering' session "$2" "$3" attach "$1" --role av-edge || return
    "$LYNCXDP" detach "$1" >/dev/null
}

ip route add 203.0.113.0/24 via 10.1.0.2
check "an address on lo: the session comes by the route back" cut left 203.0.113.9 192.0.2.1
check "and by no other" spared right 203.0.113.9 192.0.2.1
check "an address of another card: the route back may be the way" cut left 203.0.113.9 10.2.0.1
check "and so may the card that has the address" cut right 203.0.113.9 10.2.0.1
check "no route back: the card that has the address" cut right 198.18.0.9 10.2.0.1
check "a session that ends on another host is none of ours" spared left 203.0.113.9 192.0.2.77
check "nor is one from here to here" spared left 10.1.0.1 10.1.0.1

ip route add 198.51.100.0/24 nexthop via 10.1.0.2 nexthop via 10.2.0.2
check "several next hops: it may come by the one" cut left 198.51.100.9 192.0.2.1
check "or by the other" cut right 198.51.100.9 192.0.2.1
ip -6 route add 2001:db8:9::/48 nexthop via 2001:db8:1::2 nexthop via 2001:db8:2::2
check "IPv6, several next hops: it may come by the one" cut left 2001:db8:9::9 2001:db8:1::1
check "IPv6, or by the other" cut right 2001:db8:9::9 2001:db8:1::1

if ip rule add fwmark 7 lookup 100 2>/dev/null; then
    check "where a rule chooses the table, other tables have no say without a route" spared right 203.0.113.9 192.0.2.1
    ip route add default via 10.2.0.2 table 100
    check "where a rule chooses the table, it may come by any route" cut right 203.0.113.9 192.0.2.1
    check "and by the main one" cut left 203.0.113.9 192.0.2.1
    ip rule delete fwmark 7 lookup 100
else
    skip "where a rule chooses the table, it may come by any route" "the kernel has no rules"
fi
if ip link add link left name left.20 type vlan id 20 2>/dev/null; then
    ip link set left.20 up
    ip address add 10.20.0.1/24 dev left.20
    check "a VLAN of the card: the session comes by the card" cut left 10.20.0.9 10.20.0.1
else
    skip "a VLAN of the card: the session comes by the card" "the kernel has no VLANs"
fi

# --- What the session needs beyond TCP ----------------------------------------------------------------------------------

row='{id: ssh, from: any, to: self, port: 22, transport: tcp}'
printf 'rows: [%s]\n' "$row" >site.yaml
printf 'rows: [%s]\nbuilt-in: {arp: off}\n' "$row" >deaf.yaml
printf 'rows: [%s]\nbuilt-in: {neighbour-discovery: off}\n' "$row" >deaf6.yaml
on_site() { session "$1" "$2" attach left --role av-edge --site "$3"; }

check "without ARP an IPv4 session is cut" says 1 'would cut your SSH session.*its ARP: built-in-off' \
    on_site 203.0.113.9 10.1.0.1 deaf.yaml
check "without neighbour discovery an IPv6 session is cut" says 1 'cut your SSH session.*its neighbour discovery: ' \
    on_site 2001:db8:9::9 2001:db8:1::1 deaf6.yaml
check "an IPv4 session needs no neighbour discovery" says 0 'filtering' on_site 203.0.113.9 10.1.0.1 deaf6.yaml
check "an update asks the same" says 1 'cut your SSH session.*its ARP' \
    session 203.0.113.9 10.1.0.1 update left --site deaf.yaml
check "update --force does it all the same" says 0 'as --force says' \
    session 203.0.113.9 10.1.0.1 update left --site deaf.yaml --force
"$LYNCXDP" detach left >/dev/null
check "where both are let in, it goes ahead" says 0 'filtering' on_site 203.0.113.9 10.1.0.1 site.yaml
session 203.0.113.9 10.1.0.1 update left --site deaf.yaml --shadow >/dev/null 2>&1
check "promote asks the same" says 1 'cut your SSH session.*its ARP' session 203.0.113.9 10.1.0.1 promote left
"$LYNCXDP" detach left >/dev/null
finish
