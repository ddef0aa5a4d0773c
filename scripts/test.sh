#!/usr/bin/env bash
# test.sh [CTEST OPTION...]: installs what is missing, builds, and runs all tests but those that are left to check.sh
# for their time: `headers`, which compiles each of 250 headers by itself, and those labelled `slow`. The last line is
# "N passed, N failed"; the exit status is 0 when none failed.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh --style --web --onnx
scripts/build.sh ci
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-2}

log=build/ci/ctest.log
status=0
ctest --preset ci --output-on-failure -j2 -LE '^(headers|slow)$' "$@" 2>&1 | tee "$log" || status=$?
counts=$(sed -nE 's/^[0-9]+% tests passed, ([0-9]+) tests? failed out of ([0-9]+)$/\1 \2/p' "$log")
if [ -z "$counts" ]; then
  echo "test.sh: ctest ran no test" >&2
  exit 1
fi
read -r failed total <<<"$counts"
echo "$((total - failed)) passed, $failed failed"
exit "$status"
