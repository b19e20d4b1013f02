# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Fetches Debian's kernel packages and unpacks them without installing: source this, call `fetch_kernel`.
# Needs apt's package lists and a network once; after that the cache alone will do.

# The image that a Debian metapackage stands for today, for instance linux-image-6.1.0-56-cloud-amd64.
current_package() {
    apt-cache depends --important "$1" 2>/dev/null | sed -n 's/^ *Depends: \(linux-image-.*\)/\1/p' | tail -n 1
}

# newest_cached CACHE SERIES: the newest unpacked kernel of a series, for when apt knows of none.
newest_cached() {
    find "$1" -maxdepth 1 -name "linux-image-$2.*" -type d 2>/dev/null | sort -V | tail -n 1
}

# download_package CACHE PACKAGE: makes CACHE/PACKAGE, whole or not at all.
download_package() {
    local cache=$1 package=$2 partial=$1/partial.$$ status=1

    mkdir -p "$partial/tree"
    if (cd "$partial" && apt-get -q -o APT::Sandbox::User= download "$package") >"$cache/download.log" 2>&1 &&
        dpkg-deb -x "$partial"/*.deb "$partial/tree" >>"$cache/download.log" 2>&1; then
        mv -T "$partial/tree" "$cache/$package" && status=0
    fi
    rm -rf "$partial"
    return $status
}

# fetch_kernel CACHE METAPACKAGE SERIES: prints the directory of the unpacked kernel, or on failure why there is none.
fetch_kernel() {
    local cache=$1 metapackage=$2 series=$3 package cached

    mkdir -p "$cache"
    package=$(current_package "$metapackage")
    cached=$(newest_cached "$cache" "$series")
    if [ -n "$package" ] && { [ -d "$cache/$package" ] || download_package "$cache" "$package"; }; then
        echo "$cache/$package"
    elif [ -n "$cached" ]; then
        echo "$cached"
    elif [ -z "$package" ]; then
        echo "apt knows no package $metapackage (apt-get update?)"
        return 1
    else
        echo "cannot download $package: $(grep '^E:' "$cache/download.log" | head -n 1)"
        return 1
    fi
}
