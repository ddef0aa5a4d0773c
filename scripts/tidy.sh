#!/usr/bin/env bash
# tidy.sh [BASE]: clang-tidy (checks: .clang-tidy) on the sources that differ from the revision BASE (default: the last
# commit), with what they include of the public headers. BASE "all" means every source of the library. The exit status
# is 77 where clang-tidy is missing (Debian: clang-tidy, clang), another than 0 when something was found.
set -euo pipefail
cd "$(dirname "$0")/.."

base=${1:-HEAD}
command -v clang-tidy >/dev/null || { echo "tidy.sh: skipped: no clang-tidy" >&2; exit 77; }

# Without precompiled headers, which are GCC's own.
[ -e build/dev/compile_commands.json ] || cmake --preset dev -G "${CMAKE_GENERATOR:-Ninja}" >/dev/null

folders=(autograd/src nn/src optim/src data/src viz/src train/src examples)
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
# The commands are GCC's: Clang does not know all of its warnings and optimisations.
xargs -n 4 -P 2 clang-tidy -p build/dev --quiet --warnings-as-errors='*' --extra-arg=-Wno-unknown-warning-option \
  --extra-arg=-Wno-ignored-optimization-argument <<<"$files"
