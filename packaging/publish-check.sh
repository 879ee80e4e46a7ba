#!/usr/bin/env bash
# What `cargo publish` would refuse, and nothing is published: every package is made and looked into, the SDK is compiled from its
# packages alone, and so is a crate of `callsign policy new` that has nothing but these. Needs the index of crates.io.
# With FULL=1 every package is compiled, which takes as long as a build from nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
callsign=$1
# A folder of its own: the library of a crate that is also a component has one name wherever it is built from.
export CARGO_TARGET_DIR=$PWD/target/publish

sdk=(--package callsign-policy --package callsign-standard)
mapfile -t crates < <(cargo metadata --no-deps --format-version 1 |
	python3 -c 'import json, sys
for package in json.load(sys.stdin)["packages"]:
    if package["publish"] != []: print(package["name"])')
echo "== ${#crates[@]} packages: ${crates[*]}"

for crate in "${crates[@]}"; do
	files=$(cargo package --list --allow-dirty --quiet --package "$crate")
	for file in Cargo.toml README.md LICENSE; do
		grep -qx "$file" <<<"$files" || { echo "$crate has no $file"; exit 1; }
	done
done

# Versions that are not in the index yet are taken from the other packages.
selected=()
for crate in "${crates[@]}"; do selected+=(--package "$crate"); done
verify=(--no-verify)
[ -z "${FULL:-}" ] || verify=()
cargo publish --dry-run --allow-dirty "${verify[@]}" "${selected[@]}"
cargo publish --dry-run --allow-dirty "${sdk[@]}"

echo '== a crate of `callsign policy new` with the packages alone'
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$callsign" policy new packaged --path "$folder/packaged"
for crate in callsign-policy callsign-standard; do
	mkdir "$folder/$crate"
	tar -xzf "$(ls -t target/publish/package/"$crate"-*.crate | head -n 1)" -C "$folder/$crate" --strip-components=1
done
sed -i -e 's/^# \(\[patch\.crates-io\]\)/\1/' \
	-e "s|^# \(callsign-policy = \).*|\1{ path = \"$folder/callsign-policy\" }|" \
	-e "s|^# \(callsign-standard = \).*|\1{ path = \"$folder/callsign-standard\" }|" "$folder/packaged/Cargo.toml"
"$callsign" policy build "$folder/packaged" --out "$folder/packaged.wasm"
"$callsign" policy test "$folder/packaged.wasm" "$folder/packaged/cases.json"
