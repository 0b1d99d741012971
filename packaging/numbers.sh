#!/usr/bin/env bash
# Prints the figures of docs/numbers.md, one command after the other, each named before it runs.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --release --quiet --bin numbers --bin eye_bench --bin demo --bin edge-agent --bin cloud-sync --bin scanner-tui
show() { printf '\n$ %s\n' "$*"; "$@"; }
show ./target/release/numbers --dir "${DIR:-.}" scans --lanes 1
show ./target/release/numbers --dir "${DIR:-.}" scans --lanes 8
show ./target/release/numbers --dir "${DIR:-.}" news
show ./target/release/numbers --dir "${DIR:-.}" first-sync --tickets 1000
show ./target/release/numbers --dir "${DIR:-.}" first-sync
show ./target/release/numbers --dir "${DIR:-.}" search
show ./target/release/numbers --dir "${DIR:-.}" desk
show ./target/release/numbers --dir "${DIR:-.}" desk --postgres
show ./target/release/numbers --dir "${DIR:-.}" desk --postgres --servers 3
show ./target/release/eye_bench --synth 60 --seed 3
show ./target/release/demo
show ls -l target/release/edge-agent target/release/cloud-sync target/release/scanner-tui
show cargo test --release -q -p cloud-sync --test pace -- --ignored --nocapture --test-threads 1
