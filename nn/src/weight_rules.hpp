// What with_weight_options() gave a module, and the penalties of its results that wait to be asked for.
#pragma once

#include <mutex>
#include <utility>
#include <vector>

#include <xgrad/nn/weight_options.hpp>

namespace xgrad::nn {

struct WeightRules {
  explicit WeightRules(WeightOptions o) : options(std::move(o)) {}

  const WeightOptions options;
  std::mutex lock;  // of those below: a model may be called by several threads at once
  std::vector<Tensor> waiting;
  bool asked_for = false;  // since the last call
};

}  // namespace xgrad::nn
