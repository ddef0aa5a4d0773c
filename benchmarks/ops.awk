# Sums up what the programs answered; used by ops.sh.
# mode=same: do the sums of all settings agree with xgrad's?  Input: check SETTING ok SUM GRADIENTS
# mode=contenders: the settings that go on after the first round.  Input, here and below: CASE SETTING MICROSECONDS
# mode=csv: a line for each case, with the fastest setting of libtorch.
# mode=table: of such lines, geometric means and the cases below 1.

function median(list,   n, v) {
  n = order(list, v)
  return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
}
function quartile(list, q,   n, v) {  # q: 1 or 3
  n = order(list, v)
  return v[1 + int((n - 1) * q / 4 + 0.5)]
}
function order(list, v,   n, i, j, x) {
  n = split(list, v, " ")
  for (i = 2; i <= n; ++i) {
    x = v[i] + 0
    for (j = i - 1; j > 0 && v[j] + 0 > x; --j) v[j + 1] = v[j]
    v[j + 1] = x
  }
  return n
}
function same(a, b,   d, m) {  # to 1e-3 of the larger one
  if (a == "-" && b == "-") return 1
  if (a !~ /^[0-9.]+(e[-+]?[0-9]+)?$/ || b !~ /^[0-9.]+(e[-+]?[0-9]+)?$/) return 0
  d = a > b ? a - b : b - a
  m = a > b ? a + 0 : b + 0
  return d <= 1e-3 * m + 1e-6
}
function add(group, ratio) { logs[group] += log(ratio); ++count[group] }
function mean(group) { return count[group] ? sprintf("%6.2f", exp(logs[group] / count[group])) : "     -" }

mode == "same" && $1 == "check" {
  if ($3 != "ok") failed = failed "; " $0
  else if ($2 == "xgrad") { values = $4; grads = $5 }
  else if (!same(values, $4) || !same(grads, $5))
    failed = failed "; sums are " values ", " grads " in xgrad and " $4 ", " $5 " in libtorch (" $2 ")"
}
mode == "contenders" && NF == 3 { time[$2] = $3 + 0; names[++n] = $2; if ($2 != "xgrad" && (best == "" || time[$2] < best)) best = time[$2] }
mode == "csv" && NF == 3 {
  if (!($1 in cases)) { cases[$1]; rows[++n] = $1 }
  if (!(($1, $2) in times)) settings[$1] = settings[$1] " " $2
  times[$1, $2] = times[$1, $2] " " $3
  if ($2 == "xgrad") ++rounds[$1]
  ++runs[$1, $2]
}
mode == "table" && FNR > 1 {
  split($0, f, ",")
  add("all", f[8]); add("size " f[3], f[8]); add("mode " f[4] " " f[5], f[8]); add("cell " f[3] " " f[4] " " f[5], f[8])
  if (!((f[1]) in family_seen)) { family_seen[f[1]]; families[++n_families] = f[1] }
  add("family " f[1], f[8]); add("family " f[1] " " f[3], f[8])
  if (!(f[3] in size_seen)) { size_seen[f[3]]; sizes[++n_sizes] = f[3] }
  if (!(f[4] " " f[5] in mode_seen)) { mode_seen[f[4] " " f[5]]; modes[++n_modes] = f[4] " " f[5] }
  if (f[8] < 1) { slow[++n_slow] = $0; if (f[8] < 0.95 && f[10] == "no") ++n_clear }
}
END {
  if (mode == "same" && failed != "") { print "ops.sh: " what ": not the same work" failed > "/dev/stderr"; exit 1 }
  if (mode == "contenders")
    for (i = 1; i <= n; ++i) if (names[i] == "xgrad" || time[names[i]] <= 1.15 * best) print names[i]
  if (mode == "csv") {
    print "family,op,size,mode,threads,libtorch_us,xgrad_us,ratio,libtorch_setting,quartiles_overlap"
    for (i = 1; i <= n; ++i) {
      row = rows[i]
      k = split(settings[row], name, " ")
      anchor = ""
      for (j = 1; j <= k; ++j) {
        if (name[j] == "xgrad" || runs[row, name[j]] < rounds[row]) continue
        m = median(times[row, name[j]])
        if (anchor == "" || m < fastest) { anchor = name[j]; fastest = m }
      }
      own = median(times[row, "xgrad"])
      overlap = quartile(times[row, "xgrad"], 1) <= quartile(times[row, anchor], 3) && \
                quartile(times[row, anchor], 1) <= quartile(times[row, "xgrad"], 3) ? "yes" : "no"
      printf "%s,%.4g,%.4g,%.3f,%s,%s\n", row, fastest, own, fastest / own, anchor, overlap
    }
  }
  if (mode == "table") {
    printf "%d cases. Times of libtorch divided by xgrad's, geometric mean %.2f\n\n", count["all"], mean("all")
    printf "%-22s", "size"
    for (j = 1; j <= n_modes; ++j) printf "%14s", modes[j] "T"
    print "           all"
    for (i = 1; i <= n_sizes; ++i) {
      printf "%-22s", sizes[i]
      for (j = 1; j <= n_modes; ++j) printf "%14s", mean("cell " sizes[i] " " modes[j])
      printf "%14s\n", mean("size " sizes[i])
    }
    printf "%-22s", "all"
    for (j = 1; j <= n_modes; ++j) printf "%14s", mean("mode " modes[j])
    printf "%14s\n\n%-22s", mean("all"), "family"
    for (j = 1; j <= n_sizes; ++j) printf "%14s", sizes[j]
    print "           all"
    for (i = 1; i <= n_families; ++i) {
      printf "%-22s", families[i]
      for (j = 1; j <= n_sizes; ++j) printf "%14s", mean("family " families[i] " " sizes[j])
      printf "%14s\n", mean("family " families[i])
    }
    printf "\n%d cases below 1, %d of them below 0.95 with quartiles apart\n", n_slow, n_clear
    if (n_slow) print "family,op,size,mode,threads,libtorch_us,xgrad_us,ratio,libtorch_setting,quartiles_overlap"
    for (i = 1; i <= n_slow; ++i) print slow[i]
  }
}
