#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What is seen while packets come: counters that are printed again with their rates, the live view as a terminal of 80
# columns shows it, and what a policy says of every packet of a capture. In namespaces of its own.

set -u
# shellcheck source=tests/sandbox.sh
. "$(dirname "${BASH_SOURCE[0]}")/../sandbox.sh"

FLOOD=$tree/build/tests/flood/flood
export LC_ALL=C.UTF-8 TZ=UTC
work=$(mktemp -d)
# shellcheck source=tests/terminal.sh
. "$tree/tests/terminal.sh"
started=
# shellcheck disable=SC2086
trap 'kill $started 2>/dev/null; tmux kill-server 2>/dev/null; rm -rf "$work"' EXIT
cd "$work" || exit 1

own_ground
outer_and_wire
ip addr add 198.51.100.1/24 dev outer
mac=$(cat /sys/class/net/outer/address)

# traffic RATE   to an open port and two closed ones, in turn, until it is killed.
traffic() {
    "$FLOOD" wire --mac "$mac" --from 203.0.113.0/24 --to 198.51.100.1 --ports udp/3478 --ports udp/1434 \
        --ports tcp/3389 --seconds 600 --rate "$1" >/dev/null &
    sending=$!
    started="$started $sending"
}

# watch FILE ARGUMENT…   counters --watch, which writes there; `watching` is its process.
watch() {
    local file=$1
    shift
    "$LYNCXDP" counters outer --watch "$@" >"$file" &
    watching=$!
    started="$started $watching"
}
has_lines() { [ "$(wc -l <"$1")" -ge "$2" ]; }

check "attach" says 0 'filtering' run attach outer --role av-edge --set self=198.51.100.1 --egress enforce

# --- Counters with rates ---------------------------------------------------------------------------------------------

watch rates.txt --json
traffic 3000
check "counters --watch writes a line of JSON again and again" until_true 60 has_lines rates.txt 5
kill -INT $watching
reap $watching
check "it ends when it is told to" [ "$ended" -eq 0 ]
kill $sending
reap $sending
# Two looks are a second apart, and 3000 frames a second a third for each port: how exactly, depends on the machine.
check "a rate is told of a row" jq -se 'map(.[0].rows[] | select(.id | endswith("stun-udp-in")) | .packets_per_second) |
    max > 100 and max < 3000' rates.txt
check "and of a reason" jq -se 'map(.[0].reasons[] | select(.reason == "no-row") | .packets_per_second) |
    max > 200 and max < 6000' rates.txt
check "and of a port" jq -se 'map(.[0].ports[] | select(.port == "3389") | .per_second) | max > 100 and max < 3000' \
    rates.txt
# Whoever looks a second after he looked before, or later, counts no fewer than a second brings.
check "rates are what was counted meanwhile" jq -se '[.[] | .[0]] | [range(1; length) as $i |
    {counted: (.[$i].packets - .[$i - 1].packets), rate: .[$i].packets_per_second}] | any(.rate > 0) and
    all(.rate <= .counted * 1.1 + 50 and .rate >= .counted / 20 - 50)' rates.txt

watch ports.txt --by port
traffic 900
check "in text, with a column for it" until_true 60 grep -E '^TRANSPORT PORT PER SECOND DROPPED' ports.txt
check "and ports that drop" until_true 60 grep -E '^(tcp +3389|udp +1434) +[1-9]' ports.txt
kill -INT $watching
reap $watching
kill $sending
reap $sending
watch rows.txt --by row
check "rows without a packet are folded into a line" until_true 60 grep -E '^\(6 more rows without a packet\)$' rows.txt
kill -TERM $watching
reap $watching
check "SIGTERM ends it as well" [ "$ended" -eq 0 ]

# --- The live view ---------------------------------------------------------------------------------------------------

keys() { tmux send-keys -t view "$@"; }

