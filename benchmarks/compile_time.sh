#!/usr/bin/env bash
# compile_time.sh
# What using the library costs before the program does anything: compile time of the README's training script, size of
# the shared libraries, and the time a program takes that links the library and exits. Beside libtorch; one JSON line
# each, also to build/bench/compile_time.jsonl.
#   BENCH_RUNS       runs of which the median counts (5; load time: 5 times as many)
#   BENCH_BUILD_DIR  where bench/ is built (build)
#   CXX              compiler (c++)
# Exit status: 0, or 1 when something is missing or does not compile.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
build=${BENCH_BUILD_DIR:-$root/build}
runs=${BENCH_RUNS:-5}
read -ra cxx <<<"${CXX:-c++}"
script=$root/examples/readme.cpp
export CCACHE_DISABLE=1 LC_ALL=C
unset LD_PRELOAD

die() {
  echo "compile_time.sh: $*" >&2
  exit 1
}
[ -f "$script" ] || die "$script does not exist"
echo '#include <torch/csrc/api/include/torch/version.h>' | "${cxx[@]}" -E -x c++ - >/dev/null 2>&1 ||
  die "libtorch is not installed. 'bash scripts/setup.sh --benchmarks' installs it."

mkdir -p "$build/bench"
results=$build/bench/compile_time.jsonl
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
"$here/machine.sh" | tee "$results"
priority=()
if [ "${BENCH_REALTIME:-1}" = 1 ] && chrt -f 1 true 2>/dev/null; then priority=(chrt -f 1); fi

median() { sort -g | awk '{v[NR] = $1} END {print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2}'; }
emit() { printf "$@" | tee -a "$results"; }

# ---- compile time: -O2, one translation unit, files in the cache ----
includes=()
for d in "$root"/include "$root"/{autograd,nn,optim,data,viz,train}/include; do includes+=(-I "$d"); done
torch_headers=$(echo '#include <torch/csrc/api/include/torch/version.h>' | "${cxx[@]}" -M -x c++ - |
  tr ' \\' '\n\n' | sed -n 's|/torch/version\.h$||p')
compile_xgrad() { "${priority[@]}" "${cxx[@]}" -std=c++20 -O2 "${includes[@]}" -c "$script" -o "$tmp/xgrad.o"; }
compile_libtorch() {
  "${priority[@]}" "${cxx[@]}" -std=c++17 -O2 -I "$torch_headers" -c "$here/torch/readme_torch.cpp" -o "$tmp/libtorch.o"
}
for side in xgrad libtorch; do compile_$side || die "the $side script does not compile"; done
TIMEFORMAT='%R %U %S'
for ((i = 0; i < runs; ++i)); do
  for side in xgrad libtorch; do { time compile_$side; } 2>>"$tmp/$side.time"; done
done
wall() { awk '{print $1}' "$tmp/$1.time" | median; }
cpu() { awk '{print $2 + $3}' "$tmp/$1.time" | median; }
format='{"name":"compile_time","xgrad_s":%.3g,"libtorch_s":%.3g,"speedup":%.3g,'
format+='"xgrad_cpu_s":%.3g,"libtorch_cpu_s":%.3g}\n'
emit "$format" \
  "$(wall xgrad)" "$(wall libtorch)" "$(awk -v a="$(wall libtorch)" -v b="$(wall xgrad)" 'BEGIN {print a / b}')" \
  "$(cpu xgrad)" "$(cpu libtorch)"

# ---- shared libraries: size, and time to load ----
# Every library once, under the name without a version.
mapfile -t xgrad_libs < <(find "$build/bench" -name 'libxgrad*.so' | sort)
[ ${#xgrad_libs[@]} -gt 0 ] ||
  die "no shared xgrad libraries in $build/bench: build them with 'scripts/build.sh bench'"
torch_libs=()
for l in torch torch_cpu c10; do torch_libs+=("$("${cxx[@]}" -print-file-name=lib$l.so)"); done

megabytes() { for f in "$@"; do stat -c %s "$(readlink -f "$f")"; done | awk '{s += $1} END {print s / 1e6}'; }
x=$(megabytes "${xgrad_libs[@]}") t=$(megabytes "${torch_libs[@]}")
emit '{"name":"library_size","xgrad_mb":%.4g,"libtorch_mb":%.4g,"ratio":%.3g}\n' "$x" "$t" \
  "$(awk -v a="$t" -v b="$x" 'BEGIN {print a / b}')"

echo 'int main() {}' >"$tmp/main.cpp"
link() {  # PROGRAM LIBRARY...
  local program=$1 rpath=() f
  shift
  for f in "$@"; do rpath+=("-Wl,-rpath,$(dirname "$f")"); done
  "${cxx[@]}" "$tmp/main.cpp" -o "$tmp/$program" -Wl,--no-as-needed "$@" "${rpath[@]}"
}
link empty
link xgrad "${xgrad_libs[@]}"
link libtorch "${torch_libs[@]}"
for ((i = 0; i <= 5 * runs; ++i)); do
  for p in empty xgrad libtorch; do
    start=${EPOCHREALTIME/./}
    "$tmp/$p"
    [ "$i" = 0 ] || echo $(((${EPOCHREALTIME/./} - start))) >>"$tmp/$p.load"  # the first one fills the cache
  done
done
load() { median <"$tmp/$1.load" | awk '{print $1 / 1e3}'; }
emit '{"name":"load_time","xgrad_ms":%.4g,"libtorch_ms":%.4g,"speedup":%.3g,"empty_program_ms":%.3g}\n' \
  "$(load xgrad)" "$(load libtorch)" "$(awk -v a="$(load libtorch)" -v b="$(load xgrad)" 'BEGIN {print a / b}')" \
  "$(load empty)"
