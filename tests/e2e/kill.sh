#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A command killed at any step leaves the old policy in force or the new one, whole; status says which; the next command
# puts everything right; nothing is left behind. Killed is each command before each single call of those that change the
# kernel: bpf() above all, and what moves pins, programs and filters. And where a call fails instead, the command fails
# with a sentence and the old policy stays. Most of the time is waiting for the kernel: some lanes do it side by
# side, each in namespaces of its own, and each takes the next task that nobody has taken.

set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tree=$(cd "$here/../.." && pwd)
LYNCXDP=${LYNCXDP:-$tree/build/lyncxdp}
unset SSH_CONNECTION LYNCXDP_POLICIES

# --- The ground of a lane ------------------------------------------------------------------------------------------

# Once to a port that policy a opens, twice to one of policy b, four times to one of neither, eight to one of both.
send() {
    local port
    for port in 1001 1002 1002 1004 1004 1004 1004 1003 1003 1003 1003 1003 1003 1003 1003; do
        echo >"/dev/udp/$1/$port"
    done 2>/dev/null
}

lay_ground() {
    mount -t sysfs none /sys && mount -t bpf bpf /sys/fs/bpf && mount -t tmpfs run /run &&
        mount -t tmpfs state /var/lib || exit 1
    ip link set lo up
    unshare --net sleep infinity &
    far=$!
    trap 'kill $far 2>/dev/null; rm -rf "$work"' EXIT
    while [ "$(readlink /proc/$far/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.02; done
    ip link add outer address 02:00:00:00:00:01 type veth peer name far address 02:00:00:00:00:02 netns $far
    echo 1 >/proc/sys/net/ipv6/conf/outer/disable_ipv6
    ip addr add 198.51.100.1/24 dev outer
    ip link set outer up
    # Another card, to be filtered with it.
    ip link add second type veth peer name beyond
    echo 1 >/proc/sys/net/ipv6/conf/second/disable_ipv6
    ip link set second up
    ip neigh add 198.51.100.9 lladdr 02:00:00:00:00:02 dev outer nud permanent
    nsenter --net=/proc/$far/ns/net sh -c '
        echo 1 >/proc/sys/net/ipv6/conf/far/disable_ipv6
        ip addr add 198.51.100.9/24 dev far && ip link set far up &&
        ip neigh add 198.51.100.1 lladdr 02:00:00:00:00:01 dev far nud permanent'
    coproc SENDER { nsenter --net=/proc/$far/ns/net bash -c "$(declare -f send)"'; while read -r; do
        send 198.51.100.1
        echo sent
    done'; }
    for policy in a b; do
        [ $policy = a ] && own=1001 || own=1002
        printf 'site: %s\nrows:\n  - {id: test, from: any, source-port: any, to: self, port: "%s,1003", transport: udp}\n' \
            $policy $own >"$work/$policy.yaml"
        printf 'interfaces: {outer: {role: client, site: %s.yaml}}\n' $policy >"$work/declared-$policy.yaml"
    done
    echo 'interfaces: {}' >"$work/declared-nothing.yaml"
}

# On a host they come from far away; where the role is behind the interface they go there.
placement=() receiver=self
behind() {
    placement=(--behind) receiver=$far
    [ "$2" != bpf ] || step=$((step * 8)) # some of many
    "$@"
    placement=() receiver=self
}

# Datagrams that reached the role's host and found no socket.
delivered() {
    local name none
    while read -r name _ none _; do
        [ "$name" = Udp: ] && [ "$none" != NoPorts ] && echo "$none" && return
    done <"/proc/$receiver/net/snmp"
}

# What is enforced, by what arrives: a, b, nothing, or a mixture. The eight come last, and arrive always.
enforced() {
    local before after last="" steady=0
    before=$(delivered)
    if [ "$receiver" = self ]; then
        echo >&"${SENDER[1]}"
        read -r <&"${SENDER[0]}"
    else
        send 198.51.100.9
    fi
    for _ in $(seq 5000); do
        after=$(delivered)
        [ "$after" = "$last" ] && steady=$((steady + 1)) || steady=0
        [ $steady -ge 3 ] && [ $((after - before)) -ge 8 ] && break
        last=$after
        read -rt 0.002 <> <(:)
    done
    case $((after - before)) in
    9) enforces=a ;;
    10) enforces=b ;;
    15) enforces=nothing ;;
    *) enforces="a mixture: $((after - before))" ;;
    esac
}

