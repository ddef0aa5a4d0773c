#!/usr/bin/env bash
# build.sh PRESET [TARGET...]: configures and builds in build/PRESET, with Ninja when it is there.
set -euo pipefail
cd "$(dirname "$0")/.."

preset=${1:?usage: build.sh PRESET [TARGET...]}
shift
if command -v ninja >/dev/null; then export CMAKE_GENERATOR=${CMAKE_GENERATOR:-Ninja}; fi

cmake --preset "$preset"
cmake --build --preset "$preset" --parallel "$(getconf _NPROCESSORS_ONLN)" ${1:+--target "$@"}
