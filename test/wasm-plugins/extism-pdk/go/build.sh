#!/bin/sh
set -eu
cd "$(dirname "$0")"
GOOS=wasip1 GOARCH=wasm go build -mod=readonly -buildmode=c-shared -trimpath -ldflags='-s -w' -o build/extism-pdk-alone.wasm .
