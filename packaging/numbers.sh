#!/usr/bin/env bash
# Prints the figures of docs/numbers.md, one command after the other, each named before it runs.
set -euo pipefail
cd "$(dirname "$0")/.."
release=${CARGO_TARGET_DIR:-target}/dist
cargo build --workspace --profile dist --quiet --bin numbers --bin eye_bench --bin demo --bin edge-agent --bin cloud-sync --bin scanner-tui
show() { printf '\n$ %s\n' "$*"; "$@"; }
show "$release"/numbers --dir "${DIR:-.}" scans --lanes 1
show "$release"/numbers --dir "${DIR:-.}" scans --lanes 8
show "$release"/numbers --dir "${DIR:-.}" news
show "$release"/numbers --dir "${DIR:-.}" backlog
show "$release"/numbers --dir "${DIR:-.}" backlog --thin
show "$release"/numbers --dir "${DIR:-.}" apply
show "$release"/numbers --dir "${DIR:-.}" islands
show "$release"/numbers --dir "${DIR:-.}" idle
show "$release"/numbers --dir "${DIR:-.}" start
show "$release"/numbers --dir "${DIR:-.}" start --tickets 1000000
show "$release"/numbers --dir "${DIR:-.}" feed
show "$release"/numbers --dir "${DIR:-.}" search
show "$release"/numbers --dir "${DIR:-.}" desk
show "$release"/numbers --dir "${DIR:-.}" desk --postgres
show "$release"/numbers --dir "${DIR:-.}" desk --postgres --servers 3
show "$release"/numbers --dir "${DIR:-.}" desk --lanes 32
show "$release"/numbers --dir "${DIR:-.}" desk --postgres --lanes 32
show "$release"/eye_bench --synth 60 --seed 3
show "$release"/demo
show ls -l "$release"/edge-agent "$release"/cloud-sync "$release"/scanner-tui
show cargo test --profile dist -q -p cloud-sync --test cloud pace -- --ignored --nocapture --test-threads 1
show cargo bench -q -p tidegate-core --bench rules
show cargo bench -q -p tidegate-core --bench merge
