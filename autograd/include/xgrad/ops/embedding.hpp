// Rows of a table by their numbers.
#pragma once

#include <optional>

#include <xgrad/by_name.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad {

struct EmbeddingOptions {
  ByName by_name = ByName();
  std::optional<std::int64_t> padding_idx = {};  // a row that gets no gradient; negative from the end
  std::optional<double> max_norm = {};           // longer rows that are used are first shortened to this, in place
  double norm_type = 2;                          // p of that norm
  bool scale_grad_by_freq = false;               // divide a row's gradient by how often it was used
};
// out[i, ...] = weight[input[i]]. input: int64 or int32 of any shape; weight: (rows, *size), any dtype; result: input's
// shape followed by *size. The gradient adds up over equal indices, in their order for any number of threads.
// IndexError "index 4 out of range for 4 rows", before anything changes; DTypeError for other index types.
XGRAD_API Tensor embedding(const Tensor& input, const Tensor& weight, const EmbeddingOptions& options = {},
                           Location at = Location::current());

enum class BagMode { mean, sum, max };
inline std::ostream& operator<<(std::ostream& os, BagMode v) {
  return detail::print_choice(os, static_cast<int>(v), {"mean", "sum", "max"});
}
struct EmbeddingBagOptions {
  ByName by_name = ByName();
  Tensor offsets = {};             // int64: where each bag begins in a 1-D input
  Tensor per_sample_weights = {};  // of the input's shape; mode sum only
  BagMode mode = BagMode::mean;
  bool include_last_offset = false;              // the last offset is the end of the last bag
  std::optional<std::int64_t> padding_idx = {};  // a row that does not count
  std::optional<double> max_norm = {};
  double norm_type = 2;
  bool scale_grad_by_freq = false;
};
// The mean, sum or elementwise maximum of the rows of each bag: (bags, *size); zeros for an empty bag. input: (bags,
// length), or 1-D with offsets. ShapeError: offsets missing or not wanted; ValueError: offsets that do not begin with
// 0, fall or leave the input, weights in another mode. Else as embedding().
XGRAD_API Tensor embedding_bag(const Tensor& input, const Tensor& weight, const EmbeddingBagOptions& options = {},
                               Location at = Location::current());

}  // namespace xgrad
