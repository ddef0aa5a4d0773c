#!/usr/bin/env bash
# check.sh [STEP...]: what takes too long for every test run. All steps, or those named:
#   signals      100,000 SIGALRM in every product, convolution and recurrence, with all of oneDNN's instruction sets
#                (XGRAD_SIGNALS and XGRAD_SIGNAL_RATE: how many, and how many a second; 1,000 a second take hours)
#   allocations  training, saving, loading and pictures, with the k-th allocation failing, for every k
#   files        memory and time of readers of hostile files; saving and child processes
#   contention   digits and mnist_cnn beside busy neighbours, on one and two threads; with libtorch's lenet5 when
#                benchmarks/compare.sh has been run before
#   sanitizers   all tests with ASan and UBSan
#   races        the tests of threads with ThreadSanitizer
# The exit status is 0 when all of them passed.
set -euo pipefail
cd "$(dirname "$0")/.."

signals() {
  scripts/build.sh ci test_signals
  local isa
  for isa in SSE41 AVX2 AVX512_CORE ALL; do
    echo "check.sh: signals, oneDNN's instruction sets up to $isa"
    ONEDNN_MAX_CPU_ISA=$isa XGRAD_SIGNALS=${XGRAD_SIGNALS:-100000} XGRAD_SIGNAL_RATE=${XGRAD_SIGNAL_RATE:-10000} \
      build/ci/tests/test_signals --log_level=message
  done
}

allocations() {
  scripts/build.sh ci test_allocation
  build/ci/tests/test_allocation --log_level=message
}

files() {
  scripts/build.sh ci test_reader_memory test_atomic_file test_child_process
  build/ci/tests/test_reader_memory --log_level=message
  build/ci/tests/test_atomic_file
  build/ci/tests/test_child_process
}

contention() {
  scripts/build.sh release digits mnist_cnn
  local out
  out=$(mktemp -d)
  for example in digits mnist_cnn; do
    echo "check.sh: $example beside busy neighbours"
    benchmarks/contention.sh --runs "${RUNS:-3}" -- "build/release/examples/$example" \
      --digits examples/data/digits.csv --out "$out"
  done
  rm -r "$out"
  for program in build/bench/benchmarks/xgrad_bench build/bench-torch/torch_bench; do
    [ -x "$program" ] || continue
    echo "check.sh: $program lenet5 beside busy neighbours"
    # 300 steps each, whatever they take.
    BENCH_REPS=3 BENCH_REP_STEPS=100 benchmarks/contention.sh --runs "${RUNS:-3}" -- "$program" lenet5 {}
  done
}

sanitizers() {
  scripts/build.sh dev
  ctest --preset dev -j2
}

races() {
  scripts/build.sh tsan test_threads test_signals test_data test_parallel
  ctest --preset tsan -R '^test_(threads|signals|data|parallel)$'
}

for step in "${@:-signals allocations files contention sanitizers races}"; do
  for s in $step; do
    case $s in
      signals | allocations | files | contention | sanitizers | races) "$s" ;;
      *)
        sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" >&2
        exit 2
        ;;
    esac
  done
done
