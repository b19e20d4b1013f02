#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What an attachment takes of the kernel's memory, as the kernel itself accounts for its maps and programs, and how long
# the image of each policy is, which packets read. Prints one JSON document. Needs root; everything happens in a
# namespace of its own.

set -u
# shellcheck source=tests/sandbox.sh
. "$(dirname "${BASH_SOURCE[0]}")/../sandbox.sh"
# shellcheck source=tests/bench/ground.sh
. "$tree/tests/bench/ground.sh"

shopt -s globstar
own_ground
outer_and_far

# programs DIRECTORY   Those that are pinned there.
programs() {
    local pin
    for pin in "$1"/**; do
        bpftool -j prog show pinned "$pin" 2>/dev/null | jq -c 'select(.id)'
    done
}

# maps DIRECTORY   Those that are pinned there or used by those programs, and what stands in maps of maps, once each.
maps() {
    local pin ids id value inner=()
    ids=$({
        programs "$1" | jq '.map_ids[]'
        for pin in "$1"/**; do bpftool -j map show pinned "$pin" 2>/dev/null | jq '.id // empty'; done
    } | sort -un)
    for id in $ids; do
        bpftool -j map show id "$id"
        while read -r -a value; do
            inner+=($((value[0] | value[1] << 8 | value[2] << 16 | value[3] << 24)))
        done < <(bpftool -j map show id "$id" | jq -e '.type == "array_of_maps"' >/dev/null &&
            bpftool -j map dump id "$id" | jq -r '.[].value | join(" ")')
        for value in "${inner[@]}"; do bpftool -j map show id "$value" | jq -c --argjson of "$id" '. + {inner: $of}'; done
        inner=()
    done
}

# account SUBJECT POLICY DIRECTORY FILTER   FILTER is a condition (jq) for what is of interest.
account() {
    progress "memory: $1, $2"
    { maps "$3"; programs "$3" | jq -c '. + {program: true}'; } | jq -sc --arg subject "$1" --arg policy "$2" '
        def what: if .program then "programs" elif .inner then "images" else
            {flows: "flow table", counters: "per-CPU counters of rows and reasons", ports: "per-CPU counters of ports",
             own_ports: "counters of own ports",
             fragments: "fragments", labels: "names of what is counted", publications: "published policies"}[.name] //
            "the rest" end;
        def entry(what; value): {part: "memory", $subject, $policy, what: what, unit: "bytes", round: 1, value: value} |
            select(.what | '"$4"');
        map({what: what, bytes: .bytes_memlock}) as $all |
        ($all | group_by(.what)[] | entry(.[0].what; map(.bytes) | add)),
        entry("beside flow table and per-CPU counters";
            [$all[] | select(.what | . != "flow table" and (startswith("per-CPU") | not)).bytes] | add),
        entry("all"; [$all[].bytes] | add)' >>"$lines"
}

# attachment ROLE SITE NAME   The image's length, and the memory when it is attached and after an update, when the former
# policy is kept as well.
attachment() {
    local site=$work/$3.yaml
    "$LYNCXDP" check "$tree/policies/lync2010.yaml" --role "$1" --site "$2" |
        jq -Rc --arg policy "$3" 'capture("an image of (?<value>[0-9]+) bytes").value | tonumber |
            {part: "memory", subject: "lyncxdp", $policy, what: "image", unit: "bytes", round: 1, value: .}' >>"$lines"
    cp "$2" "$site"
    "$LYNCXDP" attach outer --role "$1" --site "$site" >/dev/null || fail "cannot attach $3"
    account lyncxdp "$3" /sys/fs/bpf/lyncxdp true
    "$LYNCXDP" update outer --set another=203.0.113.9 >/dev/null || fail "cannot update $3"
    account lyncxdp "$3, updated" /sys/fs/bpf/lyncxdp '. == "images" or startswith("beside") or . == "all"'
    "$LYNCXDP" detach outer >/dev/null || fail "cannot detach $3"
}

crowded_site 0 >"$work/crowded"
attachment av-edge "$contoso" av-edge
attachment consolidated-edge "$contoso" consolidated-edge
attachment av-edge "$work/crowded" "av-edge, $crowd"
if command -v xdp-filter >/dev/null; then
    rows=$(inbound av-edge "$contoso")
    { xdp-filter load outer --mode native --policy deny && xdp_filter_rules; } >/dev/null || fail "cannot set up xdp-filter"
    account xdp-filter av-edge /sys/fs/bpf/xdp-filter '. == "all"'
    xdp-filter unload outer >/dev/null
else
    skip memory xdp-filter "it is not installed"
fi
progress
document
