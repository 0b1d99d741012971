#!/usr/bin/env bash
# What `make demo`, `make test` and `make fuzz` need beyond a Rust toolchain: a C compiler, for SQLite and zstd, a
# C++ compiler, for libFuzzer, and for `make test` a PostgreSQL, of which every run starts one of its own
# (`setup.sh tests`). `make schemathesis` needs a Python with the packages of .ci/apis/requirements.txt
# (`setup.sh schemathesis`), in a folder of its own; `make test-network` needs an `ip` and an `nft` (`setup.sh
# network`); an agent with cameras needs a libclang to be built (`setup.sh camera`), `make test-camera` that and an
# emulator with what fills its machine (`setup.sh guest`); `make test-phones` needs a Chromium and its driver (`setup.sh
# phones`); `make check` and the eye's bench with other decoders need a cmake and libzbar, and what cameras need
# (`setup.sh peers`). Installs what is missing with apt, as root or with sudo, and says so.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! command -v cargo >/dev/null; then
  echo "✖ No Rust toolchain. Do: install rustup and the toolchain that rust-version in Cargo.toml names" >&2
  exit 1
fi
missing=()
{ command -v cc && command -v c++; } >/dev/null || missing+=(build-essential)
# Debian's binaries lie outside PATH.
has_postgres() { compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null; }
if [ "${1:-}" = tests ] && ! has_postgres; then missing+=(postgresql); fi
if [[ "${1:-}" =~ ^(camera|guest|peers)$ ]]; then
  # With its headers, which lie where a package of their own puts them; LIBCLANG_PATH names another one.
  [ -n "${LIBCLANG_PATH:-}" ] || compgen -G '/usr/lib*/llvm*/lib*/libclang*.so' >/dev/null || missing+=(libclang-dev)
fi
if [ "${1:-}" = guest ]; then
  command -v qemu-system-x86_64 >/dev/null || missing+=(qemu-system-x86)
  command -v cpio >/dev/null || missing+=(cpio)
  command -v make >/dev/null || missing+=(build-essential)
fi
if [ "${1:-}" = peers ]; then
  command -v cmake >/dev/null || missing+=(cmake)
  pkg-config --exists zbar 2>/dev/null || missing+=(libzbar-dev pkg-config)
fi
if [ "${1:-}" = network ]; then
  # Debian's administrative commands may lie outside PATH.
  PATH="$PATH:/usr/sbin:/sbin"
  command -v ip >/dev/null || missing+=(iproute2)
  command -v nft >/dev/null || missing+=(nftables)
fi
if [ "${1:-}" = phones ]; then
  command -v chromedriver >/dev/null || missing+=(chromium-driver)
  { command -v chromium || command -v chromium-browser || command -v google-chrome; } >/dev/null || missing+=(chromium)
fi
if [ "${1:-}" = schemathesis ]; then
  # Debian's python3 has venv without ensurepip, which makes folders without pip.
  python3 -c 'import venv, ensurepip' 2>/dev/null || missing+=(python3 python3-venv)
fi
if [ "${#missing[@]}" -gt 0 ]; then
  echo "installing: ${missing[*]}"
  run=()
  [ "$(id -u)" = 0 ] || run=(sudo)
  "${run[@]}" apt-get update -qq
  "${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}"
fi
if [ "${1:-}" = schemathesis ]; then
  wanted=.ci/apis/requirements.txt
  folder=${CARGO_TARGET_DIR:-target}/schemathesis
  if ! cmp -s "$wanted" "$folder/installed.txt"; then
    echo "installing: schemathesis into $folder"
    python3 -m venv "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$wanted"
    cp "$wanted" "$folder/installed.txt"
  fi
fi
