#!/bin/sh
# Builds the tests of the library as a module, and runs them. ${NODE}: node, or bun.
set -e
cd "$(dirname "$0")/.."
PATH="../../../node_modules/.bin:$PATH"
asc test/test.ts --runtime incremental --exportTable --use abort=host/abort -o build/test.wasm
"${NODE:-node}" ../run-tests.mjs build/test.wasm
