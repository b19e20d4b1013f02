# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Builds the initramfs that a test kernel boots into: busybox, the tree under test at /lyncxdp, the tools that the
# checks use, and the few modules they need. Source this, call `build_initramfs`. Needs no root.

initramfs_tools="bash bridge ip tc ethtool bpftool xdp-filter socat ss jq"
initramfs_modules="veth virtio_pci virtio_net sch_ingress cls_bpf bonding bridge 8021q"

# copy_program ROOT FILE [AT]: a program and the libraries that it is linked with, at the paths they have here.
copy_program() {
    local root=$1 file=$2 at=${3:-$2} library

    install -D "$file" "$root$at"
    ldd "$file" 2>/dev/null | grep -o '/[^ ]*' | while read -r library; do
        [ -e "$root$library" ] || install -D "$library" "$root$library"
    done
}

# copy_module ROOT KERNEL NAME: a module after the ones it depends on, named in the order of loading.
copy_module() {
    local root=$1 kernel=$2 name=$3 file plain dependency

    [ -z "$(find "$root/modules" -name "*-$name.ko")" ] || return 0
    file=$(find "$kernel/lib/modules" -name "$name.ko*" | head -n 1)
    [ -n "$file" ] || return 0 # built into this kernel
    plain=$root/modules/$name.ko
    case $file in
    *.xz) xz -dc "$file" >"$plain" ;;
    *) cp "$file" "$plain" ;;
    esac
    for dependency in $(tr '\0' '\n' <"$plain" | sed -n 's/^depends=//p' | tr ',' ' '); do
        copy_module "$root" "$kernel" "$dependency"
    done
    mv "$plain" "$root/modules/$(printf %02d "$(find "$root/modules" -name '*-*.ko' | wc -l)")-$name.ko"
}

# copy_tree ROOT SOURCE: what is under test, in the shape of the source tree, so that it finds its own policies.
copy_tree() {
    local root=$1/lyncxdp source=$2 file

    mkdir -p "$root/build" "$root/tests"
    cp -r "$source/policies" "$root/"
    cp -r "$source/tests/tap.sh" "$source/tests/kernels" "$source/tests/fixtures" "$root/tests/"
    for file in "$source/build/lyncxdp" "$source"/build/tests/bpf/*; do
        [ -f "$file" ] && [ -x "$file" ] && copy_program "$1" "$file" "/lyncxdp${file#"$source"}"
    done
    return 0
}

# build_initramfs KERNEL SOURCE OUTPUT
build_initramfs() {
    local kernel=$1 source=$2 output=$3 root tool
    root=$(mktemp -d "$output.XXXXXX") && chmod 755 "$root"

    mkdir -p "$root"/{bin,dev,etc,modules,proc,run,sys,tmp}
    cp "$(command -v busybox)" "$root/bin/busybox"
    for tool in $initramfs_tools; do
        tool=$(PATH=$PATH:/usr/sbin:/sbin command -v "$tool") && copy_program "$root" "$(readlink -f "$tool")" "$tool"
    done
    # libxdp loads its dispatcher, and xdp-filter its programs, from files.
    mkdir -p "$root/usr/lib/x86_64-linux-gnu" && cp -r /usr/lib/x86_64-linux-gnu/bpf "$root/usr/lib/x86_64-linux-gnu/"
    for tool in $initramfs_modules; do
        copy_module "$root" "$kernel" "$tool"
    done
    copy_tree "$root" "$source"
    install "$source/tests/kernels/init.sh" "$root/init"
    (cd "$root" && find . | cpio --quiet -o -H newc -R 0:0) >"$output"
    rm -rf "$root"
}
