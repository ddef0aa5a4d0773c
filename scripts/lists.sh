#!/usr/bin/env bash
# lists.sh: adds what headers declare to the lists that tests compare with them: rows of docs/reference (their other
# cells are then yours to fill or to leave), includes of <xgrad/ops.hpp>, <xgrad/nn.hpp> and <xgrad/optim.hpp>.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/build.sh ci test_families test_modules test_reference
export XGRAD_WRITE_LISTS=1
build/ci/tests/test_families --run_test=the_reference_lists_every_operation
build/ci/tests/test_modules --run_test=modules/the_reference_lists_what_the_headers_declare
build/ci/tests/test_reference
git status --short docs/reference autograd/include/xgrad/ops.hpp nn/include/xgrad/nn.hpp optim/include/xgrad/optim.hpp
