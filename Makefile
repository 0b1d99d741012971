# The two commands a newcomer needs are `make demo` and `make test`; each sets up
# what it needs and says so. Everything else is cargo.

CARGO ?= cargo
ARGS ?=

.PHONY: help demo test check format scenarios numbers setup

help: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort

setup:
	@packaging/setup.sh

demo: setup ## a night at the door on this machine: make demo ARGS="--guests 300 --seed 7 --tui"
	$(CARGO) build --release --quiet --bin demo --bin edge-agent --bin cloud-sync --bin scanner-tui
	@./target/release/demo $(ARGS)

test: setup ## every test: units, properties, real processes, scenarios on every surface
	$(CARGO) build --workspace --bins
	$(CARGO) test --workspace
	$(MAKE) scenarios

scenarios: ## the scenario files on every surface
	$(CARGO) run -q -p fixtures --bin scenarios -- --surface core fixtures/scenarios/*.json
	$(CARGO) run -q -p fixtures --bin scenarios -- --surface edge fixtures/scenarios/*.json
	$(CARGO) run -q -p fixtures --bin scenarios -- --surface edge --silent-cuts --only cut fixtures/scenarios/devices.json fixtures/scenarios/doors.json
	$(CARGO) run -q -p fixtures --bin scenarios -- --surface cloud fixtures/scenarios/*.json

check: ## what CI asks before the tests
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --all-features -- -D warnings
	RUSTDOCFLAGS="-D warnings -A rustdoc::private_intra_doc_links" $(CARGO) doc --workspace --no-deps --document-private-items --quiet
	.ci/direction
	.ci/licences

format: ## cargo fmt
	$(CARGO) fmt --all

numbers: setup ## prints the figures of docs/numbers.md
	@packaging/numbers.sh
