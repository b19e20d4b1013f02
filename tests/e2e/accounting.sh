#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A million packets of every kind, once under one policy and once while policies change all the time: every view of the
# counters tells what was sent, to the packet, by port, by row and by reason. What was sent is worked out here, from
# what the generator was told; that all of it arrived, the card's own XDP statistic says. In namespaces of its own.
# alone: its generator keeps a processor busy

set -u
# shellcheck source=tests/sandbox.sh
. "$(dirname "${BASH_SOURCE[0]}")/../sandbox.sh"

FLOOD=$tree/build/tests/flood/flood
rate=150000 # so many a second that the card's ring does not overflow where there is nobody else
export LC_ALL=C.UTF-8
work=$(mktemp -d)
started=
# shellcheck source=tests/terminal.sh
. "$tree/tests/terminal.sh"
clean_up() {
    touch "$work/enough"
    tmux kill-server 2>/dev/null
    # shellcheck disable=SC2086
    kill $started 2>/dev/null
    wait 2>/dev/null
    rm -rf "$work"
}
trap clean_up EXIT
cd "$work" || exit 1

# --- The ground ------------------------------------------------------------------------------------------------------

own_ground
outer_and_wire
echo 1 >/proc/sys/net/ipv6/conf/wire/disable_ipv6

rows() {
    cat <<END
edition: test
roles:
  mixed:
    rows:
      - {id: stun, from: any, to: self, port: 3478, transport: udp}
      - {id: media, from: any, to: self, port: 50000-50003, transport: udp}
      - {id: sharing, from: any, to: self, port: 50000-50001, transport: tcp}
      - {id: https, from: any, to: self, port: 443, transport: tcp}
      - {id: sip, from: [203.0.113.0/24, "2001:db8:5::/48"], to: self, port: 5061, transport: tcp}
      - {id: admin, from: 192.0.2.0/24, to: self, port: 22, transport: tcp}
      - {id: $1, from: any, to: self, port: $2, transport: udp}
END
}
rows first 7001 >a.yaml
rows second 7002 >b.yaml

# --- What is sent, and what must come of it --------------------------------------------------------------------------

services="udp/3478 udp/50000 udp/50001 udp/50002 udp/50003 tcp/50000 tcp/50001 tcp/443 tcp/5061 tcp/22 udp/7001 udp/7002 \
udp/443 udp/1434 udp/4444 udp/65535 tcp/3389 tcp/445 tcp/4444 tcp/1"

# FRAMES REASON FROM TO OPTIONS SERVICES: the services share the frames evenly; `policy`: the rows decide.
streams() {
    cat <<END
400000 policy 203.0.113.0/24 198.51.100.1 none $services
300000 policy 2001:db8:5::/48 2001:db8::1 none $services
60000 policy 192.0.2.0/24 198.51.100.1 none $services
40000 policy 192.0.2.0/24 198.51.100.1 --vlan=7 $services
60000 martian 127.0.0.0/8 198.51.100.1 none udp/3478 udp/1434 tcp/443 tcp/3389
30000 no-row 203.0.113.0/24 198.51.100.77 none udp/3478 udp/1434 tcp/443 tcp/3389
30000 no-row 2001:db8:5::/48 2001:db8::77 none udp/3478 udp/1434 tcp/443 tcp/3389
40000 tcp-flags 203.0.113.0/24 198.51.100.1 --flags=03 tcp/443 tcp/3389
20000 spoofed 198.51.100.2/32 198.51.100.1 none udp/3478 tcp/443
20000 spoofed 2001:db8::2/128 2001:db8::1 none udp/3478 tcp/443
END
}

# row_of SERVICE FROM   the row of the first policy that lists it.
row_of() {
    case "$1 $2" in
    "udp/3478 "*) echo stun ;;
    "udp/5000"*) echo media ;;
    "tcp/5000"*) echo sharing ;;
    "tcp/443 "*) echo https ;;
    "tcp/5061 203."* | "tcp/5061 2001:"*) echo sip ;;
    "tcp/22 192.0.2."*) echo admin ;;
    "udp/7001 "*) echo first ;;
    esac
}

# sum   adds up lines that differ in their last number alone.
sum() {
    awk '{ n = $NF; $NF = ""; all[$0] += n } END { for (what in all) if (all[what]) print what all[what] }' | sort
}

