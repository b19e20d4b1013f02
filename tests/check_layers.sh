#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Holds the layers apart: the core knows no kernel and prints nothing, only user/kernel knows libbpf, libxdp and netlink.
set -u
cd "$(dirname "$0")/.." || exit
broken=0

forbid() { # forbid WHAT PATTERN PATH…
    local what=$1 pattern=$2
    shift 2
    if grep -nE "$pattern" -r --include='*.[ch]' "$@"; then
        echo "^ $what" >&2
        broken=1
    fi
}

forbid "user/core must not know the kernel's libraries" '#include <(bpf|xdp|libmnl|linux/(bpf|if_link|rtnetlink))' user/core
forbid "user/core must not know the other layers" '#include ".*(kernel|cli)/' user/core
forbid "user/core must not print" '\b(printf|puts|putchar|perror)\(|\bstd(out|err)\b' user/core
forbid "user/kernel must not know the command line" '#include ".*cli/' user/kernel
forbid "user/kernel must not print" '\b(printf|puts|putchar|perror)\(|\bstd(out|err)\b' user/kernel
forbid "only user/kernel may know the kernel's libraries" '#include <(bpf|xdp|libmnl)/' user/cli
forbid "include/lyncxdp must not know BPF helpers" '#include <bpf/' include
forbid "what names may come along in is printed by lx_print, or they command the terminal" '\bprintf\(' \
    user/cli --exclude=main.c --exclude=options.c --exclude=output.c --exclude=verb_exporter.c
# rooms HOUSE ROOM…   Each room of a house may use those before it, and none behind it.
rooms() {
    local house=$1 above=${*:2} room
    for room in "${@:2}"; do
        above=${above#"$room"}
        above=${above# }
        [ -z "$above" ] || forbid "user/$house/$room stands below: ${above// /, }" \
            "#include \"user/$house/(${above// /|})/" "user/$house/$room"
    done
    for room in user/"$house"/*/; do
        [[ " ${*:2} " == *" $(basename "$room") "* ]] || { echo "^ $room is no room of user/$house" >&2 && broken=1; }
    done
}

rooms core text policy resolve image explain diff report
rooms kernel process object link attachment read
rooms cli print options policy change explain exporter verbs

# A module is a source file with its header; none may need one that needs it. Both must be there: a header alone, which
# some modules share, is no module.
module_pairs() {
    grep -rEo '^#include "[^"]+\.h"' --include='*.[ch]' user | while IFS=':"' read -r file _ included _; do
        [[ $included == */* ]] || included=$(dirname "$file")/$included
        [ ! -e "${file%.?}.c" ] || [ ! -e "${included%.h}.c" ] || echo "${file%.?} ${included%.h}"
    done
}
if ! module_pairs | tsort >/dev/null; then
    echo "^ these modules need each other" >&2
    broken=1
fi
echo 1..1
[ "$broken" -eq 0 ] && echo "ok 1 - the layers are kept apart" || echo "not ok 1 - the layers are kept apart"
exit "$broken"
