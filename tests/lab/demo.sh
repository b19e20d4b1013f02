#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What `make demo` runs: raises the lab, attaches lyncxdp as its users would, drives real clients from each side and
# shows what got through beside what should have. Exits non-zero on any difference, and leaves nothing behind.

set -u
# shellcheck source=tests/lab/lab.sh
. "$(dirname "${BASH_SOURCE[0]}")/lab.sh"

good='' bad='' strong='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    good=$'\e[32m' bad=$'\e[31m' strong=$'\e[1m' plain=$'\e[0m'
fi
mismatches=0

heading() {
    printf '\n%s== %s%s\n\n' "$strong" "$1" "$plain"
}

# Reads name|from|expected|seen; counts the mismatches.
table() {
    local name from expected seen verdict
    printf '%s%-47s %-7s %-9s %-5s %s%s\n' "$strong" probe from expected seen verdict "$plain"
    while IFS='|' read -r name from expected seen; do
        verdict=${good}ok$plain
        [ "$expected" = "$seen" ] || verdict=${bad}FAIL$plain mismatches=$((mismatches + 1))
        printf '%-47s %-7s %-9s %-5s %s\n' "$name" "$from" "$expected" "$seen" "$verdict"
    done
}

# Without a filter every probe gets through: only then does a drop say something about the filter.
control() {
    local stopped
    heading 'Without a filter: every probe must get through, or the lab proves nothing'
    lab_matrix none || return
    stopped=$(grep -v '|pass$' "$LAB_RUN/matrix")
    echo "$(grep -c '|pass$' "$LAB_RUN/matrix") of $(wc -l <"$LAB_RUN/matrix") probes got through."
    [ -z "$stopped" ] || {
        table <<<"$stopped"
        echo 'The lab itself is at fault. What its probes and servers printed is kept in:'
        lab_keep_logs
        return 1
    }
}

# Copies what probes and servers printed to where it survives the lab.
lab_keep_logs() {
    local kept
    kept=$(mktemp -d /tmp/lyncxdp-demo.XXXXXX) && cp -r "$LAB_RUN"/*.log "$LAB_RUN"/results.* "$kept" && echo "$kept"
}

# act NAME TITLE
act() {
    heading "$2"
    lab_filter "$1" || return
    echo
    lab_matrix "$1" && table <"$LAB_RUN/matrix" && "views_$1" && lab_unfilter
}

# What an operator would look at afterwards: views_ACT.
views_av-edge() {
    view edge status ext0 && view edge counters ext0
}

views_site() {
    local host interface
    while read -r host _ interface _; do
        view "$host" status "$interface" && view "$host" counters "$interface" || return
    done < <(lab_filters_of site)
    view edge flows ext0
}

views_enforce() {
    view edge counters ext0 --by reason && view rp counters int0 --by reason
}

view() {
    echo && lab_lyncxdp_shown "$@"
}

demo() {
    heading 'Raising the lab: the single consolidated edge of the reference architecture, in network namespaces'
    sed -n '/^#   lx-inet  203/,/^#   addresses/s/^#//p' "$LAB_HOME/lab.sh"
    lab_up && control &&
        act av-edge 'The A/V Edge alone, in one line and without a site file' &&
        act site 'The whole site: both sides of the Edge, and of the reverse proxy' &&
        act enforce 'The same with --egress enforce: what the roles send must be listed as well' || return
    heading "Done in $SECONDS seconds"
    if [ "$mismatches" -ne 0 ]; then
        echo "${bad}$mismatches probes did not end as expected.$plain"
        return 1
    fi
    echo "${good}Everything ended as expected.$plain"
}

lab_check_tools && lab_check_program && lab_lock || exit
lab_down_at_exit
demo