# expected SHARE VERDICT   what is to be counted of one SHARE-th of the streams; VERDICT is that of what is not let in.
expected() {
    local frames reason from to options list service each row
    streams | while read -r frames reason from to options list; do
        each=$((frames / $1 / $(wc -w <<<"$list")))
        for service in $list; do
            row=
            [ "$reason" != policy ] || row=$(row_of "$service" "$from")
            echo "packets $each"
            if [ -n "$row" ]; then
                echo "reason row pass $each"
                echo "row mixed/$row $each"
            else
                echo "reason ${reason/policy/no-row} $2 $each"
                echo "port $2 ${service/\// } $each"
            fi
        done
    done | sum
}

# send SHARE   one SHARE-th of the streams, one after the other; what the generator says is left in `sent`.
send() {
    local frames reason from to options list ports
    streams | while read -r frames reason from to options list; do
        read -ra ports <<<"${list//[a-z][a-z][a-z]\//--ports &}"
        # shellcheck disable=SC2086 # an option or nothing
        timeout 300 "$FLOOD" wire --frames $((frames / $1)) --rate $rate --from "$from" --to "$to" ${options#none} "${ports[@]}"
    done >sent
}

sent() { jq -s "map(.$1) | add" sent; }

# What the card says of its XDP program since it was attached: packets, bytes, drops.
card() { ethtool -S outer | awk -v what="_xdp_$1:" '/rx_queue_/ && index($1, what) { n += $2 } END { print n + 0 }'; }
card_since() { echo $(($(card "$1") - $(<"card.$1"))); }

# --- How it is read: one line for each number, without zeros ---------------------------------------------------------

by_json() {
    run counters outer --json | tee counters.json | jq -r '.[0] | "packets \(.packets)",
        (.rows[] | "row \(.id) \(.packets)"), (.reasons[] | "reason \(.reason) \(.verdict) \(.packets)"),
        (.ports[] | "port drop \(.transport) \(.port) \(.dropped)",
                    "port would-drop \(.transport) \(.port) \(.would_drop)")' | sum
}

by_text() {
    local by
    for by in row port reason; do
        run counters outer --by $by | sed '/^outer, from-role/,$d' | awk -v by=$by '
            /^outer, to-role/ { if (by == "row") print "packets", $3; next }
            /^[A-Z(]/ { next }
            by == "row" { print "row", $1, $2 }
            by == "reason" { print "reason", $1, $2, $3 }
            by == "port" { print "port drop", $1, $2, $3; print "port would-drop", $1, $2, $4 + 0 }'
    done | sum
}

# by_metrics TEXT   of the exposition format.
by_metrics() {
    sed -nE 's/^lyncxdp_([a-z_]*packets_total)\{interface="outer",hook="to-role",/\1,/p' "$1" | sed -E '
        s/^packets_total,reason="(.*)",verdict="(.*)"\}/reason \1 \2/
        s/^row_packets_total,row="(.*)"\}/row \1/
        s/^port_(dropped|would_drop)_packets_total,transport="(.*)",port="(.*)"\}/port \1 \2 \3/
        s/^port dropped/port drop/; s/^port would_drop/port would-drop/' |
        awk '{ print } /^reason/ { print "packets", $NF }' | sum
}

# by_top PACKETS   once it has noticed so many.
by_top() {
    shows "packets $1\$" >&2 || return
    screen | sed -nE 's/.* (packets [0-9]+)$/\1/p'
    tmux send-keys -t view r && shows '^ROW' >&2 || return
    screen | awk '/^mixed/ { print "row", $1, $4 }'
    tmux send-keys -t view e && shows '^REASON' >&2 || return
    screen | awk '$2 ~ /^(pass|drop|would-drop)$/ { print "reason", $1, $2, $5 }'
    tmux send-keys -t view p && shows '^TRANSPORT' >&2 || return
    screen | awk '$1 ~ /^(tcp|udp)$/ { print "port drop", $1, $2, $4; print "port would-drop", $1, $2, $5 }'
}

# others UNNAMED…   Of lines, the ports that have no series in the last scrape, or are UNNAMED, become `other`.
others() {
    local unnamed="$*"
    sed -nE 's/^lyncxdp_port_dropped.*outer",hook="to-role",transport="(.*)",port="(.*)".*/\1 \2/p' metrics >named
    awk -v unnamed=" $unnamed " 'NR == FNR { named[$0] = 1; next }
        $1 == "port" && (!(($3 " " $4) in named) || index(unnamed, " " $3 "/" $4 " ")) { $4 = "other" } { print }' \
        named - | sum
}

