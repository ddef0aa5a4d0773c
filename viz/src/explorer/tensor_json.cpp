#include "explorer/tensor_json.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace xgrad::viz {
namespace {

using nlohmann::json;

constexpr std::size_t kMostMaps = 16, kMostBlocks = 16, kBins = 16;

// A map of rows and columns that begins at `at`, as means of at most 16 x 16 blocks.
json block_means(const std::vector<double>& v, std::size_t at, std::size_t rows, std::size_t columns) {
  const std::size_t r = std::min(rows, kMostBlocks), c = std::min(columns, kMostBlocks);
  std::vector<double> means;
  for (std::size_t i = 0; i < r; ++i)
    for (std::size_t k = 0; k < c; ++k) {
      const std::size_t i0 = i * rows / r, i1 = (i + 1) * rows / r, k0 = k * columns / c, k1 = (k + 1) * columns / c;
      double sum = 0;
      for (std::size_t y = i0; y < i1; ++y)
        for (std::size_t x = k0; x < k1; ++x) sum += v[at + y * columns + x];
      means.push_back(sum / static_cast<double>((i1 - i0) * (k1 - k0)));
    }
  return {{"r", r}, {"c", c}, {"v", numbers_json(means)}};
}

json histogram(const std::vector<double>& v, double low, double high) {
  std::vector<std::size_t> bins(kBins);
  for (const double x : v) {
    if (!std::isfinite(x)) continue;
    const double place = high > low ? (x - low) / (high - low) * kBins : 0;
    ++bins[std::min(static_cast<std::size_t>(place), kBins - 1)];
  }
  return bins;
}

json statistics(const std::vector<double>& v, json& bins) {
  double low = std::numeric_limits<double>::infinity(), high = -low, sum = 0, squares = 0;
  std::size_t finite = 0, zeros = 0;
  for (const double x : v) {
    zeros += x == 0;
    if (!std::isfinite(x)) continue;
    ++finite;
    low = std::min(low, x);
    high = std::max(high, x);
    sum += x;
  }
  const double mean = finite ? sum / static_cast<double>(finite) : 0;
  for (const double x : v)
    if (std::isfinite(x)) squares += (x - mean) * (x - mean);
  bins = histogram(v, low, high);
  const auto n = static_cast<double>(v.size());
  return {{"n", v.size()},
          {"min", number_json(low)},
          {"mean", number_json(mean)},
          {"max", number_json(high)},
          {"std", number_json(std::sqrt(squares / static_cast<double>(std::max<std::size_t>(finite, 1))))},
          {"zeros", number_json(static_cast<double>(zeros) / n)},
          {"odd", v.size() - finite}};
}

double norm_of(const std::vector<double>& v) {
  double sum = 0;
  for (const double x : v) sum += x * x;
  return std::sqrt(sum);
}

}  // namespace

json number_json(double v) {
  if (std::isnan(v)) return "NaN";
  if (std::isinf(v)) return v > 0 ? "Inf" : "-Inf";
  if (v == std::trunc(v) && std::fabs(v) < 1e6) return static_cast<std::int64_t>(v);
  return std::stod(fmt::format("{:.5g}", v));
}

json numbers_json(const std::vector<double>& v) {
  json all = json::array();
  for (const double x : v) all.push_back(number_json(x));
  return all;
}

json shape_json(const Shape& s) { return std::vector<std::int64_t>(s.begin(), s.end()); }

json tensor_json(const Tensor& t, std::size_t most) {
  if (!t.defined()) return nullptr;
  const std::vector<double> v = t.detach().to_vector<double>();
  json out{{"s", shape_json(t.shape())}, {"norm", number_json(norm_of(v))}};
  if (v.size() <= most) {
    out["v"] = numbers_json(v);
    return out;
  }
  const int rank = t.shape().rank();
  const auto size = [&](int d) { return static_cast<std::size_t>(t.shape()[d]); };
  const bool images = rank >= 3 && size(rank - 1) > 1 && size(rank - 2) > 1;
  const std::size_t columns = rank ? size(rank - 1) : 1, rows = images ? size(rank - 2) : v.size() / columns;
  const std::size_t total = v.size() / (rows * columns);
  out["maps"] = json::array();
  for (std::size_t k = 0; k < std::min(total, kMostMaps); ++k)
    out["maps"].push_back(block_means(v, k * rows * columns, rows, columns));
  out["total"] = total;
  out["whole"] = {rows, columns};
  out["st"] = statistics(v, out["h"]);
  return out;
}

}  // namespace xgrad::viz
