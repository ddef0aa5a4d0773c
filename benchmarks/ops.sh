#!/usr/bin/env bash
# ops.sh [--table CSV] [PATTERN...]
# Times single operations in xgrad and in libtorch, by turns, at four sizes, forward and forward + backward, at each
# thread count: all, or those whose name one of the patterns matches (add*, softmax_c16). Writes build/bench/ops.csv
# and prints a table: geometric means, and every case in which xgrad is slower. Settings are those of compare.sh.
#   --table CSV         only print the table of an earlier run
#   BENCH_ALTERNATIONS  rounds (5)            BENCH_THREADS  thread counts ("1 2")
#   BENCH_REPS          groups per round (3)  BENCH_REP_S    seconds per group (0.02)
#   BENCH_SETTINGS      libtorch's settings ("tuned mkl-like installed")
#   BENCH_SIZES         some of the sizes ("64 4096 262144 4194304")
#   BENCH_REALTIME=0    do not ask for real-time priority
#   BENCH_BUILD_DIR     where bench/ and bench-torch/ are built (build)
# Exit status: 0, 1 when something is missing, fails or computes other values than libtorch, 2 for a wrong argument.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
build=${BENCH_BUILD_DIR:-$root/build}
alternations=${BENCH_ALTERNATIONS:-5}
threads=${BENCH_THREADS:-1 2}
export BENCH_REPS=${BENCH_REPS:-3} BENCH_REP_S=${BENCH_REP_S:-0.02}
me=ops.sh
. "$here/settings.sh"

patterns=()
while [ $# -gt 0 ]; do
  case $1 in
    --table)
      [ -r "${2:-}" ] || die "--table wants a file that ops.sh wrote, got '${2:-}'" 2
      exec awk -f "$here/ops.awk" -v mode=table "$2"
      ;;
    -h | --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" && exit 0 ;;
    -*) die "unknown option $1 (see --help)" 2 ;;
    *) patterns+=("$1") ;;
  esac
  shift
done
[[ $alternations =~ ^[1-9][0-9]*$ ]] || die "BENCH_ALTERNATIONS must be a positive number, got '$alternations'" 2
require_libtorch
build_side torch torch_ops
build_side xgrad xgrad_ops
find_settings

torch_ops=$build/bench-torch/torch_ops xgrad_ops=$build/bench/benchmarks/xgrad_ops
cases=()
while read -r line; do
  read -r _ name n _ <<<"$line"
  [[ " ${BENCH_SIZES:-$n} " = *" $n "* ]] || continue
  for p in "${patterns[@]:-*}"; do
    # shellcheck disable=SC2053
    if [[ $name = $p ]]; then cases+=("$line") && break; fi
  done
done < <("$xgrad_ops" --list)
[ ${#cases[@]} -gt 0 ] || die "no operation is called ${patterns[*]:-} at ${BENCH_SIZES:-any size}" 2

# A program for each setting, and two pipes to speak to it: its orders in, its answers out.
pipes=$(mktemp -d)
declare -A to from pid
start() {  # SETTING THREADS
  local program=$torch_ops settings
  [ "$1" != xgrad ] || program=$xgrad_ops
  settings_of "$1" "$2"
  mkfifo "$pipes/in-$1" "$pipes/out-$1"
  "${priority[@]}" env "${settings[@]}" "$program" "$2" <"$pipes/in-$1" >"$pipes/out-$1" &
  pid[$1]=$!
  exec {to[$1]}>"$pipes/in-$1" {from[$1]}<"$pipes/out-$1"
}
stop() {
  local s
  for s in "${!pid[@]}"; do
    echo quit >&"${to[$s]}" || true
    wait "${pid[$s]}" || true
    exec {to[$s]}>&- {from[$s]}<&-
    rm -f "$pipes/in-$s" "$pipes/out-$s"
  done
  pid=()
}
trap 'stop; rm -rf "$pipes"' EXIT
ask() {  # SETTING ORDER: the answer, in $answer
  echo "$2" >&"${to[$1]}"
  read -r -t 300 answer <&"${from[$1]}" || die "$1 died, or is silent for five minutes: $2"
}

raw=$build/bench/ops-raw.txt csv=$build/bench/ops.csv status=0
"$here/machine.sh"
: >"$raw"
for t in $threads; do
  for s in xgrad ${BENCH_SETTINGS:-tuned mkl-like installed}; do start "$s" "$t"; done
  for line in "${cases[@]}"; do
    read -r family name n mode <<<"$line"
    running=(xgrad ${BENCH_SETTINGS:-tuned mkl-like installed})
    part=
    for s in "${running[@]}"; do
      ask "$s" "case $name $n $mode"
      part+="check $s $answer"$'\n'
    done
    awk -f "$here/ops.awk" -v mode=same -v what="$name $n $mode" <<<"$part" || { status=1 && continue; }
    part=
    for ((i = 1; i <= alternations; ++i)); do
      for s in "${running[@]}"; do
        ask "$s" time
        part+="$family,$name,$n,$mode,$t $s $answer"$'\n'
      done
      # After the first round a setting of libtorch stays only when it might be the fastest.
      [ "$i" != 1 ] || mapfile -t running < <(awk -f "$here/ops.awk" -v mode=contenders <<<"$part")
    done
    printf '%s' "$part" >>"$raw"
  done
  stop
done
awk -f "$here/ops.awk" -v mode=csv "$raw" >"$csv"
awk -f "$here/ops.awk" -v mode=table "$csv"
exit $status
