# The two commands a newcomer needs are `make demo` and `make test`; each sets up
# what it needs and says so. Everything else is cargo.

CARGO ?= cargo
ARGS ?=
TARGET = $(or $(CARGO_TARGET_DIR),target)
BINARIES = $(TARGET)/debug
SECONDS ?= 300
SEED ?= 1
SEEDS ?= 200

.PHONY: help demo test test-network test-camera test-phones simulate simulate-bugs build check format fuzz scenarios schemathesis numbers setup setup-tests setup-network setup-guest setup-peers setup-phones

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort

setup:
	@packaging/setup.sh

setup-tests:
	@packaging/setup.sh tests

setup-network:
	@packaging/setup.sh network

setup-guest:
	@packaging/setup.sh guest

setup-peers:
	@packaging/setup.sh peers

setup-phones:
	@packaging/setup.sh phones

demo: setup ## a night at the door on this machine: make demo ARGS="--guests 300 --seed 7 --tui"
	$(CARGO) build --workspace --release --quiet --bin demo --bin edge-agent --bin cloud-sync --bin scanner-tui
	@$(TARGET)/release/demo $(ARGS)

test: setup-tests ## every test: units, properties, real processes, scenarios on every surface
	$(MAKE) build
	$(CARGO) test --workspace
	$(MAKE) scenarios

test-network: setup-network build ## real processes on a network that fails, as root: make test-network SECONDS=25 SEED=7
	@$(BINARIES)/network --seconds $(SECONDS) --seed $(SEED) $(ARGS)

test-camera: setup-guest ## cameras of a real kernel, in an emulated machine of its own; two minutes once it is fetched
	$(CARGO) build --workspace --features fixtures/camera --bin edge-agent --bin camera-guest
	@fixtures/guest/run

test-phones: setup-phones build ## the page of phones in a real Chromium: make test-phones ARGS="--pictures /tmp/phones"
	@$(BINARIES)/phones $(ARGS)

simulate: build ## whole nights with everything going wrong: make simulate SEEDS=2000, or SEED=42 for one, told
	@$(BINARIES)/simulate $(if $(filter command line,$(origin SEED)),--seed $(SEED),--seeds $(SEEDS)) $(ARGS)

simulate-bugs: build ## each deliberate bug in turn, until a night finds it: make simulate-bugs SEEDS=400
	@$(BINARIES)/simulate --bugs --until-found --seeds $(SEEDS) $(ARGS)

build: ## every program and test, in one go: crates whose features the tests widen are not built twice
	$(CARGO) build --workspace --bins --tests

scenarios: build ## the scenario files on every surface
	$(BINARIES)/scenarios --surface core fixtures/scenarios/*.json
	$(BINARIES)/scenarios --surface edge fixtures/scenarios/*.json
	$(BINARIES)/scenarios --surface edge --silent-cuts --only cut fixtures/scenarios/devices.json fixtures/scenarios/doors.json
	$(BINARIES)/scenarios --surface cloud fixtures/scenarios/*.json
	$(BINARIES)/scenarios --surface cloud --database postgres fixtures/scenarios/*.json

schemathesis: build ## both APIs against their documents, as every role: make schemathesis ARGS="--examples 200"
	@.ci/schemathesis $(ARGS)

check: setup-peers ## what CI asks before the tests
	$(CARGO) fmt --all --check
	$(CARGO) fmt --manifest-path fuzz/Cargo.toml --check
	$(CARGO) clippy --workspace --all-targets --all-features -- -D warnings
	$(CARGO) clippy --manifest-path fuzz/Cargo.toml --locked --target-dir $(TARGET) --all-features -- -D warnings
	RUSTDOCFLAGS="-D warnings -A rustdoc::private_intra_doc_links" $(CARGO) doc --workspace --no-deps --document-private-items --quiet
	.ci/direction
	.ci/licences

format: ## cargo fmt
	$(CARGO) fmt --all
	$(CARGO) fmt --manifest-path fuzz/Cargo.toml

fuzz: setup ## fuzz targets, a minute each: make fuzz ARGS="--target code --runs 10000000"
	@fuzz/run $(ARGS)

numbers: setup-tests ## prints the figures of docs/numbers.md
	@packaging/numbers.sh
