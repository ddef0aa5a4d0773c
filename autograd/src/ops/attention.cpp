// Attention: in blocks, or as the operations it is made of where the weights themselves are wanted.
#include "kernels/attention.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/attention.hpp>
#include <xgrad/ops/comparison.hpp>
#include <xgrad/ops/dropout.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/ops/masked.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/matmul.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/slice.hpp>
#include <xgrad/ops/softmax.hpp>
#include <xgrad/ops/view.hpp>
#include <xgrad/record.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/recomputable.hpp"
#include "core/tape/record.hpp"
#include "kernels/random.hpp"

namespace xgrad {

using detail::impl;

namespace {

void require_sequences(const char* op, const Tensor& query, const Tensor& key, const AttentionOptions& o,
                       const Location& at) {
  for (const Tensor* t : {&query, &key}) {
    require_floating(op, *t, at);
    if (t->dim() < 2) [[unlikely]]
      ErrorReport(op, fmt::format("needs (..., length, features), got rank {}", t->dim()), at)
          .operand("query", query)
          .operand("key", key)
          .shape_error();
  }
  if (query.size(-1) != key.size(-1)) [[unlikely]]
    ErrorReport(op, fmt::format("query has {} features, key {}", query.size(-1), key.size(-1)), at)
        .operand("query", query)
        .operand("key", key)
        .shape_error();
  if (!o.mask.defined()) return;
  if (o.is_causal) [[unlikely]]
    ErrorReport(op, "takes a mask or is_causal, not both", at).operand("mask", o.mask).value_error();
  if (o.mask.dtype() != DType::boolean && o.mask.dtype() != query.dtype()) [[unlikely]]
    ErrorReport(op, fmt::format("mask must be bool or {}, got {}", name(query.dtype()), name(o.mask.dtype())), at)
        .operand("mask", o.mask)
        .dtype_error();
}

// true where position i of L may attend to position j of S.
Tensor make_causal_mask(std::int64_t length, std::int64_t keys) {
  return le(arange(Scalar(keys)), unsqueeze(arange(Scalar(length)), 1));
}

// true for the rows of a mask that leave nothing to attend to, with a last dimension of 1; undefined when there is
// none.
Tensor find_empty_rows(const Tensor& mask, const Location& at) {
  NoGradGuard off;
  const Tensor rows = mask.dim() == 0 ? reshape(mask, {1}, at) : mask.detach();
  const Tensor closed = rows.dtype() == DType::boolean ? logical_not(rows, at)
                                                       : eq(rows, Scalar(-std::numeric_limits<double>::infinity()), at);
  const Tensor empty = all(closed, -1, true, at);
  return any(empty, at).item<bool>() ? empty : Tensor();
}

// x with 0 in those rows, also where an infinite value made 0 * infinity of them.
Tensor cleared(const Tensor& x, const Tensor& mask, const Location& at) {
  const Tensor empty = mask.defined() ? find_empty_rows(mask, at) : Tensor();
  return empty.defined() ? where(empty, Scalar(0.0), x, at) : x;
}

}  // namespace

Tensor attention_weights(const Tensor& query, const Tensor& key, const AttentionOptions& o, Location at) {
  require_sequences("attention_weights", query, key, o, at);
  const double scale = o.scale.value_or(1 / std::sqrt(static_cast<double>(query.size(-1))));
  Tensor scores = matmul(mul(query, Scalar(scale), at), transpose(key, -2, -1, at), at);
  const Tensor mask = o.is_causal ? make_causal_mask(query.size(-2), key.size(-2)) : o.mask;
  if (mask.defined() && mask.dtype() == DType::boolean)
    scores = where(mask, scores, Scalar(-std::numeric_limits<double>::infinity()), at);
  else if (mask.defined())
    scores = add(scores, mask, 1, at);
  const Tensor empty = mask.defined() ? find_empty_rows(mask, at) : Tensor();
  if (!empty.defined()) return softmax(scores, -1, at);
  // The softmax of such a row is 0 / 0. It gets numbers instead, and then weights of 0, so that no NaN is in the way of
  // a gradient.
  const Tensor weights = softmax(where(empty, Scalar(0.0), scores, at), -1, at);
  return where(empty, Scalar(0.0), weights, at);
}

namespace {

// softmax(scale Q K^T + mask) V of operands that share their leading sizes.
struct Fused {
  double scale;
  bool causal;
  detail::AttentionDropout dropout = {};

