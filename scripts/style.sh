#!/usr/bin/env bash
# style.sh: fails on a line of over 120 columns, a space at the end of a line, a file of over 600 lines, and a
# difference to clang-format 14 (scripts/format.sh mends those). The test `style` runs it; where there is no
# clang-format 14 it looks at the rest and exits with 77, "skipped".
set -euo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C.UTF-8  # columns are characters

sources() {
  find .ci CMakeLists.txt autograd nn optim data viz train onnx fronts include tests examples benchmarks cmake \
    scripts docs/course \( \
    -name '*.cpp' -o -name '*.hpp' -o -name '*.cmake' -o -name CMakeLists.txt -o -name '*.sh' -o -name '*.py' \) -print0
}
failed=0

if sources | xargs -0 grep -nE '^.{121,}' --; then
  echo "style.sh: lines of over 120 columns (above)" >&2
  failed=1
fi
if sources | xargs -0 grep -nE '[[:space:]]+$' --; then
  echo "style.sh: spaces at the end of lines (above)" >&2
  failed=1
fi
if sources | xargs -0 grep -c '' -- | awk -F: '$NF > 600 {print; found = 1} END {exit !found}'; then
  echo "style.sh: files of over 600 lines (above)" >&2
  failed=1
fi

layout=0
scripts/format.sh --check || layout=$?
if [ "$layout" -ne 0 ] && [ "$layout" -ne 77 ]; then
  echo "style.sh: run scripts/format.sh" >&2
  failed=1
fi
if [ "$failed" -ne 0 ]; then exit 1; fi
exit "$layout"
