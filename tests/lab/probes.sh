# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Runs the probes of probes.txt for an act; what they are and how they decide is in probes.py.

# Debian's Python, which has its packages, whatever else is installed.
LAB_PYTHON=(env "LAB_RUN=$LAB_RUN" "LAB_NARROW=$LAB_NARROW" /usr/bin/python3 -B)

# What an Edge has been told of its paths, it must be told anew in each act.
lab_forget() {
    ip -n lx-edge route flush cache && ip -n lx-edge -6 route flush cache
}

# lab_matrix ACT   act: none (no filter), av-edge, site, enforce. Leaves name|from|expected|seen for each probe tried in
# $LAB_RUN/matrix. In a namespace of the lab, with which it ends, and in the background, for only `wait` lets a trap act
# at once.
lab_matrix() {
    local results=$LAB_RUN/results.$1
    rm -rf "$results" && mkdir "$results" && lab_forget || return
    lab_in inet "${LAB_PYTHON[@]}" "$LAB_HOME/probes.py" run "$1" >"$LAB_RUN/matrix" 9>&- &
    wait $!
}

# lab_probe HOST PROBE ARGUMENT…   one probe that is not in the table; prints what became of it.
lab_probe() {
    lab_in "$1" "${LAB_PYTHON[@]}" "$LAB_HOME/probes.py" one "$@"
}
