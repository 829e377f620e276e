#!/bin/sh
# Needs Rust 1.85 or later with the target: rustup target add wasm32-unknown-unknown
set -eu
cd "$(dirname "$0")"
cargo build --release --locked --target wasm32-unknown-unknown
mkdir -p build
cp "${CARGO_TARGET_DIR:-target}/wasm32-unknown-unknown/release/cpi_outlier_rust.wasm" build/cpi-outlier.wasm
