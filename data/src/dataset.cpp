#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/data/dataset.hpp>
#include <xgrad/ops.hpp>

#include "split_lengths.hpp"

namespace xgrad::data {

TensorDataset::TensorDataset(Tensor x, Tensor y, Location at) : data(std::move(x)), target(std::move(y)) {
  require_defined("TensorDataset", data, at);
  require_defined("TensorDataset", target, at);
  if (data.dim() == 0 || target.dim() == 0)
    ErrorReport("TensorDataset", "both tensors need a first dimension, which counts the examples", at)
        .operand("data", data)
        .operand("target", target)
        .value_error();
  if (data.size(0) != target.size(0))
    ErrorReport("TensorDataset",
                fmt::format("lengths differ: {} examples and {} targets", data.size(0), target.size(0)), at)
        .operand("data", data)
        .operand("target", target)
        .value_error();
}

std::int64_t TensorDataset::size(Location at) const {
  if (!data.defined()) ErrorReport("TensorDataset", "it has no tensors any more: it was moved from", at).value_error();
  return data.size(0, at);
}

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

std::vector<TensorDataset> detail::split_by_lengths(const TensorDataset& set, const std::vector<std::int64_t>& lengths,
                                                    const std::optional<Generator>& generator, const Location& at) {
  const std::int64_t size = set.size(at);
  require_lengths(size, lengths, at);
  const std::vector<std::int64_t> order = randperm(size, {.generator = generator}).to_vector<std::int64_t>();
  std::span<const std::int64_t> left(order);
  std::vector<TensorDataset> parts;
  for (const std::int64_t n : lengths) {
    Example rows = set.get_batch(left.first(static_cast<std::size_t>(n)), at);
    parts.emplace_back(std::move(rows.data), std::move(rows.target), at);
    left = left.subspan(static_cast<std::size_t>(n));
  }
  return parts;
}

std::vector<TensorDataset> detail::split_by_shares(const TensorDataset& set, const std::vector<double>& shares,
                                                   const std::optional<Generator>& generator, const Location& at) {
  return split_by_lengths(set, lengths_of_shares(set.size(at), shares, at), generator, at);
}

std::ostream& operator<<(std::ostream& os, const Example& e) {
  return os << "data=" << e.data << ",\ntarget=" << e.target;
}
std::ostream& operator<<(std::ostream& os, const TensorDataset& set) {
  if (!set.data.defined()) return os << "TensorDataset(moved from)";
  return os << fmt::format("TensorDataset({} examples: data {}, target {})", set.size(), to_string(set.data.shape()),
                           to_string(set.target.shape()));
}

}  // namespace xgrad::data
