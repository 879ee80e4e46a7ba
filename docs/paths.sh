#!/usr/bin/env bash
# Every file that a document names must exist: links, and paths in backticks that begin with a folder of the repository. Both
# may be from the root or from where the document is.
set -euo pipefail
cd "$(dirname "$0")/.."
missing=0
while IFS= read -r document; do
	while IFS= read -r path; do
		[ -e "$path" ] || [ -e "$(dirname "$document")/$path" ] ||
			{ echo "$document: $path does not exist"; missing=1; }
	done < <(
		grep -oE '`(\.ci|\.github|benches|docs|examples|fuzz|guest|host|packaging|tests|wit)/[A-Za-z0-9_./-]*`' "$document" |
			tr -d '`' | sort -u
		grep -oE '\]\([^)#]+' "$document" | sed 's/^](//' | grep -vE '^[a-z]+:' | sort -u
	)
done < <(git ls-files --cached --others --exclude-standard '*.md')
exit "$missing"
