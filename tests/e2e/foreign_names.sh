#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Names are somebody else's text: interfaces may be called anything, and no name makes JSON or metrics unreadable or
# reaches the terminal as a command. Interfaces of other network namespaces are told apart from one's own.

set -u
# shellcheck source=tests/sandbox.sh
. "$(dirname "${BASH_SOURCE[0]}")/../sandbox.sh"

work=$(mktemp -d)
monitor=
exporter=
far=
clean_up() {
    # shellcheck disable=SC2086
    kill $monitor $exporter $far 2>/dev/null
    wait 2>/dev/null
    rm -rf "$work"
}
trap clean_up EXIT
cd "$work" || exit 1
own_ground

# One that JSON would have to escape, and one that colours a terminal red.
quoted='a"b\c'
red=$'r\e[31md'
i=0
for name in "$quoted" "$red"; do
    i=$((i + 1))
    ip link add "$name" type veth peer name "far$i"
    ip addr add "198.51.100.$i/32" dev "$name"
    ip link set "$name" addrgenmode none up
    ip link set "far$i" addrgenmode none up
done
ip route add 203.0.113.1 dev "$quoted"
ip route add 203.0.113.2 dev "$red"

# plain command…   It succeeds, or fails as it must, and prints no byte that a terminal would obey.
plain() {
    "$@" >out.txt 2>&1
    cat -v out.txt
    [ -s out.txt ] && ! grep -qP '[\x00-\x08\x0b-\x1f\x7f]' out.txt
}
named() { plain "$@" && grep -qF 'r\x1b[31md' out.txt; }

# --- What is printed -------------------------------------------------------------------------------------------------

check "attach" named run attach "$red" --role av-edge
check "a name with quotes" plain run attach "$quoted" --role av-edge
check "status" named run status
check "counters" named run counters
check "counters of one" named run counters "$red"
check "flows" named run flows
check "update on trial" named run update "$red" --without federation-ocs2007 --try 60
check "confirm" named run confirm "$red"
check "rollback" named run rollback "$red"
check "update with a candidate" named run update "$red" --without federation-ocs2007 --shadow
check "promote" named run promote "$red"
check "diff" plain run diff "$red" --without federation-ocs2007
check "explain" plain run explain "$red" tcp 203.0.113.2 198.51.100.2:3389
check "an interface that is not there" plain run attach $'n\e[31mo' --role av-edge
check "a file that is not there" plain run check $'no\e[31m.yaml'
printf 'interfaces:\n  "%s": {role: av-edge, egress: enfroce}\n' 'r\e[31md' >$'red\e[31m.yaml'
check "the diagnostics of a file" plain run check $'red\e[31m.yaml'
check "what is declared" plain run apply --each -f $'red\e[31m.yaml'
run apply -f <(echo 'interfaces: {}') >/dev/null 2>&1
run attach "$red" --role av-edge >/dev/null
run attach "$quoted" --role av-edge >/dev/null

# --- What programs read ------------------------------------------------------------------------------------------------

for verb in status counters flows; do
    check "$verb --json is JSON" jq -e . <(run $verb --json)
done
check "and has the names as they are" [ "$(run status "$quoted" --json | jq -r '.[0].interface')" = "$quoted" ]
run exporter --textfile metrics.prom
check "the metrics are metrics" promtool check metrics <metrics.prom
check "with the name in them" grep -qF 'interface="a\"b\\c"' metrics.prom

# heard FILTER   what the monitor comes to write satisfies it, while packets go on being sent.
heard_now() {
    echo | socat -u - "UDP4-SENDTO:203.0.113.1:3389,sourceport=1234" 2>/dev/null
    cat heard.txt told.txt
    jq -se "$1" heard.txt
}
heard() { until_true 60 heard_now "$1"; }
# The role's own packets are counted as would-drop, at one a second so that others are not shown.
ip neigh add 203.0.113.1 lladdr 02:00:00:00:00:01 dev "$quoted" nud permanent
listen() {
    : >heard.txt
    "$LYNCXDP" monitor "$@" >>heard.txt 2>told.txt &
    monitor=$!
}
listen "$quoted" --json --rate 1
check "monitor --json is JSON" heard 'any(.[]; .interface == "a\"b\\c" and .reason)'
check "also of what is not shown" heard 'any(.[]; .interface == "a\"b\\c" and .not_shown)'

# --- What comes and goes while one listens -----------------------------------------------------------------------------

