#!/usr/bin/env bash
# Starts a registry on loopback and lets the program exchange a component with it: run.sh PROGRAM COMPONENT.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill "${registry:-}" 2>/dev/null || true; rm -rf "$folder"' EXIT
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat > "$folder/config.yml" <<CONFIG
version: 0.1
log: {level: error}
storage: {filesystem: {rootdirectory: $folder/data}}
http: {addr: 127.0.0.1:$port}
CONFIG
docker-registry serve "$folder/config.yml" > "$folder/log" 2>&1 &
registry=$!
for _ in $(seq 600); do
	(: < "/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
	kill -0 "$registry" 2>/dev/null || { cat "$folder/log"; exit 1; }
	sleep 0.05
done
"$1" "127.0.0.1:$port" "$2"
