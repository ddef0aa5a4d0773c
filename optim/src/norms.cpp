#include "norms.hpp"

#include <array>
#include <cmath>
#include <numeric>

#include "fused.hpp"

namespace xgrad::optim {
namespace {

// Sums side by side, so that the compiler makes vectors of them.
constexpr std::int64_t kLanes = 16;

template <class T>
XGRAD_CLONES void add_squares(std::int64_t n, const T* __restrict p, double* __restrict lanes) {
  std::int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (std::int64_t k = 0; k < kLanes; ++k) lanes[k] += static_cast<double>(p[i + k]) * p[i + k];
  for (std::int64_t k = 0; i < n; ++i, ++k) lanes[k] += static_cast<double>(p[i]) * p[i];
}

}  // namespace

double norm_of(const Tensor& t) {
  std::array<double, kLanes> lanes{};
  with_type(t, [&]<class T>(T) { add_squares<T>(t.numel(), data_of<T>(t), lanes.data()); });
  return std::sqrt(std::accumulate(lanes.begin(), lanes.end(), 0.0));
}

}  // namespace xgrad::optim