  detail::AttentionShape shape(const Tensor& q, const Tensor& k, const Tensor& v) const {
    const std::int64_t length = q.size(-2), features = q.size(-1);
    return {impl(q).numel / (length * features), length, k.size(-2), features, v.size(-1), scale, causal, dropout};
  }
};

Shape leading(const Tensor& x) {
  Shape s = impl(x).shape;
  s.erase(s.rank() - 1);
  s.erase(s.rank() - 1);
  return s;
}

Shape with_matrix(Shape leading, std::int64_t rows, std::int64_t columns) {
  leading.push_back(rows);
  leading.push_back(columns);
  return leading;
}

// Where the mask has the element of each batch, row and column; `scores` is the shape that it broadcasts to.
template <class T>
detail::AttentionMask<T> laid_over(const Tensor& mask, const Shape& scores) {
  detail::AttentionMask<T> m;
  if (!mask.defined()) return m;
  const NoGradGuard off;
  const Tensor wide = mask.expand(scores);
  const Shape& strides = impl(wide).strides;
  const int rank = scores.rank();
  m.row = strides[rank - 2];
  m.column = strides[rank - 1];
  const std::int64_t batches = scores.numel() / (scores[rank - 1] * scores[rank - 2]);
  for (std::int64_t b = 0; b < batches; ++b) {
    std::int64_t rest = b, offset = 0;
    for (int d = rank - 3; d >= 0; --d) {
      offset += rest % scores[d] * strides[d];
      rest /= scores[d];
    }
    m.offsets.push_back(offset);
  }
  if (impl(wide).dtype == DType::boolean)
    m.open = detail::data<bool>(wide);
  else
    m.added = detail::data<T>(wide);
  return m;
}

// What dropout multiplies the weights by, all at once; undefined without it.
Tensor drawn_factors(const Tensor& weights, const detail::AttentionDropout& d) {
  if (d.p == 0) return {};
  const NoGradGuard off;
  const Tensor kept = detail::make_tensor(impl(weights).shape, DType::uint8);
  detail::bernoulli_at(d.draws, 0, detail::data<std::uint8_t>(kept), impl(kept).numel, 1 - d.p);
  return mul(detail::cast_raw(kept, impl(weights).dtype), Scalar(d.scale()));
}

// The gradients as differentiable operations: P = weights, dS = P (dP - sum(dP P)), dP = g V^T; dS is the mask's, too.
// Dropout multiplies P before V and dP.
Grads composed_backward(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& mask, const Tensor& g,
                        const Fused& f) {
  const Tensor weights = attention_weights(q, k, {.mask = mask, .is_causal = f.causal, .scale = f.scale});
  const Tensor factors = drawn_factors(weights, f.dropout);
  const auto dropped = [&](const Tensor& x) { return factors.defined() ? mul(x, factors) : x; };
  const Tensor dw = mul(dropped(matmul(g, transpose(v, -2, -1))), weights);
  const Tensor ds = cleared(sub(dw, mul(weights, sum(dw, {-1}, true))), mask, {});
  const Tensor scaled = mul(ds, Scalar(f.scale));
  return {matmul(scaled, k), matmul(transpose(scaled, -2, -1), q), matmul(transpose(dropped(weights), -2, -1), g), ds};
}

// One call of the kernel: its operands laid out, and what a backward pass needs of the softmax.
struct Call {
  Tensor q, k, v, mask;
  detail::AttentionShape shape;
  Shape batch;

