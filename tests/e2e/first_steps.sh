#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The README's first filter is true: its files and commands, in their order, print what stands there. Numbers may differ,
# and how libxdp attaches. In a network and a mount namespace of its own, with its own bpffs and /etc.

set -u
# shellcheck source=tests/sandbox.sh
. "$(dirname "${BASH_SOURCE[0]}")/../sandbox.sh"

own_ground
work=$(mktemp -d)
trap 'umount -l "$work" && rmdir "$work"' EXIT
mount -t tmpfs etc "$work" && mkdir "$work/upper" "$work/work" &&
    mount -t overlay -o "lowerdir=/etc,upperdir=$work/upper,workdir=$work/work" overlay /etc || exit 1
mkdir -p /etc/lyncxdp
PATH=$(dirname "$LYNCXDP"):$PATH

ip netns add far && ip link add eth0 type veth peer name far netns far || exit 1
ip addr add 10.45.16.30/24 dev eth0
ip link set eth0 up
in_far sh -c 'ip link set lo up; ip addr add 10.45.16.99/24 dev far; ip link set far up'
until_true 30 is_up eth0 || exit 1

chapter=$(sed -n '/^## A first filter/,/^## Reference/p' "$tree/README.md")
# file N   The Nth file that stands there.
file() { awk -v n="$1" '/^```yaml/ {at++; inside = 1; next} /^```/ {inside = 0} inside && at == n' <<<"$chapter"; }
alike() { sed -E 's/, native mode.*//; s/[0-9]+/N/g; s/ +/ /g; s/^ //'; }

# prints COMMAND   It is there, and each line that stands below it is printed.
prints() {
    local line said
    grep -qE "^    [#\$] $1( +#.*)?\$" <<<"$chapter" || { echo "not in the README"; return 1; }
    # shellcheck disable=SC2086 # words of a command
    said=$($1 2>&1 | alike)
    echo "$said"
    while read -r line; do
        grep -qxF -e "$line" <<<"$said" || { echo "stands there, and is not printed: $line"; return 1; }
    done < <(awk -v command="$1" '/^    [#$] / {inside = index($0, command) == 7; next} !/^    / {inside = 0}
                                   inside && $1 != "..." ' <<<"$chapter" | alike)
}

file 1 >/etc/lyncxdp/site.yaml
file 2 >/etc/lyncxdp/lyncxdp.yaml
check "the site is checked" prints 'lyncxdp check /etc/lyncxdp/site.yaml --role av-edge'
check "its rows are shown" lyncxdp show av-edge --site /etc/lyncxdp/site.yaml
check "a packet is explained" says 0 'verdict  drop' \
    lyncxdp explain --role av-edge --site /etc/lyncxdp/site.yaml tcp 203.0.113.9 10.45.16.30:3389
check "it is attached, and drops nothing" prints 'lyncxdp attach eth0 --role av-edge --site /etc/lyncxdp/site.yaml --audit'
# The host refuses them, where nobody listens: so they got through.
refused() { in_far socat -T 60 - "TCP:10.45.16.30:$1,connect-timeout=60" 2>&1 </dev/null | grep 'refused'; }
for port in 22 80 3389; do
    check "what would be dropped at $port gets through" refused $port
done
check "what would have been dropped is counted" prints 'lyncxdp counters eth0'
check "it is in force, on trial" prints 'lyncxdp update eth0 --no-audit --try 60'
check "it is kept" prints 'lyncxdp confirm eth0'
check "the declaration says the same" prints 'lyncxdp apply --dry-run'
check "all is well" lyncxdp status
check "it is taken back" lyncxdp detach eth0
check "and then it is missed" ends_with 1 lyncxdp status
sed -i 's/av-edge:/av-egde:/' /etc/lyncxdp/site.yaml
check "a slip in the site is told as it stands there" says 3 "site.yaml:3:3: error: there is no role 'av-egde'; did you mean 'av-edge'" \
    lyncxdp check /etc/lyncxdp/site.yaml
finish
