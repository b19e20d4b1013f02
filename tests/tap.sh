# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Test Anything Protocol for shell tests: source this, call `check`, `skip` and finally `finish`.
# Each test states a promise; a failed one prints what was run and what it printed.

tap_count=0
tap_failed=0

# check "promise" command…   The promise holds when the command succeeds.
check() {
    local promise=$1 output
    shift
    tap_count=$((tap_count + 1))
    if output=$("$@" 2>&1); then
        echo "ok $tap_count - $promise"
    else
        tap_failed=$((tap_failed + 1))
        echo "not ok $tap_count - $promise"
        { echo "ran: $*"; echo "$output"; } | sed 's/^/# /'
    fi
}

# skip "promise" "why it cannot be checked here"
skip() {
    tap_count=$((tap_count + 1))
    echo "ok $tap_count - $1 # SKIP $2"
}

# ends_with CODE command…   It ends with that exit code; what it prints, be it to standard error, is left in `printed`.
ends_with() {
    local code=$1 status
    shift
    printed=$("$@" 2>&1)
    status=$?
    echo "exit code $status, expected $code"
    echo "$printed"
    [ $status -eq "$code" ]
}

# With -e jq 1.6 is content with no input at all: a filter of nothing would hold for a command that crashed. Not here.
jq() {
    local output status
    if [[ ! ${1:-} =~ ^-[a-zA-Z]*e ]]; then
        command jq "$@"
        return
    fi
    output=$(command jq "$@")
    status=$?
    echo "$output"
    [ $status -ne 0 ] || [ -n "$output" ] || status=4
    return $status
}

# says CODE PATTERN command…   It ends with that exit code and what it prints matches.
says() {
    local code=$1 pattern=$2 printed
    shift 2
    echo "expected to match: $pattern"
    ends_with "$code" "$@" && grep -qE -e "$pattern" <<<"$printed"
}

# says_no CODE PATTERN command…   It ends with that exit code, says something, and nothing of it matches. This, and not
# `! command | grep`, which holds for a command that is not there as well.
says_no() {
    local code=$1 pattern=$2 printed
    shift 2
    echo "expected not to match: $pattern"
    ends_with "$code" "$@" && [ -n "$printed" ] && ! grep -qE -e "$pattern" <<<"$printed"
}

# prints_nothing command…   It succeeds, and that is all.
prints_nothing() {
    local printed
    ends_with 0 "$@" && [ -z "$printed" ]
}

# lacks PATTERN FILE…   The files are there, and no line of theirs matches.
lacks() {
    grep -E -e "$@"
    [ $? -eq 1 ]
}

# in_one_line command…   What it prints, without its line ends, and its exit code.
in_one_line() {
    local output status
    output=$("$@" 2>&1)
    status=$?
    tr '\n' ' ' <<<"$output"
    return $status
}

# answers FILTER command…   It succeeds, and the JSON that it prints satisfies the filter.
answers() {
    local filter=$1 output
    shift
    output=$("$@") || return 1
    echo "$output"
    jq -e "$filter" <<<"$output"
}

# is ACTUAL EXPECTED   They are the same, and something: two commands that failed have printed the same, too.
is() {
    echo "it is '$1', expected '$2'"
    [ -n "$2" ] && [ "$1" = "$2" ]
}

# until_true SECONDS command…   It comes to succeed within so many seconds. The limit is for what will never come: on a
# busy machine everything takes its time.
until_true() {
    local limit=$1 ends=$((SECONDS + $1)) output
    shift
    until output=$("$@" 2>&1); do
        if [ $SECONDS -ge "$ends" ]; then
            echo "not within $limit seconds: $*"
            echo "$output"
            return 1
        fi
        sleep 0.05
    done
}

# asleep PID   it, or what it has started, waits for time to pass.
asleep() {
    local children child
    grep -qE '^(35|230) ' "/proc/$1/syscall" && return # nanosleep, clock_nanosleep
    read -ra children <"/proc/$1/task/$1/children"
    for child in "${children[@]}"; do asleep "$child" && return; done
    return 1
}

runs() { kill -0 "$1" 2>/dev/null; }
runs_no_more() { ! runs "$1"; }

# reap PID   waits for a child that should end now; `ended` is its exit code, 137 when it had to be killed. Not within a
# check, whose shell has no children.
reap() {
    until_true 60 runs_no_more "$1" || kill -KILL "$1"
    wait "$1" 2>/dev/null
    # shellcheck disable=SC2034
    ended=$?
}

finish() {
    echo "1..$tap_count"
    [ "$tap_failed" -eq 0 ]
}
