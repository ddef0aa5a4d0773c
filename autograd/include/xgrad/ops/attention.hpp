// Attention.
#pragma once

#include <optional>

#include <xgrad/by_name.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad {

struct AttentionOptions {
  ByName by_name = ByName();
  Tensor mask = {};                  // broadcasts to (..., L, S): bool, true where to attend, or floating, added
  double dropout = 0;                // of the weights
  bool is_causal = false;            // position i attends to 0..i only; not together with mask (ValueError)
  std::optional<double> scale = {};  // 1 / sqrt(E) when not given
};
// Masks (L, S), true where to attend: query i to the keys 0..i, as is_causal, or, aligned at the last query and key, to
// 0..i + S - L, for queries that follow keys which are kept from before.
[[nodiscard]] XGRAD_API Tensor causal_upper_left(Size L, Size S, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor causal_lower_right(Size L, Size S, Location at = Location::current());
// softmax(scale query key^T + mask) along the last dimension: query (..., L, E), key (..., S, E) -> (..., L, S). The
// leading sizes broadcast. A row that may attend to nothing is 0, with gradients of 0. ShapeError as for matmul, or
// below rank 2; DTypeError unless floating, with masks of other types. dropout is not applied here. Vaswani et al.
// 2017.
[[nodiscard]] XGRAD_API Tensor attention_weights(const Tensor& query, const Tensor& key,
                                                 const AttentionOptions& options = {},
                                                 Location at = Location::current());
// dropout(attention_weights(query, key)) value: value (..., S, V) -> (..., L, V). The weights are never stored:
// memory is linear in L and S, and what a causal mask hides is not computed.
[[nodiscard]] XGRAD_API Tensor scaled_dot_product_attention(const Tensor& query, const Tensor& key, const Tensor& value,
                                                            const AttentionOptions& options = {},
                                                            Location at = Location::current());

}  // namespace xgrad
