// The first call of a lazy layer: shapes and first values for what has none yet.
#pragma once

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

#include <xgrad/autograd.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/shape.hpp>

#include "module_state.hpp"

namespace xgrad::nn {

// Tensors that the layer can be tried with before its own are changed: of(t, shape) for each, the call, which may
// throw, values into them, then keep(). Nothing is recorded while one lives; only one lives at a time, for several
// threads may make the first call.
class FirstValues {
 public:
  FirstValues() : one_at_a_time_(lock()) {}
  FirstValues(const FirstValues&) = delete;
  FirstValues& operator=(const FirstValues&) = delete;

  // A copy of own, or zeros of this shape in the place of one that has none; undefined for undefined.
  Tensor of(const Tensor& own, const Shape& shape) {
    if (!own.defined()) return Tensor();
    if (!without_shape(own)) return own.detach().clone();
    made_.emplace_back(own, zeros(shape, {own.dtype()}));
    return made_.back().second;
  }
  // Whether it came from a tensor without a shape.
  bool is_new(const Tensor& t) const {
    return std::ranges::any_of(made_, [&](const auto& m) { return m.second.is_same(t); });
  }
  void keep() {
    for (auto& [own, value] : made_) own.set_data(value);
  }

 private:
  static std::recursive_mutex& lock() {  // recursive: an initializer may call a lazy layer
    static std::recursive_mutex one;
    return one;
  }
  const std::scoped_lock<std::recursive_mutex> one_at_a_time_;
  const NoGradGuard off_;
  std::vector<std::pair<Tensor, Tensor>> made_;
};

}  // namespace xgrad::nn
