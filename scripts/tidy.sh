#!/usr/bin/env bash
# tidy.sh [BASE]: clang-tidy (checks: .clang-tidy) on the sources that differ from the revision BASE (default: the last
# commit), with what they include of the public headers. BASE "all" means every source of the library. The exit status
# is 77 where clang-tidy is missing (Debian: clang-tidy, clang), another than 0 when something was found.
set -euo pipefail
cd "$(dirname "$0")/.."

base=${1:-HEAD}
command -v clang-tidy >/dev/null || { echo "tidy.sh: skipped: no clang-tidy" >&2; exit 77; }

# The sources by themselves.
[ -e build/dev/compile_commands.json ] || cmake --preset dev -G "${CMAKE_GENERATOR:-Ninja}" >/dev/null
if [ -d build/dev/onnx ]; then cmake --build build/dev --target xgrad_onnx_wire >/dev/null; fi

# The commands are GCC's: Clang refuses options that it does not know.
mkdir -p build/tidy
sed -E 's/ -fno-ipa-[a-z]+//g' build/dev/compile_commands.json >build/tidy/compile_commands.json

folders=(autograd/src nn/src optim/src data/src viz/src train/src onnx/src fronts/src examples)
if [ "$base" = all ]; then
  files=$(find "${folders[@]}" -name '*.cpp')
else
  files=$({ git diff --name-only --diff-filter=d "$base" -- "${folders[@]}"
    git ls-files --others --exclude-standard -- "${folders[@]}"; } | grep '\.cpp$' || true)
fi
if [ -z "$files" ]; then
  echo "tidy.sh: no source differs from $base"
  exit 0
fi
# It does not know all of GCC's warnings and optimisations either.
xargs -n 4 -P 2 clang-tidy -p build/tidy --quiet --warnings-as-errors='*' --extra-arg=-Wno-unknown-warning-option \
  --extra-arg=-Wno-ignored-optimization-argument <<<"$files"
