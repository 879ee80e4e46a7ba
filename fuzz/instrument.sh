#!/bin/sh
# The compiler of fuzzing builds, as cargo's RUSTC_WORKSPACE_WRAPPER: crates of this workspace report to the fuzzer which
# of their branches are taken. Cargo does not ask it for others, so the WebAssembly engine is compiled as everywhere
# else, and the fuzzer looks for inputs that are new to this project's code. Build scripts and what they link
# (callsign-componentize) are left alone: no fuzzer runs in them.
set -eu
case " $* " in
*' --crate-name build_script_'* | *' --crate-name callsign_componentize '* | *' --crate-name ___ '* | *' --target wasm32'* | *' -vV '*) exec "$@" ;;
*' --crate-name '*) ;;
*) exec "$@" ;;
esac
exec "$@" \
	-Cpasses=sancov-module \
	-Cllvm-args=-sanitizer-coverage-level=4 \
	-Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
	-Cllvm-args=-sanitizer-coverage-pc-table \
	-Cllvm-args=-sanitizer-coverage-trace-compares \
	-Cllvm-args=-simplifycfg-branch-fold-threshold=0 \
	-Ccodegen-units=1
