# SPDX-License-Identifier: GPL-2.0-only
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

# says CODE PATTERN command…   It ends with that exit code and what it prints matches.
says() {
    local code=$1 pattern=$2 output status
    shift 2
    output=$("$@" 2>&1)
    status=$?
    echo "exit code $status, expected $code; expected to match: $pattern"
    echo "$output"
    [ $status -eq "$code" ] && grep -qE -e "$pattern" <<<"$output"
}

# answers FILTER command…   It succeeds, and the JSON that it prints satisfies the filter.
answers() {
    local filter=$1 output
    shift
    output=$("$@") || return 1
    echo "$output"
    jq -e "$filter" <<<"$output"
}

finish() {
    echo "1..$tap_count"
    [ "$tap_failed" -eq 0 ]
}
