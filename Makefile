# The words everybody uses: on a laptop and in CI.
SHELL := /bin/sh
.DEFAULT_GOAL := help

# Compilers and the like, on a machine that has only Rust.
NEEDED := $(shell command -v cc >/dev/null 2>&1 || echo build-essential)
# The server that the tests of the Postgres store start, beside that.
NEEDED_BY_TESTS := $(shell ls /usr/lib/postgresql/*/bin/initdb /usr/bin/initdb /usr/local/bin/initdb \
	/usr/local/pgsql/bin/initdb /opt/homebrew/bin/initdb 2>/dev/null | grep -q . || echo postgresql)
# The browser that the tests of the dashboard drive.
NEEDED_BY_TESTS += $(shell command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || \
	command -v google-chrome >/dev/null 2>&1 || echo chromium)
# What counts instructions, where it can.
NEEDED_TO_COUNT := $(shell [ "$$(uname -sm)" != "Linux x86_64" ] || command -v valgrind >/dev/null 2>&1 || echo valgrind)
# What real clients need, beside that.
NEEDED_BY_CLIENTS := $(shell python3 -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv) \
	$(shell command -v npm >/dev/null 2>&1 || echo nodejs npm)

.PHONY: help setup web run test testweb instructions screens check fmt bench benchfailover benchledger benchplan lab matrix faults soak clients fuzz schemas clean

help: ## Show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: ## Install what building needs and is missing
	@command -v cargo >/dev/null 2>&1 || { echo "Rust is missing: see https://rustup.rs"; exit 1; }
	@if [ -n "$(NEEDED)" ]; then \
		echo "Installing $(NEEDED)"; \
		if [ "$$(id -u)" = 0 ]; then SUDO=; else SUDO=sudo; fi; \
		$$SUDO apt-get update -qq && $$SUDO apt-get install -y -qq $(NEEDED); \
	fi

# Without a dashboard everything else works: where Node is missing or too old, it is said and passed over.
# Vite wants Node 20.19 or newer.
NODE_IS_NEW = command -v npm >/dev/null 2>&1 && \
	node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null

web: ## Build the dashboard into web/dist (needs Node.js 20.19)
	@if [ ! -f web/package.json ]; then exit 0; fi; \
	if ! command -v npm >/dev/null 2>&1 && command -v apt-get >/dev/null 2>&1; then \
		echo "Installing nodejs npm"; \
		if [ "$$(id -u)" = 0 ]; then SUDO=; else SUDO=sudo; fi; \
		$$SUDO apt-get update -qq && $$SUDO apt-get install -y -qq nodejs npm || true; \
	fi; \
	if ! { $(NODE_IS_NEW); }; then \
		echo "The dashboard is not built: Node.js 20.19 or newer is missing. Everything else works."; exit 0; \
	fi; \
	if [ -f web/dist/index.html ] && [ -z "$$(find web -path web/node_modules -prune -o -path web/dist -prune -o \
		-type f -newer web/dist/index.html -print 2>/dev/null | head -n 1)" ]; then exit 0; fi; \
	cd web && npm ci --ignore-scripts --no-audit --no-fund && npm run build

run: setup web ## Build the release binary and start the gateway on 127.0.0.1:8080
	cargo build --release --locked -p tollgate
	./target/release/tollgate serve

# Fuzz targets are a workspace of their own. What they link is not needed to see whether they still
# compile: naming a libFuzzer spares its build, which wants a C++ compiler.
test: NEEDED := $(strip $(NEEDED) $(NEEDED_BY_TESTS))
test: setup web ## Run every test (starts a Postgres server of its own)
	CUSTOM_LIBFUZZER_PATH=none/libfuzzer.a cargo check --quiet --manifest-path fuzz/Cargo.toml --locked --target-dir target/fuzzcheck
	@if cargo nextest --version >/dev/null 2>&1; then \
		cargo nextest run --workspace --locked --no-fail-fast; \
	else \
		cargo test --workspace --locked --no-fail-fast; \
	fi
	@$(MAKE) --no-print-directory instructions
	@$(MAKE) --no-print-directory testweb

instructions: NEEDED := $(strip $(NEEDED) $(NEEDED_TO_COUNT))
instructions: setup ## Count the instructions of the hot functions, INSTRUCTIONS=--renew for a new baseline
	cargo build --release --quiet --locked -p tollgate-instructions
	./target/release/tollgate-instructions $(INSTRUCTIONS)

testweb screens: NEEDED := $(strip $(NEEDED) $(NEEDED_BY_TESTS))
testweb: setup web ## Test the dashboard, in Chromium too, as the gateway serves it
	@if ! { $(NODE_IS_NEW); }; then echo "The dashboard can't be tested: Node.js 20.19 or newer is missing"; exit 1; fi
	cargo build --locked -p tollgate
	cd web && npm run gen:check && npm run typecheck && npm run lint && npm test && npm run size
	cd web && TOLLGATE_SERVES=1 npm run browser

screens: setup web ## Write pictures of every page of the dashboard into docs/screens
	cargo build --locked -p tollgate
	cd web && TOLLGATE_SERVES=1 npm run screens

check: setup ## Formatting, lints, layers and bans, documentation
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo test -p xtask --locked --quiet
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items --locked --quiet

fmt: ## Format the code
	cargo fmt --all

bench: setup ## Measure the gateway beside direct and beside a minimal proxy, BENCH="--cells c64" for options
	cargo build --profile dist --locked -p tollgate -p tollgate-bench
	./target/dist/tollgate-bench --gateway ./target/dist/tollgate --json target/bench.json $(BENCH)

benchfailover: setup ## Measure the time from a provider's failure to the next attempt
	cargo build --profile dist --locked -p tollgate -p tollgate-bench
	./target/dist/tollgate-bench failover --gateway ./target/dist/tollgate

benchledger: setup ## Measure what it costs to settle and to journal
	cargo build --profile dist --locked -p tollgate-bench
	./target/dist/tollgate-bench ledger

benchplan: setup ## Measure what planning a call costs
	cargo bench --profile dist --locked -p tollgate-routing --bench plan

lab: setup ## Compare ways to choose endpoints over simulated fleets, LAB="--seed 7" for options
	cargo build --profile dist --locked -p tollgate-lab
	./target/dist/tollgate-lab $(LAB)

matrix: setup ## Prove every client at every provider, and print the matrix
	@cargo test -p tollgate --test matrix --locked; status=$$?; cat target/matrix.md; exit $$status

faults: setup ## Prove every fault at every byte for every client, and print the table
	@FAULTS=every cargo test -p tollgate --test faults --locked; status=$$?; cat target/faults.md; exit $$status

soak: setup ## Kill the program under load again and again, KILLS=300, and audit its books
	TOLLGATE_KILLS=$${KILLS:-300} cargo test -p tollgate --test gateway --locked -- --nocapture crashing

clients: NEEDED := $(strip $(NEEDED) $(NEEDED_BY_CLIENTS))
clients: setup ## Prove real client libraries through the gateway (needs Node.js 20)
	cargo build --locked -p tollgate
	python3 clients/run.py --gateway target/debug/tollgate

fuzz: setup ## Fuzz every reader of foreign bytes, FUZZ_SECONDS=60 each
	@fuzz/run.sh

schemas: setup ## Hold our answers against another OpenAPI document, SCHEMAS=file
	@test -n "$(SCHEMAS)" || { echo "Name the document: make schemas SCHEMAS=openapi.json"; exit 1; }
	cargo test -p tollgate --test openapi --locked
	cargo run -p xtask --locked --quiet -- schemas $(SCHEMAS)

clean: ## Remove what was built
	cargo clean