get() { curl -sS --fail --max-time 20 "$1$2"; }

# The exporter's page shows the ten largest of everything, and sums.
by_page() {
    jq -r '.attachments[] | select(.interface == "outer") | .hooks[] | select(.hook == "to-role") |
        (.rows[] | "row \(.id) \(.packets)"),
        (.reasons[] | "reason \(.reason) drop \(.dropped)", "reason \(.reason) would-drop \(.would_drop)"),
        (.ports[] | "port drop \(.transport) \(.port) \(.dropped)",
                    "port would-drop \(.transport) \(.port) \(.would_drop)")' page.json | sum
}
page_sums() { # each verdict and all of its packets
    jq -r '.attachments[] | select(.interface == "outer") | .hooks[] | select(.hook == "to-role") |
        "pass \(.passed)", "drop \(.dropped)", "would-drop \(.would_drop)"' page.json | sum
}
# largest   of the ports of lines: ten numbers.
largest() { grep '^port' | sed 's/.* //' | sort -rn | head -n 10; }

# The same lines; what differs is shown.
same() { diff "$1" "$2"; }

# --- A time of traffic -------------------------------------------------------------------------------------------------

# Starts an exporter on a port of the kernel's choice; its address is left in the file NAME.
export_as() {
    local name=$1
    shift
    "$LYNCXDP" exporter --listen 127.0.0.1:0 "$@" >"$name.said" 2>&1 &
    started="$started $!"
    until_true 60 grep '^answering at ' "$name.said" || exit
    sed -n 's/^answering at //p' "$name.said" >"$name"
}

# Ten times a second, for as long as packets come.
keep_scraping() {
    local count=1000
    while [ ! -e enough ]; do
        count=$((count + 1))
        get "$(<some)" metrics >"scrapes/$count" || touch scrapes/failed
        sleep 0.1
    done
}

# In every way that there is, from one policy to the other and back.
keep_updating() {
    local turns=0
    while [ ! -e enough ]; do
        {
            run update outer --policy b.yaml && run update outer --policy a.yaml &&
                run update outer --policy b.yaml --shadow && run promote outer &&
                run update outer --policy a.yaml --try 60 && run rollback outer &&
                run update outer --policy a.yaml --try 60 && run confirm outer
        } >update.said 2>&1 || { cp update.said update.failed; return; }
        echo $((++turns)) >turns
    done
}

# traffic SHARE updates|quiet ATTACH OPTION…   Attaches anew, and sends. A frame that was lost before the card saw it,
# which happens where others keep the machine busy, is nobody's; then it begins again, at half the rate.
traffic() {
    local share=$1 updates=$2 what helper helpers tries=4
    shift 2
    while [ $((tries--)) -gt 0 ]; do
        rm -rf scrapes enough turns update.failed
        mkdir scrapes
        run detach outer >/dev/null 2>&1
        run attach outer --role mixed --policy a.yaml --set self=198.51.100.1,198.51.100.2,2001:db8::1,2001:db8::2 \
            "$@" >attached || return
        for what in packets bytes drops; do card $what >card.$what; done
        keep_scraping &
        started="$started $!"
        helpers=$!
        if [ "$updates" = updates ]; then
            keep_updating &
            helpers="$helpers $!"
        fi
        send "$share"
        touch enough
        for helper in $helpers; do reap "$helper"; done
        [ "$(sent lost)" -ne 0 ] || break
        echo "# $(sent lost) frames were lost before the card; once more, more slowly"
        rate=$((rate / 2))
    done
    sleep 0.6 # longer than an answer is shared
    get "$(<some)" metrics >metrics
    get "$(<all)" metrics >all.metrics
    get "$(<some)" state.json >page.json
}

# Counters of one scrape that are less than in the one before it, or gone.
fallen() {
    local before='' scrape
    for scrape in scrapes/1*; do
        [ -z "$before" ] || awk 'NR == FNR { if (/^lyncxdp_[a-z_]*_total/) was[$1] = $2; next }
            /^lyncxdp_[a-z_]*_total/ { if ($1 in was && $2 + 0 < was[$1] + 0) print $1, was[$1], $2; seen[$1] = 1 }
            END { for (name in was) if (!(name in seen)) print "gone", name }' "$before" "$scrape"
        before=$scrape
    done
}

rising() {
    prints_nothing fallen && [ "$(cat scrapes/1* | grep 'hook="to-role",reason="row"' | sort -u | wc -l)" -gt 2 ]
}

