#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A run of every fuzzer as tests, a short one unless FUZZ_EACH says how many seconds: no finding in the committed corpus,
# nor in what is found by looking further.
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh
seconds=${FUZZ_EACH:-10}
for source in tests/fuzz/*.c; do
    fuzzer=build/tests/fuzz/$(basename "$source" .c)
    if [ ! -x "$fuzzer" ]; then
        skip "$(basename "$fuzzer") finds nothing in $seconds seconds" "it is not built"
        continue
    fi
    check "$(basename "$fuzzer") finds nothing in $seconds seconds" tests/fuzz/run.sh "$seconds" "$fuzzer"
done
finish
