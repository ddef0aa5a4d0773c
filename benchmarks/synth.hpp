// Deterministic data and weights, timing, and the JSON line. Knows no framework, so that every library that includes
// it runs exactly the same workload. C++17.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <sys/resource.h>
#include <utility>
#include <vector>

namespace synth {

// ---- data: the i-th number of stream `seed` is a hash of (seed, i) ----

inline std::uint64_t mix(std::uint64_t z) {  // splitmix64
  z += 0x9e3779b97f4a7c15ull;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}
inline std::uint64_t bits(std::uint64_t seed, std::uint64_t i) { return mix(mix(seed) + i); }
inline float u01(std::uint64_t seed, std::uint64_t i) { return static_cast<float>(bits(seed, i) >> 40) * 0x1p-24f; }
inline void uniform(float* p, std::size_t n, std::uint64_t seed, float lo, float hi) {
  for (std::size_t i = 0; i < n; ++i) p[i] = lo + (hi - lo) * u01(seed, i);
}
// y = hash % classes; x = 0.5 * prototype[y] + noise, both U(-1, 1): learnable.
inline void classification(float* x, std::int64_t* y, std::size_t n, std::size_t dim, std::size_t classes,
                           std::uint64_t seed) {
  for (std::size_t s = 0; s < n; ++s) {
    const std::size_t label = bits(seed, s) % classes;
    y[s] = static_cast<std::int64_t>(label);
    for (std::size_t j = 0; j < dim; ++j) {
      const float prototype = 2 * u01(seed + 1, label * dim + j) - 1;
      x[s * dim + j] = 0.5f * prototype + (2 * u01(seed + 2, s * dim + j) - 1);
    }
  }
}

// ---- time and memory ----

inline double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}
// Of this program alone. (getrusage also counts the process that started it, from before exec.)
inline double peak_rss_mb() {
  if (std::FILE* f = std::fopen("/proc/self/status", "r")) {
    char line[256];
    double kb = -1;
    while (kb < 0 && std::fgets(line, sizeof line, f))
      if (std::strncmp(line, "VmHWM:", 6) == 0) kb = std::atof(line + 6);
    std::fclose(f);
    if (kb >= 0) return kb / 1024;
  }
  rusage r{};
  getrusage(RUSAGE_SELF, &r);
  return static_cast<double>(r.ru_maxrss) / 1024;
}

struct Timing {
  double median_ms, min_ms;
};
// `reps` groups of steps, each of about `rep_s` seconds; median and minimum of the means of the groups.
// BENCH_REPS and BENCH_REP_S override; BENCH_REP_STEPS makes it that many steps, whatever they take.
inline Timing measure(const std::function<void()>& step, int reps = 7, double rep_s = 0.4) {
  if (const char* e = std::getenv("BENCH_REPS")) reps = std::max(1, std::atoi(e));
  if (const char* e = std::getenv("BENCH_REP_S")) rep_s = std::atof(e);
  double start = now();
  step();
  const double one = now() - start;
  int n = std::max(1, static_cast<int>(rep_s / std::max(one, 1e-9)));
  if (const char* e = std::getenv("BENCH_REP_STEPS")) n = std::max(1, std::atoi(e));
  std::vector<double> ms;
  for (int r = 0; r < reps; ++r) {
    start = now();
    for (int i = 0; i < n; ++i) step();
    ms.push_back((now() - start) / n * 1e3);
  }
  std::sort(ms.begin(), ms.end());
  return {ms[ms.size() / 2], ms.front()};
}

// ---- output ----

// ",\"key\":value", for the end of a line.
inline std::string field(const char* key, double value, int digits = 5) {
  char b[128];
  std::snprintf(b, sizeof b, ",\"%s\":%.*g", key, digits, value);
  return b;
}
// One JSON line. first, last: the losses (or other results) that must agree between libraries. flop, bytes: work of
// one step, for the rate reached (0 leaves it out). extra: fields.
inline void report(const std::string& name, int threads, Timing t, double samples, double first, double last,
                   double flop = 0, double bytes = 0, const std::string& extra = "") {
  std::string s = "{\"name\":\"" + name + "\"" + field("threads", threads);
  s += field("median_ms_per_step", t.median_ms) + field("min_ms_per_step", t.min_ms);
  s += field("samples_per_s", samples / t.median_ms * 1e3) + field("peak_rss_mb", peak_rss_mb());
  s += field("loss_first", first, 9) + field("loss_last", last, 9);
  if (flop > 0) s += field("gflop_per_step", flop * 1e-9) + field("gflops", flop / t.median_ms * 1e-6);
  if (bytes > 0) s += field("gb_per_s", bytes / t.median_ms * 1e-6);
  std::printf("%s%s}\n", s.c_str(), extra.c_str());
  std::fflush(stdout);
}

// ---- the list of workloads ----

using Workload = void (*)(const std::string& name, int threads);
// A static object of this type in a family's file puts a workload on the list.
struct Register {
  Register(const char* name, Workload run) { all().emplace_back(name, run); }
  static std::vector<std::pair<std::string, Workload>>& all() {
    static std::vector<std::pair<std::string, Workload>> list;
    return list;
  }
};
// `program` lists the names; `program NAME [THREADS]` runs one.
inline int run(int argc, char** argv, void (*set_threads)(int)) {
  if (argc < 2) {
    for (const auto& w : Register::all()) std::printf("%s\n", w.first.c_str());
    return 0;
  }
  const int threads = argc > 2 ? std::atoi(argv[2]) : 1;
  if (threads < 1) {
    std::fprintf(stderr, "%s: the number of threads must be at least 1, got \"%s\"\n", argv[0], argv[2]);
    return 2;
  }
  for (const auto& w : Register::all()) {
    if (w.first != argv[1]) continue;
    set_threads(threads);
    w.second(w.first, threads);
    return 0;
  }
  std::fprintf(stderr, "%s: no workload \"%s\"; without arguments the names are listed\n", argv[0], argv[1]);
  return 2;
}

// Multiply-adds of one training step of a chain of linear layers, times two; no input gradient for the first.
inline double mlp_flop(double batch, const std::vector<std::int64_t>& sizes) {
  double f = 0;
  for (std::size_t i = 0; i + 1 < sizes.size(); ++i)
    f += 2 * batch * static_cast<double>(sizes[i]) * static_cast<double>(sizes[i + 1]) * (i ? 3 : 2);
  return f;
}

}  // namespace synth
