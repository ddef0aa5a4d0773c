#!/usr/bin/env bash
# demo.sh [OPTION...]: installs what is missing, builds, and trains the digit classifier. Options go to the program
# (--help lists them); it writes its pictures and results to out/.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh
scripts/build.sh release digits
exec build/release/examples/digits "$@"
