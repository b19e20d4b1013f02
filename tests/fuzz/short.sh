#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A short run of every fuzzer, as tests: no finding in the committed corpus, nor in some seconds of looking further.
cd "$(dirname "$0")/../.."
. tests/tap.sh
for source in tests/fuzz/*.c; do
    fuzzer=build/tests/fuzz/$(basename "$source" .c)
    if [ ! -x "$fuzzer" ]; then
        skip "$(basename "$fuzzer") finds nothing in 10 seconds" "it is not built"
        continue
    fi
    check "$(basename "$fuzzer") finds nothing in 10 seconds" tests/fuzz/run.sh 10 "$fuzzer"
done
finish
