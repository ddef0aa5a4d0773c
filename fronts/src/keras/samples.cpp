#include "keras/samples.hpp"

#include <cmath>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/ops.hpp>

#include "keras/names.hpp"

namespace xgrad::keras {

namespace {

// f of everything that there is of samples.
template <class F>
Samples each_of(const Samples& s, const F& f) {
  Samples out;
  for (const Tensor& t : s.x) out.x.push_back(f(t));
  for (const Tensor& t : s.y) out.y.push_back(f(t));
  if (s.weight.defined()) out.weight = f(s.weight);
  return out;
}

}  // namespace

Samples Samples::slice(std::int64_t begin, std::int64_t end) const {
  return each_of(*this, [=](const Tensor& t) { return t.slice(0, begin, end); });
}
Samples Samples::at(const Tensor& numbers) const {
  return each_of(*this, [&](const Tensor& t) { return index_select(t, 0, numbers); });
}

Tensor sample_of_zeros(const Shape& shape, bool indices) {
  std::vector<std::int64_t> sizes{1};
  sizes.insert(sizes.end(), shape.begin(), shape.end());
  return zeros(sizes, indices ? kInt64 : kFloat32);
}

Shape sample_shape(const std::string& layer, const Tensor& y, const Location& at) {
  require_defined(layer.c_str(), y, at);
  if (y.dim() < 1 || y.size(0) != 1)
    ErrorReport(layer.c_str(), "what a layer makes of one sample must be of shape (1, ...)", at)
        .operand("result", y)
        .shape_error();
  return Shape(std::vector<std::int64_t>(y.shape().begin() + 1, y.shape().end()));
}

Tensor checked_weights(const char* op, const Tensor& x, const Tensor& weight, const Location& at) {
  if (!weight.defined()) return {};
  if (weight.dim() < 1 || weight.size(0) != x.size(0))
    ErrorReport(op, "sample_weight must have a weight for each sample", at)
        .operand("x", x)
        .operand("sample_weight", weight)
        .shape_error();
  const Tensor w = weight.detach().to(kFloat32);
  if (!all(isfinite(w)).item<bool>())
    ErrorReport(op, "sample_weight is not finite", at).operand("sample_weight", weight).value_error();
  return w;
}

Tensor weights_of_classes(const Tensor& y, const std::map<std::int64_t, double>& weights, const Location& at) {
  const auto report = [&](const std::string& rule) { return ErrorReport("fit", rule, at).operand("y", y); };
  if (y.dim() > 2) report("class_weight needs targets (n), (n, 1) or one-hot rows").shape_error();
  for (const auto& [label, weight] : weights)
    if (!std::isfinite(weight)) refuse("fit", fmt::format("class_weight {} of class {}", weight, label), at);
  const Tensor labels = y.dim() == 2 && y.size(1) > 1 ? argmax(y, 1) : y.flatten();
  std::vector<double> all = labels.detach().to_vector<double>();
  for (double& v : all) {
    if (v != std::trunc(v)) report(fmt::format("class_weight: the target {} is no class", v)).value_error();
    const auto found = weights.find(static_cast<std::int64_t>(v));
    v = found == weights.end() ? 1 : found->second;
  }
  return from_vector(all).to(kFloat32);
}

Batches::Batches(const Samples& samples, std::int64_t batch_size, bool shuffle, const Location& at)
    : samples_(samples),
      loader_(data::TensorDataset(arange(samples.size()), arange(samples.size()), at),
              {.batch_size = batch_size, .shuffle = shuffle}) {}

}  // namespace xgrad::keras
