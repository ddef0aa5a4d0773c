#include <numeric>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/data/datasets.hpp>
#include <xgrad/ops/sampling.hpp>

#include "split_lengths.hpp"

namespace xgrad::data::detail {

void bad_index(const char* dataset, std::int64_t index, std::int64_t size, const Location& at) {
  ErrorReport(dataset, fmt::format("no example {} among {}", index, size), at).index_error();
}
void bad_dataset(const char* dataset, const std::string& rule, const Location& at) {
  ErrorReport(dataset, rule, at).value_error();
}

std::int64_t common_length(std::span<const Tensor> tensors, const Location& at) {
  bool counted = true;
  for (const Tensor& t : tensors) {
    require_defined("TensorDataset", t, at);
    counted = counted && t.dim() > 0;
  }
  for (const Tensor& t : tensors) {
    if (counted && t.size(0) == tensors[0].size(0)) continue;
    ErrorReport report("TensorDataset",
                       counted ? fmt::format("lengths differ: {} and {} examples", tensors[0].size(0), t.size(0))
                               : "all tensors need a first dimension, which counts the examples",
                       at);
    for (std::size_t i = 0; i < tensors.size(); ++i) report.operand(fmt::format("{}", i), tensors[i]);
    report.value_error();
  }
  return tensors[0].size(0);
}

std::vector<std::int64_t> lengths_of(std::int64_t size, const std::vector<double>& shares, const Location& at) {
  return lengths_of_shares(size, shares, at);
}

std::vector<std::vector<std::int64_t>> random_parts(std::int64_t size, const std::vector<std::int64_t>& lengths,
                                                    const std::optional<Generator>& generator, const Location& at) {
  require_lengths(size, lengths, at);
  const std::vector<std::int64_t> order = randperm(size, {.generator = generator}).to_vector<std::int64_t>();
  std::vector<std::vector<std::int64_t>> parts;
  auto next = order.begin();
  for (const std::int64_t n : lengths) {
    parts.emplace_back(next, next + n);
    next += n;
  }
  return parts;
}

}  // namespace xgrad::data::detail
