#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What a packet of each class costs by test runs (packet_cost.c), with xdp-filter beside it where there is one: of the
# peers only it is a program that a test run can be made of. Prints one JSON document. Needs root.

set -u
# shellcheck source=tests/sandbox.sh
. "$(dirname "${BASH_SOURCE[0]}")/../sandbox.sh"
# shellcheck source=tests/bench/ground.sh
. "$tree/tests/bench/ground.sh"

cd "$tree" || exit
own_ground
outer_and_far
rows=$(inbound av-edge "$contoso") || fail 'the rows of av-edge cannot be told'

# In the same form as the rest: it judges by ports alone, so that some of its verdicts are others.
beside=()
if ! command -v xdp-filter >/dev/null; then
    skip packet xdp-filter 'not installed'
elif xdp-filter load outer --mode native --policy deny >/dev/null && xdp_filter_rules env; then
    id=$(ip -j link show outer | jq '.[0].xdp.prog.id')
    beside=(--beside "xdp-filter=$id")
else
    skip packet xdp-filter 'it does not load'
fi
jq -s 'add' <("$tree/build/tests/bench/packet_cost" "${beside[@]}") <(jq -s . "$lines")
