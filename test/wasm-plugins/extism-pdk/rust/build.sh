#!/bin/sh
set -eu
cd "$(dirname "$0")"
cargo build --release --locked --target wasm32-unknown-unknown
mkdir -p build
cp "${CARGO_TARGET_DIR:-target}/wasm32-unknown-unknown/release/extism_pdk_alone.wasm" build/extism-pdk-alone.wasm
