# Sums up the runs of one workload at one thread count; used by compare.sh. Input: JSON lines, one per run, each with
# "setting" (xgrad, tuned, mkl-like, installed). mode=report prints the line of the result, and fails when xgrad and
# libtorch computed different values. mode=contender: does "installed" come within 15 % of the other settings?

function text(key) {  # value of a key in the current line, "" when there is none
  if (!match($0, "\"" key "\":\"?[^,}\"]*")) return ""
  return substr($0, RSTART, RLENGTH)
}
function value(key,   s) {
  s = text(key)
  sub(/^"[^"]*":"?/, "", s)
  return s
}
function median(setting, key,   n, i, j, x, v) {
  n = runs[setting]
  for (i = 1; i <= n; ++i) {
    x = of[setting, i, key] + 0
    for (j = i - 1; j > 0 && v[j] > x; --j) v[j + 1] = v[j]
    v[j + 1] = x
  }
  return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
}
function same(a, b,   d, m) {  # to 1e-4 of the larger one; text that is no finite number never is
  if (a !~ /^-?[0-9.]+(e[-+]?[0-9]+)?$/ || b !~ /^-?[0-9.]+(e[-+]?[0-9]+)?$/) return 0
  d = a - b; if (d < 0) d = -d
  m = a < 0 ? -a : a + 0; if ((b < 0 ? -b : b + 0) > m) m = b < 0 ? -b : b + 0
  return d <= 1e-4 * m
}
function number(key, x) { return sprintf(",\"%s\":%.5g", key, x) }

BEGIN {
  n_keys = split("median_ms_per_step peak_rss_mb loss_first loss_last grad gflops ns_per_op fwd_ns_per_op bytes_per_node", keys, " ")
  n_check = split("loss_first loss_last grad", check, " ")
  n_extra = split("gflops ns_per_op fwd_ns_per_op bytes_per_node", extra, " ")
  n_settings = split("tuned mkl-like installed", settings, " ")
}
{
  s = value("setting"); name = value("name"); threads = value("threads")
  r = ++runs[s]
  for (i = 1; i <= n_keys; ++i) of[s, r, keys[i]] = value(keys[i])
}
END {
  for (i = 1; i <= n_settings; ++i) ms[settings[i]] = median(settings[i], "median_ms_per_step")
  if (mode == "contender") exit !(ms["installed"] < 1.15 * (ms["tuned"] < ms["mkl-like"] ? ms["tuned"] : ms["mkl-like"]))

  for (i = 1; i <= n_settings; ++i) {
    s = settings[i]
    if (!runs[s]) continue
    m = median(s, "peak_rss_mb")
    if (rss == "" || m < rss) rss = m
    if (runs[s] == runs["tuned"] && (anchor == "" || ms[s] < ms[anchor])) anchor = s
  }
  for (i = 1; with_xgrad && i <= n_check; ++i) {
    k = check[i]
    for (r = 1; r <= runs["xgrad"]; ++r) {
      a = of["xgrad", r, k]; b = of[anchor, 1, k]
      if (a == "" && b == "" && k == "grad") continue
      if (same(a, b)) continue
      printf "compare.sh: %s, %d threads: not the same work: %s is %s in xgrad, %s in libtorch (%s)\n",
             name, threads, k, a == "" ? "missing" : a, b == "" ? "missing" : b, anchor > "/dev/stderr"
      exit 1
    }
  }
  out = sprintf("{\"name\":\"%s\",\"threads\":%d", name, threads)
  if (with_xgrad) out = out number("xgrad_ms", median("xgrad", "median_ms_per_step"))
  out = out number("libtorch_ms", ms[anchor])
  if (with_xgrad) {
    out = out number("speedup", ms[anchor] / median("xgrad", "median_ms_per_step"))
    out = out number("xgrad_rss_mb", median("xgrad", "peak_rss_mb"))
  }
  out = out number("libtorch_rss_mb", rss) sprintf(",\"libtorch_setting\":\"%s\"", anchor)
  out = out number("libtorch_tuned_ms", ms["tuned"]) number("libtorch_mkl_like_ms", ms["mkl-like"])
  if (runs["installed"]) out = out number("libtorch_installed_ms", ms["installed"])
  for (i = 1; i <= n_extra; ++i) {
    if (of[anchor, 1, extra[i]] == "") continue
    if (with_xgrad) out = out number("xgrad_" extra[i], median("xgrad", extra[i]))
    out = out number("libtorch_" extra[i], median(anchor, extra[i]))
  }
  out = out sprintf(",\"loss_first\":%s,\"loss_last\":%s", of[anchor, 1, "loss_first"], of[anchor, 1, "loss_last"])
  print out number("alternations", runs["tuned"]) "}"
}
