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
    lab_matrix "$1"
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

# What looks like more of the answer to that: 203.0.113.10:80 -> 10.45.16.10:40062, ACK.
more_of_the_answer() {
    # shellcheck disable=SC2016 # expanded by the inner shell
    lab_in inet bash -c '. "$0/lab.sh" && lab_raw "$@"' "$LAB_HOME" 6 10.45.16.10 \
        00509c7e00000001000000015010ffff00000000 && sleep 0.2
}

answer_dropped() {
    more_of_the_answer && counted_port edge ext0 to-role tcp 40062 dropped
}

answer_passed() {
    more_of_the_answer && ! counted_port edge ext0 to-role tcp 40062 dropped
}

# media ACT   datagrams of media that were sent and that were lost, by turnutils_uclient and by the lab's own clients.
media() {
    sed -nE 's/.*start_mclient: tot_send_msgs=([0-9]+), tot_recv_msgs=([0-9]+).*/\1 \2/p
        s/.*: sent ([0-9]+), received ([0-9]+)$/\1 \2/p' "$LAB_RUN/results.$1"/*.log |
        awk '{ sent += $1; lost += $1 - $2 } END { print sent + 0, lost + 0 }'
}

# no_more_lost ACT   than without the filter.
no_more_lost() {
    local sent lost before
    read -r _ before < <(media none)
    read -r sent lost < <(media "$1")
    echo "without: $before lost; with: $lost lost of $sent"
    [ "$sent" -ge 200 ] && [ "$lost" -le "$before" ]
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

check "av-edge attaches with nothing but a role" lab_filter av-edge
matrix av-edge "av-edge alone"
check "av-edge alone: no media is lost that is not lost without it" no_more_lost av-edge
check "av-edge alone: every packet was counted once" counted_once edge ext0
check "av-edge alone: the drops on 3389/tcp were counted" counted_port edge ext0 to-role tcp 3389 dropped
check "av-edge alone: the drops on 5060/udp were counted" counted_port edge ext0 to-role udp 5060 dropped
check "av-edge alone: the forged 127.0.0.1 was counted as a martian" counted_reason edge ext0 to-role drop martian
lab_unfilter

check "the site's filters attach" lab_filter site
check "whole site: the Edge fetches over HTTP" fetch
check "whole site: a late packet of the answer still passes" answer_passed
closed=$SECONDS
matrix site "whole site"
check "whole site: no media is lost that is not lost without it" no_more_lost site
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
sleep $((closed + 12 > SECONDS ? closed + 12 - SECONDS : 0))
check "whole site: the same packet is dropped once the closed flow has expired" answer_dropped
lab_unfilter

check "the site's filters attach with --egress enforce" lab_filter enforce
matrix enforce "egress enforced"
check "egress enforced: no media is lost that is not lost without it" no_more_lost enforce
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
