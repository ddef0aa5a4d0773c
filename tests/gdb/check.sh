#!/usr/bin/env bash
# check.sh PROGRAM PRINTERS: what gdb shows of the variables of PROGRAM; 77 where there is no gdb that can run programs.
set -euo pipefail
program=$1 printers=$2
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0  # which gdb does not allow
if ! gdb --batch -ex 'python import gdb' >/dev/null 2>&1; then
  echo "no gdb with Python"
  exit 77
fi

args=(-nx --batch -ex "source $printers" -ex 'set width 0' -ex 'set print elements 0' -ex 'break stop_here'
  -ex 'run' -ex 'up')
for name in none whole turned flags scalar weight result large empty shape net net.norm net.fc.weight; do
  args+=(-ex "printf \"$name: \"" -ex "output $name" -ex 'echo \n')
done
shown=$(gdb "${args[@]}" "$program" 2>&1) || { echo "$shown"; exit 1; }
if grep -qiE 'could not trace|ptrace: operation not permitted|warning: Error disabling address space' <<<"$shown" &&
  ! grep -q '^none:' <<<"$shown"; then
  echo "gdb may not run programs here"
  exit 77
fi

failed=0
expect() {
  if ! grep -qF -- "$1" <<<"$shown"; then
    echo "missing: $1"
    failed=1
  fi
}
expect 'none: undefined'
expect 'whole: int64 (2, 3) = [[0, 1, 2], [3, 4, 5]]'
expect 'turned: int64 (3, 2) = [[0, 3], [1, 4], [2, 5]]'
expect 'flags: bool (2, 3) = [[false, false, false], [true, true, true]]'
expect '1.5'
expect 'weight: w "1": '
expect '(2, 2), requires_grad = [[0.5, -1.25], [2, 3]]'
expect '(2, 2), grad_fn exp = [['
expect 'large: float64 (100, 100) = [[0, 0, 0, ..., 0, 0, 0], '
expect 'empty: float32 (0, 3) = []'
expect 'shape: (2, 3, 4)'
expect 'fc = '
expect 'Linear(2 → 3), eval'
expect 'running_mean'
expect 'net.fc.weight: fc.weight: float32 (3, 2), requires_grad = [['
[ $failed = 0 ] || echo "$shown"
exit $failed
