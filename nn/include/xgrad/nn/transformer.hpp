#pragma once

#include <xgrad/by_name.hpp>
#include <xgrad/nn/attention.hpp>
#include <xgrad/nn/normalization.hpp>

namespace xgrad::nn {

enum class TransformerActivation { relu, gelu };
inline std::ostream& operator<<(std::ostream& os, TransformerActivation v) {
  return xgrad::detail::print_choice(os, static_cast<int>(v), {"relu", "gelu"});
}

struct TransformerEncoderLayerOptions {
  ByName by_name = ByName();
  std::int64_t dim_feedforward = 2048;
  double dropout = 0.1;
  TransformerActivation activation = TransformerActivation::relu;
  double layer_norm_eps = 1e-5;
  bool batch_first = false;
  bool norm_first = false;
};

// Self-attention and a network of two layers, each with a way around it and a normalisation behind the sum:
// x = norm1(x + attention(x)), y = norm2(x + linear2(activation(linear1(x)))); with norm_first in front of the part:
// x + attention(norm1(x)). (L, N, d_model), (N, L, d_model) with batch_first, or (L, d_model), of the same shape.
// Submodules self_attn, linear1, linear2, norm1, norm2 with dropouts between; errors as for these. Vaswani et al. 2017.
class XGRAD_API TransformerEncoderLayer final : public Layer<TransformerEncoderLayer> {
 public:
  TransformerEncoderLayer(const TransformerEncoderLayer&) = default;
  TransformerEncoderLayer(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  explicit TransformerEncoderLayer(...) =
      delete;  // options by name: nn::TransformerEncoderLayer(64, 8, {.dropout = 0})
  TransformerEncoderLayer(Size d_model, Size nhead, TransformerEncoderLayerOptions options = {},
                          Location at = Location::current());
  Tensor operator()(const Tensor& src, Location at = Location::current()) const { return call(at, src); }
  // src_mask as attn_mask, src_key_padding_mask as key_padding_mask of the attention; either may be undefined.
  Tensor operator()(const Tensor& src, const Tensor& src_mask, const Tensor& src_key_padding_mask = Tensor(),
                    Location at = Location::current()) const {
    return call(at, src, src_mask, src_key_padding_mask);
  }
  Tensor forward(const Tensor& src, Location at = Location::current()) const;
  Tensor forward(const Tensor& src, const Tensor& src_mask, const Tensor& src_key_padding_mask, Location at) const;

  MultiheadAttention self_attn{nullptr};
  Linear linear1{nullptr}, linear2{nullptr};
  LayerNorm norm1{nullptr}, norm2{nullptr};
  Dropout dropout{nullptr}, dropout1{nullptr}, dropout2{nullptr};

 private:
  Tensor attended(const Tensor& x, const AttentionInputs& inputs, const Location& at) const;
  Tensor fed_forward(const Tensor& x, const Location& at) const;

  TransformerEncoderLayerOptions options_;
};

}  // namespace xgrad::nn