run detach "$quoted" >/dev/null
: >heard.txt
run attach "$quoted" --role av-edge >/dev/null
check "monitor follows an interface that is detached and attached" heard 'any(.[]; .reason)'
check "and says so" grep -q 'not what was listened to any more' told.txt
kill $monitor
wait $monitor
check "it ends as it should" [ $? -eq 0 ]
listen --json
check "without a name it listens to all" heard 'any(.[]; .reason)'
run detach --all >/dev/null
: >heard.txt
run attach "$quoted" --role av-edge >/dev/null
check "and to those that come" heard 'any(.[]; .reason)'
kill $monitor
wait $monitor
monitor=

# --- Other network namespaces ------------------------------------------------------------------------------------------

unshare --net sleep 600 &
far=$!
while [ "$(readlink /proc/$far/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
mkdir -p /run/netns && touch /run/netns/blue && mount --bind /proc/$far/ns/net /run/netns/blue
nsenter --net=/run/netns/blue ip link add eth7 type veth peer name far7
nsenter --net=/run/netns/blue "$LYNCXDP" attach eth7 --role av-edge >/dev/null
check "status says which namespace another's interface is in" says 0 'eth7 .* blue' run status
check "counters, too" says 0 'eth7 \(network namespace blue\), to-role' run counters
check "and flows" says 0 'eth7 \(network namespace blue\): 0 flows' run flows
for verb in status counters; do
    check "$verb --json marks it" answers '[.[] | select(.interface == "eth7").namespace] | length > 0 and all(. == "blue")' run $verb --json
    check "and no other" answers '[.[] | select(.interface != "eth7").namespace] | length > 0 and all(. == null)' run $verb --json
done
check "from there it is the other way round" says 0 'eth7, to-role' nsenter --net=/run/netns/blue "$LYNCXDP" counters
umount /run/netns/blue
check "a namespace without a name is told by its number" answers \
    '[.[] | select(.interface == "eth7").namespace][0] | test("^[0-9]+$")' run status --json

# --- Files -------------------------------------------------------------------------------------------------------------

check "- is standard output" eval 'run exporter --textfile - | promtool check metrics'
mkfifo fifo
check "a pipe is not replaced" says 1 'not a regular file' run exporter --textfile fifo
check "it is as it was" [ -p fifo ]
mknod null c 1 3
check "nor is a device" says 1 'not a regular file' run exporter --textfile null
check "it is as it was" [ -c null ]
ln -s /proc/self/fd/1 stdout # as /dev/stdout is one
check "what leads to a pipe is not" eval 'run exporter --textfile stdout 2>&1 | grep -q "not a regular file"'
check "and is still there" [ -L stdout ]
mkdir real
echo old >real/file.prom
ln -s real/file.prom link.prom
check "behind a symbolic link" run exporter --textfile link.prom
check "the file is replaced" grep -q lyncxdp_build_info real/file.prom
check "and not the link" [ -L link.prom ]
ln -s nowhere/file.prom dangling.prom
check "a link to nowhere is not replaced" says 1 'a symbolic link to what is not there' run exporter --textfile dangling.prom
check "a directory is not" says 1 'not a regular file' run exporter --textfile real

# --- What would have to change -----------------------------------------------------------------------------------------

printf 'site: t\nself: {av-edge: [198.51.100.1]}\n' >site.yaml
run detach "$quoted" >/dev/null
run attach "$quoted" --role av-edge --site site.yaml --without federation-ocs2007 >/dev/null
check "explain tells which row of what is in force comes nearest" says 0 \
    'stun-udp-in would allow it, but it is about packets to 198.51.100.1' \
    run explain "$quoted" udp 203.0.113.7 198.51.100.9:3478
check "with the options that it was attached with" says 0 'media-udp-in would allow it, but its option federation-ocs2007 is closed' \
    run explain "$quoted" udp 203.0.113.7 198.51.100.1:55000
check "and where the row is printed" says 0 '^source ' run explain "$quoted" udp 203.0.113.7 198.51.100.1:55000
check "JSON has it" answers '.nearest.kind == "option" and (.nearest.row | endswith("media-udp-in"))' \
    run explain "$quoted" udp 203.0.113.7 198.51.100.1:55000 --json
check "it names no other command, whose answer is another" says_no 0 'lyncxdp explain' \
    run explain "$quoted" udp 203.0.113.7 198.51.100.9:3478
echo 'watch-ports: [22]' >>site.yaml
check "files that have changed since are told" says 0 'have changed since' run explain "$quoted" udp 203.0.113.7 198.51.100.9:3478

run detach --all >/dev/null
finish
