#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What is promised of conversations that were running before the filter came: those that the role began go on, whoever
# speaks first in them; those that somebody else began do not become the role's; and all of them can be ended.
# In a network and a mount namespace of its own, with its own bpffs; the partner is in another network namespace.

set -u
# shellcheck source=tests/sandbox.sh
. "$(dirname "${BASH_SOURCE[0]}")/../sandbox.sh"

work=$(mktemp -d)
hosts=()
ends() {
    local running
    mapfile -t running < <(jobs -p)
    kill "${running[@]}" "${hosts[@]}" 2>/dev/null
    rm -rf "$work"
}
trap ends EXIT
cd "$work" || exit 1

own_ground

# --- The partner, and the role's own server --------------------------------------------------------------------------

is_elsewhere() { [ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]; }
# host   another network namespace; its process is `made`.
host() {
    unshare --net sleep infinity &
    made=$!
    hosts+=("$made")
    until_true 30 is_elsewhere $made
    nsenter --net=/proc/$made/ns/net ip link set lo up
}
# at PROCESS command…   in its network namespace.
at() { nsenter --net="/proc/$1/ns/net" "${@:2}"; }

# Echoes what it is sent (a job in the background has no input unless it is given one); says a line of its own once `speak.PORT` is there.
cat >server.sh <<'END'
exec 3<&0
cat <&3 &
until [ -e "speak.$1" ]; do sleep 0.05; done
echo "first words"
wait
END
# serve PROCESS PORT   a server that is there when this returns.
serve() {
    at "$1" socat "TCP4-LISTEN:$2,fork,reuseaddr" "EXEC:bash server.sh $2" 2>/dev/null &
    until_true 30 listens "$1" "$2"
}
listens() { at "$1" ss -Hltn "sport = :$2" | grep -q .; }
# hears FD   a line comes by this connection, what comes.
hears() { read -r -t "${patience:-10}" heard <&"$1" && [ -n "$heard" ]; }
hears_nothing() { ! patience=2 hears "$1"; }
# answered FD   the other end answers.
answered() { echo "a question" >&"$1" && hears "$1"; }
# dial PROCESS NAME ADDRESS PORT   from there a connection, which says a line for each line of the file NAME.said, and
# writes to NAME.heard what it hears.
dial() {
    : >"$2.said"
    { tail -n +1 -f "$2.said" | at "$1" socat - "TCP4:$3:$4" >"$2.heard"; } >/dev/null 2>&1 &
    echo "hello" >>"$2.said"
    until_true 30 grep -q hello "$2.heard"
}
some_were_dropped() {
    answers '.[0].reasons | any(.reason == "no-row" and .verdict == "drop" and .packets > 0)' run counters outer --json
}
# flows_are IFACE FILTER   the flows satisfy it.
flows_are() { answers "$2" run flows "$1" --json; }
flow_to() { echo "[.[] | select(.remote | endswith(\":$1\"))]"; }
flow_at() { echo "[.[] | select(.role | endswith(\":$1\"))]"; }

# wire INTERFACE ADDRESS FAR FAR_ADDRESS   from an interface of this network namespace to one of a new one, `made`.
wire() {
    local interface
    ip link add "$1" type veth peer name "$3"
    for interface in "$1" "$3"; do ethtool -K "$interface" gro on tx off >/dev/null; done
    host
    ip link set "$3" netns "$made"
    ip addr add "$2" dev "$1"
    ip link set "$1" up
    at "$made" ip addr add "$4" dev "$3"
    at "$made" ip link set "$3" up
}

wire outer 198.51.100.1/24 far 198.51.100.2/24
far=$made
serve "$far" 5061
serve "$far" 9999
serve $$ 2222
cat >site.yaml <<'END'
site: test
self: {access-edge: {external: 198.51.100.1}}
END

# --- At attach -------------------------------------------------------------------------------------------------------

until_true 30 ping -qc1 -W1 198.51.100.2 >/dev/null
exec {listed}<>/dev/tcp/198.51.100.2/5061 {unlisted}<>/dev/tcp/198.51.100.2/9999
check "before: the role has a connection that its tables list" answered "$listed"
check "and one that they do not" answered "$unlisted"
check "and somebody has one with a server of the role's, which speaks" dial "$far" guest 198.51.100.1 2222
check "attach" says 0 'egress track' run attach outer --role access-edge --site site.yaml
check "what the tables list is picked up, and marked" flows_are outer \
    "$(flow_to 5061) | length == 1 and .[0].picked_up and .[0].row == \"access-edge/external/sip-mtls-out\""
