#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What the systemd units promise: they are sound and ordered before the network, they are confined, and what they are
# confined to is enough. There is no systemd to run them here: their command lines run with what the units say, by hand.

set -u
# shellcheck source=tests/sandbox.sh
. "$(dirname "${BASH_SOURCE[0]}")/../sandbox.sh"

work=$(mktemp -d)
chmod 755 "$work"
started=
# shellcheck disable=SC2086
trap 'kill $started 2>/dev/null; rm -rf "$work"' EXIT
units=$work/lib/systemd/system
unit=$units/lyncxdp.service
exporter=$units/lyncxdp-exporter.service
card=$units/lyncxdp@.service
rules=$work/lib/udev/rules.d/90-lyncxdp.rules

bpffs_options=mode=0700 own_ground
outer_and_far

# The files of a declaration, where the unit looks for it.
mount -t tmpfs etc /mnt
cp -r /etc/. /mnt/ 2>/dev/null
mount --move /mnt /etc
mkdir -p /etc/lyncxdp
printf 'defaults: {site: site.yaml}\ninterfaces:\n  outer: {role: av-edge}\n' >/etc/lyncxdp/lyncxdp.yaml
printf 'site: test\n' >/etc/lyncxdp/site.yaml

# --- Installing ------------------------------------------------------------------------------------------------------

check "they are installed" make -s -C "$tree" install PREFIX="$work" DESTDIR=
check "with the place that they are installed in" grep -q "^ExecStart=$work/sbin/lyncxdp apply -f /etc/lyncxdp/lyncxdp.yaml" "$unit"
check "and nothing else to be filled in" lacks '@[A-Z]+@' "$unit" "$exporter" "$card"
check "the rule for late cards as well" grep -q 'SYSTEMD_WANTS.*lyncxdp@$name.service' "$rules"

# --- What systemd makes of them ----------------------------------------------------------------------------------------

# setting FILE NAME   its values, of all lines.
setting() { sed -n "s/^$2=//p" "$1" | tr '\n' ' '; }
# has FILE NAME WORD   the word is among them.
has() { [[ " $(setting "$1" "$2") " == *" $3 "* ]]; }

check "before any address is given" has "$unit" Before network-pre.target
check "which nobody else need ask for" has "$unit" Wants network-pre.target
check "after the files are there" has "$unit" After local-fs.target
check "and the state that may be needed" has "$unit" RequiresMountsFor /var/lib/lyncxdp
check "for a late card, too" has "$card" RequiresMountsFor /var/lib/lyncxdp
check "a late card does not get in the way of the start" has "$card" After lyncxdp.service
check "and has its policy before ifupdown gives it an address" has "$card" Before ifup@%i.service
check "not among what waits for the system to be up" has "$unit" DefaultDependencies no
check "it is wanted at boot" has "$unit" WantedBy sysinit.target
check "nothing makes the BPF file system read-only, as ProtectKernelTunables would" \
    lacks '^ProtectKernelTunables=yes' "$unit"
