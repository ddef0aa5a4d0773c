// Datasets: things with a size from which examples are taken by number.
#pragma once

#include <span>
#include <vector>

#include <xgrad/tensor.hpp>

namespace xgrad::data {

// One example, or a batch of them stacked along dimension 0. `auto& [x, y] = batch`.
struct Example {
  Tensor data, target;
};

// Rows of two tensors that belong together. ValueError when their first sizes differ or one has no dimension.
class XGRAD_API TensorDataset {
 public:
  TensorDataset(Tensor data, Tensor target, Location at = Location::current());
  std::int64_t size() const;
  Example get(std::int64_t index, Location at = Location::current()) const;  // views; IndexError
  Example get_batch(std::span<const std::int64_t> indices, Location at = Location::current()) const;  // copies
  // Rows [begin, end) as a dataset that shares the memory.
  TensorDataset slice(std::int64_t begin, std::int64_t end, Location at = Location::current()) const;

  Tensor data, target;
};

struct Split {
  TensorDataset first, second;
};
// Two disjoint random parts (drawn from the default generator); `fraction` of the rows goes to the second.
XGRAD_API Split random_split(const TensorDataset& set, double fraction, Location at = Location::current());

}  // namespace xgrad::data
