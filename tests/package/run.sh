#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The package as a user has it: built and checked by lintian, put into a clean Debian of the release that this machine
# has, attached there, removed and purged. What cannot be had (mmdebstrap, a mirror) is skipped, and says so.
# alone: a system is installed

set -u
if [ "${1:-}" != inside ]; then
    tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
    work=$(mktemp -d)
    trap 'rm -rf --one-file-system "$work"' EXIT
    # shellcheck source=tests/tap.sh
    . "$tree/tests/tap.sh"
    suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    mirror=$(sed -nE 's/^(deb|URIs:) +(\[[^]]*\] +)?(https?:[^ ]+).*/\3/p' /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | head -n 1)

    check "the package is built, and lintian has nothing against it" make -s -C "$tree" deb
    package=$(echo "$tree"/build/deb/lyncxdp_*.deb)
    mkdir "$work/root" && cp "$package" "$work/lyncxdp.deb"
    if ! command -v mmdebstrap >/dev/null || ! mmdebstrap -q --variant=apt --include=iproute2 \
        --customize-hook="copy-in $work/lyncxdp.deb /root" "$suite" "$work/root" ${mirror:+"$mirror"} >"$work/told" 2>&1; then
        skip "the package in a clean system" "no system can be had: $(tail -n 1 "$work/told" 2>/dev/null)"
        finish
        exit
    fi
    check "it brings with it what it needs" chroot "$work/root" env DEBIAN_FRONTEND=noninteractive \
        sh -c 'apt-get update -q && apt-get install -q -y --no-install-recommends /root/lyncxdp.deb'
    unshare --mount --net bash "$0" inside "$work/root" "$tap_count" "$tap_failed"
    exit
fi

# --- In namespaces of its own ------------------------------------------------------------------------------------------

root=$2
# shellcheck source=tests/tap.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tap.sh"
tap_count=$3 tap_failed=$4
mount -t sysfs none /sys && mount -t bpf none /sys/fs/bpf && mount --rbind /sys "$root/sys" &&
    mount --bind /proc "$root/proc" && mount --bind /dev "$root/dev" && mount -t tmpfs run "$root/run" || exit 1
there() { chroot "$root" env -u LYNCXDP_POLICIES DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }
filtered() { ip -d link show dev outer | grep -q prog/xdp; }
open() { ! filtered && [ -z "$(tc filter show dev outer egress)" ]; }
there apt-get clean
cp "$root/root/lyncxdp.deb" "$root/var/cache/lyncxdp.deb"

ip link add outer type veth peer name far && ip link set outer up && ip link set far up
check "roles are listed" says 0 'av-edge' there lyncxdp roles
check "the manual is there" test -s "$root/usr/share/man/man8/lyncxdp.8.gz"
check "the unit is wanted at boot" test -L "$root/etc/systemd/system/sysinit.target.wants/lyncxdp.service"
check "samples lie where the files are to be" test -s "$root/etc/lyncxdp/lyncxdp.yaml.sample" -a -s "$root/etc/lyncxdp/site.yaml.sample"
sed -e 's/^#//' -e 's/eth0/outer/; /eth1/d' "$root/etc/lyncxdp/lyncxdp.yaml.sample" | sed -n '/defaults/,$p' | sed '/An Edge/d' >"$root/etc/lyncxdp/lyncxdp.yaml"
cp "$root/etc/lyncxdp/site.yaml.sample" "$root/etc/lyncxdp/site.yaml"
check "which work when their comments are taken away" says 0 'outer: filtering' there lyncxdp apply
check "the interface is filtered" filtered
check "installing it again changes nothing of that" there apt-get install -q -y --reinstall /var/cache/lyncxdp.deb
check "it is filtered on" says 0 filtering there lyncxdp status outer
check "removing it shows how the filter is taken off without it" says 0 'ip link set dev outer xdp(drv|generic) off' there apt-get remove -q -y lyncxdp
check "and leaves it filtered" filtered
check "purging it does not open it unasked" there apt-get purge -q -y lyncxdp
check "it is filtered still" filtered
there apt-get install -q -y --no-install-recommends /var/cache/lyncxdp.deb >/dev/null 2>&1
check "a later one knows what the former left" says 0 filtering there lyncxdp status outer
there apt-get remove -q -y lyncxdp >/dev/null 2>&1
echo 'lyncxdp lyncxdp/detach boolean true' | there debconf-set-selections
check "purged with the answer that it be opened" there dpkg --purge lyncxdp
check "it is open" until_true 10 open
gone() {
    local path
    for path in "$root/var/lib/lyncxdp" "$root/usr/sbin/lyncxdp" "$root/etc/lyncxdp/site.yaml.sample" /sys/fs/bpf/lyncxdp; do
        [ ! -e "$path" ] || { echo "$path is there"; return 1; }
    done
}
check "nothing of it is left but what the operator wrote" gone
finish
