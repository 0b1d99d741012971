#!/usr/bin/env bash
# Prints the figures of docs/numbers.md, one command after the other, each named before it runs.
set -euo pipefail
cd "$(dirname "$0")/.."
built=${CARGO_TARGET_DIR:-target}/dist
cargo build --workspace --profile dist --quiet --bin numbers --bin eye-bench --bin demo --bin edge-agent --bin cloud-sync --bin scanner-tui
show() { printf '\n$ %s\n' "$*"; "$@"; }
show "$built"/numbers --dir "${DIR:-.}" scans --lanes 1
show "$built"/numbers --dir "${DIR:-.}" scans --lanes 8
show "$built"/numbers --dir "${DIR:-.}" news
show "$built"/numbers --dir "${DIR:-.}" backlog
show "$built"/numbers --dir "${DIR:-.}" backlog --thin
show "$built"/numbers --dir "${DIR:-.}" apply
show "$built"/numbers --dir "${DIR:-.}" islands
show "$built"/numbers --dir "${DIR:-.}" idle
show "$built"/numbers --dir "${DIR:-.}" lane
show "$built"/numbers --dir "${DIR:-.}" start
show "$built"/numbers --dir "${DIR:-.}" start --tickets 1000000
show "$built"/numbers --dir "${DIR:-.}" feed
show "$built"/numbers --dir "${DIR:-.}" search
show "$built"/numbers --dir "${DIR:-.}" desk
show "$built"/numbers --dir "${DIR:-.}" desk --postgres
show "$built"/numbers --dir "${DIR:-.}" desk --postgres --servers 3
show "$built"/numbers --dir "${DIR:-.}" desk --lanes 32
show "$built"/numbers --dir "${DIR:-.}" desk --postgres --lanes 32
show "$built"/eye-bench --synth 60 --seed 3
show "$built"/demo
show ls -l "$built"/edge-agent "$built"/cloud-sync "$built"/scanner-tui
show cargo test --profile dist -q -p cloud-sync --test cloud pace -- --ignored --nocapture --test-threads 1
show cargo bench -q -p tidegate-core --bench rules
show cargo bench -q -p tidegate-core --bench merge
