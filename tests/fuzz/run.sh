#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs every fuzzer for its share of the stated seconds: run.sh SECONDS FUZZER… A finding is kept in build/findings.
set -u
seconds=$1
shift
share=$((seconds / $# > 0 ? seconds / $# : 1))
failed=0
mkdir -p build/findings
for fuzzer in "$@"; do
    name=$(basename "$fuzzer")
    corpus=build/corpus/$name
    mkdir -p "$corpus"
    # The fixtures are where to look for more from.
    if [ "$name" = packet ] && [ -x build/tests/fuzz/seeds/packets ]; then
        build/tests/fuzz/seeds/packets "$corpus" || failed=1
    fi
    echo "$name: $share s"
    "$fuzzer" -max_total_time="$share" -artifact_prefix="build/findings/$name-" -print_final_stats=1 -verbosity=0 \
        -timeout=10 -rss_limit_mb=2048 "$corpus" "tests/fuzz/corpus/$name" 2>"build/findings/$name.log" || failed=1
    grep -E 'number_of_executed_units|ERROR|SUMMARY' "build/findings/$name.log"
done
exit $failed