# What status says: a, b or nothing.
told() {
    local text
    text=$("$LYNCXDP" status outer --json 2>/dev/null)
    tells=nothing
    if [ $? -eq 0 ] && [[ $text == *'"state": "filtering"'* && $text != *not-running* ]]; then
        [[ $text =~ \"digest\":\ \"([0-9a-f]+)\" ]] && tells=${digest[${BASH_REMATCH[1]}]:-${BASH_REMATCH[1]}}
    fi
}

wrong() {
    echo "$*" >>"$work/wrong"
    return 1
}

# killed SYSCALL NUMBER command…   False once the command comes to its end; then it must have succeeded.
killed() {
    local call=$1 number=$2 status
    shift 2
    strace -f -qq -o /dev/null -e "trace=$call" -e "inject=$call:signal=SIGKILL:when=$number" -- \
        "$LYNCXDP" "$@" >"$work/output" 2>&1
    status=$?
    [ $status -eq 137 ] && return
    [ $status -eq 0 ] || wrong "$* came to its end with $status: $(<"$work/output")"
    return 1
}

# consistent WHERE ALLOWED…   What is enforced is one of those, and what status tells.
consistent() {
    local where=$1
    shift
    enforced
    told
    [[ " $* " == *" $enforces "* ]] || wrong "$where: enforces $enforces"
    [ "$enforces" = "$tells" ] || wrong "$where: enforces $enforces, status tells $tells"
}

traceless() {
    [ ! -e /sys/fs/bpf/lyncxdp ] && [ ! -e /run/lyncxdp ] && ! ip -d link show | grep -q prog/xdp &&
        ! tc qdisc show | grep -q clsact || wrong "$1: something is left:" /sys/fs/bpf/* /run/*
}

must() { "$LYNCXDP" "$@" >"$work/output" 2>&1 || wrong "$* failed: $(<"$work/output")"; }

# --- What is killed ------------------------------------------------------------------------------------------------

# Of a task's points, the numbers of its calls: every $step-th from $first on, up to the command's own end.
next_point() {
    points=$((points + 1))
    number=$((number + step))
}

other() { [ "$1" = a ] && echo b || echo a; }

# Each attach is the next command of the one before, until one of them has come so far that it filters.
kill_attach() {
    local call=$1 number=$first
    shift
    while killed "$call" $number attach outer --role client --site "$work/b.yaml" "${placement[@]}" "$@"; do
        consistent "attach $*, killed at $call $number" nothing b
        [ "$enforces" = b ] && must detach outer && traceless "attach $*, killed at $call $number"
        next_point
    done
    consistent "attach $*" b
    must detach outer
    traceless "attach $*"
}

kill_detach() {
    local call=$1 number=$first
    must attach outer --role client --site "$work/b.yaml" "${placement[@]}"
    while killed "$call" $number detach outer; do
        consistent "detach, killed at $call $number" nothing b
        if [ "$enforces" = nothing ]; then
            "$LYNCXDP" detach outer >"$work/output" 2>&1 || grep -q 'nothing is attached' "$work/output" ||
                wrong "detach after $call $number: $(<"$work/output")"
            traceless "detach, killed at $call $number"
            must attach outer --role client --site "$work/b.yaml" "${placement[@]}"
        fi
        next_point
    done
    consistent detach nothing
    traceless detach
}

# kill_update CALL PREPARATION OPTION…   Between the two policies, from whichever is in force.
kill_update() {
    local call=$1 prepare=$2 number=$first now=a
    shift 2
    must attach outer --role client --site "$work/a.yaml" "${placement[@]}"
    $prepare
    while killed "$call" $number update outer --site "$work/$(other $now).yaml" "$@"; do
        consistent "update $*, killed at $call $number" $now "$(other $now)"
        if [ "$enforces" != "$now" ]; then
            now=$enforces
            $prepare
        fi
        next_point
    done
    consistent "update $*" "$(other $now)"
    must detach outer
    traceless "update $*"
}

# kill_decision CALL VERB EXPECTED   A trial of b over a, confirmed or rolled back.
kill_decision() {
    local call=$1 verb=$2 expected=$3 number=$first
    must attach outer --role client --site "$work/a.yaml"
    must update outer --site "$work/b.yaml" --try 600
    while killed "$call" $number "$verb" outer; do
        consistent "$verb, killed at $call $number" a b
        next_point
    done
    consistent "$verb" "$expected"
    must detach outer
    traceless "$verb"
}

# kill_apply CALL STATE STATE   Between two declared states (a, b or nothing), from whichever is in force.
kill_apply() {
    local call=$1 one=$2 two=$3 number=$first now=$2 next=$3
    must apply -f "$work/declared-$now.yaml"
    while killed "$call" $number apply -f "$work/declared-$next.yaml"; do
        consistent "apply, killed at $call $number" "$one" "$two"
        if [ "$enforces" != "$now" ]; then
            now=$enforces
            [ "$now" = "$one" ] && next=$two || next=$one
        fi
        next_point
    done
    consistent apply "$next"
    must apply -f "$work/declared-nothing.yaml"
    traceless apply
}

# --- What fails ----------------------------------------------------------------------------------------------------

errors=(ENOSPC EPERM ENOMEM)

# fails CALL NUMBER ERROR command…   False once there is no such call any more. Keeps the exit code in $status.
fails() {
    local call=$1 number=$2 error=$3
    shift 3
    strace -f -qq -o "$work/trace" -e "trace=$call" -e "inject=$call:error=$error:when=$number" -- "$LYNCXDP" "$@" \
        >"$work/output" 2>&1
    status=$?
    [ $status -eq 0 ] || grep -q 'lyncxdp: error: .' "$work/output" || wrong "$* says nothing about $error at $call $number"
    grep -q INJECTED "$work/trace"
}

# What is enforced is the first when the command has succeeded, else the second.
held_to_its_word() {
    if [ $status -eq 0 ]; then
        consistent "$1, which succeeded," "$2"
    else
        consistent "$1, which said $(<"$work/output")," "$3"
    fi
}

fail_attach() {
    local call=$1 number=$first error
    while error=${errors[number % 3]} && fails "$call" $number "$error" attach outer --role client --site "$work/b.yaml"; do
        held_to_its_word "attach with $error at $call $number" b nothing
        [ "$enforces" = nothing ] || must detach outer
        traceless "attach with $error at $call $number"
        next_point
    done
    must detach outer
}

fail_update() {
    local call=$1 prepare=$2 number=$first now=a error
    shift 2
    must attach outer --role client --site "$work/a.yaml"
    $prepare
    while error=${errors[number % 3]} &&
        fails "$call" $number "$error" update outer --site "$work/$(other $now).yaml" "$@"; do
        held_to_its_word "update with $error at $call $number" "$(other $now)" $now
        now=$enforces
        $prepare
        next_point
    done
    must detach outer
    traceless "update"
}

fail_detach() {
    local call=$1 number=$first error
    must attach outer --role client --site "$work/b.yaml"
    while error=${errors[number % 3]} && fails "$call" $number "$error" detach outer; do
        consistent "detach with $error at $call $number" b nothing
        [ "$enforces" = nothing ] && "$LYNCXDP" detach outer >/dev/null 2>&1
        [ "$enforces" = nothing ] && traceless "detach" && must attach outer --role client --site "$work/b.yaml"
        next_point
    done
    traceless "detach"
}

as_it_is() { :; }

# As if another lyncxdp had attached: the next update puts its own programs in place of those.
outdate() {
    local pin bytes
    pin=$(echo /sys/fs/bpf/lyncxdp/*[0-9]/metadata)
    mapfile -t bytes < <(bpftool -j map lookup pinned "$pin" key 0 0 0 0 | jq -r '.value[]')
    bytes[version_at]=0xff
    bpftool map update pinned "$pin" key 0 0 0 0 value "${bytes[@]}" || wrong "the attachment could not be outdated"
}

# As if the second card had never been filtered with the first, and as if another lyncxdp had attached both.
apart() { "$LYNCXDP" detach second >"$work/output" 2>&1; }
join_and_outdate() { must update outer --with second && outdate; }

# The offset of the version, as the source says.
version_at=$(sed -nE 's/.*offsetof\(struct lx_metadata, program_version\) == ([0-9]+).*/\1/p' "$tree/include/lyncxdp/abi.h")

# --- Tasks ---------------------------------------------------------------------------------------------------------

# promise SHARES WHAT FUNCTION CALL…   One promise, and a task for each of so many shares of its points.
promises=() shares=() tasks=()
promise() {
    local share manner="killed before" call=$4
    [[ $3 = fail_* ]] && manner="at"
    [ "$3" != behind ] || call=$5
    for share in $(seq "$1"); do
        tasks+=("${#promises[@]}.$share $share $1 ${*:3}")
    done
    shares+=("$1")
    promises+=("$2, $manner each of its POINTS calls of $call")
}

# The longest first.
promise 6 "update that replaces programs" kill_update bpf outdate
promise 6 "update that replaces programs, failing" fail_update bpf outdate
promise 4 "attach" kill_attach sendto
promise 4 "attach" kill_attach bpf
promise 4 "attach, failing" fail_attach bpf
promise 4 "apply that attaches and detaches" kill_apply bpf nothing b
promise 4 "detach" kill_detach bpf
promise 2 "apply that updates" kill_apply bpf a b
promise 2 "update" kill_update bpf as_it_is
promise 2 "update --try" kill_update bpf as_it_is --try 600
promise 2 "update, failing" fail_update bpf as_it_is
promise 2 "confirm" kill_decision bpf confirm b
promise 2 "rollback" kill_decision bpf rollback a
promise 2 "attach" kill_attach chmod
promise 2 "detach, failing" fail_detach bpf
for call in sendto mkdir unlink rmdir; do
    [ $call = sendto ] || promise 1 "attach" kill_attach $call
    promise 1 "detach" kill_detach $call
done
for call in renameat2 sendto mkdir unlink rmdir chmod; do
    promise 1 "update that replaces programs" kill_update $call outdate
done
promise 1 "update that replaces programs, failing" fail_update renameat2 outdate
for call in sendto bpf; do
    promise 1 "attach, the role behind" behind kill_attach $call
    promise 1 "detach, the role behind" behind kill_detach $call
    promise 1 "update that replaces programs, the role behind" behind kill_update $call outdate
done
promise 1 "update that replaces programs, the role behind" behind kill_update renameat2 outdate
promise 1 "attach of two interfaces" kill_attach sendto --with second
promise 1 "update by which an interface joins" kill_update sendto apart --with second
promise 1 "update that replaces the programs of two interfaces" kill_update sendto join_and_outdate

# lane NUMBER
lane() {
    local policy task
    work=$all/lane$1
    mkdir "$work" && cd "$work" || exit
    declare -A digest
    lay_ground
    : >"$work/wrong"
    for policy in a b; do
        must attach outer --role client --site "$work/$policy.yaml"
        digest[$("$LYNCXDP" status outer --json | sed -nE 's/.*"digest": "([0-9a-f]+)".*/\1/p' | head -1)]=$policy
        consistent "attach $policy" $policy
        must detach outer
    done
    for task in "${tasks[@]}"; do
        # shellcheck disable=SC2086 # the words of a task
        mkdir "$all/${task%% *}" 2>/dev/null && perform $task
    done
}

# perform TASK FIRST STEP FUNCTION CALL…   Says at its end how many points it tried.
perform() {
    first=$2 step=$3 points=0
    "${@:4}"
    mv "$work/wrong" "$all/$1/wrong"
    : >"$work/wrong"
    echo "$points" >"$all/$1/points"
}

if [ "${1:-}" = lane ]; then
    all=$2
    lane "$3"
    exit
fi

# shellcheck source=tests/tap.sh
. "$here/../tap.sh"
if ! strace -e trace=none true 2>/dev/null; then
    skip "commands killed at every step" "strace may not trace here"
    finish
    exit
fi
all=$(mktemp -d)
trap 'rm -rf "$all"' EXIT
for lane in $(seq 8); do
    unshare --mount --net bash "$0" lane "$all" "$lane" >"$all/errors$lane" 2>&1 &
done
wait

# points_of PROMISE   How many its tasks tried.
points_of() { cat "$all/$1".*/points 2>/dev/null | awk '{ sum += $1 } END { print sum + 0 }'; }

# kept PROMISE   Each of its tasks came to its end with nothing wrong, and there was something to try.
kept() {
    local share
    for share in $(seq "${shares[$1]}"); do
        if [ ! -e "$all/$1.$share/points" ]; then
            echo "share $share did not come to its end"
            sed '/ Killed /d' "$all"/errors*
            return 1
        fi
        head -n 20 "$all/$1.$share/wrong"
        [ ! -s "$all/$1.$share/wrong" ] || return
    done
    [ "$(points_of "$1")" -gt 0 ]
}

for number in "${!promises[@]}"; do
    check "${promises[number]/POINTS/$(points_of "$number")}" kept "$number"
done
finish
