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

# Every reason's packets of every hook, against what the hook says it saw.
counted_once() {
    lab_lyncxdp "$1" counters --json | jq -e 'length > 0 and all(.packets == ([.reasons[].packets] | add))'
}

# counted_port HOST TRANSPORT PORT   the drops of a port are in the counters.
counted_port() {
    lab_lyncxdp "$1" counters --json |
        jq -e --arg transport "$2" --arg port "$3" \
            'any(.[].ports[]; (.transport == $transport) and (.port == $port) and (.dropped > 0))'
}

nothing_left() {
    [ "$(lab_lyncxdp edge status --json | jq length)" -eq 0 ] && [ "$(lab_lyncxdp rp status --json | jq length)" -eq 0 ]
}

lab_check_tools && lab_check_program && lab_lock || exit
lab_down_at_exit

check "the lab comes up" lab_up
matrix none "no filter"

check "av-edge attaches with nothing but a role" lab_filter av-edge
matrix av-edge "av-edge alone"
check "av-edge: every packet was counted once" counted_once edge
check "av-edge: the drops on 3389/tcp were counted" counted_port edge tcp 3389
check "av-edge: the drops on 5060/udp were counted" counted_port edge udp 5060
lab_unfilter

check "the site's filters attach" lab_filter site
matrix site "whole site"
for host in edge rp; do
    check "site: every packet of lx-$host was counted once" counted_once $host
    check "site: the drops on 3389/tcp at lx-$host were counted" counted_port $host tcp 3389
done
lab_unfilter
check "nothing is attached after detach" nothing_left
matrix none "after detach"
finish
