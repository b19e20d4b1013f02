#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Installs those of the named Debian packages that are missing; says nothing and needs no root when none is.
set -eu
missing=()
for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null)" = "ii " ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" -ne 0 ]; then
    echo "missing packages: ${missing[*]}" >&2
    echo "install them with: sudo make deps" >&2
    exit 1
fi
echo "installing: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
tries=120
until told=$(LC_ALL=C apt-get update -q 2>&1 >/dev/null); do
    # Another apt may be at work: it is waited for, ten minutes if need be.
    [[ $told == *"get lock"* ]] && [ $((tries--)) -gt 0 ] || { echo "$told" >&2; exit 1; }
    sleep 5
done
# Servers that the lab starts by itself must not be started by their packages.
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d.lyncxdp
chmod 755 /usr/sbin/policy-rc.d.lyncxdp
if [ ! -e /usr/sbin/policy-rc.d ]; then
    mv /usr/sbin/policy-rc.d.lyncxdp /usr/sbin/policy-rc.d
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
else
    rm -f /usr/sbin/policy-rc.d.lyncxdp
fi
apt-get -o DPkg::Lock::Timeout=600 install -q -y --no-install-recommends "${missing[@]}" >/dev/null
