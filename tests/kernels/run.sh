#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs the checks of inside.sh on the stock kernels that Debian 12 offers, each booted in an emulated machine, and
# prints them as one TAP stream. What cannot be had here (qemu, a kernel package) is skipped, and says so.
# alone: the emulated machines keep every processor busy

set -u

source_tree=$(cd "$(dirname "$0")/../.." && pwd)
cache=${LYNCXDP_KERNELS:-$source_tree/build/kernels}
limit=${LYNCXDP_KERNEL_SECONDS:-1500} # for one boot with all its checks; it takes half of that, or less on a machine at rest

. "$source_tree/tests/kernels/fetch.sh"
. "$source_tree/tests/kernels/initramfs.sh"

count=0
failed=0
booted=() # the kernels that were booted, side by side: much of their time is waiting

# report ok|"not ok" "text": one numbered line of the whole stream.
report() {
    count=$((count + 1))
    [ "$1" = ok ] || failed=1
    echo "$1 $count - $2"
}

missing_tools() {
    local tool
    for tool in qemu-system-x86_64 busybox cpio xz apt-get dpkg-deb $initramfs_tools; do
        PATH=$PATH:/usr/sbin:/sbin command -v "$tool" >/dev/null || echo "$tool"
    done
}

# boot KERNEL NAME: the second serial port comes out of stdout, the console goes to a log. On a busy machine the emulated
# timer fails the kernel's test of timers, without which it boots all the same.
boot() {
    timeout "$limit" qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 2 -m 512 \
        -display none -nodefaults -no-reboot -serial "file:$cache/$2.log" -serial stdio \
        -netdev user,id=lan,restrict=on -device virtio-net-pci,netdev=lan \
        -kernel "$1"/boot/vmlinuz-* -initrd "$cache/$2.cpio" \
        -append "console=ttyS0 panic=-1 quiet no_timer_check" </dev/null
}

# start METAPACKAGE SERIES: boots the kernel in the background, or reports why not.
start() {
    local metapackage=$1 series=$2 kernel name missing

    missing=$(missing_tools)
    if [ "$(uname -m)" != x86_64 ]; then
        report ok "Linux $series # SKIP the emulated machine is x86-64, this one is not"
    elif [ -n "$missing" ]; then
        report ok "Linux $series # SKIP not installed: "$missing
    elif [ ! -x "$source_tree/build/lyncxdp" ]; then
        report "not ok" "Linux $series: build/lyncxdp is there (run make)"
    elif ! kernel=$(fetch_kernel "$cache" "$metapackage" "$series"); then
        report ok "Linux $series # SKIP $kernel"
    else
        name=${kernel##*/linux-image-}
        build_initramfs "$kernel" "$source_tree" "$cache/$name.cpio"
        boot "$kernel" "$name" >"$cache/$name.tap" 2>&1 &
        booted+=("$name")
    fi
}

# relay NAME: passes on the TAP of one boot, every promise with the kernel's name; the plan must come, and agree.
relay() {
    local name=$1 line seen=0 plan=none

    while IFS= read -r line; do
        case $line in
        "ok "* | "not ok "*)
            seen=$((seen + 1))
            report "${line%%ok *}ok" "$name: ${line#* - }"
            ;;
        1..*) plan=${line#1..} ;;
        "#"*) echo "$line" ;;
        *) echo "# $line" ;;
        esac
    done < <(tr -d '\r' <"$cache/$name.tap")
    if [ "$plan" = "$seen" ] && [ "$seen" -gt 0 ]; then
        report ok "$name: all checks ran within $limit s"
    else
        report "not ok" "$name: all checks ran within $limit s"
        tail -n 20 "$cache/$name.log" | tr -d '\r' | sed 's/^/# console: /'
    fi
}

start linux-image-cloud-amd64 6.1
start linux-image-6.12-cloud-amd64 6.12
wait
for name in "${booted[@]}"; do
    relay "$name"
done
echo "1..$count"
exit $failed
