# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Which filters each act of the lab attaches, and taking them off again. An act is a column of probes.txt.

LAB_TREE=$(cd "$LAB_HOME/../.." && pwd)
LYNCXDP=$(realpath -m "${LYNCXDP:-$LAB_TREE/build/lyncxdp}")

# act host arguments of lyncxdp; paths from the top of the tree
LAB_FILTERS='
av-edge edge attach ext0 --role av-edge
site    edge attach ext0 --role consolidated-edge --site policies/sites/contoso.yaml
site    edge attach int0 --role consolidated-edge --side internal --site policies/sites/contoso.yaml
site    rp   attach ext0 --role reverse-proxy --site policies/sites/contoso.yaml
site    rp   attach int0 --role reverse-proxy --side internal --site policies/sites/contoso.yaml
enforce edge attach ext0 --role consolidated-edge --site tests/lab/dual-stack.yaml --egress enforce
enforce edge attach int0 --role consolidated-edge --side internal --site tests/lab/dual-stack.yaml --egress enforce
enforce rp   attach ext0 --role reverse-proxy --site tests/lab/dual-stack.yaml --egress enforce
enforce rp   attach int0 --role reverse-proxy --side internal --site tests/lab/dual-stack.yaml --egress enforce
'

# Said before anything is built, so that a missing program is not mistaken for a broken lab.
lab_check_program() {
    [ -x "$LYNCXDP" ] || {
        echo "There is no program at $LYNCXDP: build it with \`make\`, or name it with LYNCXDP=…" >&2
        return 1
    }
}

# lab_lyncxdp HOST ARGUMENT…
lab_lyncxdp() {
    local host=$1
    shift
    (cd "$LAB_TREE" && lab_in "$host" "$LYNCXDP" "$@")
}

# lab_lyncxdp_shown HOST ARGUMENT…   the same, as one would type it at a prompt.
lab_lyncxdp_shown() {
    echo "$1# lyncxdp ${*:2}"
    lab_lyncxdp "$@"
}

lab_filters_of() {
    awk -v act="$1" '$1 == act { $1 = ""; sub(/^ /, ""); print }' <<<"$LAB_FILTERS"
}

# Attaches what an act needs, and shows it.
lab_filter() {
    local host arguments
    while read -r host arguments; do
        # shellcheck disable=SC2086 # words, as typed
        lab_lyncxdp_shown "$host" $arguments || return
    done < <(lab_filters_of "$1")
}

# Detaches whatever is attached anywhere in the lab; quiet, and safe when nothing is.
lab_unfilter() {
    local act host interface
    [ -x "$LYNCXDP" ] || return 0
    while read -r act host _ interface _; do
        [ -n "$act" ] && [ -e "/run/netns/lx-$host" ] && lab_lyncxdp "$host" detach "$interface"
    done <<<"$LAB_FILTERS" >/dev/null 2>&1
    return 0
}
