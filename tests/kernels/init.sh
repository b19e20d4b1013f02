#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
# The first process of a test kernel: sets up just enough of a system, runs the checks, powers off.
# The console is the first serial port; the second carries TAP and nothing else.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/ LC_ALL=C

/bin/busybox --install -s /bin
ln -sf "$(command -v bash)" /bin/sh # the shell of busybox prefers its own applets, an `ip` among them, to any program
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/shm /run/netns
mount -t tmpfs tmpfs /dev/shm
mount -t bpf bpf /sys/fs/bpf
for module in /modules/*.ko; do
    insmod "$module"
done
ip link set lo up

cd /lyncxdp || poweroff -f
stty -F /dev/ttyS1 raw
bash tests/kernels/inside.sh >/dev/ttyS1
sync
poweroff -f
