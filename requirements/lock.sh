#!/usr/bin/env bash
# Resolve the lock files anew. They hold hashes and no index addresses, and install with plain pip on 3.11 to 3.13.
set -euo pipefail
cd "$(dirname "$0")/.."
compile() {
  env -u PIP_FIND_LINKS -u UV_FIND_LINKS uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-annotate --no-header --prerelease if-necessary-or-explicit -c requirements/constraints.in "$@"
}
compile pyproject.toml -o requirements/serve.txt
compile -c requirements/serve.txt --extra train --extra dev --extra docs pyproject.toml -o requirements/dev.txt
compile requirements/build.in -o requirements/build.txt
compile --no-deps requirements/demo.in -o requirements/demo.txt
compile requirements/slither.in -o requirements/slither.txt
