#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The picture of growth: nanoseconds a packet over the number of partner addresses, and over that of rows, as SVG on
# standard output. Reads what growth.c writes from the named file.

set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# curve MEMBER PACKET FILE   "x median min max" a line; what stands at 0 is drawn at 1, for the scale is logarithmic.
curve() {
    jq -r --arg member "$1" --arg packet "$2" '.[] | select(has($member) and .packet == $packet) |
        "\([.[$member], 1] | max) \(.median) \(.min) \(.max)"' "$4" >"$work/$3"
}

curve partners 'closed port' closed "$1"
curve partners 'passed, from a partner' partner "$1"
curve partners 'dropped, from a stranger' stranger "$1"
curve partners "dropped, from a partner's neighbour" neighbour "$1"
curve rows 'passed by the last row' rows "$1"
cd "$work"
gnuplot <<'E2'
set terminal svg size 900,420 font "sans-serif,12" background "white"
set multiplot layout 1,2
set logscale x
set yrange [0:*]
set grid
set key bottom right
set ylabel "ns a packet (median; bars: least and most)"
set xlabel "partner addresses (1 stands for none)"
set xrange [0.7:150000]
plot "closed" with yerrorlines pt 7 ps 0.5 title "dropped: closed port", \
     "stranger" with yerrorlines pt 7 ps 0.5 title "dropped: a stranger", \
     "neighbour" with yerrorlines pt 7 ps 0.5 title "dropped: next to a partner", \
     "partner" with yerrorlines pt 7 ps 0.5 title "passed: a partner"
set xlabel "rows"
set xrange [7:1500]
plot "rows" with yerrorlines pt 7 ps 0.5 title "passed: by the last row"
unset multiplot
E2
