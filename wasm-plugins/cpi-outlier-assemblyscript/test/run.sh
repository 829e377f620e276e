#!/bin/sh
# Builds the tests of the plugin as a module, and runs them. ${NODE}: node, or bun.
set -e
cd "$(dirname "$0")/.."
PATH="../../node_modules/.bin:$PATH"
asc test/test.ts --runtime incremental --exportTable --use abort=../pdk/assemblyscript/host/abort -o build/test.wasm
"${NODE:-node}" ../pdk/run-tests.mjs build/test.wasm
