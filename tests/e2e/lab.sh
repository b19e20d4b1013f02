#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The lab's matrices as tests: without a filter everything gets through, and under each act's filters every probe ends
# as tests/lab/probes.txt says.
# alone: there is one lab on a machine

set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/tap.sh
. "$here/../tap.sh"
# shellcheck source=tests/lab/lab.sh
. "$here/../lab/lab.sh"

# matrix ACT CONDITION   one test for each probe of an act.
matrix() {
    local name from expected seen promise
    lab_matrix "$1" || check "$2: the probes run to their end" false
    while IFS='|' read -r name from expected seen; do
        promise="$2: $name ($from) gets through"
        [ "$expected" = pass ] || promise="$2: $name ($from) is dropped"
        check "$promise" [ "$seen" = "$expected" ]
    done <"$LAB_RUN/matrix"
}

# counted_once HOST INTERFACE   every reason's packets, against what the hook says it saw.
counted_once() {
    lab_lyncxdp "$1" counters "$2" --json |
        jq -e 'length > 0 and all(.[]; .packets > 0 and .packets == ([.reasons[].packets] | add))'
}

# counted_port HOST INTERFACE HOOK TRANSPORT PORT MEMBER   the counters have packets of a port that were `dropped`, or
# that `would_drop`.
counted_port() {
    lab_lyncxdp "$1" counters "$2" --json |
        jq -e --arg hook "$3" --arg transport "$4" --arg port "$5" --arg member "$6" 'any(.[] | select(.hook == $hook) |
            .ports[]; (.transport | ascii_downcase) == $transport and .port == $port and .[$member] > 0)'
}

# counted_reason HOST INTERFACE HOOK VERDICT REASON
counted_reason() {
    lab_lyncxdp "$1" counters "$2" --json |
        jq -e --arg hook "$3" --arg verdict "$4" --arg reason "$5" 'any(.[] | select(.hook == $hook) |
            .reasons[]; .reason == $reason and .verdict == $verdict and .packets > 0)'
}

# flows HOST INTERFACE FILTER   what jq must find true of the flows.
flows() {
    local list
    list=$(lab_lyncxdp "$1" flows "$2" --json)
    jq -e "$3" <<<"$list" || { jq -c '.[]' <<<"$list"; false; }
}

# The Edge fetches something from port 40062, and closes.
fetch() {
    lab_in edge curl -sS --fail --local-port 40062 -o /dev/null http://203.0.113.10/authority.crl
}

# What looks like more of the answer to that is passed, or dropped.
more_of_the_answer() {
    [ "$(lab_probe inet stray-ack 10.45.16.10 40062 203.0.113.10 80)" = "$1" ]
}

answer_dropped() {
    more_of_the_answer drop && counted_port edge ext0 to-role tcp 40062 dropped
}

answer_passed() {
    more_of_the_answer pass && ! counted_port edge ext0 to-role tcp 40062 dropped
}

# Ten seconds after the Edge's last packet.
closed_flow_expired() {
    until_true 60 flows edge ext0 'all(.[]; .role != "10.45.16.10:40062")'
}

