#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The lab's matrices as tests: without a filter everything gets through, and under each act's filters every probe ends
# as tests/lab/probes.txt says.

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

# counted_port HOST INTERFACE TRANSPORT PORT   the drops of a port are in the counters.
counted_port() {
    lab_lyncxdp "$1" counters "$2" --json |
        jq -e --arg transport "$3" --arg port "$4" \
            'any(.[].ports[]; (.transport | ascii_downcase) == $transport and .port == $port and .dropped > 0)'
}

# counted_reason HOST INTERFACE REASON
counted_reason() {
    lab_lyncxdp "$1" counters "$2" --json |
        jq -e --arg reason "$3" 'any(.[].reasons[]; .reason == $reason and .packets > 0)'
}

# nothing_left HOST INTERFACE   neither a program on it, nor pins, nor anything that status knows.
nothing_left() {
    local link pins
    link=$(lab_in "$1" ip -o link show dev "$2") || return
    pins=/sys/fs/bpf/lyncxdp/$(stat -Lc %i "/run/netns/lx-$1")-${link%%:*}
    [[ $link != *xdp* ]] && [ ! -e "$pins" ] && ! lab_lyncxdp "$1" status "$2"
}

lab_check_tools && lab_check_program && lab_lock || exit
lab_down_at_exit

check "the lab comes up" lab_up
matrix none "no filter"

check "av-edge attaches with nothing but a role" lab_filter av-edge
matrix av-edge "av-edge alone"
check "av-edge alone: every packet was counted once" counted_once edge ext0
check "av-edge alone: the drops on 3389/tcp were counted" counted_port edge ext0 tcp 3389
check "av-edge alone: the drops on 5060/udp were counted" counted_port edge ext0 udp 5060
check "av-edge alone: the forged 127.0.0.1 was counted as a martian" counted_reason edge ext0 martian
lab_unfilter

check "the site's filters attach" lab_filter site
matrix site "whole site"
while read -r host _ interface _; do
    check "whole site: every packet of $interface of lx-$host was counted once" counted_once "$host" "$interface"
    check "whole site: the drops on 3389/tcp at $interface of lx-$host were counted" \
        counted_port "$host" "$interface" tcp 3389
done < <(lab_filters_of site)
check "whole site: the forged address of the Edge was counted as spoofed" counted_reason edge ext0 spoofed
lab_unfilter
while read -r host _ interface _; do
    check "after detach: nothing is left on $interface of lx-$host" nothing_left "$host" "$interface"
done < <(lab_filters_of site)
matrix none "after detach"
finish
