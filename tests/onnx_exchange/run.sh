#!/usr/bin/env bash
# run.sh MODULES DIR: runs the models in DIR in onnxruntime. Exits with 77, "skipped", where node or the package is
# missing.
set -euo pipefail
if ! command -v node >/dev/null || [ ! -d "$1/node_modules/onnxruntime-web" ]; then
  echo "run.sh: node or onnxruntime-web is missing: scripts/setup.sh --onnx" >&2
  exit 77
fi
exec node "$(dirname "${BASH_SOURCE[0]}")/run.mjs" "$@"
