#!/usr/bin/env bash
# compare.sh [--libtorch-only] [NAME...]
# Times the workloads (all, or those named) in xgrad and in libtorch, by turns, and prints one JSON line for each
# workload and thread count, also to build/bench/results.jsonl, after a line about the machine. What is compared, and
# how, is in README.md.
#   --libtorch-only     leave xgrad out: the baseline alone
#   BENCH_ALTERNATIONS  rounds (5)            BENCH_THREADS  thread counts ("1 2")
#   BENCH_REPS          groups per run (3)    BENCH_REP_S    seconds per group (0.1)
#   BENCH_REALTIME=0    do not ask for real-time priority
#   BENCH_BUILD_DIR     where bench/ and bench-torch/ are built (build)
# Exit status: 0, 1 when something is missing, fails or computes other values than libtorch, 2 for a wrong argument.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
build=${BENCH_BUILD_DIR:-$root/build}
alternations=${BENCH_ALTERNATIONS:-5}
threads=${BENCH_THREADS:-1 2}
export BENCH_REPS=${BENCH_REPS:-3} BENCH_REP_S=${BENCH_REP_S:-0.1}
unset LD_PRELOAD MALLOC_CONF OPENBLAS_CORETYPE ATEN_CPU_CAPABILITY GOMP_CPU_AFFINITY OMP_PROC_BIND OMP_WAIT_POLICY

say() { echo "compare.sh: $*" >&2; }
die() {
  say "$1"
  exit "${2:-1}"
}

with_xgrad=1
names=()
for a in "$@"; do
  case $a in
    --libtorch-only) with_xgrad=0 ;;
    -h | --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" && exit 0 ;;
    -*) die "unknown option $a (see --help)" 2 ;;
    *) names+=("$a") ;;
  esac
done
[[ $alternations =~ ^[1-9][0-9]*$ ]] || die "BENCH_ALTERNATIONS must be a positive number, got '$alternations'" 2

# ---- what libtorch needs ----
find_lib() { PATH=$PATH:/sbin:/usr/sbin ldconfig -p | awk -v n="$1" '$1 == n && !found++ {print $NF}'; }
echo '#include <torch/csrc/api/include/torch/version.h>' | "${CXX:-c++}" -E -x c++ - >/dev/null 2>&1 ||
  die "libtorch is not installed. 'bash scripts/setup.sh --benchmarks' installs it."
jemalloc=$(find_lib libjemalloc.so.2)
[ -n "$jemalloc" ] || die "libjemalloc2 is not installed. 'bash scripts/setup.sh --benchmarks' installs it."

# ---- build ----
if command -v ninja >/dev/null; then export CMAKE_GENERATOR=${CMAKE_GENERATOR:-Ninja}; fi
build_torch() {
  [ -f "$build/bench-torch/CMakeCache.txt" ] || cmake -S "$here/torch" -B "$build/bench-torch"
  cmake --build "$build/bench-torch"
}
build_xgrad() {
  (cd "$root" && cmake --preset bench -B "$build/bench")
  cmake --build "$build/bench" --target xgrad_bench
}
mkdir -p "$build/bench" "$build/bench-torch"
for side in torch $([ $with_xgrad = 0 ] || echo xgrad); do
  say "building the $side side"
  log=$build/bench/build-$side.log
  "build_$side" >"$log" 2>&1 || { tail -n 20 "$log" >&2 && die "the $side side does not build: $log"; }
done
torch_bench=$build/bench-torch/torch_bench
xgrad_bench=$build/bench/benchmarks/xgrad_bench

# ---- which workloads ----
known=$("$torch_bench")
[ $with_xgrad = 0 ] || known=$("$xgrad_bench" | grep -Fx "$known") || die "the two sides share no workload"
for n in "${names[@]}"; do
  grep -qFx -- "$n" <<<"$known" || die "no workload '$n'; there are: ${known//$'\n'/ }" 2