# agree WHEN VERDICT UNNAMED…   Every view tells the lines in `right`.
agree() {
    local when=$1 verdict=$2 packets
    shift 2
    packets=$(sed -n 's/^packets //p' right)
    by_text >text
    check "$when: counters in text tells the same" same right text
    by_top "$packets" >top.lines 2>top.said
    sum <top.lines >top
    check "$when: so does top" same right top
    by_metrics all.metrics >all.lines
    check "$when: so does an exporter with --all-ports" same right all.lines
    others "$@" <right >right.others
    by_metrics metrics | others "$@" >metrics.lines
    check "$when: so does one that names some ports, with the rest in one" same right.others metrics.lines
    check "$when: and there is a rest" grep -E "^port $verdict (tcp|udp) other [1-9]" metrics.lines
    by_page >page
    check "$when: what its page shows is the same" prints_nothing comm -13 right page
    check "$when: all rows and reasons" same <(grep -E "^(row|reason .* $verdict )" right) <(grep -v ^port page)
    check "$when: and the ports with most" same <(largest <right) <(largest <page)
    check "$when: and its sums" same <(sed -n 's/^reason [^ ]* //p' right | sum) <(page_sums)
    check "$when: bytes are the card's" is "$(jq '[.[0].reasons[].bytes] | add' counters.json) $(
        awk '/^lyncxdp_bytes_total\{interface="outer",hook="to-role"/ { n += $NF } END { print n }' metrics)" \
        "$(card_since bytes) $(card_since bytes)"
    check "$when: an exporter that was asked all the time always answered" [ ! -e scrapes/failed ]
    check "$when: with more every time" rising
}

# arrived WHEN SHARE
arrived() {
    check "$1: all of it is sent" is "$(sent made)" $((1000000 / $2))
    check "$1: and arrives" is "$(sent lost) $(sent taken) $(card_since packets)" "0 $(sent made) $(sent made)"
}

tmux new-session -d -s view -x 120 -y 50 "TERM=screen '$LYNCXDP' top"
export_as some outer
export_as all outer --all-ports

# --- One policy --------------------------------------------------------------------------------------------------------

traffic 1 quiet || exit
arrived "one policy" 1
expected 1 drop >right
by_json >json
check "one policy: counters tells each port, row and reason as it was sent" same right json
check "one policy: what the card dropped is what was counted so" is "$(card_since drops)" \
    "$(jq '[.[0].reasons[] | select(.verdict == "drop").packets] | add' counters.json)"
agree "one policy" drop

# --- Policies that change all the time -----------------------------------------------------------------------------------

# settled   Of lines, what a port that one policy lists and the other does not came to, be it one or the other.
settled() {
    sed -E 's/^row mixed\/first /either 7001 /; s/^row mixed\/second /either 7002 /; s/^port drop udp (7001|7002) /either \1 /
        s/^reason (row pass|no-row drop) /reason row-or-no-row /' | sum
}

traffic 1 updates || exit
arrived "updates" 1
by_json >right
check "updates: there were some, each as it should be" eval '[ ! -e update.failed ] && [ "$(<turns)" -gt 1 ]'
check "updates: counters tells each port, row and reason as it was sent" same <(expected 1 drop | settled) <(settled <right)
check "updates: what was let in was let in by the rows" is "$(sed -n 's/^reason row pass //p' right)" \
    "$(awk '/^row/ { n += $NF } END { print n }' right)"
check "updates: and there were times of either policy" \
    is "$(grep -cE '^(row mixed/(first|second)|port drop udp (7001|7002)) ' right)" 4
check "updates: what the card dropped is what was counted so" is "$(card_since drops)" \
    "$(jq '[.[0].reasons[] | select(.verdict == "drop").packets] | add' counters.json)"
# When an exporter first saw either policy, which gives its port a series of its own, is all that is not known.
agree "updates" drop udp/7001 udp/7002
echo "# $(<turns) turns of 8 changes each, $(find scrapes -name '1*' | wc -l) scrapes"

# --- Audit ---------------------------------------------------------------------------------------------------------------

traffic 10 quiet --audit || exit
arrived "audit" 10
expected 10 would-drop >right
by_json >json
check "audit: counters tells each port, row and reason as it was sent" same right json
check "audit: the card dropped nothing" is "$(card_since drops)" 0
agree "audit" would-drop
finish
