#!/usr/bin/env bash
# machine.sh: one JSON line that says what a measurement ran on: date, system, CPU, cores, compiler, and the versions of
# libtorch, oneDNN, OpenBLAS and xtensor ("none": not installed). Used by compare.sh and compile_time.sh.
#   CXX  compiler (c++)
set -euo pipefail
export LC_ALL=C
read -ra cxx <<<"${CXX:-c++}"

# version HEADER PREFIX MACRO...: the values of PREFIX_MACRO of a header, joined by dots
version() {
  local header=$1 prefix=$2 macros value found=
  shift 2
  macros=$(echo "#include <$header>" | "${cxx[@]}" -E -dM -x c++ - 2>/dev/null) || { echo none && return; }
  for m in "$@"; do
    value=$(awk -v name="${prefix}_$m" '$2 == name {print $3}' <<<"$macros")
    found+=${found:+.}${value:-?}
  done
  echo "$found"
}
# The library that libblas.so.3 names, by its file name: libopenblasp-r0.3.21.so.
openblas() {
  local blas
  blas=$(dirname "$(PATH=$PATH:/sbin:/usr/sbin ldconfig -p | awk '$1 == "libblas.so.3" && !n++ {print $NF}')")
  for f in "$blas"/openblas-openmp/libopenblas.so.0 "$blas"/libopenblas.so.0; do
    [ -e "$f" ] || continue
    readlink -f "$f" | sed -n 's/.*-r\([0-9.]*\)\.so$/\1/p'
    return
  done
  echo none
}
system=$(. /etc/os-release 2>/dev/null && echo "$PRETTY_NAME") || system=$(uname -s)
cpu=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo 2>/dev/null | head -n 1)
widest=none
for f in avx avx2 avx512f; do
  if grep -qw "$f" /proc/cpuinfo 2>/dev/null; then widest=$f; fi
done
text() { printf ',"%s":"%s"' "$1" "$(tr -d '"\\\n' <<<"$2")"; }
printf '{"name":"machine"'
text date "$(date -u +%F)"
text system "$system"
text cpu "${cpu:-unknown}"
text vectors "$widest"
text cores "$(getconf _NPROCESSORS_ONLN)"
text compiler "$("${cxx[@]}" --version | head -n 1)"
text libtorch "$(version torch/csrc/api/include/torch/version.h TORCH_VERSION MAJOR MINOR PATCH)"
text onednn "$(version oneapi/dnnl/dnnl_version.h DNNL_VERSION MAJOR MINOR PATCH)"
text openblas "$(openblas)"
text xtensor "$(version xtensor/xtensor_config.hpp XTENSOR_VERSION MAJOR MINOR PATCH)"
printf '}\n'
