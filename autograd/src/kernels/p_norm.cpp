#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <xgrad/p_norm.hpp>
#include <xgrad/parallel.hpp>
#include <xgrad/vec.hpp>

namespace xgrad::detail {
namespace {

constexpr std::int64_t kBlock = 8192;  // numbers of one block, whatever the number of threads
constexpr int kLanes = 16;

// What is added up for each number.
struct Square {
  static double of(double x) { return x * x; }
};
struct Absolute {
  static double of(double x) { return std::fabs(x); }
};
struct Present {
  static double of(double x) { return x != 0 ? 1 : 0; }
};

template <class T, class Term>
XGRAD_CLONES double sum_of(const T* x, std::int64_t n) {
  double lanes[kLanes] = {};
  std::int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (int l = 0; l < kLanes; ++l) lanes[l] += Term::of(static_cast<double>(x[i + l]));
  for (int l = 0; i + l < n; ++l) lanes[l] += Term::of(static_cast<double>(x[i + l]));
  for (int half = kLanes / 2; half > 0; half /= 2)
    for (int l = 0; l < half; ++l) lanes[l] += lanes[l + half];
  return lanes[0];
}

// The largest or smallest |x|; a NaN wins.
template <class T>
double extreme(const T* x, std::int64_t n, bool largest) {
  double most = largest ? 0 : std::numeric_limits<double>::infinity();
  for (std::int64_t i = 0; i < n; ++i) {
    const double a = std::fabs(static_cast<double>(x[i]));
    if (largest ? !(a <= most) : !(a >= most)) most = a;
    if (most != most) return most;
  }
  return most;
}

template <class T>
double scaled_norm(const T* x, std::int64_t n, double p) {
  const double m = extreme(x, n, p > 0);
  if (std::isinf(p) || m == 0 || m - m != 0) return m;
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += std::pow(std::fabs(static_cast<double>(x[i])) / m, p);
  return m * std::pow(sum, 1 / p);
}

template <class T>
double block_norm(const T* x, std::int64_t n, double p) {
  if (p == 0) return sum_of<T, Present>(x, n);
  if (p == 1) return sum_of<T, Absolute>(x, n);
  if (p != 2) return scaled_norm(x, n, p);
  const double squares = sum_of<T, Square>(x, n);
  // Between these, no square that matters was lost. (Those of floats never are.)
  return squares > 1e-270 && squares < 1e300 ? std::sqrt(squares) : scaled_norm(x, n, p);
}

// The norm of the norms of the blocks.
template <class T>
double norm_of(const T* x, std::int64_t n, double p) {
  if (n <= kBlock) return block_norm(x, n, p);
  std::vector<double> parts(static_cast<std::size_t>((n + kBlock - 1) / kBlock));
  parallel_for(static_cast<std::int64_t>(parts.size()), 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t b = begin; b < end; ++b)
      parts[static_cast<std::size_t>(b)] = block_norm(x + b * kBlock, std::min(kBlock, n - b * kBlock), p);
  });
  return norm_of(parts.data(), static_cast<std::int64_t>(parts.size()), p == 0 ? 1 : p);
}

}  // namespace

double p_norm_of(const float* x, std::int64_t n, double p) { return norm_of(x, n, p); }
double p_norm_of(const double* x, std::int64_t n, double p) { return norm_of(x, n, p); }

}  // namespace xgrad::detail
