// Transformers: A. Vaswani et al. 2017. Sequences are (length, N, d_model), (N, length, d_model) with batch_first, or
// (length, d_model). Masks are those of nn::MultiheadAttention: bool, true for what to leave out, or floating, added.
#pragma once

#include <xgrad/by_name.hpp>
#include <xgrad/nn/attention.hpp>
#include <xgrad/nn/container.hpp>
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
  bool bias = true;  // of all linear layers and normalisations
};
using TransformerDecoderLayerOptions = TransformerEncoderLayerOptions;

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
  Tensor operator()(const Tensor& src, Location at = Location::current()) const;
  // src_mask as attn_mask, src_key_padding_mask as key_padding_mask of the attention; either may be undefined.
  Tensor operator()(const Tensor& src, const Tensor& src_mask, const Tensor& src_key_padding_mask = Tensor(),
                    Location at = Location::current()) const;
  Tensor forward(const Tensor& src, Location at = Location::current()) const;
  Tensor forward(const Tensor& src, const Tensor& src_mask, const Tensor& src_key_padding_mask, Location at) const;

  bool batch_first() const { return options_.batch_first; }

  MultiheadAttention self_attn{nullptr};
  Linear linear1{nullptr}, linear2{nullptr};
  LayerNorm norm1{nullptr}, norm2{nullptr};
  Dropout dropout{nullptr}, dropout1{nullptr}, dropout2{nullptr};

 private:
  TransformerEncoderLayerOptions options_;
};

struct TransformerEncoderInputs {
  ByName by_name = ByName();
  Tensor mask = {};                  // (L, L) or (N nhead, L, L)
  Tensor src_key_padding_mask = {};  // (N, L), or (L)
  bool is_causal = false;            // without a mask: generate_square_subsequent_mask(L)
};

