#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# An Edge and a web server behind one inline box: the web server is none of the filter's business, and its site says so.
# Before anything is cut, attach names it; bypassed, it is reached as if nothing were there; the Edge is not.

set -u
# shellcheck source=tests/sandbox.sh
. "$(dirname "${BASH_SOURCE[0]}")/../sandbox.sh"

work=$(mktemp -d)
hosts=(inet edge web switch)

stop_hosts() {
    local host
    for host in "${hosts[@]}"; do
        [ ! -e "/run/netns/$host" ] || ip netns pids "$host" | xargs -r kill -KILL 2>/dev/null
    done
}
trap 'stop_hosts; rm -rf "$work"' EXIT

# --- The ground: inet - outer0 [box, a bridge] inner0 - a switch - edge and web --------------------------------------

own_ground
echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
at() { nsenter --net="/run/netns/$1" "${@:2}"; }
wrap() { echo nsenter --net="/run/netns/$1"; }
# cable NAMESPACE NAME NAMESPACE NAME
cable() {
    ip link add "$2" netns "$1" type veth peer name "$4" netns "$3"
    at "$1" ip link set "$2" up && at "$3" ip link set "$4" up
    at "$1" ethtool -K "$2" gro on tx off txvlan off >/dev/null
    at "$3" ethtool -K "$4" gro on tx off txvlan off >/dev/null
}
for host in "${hosts[@]}"; do ip netns add "$host" && at "$host" ip link set lo up; done
touch /run/netns/box && mount --bind /proc/self/ns/net /run/netns/box
cable inet net0 box outer0
cable box inner0 switch up0
cable switch edge0 edge net0
cable switch web0 web net0
at switch ip link add bridge0 type bridge mcast_snooping 0
at switch ip link set bridge0 up
for port in up0 edge0 web0; do at switch ip link set $port master bridge0; done
ip link add bridge0 type bridge mcast_snooping 0
ip link set bridge0 up
for port in outer0 inner0; do ip link set $port master bridge0; done
at inet ip address add 10.45.16.9/24 dev net0
at edge ip address add 10.45.16.30/24 dev net0
at web ip address add 10.45.16.50/24 dev net0
ip address add 10.45.16.2/24 dev bridge0
until_true 60 at inet ping -qc1 -W1 10.45.16.30 >/dev/null || exit 1
until_true 60 at inet ping -qc1 -W1 10.45.16.50 >/dev/null || exit 1
ping -qc1 -W1 10.45.16.50 >/dev/null
ping -qc1 -W1 10.45.16.30 >/dev/null
web=$(at web ip -j link show dev net0 | command jq -r ".[0].address")

at web socat TCP-LISTEN:80,fork,reuseaddr EXEC:cat &
at edge socat TCP-LISTEN:80,fork,reuseaddr EXEC:cat &
at inet socat UDP-LISTEN:5300,fork,reuseaddr EXEC:cat &
serves() { at "$1" ss -Hln "$2" | grep -q .; }
until_true 30 serves web -t && until_true 30 serves edge -t && until_true 30 serves inet -u || exit 1

cat >"$work/plain.yaml" <<'END'
site: dmz
self:
  av-edge: {external: 10.45.16.30}
rows:
  - {id: ssh, from: any, to: self, self: 10.45.16.2, transport: tcp, port: 22}
END
cp "$work/plain.yaml" "$work/site.yaml"
cat >>"$work/site.yaml" <<'END'
groups:
  web: [10.45.16.50]
bypass:
  addresses: [web]
END
sed "s/addresses: .*/addresses: [{address: web, mac: '$web'}]/" "$work/site.yaml" >"$work/bound.yaml"
sed "s/addresses: .*/addresses: [{address: web, mac: '02:00:00:00:00:99'}]/" "$work/site.yaml" >"$work/other.yaml"
sed "s/\[10.45.16.50\]/[10.45.16.0\/27]/" "$work/site.yaml" >"$work/own.yaml"

role=(--role av-edge)
reached() { echoed 5 "TCP:$1:80,connect-timeout=5" nsenter --net=/run/netns/inet; }
cut() { ! at inet timeout 2 socat -t1 - "TCP:$1:80,connect-timeout=1" <<<question; }
asks() { echoed 5 "UDP:10.45.16.9:5300" nsenter --net=/run/netns/web; }
bypassed() { run counters outer0 --json | command jq ".[$1].reasons[] | select(.reason == \"bypass\").packets"; }

# --- What is said before anything is cut ------------------------------------------------------------------------------

check "attach names the host behind the pair that it cuts, with its card, and not the Edge" \
    says 0 "this cuts hosts behind inner0 that are not the role: 10.45.16.50 \($web\); list them under bypass:" \
    run attach outer0 --pair inner0 "${role[@]}" --site "$work/plain.yaml"
check "which it does" cut 10.45.16.50
check "diff says what is newly bypassed" says 0 'newly bypassed, which passes unjudged: 10.45.16.50$' \
    run diff outer0 --site "$work/site.yaml"
check "in JSON, too" jq -e '.same == false and .bypass.added == ["10.45.16.50"] and .bypass.vlans_added == null' \
    <(run diff outer0 --site "$work/site.yaml" --json)
check "status does not speak of what is not there" says_no 0 bypass run status outer0

# --- Bypassed ----------------------------------------------------------------------------------------------------------

check "an update lets the neighbour through" says 0 'bypass: 1 neighbour behind the pair passes unjudged' \
    run update outer0 --site "$work/site.yaml"
