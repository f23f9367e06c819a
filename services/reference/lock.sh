#!/bin/sh
# Compile requirements.lock and requirements-test.lock; needs uv 0.12.5 in PATH. Arguments go to uv (--upgrade).
set -eu
cd "$(dirname "$0")"
for name in requirements requirements-test; do
  uv pip compile --quiet --generate-hashes --python-version 3.11 --python-platform x86_64-unknown-linux-gnu \
    --no-emit-index-url --custom-compile-command 'uv pip compile --generate-hashes --python-version 3.11 (uv 0.12.5)' \
    "$@" "$name.in" --output-file "$name.lock"
done
