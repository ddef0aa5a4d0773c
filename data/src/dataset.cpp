#include <xgrad/autograd.hpp>
#include <xgrad/data/dataset.hpp>

#include <cmath>

#include <fmt/format.h>
#include <xgrad/check.hpp>
#include <xgrad/ops.hpp>

namespace xgrad::data {

TensorDataset::TensorDataset(Tensor x, Tensor y, Location at) : data(std::move(x)), target(std::move(y)) {
  require_defined("TensorDataset", data, at);
  require_defined("TensorDataset", target, at);
  if (data.dim() == 0 || target.dim() == 0)
    ErrorReport("TensorDataset", "both tensors need a first dimension, which counts the examples", at).operand("data", data).operand("target", target).value_error();
  if (data.size(0) != target.size(0))
    ErrorReport("TensorDataset", fmt::format("lengths differ: {} examples and {} targets", data.size(0), target.size(0)), at)
        .operand("data", data)
        .operand("target", target)
        .value_error();
}

std::int64_t TensorDataset::size() const { return data.size(0); }

Example TensorDataset::get(std::int64_t index, Location at) const {
  return {data.select(0, index, at), target.select(0, index, at)};
}

Example TensorDataset::get_batch(std::span<const std::int64_t> indices, Location at) const {
  NoGradGuard off;
  const Tensor rows = from_vector(std::vector<std::int64_t>(indices.begin(), indices.end()));
  return {index_select(data, 0, rows, at), index_select(target, 0, rows, at)};
}

TensorDataset TensorDataset::slice(std::int64_t begin, std::int64_t end, Location at) const {
  return TensorDataset(data.slice(0, begin, end, 1, at), target.slice(0, begin, end, 1, at), at);
}

Split random_split(const TensorDataset& set, double fraction, Location at) {
  if (!(fraction >= 0 && fraction <= 1))
    ErrorReport("random_split", fmt::format("fraction must be in [0, 1], got {}", fraction), at).value_error();
  const std::vector<std::int64_t> order = randperm(set.size()).to_vector<std::int64_t>();
  const auto cut = static_cast<std::size_t>(std::llround(static_cast<double>(order.size()) * (1 - fraction)));
  const std::span<const std::int64_t> all(order);
  const Example a = set.get_batch(all.first(cut), at), b = set.get_batch(all.subspan(cut), at);
  return {TensorDataset(a.data, a.target, at), TensorDataset(b.data, b.target, at)};
}

std::ostream& operator<<(std::ostream& os, const Example& e) {
  return os << "data=" << e.data << ",\ntarget=" << e.target;
}
std::ostream& operator<<(std::ostream& os, const TensorDataset& set) {
  return os << fmt::format("TensorDataset({} examples: data {}, target {})", set.size(), to_string(set.data.shape()),
                           to_string(set.target.shape()));
}

}  // namespace xgrad::data