tmux new-session -d -s view -x 80 -y 24 "bash --norc"
keys "PS1='ready> '; clear" Enter
shows '^ready>$'
before=$(tmux display-message -p -t view '#{alternate_on}#{cursor_flag}')
keys "'$LYNCXDP' top" Enter
check "top tells the interface, the hook and the role" shows '^outer, to-role \(1 of 2\): av-edge'
check "and what is dropped, by port" shows '^TRANSPORT +PORT +PER SECOND +DROPPED'
traffic 1500
check "rates appear while packets come" shows '^udp +1434 +[1-9][0-9]+ +[0-9]+'
check "and of all of them together" shows '^passed [1-9][0-9]*/s +dropped [1-9][0-9]*/s'
keys r
check "r shows rows" shows '^ROW +PACKETS/S +BYTES/S +PACKETS'
check "those that count" shows '^av-edge/external/stun-udp-in +[1-9]'
keys e
check "e shows reasons" shows '^no-row +drop +[1-9]'
kill $sending
reap $sending
fits() { screen | awk 'length > 80 { wide = 1 } END { exit wide || NR < 5 }'; }
check "every line fits 80 columns" fits
keys Tab
check "tab shows the next hook" shows '^outer, from-role \(2 of 2\)'
keys Tab
shows 'to-role'
check "audit is in nobody's way to be overlooked" eval 'run update outer --audit >/dev/null && shows "^AUDIT: nothing is dropped"'
check "nor is a trial" eval 'run update outer --no-audit --try 300 >/dev/null && shows "^TRIAL: [0-9]+ s left"'
run rollback outer >/dev/null
check "nor a candidate" eval 'run update outer --no-audit >/dev/null && run update outer --shadow >/dev/null &&
    shows "^CANDIDATE: generation"'
tmux resize-window -t view -x 60 -y 12
check "in a smaller window" shows '^outer, to-role'
tmux resize-window -t view -x 80 -y 24
check "and what is detached is seen to be" eval 'run detach outer >/dev/null && shows "^nothing is attached"'
keys q
check "q ends it, and the shell is as it was" shows '^ready>$'
check "with its screen and its cursor" is "$(tmux display-message -p -t view '#{alternate_on}#{cursor_flag}')" "$before"
keys "echo code \$?" Enter
check "and exit code 0" shows '^code 0$'
run attach outer --role av-edge --set self=198.51.100.1 >/dev/null
keys "clear; '$LYNCXDP' top" Enter
shows '^outer, to-role'
keys C-c
check "so does control-C" shows '^ready>$'
keys "stty -a | tr ' ' '\\n' | grep -c -E '^(echo|icanon);?\$'" Enter
check "with a terminal that echoes and reads lines" shows '^2$'
check "without a terminal it says what to do" says 1 'counters --watch' run top

# --- Captures --------------------------------------------------------------------------------------------------------

# frames FILE TRANSPORT SOURCE SPORT DESTINATION DPORT   a capture of one packet, with dummy headers.
frames() { echo '0000 61 62 63' | text2pcap -q -4 "$3,$5" "-$2" "$4,$6" - "$1" 2>/dev/null; }

frames 1.pcap u 203.0.113.9 4711 198.51.100.1 3478
frames 2.pcap u 203.0.113.9 4711 198.51.100.1 1434
frames 3.pcap T 203.0.113.9 4711 198.51.100.1 443
frames 4.pcap u 203.0.113.9 4711 198.51.100.1 3478
frames 5.pcap u 198.51.100.1 4711 198.51.100.1 3478
mergecap -a -w all.pcap 1.pcap 2.pcap 3.pcap 4.pcap 5.pcap

policy="--role av-edge --set self=198.51.100.1"
# shellcheck disable=SC2086
for by in "$policy" outer; do
    run explain $by --pcap all.pcap --json >told.json
    check "explain $by --pcap: a verdict for every packet" jq -e \
        '[.packets[] | .verdict] == ["pass", "drop", "drop", "pass", "drop"]' told.json
    check "explain $by --pcap: with its reason" jq -e \
        '[.packets[] | .reason] == ["row", "no-row", "tcp-flags", "row", "martian"]' told.json
    check "explain $by --pcap: row, source and ends" jq -e '.packets[0] | (.row | endswith("stun-udp-in")) and
        (.source | test("row 12")) and .from == "203.0.113.9:4711" and .to == "198.51.100.1:3478" and .number == 1' told.json
    check "explain $by --pcap: and a summary" jq -e '.summary | .packets == 5 and .not_judged == 0 and
        (.rows[] | select(.id | endswith("stun-udp-in")) | .packets) == 2 and
        ([.ports[] | .port] | sort) == ["1434", "3478", "443"]' told.json
    check "explain $by --pcap: as text" says 0 '^ +2 +drop +no-row +udp 203.0.113.9:4711 > 198.51.100.1:1434$' \
        run explain $by --pcap all.pcap
