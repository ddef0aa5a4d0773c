#!/usr/bin/env bash
# check.sh [STEP...]: what takes too long for every test run. All steps, or those named:
#   signals      100,000 SIGALRM in every product, convolution and recurrence, with all of oneDNN's instruction sets
#                (XGRAD_SIGNALS and XGRAD_SIGNAL_RATE: how many, and how many a second; 1,000 a second take hours)
#   allocations  training, saving, loading and pictures, with the k-th allocation failing, for every k
#   slow         the tests that test.sh leaves out: headers, each by itself; the accuracy of the classifiers of
#                xgrad::sklearn; docs/gallery in a browser; all mistakes and other solutions of the course
#   files        memory and time of readers of hostile files; saving and child processes
#   contention   digits and mnist_cnn beside busy neighbours, on one and two threads; with libtorch's lenet5 when
#                benchmarks/compare.sh has been run before
#   dev          all tests with ASan and UBSan; each source of the library compiled by itself
#   tsan         all tests with ThreadSanitizer, but those that it cannot run (below)
#   fuzz         each fuzzer of a reader for a minute (XGRAD_FUZZ_SECONDS); skipped without Clang
#   docs         the guide and the reference; a warning is a failure
#   debian13     all tests on Debian 13, by the program that XGRAD_DEBIAN13 names, which runs a command in a fresh
#                clone on such a system; skipped without it
# A step that fails does not end the run: the last lines say for each step whether it passed. The exit status is 0 when
# none failed.
set -euo pipefail
cd "$(dirname "$0")/.."

steps=(signals allocations slow files contention dev tsan fuzz docs debian13)
skipped=77
# Labels of tests that run nothing of the library, or are left to the step slow.
no_sanitizer='^(must_not_compile|headers|style|slow)$'

# run_test TEST [OPTION...]: a test of preset ci by itself, with options of Boost.Test. Several tests are one program,
# which ctest knows.
run_test() {
  local command
  command=$(ctest --preset ci -N -V -R "^$1\$" | sed -n 's/^[0-9]*: Test command: //p')
  [ -n "$command" ] || { echo "check.sh: preset ci has no test $1"; return 1; }
  shift
  eval "$command" '"$@"'
}

signals() {
  scripts/build.sh ci test_signals
  local isa
  for isa in SSE41 AVX2 AVX512_CORE ALL; do
    echo "check.sh: signals, oneDNN's instruction sets up to $isa"
    ONEDNN_MAX_CPU_ISA=$isa XGRAD_SIGNALS=${XGRAD_SIGNALS:-100000} XGRAD_SIGNAL_RATE=${XGRAD_SIGNAL_RATE:-10000} \
      run_test test_signals --log_level=message
  done
}

allocations() {
  scripts/build.sh ci test_allocation
  run_test test_allocation --log_level=message
}

slow() {
  scripts/build.sh ci all course_slow
  ctest --preset ci -L '^(headers|slow)$'
}

files() {
  scripts/build.sh ci test_reader_memory test_atomic_file test_child_process
  run_test test_reader_memory --log_level=message
  run_test test_atomic_file
  run_test test_child_process
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

# Not with AddressSanitizer: guide.speed_and_memory shows figures of the pool of memory, which is off there. The browser
# runs nothing of the library.
dev() {
  scripts/build.sh dev
  ctest --preset dev -j2 -LE "$no_sanitizer" \
    -E '^(guide\.speed_and_memory|web_(explorer|report))$'
}

# Not with ThreadSanitizer:
#   test_allocation, test_allocation_files, test_reader_allocation, test_reader_memory
#       count or refuse allocations, which are the sanitizer's own there
#   test_custom_versions  needs code for several instruction sets, which this preset leaves out: a third of the time
#   test_child_process  a child of fork() that starts threads, which the sanitizer refuses
#   machine, web_explorer, web_report  run nothing of the library
tsan() {
  local apart='allocation|allocation_files|reader_allocation|reader_memory|custom_versions|child_process'
  scripts/build.sh tsan
  ctest --preset tsan -j2 -LE "$no_sanitizer" \
    -E "^(test_($apart)|machine|web_(explorer|report))\$"
}

fuzz() {
  command -v clang++ >/dev/null || { echo "check.sh: no clang++"; return $skipped; }
  scripts/build.sh fuzz
  local seconds=${XGRAD_FUZZ_SECONDS:-60} folder=build/fuzz/tests/fuzz corpus=build/fuzz/corpus source name seeds
  "$folder/fuzz_seeds" "$corpus"
  for source in tests/fuzz/fuzz_*.cpp; do
    name=$(basename "$source" .cpp)
    mkdir -p "$corpus/${name#fuzz_}"
    seeds=()
    if [ "$name" = fuzz_safetensors_file ]; then seeds=("$corpus/safetensors"); fi
    "$folder/$name" -max_total_time="$seconds" -rss_limit_mb=4096 -artifact_prefix="build/fuzz/$name-" \
      "$corpus/${name#fuzz_}" "${seeds[@]}"
  done
}

docs() { scripts/docs.sh; }

debian13() {
  [ -n "${XGRAD_DEBIAN13:-}" ] || { echo "check.sh: XGRAD_DEBIAN13 names no program"; return $skipped; }
  local runner=("$XGRAD_DEBIAN13")
  [ -x "$XGRAD_DEBIAN13" ] || runner=(bash "$XGRAD_DEBIAN13")
  "${runner[@]}" bash scripts/test.sh
}

for step in "$@"; do
  case " ${steps[*]} " in
    *" $step "*) ;;
    *)
      sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" >&2
      exit 2
      ;;
  esac
done
if [ $# -gt 0 ]; then steps=("$@"); fi

lines=()
failed=0
for step in "${steps[@]}"; do
  echo "check.sh: $step"
  start=$SECONDS
  set +e
  (set -e; "$step")
  status=$?
  set -e
  case $status in
    0) result=passed ;;
    "$skipped") result=skipped ;;
    *)
      result="FAILED ($status)"
      failed=1
      ;;
  esac
  lines+=("$(printf 'check.sh: %-12s %s, %d s' "$step" "$result" $((SECONDS - start)))")
done
printf '%s\n' "${lines[@]}"
exit $failed
