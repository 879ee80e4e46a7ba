#!/usr/bin/env bash
# Puts the library, its header and its file for pkg-config where programs find them: install.sh BUILD PREFIX.
set -euo pipefail
build=$1 prefix=$2
here=$(cd "$(dirname "$0")" && pwd)
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$here/../../Cargo.toml" | head -n 1)
mkdir -p "$prefix/include" "$prefix/lib/pkgconfig"
prefix=$(cd "$prefix" && pwd)
install -m 644 "$here/include/callsign.h" "$prefix/include/callsign.h"
# The first two bytes of the version of the ABI name the file that programs ask for.
install -m 755 "$build/libcallsign_c.so" "$prefix/lib/libcallsign.so.1"
ln -sf libcallsign.so.1 "$prefix/lib/libcallsign.so"
install -m 644 "$build/libcallsign_c.a" "$prefix/lib/libcallsign.a"
sed -e "s|@PREFIX@|$prefix|" -e "s|@VERSION@|$version|" "$here/callsign.pc.in" > "$prefix/lib/pkgconfig/callsign.pc"
ls -l "$prefix/include/callsign.h" "$prefix"/lib/libcallsign.* "$prefix/lib/pkgconfig/callsign.pc"