check "what they do not is, under track" flows_are outer "$(flow_to 9999) | length == 1 and .[0].picked_up"
check "what somebody else began is not" flows_are outer "$(flow_at 2222) | length == 0"
check "status counts them" answers 'all(.[]; .picked_up == 2)' run status outer --json
check "people are told as well" says 0 '2 picked up' run flows outer
touch speak.5061 speak.9999
check "the partner is heard who speaks first, where a row lists the connection" hears "$listed"
check "and where none does" hears "$unlisted"
echo again >>guest.said
check "and both go on" answered "$listed"
check "the guest's words are dropped, whom no row lets in" until_true 30 some_were_dropped
check "and not heard" lacks again guest.heard
check "nor does the server's speaking make a flow" flows_are outer "$(flow_at 2222) | length == 0"
exec {fresh}<>/dev/tcp/198.51.100.2/5061
check "a connection that the role begins now is not marked" flows_are outer \
    "$(flow_to 5061) | map(.picked_up) | sort == [false, true]"
check "an update leaves the marks" says 0 'generation 2' run update outer
check "as they are" flows_are outer '[.[] | select(.picked_up)] | length == 2'

# --- Forgetting ------------------------------------------------------------------------------------------------------

check "forgetting is not for a trial" says 2 'none of' run update outer --forget-picked-up --try 60
check "what was picked up can be ended" says 0 'generation 3' run update outer --forget-picked-up
check "and is then gone" answers 'all(.[]; .picked_up == 0)' run status outer --json
check "nothing was evicted by that" answers 'all(.[]; .flows_evicted == 0)' run status outer --json
check "what the role began itself stays" flows_are outer "$(flow_to 5061) | length == 1"
check "a listed connection goes on when the role speaks" answered "$listed"
check "and is picked up once more" flows_are outer "$(flow_to 5061) | any(.picked_up)"
echo "a question" >&"$unlisted"
check "an unlisted one does not" hears_nothing "$unlisted"
check "and is not picked up" flows_are outer "$(flow_to 9999) | length == 0"
exec {listed}>&- {unlisted}>&- {fresh}>&-
run detach outer

# --- What came in under audit ----------------------------------------------------------------------------------------

check "attach, in audit mode" says 0 'audit' run attach outer --role access-edge --site site.yaml --audit
check "somebody comes in by a port that no row opens, and the server answers" dial "$far" visitor 198.51.100.1 2222
check "which makes no flow" flows_are outer "$(flow_at 2222) | length == 0"
check "the policy is enforced" says 0 'generation' run update outer --no-audit
echo again >>visitor.said
check "and the visitor's next words are dropped" until_true 30 some_were_dropped
check "nobody hears them" lacks again visitor.heard
run detach outer

# --- Where egress is enforced, and where it comes later --------------------------------------------------------------

exec {listed}<>/dev/tcp/198.51.100.2/5061 {unlisted}<>/dev/tcp/198.51.100.2/9999
check "attach, egress enforced" says 0 'enforce' run attach outer --role access-edge --site site.yaml --egress enforce
check "only what the tables list is picked up" flows_are outer \
    "([.[] | select(.picked_up) | .remote] | unique) == [\"198.51.100.2:5061\"]"
run detach outer
run attach outer --role access-edge --site site.yaml --egress off >/dev/null
check "where egress was off, an update that looks at it picks up" says 0 'track' run update outer --egress track
check "what runs then" flows_are outer "$(flow_to 9999) | length > 0 and all(.picked_up)"
run detach outer

# --- No more than the table holds ------------------------------------------------------------------------------------

many=0
until [ "$many" -ge 50 ]; do exec {many}<>/dev/tcp/198.51.100.2/9999; done
check "attach with a small table" says 0 'filtering' run attach outer --role access-edge --site site.yaml --flows 16
check "no more is picked up than it holds" answers 'all(.[]; .picked_up > 0 and .picked_up <= 16)' \
    run status outer --json
run detach outer

# --- What crosses a box ----------------------------------------------------------------------------------------------

# The role behind the box, which routes; its kernel tracks connections because a rule asks for it.
wire inner 192.0.2.254/24 role 192.0.2.1/24
role=$made
at "$role" ip route add default via 192.0.2.254
at "$far" ip route add 192.0.2.0/24 via 198.51.100.1
echo 1 >/proc/sys/net/ipv4/ip_forward
serve "$role" 2223
if nft 'add table ip box; add chain ip box through { type filter hook forward priority 0; };
        add rule ip box through ct state invalid counter' 2>/dev/null; then
    sed 's/198.51.100.1/192.0.2.1/' site.yaml >pair.yaml
    check "the role has an unlisted connection through the box" dial "$role" outbound 198.51.100.2 9999
    check "and somebody has one with the role" dial "$far" inbound 192.0.2.1 2223
    check "attach the pair" says 0 'outer - inner' run attach outer --pair inner --role access-edge --site pair.yaml \
        --egress track
    check "what the role began is picked up, and what others began is not" flows_are outer \
        'map(select(.role | startswith("192.0.2.1:"))) | length == 1 and .[0].picked_up and
            (.[0].remote | endswith(":9999"))'
    echo again >>inbound.said
    check "nor later, when the role answers" until_true 30 some_were_dropped
    check "of it nothing is remembered" flows_are outer "$(flow_at 2223) | length == 0"
    run detach outer
else
    skip "what crosses a box is picked up from connection tracking" "this kernel has no nftables"
fi

finish
