#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A TCX program at the same interface: the kernel runs it before the filter of what the role sends, whichever came
# first. What it passes on with TCX_NEXT is judged and counted; what it lets pass by itself is neither, and attach, update
# and status say so. What arrives is judged before any TCX program sees it.

set -u
# shellcheck source=tests/sandbox.sh
. "$(dirname "${BASH_SOURCE[0]}")/../sandbox.sh"

own_ground
own_folder
outer_and_far_host

# Puts a program of one word at that place of an interface until it is ended: 46 is ingress, 47 egress.
cat >"$work/stand.py" <<'END'
import ctypes, platform, signal, socket, struct, sys
interface, place, word = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
libc = ctypes.CDLL(None, use_errno=True)
BPF = {"x86_64": 321, "aarch64": 280}[platform.machine()]
def bpf(command, attributes):
    buffer = ctypes.create_string_buffer(attributes, 128)
    result = libc.syscall(BPF, command, buffer, 128)
    if result < 0:
        sys.exit("bpf: errno %d" % ctypes.get_errno())
    return result
code = ctypes.create_string_buffer(struct.pack("<BBhiBBhi", 0xb7, 0, 0, word, 0x95, 0, 0, 0))
licence = ctypes.create_string_buffer(b"GPL")
program = bpf(5, struct.pack("<IIQQIIQII16sII", 3, 2, ctypes.addressof(code), ctypes.addressof(licence), 0, 0, 0, 0, 0,
                             b"neighbour", 0, place))
link = bpf(28, struct.pack("<IIII", program, socket.if_nametoindex(interface), place, 0))
print("stands", flush=True)
signal.pause()
END
NEXT=-1 PASS=0 DROP=2

# stands INTERFACE PLACE WORD
stands() {
    : >"$work/stands" # not what the one before said
    python3 "$work/stand.py" "$@" >"$work/stands" 2>&1 &
    standing=$!
    started+=" $standing"
    until_true 30 grep -qx stands "$work/stands" || cat "$work/stands"
}
goes() {
    kill $standing
    reap $standing
}

# Where the far host hears what it is told at a port: each message once, in a file.
nsenter --net=/run/netns/far socat -u UDP4-RECVFROM:9999,fork "OPEN:$work/heard,creat,append" &
started+=" $!"
until_true 30 eval 'in_far ss -Hlun | grep -q :9999'

cat >"$work/policy.yaml" <<'END'
edition: test
roles:
  role:
    rows:
      - {id: in, from: any, to: self, port: 5001, transport: udp}
      - {id: out, from: self, to: any, port: 5001, transport: udp}
END
attach() {
    run attach outer --role role --policy "$work/policy.yaml" --set self=198.51.100.1 --egress enforce
}
say() { echo "$1" | socat -u - UDP4-SENDTO:198.51.100.9:9999; }
is_heard() { grep -qx "$1" "$work/heard"; }
# What was counted of what is sent to that port.
counted() {
    run counters outer --json | jq 'map(select(.hook == "from-role").ports[] | select(.port == "9999").dropped) | add // 0'
}
seen_since() { [ "$(counted)" -gt "$1" ]; }

touch "$work/heard"
say "before"
check "without a filter, the far host hears it" until_true 30 is_heard "before"

# --- The filter comes first ------------------------------------------------------------------------------------------

check "attach says nothing of TCX where there is none" says_no 0 TCX attach
check "nor does status" says_no 0 TCX run status outer
before=$(counted)
say "judged"
check "what no row lists is counted" until_true 30 seen_since "$before"

stands outer 47 $NEXT
before=$(counted)
say "next"
check "after TCX_NEXT it is judged as before" until_true 30 seen_since "$before"
check "status warns, and names the program" says 0 'TCX program [0-9]+ \(neighbour\) at the egress of outer' run status outer
check "in JSON, too, of what the role sends" answers 'map(.tcx) == [null, "neighbour"]' run status outer --json
check "and so does an update" says 0 'TCX program [0-9]+ \(neighbour\)' run update outer
goes

stands outer 47 $PASS
before=$(counted)
say "passed"
check "after TCX_PASS it has gone out" until_true 30 is_heard "passed"
check "and was neither judged nor counted" is "$(counted)" "$before"
goes

stands outer 47 $DROP
before=$(counted)
say "dropped"
goes
say "after"
check "once it is gone, all is judged again" until_true 30 seen_since "$before"
check "what it dropped was not counted" is "$(counted)" $((before + 1))
check "nothing came out of the filter that no row lists" lacks 'judged|next|dropped|after' "$work/heard"

# --- The TCX program comes first ---------------------------------------------------------------------------------------

run detach outer >/dev/null
stands outer 47 $PASS
check "attach warns of a TCX program that stands there" says 0 'TCX program [0-9]+ \(neighbour\).*TCX_NEXT' attach
say "passed again"
check "which goes first, though it came first" until_true 30 is_heard "passed again"
goes

# --- What arrives --------------------------------------------------------------------------------------------------------

stands outer 46 $PASS
dropped() { run counters outer --json | jq -e 'any(.[].ports[]; .port == "9998" and .dropped > 0)'; }
echo arrives | in_far socat -u - UDP4-SENDTO:198.51.100.1:9998
check "what arrives was judged before TCX" until_true 30 dropped
check "of which status says nothing" says_no 0 TCX run status outer
goes
finish
