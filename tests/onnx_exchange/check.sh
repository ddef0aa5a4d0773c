#!/usr/bin/env bash
# check.sh PYTHON DIR: checks the models in DIR with onnx's checker. Exits with 77, "skipped", where Python has no onnx.
set -euo pipefail
if ! "$1" -c 'import onnx' 2>/dev/null; then
  echo "check.sh: Python has no onnx: scripts/setup.sh --onnx" >&2
  exit 77
fi
exec "$1" "$(dirname "${BASH_SOURCE[0]}")/check.py" "$2"
