#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Rows without ports, with those who speak such protocols: a pair of keepalived that fails over through the filter, a
# tunnel's packets in both directions and in fragments, and ping from the monitoring host alone.

set -u
# shellcheck source=tests/sandbox.sh
. "$(dirname "${BASH_SOURCE[0]}")/../sandbox.sh"
own_ground
own_folder

# --- The ground: outer, where the role is and its filter, and far, where everybody else is ----------------------------

outer_and_far_host
in_far ip address add 198.51.100.10/24 dev far

cat >"$work/plain.yaml" <<'END'
site: here
self:
  av-edge: {external: 198.51.100.1}
groups:
  peer: 198.51.100.9
  monitors: [198.51.100.9]
  branch: 198.51.100.9
built-in: {fragments: track}
END
cp "$work/plain.yaml" "$work/site.yaml"
cat >>"$work/site.yaml" <<'END'
rows:
  - {id: vrrp, from: peer, to: self, transport: vrrp}
  - {id: vrrp-out, from: self, to: peer, transport: vrrp}
  - {id: ping, from: monitors, to: self, transport: echo}
  - {id: gre-out, from: self, to: branch, transport: gre}
  - {id: esp, from: branch, to: self, transport: esp}
END
role=(--role av-edge --egress enforce)
packets_of() { run counters outer --json | command jq "[.[].rows[] | select(.id == \"site/$1\").packets] | add // 0"; }
grows() { [ "$(packets_of "$1")" -gt "${2:-0}" ]; }

check "attach with rows without ports" says 0 '' run attach outer "${role[@]}" --site "$work/site.yaml"

# --- VRRP ---------------------------------------------------------------------------------------------------------------

# vrrp NAME PRIORITY INTERFACE   a router of the pair; the one of the higher priority has 198.51.100.50.
vrrp() {
    cat >"$work/$1.conf" <<END
global_defs { router_id $1 }
vrrp_instance pair {
    state BACKUP
    interface $3
    virtual_router_id 51
    priority $2
    advert_int 1
    virtual_ipaddress { 198.51.100.50/24 }
}
END
}
vrrp here 100 outer
vrrp there 200 far
start_here() {
    keepalived -n -D -l -f "$work/here.conf" -p "$work/here.pid" -r "$work/here.vrrp" >"$work/here.log" 2>&1 &
    started+=" $!"
}
start_there() {
    nsenter --net=/run/netns/far keepalived -n -D -l -f "$work/there.conf" -p "$work/there.pid" -r "$work/there.vrrp" >"$work/there.log" 2>&1 &
    there=$!
    started+=" $there"
}
has() { "${@:2}" ip -4 address show dev "$1" | grep -q 198.51.100.50; }
has_not() { ! has "$@"; }
became() { grep -q "Entering $2 STATE" "$work/$1.log"; }

start_there
check "the other router is master, alone" until_true 60 has far in_far
start_here
check "this one hears it through the filter" until_true 60 grows vrrp 4
check "and stays backup, for longer than three advertisements take" has_not outer
check "which it never left" eval '! became here MASTER'
kill "$there"
reap "$there"
check "the other one gone, this one takes over" until_true 60 has outer
check "and says so to the group, by its own row" until_true 60 grows vrrp-out 0
in_far ip address flush to 198.51.100.50/32 dev far
start_there
check "when it is back, it is master again" until_true 60 has far in_far
check "and this one hears it and steps back" until_true 60 has_not outer
run update outer --site "$work/plain.yaml" >"$work/said" 2>&1
check "without the row, both are master: nothing else lets them hear each other" until_true 60 has outer
check "which drops as a transport that no row lists" \
    until_true 30 jq -e '.[0].reasons[] | select(.reason == "transport").packets > 0' <(run counters outer --json)
check "diff says what the row would newly allow, with the group" says 0 'site/vrrp +vrrp +peer: 198.51.100.9 .*224.0.0.18' \
    run diff outer --site "$work/site.yaml"
check "an update of the row brings peace" says 0 'generation' run update outer --site "$work/site.yaml"
check "at once" until_true 60 has_not outer

# --- A tunnel's packets: raw sockets, which send what a tunnel does ---------------------------------------------------

# hears PROTOCOL FILE WRAPPER…   What arrives of a protocol goes into a file.
hears() {
    "${@:3}" socat -u IP4-RECV:"$1" CREATE:"$2" &
    heard=$!
    started+=" $heard"
    until_true 30 has_socket "${@:3}" || exit 1
}
has_socket() { "$@" ss -Hwan | grep -q .; }
arrived() { [ "$(stat -c %s "$1" 2>/dev/null || echo 0)" -ge "$2" ]; }
sends() { head -c "$2" /dev/zero | "${@:4}" socat -u - "IP4-SENDTO:$3:$1"; }