done
check "explain of a capture counts nothing" answers '.[0].packets == 0' run counters outer --json
check "what the role sends" answers '.packets[0].reason == "spoofed" and .packets[0].would_drop' \
    run explain $policy --from-role --pcap all.pcap --json
# shellcheck disable=SC2086
check "a capture from standard input" says 0 stun-udp-in run explain $policy --pcap - <all.pcap
head -c $(($(stat -c %s all.pcap) - 10)) all.pcap >cut.pcap
check "a capture that is cut off" says 1 'cut.pcap is damaged' run explain $policy --pcap cut.pcap
check "a file that is none" says 1 'cannot read' run explain $policy --pcap /etc/passwd
check "no file" says 1 'cannot read nowhere.pcap' run explain $policy --pcap nowhere.pcap
check "a capture and a packet" says 2 'no more arguments' run explain $policy --pcap all.pcap udp 203.0.113.9 198.51.100.1:1
check "an empty capture" eval 'head -c 24 <(command tshark -r 1.pcap -F pcap -w - 2>/dev/null) >none.pcap;
    run explain $policy --pcap none.pcap --json | jq -e ".packets == [] and .summary.packets == 0"'

# --- Captures of both directions -------------------------------------------------------------------------------------

frames asked.pcap u 198.51.100.1 5000 203.0.113.53 53
frames answer.pcap u 203.0.113.53 53 198.51.100.1 5000
frames other.pcap u 203.0.113.53 53 198.51.100.1 5001
frames unlisted.pcap u 198.51.100.1 5000 203.0.113.9 9
editcap -t 299 answer.pcap later.pcap
editcap -t 301 answer.pcap late.pcap
mergecap -a -w both.pcap answer.pcap asked.pcap answer.pcap other.pcap unlisted.pcap later.pcap late.pcap
policy="--role access-edge --set self=198.51.100.1"
run detach outer >/dev/null
# shellcheck disable=SC2086
run attach outer $policy >/dev/null
# shellcheck disable=SC2086
for by in "$policy" outer; do
    rm -f told.json
    run explain $by --pcap both.pcap --both-ways --json >told.json
    check "explain $by --both-ways: answers pass once they were asked for, and for as long as the flow lives" jq -e \
        '[.packets[].reason] == ["no-row", "row", "flow", "no-row", "no-row", "flow", "no-row"]' told.json
    check "explain $by --both-ways: each by the hook that sees it" jq -e \
        '[.packets[] | select(.hook == "from-role") | .number] == [2, 5]' told.json
    check "explain $by --both-ways: with the row that let the role ask" jq -e \
        'all(.packets[1, 2, 5]; .row | endswith("dns-out"))' told.json
    check "explain $by --both-ways: and a summary for each hook" jq -e '.summary.hook == "to-role" and
        .summary.packets == 5 and .summary_from_role.hook == "from-role" and .summary_from_role.packets == 2 and
        (.summary.reasons | map({(.reason): .packets}) | add) == {"flow": 2, "no-row": 3}' told.json
    check "explain $by --both-ways: as text" says 0 '^ +3  pass +flow +to-role    udp 203.0.113.53:53 > 198.51.100.1:5000  .*dns-out$' \
        run explain $by --pcap both.pcap --both-ways
    check "explain $by: one way, what was not looked at is said" says 0 '^\(2 packets come from the role' \
        run explain $by --pcap both.pcap
    check "explain $by: and told" answers '.summary.other_way == 2 and ([.packets[].hook] | unique) == ["to-role"] and
        ([.packets[] | select(.verdict == "pass")] == []) and (has("summary_from_role") | not)' \
        run explain $by --pcap both.pcap --json
done
check "where nobody knows the role's addresses, that is said" says 0 'every packet was judged as one on its way' \
    run explain --role access-edge --pcap both.pcap
