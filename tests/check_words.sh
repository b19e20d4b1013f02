#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Holds what strangers read to what a machine can check: no word in messages and manual that only this source knows, one
# version everywhere, and commits whose subject says where and fits a line.
set -u
cd "$(dirname "$0")/.." || exit
# shellcheck source=tests/tap.sh
. tests/tap.sh

private='twins?|whereabouts|wish(es)?|opinions?|facets?|remainders?|tells?|told|telling'

# What is printed: strings in the command and in the list of reasons, the manual, the page. Not the names of files and maps.
no_private_word() {
    ! { grep -nEiw "\"[^\"]*\b($private)\b[^\"]*\"" -r user include --include='*.[ch]' | grep -v '#include' ||
        grep -nEiw "$private" -r README.md user/share policies; } | grep .
}

version=$(sed -n 's/^VERSION := //p' Makefile)
manual_has_version() {
    echo "the Makefile has $version, the manual:"
    sed -n '/^\.TH/p; /^\.SH HISTORY/,/^\.SS/p' user/share/lyncxdp.8
    grep -qE "^\.TH LYNCXDP 8 \"[0-9]{4}-[0-9]{2}-[0-9]{2}\" \"lyncxdp $version\"" user/share/lyncxdp.8 &&
        sed -n '/^\.SH HISTORY/,$ s/^\.SS //p' user/share/lyncxdp.8 | head -n 1 | grep -qxF "$version"
}

abi=$(sed -n 's/^#define LX_ABI_VERSION //p' include/lyncxdp/abi.h)
history_names_abi() {
    echo "ABI $abi"
    sed -n "/^\.SS $version\$/,/^\.S[SH]/p" user/share/lyncxdp.8 | grep -qw "ABI $abi"
}

# Subjects since the last tag and since this is looked at, 20 at the most.
subjects() {
    local tag first
    tag=$(git describe --tags --abbrev=0 2>/dev/null)
    first=$(git log --diff-filter=A --format=%H -1 -- tests/check_words.sh)
    git log --no-merges -20 --format=%s HEAD ${tag:+"^$tag"} ${first:+"^$first"}
}
subjects_fit() {
    ! subjects | grep -vE '^[a-z0-9][a-z0-9_/., -]*: .' && ! subjects | grep -E '^.{73}'
}

check "no word in messages, manual and tables that only this source knows ($private)" no_private_word
check "the manual has the version of the Makefile, and its history begins with it" manual_has_version
check "the history of this version names its ABI" history_names_abi
if [ -e .git ] && git log -1 >/dev/null 2>&1; then
    check "subjects of commits have an area and at most 72 characters" subjects_fit
else
    skip "subjects of commits have an area and at most 72 characters" "no git, or no history here"
fi
finish
