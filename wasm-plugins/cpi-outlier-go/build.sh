#!/bin/sh
# Needs Go 1.24 or later.
set -eu
cd "$(dirname "$0")"
GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -trimpath -ldflags='-s -w' -o build/cpi-outlier.wasm .