check "and told" answers '.summary.other_way == null' run explain --role access-edge --pcap both.pcap --json
check "both ways cannot be told then" says 2 '--set self=ADDRESS' run explain --role access-edge --pcap both.pcap --both-ways
run update outer --egress off >/dev/null
check "nor where nobody looks at what the role sends" says 2 'egress off' run explain outer --pcap both.pcap --both-ways
# shellcheck disable=SC2086
check "both ways and one way" says 2 'leave out --from-role' run explain $policy --pcap both.pcap --both-ways --from-role
# shellcheck disable=SC2086
check "both ways without a capture" says 2 'name it with --pcap' run explain $policy --both-ways udp 203.0.113.9 198.51.100.1:1

# A real conversation, captured on the wire: the replay counts what the programs have counted.
ip netns add far
ip link add near type veth peer name far netns far
ip link set near addrgenmode none up
ip addr add 192.0.2.1/24 dev near
# shellcheck disable=SC2016
in_far sh -c 'echo 1 >/proc/sys/net/ipv6/conf/far/disable_ipv6; ip addr add 192.0.2.9/24 dev far; ip link set far up'
# A neighbour that is asked after anew, when everything has been captured, would be counted and not captured.
echo 600 >/proc/sys/net/ipv4/neigh/near/delay_first_probe_time
in_far sh -c 'echo 600 >/proc/sys/net/ipv4/neigh/far/delay_first_probe_time'
policy="--role access-edge --set self=192.0.2.1"
# shellcheck disable=SC2086
run attach near $policy >/dev/null
far_too=(nsenter --net=/run/netns/far) # not a function, whose process would be a shell's
"${far_too[@]}" dumpcap -q -i far -w live.pcap 2>dump.said &
dumping=$!
# serve COMMAND…   goes on until the end.
serve() {
    "$@" 2>/dev/null &
    started="$started $!"
}
started="$started $dumping"
check "what passes is captured" until_true 60 grep '^File: ' dump.said
serve "${far_too[@]}" socat UDP-RECVFROM:53,fork EXEC:cat
serve "${far_too[@]}" socat TCP-LISTEN:80 EXEC:cat
serve "${far_too[@]}" socat UDP-RECVFROM:999,fork EXEC:cat
serve socat TCP-LISTEN:443 EXEC:cat
listening() { in_far ss -Hlnu sport = :53; in_far ss -Hlnu sport = :999; ss -Hlnt sport = :443; in_far ss -Hlnt sport = :80; }
all_listen() { is "$(listening | wc -l)" 4; }
check "there are those to talk to" until_true 60 all_listen
check "the role asks and is answered" echoed 60 UDP4:192.0.2.9:53
check "over TCP as well" echoed 60 TCP4:192.0.2.9:80
check "and where no row lists it" echoed 60 UDP4:192.0.2.9:999
check "and is asked" echoed 60 TCP4:192.0.2.1:443 "${far_too[@]}"
echo nobody asked | in_far socat -u - UDP4:192.0.2.1:5000,sourceport=4711
# The last of all: when that is in the capture, everything is.
echo scanned | in_far socat -u - UDP4:192.0.2.1:3389,sourceport=4711
captured() { says 0 '^3389$' tshark -r live.pcap -T fields -e udp.dstport; }
check "to the last packet" until_true 60 captured
kill $dumping
reap $dumping
run counters near --json >counted.json
counted() { jq -S '[.[] | {hook, packets, reasons: [.reasons[] | {reason, verdict, packets, bytes}]}]' counted.json; }
replayed() { jq -S '[.summary, .summary_from_role | {hook, packets, reasons: [.reasons[] | {reason, verdict, packets, bytes}]}]' told.json; }
# shellcheck disable=SC2086
for by in "$policy" near; do
    rm -f told.json
    run explain $by --pcap live.pcap --both-ways --json >told.json
    check "a replay of $by counts what the programs have counted" is "$(replayed)" "$(counted)"
done
check "which is a little of everything" jq -e '[.[].reasons[].reason] |
    contains(["row", "flow", "reply-unlisted", "no-row", "arp", "mirror"])' counted.json
run detach near >/dev/null
finish