  Call(const Tensor& query, const Tensor& key, const Tensor& value, Tensor mask, const Fused& f)
      : q(detail::contiguous_copy(query)),
        k(detail::contiguous_copy(key)),
        v(detail::contiguous_copy(value)),
        mask(std::move(mask)),
        shape(f.shape(q, k, v)),
        batch(leading(q)) {}
  DType dtype() const { return impl(q).dtype; }
  template <class T>
  detail::AttentionMask<T> laid_over_scores() const {
    return laid_over<T>(mask, with_matrix(batch, shape.length, shape.keys));
  }
  void forward(Tensor& out, const Tensor& top, const Tensor& log_sum) const {
    detail::dispatch_floating(dtype(), [&](auto zero) {
      using T = decltype(zero);
      detail::attention_forward<T>(shape, laid_over_scores<T>(), detail::data<T>(q), detail::data<T>(k),
                                   detail::data<T>(v), detail::data<T>(out), detail::data<T>(top),
                                   detail::data<T>(log_sum));
    });
  }
  Grads backward(const Tensor& out, const Tensor& top, const Tensor& log_sum, const Tensor& grad) const {
    const Tensor g = detail::contiguous_copy(grad);
    Tensor dq = detail::make_tensor(impl(q).shape, dtype()), dk = detail::make_tensor(impl(k).shape, dtype()),
           dv = detail::make_tensor(impl(v).shape, dtype());
    detail::dispatch_floating(dtype(), [&](auto zero) {
      using T = decltype(zero);
      detail::attention_backward<T>(shape, laid_over_scores<T>(), detail::data<T>(q), detail::data<T>(k),
                                    detail::data<T>(v), detail::data<T>(out), detail::data<T>(top),
                                    detail::data<T>(log_sum), detail::data<T>(g),
                                    {detail::data<T>(dq), detail::data<T>(dk), detail::data<T>(dv)});
    });
    return {dq, dk, dv, Tensor()};
  }
};

// The result alone.
Tensor attended(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& mask, const Fused& f) {
  const Call call(query, key, value, mask, f);
  const Shape rows{call.shape.batches * call.shape.length};
  Tensor out = detail::make_tensor(with_matrix(call.batch, call.shape.length, call.shape.values), call.dtype());
  call.forward(out, detail::make_tensor(rows, call.dtype()), detail::make_tensor(rows, call.dtype()));
  return out;
}

Tensor attend_in_blocks(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& mask, const Fused& f,
                        const Location& at) {
  const Call call(query, key, value, mask, f);
  const Shape rows{call.shape.batches * call.shape.length};
  Tensor out = detail::make_tensor(with_matrix(call.batch, call.shape.length, call.shape.values), call.dtype(), at);
  const Tensor top = detail::make_tensor(rows, call.dtype(), at), log_sum = detail::make_tensor(rows, call.dtype(), at);
  call.forward(out, top, log_sum);
  out = detail::record_op(
      "scaled_dot_product_attention", out, {query, key, value, mask}, {query, key, value, mask, out, top, log_sum},
      [f](const Saved& s, const Tensor& g) -> Grads {
        // The gradient of a mask is as large as the scores anyway.
        if (grad_enabled() || s.needs(3)) return composed_backward(s[0], s[1], s[2], s[3], g, f);
        return Call(s[0], s[1], s[2], s[3], f).backward(s[4], s[5], s[6], g);
      },
      at, detail::named<"is_causal">(f.causal), detail::named<"scale">(f.scale),
      detail::named<"dropout_p">(f.dropout.p));
  const double work = 2.0 * static_cast<double>(impl(out).numel) * static_cast<double>(call.shape.keys);
  return detail::recomputable(std::move(out), {query, key, value, mask}, detail::product_time(work),
                              [f](std::span<const Tensor> in) { return attended(in[0], in[1], in[2], in[3], f); });
}

// Whether the mask adds nothing to the shape of the scores.
bool mask_fits(const Tensor& mask, const Shape& scores, const Location& at) {
  if (!mask.defined()) return true;
  if (impl(mask).shape.rank() > scores.rank()) return false;
  return broadcast_shapes("scaled_dot_product_attention", impl(mask).shape, scores, at) == scores;
}

}  // namespace

Tensor scaled_dot_product_attention(const Tensor& query, const Tensor& key, const Tensor& value,
                                    const AttentionOptions& o, Location at) {
  const char* op = "scaled_dot_product_attention";
  require_sequences(op, query, key, o, at);
  require_floating(op, value, at);
  if (value.dim() < 2 || value.size(-2) != key.size(-2)) [[unlikely]]
    ErrorReport(op, fmt::format("value must be (..., {}, features), got {}", key.size(-2), to_string(value.shape())),
                at)
        .operand("key", key)
        .operand("value", value)
        .shape_error();
  const Shape batch = broadcast_shapes(op, broadcast_shapes(op, leading(query), leading(key), at), leading(value), at);
  const std::int64_t length = query.size(-2), keys = key.size(-2);
  const bool some = batch.numel() > 0 && impl(query).numel > 0 && impl(key).numel > 0 && impl(value).numel > 0;
  // Where each weight is used once, so that numbers are drawn for what the kernel goes through.
  const bool drops = o.dropout > 0 && o.dropout < 1 && broadcast_shapes(op, leading(query), leading(key), at) == batch;
  if (some && (o.dropout == 0 || drops) && mask_fits(o.mask, with_matrix(batch, length, keys), at)) {
    require_same_dtype(op, query, key, at);
    require_same_dtype(op, query, value, at);
    const auto wide = [&](const Tensor& x) {
      const Shape shape = with_matrix(batch, x.size(-2), x.size(-1));
      return impl(x).shape == shape ? x : x.expand(shape, at);
    };
    const double scale = o.scale.value_or(1 / std::sqrt(static_cast<double>(query.size(-1))));
    Fused f{scale, o.is_causal};
    if (drops) f.dropout = {o.dropout, detail::reserve_bernoulli(default_generator(), batch.numel() * length * keys)};
    return attend_in_blocks(wide(query), wide(key), wide(value), o.mask, f, at);
  }
  const Tensor weights = attention_weights(query, key, o, at);
  return cleared(matmul(o.dropout > 0 ? dropout(weights, o.dropout, true, at) : weights, value, at), o.mask, at);
}

// ---- masks ----
namespace {

Tensor causal_mask(const char* op, std::int64_t queries, std::int64_t keys, std::int64_t shift, const Location& at) {
  if (queries < 0 || keys < 0)
    ErrorReport(op, fmt::format("sizes must not be negative, got {} and {}", queries, keys), at).shape_error();
  Tensor mask = zeros({queries, keys}, {DType::boolean}, at);
  bool* p = detail::data<bool>(mask);
  for (std::int64_t i = 0; i < queries; ++i)
    std::fill_n(p + i * keys, std::clamp<std::int64_t>(i + 1 + shift, 0, keys), true);
  return mask;
}

}  // namespace

Tensor causal_upper_left(Size L, Size S, Location at) { return causal_mask("causal_upper_left", L, S, 0, at); }
Tensor causal_lower_right(Size L, Size S, Location at) {
  return causal_mask("causal_lower_right", L, S, std::int64_t{S} - L, at);
}

}  // namespace xgrad
