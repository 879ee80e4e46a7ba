#!/bin/sh
# Installs the Debian package $1 on this machine, starts what its unit starts, and removes it: `make deb-check`, as root.
set -eu
package=$1
if dpkg -s callsign >/dev/null 2>&1; then echo 'callsign is installed here already: remove it first' >&2; exit 2; fi
files=$(mktemp)
data=$(mktemp -d)
trap 'dpkg --purge callsign >/dev/null 2>&1 || true; rm -rf "$files" "$data"' EXIT
dpkg --install "$package"
dpkg --listfiles callsign > "$files"
start=$(sed -n 's/^ExecStart=//p' /usr/lib/systemd/system/callsign.service)
case $start in '/usr/bin/callsign serve') ;; *) echo "the unit starts $start" >&2; exit 1 ;; esac
callsign --version
# The unit itself where systemd runs; else what it starts, as the user that root is not.
if [ -d /run/systemd/system ]; then
	systemctl is-active callsign
else
	chown nobody "$data"
	: > "$data/log"
	CALLSIGN_SERVE_DATA=$data/data CALLSIGN_SERVE_LISTEN_ADDRESS=127.0.0.1:18080 \
		setpriv --reuid=nobody --clear-groups $start > "$data/log" 2>&1 &
	service=$!
	until grep -q listening "$data/log"; do
		kill -0 "$service" || { cat "$data/log" >&2; exit 1; }
		sleep 0.1
	done
	kill -TERM "$service"
	wait "$service"
fi
dpkg --remove callsign
while read -r file; do
	if [ -f "$file" ]; then echo "$file is left" >&2; exit 1; fi
done < "$files"
dpkg --purge callsign
for left in /etc/callsign /var/lib/callsign /var/lib/private/callsign; do
	if [ -e "$left" ]; then echo "$left is left" >&2; exit 1; fi
done
echo "$package: installed, started, removed, purged"
