#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The runner of the tests notices each way in which a test program can fail to be one.
cd "$(dirname "$0")/.." || exit 1
. tests/tap.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export TEST_JOBS=3 TEST_SECONDS=600

# program NAME   A test program with the text of stdin.
program() { cat >"$work/$1.sh"; }

# totals CODE LAST PATTERN NAME…   The runner ends with that exit code and that last line, and prints what matches.
totals() {
    local code=$1 last=$2 pattern=$3 output status
    shift 3
    output=$(tests/run "${@/#/$work/}" 2>&1)
    status=$?
    echo "exit code $status, expected $code; expected to match: $pattern"
    echo "$output"
    [ $status -eq "$code" ] && [ "$(tail -n 1 <<<"$output")" = "$last" ] && grep -qE -e "$pattern" <<<"$output"
}

program passes <<'END'
echo 'ok 1 - one'; echo 'ok 2 - another'; echo '1..2'
END
program fails <<'END'
echo 'ok 1 - one'; echo 'not ok 2 - another'; echo '# because'; echo '1..2'; exit 1
END
program fails_quietly <<'END'
echo 'not ok 1 - one'; echo '1..1'
END
program skips <<'END'
echo 'ok 1 - one'; echo 'ok 2 - another # SKIP not here'; echo '1..2'
END
program stops_early <<'END'
echo 'ok 1 - one'; exit 0
END
program dies <<'END'
echo 'ok 1 - one'; kill -SEGV $$
END
program leaves_some_out <<'END'
echo '1..3'; echo 'ok 1 - one'; echo 'ok 2 - another'
END
program plans_twice <<'END'
echo 'ok 1 - one'; echo '1..1'; echo '1..1'
END
program has_none <<'END'
echo '1..0'
END
program says_nothing <<'END'
exit 0
END
program ends_badly <<'END'
echo 'ok 1 - one'; echo '1..1'; exit 3
END

check "tests that pass are counted" totals 0 "4 passed, 0 failed, 0 skipped" 'passes.* 2 passed   0 failed' passes.sh passes.sh
check "a test that fails is, and shown" totals 1 "3 passed, 1 failed, 0 skipped" '^ +# because' passes.sh fails.sh
check "so is one of a program that ends well" totals 1 "2 passed, 1 failed, 0 skipped" 'not ok 1' passes.sh fails_quietly.sh
check "a test that is skipped is told apart, aloud" totals 0 "1 passed, 0 failed, 1 skipped" 'SKIP not here' skips.sh
check "a program that stops before its plan fails" totals 1 "3 passed, 1 failed, 0 skipped" 'before its plan' \
    passes.sh stops_early.sh
check "one that dies" totals 1 "1 passed, 1 failed, 0 skipped" 'before its plan' dies.sh
check "one that leaves tests out" totals 1 "2 passed, 1 failed, 0 skipped" 'planned 3 tests and told of 2' leaves_some_out.sh
check "one with two plans" totals 1 "1 passed, 1 failed, 0 skipped" 'planned 1 and 1' plans_twice.sh
check "one that plans none" totals 1 "2 passed, 1 failed, 0 skipped" 'has no tests' passes.sh has_none.sh
check "one that says nothing" totals 1 "2 passed, 1 failed, 0 skipped" 'before its plan' passes.sh says_nothing.sh
check "one that is not there" totals 1 "2 passed, 1 failed, 0 skipped" 'No such file' passes.sh missing.sh
check "one that ends badly for all its passed tests" totals 1 "1 passed, 1 failed, 0 skipped" 'exit code is 3' ends_badly.sh
check "and that nothing ran is no success" totals 1 "0 passed, 0 failed, 0 skipped" '^0'

# What they start holds a FIFO open: who reads it comes to the end when that is gone.
program hangs <<END
echo 'ok 1 - one'
setsid sleep 1000 8>"$work/held" &
sleep 1000 8>"$work/held"
END
program leaves_behind <<END
setsid sleep 1000 8>"$work/held" &
echo 'ok 1 - one'; echo '1..1'
END
mkfifo "$work/held"
nothing_left() {
    exec 9<>"$work/held" 7<"$work/held" 9>&-
    "$@" && timeout 60 cat <&7
}
TEST_SECONDS=5 check "a program that does not end is ended with all it started, and what it had said is shown" \
    nothing_left totals 1 "1 passed, 1 failed, 0 skipped" 'ended after 5 seconds' hangs.sh
check "nothing that a program left running outlives it" nothing_left totals 0 "1 passed, 0 failed, 0 skipped" '' \
    leaves_behind.sh

# Two that each wait for the other, and one that would be told of either.
for name in one other; do
    program "$name" <<END
touch "$work/$name.here"
for _ in \$(seq 600); do
    [ -e "$work/one.here" ] && [ -e "$work/other.here" ] && break
    sleep 0.1
done
[ -e "$work/one.here" ] && [ -e "$work/other.here" ] && echo 'ok 1 - met' || echo 'not ok 1 - met'
echo '1..1'
touch "$work/$name.gone"
END
done
said="alone: it says so" # not said of this file
program quiet <<END
# $said
[ -e "$work/one.gone" ] && [ -e "$work/other.gone" ] && echo 'ok 1 - alone' || echo 'not ok 1 - alone'
echo '1..1'
END
check "programs run side by side, and one that must run alone does" totals 0 "3 passed, 0 failed, 0 skipped" '' \
    quiet.sh one.sh other.sh
finish
