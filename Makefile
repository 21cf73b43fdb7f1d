# Everything one does with Parlor, a line each: `make` lists it. Every target sets up what it needs itself.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

DENY_VERSION := 0.20.2
DENY := target/tools/bin/cargo-deny
LLVM_COV_VERSION := 0.9.1
LLVM_COV_TOOL := target/tools/bin/cargo-llvm-cov
FUZZ_VERSION := 0.13.2
FUZZ := target/tools/bin/cargo-fuzz
FUZZ_TARGETS := $(notdir $(basename $(wildcard fuzz/fuzz_targets/*.rs)))
FUZZ_SECONDS ?= 60
NPM_CI := npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
UNCOUNTED := PARLOR_BIN=$(CURDIR)/target/covered/debug/parlor LLVM_PROFILE_FILE=/dev/null
BOTS_VENV := target/tools/bots-venv
WEB_SOURCES := $(shell find web/src web/public web/index.html web/vite.config.ts web/svelte.config.js -type f 2>/dev/null)
export PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD := 1

## run: build what changed, start everything in demo mode on http://localhost:8080; Ctrl-C stops it. ARGS adds flags
run: build
	@exec target/release/parlor serve --demo $(ARGS)

## cluster: the same as three processes, auth, chat and bot, at one RabbitMQ; Ctrl-C stops them
cluster: build
	@exec scripts/cluster

## build: target/release/parlor, with the page inside
build: tools page
	cargo build --locked --release -p parlor

## page: web/dist, from web/
page: tools web/dist/index.html

## test: every check there is: format, lints, licences, unit and black-box tests, the page, the HTTP calls, the browser
test: lint test-rust test-web test-openapi test-e2e

## test-rust: unit tests, conformance suites beside a real RabbitMQ, black-box tests over the real program; what they run
test-rust: programs bots-venv
	scripts/covered cargo llvm-cov clean --profraw-only
	scripts/with-rabbitmq scripts/covered cargo test --locked --workspace
	scripts/coverage

## test-web: the page's unit tests, and its size
test-web: page
	cd web && npm test
	cd web && npm run size

## test-openapi: the program against its own OpenAPI document, by requests that schemathesis makes up
test-openapi: programs
	$(UNCOUNTED) scripts/check-openapi

## test-e2e: the published protocol against its examples, and the page in a real browser
test-e2e: programs e2e/node_modules/.ready
	scripts/need chromium
	cd e2e && npm run check
	cd e2e && npm run protocol
	cd e2e && $(UNCOUNTED) npm test

## picture: take the README's picture of a room in use
picture: page e2e/node_modules/.ready
	scripts/need chromium
	cargo build --locked -p parlor
	cd e2e && PARLOR_PICTURE="$(CURDIR)/docs/parlor.png" npx playwright test picture

## coverage: which lines the Rust tests run, and the page's, as tables by file
coverage: test-rust
	scripts/covered cargo llvm-cov report
	cd web && npm run coverage

## fuzz: hostile input for all that is read from outside, a minute each or FUZZ_SECONDS, with a nightly toolchain
fuzz: tools $(FUZZ)
	scripts/need nightly
	cp Cargo.lock fuzz/Cargo.lock
	for target in $(FUZZ_TARGETS); do \
	  mkdir -p target/fuzz/found/$$target target/fuzz/broken; \
	  PATH="$(CURDIR)/target/tools/bin:$$PATH" cargo +nightly fuzz run --sanitizer none --target-dir target/fuzz \
	    $$target target/fuzz/found/$$target fuzz/corpus/$$target -- \
	    -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -timeout=5 -print_final_stats=1 \
	    -artifact_prefix="$(CURDIR)/target/fuzz/broken/$$target-"; \
	done

## bench: Parlor's costs beside a floor and its peers, in one run of some minutes; writes docs/performance.*. ARGS adds flags
bench: build crates/load/peers/ws/node_modules/.ready
	cargo build --locked --release -p parlor-load
	PARLOR_BIN=$(CURDIR)/target/release/parlor scripts/with-rabbitmq target/release/parlor-load \
	  --ws crates/load/peers/ws --docs docs $(ARGS)

## lint: format, clippy, licences and sources of dependencies, the page's types and style
lint: tools web/node_modules/.ready $(DENY)
	cargo fmt --all --check
	cargo fetch --locked --quiet
	$(DENY) --offline check bans licenses sources
	cargo clippy --locked --workspace --all-targets -- -D warnings
	cd web && npm run check
	cd web && npm run lint

## fmt: format the Rust code
fmt: tools
	cargo fmt --all

## protocol: write the files that are made from the types: docs/, web/src/protocol.ts, the sample of the settings
protocol: tools
	cargo run --locked --quiet -p parlor-protocol --example publish
	cargo run --locked --quiet -p parlor -- config > target/parlor.example.toml
	mv target/parlor.example.toml docs/parlor.example.toml

## audit: known weaknesses of the dependencies (asks the network)
audit: tools $(DENY) web/node_modules/.ready
	$(DENY) check advisories
	cd web && npm audit --omit=dev

## clean: away with everything that was built
clean:
	rm -rf target web/dist web/node_modules e2e/node_modules e2e/test-results e2e/playwright-report crates/load/peers/ws/node_modules

help:
	@sed -n 's/^## \([a-z0-9-]*\): /  make \1\t/p' Makefile | expand -t 20

tools:
	@scripts/need cargo node npm

# The program and its tests, which count the lines that they run; every test uses these.
programs: page target/covered/.begun
	scripts/covered cargo test --locked --workspace --no-run

# Tests built with other dependencies have other names: left behind, they would count as tests that ran nothing.
target/covered/.begun: Cargo.lock rust-toolchain.toml $(wildcard Cargo.toml */*/Cargo.toml) $(LLVM_COV_TOOL)
	scripts/covered cargo llvm-cov clean --workspace
	@mkdir -p $(@D)
	@touch $@

# The Python that the tests run the example bot with.
bots-venv: $(BOTS_VENV)/.ready

$(BOTS_VENV)/.ready: examples/dice-bot/requirements.txt
	scripts/need python3-venv
	rm -rf $(BOTS_VENV)
	python3 -m venv $(BOTS_VENV)
	$(BOTS_VENV)/bin/pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

web/node_modules/.ready: web/package.json web/package-lock.json
	cd web && $(NPM_CI)
	@touch $@

web/dist/index.html: web/node_modules/.ready $(WEB_SOURCES)
	cd web && npm run build
	@touch $@

e2e/node_modules/.ready: e2e/package.json e2e/package-lock.json
	cd e2e && $(NPM_CI)
	@touch $@

crates/load/peers/ws/node_modules/.ready: crates/load/peers/ws/package.json crates/load/peers/ws/package-lock.json
	cd crates/load/peers/ws && $(NPM_CI)
	@touch $@

$(DENY):
	cargo install --locked --quiet --no-default-features --root target/tools cargo-deny@$(DENY_VERSION)

$(FUZZ):
	cargo install --locked --quiet --root target/tools cargo-fuzz@$(FUZZ_VERSION)

$(LLVM_COV_TOOL):
	cargo install --locked --quiet --root target/tools cargo-llvm-cov@$(LLVM_COV_VERSION)

.PHONY: run cluster build page picture test test-rust test-web test-openapi test-e2e coverage fuzz bench lint fmt protocol audit clean help tools programs bots-venv
