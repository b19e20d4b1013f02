#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What the helpers of the shell tests promise: what they check of a command does not hold for one that is not there, that
# crashes or that says nothing, nor for a process or a file that is gone; and what they wait for has a limit.

set -u
# shellcheck source=tests/tap.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tap.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

crash() { bash -c 'echo "{}"; kill -SEGV $$'; }
silence() { true; }

# notices HELPER…   It does not hold, and says so itself.
notices() {
    "$@"
    case $? in
    [1-4]) ;; # jq says 1 of what is false and 4 of nothing
    *) return 1 ;;
    esac
}

check "says: it holds" says 2 '^no' bash -c 'echo no >&2; exit 2'
check "says: another exit code" notices says 1 '^no' bash -c 'echo no; exit 2'
check "says: another word" notices says 2 '^yes' bash -c 'echo no; exit 2'
for failing in nowhere crash; do
    check "says: $failing" notices says 0 . $failing
    check "says_no: $failing" notices says_no 0 warning $failing
    check "prints_nothing: $failing" notices prints_nothing $failing
    check "answers: $failing" notices answers '. == {}' $failing
    check "in_one_line: $failing" notices says 0 . in_one_line $failing
done
check "says_no: it holds" says_no 2 warning bash -c 'echo fine; exit 2'
check "says_no: nothing at all" notices says_no 0 warning silence
check "says_no: the word" notices says_no 2 warning bash -c 'echo a warning >&2; exit 2'
check "says_no: another exit code" notices says_no 0 warning bash -c 'exit 2'
check "prints_nothing: it holds" prints_nothing silence
check "prints_nothing: something" notices prints_nothing echo x
check "answers: it holds" answers '. == {}' echo '{}'
check "answers: nothing at all" notices answers '. == {}' silence
check "jq -e: nothing at all" notices jq -e . /dev/null
check "jq -e: it holds" jq -e . <<<1
check "in_one_line: two lines become one" says 0 '^a b $' in_one_line printf 'a\nb\n'

echo fine >"$work/file"
check "lacks: it holds" lacks warning "$work/file"
check "lacks: the word" notices lacks fine "$work/file"
check "lacks: a file that is not there" notices lacks warning "$work/nowhere"
check "lacks: one of two" notices lacks warning "$work/file" "$work/nowhere"

check "is: it holds" is a a
check "is: another" notices is a b
check "is: nothing and nothing" notices is '' ''

# arrives   the third time that it is asked.
arrives() { echo >>"$work/asked" && [ "$(wc -l <"$work/asked")" -ge 3 ]; }
check "until_true: what comes to hold" until_true 60 arrives
check "until_true: what never does" notices until_true 0 false
sleep 600 &
lasting=$!
check "runs: it does" runs $lasting
check "asleep: it is" until_true 60 asleep $lasting
check "runs_no_more: it does" notices runs_no_more $lasting
kill $lasting
reap $lasting
check "reap: with its exit code" is "$ended" 143
check "runs: no more" notices runs $lasting
check "asleep: no more" notices asleep $lasting
check "runs_no_more: it holds" runs_no_more $lasting
one_failed() {
    tap_failed=0
    check x false
    is $tap_failed 1 && notices finish
}
check "check: what fails is counted" one_failed
finish
