#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The benchmark's figures for people: reads documents of tests/bench (arrays of objects) from the named files or from
# standard input, and prints a table for each part. What the entries of a part have makes its columns.

set -u
entries=$(jq -cs 'add' "$@") || exit
heads='[.[] | select(.part == $part)] as $all | [$all[] | select(has("skipped") | not)] as $rows |
    ([$rows[].unit] | unique) as $units |
    (reduce ($rows[] | keys_unsorted[]) as $key ([]; if index([$key]) then . else . + [$key] end) -
        ["part", "remark", "rounds"] - if all($rows[]; .rounds == 1) then ["min", "max"] else [] end - if ($units | length) == 1 then ["unit"] else [] end) as $columns |'
cells='def cell($unit):
        if . == null then "" elif type != "number" then tostring
        elif $unit == "bytes" and . >= 10240 then "\(. / 1024 | round) KiB"
        elif . >= 1e6 then "\(. / 1e4 | round / 100) M"
        elif . >= 100 then round | tostring
        else . * 100 | round / 100 | tostring end;'

about() {
    jq -r --arg part "$part" "$cells $heads $1" <<<"$entries"
}

while read -r part; do
    about '"\($part)" + if ($units | length) == 1 then ", \($units[0])" else "" end'
    right=$(about '[$columns | to_entries[] | select(any($rows[][.value]; type == "number")) | .key + 1 | tostring] | join(",")')
    about '($columns | map(ascii_upcase | gsub("_"; " "))),
        ($rows[] | . as $row | [$columns[] | . as $column | $row[$column] | cell($row.unit)] +
            [if .remark then "(\(.remark))" else "" end]) | @tsv' |
        LC_ALL=C.UTF-8 column -t -s $'\t' ${right:+-R "$right"}
    about '$all[] | select(has("skipped")) | "\(.subject): left out: \(.skipped)"'
    echo
done < <(jq -r '(reduce .[].part as $part ([]; if index([$part]) then . else . + [$part] end))[]' <<<"$entries")