done
[ ${#names[@]} -gt 0 ] || mapfile -t names <<<"$known"

# ---- libtorch's settings ----
priority=()
if [ "${BENCH_REALTIME:-1}" = 1 ] && chrt -f 1 true 2>/dev/null; then priority=(chrt -f 1); fi
# Debian's libtorch takes whatever libblas.so.3 is; the OpenMP build shares libtorch's threads and is the best one.
blas=$(dirname "$(find_lib libblas.so.3)")/openblas-openmp
[ -d "$blas" ] || blas=
aten=avx2
if grep -qw avx512vl /proc/cpuinfo && grep -qw avx512bw /proc/cpuinfo; then aten=avx512; fi
# The best kernel of OpenBLAS is not always the one it picks. One that the CPU cannot run dies and counts as 0.
core= best=0 rates=
for c in auto SkylakeX Zen Haswell; do
  rate=0
  for _ in 1 2; do
    r=$("${priority[@]}" env OPENBLAS_CORETYPE="${c#auto}" OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 BENCH_REPS=5 \
      BENCH_REP_S=0.05 LD_LIBRARY_PATH="$blas" "$build/bench-torch/gemm_probe" 2>/dev/null) || r=0
    rate=$(awk -v a="$rate" -v b="$r" 'BEGIN {print (a > b ? a : b)}')
  done
  rates+=" $c $rate"
  if awk -v a="$rate" -v b="$best" 'BEGIN {exit !(a > b)}'; then core=$c best=$rate; fi
done
say "GFLOP/s of OpenBLAS by OPENBLAS_CORETYPE:$rates; taking $core, ATEN_CPU_CAPABILITY=$aten"
say "OpenBLAS from ${blas:-the default path}; priority: ${priority[*]:-normal}; $alternations rounds"
core=${core#auto}

decay=dirty_decay_ms:-1,muzzy_decay_ms:-1,metadata_thp:auto
tuned=(OPENBLAS_CORETYPE="$core" ATEN_CPU_CAPABILITY=$aten MALLOC_CONF=$decay LD_LIBRARY_PATH="$blas")
run_one() {  # SETTING NAME THREADS: its JSON line, with the setting in front
  local program=$torch_bench settings=(OMP_NUM_THREADS="$3" OPENBLAS_NUM_THREADS="$3") line
  case $1 in
    xgrad) program=$xgrad_bench ;;
    installed) ;;
    tuned) settings+=("${tuned[@]}" LD_PRELOAD="$jemalloc") ;;
    mkl-like) settings+=("${tuned[@]}" LD_PRELOAD="$jemalloc:$build/bench-torch/libsgemm_dnnl.so") ;;
  esac
  line=$("${priority[@]}" timeout 300 env "${settings[@]}" "$program" "$2" "$3" | grep '^{') ||
    { say "$1 failed: $program $2 $3" && return 1; }
  echo "{\"setting\":\"$1\",${line#\{}"
}

# ---- measure ----
raw=$build/bench/raw.jsonl results=$build/bench/results.jsonl status=0
: >"$raw"
"$here/machine.sh" | tee "$results"
for t in $threads; do
  for n in "${names[@]}"; do
    part=$build/bench/part.jsonl
    : >"$part"
    settings=(tuned mkl-like installed)
    [ $with_xgrad = 0 ] || settings=(xgrad "${settings[@]}")
    for ((i = 1; i <= alternations; ++i)); do
      for s in "${settings[@]}"; do
        run_one "$s" "$n" "$t" >>"$part" || { status=1 && break 2; }
      done
      # As installed is mostly far behind: after the first round it stays only when it might win.
      if [ "$i" = 1 ] && ! awk -f "$here/compare.awk" -v mode=contender "$part"; then
        settings=("${settings[@]/installed/}")
        settings=("${settings[@]:0:${#settings[@]}-1}")
      fi
    done
    cat "$part" >>"$raw"
    [ "$(grep -c '"setting":"tuned"' "$part")" = "$alternations" ] || continue
    awk -f "$here/compare.awk" -v mode=report -v with_xgrad=$with_xgrad "$part" | tee -a "$results" || status=1
    rm -f "$part"
  done
done
exit $status
