#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/nn/transformer.hpp>
#include <xgrad/ops.hpp>

namespace xgrad::nn {

namespace {

std::int64_t positive(std::int64_t n, const char* what, const Location& at) {
  if (n < 1)
    ErrorReport("TransformerEncoderLayer", fmt::format("{} must be positive, got {}", what, n), at).value_error();
  return n;
}

}  // namespace

TransformerEncoderLayer::TransformerEncoderLayer(Size d_model, Size nhead, TransformerEncoderLayerOptions options,
                                                 Location at)
    : Layer(fmt::format("TransformerEncoderLayer({}, {} heads)", std::int64_t{d_model}, std::int64_t{nhead})),
      self_attn(d_model, nhead, {.dropout = options.dropout, .batch_first = options.batch_first}, at),
      linear1(d_model, positive(options.dim_feedforward, "dim_feedforward", at), {}, at),
      linear2(options.dim_feedforward, d_model, {}, at),
      norm1(std::int64_t{d_model}, {.eps = options.layer_norm_eps}, at),
      norm2(std::int64_t{d_model}, {.eps = options.layer_norm_eps}, at),
      dropout(options.dropout, at),
      dropout1(options.dropout, at),
      dropout2(options.dropout, at),
      options_(options) {
  self_attn = register_module("self_attn", self_attn);
  linear1 = register_module("linear1", linear1);
  dropout = register_module("dropout", dropout);
  linear2 = register_module("linear2", linear2);
  norm1 = register_module("norm1", norm1);
  norm2 = register_module("norm2", norm2);
  dropout1 = register_module("dropout1", dropout1);
  dropout2 = register_module("dropout2", dropout2);
}

Tensor TransformerEncoderLayer::attended(const Tensor& x, const AttentionInputs& inputs, const Location& at) const {
  return dropout1(self_attn(x, x, x, inputs, at).output, at);
}

Tensor TransformerEncoderLayer::fed_forward(const Tensor& x, const Location& at) const {
  const Tensor hidden = linear1(x, at);
  const Tensor active =
      options_.activation == TransformerActivation::gelu ? gelu(hidden, Gelu::none, at) : relu(hidden, at);
  return dropout2(linear2(dropout(active, at), at), at);
}

Tensor TransformerEncoderLayer::forward(const Tensor& src, Location at) const {
  return forward(src, Tensor(), Tensor(), at);
}

Tensor TransformerEncoderLayer::forward(const Tensor& src, const Tensor& src_mask, const Tensor& src_key_padding_mask,
                                        Location at) const {
  const AttentionInputs inputs{.key_padding_mask = src_key_padding_mask, .attn_mask = src_mask, .need_weights = false};
  if (options_.norm_first) {
    const Tensor x = add(src, attended(norm1(src, at), inputs, at), 1, at);
    return add(x, fed_forward(norm2(x, at), at), 1, at);
  }
  const Tensor x = norm1(add(src, attended(src, inputs, at), 1, at), at);
  return norm2(add(x, fed_forward(x, at), 1, at), at);
}

}  // namespace xgrad::nn
