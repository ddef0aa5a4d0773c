#!/usr/bin/env bash
# run.sh MODULES SCRIPT ARGUMENT...: runs a browser test with the packages in MODULES/node_modules. Exits with 77,
# "skipped", where node, Chromium or the packages are missing.
set -euo pipefail
modules=$1
shift
for browser in chromium chromium-browser google-chrome; do
  if command -v "$browser" >/dev/null; then
    CHROMIUM=$(command -v "$browser")
    export CHROMIUM
    break
  fi
done
if ! command -v node >/dev/null || [ -z "${CHROMIUM:-}" ] || [ ! -d "$modules/node_modules/axe-core" ]; then
  echo "run.sh: node, Chromium or the npm packages are missing: scripts/setup.sh --web" >&2
  exit 77
fi
export WEB_MODULES=$modules/node_modules
exec node "$@"
