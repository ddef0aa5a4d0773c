#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/data/scaling.hpp>
#include <xgrad/ops.hpp>

namespace xgrad::data {
namespace {

Tensor without_zeros(const Tensor& scale) { return where(scale == 0, Scalar(1.0), scale); }

// NaN cannot be sorted: a column with one has no quantiles, as it has no mean.
bool any_nan(const std::vector<double>& v) {
  return std::ranges::any_of(v, [](double x) { return std::isnan(x); });
}

// Value at fraction q of sorted numbers, between neighbours in proportion (NumPy's default quantile).
double quantile(const std::vector<double>& sorted, double q) {
  const double at = q * static_cast<double>(sorted.size() - 1);
  const auto i = static_cast<std::size_t>(at);
  const double next = sorted[std::min(i + 1, sorted.size() - 1)];
  return sorted[i] + (at - static_cast<double>(i)) * (next - sorted[i]);
}

}  // namespace

Scaler& Scaler::fit(const Tensor& x, Location at) & {
  const xgrad::detail::CallSite site(at);
  require_floating("Scaler", x, at);
  require_rank("Scaler", x, 2, at);
  if (x.size(0) == 0) ErrorReport("Scaler", "cannot fit an empty table", at).operand("x", x).value_error();
  NoGradGuard off;
  learn(x.to(kFloat64, at), center_, scale_);
  return *this;
}

void Scaler::set(Tensor center, Tensor scale, Location at) {
  require_rank("Scaler", center, 1, at);
  require_same_shape("Scaler", center, scale, at);
  require_floating("Scaler", center, at);
  require_floating("Scaler", scale, at);
  center_ = center.to(kFloat64, at);
  scale_ = scale.to(kFloat64, at);
}

namespace {

Tensor entry(const char* what, const NamedTensors& state, const char* key, const Location& at) {
  for (const auto& [name, t] : state)
    if (name == key) return t;
  ErrorReport(what, fmt::format("'{}' is missing in the state; nothing was loaded", key), at).value_error();
}

}  // namespace

NamedTensors Scaler::state_dict(Location at) const {
  if (!center_.defined()) ErrorReport("Scaler", "used before fit", at).value_error();
  return {{"center", center_.clone()}, {"scale", scale_.clone()}};
}
void Scaler::load_state_dict(const NamedTensors& state, Location at) {
  set(entry("Scaler", state, "center", at).clone(), entry("Scaler", state, "scale", at).clone(), at);
}

void Scaler::require_fits(const Tensor& x, const Location& at) const {
  if (!center_.defined()) ErrorReport("Scaler", "used before fit", at).value_error();
  require_floating("Scaler", x, at);
  if (x.dim() == 0 || x.size(-1) != center_.size(0))
    ErrorReport("Scaler", fmt::format("was fitted on {} features, which the last dimension must have", center_.size(0)),
                at)
        .operand("x", x)
        .shape_error();
}

Tensor Scaler::transform(const Tensor& x, Location at) const {
  require_fits(x, at);
  const xgrad::detail::CallSite site(at);
  return ((x.to(kFloat64, at) - center_) / scale_).to(x.dtype(), at);
}

Tensor Scaler::inverse_transform(const Tensor& y, Location at) const {
  require_fits(y, at);
  const xgrad::detail::CallSite site(at);
  return (y.to(kFloat64, at) * scale_ + center_).to(y.dtype(), at);
}

void StandardScaler::learn(const Tensor& x, Tensor& center, Tensor& scale) const {
  center = x.mean({0});
  scale = without_zeros(xgrad::std(x, {0}, 0));
}

void MinMaxScaler::learn(const Tensor& x, Tensor& center, Tensor& scale) const {
  center = amin(x, {0});
  scale = without_zeros(amax(x, {0}) - center);
}

void RobustScaler::learn(const Tensor& x, Tensor& center, Tensor& scale) const {
  std::vector<double> c, s;
  for (std::int64_t j = 0; j < x.size(1); ++j) {
    std::vector<double> column = x.select(1, j).to_vector<double>();
    if (any_nan(column)) {
      c.push_back(NAN);
      s.push_back(NAN);
      continue;
    }
    std::ranges::sort(column);
    c.push_back(quantile(column, 0.5));
    s.push_back(quantile(column, 0.75) - quantile(column, 0.25));
  }
  center = from_vector(c);
  scale = without_zeros(from_vector(s));
}

// ---- imputation ----

namespace {

// Of the values of a column that are there, in order.
double statistic(const std::vector<double>& sorted, const SimpleImputerOptions& o) {
  switch (o.strategy) {
    case ImputeStrategy::mean:
      return std::accumulate(sorted.begin(), sorted.end(), 0.0) / static_cast<double>(sorted.size());
    case ImputeStrategy::median:
      return quantile(sorted, 0.5);
    case ImputeStrategy::constant:
      return o.fill_value;
    case ImputeStrategy::most_frequent:
      break;
  }
  double best = sorted[0];
  std::ptrdiff_t most = 0;
  for (auto begin = sorted.begin(); begin != sorted.end();) {
    const auto end = std::upper_bound(begin, sorted.end(), *begin);
    if (end - begin > most) most = end - begin, best = *begin;
    begin = end;
  }
  return best;
}

}  // namespace

SimpleImputer& SimpleImputer::fit(const Tensor& x, Location at) & {
  require_defined("SimpleImputer", x, at);
  require_floating("SimpleImputer", x, at);
  require_rank("SimpleImputer", x, 2, at);
  const NoGradGuard off;
  std::vector<double> statistics;
  for (std::int64_t j = 0; j < x.size(1); ++j) {
    std::vector<double> column = x.select(1, j).to_vector<double>();
    std::erase_if(column, [](double v) { return std::isnan(v); });
    if (column.empty() && options_.strategy != ImputeStrategy::constant)
      ErrorReport("SimpleImputer", fmt::format("column {} has no value", j), at).operand("x", x).value_error();
    std::ranges::sort(column);
    statistics.push_back(statistic(column, options_));
  }
  statistics_ = from_vector(statistics);
  return *this;
}

Tensor SimpleImputer::transform(const Tensor& x, Location at) const {
  if (!statistics_.defined()) ErrorReport("SimpleImputer", "used before fit", at).value_error();
  require_defined("SimpleImputer", x, at);
  require_floating("SimpleImputer", x, at);
  if (x.dim() == 0 || x.size(-1) != statistics_.size(0))
    ErrorReport("SimpleImputer",
                fmt::format("was fitted on {} features, which the last dimension must have", statistics_.size(0)), at)
        .operand("x", x)
        .shape_error();
  const NoGradGuard off;
  return where(isnan(x), statistics_.to(x.dtype()), x);
}

NamedTensors SimpleImputer::state_dict(Location at) const {
  if (!statistics_.defined()) ErrorReport("SimpleImputer", "used before fit", at).value_error();
  return {{"statistics", statistics_.clone()}};
}
void SimpleImputer::load_state_dict(const NamedTensors& state, Location at) {
  const Tensor t = entry("SimpleImputer", state, "statistics", at);
  require_rank("SimpleImputer", t, 1, at);
  require_floating("SimpleImputer", t, at);
  statistics_ = t.to(kFloat64).clone();
}

}  // namespace xgrad::data
