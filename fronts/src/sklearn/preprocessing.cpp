#include <algorithm>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/ops.hpp>
#include <xgrad/sklearn/preprocessing.hpp>

#include "checks.hpp"

namespace xgrad::sklearn {
namespace {

void no_params(const char* op, const Params& params, const Location& at) {
  if (!params.empty()) refuse(op, fmt::format("no parameter '{}'; there are none", params.begin()->first), at);
}

const Tensor& known(const char* op, const Tensor& t, const Location& at) {
  if (!t.defined()) not_fitted(op, at);
  return t;
}

Tensor fitting(const char* op, const data::Scaler& scaler, const Tensor& X, const Location& at) {
  return checked_samples(op, X, known(op, scaler.center(), at).numel(), at);
}

}  // namespace

StandardScaler& StandardScaler::set_params(const Params& params, Location at) {
  no_params("StandardScaler", params, at);
  return *this;
}
StandardScaler& StandardScaler::fit(const Tensor& X, const Tensor&, Location at) {
  scaler_.fit(checked_samples("StandardScaler.fit", X, at), at);
  return *this;
}
Tensor StandardScaler::transform(const Tensor& X, Location at) const {
  return scaler_.transform(fitting("StandardScaler.transform", scaler_, X, at), at);
}
Tensor StandardScaler::inverse_transform(const Tensor& X, Location at) const {
  return scaler_.inverse_transform(fitting("StandardScaler.inverse_transform", scaler_, X, at), at);
}
Tensor StandardScaler::mean_(Location at) const { return known("StandardScaler", scaler_.center(), at); }
Tensor StandardScaler::scale_(Location at) const { return known("StandardScaler", scaler_.scale(), at); }

MinMaxScaler& MinMaxScaler::set_params(const Params& params, Location at) {
  no_params("MinMaxScaler", params, at);
  return *this;
}
MinMaxScaler& MinMaxScaler::fit(const Tensor& X, const Tensor&, Location at) {
  scaler_.fit(checked_samples("MinMaxScaler.fit", X, at), at);
  return *this;
}
Tensor MinMaxScaler::transform(const Tensor& X, Location at) const {
  return scaler_.transform(fitting("MinMaxScaler.transform", scaler_, X, at), at);
}
Tensor MinMaxScaler::inverse_transform(const Tensor& X, Location at) const {
  return scaler_.inverse_transform(fitting("MinMaxScaler.inverse_transform", scaler_, X, at), at);
}
Tensor MinMaxScaler::data_min_(Location at) const { return known("MinMaxScaler", scaler_.center(), at); }
Tensor MinMaxScaler::data_range_(Location at) const { return known("MinMaxScaler", scaler_.scale(), at); }

LabelEncoder& LabelEncoder::fit(const Strings& y, Location at) {
  if (y.empty()) refuse("LabelEncoder.fit", "y has no labels", at);
  classes_known_ = different_labels(y);
  return *this;
}
const Strings& LabelEncoder::classes_(Location at) const {
  if (classes_known_.empty()) not_fitted("LabelEncoder", at);
  return classes_known_;
}
Tensor LabelEncoder::transform(const Strings& y, Location at) const {
  return known_places("LabelEncoder.transform", y, classes_(at), at);
}
Strings LabelEncoder::inverse_transform(const Tensor& places, Location at) const {
  const char* op = "LabelEncoder.inverse_transform";
  const Strings& classes = classes_(at);
  const Tensor numbers = checked_labels(op, places, at);
  for (const std::int64_t i : numbers.to_vector<std::int64_t>())
    if (i < 0 || i >= std::ssize(classes))
      ErrorReport(
          op, fmt::format("{} is not in 0..{}, the places of {} classes", i, classes.size() - 1, classes.size()), at)
          .operand("places", places)
          .index_error();
  return labels_at(numbers, classes);
}

LabelBinarizer& LabelBinarizer::fit(const Tensor& y, Location at) {
  const Tensor labels = checked_labels("LabelBinarizer.fit", y, at);
  if (labels.numel() == 0) refuse("LabelBinarizer.fit", "y has no samples", at);
  classes_known_ = unique(labels).values;
  return *this;
}

Tensor LabelBinarizer::transform(const Tensor& y, Location at) const {
  const char* op = "LabelBinarizer.transform";
  const Tensor &classes = known(op, classes_known_, at), labels = checked_labels(op, y, at);
  const std::vector<std::int64_t> numbers = positions(labels, classes);
  if (const auto unknown = std::ranges::find(numbers, -1); unknown != numbers.end())
    refuse(
        op,
        fmt::format("label {} was not there in fit", labels.select(0, unknown - numbers.begin()).item<std::int64_t>()),
        at);
  const Tensor columns = (from_vector(numbers).unsqueeze(1) == arange(classes.numel())).to(kInt64);
  return classes.numel() == 2 ? columns.slice(1, 1, 2) : columns;
}

Tensor LabelBinarizer::inverse_transform(const Tensor& columns, Location at) const {
  const char* op = "LabelBinarizer.inverse_transform";
  const Tensor& classes = known(op, classes_known_, at);
  require_rank(op, columns, 2, at);
  const std::int64_t wanted = classes.numel() == 2 ? 1 : classes.numel();
  if (columns.size(1) != wanted)
    ErrorReport(op, fmt::format("{} columns of {} classes", columns.size(1), classes.numel()), at)
        .operand("columns", columns)
        .shape_error();
  return index_select(classes, 0, classes.numel() == 2 ? (columns > 0.5).to(kInt64).flatten() : argmax(columns, 1));
}

Tensor LabelBinarizer::classes_(Location at) const { return known("LabelBinarizer", classes_known_, at); }

}  // namespace xgrad::sklearn
