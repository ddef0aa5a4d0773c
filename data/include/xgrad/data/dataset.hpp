// Datasets: things with a size from which examples are taken by number.
#pragma once

#include <concepts>
#include <iosfwd>
#include <span>
#include <vector>

#include <xgrad/tensor.hpp>

namespace xgrad::data {

// One example, or a batch of them stacked along dimension 0. `auto& [x, y] = batch`.
struct Example {
  Tensor data, target;
};
XGRAD_API std::ostream& operator<<(std::ostream& os, const Example& e);

// Rows of two tensors that belong together. ValueError when their first sizes differ or one has no dimension.
class XGRAD_API TensorDataset {
 public:
  TensorDataset(Tensor data, Tensor target, Location at = Location::current());
  template <std::derived_from<Tensor> X>
  explicit TensorDataset(const X&) = delete;  // of inputs and targets: TensorDataset(x, y)
  template <class X, class Y>
    requires(!std::convertible_to<const X&, Tensor> || !std::convertible_to<const Y&, Tensor>)
  TensorDataset(const X&, const Y&) = delete;  // of two Tensors: TensorDataset(tensor(x), tensor(y))
  std::int64_t size() const;
  Example get(std::int64_t index, Location at = Location::current()) const;  // views; IndexError
  Example get_batch(std::span<const std::int64_t> indices, Location at = Location::current()) const;  // copies
  // Rows [begin, end) as a dataset that shares the memory.
  TensorDataset slice(std::int64_t begin, std::int64_t end, Location at = Location::current()) const;

  Tensor data, target;
};

// "TensorDataset(100 examples: data (100, 4), target (100))"
XGRAD_API std::ostream& operator<<(std::ostream& os, const TensorDataset& set);

struct Split {
  TensorDataset first, second;
};
// Two disjoint random parts (drawn from the default generator); `fraction` of the rows goes to the second.
XGRAD_API Split random_split(const TensorDataset& set, double fraction, Location at = Location::current());

}  // namespace xgrad::data
