#!/usr/bin/env bash
# What `make demo` and `make test` need beyond a Rust toolchain: a C compiler, for SQLite and zstd.
# Installs it with apt where it is missing, as root or with sudo, and says so.
set -euo pipefail
if ! command -v cargo >/dev/null; then
  echo "✖ No Rust toolchain. Do: install rustup and the toolchain that rust-version in Cargo.toml names" >&2
  exit 1
fi
missing=()
command -v cc >/dev/null || missing+=(build-essential)
if [ "${#missing[@]}" -gt 0 ]; then
  echo "installing: ${missing[*]}"
  run=()
  [ "$(id -u)" = 0 ] || run=(sudo)
  "${run[@]}" apt-get update -qq
  "${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}"
fi