# no_media_lost ACT   by any of its clients, each of which says what it sent and received.
no_media_lost() {
    sed -nE 's/.*: sent ([0-9]+), received ([0-9]+)$/\1 \2/p' "$LAB_RUN/results.$1"/*.log |
        awk '{ sent += $1; lost += $1 - $2 } END { print lost + 0, "lost of", sent + 0; exit sent < 300 || lost }'
}

# mishap RULE HOST PROBE…   a probe is broken while the Edge's own firewall drops something: that is behind the filter
# and none of its doing. It would try again for a minute, were there no $patience.
mishap() {
    local seen
    lab_in edge nft "add table inet mishap; add chain inet mishap in { type filter hook input priority 0; };
        add rule inet mishap in $1" || return
    seen=$(LAB_PATIENCE=${patience:-60} lab_probe "${@:2}")
    lab_in edge nft delete table inet mishap
    echo "seen: $seen"
    cat "$LAB_RUN/one.log"
    [ "$seen" = broken ]
}

# lossy HOST PROBE…   so it is when one packet of media in fifty does not arrive, and what is missing has been counted.
lossy() {
    mishap "udp dport 50000-59999 numgen inc mod 50 0 drop" "$@" && grep 'sent 100, received 9[0-9]$' "$LAB_RUN/one.log"
}

# nothing_left HOST INTERFACE   neither a program on either hook, nor pins, nor anything that status knows.
nothing_left() {
    local link pins
    link=$(lab_in "$1" ip -o link show dev "$2") || return
    pins=/sys/fs/bpf/lyncxdp/$(stat -Lc %i "/run/netns/lx-$1")-${link%%:*}
    [[ $link != *xdp* && $(lab_in "$1" tc qdisc show dev "$2") != *clsact* ]] && [ ! -e "$pins" ] &&
        ! lab_lyncxdp "$1" status "$2"
}

lab_check_tools && lab_check_program && lab_lock || exit
lab_down_at_exit

check "the lab comes up" lab_up
matrix none "no filter"
patience=2 check "the lab notices that nobody listens" mishap "tcp dport 1 drop" inet echo-tcp 10.45.16.30 3390
patience=2 check "the lab notices a drop that is not the filter's" \
    mishap "tcp dport 443 drop" inet tls 10.45.16.20 443 edge
patience=2 check "the lab notices that a forged packet is not heard" \
    mishap "udp dport 50001 drop" rogue forged-udp 10.45.16.30 50001 10.45.16.20
check "the lab notices that a packet of relayed media is lost" lossy inet turn-udp 10.45.16.30 3478
check "the lab notices that a packet of a call is lost" lossy inet media 10.45.16.30 3478 172.25.33.10 3478

check "av-edge attaches with nothing but a role" lab_filter av-edge
matrix av-edge "av-edge alone"
check "av-edge alone: no media is lost" no_media_lost av-edge
check "av-edge alone: every packet was counted once" counted_once edge ext0
check "av-edge alone: the drops on 3389/tcp were counted" counted_port edge ext0 to-role tcp 3389 dropped
check "av-edge alone: the drops on 5060/udp were counted" counted_port edge ext0 to-role udp 5060 dropped
check "av-edge alone: the forged 127.0.0.1 was counted as a martian" counted_reason edge ext0 to-role drop martian
lab_unfilter

check "the site's filters attach" lab_filter site
check "whole site: the Edge fetches over HTTP" fetch
check "whole site: a late packet of the answer still passes" answer_passed
matrix site "whole site"
check "whole site: no media is lost" no_media_lost site
while read -r host _ interface _; do
    check "whole site: every packet of $interface of lx-$host was counted once" counted_once "$host" "$interface"
done < <(lab_filters_of site)
for where in "edge ext0" "edge int0" "rp ext0"; do
    # shellcheck disable=SC2086 # a host and its interface
    check "whole site: the drops on 3389/tcp at ${where#* } of lx-${where% *} were counted" \
        counted_port $where to-role tcp 3389 dropped
done
check "whole site: the forged address of the Edge was counted as spoofed" counted_reason edge ext0 to-role drop spoofed
check "whole site: answers to listed requests passed by their flows" counted_reason edge ext0 to-role pass flow
check "whole site: answers to unlisted requests passed, counted apart" \
    counted_reason edge ext0 to-role pass reply-unlisted
check "whole site: the router's ICMP errors passed" counted_reason edge ext0 to-role pass icmp-error
check "whole site: the forged ICMP errors were dropped as unrelated" \
    counted_reason edge ext0 to-role drop icmp-error-unrelated
check "whole site: the imitated answer's drop was counted" counted_port edge ext0 to-role udp 40053 dropped
for port in tcp/25 tcp/8443 udp/123; do
    check "whole site: what the Edge sent to $port was counted as would-drop" \
        counted_port edge ext0 from-role "${port%/*}" "${port#*/}" would_drop
done
check "whole site: what the reverse proxy sent to the pool's 445/tcp was counted as would-drop" \
    counted_port rp int0 from-role tcp 445 would_drop
check "whole site: the Edge's DNS questions are flows of their row" \
    flows edge ext0 'any(.[]; .row == "access-edge/external/dns-out")'
check "whole site: nothing that the Internet began is a flow" \
    flows edge ext0 'all(.[]; .transport == "echo" or (.remote | test(":(25|53|80|123|5061|8443)$|^\\[.*:3478$")))'
check "whole site: the closed flow expires" closed_flow_expired
check "whole site: the same packet is dropped once the closed flow has expired" answer_dropped
lab_unfilter

check "the site's filters attach with --egress enforce" lab_filter enforce
matrix enforce "egress enforced"
check "egress enforced: no media is lost" no_media_lost enforce
while read -r host _ interface _; do
    check "egress enforced: every packet of $interface of lx-$host was counted once" counted_once "$host" "$interface"
done < <(lab_filters_of enforce)
for port in tcp/25 tcp/8443 udp/123; do
    check "egress enforced: what the Edge sent to $port was counted as dropped" \
        counted_port edge ext0 from-role "${port%/*}" "${port#*/}" dropped
done
check "egress enforced: a source that is not the Edge's was counted as spoofed" \
    counted_reason edge ext0 from-role drop spoofed
check "egress enforced: no flow is unlisted" flows edge ext0 'length > 0 and all(.[]; .row != null)'
lab_unfilter
while read -r host _ interface _; do
    check "after detach: nothing is left on $interface of lx-$host" nothing_left "$host" "$interface"
done < <(lab_filters_of site)
matrix none "after detach"
finish