check "it is reached" reached 10.45.16.50
check "it reaches others" asks
check "in fragments, too" at inet ping -qc1 -W5 -s 4000 10.45.16.50
check "the Edge is filtered on" cut 10.45.16.30
check "they are counted on the way there" test "$(bypassed 0)" -gt 5
check "and back" test "$(bypassed 1)" -gt 5
check "every packet once" jq -e 'all(.[]; .packets == ([.reasons[].packets] | add))' <(run counters outer0 --json)
check "status says that the address can be borrowed" says 0 'neighbours behind outer0 pass unjudged .*broken into' \
    run status outer0
check "and JSON" jq -e 'all(.[]; .bypass and .bypass_unbound)' <(run status outer0 --json)
check "explain knows the reason" says 0 'reason +bypass:' run explain outer0 tcp 203.0.113.9 10.45.16.50:80
check "diff says what would no longer be" says 0 'no longer bypassed: 10.45.16.50$' \
    run diff outer0 --site "$work/plain.yaml"
check "a candidate without it is told apart" says 0 candidate run update outer0 --shadow --site "$work/plain.yaml"
check "by what it would drop" reached 10.45.16.50
check "which is counted" jq -e '[.[0].shadow.newly_dropped[].packets] | add > 0' <(run counters outer0 --json)
check "and goes" says 0 '' run rollback outer0

# --- Bound to a card ---------------------------------------------------------------------------------------------------

check "bound to its card" says 0 'generation' run update outer0 --site "$work/bound.yaml"
check "it is reached" reached 10.45.16.50
check "status has nothing to fear" says_no 0 'broken into' run status outer0
check "diff tells the card" says 0 "10.45.16.50 \(02:00:00:00:00:99\)" run diff outer0 --site "$work/other.yaml"
check "explain asks as behind any card" says 0 'no-row' run explain outer0 tcp 203.0.113.9 10.45.16.50:80
check "or behind that one" says 0 'reason +bypass:' run explain outer0 --mac "$web" tcp 203.0.113.9 10.45.16.50:80
check "and what it sends" says 0 'reason +bypass:' \
    run explain outer0 --from-role --mac "$web" udp 10.45.16.50:53 203.0.113.9:53
check "a word that is no card" says 2 'not the MAC address' run explain outer0 --mac x tcp 203.0.113.9 10.45.16.50:80
check "bound to another, it is cut" says 0 'generation' run update outer0 --site "$work/other.yaml"
check "as whoever borrows the address would be" cut 10.45.16.50
check "a trial of it" says 0 'on trial' run update outer0 --try 1 --site "$work/site.yaml"
check "passes" reached 10.45.16.50
not_reached() { ! at inet socat -t1 - "TCP:10.45.16.50:80,connect-timeout=1" <<<question; }
check "and falls back by itself" until_true 30 not_reached

# --- What is refused ---------------------------------------------------------------------------------------------------

check "what holds the role's own address" says 3 'own.yaml:[0-9]+:[0-9]+: .*10.45.16.0/27 cannot be bypassed: 10.45.16.2 is the role' \
    run update outer0 --site "$work/own.yaml"
check "detach" says 0 '' run detach outer0
check "on a host, with what to write instead" says 3 'site.yaml:[0-9]+:.*bypass is for pairs .*row with a self' \
    run attach outer0 "${role[@]}" --site "$work/site.yaml"
check "which leaves nothing" test ! -e /sys/fs/bpf/lyncxdp
printf 'interfaces:\n  outer0: {role: av-edge, site: %s}\n' "$work/site.yaml" >"$work/host.yaml"
printf 'interfaces:\n  outer0: {role: av-edge, site: %s, pair: inner0}\n' "$work/site.yaml" >"$work/pair.yaml"
check "by apply as well" says 3 'bypass is for pairs' run apply -f "$work/host.yaml"
check "and by check of the declaration" says 3 'bypass is for pairs' run check "$work/host.yaml"
check "a declared pair is applied" says 0 'bypass: 1 neighbour' run apply -f "$work/pair.yaml"
check "and lets the neighbour through" reached 10.45.16.50
check "detach again" says 0 '' run detach outer0
check "show ends with it" says 0 'unjudged on a pair, by bypass: 1 neighbour' run show av-edge --site "$work/site.yaml"
check "check warns that an address can be borrowed" says 0 'warning: .*mac: can be borrowed' run check "$work/site.yaml"
check "and not where it is bound" says_no 0 'borrowed' run check "$work/bound.yaml"

# --- A VLAN ------------------------------------------------------------------------------------------------------------

cat >"$work/vlans.yaml" <<'END'
site: dmz
self:
  av-edge: {external: 10.45.16.30}
bypass:
  vlans: [10]
END
for port in outer0 inner0; do ip link set $port nomaster; done
check "where neither bridge nor neighbour table says who is there, that is said" \
    says 0 'which hosts are behind inner0 is not known: it is no port of a bridge' \
    run attach outer0 --pair inner0 --forward "${role[@]}" --site "$work/vlans.yaml"
check "a neighbour outside of the VLAN is cut" cut 10.45.16.50
check "what it bypasses is said" jq -e 'all(.[]; .bypass and .bypass_unbound)' <(run status outer0 --json)
check "tags stay in their frames, where they are seen" says 0 'rx-vlan-offload: off' ethtool -k outer0
check "detach at last" says 0 '' run detach outer0

finish
