#pragma once

#include <optional>
#include <ostream>
#include <tuple>

#include <xgrad/by_name.hpp>
#include <xgrad/detail/parts.hpp>
#include <xgrad/nn/linear.hpp>

namespace xgrad::nn {

struct MultiheadAttentionOptions {
  ByName by_name = ByName();
  double dropout = 0;  // of the attention weights, in training
  bool bias = true;
  bool add_bias_kv = false;               // a learnt key and value at the end of each sequence
  bool add_zero_attn = false;             // a key and value of zeros at the end
  std::optional<std::int64_t> kdim = {};  // features of key and value: embed_dim when not given
  std::optional<std::int64_t> vdim = {};
  bool batch_first = false;
};

struct AttentionInputs {
  ByName by_name = ByName();
  Tensor key_padding_mask = {};      // (N, S), or (S): bool, true for keys to leave out, or floating, added
  Tensor attn_mask = {};             // (L, S) or (N num_heads, L, S): bool, true for pairs to leave out, or floating
  bool need_weights = true;          // else the weights of the result are undefined
  bool average_attn_weights = true;  // over the heads: (N, L, S), else (N, num_heads, L, S)
};

struct AttentionOutput {
  Tensor output, weights;
  template <class... T>
  operator std::tuple<T&...>() && {  // NOLINT: std::tie(...) = ...
    return xgrad::detail::tie_parts<T...>(output, weights);
  }
};
XGRAD_API std::ostream& operator<<(std::ostream& os, const AttentionOutput& r);

// Several attentions side by side, each on its part of the features. With E = embed_dim: query (L, N, E), key (S, N,
// kdim), value (S, N, vdim) -> output (L, N, E); with batch_first (N, L, E) and so on; without a batch (L, E). A query
// that may attend to no key has weights of 0, its output is the bias of out_proj. Parameters as in PyTorch:
// in_proj_weight (3E, E), or q_, k_, v_proj_weight when kdim or vdim differ from E, in_proj_bias (3E), bias_k, bias_v
// (1, 1, E), out_proj.weight, out_proj.bias. At first the projections in are Xavier uniform, bias_k and bias_v Xavier
// normal, both biases 0. ValueError: num_heads does not divide embed_dim, sizes below 1, dropout outside [0, 1].
// ShapeError, DTypeError: inputs and masks that do not fit. A. Vaswani et al. 2017.
class XGRAD_API MultiheadAttention final : public Layer<MultiheadAttention> {
 public:
  MultiheadAttention(const MultiheadAttention&) = default;
  MultiheadAttention(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  explicit MultiheadAttention(...) = delete;  // options by name: nn::MultiheadAttention(64, 8, {.dropout = 0.1})
  MultiheadAttention(Size embed_dim, Size num_heads, MultiheadAttentionOptions options = {},
                     Location at = Location::current());
  AttentionOutput operator()(const Tensor& x, Location at = Location::current()) const;  // of a sequence to itself
  // Hooks see the query.
  AttentionOutput operator()(const Tensor& query, const Tensor& key, const Tensor& value,
                             const AttentionInputs& inputs = {}, Location at = Location::current()) const;
  AttentionOutput forward(const Tensor& x, Location at = Location::current()) const;
  AttentionOutput forward(const Tensor& query, const Tensor& key, const Tensor& value, const AttentionInputs& inputs,
                          Location at = Location::current()) const;

  Parameter in_proj_weight, q_proj_weight, k_proj_weight, v_proj_weight, in_proj_bias, bias_k, bias_v;
  Linear out_proj{nullptr};

 private:
  struct Projected;
  Projected project(const Tensor& query, const Tensor& key, const Tensor& value, const Location& at) const;
  Tensor heads_of(const Tensor& x, const Location& at) const;

  std::int64_t embed_dim_ = 0, num_heads_ = 1;
  MultiheadAttentionOptions options_;
};

}  // namespace xgrad::nn

template <>
inline constexpr bool xgrad::detail::has_parts<xgrad::nn::AttentionOutput> = true;
