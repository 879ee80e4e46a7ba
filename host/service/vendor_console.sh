#!/usr/bin/env bash
# Renews the libraries of the console from npm: `host/service/vendor_console.sh`. The versions are below; the files and their
# licences are committed, so nothing of this runs in a build.
set -euo pipefail
cd "$(dirname "$0")/console/vendor"
preact=11.2.0 htm=3.1.1 uplot=1.6.32

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
get() {
	(cd "$work" && npm pack --silent "$1@$2" >/dev/null && mkdir -p "$1" && tar -xzf "$1-$2.tgz" -C "$1" --strip-components 1)
}
get preact "$preact"
get htm "$htm"
get uplot "$uplot"
{
	printf '// preact %s, MIT, see LICENSES.txt\n' "$preact"
	grep -v '^//# sourceMappingURL' "$work/preact/dist/preact.mjs"
} >preact.js
{
	printf '// preact/hooks %s, MIT, see LICENSES.txt\n' "$preact"
	# A page of the console has no import map: that would be a script in the page.
	grep -v '^//# sourceMappingURL' "$work/preact/hooks/dist/hooks.mjs" | sed 's|from"preact"|from"./preact.js"|'
} >hooks.js
{
	printf '// htm %s, Apache-2.0, see LICENSES.txt\n' "$htm"
	cat "$work/htm/dist/htm.module.js"
} >htm.js
{
	printf '// uPlot %s, MIT, see LICENSES.txt\n' "$uplot"
	cat "$work/uplot/dist/uPlot.iife.min.js"
	printf '\nexport default uPlot;\n'
} >uplot.js
{
	for library in preact htm uplot; do
		printf '== %s\n\n' "$library"
		cat "$work/$library/LICENSE"
		printf '\n'
	done
} >LICENSES.txt
