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
me=compare.sh
. "$here/settings.sh"

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

# ---- build ----
require_libtorch
build_side torch torch_bench
[ $with_xgrad = 0 ] || build_side xgrad xgrad_bench
torch_bench=$build/bench-torch/torch_bench
xgrad_bench=$build/bench/benchmarks/xgrad_bench

# ---- which workloads ----
known=$("$torch_bench")
[ $with_xgrad = 0 ] || known=$("$xgrad_bench" | grep -Fx "$known") || die "the two sides share no workload"
for n in "${names[@]}"; do
  grep -qFx -- "$n" <<<"$known" || die "no workload '$n'; there are: ${known//$'\n'/ }" 2
done
[ ${#names[@]} -gt 0 ] || mapfile -t names < <(grep -v '^case_' <<<"$known")

find_settings
run_one() {  # SETTING NAME THREADS: its JSON line, with the setting in front
  local program=$torch_bench settings line
  [ "$1" != xgrad ] || program=$xgrad_bench
  settings_of "$1" "$3"
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
