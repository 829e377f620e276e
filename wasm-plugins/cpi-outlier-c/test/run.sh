#!/bin/sh
# Builds the tests of the plugin as a module, and runs them. ${NODE}: node, or bun.
set -e
cd "$(dirname "$0")/.."
mkdir -p build
clang-19 --target=wasm32 -O2 -std=c23 -ffreestanding -nostdlib -ffp-contract=off -Wall -Wextra -Werror \
  -Wl,--no-entry -I ../pdk/c -I ../pdk/c/test -o build/test.wasm test/test.c
"${NODE:-node}" ../pdk/run-tests.mjs build/test.wasm
