# Read by compare.sh and ops.sh: builds both sides, and finds the settings in which libtorch is at its best.
# Wants $here, $root and $build, and $me, the name that messages begin with.
unset LD_PRELOAD MALLOC_CONF OPENBLAS_CORETYPE ATEN_CPU_CAPABILITY GOMP_CPU_AFFINITY OMP_PROC_BIND OMP_WAIT_POLICY

say() { echo "$me: $*" >&2; }
die() {
  say "$1"
  exit "${2:-1}"
}

# ---- what libtorch needs ----
find_lib() { PATH=$PATH:/sbin:/usr/sbin ldconfig -p | awk -v n="$1" '$1 == n && !found++ {print $NF}'; }
require_libtorch() {
  echo '#include <torch/csrc/api/include/torch/version.h>' | "${CXX:-c++}" -E -x c++ - >/dev/null 2>&1 ||
    die "libtorch is not installed. 'bash scripts/setup.sh --benchmarks' installs it."
  jemalloc=$(find_lib libjemalloc.so.2)
  [ -n "$jemalloc" ] || die "libjemalloc2 is not installed. 'bash scripts/setup.sh --benchmarks' installs it."
}

# ---- build ----
if command -v ninja >/dev/null; then export CMAKE_GENERATOR=${CMAKE_GENERATOR:-Ninja}; fi
build_torch() {
  [ -f "$build/bench-torch/CMakeCache.txt" ] || cmake -S "$here/torch" -B "$build/bench-torch"
  cmake --build "$build/bench-torch" --target gemm_probe sgemm_dnnl "$1"
}
build_xgrad() {
  (cd "$root" && cmake --preset bench -B "$build/bench")
  cmake --build "$build/bench" --target "$1"
}
build_side() {  # SIDE PROGRAM: torch or xgrad, and what to build there
  mkdir -p "$build/bench" "$build/bench-torch"
  say "building the $1 side"
  local log=$build/bench/build-$1.log
  "build_$1" "$2" >"$log" 2>&1 || { tail -n 20 "$log" >&2 && die "the $1 side does not build: $log"; }
}

# ---- libtorch's settings ----
# Sets $priority, and $tuned for with_setting.
find_settings() {
  priority=()
  if [ "${BENCH_REALTIME:-1}" = 1 ] && chrt -f 1 true 2>/dev/null; then priority=(chrt -f 1); fi
  # Debian's libtorch takes whatever libblas.so.3 is; the OpenMP build shares libtorch's threads and is the best one.
  local blas aten=avx2 core= best=0 rates= c r rate
  blas=$(dirname "$(find_lib libblas.so.3)")/openblas-openmp
  [ -d "$blas" ] || blas=
  if grep -qw avx512vl /proc/cpuinfo && grep -qw avx512bw /proc/cpuinfo; then aten=avx512; fi
  # The best kernel of OpenBLAS is not always the one it picks. One that the CPU cannot run dies and counts as 0.
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
  local decay=dirty_decay_ms:-1,muzzy_decay_ms:-1,metadata_thp:auto
  tuned=(OPENBLAS_CORETYPE="$core" ATEN_CPU_CAPABILITY=$aten MALLOC_CONF=$decay LD_LIBRARY_PATH="$blas")
}
settings_of() {  # SETTING THREADS: sets $settings, variables for env
  settings=(OMP_NUM_THREADS="$2" OPENBLAS_NUM_THREADS="$2")
  case $1 in
    xgrad | installed) ;;
    tuned) settings+=("${tuned[@]}" LD_PRELOAD="$jemalloc") ;;
    mkl-like) settings+=("${tuned[@]}" LD_PRELOAD="$jemalloc:$build/bench-torch/libsgemm_dnnl.so") ;;
    *) die "there is no setting '$1'" 2 ;;
  esac
}