check "stopping it stops nothing" lacks '^ExecStop' "$unit"
if command -v systemd-analyze >/dev/null; then
    verified() { systemd-analyze verify --man=no "$@" && echo verified; } # which says nothing else of what is sound
    for name in lyncxdp lyncxdp-exporter; do
        check "$name is sound" says_no 0 "$name" verified "$units/$name.service"
    done
    # A template is verified as one of its instances.
    cp "$card" "$units/lyncxdp@br-lan.service"
    check "lyncxdp@ is sound" says_no 0 lyncxdp@ verified "$units/lyncxdp@br-lan.service"
    rm "$units/lyncxdp@br-lan.service"
    check "it is as confined as the other" says 0 'exposure level' systemd-analyze security --offline=true --threshold=32 "$card"
    check "it is confined" says 0 'exposure level' systemd-analyze security --offline=true --threshold=32 "$unit"
    check "the exporter more so" says 0 'exposure level' systemd-analyze security --offline=true --threshold=18 "$exporter"
    # The names of the system calls in a filter: those in its sets, and those of the sets in them.
    calls() {
        local name
        for name in "$@"; do
            if [[ $name == @* ]]; then
                # shellcheck disable=SC2046 # words
                calls $(systemd-analyze syscall-filter "$name" | sed -n 's/^    \([@a-z0-9_-]*\).*/\1/p')
            else
                echo "$name"
            fi
        done
    }
    # allowed FILE   the calls that its filter lets through.
    allowed() {
        local line
        : >"$work/allowed"
        sed -n 's/^SystemCallFilter=//p' "$1" | while read -r line; do
            # shellcheck disable=SC2086 # words
            calls ${line#\~} | sort -u >"$work/named"
            if [[ $line == \~* ]]; then
                comm -23 "$work/allowed" "$work/named" >"$work/rest"
            else
                sort -u "$work/allowed" "$work/named" >"$work/rest"
            fi
            mv "$work/rest" "$work/allowed"
        done
        cat "$work/allowed"
    }
    # made TRACE…   the calls that strace saw.
    made() { sed -n 's/^[0-9]* *\([a-z0-9_]*\)(.*/\1/p' "$@" | sort -u; }
else
    for promise in "lyncxdp is sound" "lyncxdp-exporter is sound" "lyncxdp@ is sound" "it is confined" "the exporter more so"; do
        skip "$promise" "there is no systemd-analyze"
    done
fi

# --- What they are confined to is enough -------------------------------------------------------------------------------

# The file systems as a unit says: ProtectSystem=strict, then its paths.
cat >"$work/mounts" <<'END'
mount --make-rprivate /
awk '$2 !~ "^/(dev|proc|sys)(/|$)" {print $2}' /proc/mounts | while read -r point; do
    mount -o remount,bind,ro "$point" 2>/dev/null
done
for path in $READ_ONLY; do mount --bind "$path" "$path" && mount -o remount,bind,ro "$path" || exit 1; done
for path in $READ_WRITE; do
    [ -e "${path#-}" ] || continue
    path=${path#-}
    mount --rbind "$PLAIN/$path" "$path" && mount -o remount,bind,rw "$path" || exit 1
done
END
# confined FILE command…   As the unit would: its capabilities, no new ones, its paths.
confined() {
    local file=$1 capabilities
    shift
    capabilities=$(setting "$file" CapabilityBoundingSet | tr '[:upper:]' '[:lower:]' | sed 's/cap_/+/g; s/ *$//; s/ /,/g')
    # shellcheck disable=SC2016
    READ_ONLY=$(setting "$file" ReadOnlyPaths) READ_WRITE=$(setting "$file" ReadWritePaths) PLAIN=$work/plain \
        unshare --mount bash -c 'mkdir -p "$PLAIN" && mount --rbind / "$PLAIN" && . "$0" || exit 125
            capabilities=$1; shift
            exec setpriv --bounding-set=-all${capabilities:+,$capabilities} --inh-caps=-all --no-new-privs "$@"' \
        "$work/mounts" "$capabilities" "$@"
}

read -ra start <<<"$(setting "$unit" ExecStart)"
read -ra reload <<<"$(setting "$unit" ExecReload)"
check "what would be written elsewhere is refused" says 1 'Read-only file system' confined "$unit" touch /etc/lyncxdp/new
check "and in /sys" says 1 'Read-only file system|Permission denied' confined "$unit" \
    bash -c 'echo 1500 >/sys/class/net/outer/mtu'
check "and another capability is not there" says 1 'Operation not permitted' confined "$unit" chown 1 /run
check "starting it filters" says 0 'outer: filtering as av-edge' confined "$unit" "${start[@]}"
check "with nowhere to keep it, it warns" says 0 'cannot be kept in /var/lib/lyncxdp/last-good: Read-only' confined "$unit" "${start[@]}"
check "that place is made before, or is not" has "$unit" ExecStartPre '-+/bin/mkdir'
mkdir /var/lib/lyncxdp
check "where it is, it is kept" says_no 0 'cannot be kept' confined "$unit" "${start[@]}"
check "by the name of the interface" test -s /var/lib/lyncxdp/last-good/+etc+lyncxdp+lyncxdp.yaml/outer
check "so that everybody sees it" answers 'length == 2 and all(.[]; .state == "filtering" and .role == "av-edge")' \
    "$work/sbin/lyncxdp" status --json
check "starting it again changes nothing" says 0 'outer: unchanged' confined "$unit" "${start[@]}"
printf 'site: test\nbuilt-in: {echo: on}\n' >/etc/lyncxdp/site.yaml
check "reloading it reads the files again" says 0 'outer: generation 2' confined "$unit" "${reload[@]}"
echo 'interfaces: {}' >/etc/lyncxdp/lyncxdp.yaml
check "and what is not declared any more is detached" says 0 'no longer filtered' confined "$unit" "${reload[@]}"
printf 'interfaces:\n  outer: {role: av-edge}\n  late: {role: av-edge}\n' >/etc/lyncxdp/lyncxdp.yaml
confined "$unit" "${start[@]}" >"$work/late" 2>&1 &
waiting=$!
started="$started $waiting"
check "it waits for an interface that comes late" until_true 60 asleep $waiting
ip link add late type veth peer name far-late
reap $waiting
check "which it filters" says 0 'late: filtering' cat "$work/late"
check "and that is no failure" [ "$ended" -eq 0 ]

# --- A late card -------------------------------------------------------------------------------------------------------

read -ra appears <<<"$(setting "$card" ExecStart)"
# plugged CARD   what udev has systemd do when a card of that name appears.
plugged() { confined "$card" "${appears[@]//%i/$1}"; }
printf 'interfaces:\n  outer: {role: av-edge}\n  dmz-late: {role: av-edge, pair: inner}\n' >/etc/lyncxdp/lyncxdp.yaml
ip link add eth7 type veth peer name far7
ip link add inner type veth peer name far8
check "a card that is in no declaration is nobody's business" prints_nothing plugged eth7
ip link set eth7 name dmz-late
check "one that is, by the name that it has got, is filtered" says 0 'dmz-late - inner: filtering' plugged dmz-late
check "again, nothing is done" says 0 'dmz-late - inner: unchanged' plugged dmz-late
"$work/sbin/lyncxdp" detach dmz-late >/dev/null
check "the other card of a pair brings up the pair" says 0 'dmz-late - inner: filtering' plugged inner
echo 'interfaces: [' >/etc/lyncxdp/lyncxdp.yaml
ip link del eth7 2>/dev/null || ip link del dmz-late
"$work/sbin/lyncxdp" detach --all >/dev/null 2>&1
ip link add dmz-late type veth peer name far7
check "with a declaration that is broken by then, it gets what applied well last" says 3 'dmz-late - inner: filtering' plugged dmz-late
"$work/sbin/lyncxdp" detach --all >/dev/null
printf 'interfaces:\n  outer: {role: av-edge}\n  late: {role: av-edge}\n' >/etc/lyncxdp/lyncxdp.yaml
"$work/sbin/lyncxdp" apply >/dev/null

# Which system calls it makes is seen, and held against the filter.
if command -v strace >/dev/null && command -v systemd-analyze >/dev/null; then
    "$work/sbin/lyncxdp" detach --all >/dev/null
    strace -f -o "$work/made" "${start[@]}" >/dev/null 2>&1
    strace -f -o "$work/again" "${reload[@]}" >/dev/null 2>&1
    echo 'interfaces: {}' >/etc/lyncxdp/lyncxdp.yaml
    strace -f -o "$work/off" "${reload[@]}" >/dev/null 2>&1
    made "$work/made" "$work/again" "$work/off" >"$work/calls"
    check "it made the calls that it is there for" grep -qx bpf "$work/calls"
    allowed "$unit" >"$work/may"
    check "and its filter lets some through" grep -qx bpf "$work/may"
    check "and it made none that its filter refuses" prints_nothing comm -23 "$work/calls" "$work/may"
else
    skip "it made the calls that it is there for" "there is no strace or no systemd-analyze"
    skip "and none that its filter refuses" "there is no strace or no systemd-analyze"
fi

# --- The exporter ------------------------------------------------------------------------------------------------------

# end_exporter   the one that listens, whoever started it.
listener() { ss -Htlnp sport = :9750 | sed -n 's/.*pid=\([0-9]*\).*/\1/p'; }
nobody_listens() { [ -z "$(listener)" ]; }
end_exporter() { kill "$(listener)" && until_true 60 nobody_listens; }
serves() { curl -sf --max-time 5 http://127.0.0.1:9750/healthz; }

if "$work/sbin/lyncxdp" exporter --help >/dev/null 2>&1; then
    read -ra serve <<<"$(setting "$exporter" ExecStart)"
    "$work/sbin/lyncxdp" attach outer --role av-edge >/dev/null
    files=$(setting "$exporter" LimitNOFILE)
    confined "$exporter" prlimit --nofile="${files:-1024:4096}" "${serve[@]}" >"$work/log" 2>&1 &
    started="$started $!"
    check "the exporter comes up" until_true 60 serves
    check "the exporter answers with what its unit leaves it" says 0 'lyncxdp_policy_generation\{' \
        curl -sf --max-time 60 http://127.0.0.1:9750/metrics
    ulimit -n "$(ulimit -Hn)"
    clients=()
    for _ in $(seq 1000); do exec {fd}<>/dev/tcp/127.0.0.1/9750 && clients+=("$fd"); done
    check "a thousand clients at a time" [ ${#clients[@]} -eq 1000 ]
    # Those who say nothing are shown out after ten seconds; nobody need wait for that.
    check "leave room for another" says 0 '^ok' curl -sf --max-time 5 http://127.0.0.1:9750/healthz
    for fd in "${clients[@]}"; do exec {fd}>&-; done
    end_exporter
    if command -v strace >/dev/null && command -v systemd-analyze >/dev/null; then
        strace -f -o "$work/serving" "${serve[@]}" >/dev/null 2>&1 &
        tracing=$!
        started="$started $tracing"
        check "the exporter is traced" until_true 60 serves
        end_exporter
        reap $tracing
        made "$work/serving" >"$work/calls"
        allowed "$exporter" >"$work/may"
        check "and makes the calls of one that answers" grep -qxE 'accept4?' "$work/calls"
        check "and its filter lets those through" grep -qxE 'accept4?' "$work/may"
        check "and it makes none that its filter refuses" prints_nothing comm -23 "$work/calls" "$work/may"
    fi
    "$work/sbin/lyncxdp" detach outer >/dev/null
else
    skip "the exporter answers with what its unit leaves it" "this lyncxdp has no exporter"
fi

check "uninstalling takes them away" make -s -C "$tree" uninstall PREFIX="$work" DESTDIR=
check "all of them" prints_nothing find "$work/lib" -type f

finish
