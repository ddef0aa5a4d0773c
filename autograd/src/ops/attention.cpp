// Attention as the operations it is made of.
#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <xgrad/check.hpp>
#include <xgrad/ops/attention.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/ops/index.hpp>
#include <xgrad/ops/linalg.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>

namespace xgrad {

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
Tensor up_to_now(std::int64_t length, std::int64_t keys) {
  return le(arange(Scalar(keys)), unsqueeze(arange(Scalar(length)), 1));
}

// true for the rows of a mask that leave nothing to attend to, with a last dimension of 1; undefined when there is none.
Tensor empty_rows(const Tensor& mask, const Location& at) {
  NoGradGuard off;
  const Tensor rows = mask.dim() == 0 ? reshape(mask, {1}, at) : mask.detach();
  const Tensor closed = rows.dtype() == DType::boolean
                            ? logical_not(rows, at)
                            : eq(rows, Scalar(-std::numeric_limits<double>::infinity()), at);
  const Tensor empty = all(closed, -1, true, at);
  return any(empty, at).item<bool>() ? empty : Tensor();
}

}  // namespace

Tensor attention_weights(const Tensor& query, const Tensor& key, const AttentionOptions& o, Location at) {
  require_sequences("attention_weights", query, key, o, at);
  const double scale = o.scale.value_or(1 / std::sqrt(static_cast<double>(query.size(-1))));
  Tensor scores = matmul(mul(query, Scalar(scale), at), transpose(key, -2, -1, at), at);
  const Tensor mask = o.is_causal ? up_to_now(query.size(-2), key.size(-2)) : o.mask;
  if (mask.defined() && mask.dtype() == DType::boolean)
    scores = where(mask, scores, Scalar(-std::numeric_limits<double>::infinity()), at);
  else if (mask.defined())
    scores = add(scores, mask, 1, at);
  const Tensor empty = mask.defined() ? empty_rows(mask, at) : Tensor();
  if (!empty.defined()) return softmax(scores, -1, at);
  // The softmax of such a row is 0 / 0. It gets numbers instead, and then weights of 0, so that no NaN is in the way of
  // a gradient.
  const Tensor weights = softmax(where(empty, Scalar(0.0), scores, at), -1, at);
  return where(empty, Scalar(0.0), weights, at);
}

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
  const Tensor weights = attention_weights(query, key, o, at);
  return matmul(o.dropout > 0 ? dropout(weights, o.dropout, true, at) : weights, value, at);
}

}  // namespace xgrad
