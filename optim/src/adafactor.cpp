#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <fmt/format.h>

#include <xgrad/optim/adafactor.hpp>

#include "fused.hpp"

namespace xgrad::optim {
namespace {

enum Buffer : std::size_t { kRows, kColumns, kWhole };

bool factored(const Tensor& param) { return param.dim() > 1; }

// The numbers of one step; sums run in double.
struct AdafactorStep {
  double weight;  // of the new square in the averages
  double least;   // below which no second moment counts
};

// v of a parameter that is not factored: averages it, and returns the sum of g^2 / v.
template <class T>
double whole(const AdafactorStep& s, std::int64_t n, const T* g, T* v) {
  const T floor = static_cast<T>(s.least * s.least), w = static_cast<T>(s.weight);
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    v[i] += w * (g[i] * g[i] - v[i]);
    sum += static_cast<double>(g[i]) * g[i] / std::max(v[i], floor);
  }
  return sum;
}

// Averages the means of the squares of rows and columns of a matrix.
template <class T>
void adafactor_average(const AdafactorStep& s, std::int64_t rows, std::int64_t columns, const T* g, T* r, T* c) {
  std::vector<double> by_column(static_cast<std::size_t>(columns));
  for (std::int64_t i = 0; i < rows; ++i) {
    double sum = 0;
    for (std::int64_t j = 0; j < columns; ++j) {
      const double square = static_cast<double>(g[i * columns + j]) * g[i * columns + j];
      sum += square;
      by_column[static_cast<std::size_t>(j)] += square;
    }
    r[i] += static_cast<T>(s.weight * (sum / static_cast<double>(columns) - r[i]));
  }
  for (std::int64_t j = 0; j < columns; ++j)
    c[j] += static_cast<T>(s.weight * (by_column[static_cast<std::size_t>(j)] / static_cast<double>(rows) - c[j]));
}

// f(element, second moment) for all elements of a matrix.
template <class T, class F>
void for_moments(const AdafactorStep& s, std::int64_t rows, std::int64_t columns, const T* r, const T* c, const F& f) {
  double mean = 0;
  for (std::int64_t i = 0; i < rows; ++i) mean += r[i];
  mean = std::max(mean / static_cast<double>(rows), s.least);
  const T floor = static_cast<T>(s.least * s.least);
  for (std::int64_t i = 0; i < rows; ++i) {
    const T share = static_cast<T>(r[i] / mean);
    for (std::int64_t j = 0; j < columns; ++j) f(i * columns + j, std::max(share * c[j], floor));
  }
}

template <class T>
double mean_root(const T* p, std::int64_t n) {
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += static_cast<double>(p[i]) * p[i];
  return std::sqrt(sum / static_cast<double>(n));
}

}  // namespace

Adafactor::Adafactor(Params<AdafactorOptions> params, AdafactorOptions options, Location at)
    : OptimizerWith(params, options, at, "Adafactor", {"row_var?", "col_var?", "variance?"}) {}

void AdafactorOptions::check(const OptionCheck& check) const {
  if (!(beta2_decay <= 0) || std::isinf(beta2_decay))
    check.fail(fmt::format("beta2_decay must be <= 0, got {}", beta2_decay.value));
  check.at_least_zero("eps[0]", eps[0]);
  check.at_least_zero("eps[1]", eps[1]);
  if (!(d >= 1) || std::isinf(d)) check.fail(fmt::format("d must be at least 1, got {}", d.value));
}

Shape Adafactor::buffer_shape(std::size_t i, const Tensor& param) const {
  if (i == kWhole) return param.shape();
  Shape shape = param.shape();
  if (factored(param)) shape[i == kRows ? -1 : -2] = 1;
  return shape;
}

void Adafactor::make_state(std::size_t, const Tensor& param, State& state) {
  if (!factored(param)) {
    buffer(state, kWhole, param);
    return;
  }
  buffer(state, kRows, param);
  buffer(state, kColumns, param);
}

void Adafactor::update(std::size_t group, Tensor& param, const Tensor& grad, State& state) {
  const AdafactorOptions& o = options(group);
  const std::int64_t n = param.numel();
  if (n == 0) return;
  const double t = static_cast<double>(state.step);
  with_type(param, [&]<class T>(T) {
    const AdafactorStep s{std::pow(t, o.beta2_decay), o.eps[0] > 0 ? o.eps[0] : std::numeric_limits<T>::epsilon()};
    T* const p = data_of<T>(param);
    const T* const g = data_of<T>(grad);
    double squares = 0;
    const std::int64_t columns = factored(param) ? param.size(-1) : n, rows = factored(param) ? param.size(-2) : 1;
    const std::int64_t matrices = n / (rows * columns);
    const auto moments = [&](std::int64_t k, const auto& f) {
      const T *r = data_of<T>(buffer(state, kRows, param)) + k * rows,
              *c = data_of<T>(buffer(state, kColumns, param)) + k * columns;
      for_moments(s, rows, columns, r, c, [&](std::int64_t i, T v) { f(k * rows * columns + i, v); });
    };
    if (!factored(param)) {
      squares = whole(s, n, g, data_of<T>(buffer(state, kWhole, param)));
    } else {
      for (std::int64_t k = 0; k < matrices; ++k) {
        adafactor_average(s, rows, columns, g + k * rows * columns, data_of<T>(buffer(state, kRows, param)) + k * rows,
                          data_of<T>(buffer(state, kColumns, param)) + k * columns);
        moments(k, [&](std::int64_t i, T v) { squares += static_cast<double>(g[i]) * g[i] / v; });
      }
    }
    const double size = std::max(o.eps[1], mean_root(p, n)) * std::min(o.lr.value, 1 / std::sqrt(t));
    const double limit = std::max(1.0, std::sqrt(squares / static_cast<double>(n)) / o.d);
    const T rate = static_cast<T>((o.maximize ? -1 : 1) * size / limit);
    const T shrink = static_cast<T>(1 - o.lr * o.weight_decay), floor = static_cast<T>(s.least * s.least);
    const auto apply = [&](std::int64_t i, T v) { p[i] = shrink * p[i] - rate * g[i] / root(v); };
    if (factored(param)) {
      for (std::int64_t k = 0; k < matrices; ++k) moments(k, apply);
    } else {
      const T* v = data_of<T>(buffer(state, kWhole, param));
      for (std::int64_t i = 0; i < n; ++i) apply(i, std::max(v[i], floor));
    }
  });
}

}  // namespace xgrad::optim
