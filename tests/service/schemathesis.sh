#!/usr/bin/env bash
# Holds a running service against its own OpenAPI document: `tests/service/schemathesis.sh CALLSIGN [SECONDS]`, with the
# binary to test. `make test-api` installs what it needs. No answer may be a server's error, nor differ from the document.
set -euo pipefail
binary=$1
seconds=${2:-60}
here=$(cd "$(dirname "$0")/../.." && pwd)
folder=$(mktemp -d)
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null; rm -rf "$folder"' EXIT

touch "$folder/log"
CALLSIGN_SERVE_DATA=$folder/data CALLSIGN_SERVE_LISTEN_ADDRESS=127.0.0.1:0 CALLSIGN_SERVE_RATE_MANAGEMENT_PER_SECOND=0 \
	CALLSIGN_SERVE_LIMITS_HEAD_SECONDS=600 "$binary" serve >"$folder/out" 2>"$folder/log" &
server=$!
until grep -q 'listening on ' "$folder/log"; do
	kill -0 "$server" || { cat "$folder/log"; exit 1; }
	sleep 0.1
done
url=$(sed -n 's/.*listening on \([^;]*\);.*/\1/p' "$folder/log")
key=$(sed -n 's/.*shown this once: //p' "$folder/out")

# A stream never ends, so it is not asked for here; a key that removes itself would end the run. One worker: Python 3.11
# cannot parse its own source in two threads. On a busy machine an answer, and what is asked next, may take long: the service keeps
# its connections meanwhile, and nobody gives up.
cd "$folder"
SCHEMATHESIS_HOOKS=media_types PYTHONPATH=$here/tests/service PYTHONDONTWRITEBYTECODE=1 \
	"$here/target/venv/bin/schemathesis" run "$url/openapi.json" \
	--header "Authorization: App $key" \
	--checks not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance \
	--phases coverage,fuzzing \
	--exclude-path /v1/events --exclude-path-regex '^/v1/keys/' \
	--request-timeout 120 --suppress-health-check too_slow \
	--seed "${SEED:-1}" --max-time "$seconds" --workers 1 --no-color --warnings off \
	|| { code=$?; tail -n 40 "$folder/log"; exit "$code"; }