// num_layers copies of a layer, one after the other, and a normalisation behind them unless that is empty. Submodules
// layers.0, layers.1, ..., norm. ValueError for num_layers below 1.
//   nn::TransformerEncoder encoder(nn::TransformerEncoderLayer(64, 8), 6);
//   encoder(src, {.is_causal = true});
class XGRAD_API TransformerEncoder final : public Layer<TransformerEncoder> {
 public:
  TransformerEncoder(const TransformerEncoder&) = default;
  TransformerEncoder(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  TransformerEncoder(const TransformerEncoderLayer& encoder_layer, Size num_layers, LayerNorm norm = nullptr,
                     Location at = Location::current());
  Tensor operator()(const Tensor& src, Location at = Location::current()) const;
  Tensor operator()(const Tensor& src, const TransformerEncoderInputs& inputs, Location at = Location::current()) const;
  Tensor forward(const Tensor& src, Location at = Location::current()) const;
  Tensor forward(const Tensor& src, const TransformerEncoderInputs& inputs, Location at) const;

  ModuleList<TransformerEncoderLayer> layers = nullptr;
  LayerNorm norm{nullptr};
};

struct TransformerDecoderInputs {
  ByName by_name = ByName();
  Tensor tgt_mask = {};                                            // (T, T) or (N nhead, T, T)
  Tensor memory_mask = {};                                         // (T, S) or (N nhead, T, S)
  Tensor tgt_key_padding_mask = {}, memory_key_padding_mask = {};  // (N, T) and (N, S)
  bool tgt_is_causal = false;                                      // without a mask: generate_square_subsequent_mask(T)
};

// As the encoder's, with an attention to the encoder's output between the two parts: norm1 and self_attn, norm2 and
// multihead_attn, norm3 and the network. tgt (T, N, d_model), memory (S, N, d_model) -> (T, N, d_model).
class XGRAD_API TransformerDecoderLayer final : public Layer<TransformerDecoderLayer> {
 public:
  TransformerDecoderLayer(const TransformerDecoderLayer&) = default;
  TransformerDecoderLayer(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  explicit TransformerDecoderLayer(...) =
      delete;  // options by name: nn::TransformerDecoderLayer(64, 8, {.dropout = 0})
  TransformerDecoderLayer(Size d_model, Size nhead, TransformerDecoderLayerOptions options = {},
                          Location at = Location::current());
  Tensor operator()(const Tensor& tgt, const Tensor& memory, const TransformerDecoderInputs& inputs = {},
                    Location at = Location::current()) const;
  Tensor forward(const Tensor& tgt, const Tensor& memory, const TransformerDecoderInputs& inputs, Location at) const;
  Tensor forward(const Tensor& tgt, const Tensor& memory, Location at = Location::current()) const;

  bool batch_first() const { return options_.batch_first; }

  MultiheadAttention self_attn{nullptr}, multihead_attn{nullptr};
  Linear linear1{nullptr}, linear2{nullptr};
  LayerNorm norm1{nullptr}, norm2{nullptr}, norm3{nullptr};
  Dropout dropout{nullptr}, dropout1{nullptr}, dropout2{nullptr}, dropout3{nullptr};

 private:
  TransformerDecoderLayerOptions options_;
};

class XGRAD_API TransformerDecoder final : public Layer<TransformerDecoder> {
 public:
  TransformerDecoder(const TransformerDecoder&) = default;
  TransformerDecoder(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  TransformerDecoder(const TransformerDecoderLayer& decoder_layer, Size num_layers, LayerNorm norm = nullptr,
                     Location at = Location::current());
  Tensor operator()(const Tensor& tgt, const Tensor& memory, const TransformerDecoderInputs& inputs = {},
                    Location at = Location::current()) const;
  Tensor forward(const Tensor& tgt, const Tensor& memory, const TransformerDecoderInputs& inputs, Location at) const;
  Tensor forward(const Tensor& tgt, const Tensor& memory, Location at = Location::current()) const;

  ModuleList<TransformerDecoderLayer> layers = nullptr;
  LayerNorm norm{nullptr};
};

struct TransformerOptions {
  ByName by_name = ByName();
  std::int64_t d_model = 512, nhead = 8, num_encoder_layers = 6, num_decoder_layers = 6, dim_feedforward = 2048;
  double dropout = 0.1;
  TransformerActivation activation = TransformerActivation::relu;
  double layer_norm_eps = 1e-5;
  bool batch_first = false;
  bool norm_first = false;
  bool bias = true;
};
struct TransformerInputs {
  ByName by_name = ByName();
  Tensor src_mask = {}, tgt_mask = {}, memory_mask = {};
  Tensor src_key_padding_mask = {}, tgt_key_padding_mask = {}, memory_key_padding_mask = {};
  bool src_is_causal = false, tgt_is_causal = false;
};

// Encoder and decoder, each with a normalisation at its end: transformer(src, tgt, {.tgt_is_causal = true}), src (S, N,
// d_model), tgt (T, N, d_model) -> (T, N, d_model). All matrices start Xavier uniform.
class XGRAD_API Transformer final : public Layer<Transformer> {
 public:
  Transformer(const Transformer&) = default;
  Transformer(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  template <class = void>
  explicit Transformer(...) = delete;  // options by name: nn::Transformer({.d_model = 64, .nhead = 4})
  explicit Transformer(TransformerOptions options = {}, Location at = Location::current());
  explicit Transformer(NoOptions, Location at = Location::current()) : Transformer(TransformerOptions{}, at) {}
  Tensor operator()(const Tensor& src, const Tensor& tgt, const TransformerInputs& inputs = {},
                    Location at = Location::current()) const;
  Tensor forward(const Tensor& src, const Tensor& tgt, const TransformerInputs& inputs, Location at) const;
  Tensor forward(const Tensor& src, const Tensor& tgt, Location at = Location::current()) const;
  // (size, size): 0 on and below the diagonal, minus infinity above.
  static Tensor generate_square_subsequent_mask(Size size, DType dtype = kFloat32, Location at = Location::current());

  TransformerEncoder encoder{nullptr};
  TransformerDecoder decoder{nullptr};
};

}  // namespace xgrad::nn
