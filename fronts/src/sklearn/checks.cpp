#include "checks.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/ops.hpp>

namespace xgrad::sklearn {

void not_fitted(const std::string& op, const Location& at) {
  try {
    ErrorReport(op.c_str(), "not fitted yet", at).help("call fit(X, y) first").value_error();
  } catch (const ValueError& e) {
    throw NotFittedError(e.what());
  }
}

void refuse(const std::string& op, const std::string& rule, const Location& at) {
  ErrorReport(op.c_str(), rule, at).value_error();
}

namespace {

Tensor finite(const std::string& op, const std::string& what, const Tensor& t, const Location& at) {
  const Tensor values = t.is_floating_point() ? t.detach() : t.to(kFloat64);
  if (!all(isfinite(values)).item<bool>())
    ErrorReport(op.c_str(), what + " contains NaN or infinity", at).operand(what, t).value_error();
  return values;
}

}  // namespace

Tensor checked_samples(const std::string& op, const Tensor& X, const Location& at) {
  require_defined(op.c_str(), X, at);
  if (X.dim() != 2)
    ErrorReport(op.c_str(), fmt::format("X must be (samples, features), got {} dimensions", X.dim()), at)
        .operand("X", X)
        .help("one feature: X.reshape({-1, 1}), one sample: X.reshape({1, -1})")
        .shape_error();
  if (X.numel() == 0) ErrorReport(op.c_str(), "X has no samples or no features", at).operand("X", X).shape_error();
  return finite(op, "X", X, at);
}

Tensor checked_targets(const std::string& op, const Tensor& y, const Location& at) {
  if (y.numel() == 0) ErrorReport(op.c_str(), "y has no columns", at).operand("y", y).shape_error();
  return finite(op, "y", y, at);
}

Tensor checked_samples(const std::string& op, const Tensor& X, std::int64_t features, const Location& at) {
  const Tensor x = checked_samples(op, X, at);
  if (x.size(1) != features)
    ErrorReport(op.c_str(), fmt::format("X has {} features, {} were fitted", x.size(1), features), at)
        .operand("X", X)
        .shape_error();
  return x;
}

void require_as_many(const std::string& op, const Tensor& X, const Tensor& y, const Location& at) {
  require_defined(op.c_str(), y, at);
  if (y.dim() == 0 || y.size(0) != X.size(0))
    ErrorReport(op.c_str(), "X and y have different numbers of samples", at)
        .operand("X", X)
        .operand("y", y)
        .shape_error();
}

Tensor checked_labels(const std::string& op, const Tensor& y, const Location& at) {
  require_defined(op.c_str(), y, at);
  if (y.is_floating_point())
    ErrorReport(op.c_str(), "labels must be integers or bool", at)
        .operand("y", y)
        .help("whole numbers in a floating tensor: y.to(kInt64)")
        .dtype_error();
  require_rank(op.c_str(), y, 1, at);
  return y.to(kInt64);
}

std::vector<std::int64_t> positions(const Tensor& labels, const Tensor& classes) {
  const auto known = classes.to_vector<std::int64_t>();
  auto all = labels.to_vector<std::int64_t>();
  for (std::int64_t& label : all) {
    const auto found = std::ranges::lower_bound(known, label);
    label = found != known.end() && *found == label ? found - known.begin() : -1;
  }
  return all;
}

Strings different_labels(const Strings& labels) {
  Strings all = labels;
  std::ranges::sort(all);
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

Tensor places_of(const Strings& labels, const Strings& classes) {
  std::vector<std::int64_t> places;
  for (const std::string& label : labels) {
    const auto found = std::ranges::lower_bound(classes, label);
    places.push_back(found != classes.end() && *found == label ? found - classes.begin() : -1);
  }
  return from_vector(places, {std::ssize(places)});
}

Tensor known_places(const std::string& op, const Strings& labels, const Strings& classes, const Location& at) {
  const Tensor places = places_of(labels, classes);
  const std::vector<std::int64_t> all = places.to_vector<std::int64_t>();
  if (const auto unknown = std::ranges::find(all, -1); unknown != all.end())
    refuse(op,
           fmt::format("label '{}' is not among the classes {}",
                       labels[static_cast<std::size_t>(unknown - all.begin())], fmt::join(classes, ", ")),
           at);
  return places;
}

Strings labels_at(const Tensor& places, const Strings& classes) {
  Strings labels;
  for (const std::int64_t i : places.to_vector<std::int64_t>()) labels.push_back(classes[static_cast<std::size_t>(i)]);
  return labels;
}

Strings rows(const Strings& t, const std::vector<std::int64_t>& indices) {
  Strings out;
  for (const std::int64_t i : indices) out.push_back(t[static_cast<std::size_t>(i)]);
  return out;
}

Tensor rows(const Tensor& t, const std::vector<std::int64_t>& indices) {
  return index_select(t, 0, from_vector(indices));
}

}  // namespace xgrad::sklearn
