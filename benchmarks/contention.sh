#!/usr/bin/env bash
# contention.sh [--runs N] [--limit S] -- COMMAND...
# How long a command takes beside other work: with 0, 1, 2 and 4 busy loops (normal priority, bound to processors by
# turns) and twice at once, with OMP_NUM_THREADS 1 and 2 (also in place of {} in the command), at nice 0 and 10. Prints
# the median wall times of N runs (3) in seconds, and of two threads over one in the same situation. A run of more than
# S seconds (60) is ended and counts as S.
set -euo pipefail

runs=3 limit=60
while [ $# -gt 0 ]; do
  case $1 in
    --runs) runs=$2 && shift 2 ;;
    --limit) limit=$2 && shift 2 ;;
    --) shift && break ;;
    -h | --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" && exit 0 ;;
    *) break ;;
  esac
done
if [ $# -eq 0 ]; then
  echo "contention.sh: no command (see --help)" >&2
  exit 2
fi

processors=$(getconf _NPROCESSORS_ONLN)
loops=()
stop_loops() {
  for p in "${loops[@]}"; do
    kill "$p" 2>/dev/null || continue
    wait "$p" 2>/dev/null || continue
  done
  loops=()
}
trap stop_loops EXIT

# seconds THREADS NICE NEIGHBOURS COPIES COMMAND...: the median.
seconds() {
  local threads=$1 priority=$2 neighbours=$3 copies=$4 i c times=() begin end
  shift 4
  for ((i = 0; i < runs; ++i)); do
    for ((c = 0; c < neighbours; ++c)); do
      taskset -c $((c % processors)) sh -c 'while :; do :; done' &
      loops+=($!)
    done
    sleep 0.2
    begin=$(date +%s%N)
    local started=()
    for ((c = 0; c < copies; ++c)); do
      OMP_NUM_THREADS=$threads timeout -s KILL "$limit" nice -n "$priority" "${@//\{\}/$threads}" >/dev/null 2>&1 &
      started+=($!)
    done
    local status=0
    for p in "${started[@]}"; do wait "$p" || status=$?; done
    end=$(date +%s%N)
    stop_loops
    if [ "$status" -ne 0 ] && [ "$status" -ne 137 ]; then
      echo "contention.sh: $* ended with status $status" >&2
      exit 1
    fi
    times+=("$(((end - begin) / 1000000))")
  done
  printf '%s\n' "${times[@]}" | sort -n | awk '{v[NR] = $1} END {printf "%.2f", v[int((NR + 1) / 2)] / 1000}'
}

printf 'nice  beside          1 thread  2 threads  ratio\n'
row() { # NICE LABEL NEIGHBOURS COPIES COMMAND...
  local priority=$1 label=$2 one two
  shift 2
  one=$(seconds 1 "$priority" "$@")
  two=$(seconds 2 "$priority" "$@")
  awk -v n="$priority" -v l="$label" -v a="$one" -v b="$two" \
    'BEGIN {printf "%4d  %-14s %9.2f %10.2f %6.2f\n", n, l, a, b, b / a}'
}
for priority in 0 10; do
  for neighbours in 0 1 2 4; do row "$priority" "$neighbours loops" "$neighbours" 1 "$@"; done
done
row 0 "itself" 0 2 "$@"
