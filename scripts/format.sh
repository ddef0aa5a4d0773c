#!/usr/bin/env bash
# format.sh [--check] [FILE...]: lays out the C++ files (all of the project's, or those named) with clang-format 14, the
# version that the project is pinned to. --check changes nothing and fails where something would change. The exit status
# is 77 where there is no clang-format 14.
set -euo pipefail
cd "$(dirname "$0")/.."

how=(-i)
if [ "${1:-}" = --check ]; then
  how=(--dry-run -Werror)
  shift
fi

tool=
for candidate in clang-format-14 clang-format; do
  if command -v "$candidate" >/dev/null && "$candidate" --version | grep -q 'version 14\.'; then
    tool=$candidate
    break
  fi
done
if [ -z "$tool" ]; then
  echo "format.sh: skipped: no clang-format 14 (Debian 12: scripts/setup.sh --style)" >&2
  exit 77
fi

if [ $# -gt 0 ]; then
  printf '%s\0' "$@"
else
  find autograd nn optim data viz train onnx fronts include tests examples benchmarks cmake docs/course \
    \( -name '*.cpp' -o -name '*.hpp' \) -print0
fi | xargs -0 -n 40 -P 2 "$tool" --style=file "${how[@]}"
