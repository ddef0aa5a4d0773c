// Samples in two parts.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <xgrad/random.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad::sklearn {

struct Parts {
  std::vector<std::int64_t> train, test;
};
// labels: undefined, or what both parts have in the same proportions.
Parts split_samples(const std::string& op, std::int64_t n, double test_size, bool shuffle, const Tensor& labels,
                    const Generator& generator, const Location& at);

// Of a random_state: its own generator, or the default one.
Generator generator_of(const std::optional<std::int64_t>& random_state);

}  // namespace xgrad::sklearn
