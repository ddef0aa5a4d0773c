#include <cmath>
#include <limits>

#include <fmt/format.h>

#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/nn/init.hpp>
#include <xgrad/nn/transformer.hpp>
#include <xgrad/ops.hpp>

#include "option_text.hpp"

namespace xgrad::nn {

namespace {

template <class Options>
std::string feedforward_text(const Options& o) {
  OptionText t;
  t.add("dim_feedforward", o.dim_feedforward, 2048).add("dropout", o.dropout, 0.1);
  if (o.activation == TransformerActivation::gelu) t.add("activation", std::string("gelu"));
  return t.add("layer_norm_eps", o.layer_norm_eps, 1e-5)
      .add("batch_first", o.batch_first, false)
      .add("norm_first", o.norm_first, false)
      .add("bias", o.bias, true)
      .text();
}

std::string label_of(const char* name, std::int64_t d_model, std::int64_t nhead,
                     const TransformerEncoderLayerOptions& o) {
  return fmt::format("{}({}, {} heads{})", name, d_model, nhead, feedforward_text(o));
}

MultiheadAttentionOptions attention_of(const TransformerEncoderLayerOptions& o) {
  return {.dropout = o.dropout, .bias = o.bias, .batch_first = o.batch_first};
}
LayerNormOptions norm_of(const TransformerEncoderLayerOptions& o) { return {.eps = o.layer_norm_eps, .bias = o.bias}; }

// The network of two layers within a layer of the encoder or the decoder, and the normalisations of both.
template <class L>
void add_network(L& layer, const char* name, std::int64_t d_model, const TransformerEncoderLayerOptions& o,
                 const Location& at) {
  const std::int64_t inner = OptionCheck(name, at).at_least("dim_feedforward", o.dim_feedforward, 1);
  const auto norm = [&] { return LayerNorm(d_model, norm_of(o), at); };
  layer.linear1 = layer.register_module("linear1", Linear(d_model, inner, {.bias = o.bias}, at));
  layer.dropout = layer.register_module("dropout", Dropout(o.dropout, at));
  layer.linear2 = layer.register_module("linear2", Linear(inner, d_model, {.bias = o.bias}, at));
  layer.norm1 = layer.register_module("norm1", norm());
  layer.norm2 = layer.register_module("norm2", norm());
  if constexpr (requires { layer.norm3; }) layer.norm3 = layer.register_module("norm3", norm());
  layer.dropout1 = layer.register_module("dropout1", Dropout(o.dropout, at));
  layer.dropout2 = layer.register_module("dropout2", Dropout(o.dropout, at));
  if constexpr (requires { layer.dropout3; })
    layer.dropout3 = layer.register_module("dropout3", Dropout(o.dropout, at));
}
template <class L>
Tensor fed_forward(const L& layer, TransformerActivation f, const Dropout& last, const Tensor& x, const Location& at) {
  const Tensor inner = layer.linear1(x, at);
  const Tensor active = f == TransformerActivation::gelu ? gelu(inner, Gelu::none, at) : relu(inner, at);
  return last(layer.linear2(layer.dropout(active, at), at), at);
}

// The mask that was given, or the causal one that was asked for.
Tensor mask_or_causal(const char* layer, const Tensor& mask, bool causal, const Tensor& x, bool batch_first,
                      const Location& at) {
  if (!causal || mask.defined()) return mask;
  require_floating(layer, x, at);
  if (x.dim() != 2 && x.dim() != 3)
    ErrorReport(layer, fmt::format("sequences have 2 or 3 dimensions, got {}", x.dim()), at)
        .operand("sequence", x)
        .shape_error();
  return Transformer::generate_square_subsequent_mask(x.size(x.dim() == 3 && batch_first ? 1 : 0), x.dtype(), at);
}

// A part of a layer with a way around it; its normalisation is in front of the part or behind the sum.
template <class Part>
Tensor around(const Part& part, const Tensor& x, const LayerNorm& norm, bool norm_first, const Location& at) {
  return norm_first ? add(x, part(norm(x, at)), 1, at) : norm(add(x, part(x), 1, at), at);
}

}  // namespace

// ---- encoder ----
TransformerEncoderLayer::TransformerEncoderLayer(Size d_model, Size nhead, TransformerEncoderLayerOptions options,
                                                 Location at)
    : Layer(label_of("TransformerEncoderLayer", d_model, nhead, options)), options_(options) {
  self_attn = register_module("self_attn", MultiheadAttention(d_model, nhead, attention_of(options), at));
  add_network(*this, "TransformerEncoderLayer", d_model, options, at);
}

// The operators stand here: as inline functions every program would compile a call of each of these modules.
Tensor TransformerEncoderLayer::operator()(const Tensor& src, Location at) const { return call(at, src); }

Tensor TransformerEncoderLayer::operator()(const Tensor& src, const Tensor& src_mask,
                                           const Tensor& src_key_padding_mask, Location at) const {
  return call(at, src, src_mask, src_key_padding_mask);
}

Tensor TransformerEncoderLayer::forward(const Tensor& src, Location at) const {
  return forward(src, Tensor(), Tensor(), at);
}

Tensor TransformerEncoderLayer::forward(const Tensor& src, const Tensor& src_mask, const Tensor& src_key_padding_mask,
                                        Location at) const {
  const AttentionInputs inputs{.key_padding_mask = src_key_padding_mask, .attn_mask = src_mask, .need_weights = false};
  const auto to_itself = [&](const Tensor& x) { return dropout1(self_attn(x, x, x, inputs, at).output, at); };
  const auto network = [&](const Tensor& x) { return fed_forward(*this, options_.activation, dropout2, x, at); };
  const Tensor x = around(to_itself, src, norm1, options_.norm_first, at);
  return around(network, x, norm2, options_.norm_first, at);
}

namespace {

template <class L>
ModuleList<L> copies(const L& layer, std::int64_t n, const Location& at) {
  ModuleList<L> all;
  for (std::int64_t i = 0; i < n; ++i) all.push_back(layer.clone(at), at);
  return all;
}

template <class L>
std::string stack_label(const char* name, const L& layer, std::int64_t n, const Location& at) {
  if (!layer) xgrad::detail::empty_module(typeid(L), at);
  return fmt::format("{}({} layers)", name, OptionCheck(name, at).at_least("num_layers", n, 1));
}

}  // namespace

TransformerEncoder::TransformerEncoder(const TransformerEncoderLayer& encoder_layer, Size num_layers, LayerNorm last,
                                       Location at)
    : Layer(stack_label("TransformerEncoder", encoder_layer, num_layers, at)) {
  layers = register_module("layers", copies(encoder_layer, num_layers, at), at);
  if (last) norm = register_module("norm", last, at);
}

Tensor TransformerEncoder::operator()(const Tensor& src, Location at) const { return call(at, src); }

Tensor TransformerEncoder::operator()(const Tensor& src, const TransformerEncoderInputs& inputs, Location at) const {
  return call(at, src, inputs);
}

Tensor TransformerEncoder::forward(const Tensor& src, Location at) const { return forward(src, {}, at); }

Tensor TransformerEncoder::forward(const Tensor& src, const TransformerEncoderInputs& inputs, Location at) const {
  const Tensor mask =
      mask_or_causal("TransformerEncoder", inputs.mask, inputs.is_causal, src, layers[0].batch_first(), at);
  Tensor x = src;
  for (const TransformerEncoderLayer& layer : layers) x = layer(x, mask, inputs.src_key_padding_mask, at);
  return norm ? norm(x, at) : x;
}

// ---- decoder ----
TransformerDecoderLayer::TransformerDecoderLayer(Size d_model, Size nhead, TransformerDecoderLayerOptions options,
                                                 Location at)
    : Layer(label_of("TransformerDecoderLayer", d_model, nhead, options)), options_(options) {
  self_attn = register_module("self_attn", MultiheadAttention(d_model, nhead, attention_of(options), at));
  multihead_attn = register_module("multihead_attn", MultiheadAttention(d_model, nhead, attention_of(options), at));
  add_network(*this, "TransformerDecoderLayer", d_model, options, at);
}

Tensor TransformerDecoderLayer::operator()(const Tensor& tgt, const Tensor& memory,
                                           const TransformerDecoderInputs& inputs, Location at) const {
  return call(at, tgt, memory, inputs);
}

Tensor TransformerDecoderLayer::forward(const Tensor& tgt, const Tensor& memory, Location at) const {
  return forward(tgt, memory, {}, at);
}

Tensor TransformerDecoderLayer::forward(const Tensor& tgt, const Tensor& memory, const TransformerDecoderInputs& inputs,
                                        Location at) const {
  const AttentionInputs own{.key_padding_mask = inputs.tgt_key_padding_mask,
                            .attn_mask = mask_or_causal("TransformerDecoderLayer", inputs.tgt_mask,
                                                        inputs.tgt_is_causal, tgt, options_.batch_first, at),
                            .need_weights = false};
  const AttentionInputs across{
      .key_padding_mask = inputs.memory_key_padding_mask, .attn_mask = inputs.memory_mask, .need_weights = false};
  const auto to_itself = [&](const Tensor& x) { return dropout1(self_attn(x, x, x, own, at).output, at); };
  const auto to_memory = [&](const Tensor& x) {
    return dropout2(multihead_attn(x, memory, memory, across, at).output, at);
  };
  const auto network = [&](const Tensor& x) { return fed_forward(*this, options_.activation, dropout3, x, at); };
  const Tensor x = around(to_itself, tgt, norm1, options_.norm_first, at);
  const Tensor y = around(to_memory, x, norm2, options_.norm_first, at);
  return around(network, y, norm3, options_.norm_first, at);
}

TransformerDecoder::TransformerDecoder(const TransformerDecoderLayer& decoder_layer, Size num_layers, LayerNorm last,
                                       Location at)
    : Layer(stack_label("TransformerDecoder", decoder_layer, num_layers, at)) {
  layers = register_module("layers", copies(decoder_layer, num_layers, at), at);
  if (last) norm = register_module("norm", last, at);
}

Tensor TransformerDecoder::operator()(const Tensor& tgt, const Tensor& memory, const TransformerDecoderInputs& inputs,
                                      Location at) const {
  return call(at, tgt, memory, inputs);
}

Tensor TransformerDecoder::forward(const Tensor& tgt, const Tensor& memory, Location at) const {
  return forward(tgt, memory, {}, at);
}

Tensor TransformerDecoder::forward(const Tensor& tgt, const Tensor& memory, const TransformerDecoderInputs& inputs,
                                   Location at) const {
  TransformerDecoderInputs of_layers = inputs;
  of_layers.tgt_mask =
      mask_or_causal("TransformerDecoder", inputs.tgt_mask, inputs.tgt_is_causal, tgt, layers[0].batch_first(), at);
  Tensor x = tgt;
  for (const TransformerDecoderLayer& layer : layers) x = layer(x, memory, of_layers, at);
  return norm ? norm(x, at) : x;
}

// ---- both ----
namespace {

std::string label_of(const TransformerOptions& o) {
  std::string sizes = fmt::format("Transformer({}, {} heads", o.d_model, o.nhead);
  OptionText t;
  t.add("num_encoder_layers", o.num_encoder_layers, 6).add("num_decoder_layers", o.num_decoder_layers, 6);
  return sizes + t.text() + feedforward_text(o) + ")";
}

TransformerEncoderLayerOptions layer_options(const TransformerOptions& o) {
  return {.dim_feedforward = o.dim_feedforward,
          .dropout = o.dropout,
          .activation = o.activation,
          .layer_norm_eps = o.layer_norm_eps,
          .batch_first = o.batch_first,
          .norm_first = o.norm_first,
          .bias = o.bias};
}

}  // namespace

Transformer::Transformer(TransformerOptions o, Location at) : Layer(label_of(o)) {
  const xgrad::detail::CallSite site(at);
  const TransformerEncoderLayerOptions each = layer_options(o);
  const auto last = [&] { return LayerNorm(o.d_model, norm_of(each), at); };
  encoder = register_module("encoder", TransformerEncoder(TransformerEncoderLayer(o.d_model, o.nhead, each, at),
                                                          o.num_encoder_layers, last(), at));
  decoder = register_module("decoder", TransformerDecoder(TransformerDecoderLayer(o.d_model, o.nhead, each, at),
                                                          o.num_decoder_layers, last(), at));
  for (Tensor& p : parameters())
    if (p.dim() > 1) init::xavier_uniform_(p);
}

Tensor Transformer::operator()(const Tensor& src, const Tensor& tgt, const TransformerInputs& inputs,
                               Location at) const {
  return call(at, src, tgt, inputs);
}

Tensor Transformer::forward(const Tensor& src, const Tensor& tgt, Location at) const {
  return forward(src, tgt, {}, at);
}

Tensor Transformer::forward(const Tensor& src, const Tensor& tgt, const TransformerInputs& in, Location at) const {
  const Tensor memory = encoder(
      src, {.mask = in.src_mask, .src_key_padding_mask = in.src_key_padding_mask, .is_causal = in.src_is_causal}, at);
  return decoder(tgt, memory,
                 {.tgt_mask = in.tgt_mask,
                  .memory_mask = in.memory_mask,
                  .tgt_key_padding_mask = in.tgt_key_padding_mask,
                  .memory_key_padding_mask = in.memory_key_padding_mask,
                  .tgt_is_causal = in.tgt_is_causal},
                 at);
}

Tensor Transformer::generate_square_subsequent_mask(Size size, DType dtype, Location at) {
  const std::int64_t n = size;
  if (n < 0)
    ErrorReport("generate_square_subsequent_mask", fmt::format("size must not be negative, got {}", n), at)
        .value_error();
  return triu(full({n, n}, -std::numeric_limits<double>::infinity(), {.dtype = dtype}, at), 1, at);
}

}  // namespace xgrad::nn
