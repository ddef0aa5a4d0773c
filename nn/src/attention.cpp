#include <limits>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/nn/attention.hpp>
#include <xgrad/nn/init.hpp>
#include <xgrad/ops.hpp>

#include "option_text.hpp"

namespace xgrad::nn {
namespace {

constexpr const char* kName = "MultiheadAttention";

[[noreturn]] void refuse(const std::string& rule, const Tensor& t, const char* role, const Location& at) {
  ErrorReport(kName, rule, at).operand(role, t).shape_error();
}

struct Sizes {
  std::int64_t batch, queries, keys;
};

// Batch and lengths of inputs that are (N, length, features).
Sizes checked_sizes(const Tensor& query, const Tensor& key, const Tensor& value, const Location& at) {
  if (key.size(0) != query.size(0) || value.size(0) != query.size(0))
    refuse(fmt::format("batches of query, key and value are {}, {} and {}", query.size(0), key.size(0), value.size(0)),
           query, "query", at);
  if (key.size(1) != value.size(1))
    refuse(fmt::format("{} keys and {} values", key.size(1), value.size(1)), key, "key", at);
  return {query.size(0), query.size(1), key.size(1)};
}

// A mask as numbers to add: minus infinity where a bool mask is true.
Tensor additive(const Tensor& mask, DType type, const char* role, const Location& at) {
  if (mask.dtype() == kBool) {
    const Tensor none = zeros(mask.shape(), {type});
    return masked_fill(none, mask, Scalar(-std::numeric_limits<double>::infinity()), at);
  }
  if (mask.dtype() != type)
    ErrorReport(kName, fmt::format("{} must be bool or {}, got {}", role, name(type), name(mask.dtype())), at)
        .operand(role, mask)
        .dtype_error();
  return mask;
}

// The sum of both masks, (N or 1, heads or 1, L or 1, S); undefined when there is none.
Tensor merged_mask(const AttentionInputs& in, const Sizes& n, std::int64_t heads, bool batched, DType type,
                   const Location& at) {
  Tensor mask;
  if (in.key_padding_mask.defined()) {
    const Shape want = batched ? Shape{n.batch, n.keys} : Shape{n.keys};
    if (!(in.key_padding_mask.shape() == want))
      refuse(fmt::format("key_padding_mask must be {}", to_string(want)), in.key_padding_mask, "key_padding_mask", at);
    mask = reshape(additive(in.key_padding_mask, type, "key_padding_mask", at), {n.batch, 1, 1, n.keys}, at);
  }
  if (!in.attn_mask.defined()) return mask;
  const Shape pairs{n.queries, n.keys}, each{n.batch * heads, n.queries, n.keys};
  if (!(in.attn_mask.shape() == pairs) && !(in.attn_mask.shape() == each))
    refuse(fmt::format("attn_mask must be {} or {}", to_string(pairs), to_string(each)), in.attn_mask, "attn_mask", at);
  const bool shared = in.attn_mask.dim() == 2;
  const Tensor of_pairs = reshape(additive(in.attn_mask, type, "attn_mask", at),
                                  {shared ? 1 : n.batch, shared ? 1 : heads, n.queries, n.keys}, at);
  return mask.defined() ? add(mask, of_pairs, 1, at) : of_pairs;
}

// One more position at the end of (N, length, features).
Tensor with_last(const Tensor& x, const Tensor& last, const Location& at) {
  return cat({x, expand(last, {x.size(0), 1, x.size(2)}, at)}, 1, at);
}

// weights value, and 0 for queries that the mask leaves no key to, also where an infinite value makes 0 * infinity of
// their weights.
Tensor mixed_values(const Tensor& weights, const Tensor& value, const Tensor& mask, const Location& at) {
  const Tensor mixed = matmul(weights, value, at);
  if (!mask.defined()) return mixed;
  Tensor empty;
  {
    const NoGradGuard off;
    empty = all(eq(mask.detach(), Scalar(-std::numeric_limits<double>::infinity()), at), -1, true, at);
    if (!any(empty, at).item<bool>()) return mixed;
  }
  return where(empty, Scalar(0.0), mixed, at);
}

std::string label_of(std::int64_t features, std::int64_t heads, const MultiheadAttentionOptions& o) {
  const OptionText t = OptionText()
                           .add("dropout", o.dropout, 0)
                           .add("bias", o.bias, true)
                           .add("add_bias_kv", o.add_bias_kv, false)
                           .add("add_zero_attn", o.add_zero_attn, false)
                           .add("kdim", o.kdim, std::nullopt)
                           .add("vdim", o.vdim, std::nullopt)
                           .add("batch_first", o.batch_first, false);
  return fmt::format("MultiheadAttention({}, {} heads{})", features, heads, t.text());
}

}  // namespace

MultiheadAttention::MultiheadAttention(Size features, Size heads, MultiheadAttentionOptions options, Location at)
    : Layer(label_of(features, heads, options)),
      out_proj(std::max<std::int64_t>(features, 0), std::max<std::int64_t>(features, 0), {.bias = options.bias}, at),
      embed_dim_(features),
      num_heads_(heads),
      options_(options) {
  const detail::CallSite site(at);
  const std::int64_t embed_dim = features, num_heads = heads;
  const std::int64_t kdim = options.kdim.value_or(embed_dim), vdim = options.vdim.value_or(embed_dim);
  const auto invalid = [&](const std::string& rule) { ErrorReport(kName, rule, at).value_error(); };
  for (const std::int64_t n : {embed_dim, num_heads, kdim, vdim})
    if (n < 1) invalid(fmt::format("sizes must be positive, got {}", n));
  if (embed_dim % num_heads != 0)
    invalid(fmt::format("embed_dim {} not divisible by num_heads {}", embed_dim, num_heads));
  if (!(options.dropout >= 0 && options.dropout <= 1))
    invalid(fmt::format("dropout must be in [0, 1], got {}", options.dropout));
  const auto weight = [&](const char* name, std::int64_t rows, std::int64_t columns) {
    Parameter p = register_parameter(name, empty({rows, columns}));
    init::xavier_uniform_(p);
    return p;
  };
  if (kdim == embed_dim && vdim == embed_dim) {
    in_proj_weight = weight("in_proj_weight", 3 * embed_dim, embed_dim);
  } else {
    q_proj_weight = weight("q_proj_weight", embed_dim, embed_dim);
    k_proj_weight = weight("k_proj_weight", embed_dim, kdim);
    v_proj_weight = weight("v_proj_weight", embed_dim, vdim);
  }
  if (options.bias) in_proj_bias = register_parameter("in_proj_bias", zeros({3 * embed_dim}));
  if (options.add_bias_kv) {
    bias_k = register_parameter("bias_k", empty({1, 1, embed_dim}));
    bias_v = register_parameter("bias_v", empty({1, 1, embed_dim}));
    init::xavier_normal_(bias_k);
    init::xavier_normal_(bias_v);
  }
  out_proj = register_module("out_proj", out_proj);
  if (options.bias) init::zeros_(out_proj.bias);
}

struct MultiheadAttention::Projected {
  Tensor query, key, value;
};

MultiheadAttention::Projected MultiheadAttention::project(const Tensor& query, const Tensor& key, const Tensor& value,
                                                          const Location& at) const {
  const bool one = in_proj_weight.defined();
  const auto weight = [&](int part, const Tensor& own) {
    return one ? narrow(in_proj_weight, 0, part * embed_dim_, embed_dim_, at) : own;
  };
  const auto bias = [&](int part) {
    return in_proj_bias.defined() ? narrow(in_proj_bias, 0, part * embed_dim_, embed_dim_, at) : Tensor();
  };
  if (one && key.is_same(query) && value.is_same(query)) {  // all three in one product
    const std::vector<Tensor> parts = chunk(linear(query, in_proj_weight, in_proj_bias, at), 3, -1, at);
    return {parts[0], parts[1], parts[2]};
  }
  return {linear(query, weight(0, q_proj_weight), bias(0), at), linear(key, weight(1, k_proj_weight), bias(1), at),
          linear(value, weight(2, v_proj_weight), bias(2), at)};
}

// (N, length, E) -> (N, heads, length, E / heads).
Tensor MultiheadAttention::heads_of(const Tensor& x, const Location& at) const {
  return transpose(reshape(x, {x.size(0), x.size(1), num_heads_, embed_dim_ / num_heads_}, at), 1, 2, at);
}

AttentionOutput MultiheadAttention::operator()(const Tensor& x, Location at) const { return call(at, x); }

AttentionOutput MultiheadAttention::operator()(const Tensor& query, const Tensor& key, const Tensor& value,
                                               const AttentionInputs& inputs, Location at) const {
  return call(at, query, key, value, inputs);
}

AttentionOutput MultiheadAttention::forward(const Tensor& x, Location at) const { return forward(x, x, x, {}, at); }

AttentionOutput MultiheadAttention::forward(const Tensor& query, const Tensor& key, const Tensor& value,
                                            const AttentionInputs& inputs, Location at) const {
  const std::pair<const char*, const Tensor*> sequences[] = {{"query", &query}, {"key", &key}, {"value", &value}};
  for (const auto& [role, t] : sequences) {
    require_floating(kName, *t, at);
    if (t->dim() != query.dim() || (t->dim() != 2 && t->dim() != 3))
      refuse(fmt::format(
                 "query, key and value must all be (length, batch, features) or (length, features), {} has rank {}",
                 role, t->dim()),
             *t, role, at);
  }
  const bool batched = query.dim() == 3;
  const auto batch_first = [&](const Tensor& x) {
    return !batched ? unsqueeze(x, 0, at) : options_.batch_first ? x : transpose(x, 0, 1, at);
  };
  const Tensor q = batch_first(query);
  const Tensor k = key.is_same(query) ? q : batch_first(key), v = value.is_same(query) ? q : batch_first(value);
  const Sizes sizes = checked_sizes(q, k, v, at);
  Tensor mask = merged_mask(inputs, sizes, num_heads_, batched, query.dtype(), at);
  Projected p = project(q, k, v, at);
  std::int64_t more = 0;  // keys behind the given ones, which no mask leaves out
  if (bias_k.defined()) {
    p.key = with_last(p.key, bias_k, at);
    p.value = with_last(p.value, bias_v, at);
    ++more;
  }
  if (options_.add_zero_attn) {
    const Tensor nothing = zeros({1, 1, embed_dim_}, {query.dtype()});
    p.key = with_last(p.key, nothing, at);
    p.value = with_last(p.value, nothing, at);
    ++more;
  }
  if (mask.defined() && more > 0) mask = pad(mask, {0, more}, PadMode::constant, Scalar(0.0), at);

  Tensor weights = attention_weights(heads_of(p.query, at), heads_of(p.key, at), {.mask = mask}, at);
  if (options_.dropout > 0) weights = dropout(weights, options_.dropout, is_training(), at);
  const Tensor mixed = transpose(mixed_values(weights, heads_of(p.value, at), mask, at), 1, 2, at);
  Tensor y = out_proj(reshape(mixed, {sizes.batch, sizes.queries, embed_dim_}, at), at);
  if (!batched)
    y = squeeze(y, 0, at);
  else if (!options_.batch_first)
    y = transpose(y, 0, 1, at);
  if (!inputs.need_weights) return {y, Tensor()};
  if (inputs.average_attn_weights) weights = mean(weights, Shape{1}, false, at);
  return {y, batched ? weights : squeeze(weights, 0, at)};
}

std::ostream& operator<<(std::ostream& os, const AttentionOutput& r) {
  return os << "output=" << r.output << ",\nweights=" << r.weights;
}

}  // namespace xgrad::nn