hears 47 "$work/gre.there" nsenter --net=/run/netns/far
hears 47 "$work/gre.here"
check "GRE of the branch, which the role has not begun" sends 47 100 198.51.100.1 in_far
check "drops" until_true 30 jq -e '.[0].reasons[] | select(.reason == "no-row").packets > 0' <(run counters outer --json)
check "the role begins" sends 47 100 198.51.100.9
check "by its row" until_true 30 grows gre-out 0
check "and arrives" until_true 30 arrived "$work/gre.there" 100
check "flows has it, without ports" says 0 'gre +198\.51\.100\.1 +198\.51\.100\.9 +datagrams +site/gre-out' \
    run flows outer
check "the branch's answer" sends 47 200 198.51.100.1 in_far
check "comes in" until_true 30 arrived "$work/gre.here" 200
check "and what came before the role's first did not" eval '! arrived "$work/gre.here" 320'
check "ESP of the branch in fragments" sends 50 4000 198.51.100.1 in_far
check "comes in by its row" until_true 30 grows esp 0
check "the later ones behind it" until_true 30 \
    jq -e '.[0].reasons[] | select(.reason == "later-fragment").packets > 1' <(run counters outer --json)
check "the role's GRE to somebody else" sends 47 100 198.51.100.10
check "drops" jq -e '.[1].reasons[] | select(.reason == "no-row").packets > 0' <(run counters outer --json)

if ip link add gre9 type gre local 198.51.100.1 remote 198.51.100.9 2>/dev/null; then
    in_far ip link add gre1 type gre local 198.51.100.9 remote 198.51.100.1
    ip address add 192.0.2.1/30 dev gre9 && ip link set gre9 up
    in_far ip address add 192.0.2.2/30 dev gre1 && in_far ip link set gre1 up
    check "the kernel's own tunnel carries traffic" until_true 30 ping -qc1 -W2 192.0.2.2
else
    skip "the kernel's own tunnel carries traffic" "this kernel has no GRE"
fi

# --- Ping ---------------------------------------------------------------------------------------------------------------

check "the monitoring host pings the role" in_far ping -I 198.51.100.9 -qc1 -W5 198.51.100.1
check "and is counted by its row" grows ping 0
check "its neighbour does not" eval '! in_far ping -I 198.51.100.10 -qc1 -W2 198.51.100.1'
check "nor does the role ping back" eval '! ping -qc1 -W2 198.51.100.9'
check "every packet once" jq -e 'all(.[]; .packets == ([.reasons[].packets] | add))' <(run counters outer --json)

# --- What is said of them -----------------------------------------------------------------------------------------------

check "explain, of a protocol" says 0 'row +site/vrrp$' run explain outer vrrp 198.51.100.9 224.0.0.18
check "by number" says 0 'reason +no-row' run explain outer 47 198.51.100.10 198.51.100.1
check "echo" says 0 'row +site/ping$' run explain outer echo 198.51.100.9 198.51.100.1
check "and which row comes nearest" says 0 'nearest +site/ping would allow it, but it is about packets from monitors' \
    run explain outer echo 198.51.100.10 198.51.100.1
check "of one that no row is about" says 0 'nearest +none: no row of av-edge is about ah' \
    run explain outer ah 198.51.100.10 198.51.100.1
check "not with ports" says 2 'this transport has no ports' run explain outer vrrp 198.51.100.9 198.51.100.1:80
check "nor of what has words of its own" says 2 '6 is TCP; write tcp' run explain outer 6 198.51.100.9 198.51.100.1
check "show" says 0 'site/vrrp +peer +- +self +- +vrrp ' run show av-edge --site "$work/site.yaml"
check "in JSON, ports are null" \
    jq -e '.[] | select(.id == "site/vrrp") | .transport == "vrrp" and .destination_port == null and .source_port == null and (.destination_addresses | contains(["224.0.0.18", "ff02::12"]))' \
    <(run show av-edge --site "$work/site.yaml" --json)
sed 's/transport: vrrp}/transport: vrrp, port: 112}/' "$work/site.yaml" >"$work/ports.yaml"
check "a port is a mistake at its place" says 3 "ports.yaml:[0-9]+:[0-9]+: .*vrrp has no ports; leave out 'port'" \
    run update outer --site "$work/ports.yaml"
check "a trial of a policy without them" says 0 'on trial' run update outer --try 1 --site "$work/plain.yaml"
pings() { in_far ping -I 198.51.100.9 -qc1 -W1 198.51.100.1; }
check "ends by itself" until_true 60 pings
check "a candidate without them" says 0 candidate run update outer --shadow --site "$work/plain.yaml"
check "the monitoring host pings on" pings
check "which the candidate would drop" \
    until_true 30 jq -e '[.[0].shadow.newly_dropped[] | select(.row == "site/ping").packets] | add > 0' \
    <(run counters outer --json)
finish
