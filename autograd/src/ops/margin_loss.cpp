// Losses with margins, on the tape as the operations they are made of.
#include <algorithm>
#include <cmath>

#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/classification_loss.hpp>
#include <xgrad/ops/comparison.hpp>
#include <xgrad/ops/gather.hpp>
#include <xgrad/ops/index.hpp>
#include <xgrad/ops/margin_loss.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/norm.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/view.hpp>

#include "core/broadcast.hpp"
#include "ops/index_places.hpp"
#include "ops/p_norm.hpp"
#include "ops/pair_loss.hpp"
#include "ops/view_geometry.hpp"

namespace xgrad {

using detail::checked_pair;
using detail::impl;
using detail::make_tensor;
using detail::Pair;
using detail::reduced_values;

namespace {

Tensor at_least_zero(const Tensor& x, const Location& at) { return clamp_min(x, Scalar(0.0), at); }

}  // namespace

Tensor hinge_embedding_loss(const Tensor& input, const Tensor& target, double margin, Reduction reduction,
                            Location at) {
  const Pair p = checked_pair("hinge_embedding_loss", input, target, at);
  const Tensor apart = at_least_zero(rsub(p.input, Scalar(margin), at), at);
  const Tensor y = p.target.detach();
  const Tensor loss = add(where(ne(y, Scalar(1.0), at), apart, Scalar(0.0), at),
                          where(ne(y, Scalar(-1.0), at), p.input, Scalar(0.0), at), 1, at);
  return reduced_values(loss, reduction, at);
}

Tensor soft_margin_loss(const Tensor& input, const Tensor& target, Reduction reduction, Location at) {
  const Pair p = checked_pair("soft_margin_loss", input, target, at);
  return reduced_values(neg(log_sigmoid(mul(p.input, p.target, at), at), at), reduction, at);
}

Tensor margin_ranking_loss(const Tensor& input1, const Tensor& input2, const Tensor& target, double margin,
                           Reduction reduction, Location at) {
  const char* op = "margin_ranking_loss";
  require_floating(op, input1, at);
  require_floating(op, input2, at);
  require_defined(op, target, at);
  broadcast_shapes(op, broadcast_shapes(op, input1, input2, at), impl(target).shape, at);
  const Tensor y = target.to(impl(input1).dtype, at);
  const Tensor loss = add(neg(mul(y, sub(input1, input2, 1, at), at), at), Scalar(margin), at);
  return reduced_values(at_least_zero(loss, at), reduction, at);
}

namespace {

// The vectors along the last dimension; those with elements over 1,024 times a power of two that brings these down to
// 1. It does not change an angle and keeps squares from overflowing; beside such numbers the 1e-12 below is nothing.
Tensor of_moderate_length(const Tensor& x, const Location& at) {
  const Tensor largest = detail::p_norm(x.detach(), INFINITY, at);
  bool all_moderate = true;
  detail::dispatch_floating(impl(largest).dtype, [&](auto zero) {
    using T = decltype(zero);
    T* p = detail::data<T>(largest);
    for (std::int64_t i = 0; i < impl(largest).numel; ++i) {
      const bool large = p[i] > T(1024) && std::isfinite(p[i]);
      all_moderate = all_moderate && !large;
      p[i] = large ? std::ldexp(T(1), -std::ilogb(p[i])) : T(1);
    }
  });
  return all_moderate ? x : mul(x, unsqueeze(largest, -1, at), at);
}

}  // namespace

Tensor cosine_embedding_loss(const Tensor& input1, const Tensor& input2, const Tensor& target, double margin,
                             Reduction reduction, Location at) {
  const char* op = "cosine_embedding_loss";
  require_floating(op, input1, at);
  require_floating(op, input2, at);
  require_defined(op, target, at);
  const Shape& s = impl(input1).shape;
  Shape want = s;
  if (s.rank() > 0) want.erase(s.rank() - 1);
  if (s.rank() < 1 || s.rank() > 2 || !(impl(input2).shape == s) || !(impl(target).shape == want)) [[unlikely]]
    ErrorReport(op,
                fmt::format("inputs must be (N, D) with target (N), or (D) with target (), got {}, {} and {}",
                            to_string(s), to_string(impl(input2).shape), to_string(impl(target).shape)),
                at)
        .operand("input1", input1)
        .operand("input2", input2)
        .operand("target", target)
        .shape_error();
  const auto dot = [&](const Tensor& a, const Tensor& b) { return sum(mul(a, b, at), Shape{-1}, false, at); };
  const auto length2 = [&](const Tensor& a) { return add(dot(a, a), Scalar(1e-12), at); };
  const Tensor x1 = of_moderate_length(input1, at), x2 = of_moderate_length(input2, at);
  const Tensor cos = div(dot(x1, x2), sqrt(mul(length2(x1), length2(x2), at), at), at);
  const Tensor y = target.detach();
  const Tensor apart = at_least_zero(sub(cos, Scalar(margin), at), at);
  const Tensor loss = add(where(eq(y, Scalar(1.0), at), rsub(cos, Scalar(1.0), at), Scalar(0.0), at),
                          where(eq(y, Scalar(-1.0), at), apart, Scalar(0.0), at), 1, at);
  return reduced_values(loss, reduction, at);
}

namespace {}  // namespace

Tensor triplet_margin_loss(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                           const TripletMarginOptions& o, Location at) {
  const char* op = "triplet_margin_loss";
  for (const Tensor* t : {&anchor, &positive, &negative}) require_floating(op, *t, at);
  require_same_shape(op, anchor, positive, at);
  require_same_shape(op, anchor, negative, at);
  if (impl(anchor).shape.rank() == 0) [[unlikely]]
    ErrorReport(op, "inputs need at least 1 dimension, got ()", at).operand("anchor", anchor).shape_error();
  if (std::isnan(o.p)) [[unlikely]]
    ErrorReport(op, "p must be a number or an infinity, got nan", at).value_error();
  const Tensor near = pairwise_distance(anchor, positive, o.p, o.eps, false, at);
  Tensor far = pairwise_distance(anchor, negative, o.p, o.eps, false, at);
  if (o.swap) far = minimum(far, pairwise_distance(positive, negative, o.p, o.eps, false, at), at);
  return reduced_values(at_least_zero(add(sub(near, far, 1, at), Scalar(o.margin), at), at), o.reduction, at);
}

// ---- classes ----
namespace {

// (N, C), of (N, C) or (C) or, as one class, ().
Tensor as_batch(const Tensor& x, const Location& at) {
  const Shape& s = impl(x).shape;
  return s.rank() == 2 ? x : reshape(x, {1, s.rank() ? s[0] : 1}, at);
}

void require_scores(const char* op, const Tensor& input, const Tensor& target, const Location& at) {
  require_floating(op, input, at);
  require_index_dtype(op, target, at);
  if (impl(input).shape.rank() > 2) [[unlikely]]
    ErrorReport(op, fmt::format("input must be (N, C) or (C), got {}", to_string(impl(input).shape)), at)
        .operand("input", input)
        .shape_error();
}

[[noreturn, gnu::cold]] void refuse_class(const char* op, std::int64_t value, std::int64_t row, std::int64_t classes,
                                          const Tensor& input, const Tensor& target, Location at) {
  ErrorReport(op, fmt::format("target {} at row {} outside 0..{}", value, row, classes - 1), at)
      .operand("input", input)
      .operand("target", target)
      .index_error();
}

[[noreturn, gnu::cold]] void refuse_target(const char* op, const Shape& want, const Tensor& input, const Tensor& target,
                                           Location at) {
  ErrorReport(op, fmt::format("target must have shape {}, got {}", to_string(want), to_string(target.shape())), at)
      .operand("input", input)
      .operand("target", target)
      .shape_error();
}

}  // namespace

Tensor multi_margin_loss(const Tensor& input, const Tensor& target, const MultiMarginOptions& o, Location at) {
  const char* op = "multi_margin_loss";
  require_scores(op, input, target, at);
  if (o.p != 1 && o.p != 2) [[unlikely]]
    ErrorReport(op, fmt::format("p must be 1 or 2, got {}", o.p), at).value_error();
  const bool single = impl(input).shape.rank() < 2;
  const std::int64_t rows = single ? 1 : impl(input).shape[0];
  const Shape want = single ? Shape{} : Shape{rows};
  if (!(impl(target).shape == want) && !(single && impl(target).numel == 1)) refuse_target(op, want, input, target, at);
  const std::int64_t classes = single ? impl(input).numel : impl(input).shape[1];
  if (o.weight.defined() && !(impl(o.weight).shape == Shape{classes})) [[unlikely]]
    ErrorReport(op, fmt::format("weight must be ({}), one per class, got {}", classes, to_string(o.weight.shape())), at)
        .operand("weight", o.weight)
        .shape_error();
  const Tensor index = detail::as_index(target).reshape({rows, 1});
  Tensor others = make_tensor({rows, classes}, DType::boolean);
  detail::fill_raw(others, true);
  for (std::int64_t r = 0; r < rows; ++r) {
    const std::int64_t t = detail::data<std::int64_t>(index)[r];
    if (t < 0 || t >= classes) [[unlikely]]
      refuse_class(op, t, r, classes, input, target, at);
    detail::data<bool>(others)[r * classes + t] = false;
  }
  const Tensor x = as_batch(input, at);
  Tensor terms = at_least_zero(add(sub(x, gather(x, 1, index, at), 1, at), Scalar(o.margin), at), at);
  if (o.p == 2) terms = square(terms, at);
  if (o.weight.defined()) {
    const Tensor w = o.weight.to(impl(input).dtype, at);
    terms = mul(terms, reshape(index_select(w, 0, index.reshape({rows}), at), {rows, 1}, at), at);
  }
  Tensor loss =
      div(sum(where(others, terms, Scalar(0.0), at), Shape{1}, false, at), Scalar(static_cast<double>(classes)), at);
  if (single) loss = reshape(loss, {}, at);
  return reduced_values(loss, o.reduction, at);
}

namespace {

// Which classes a row names, and which of its places count.
struct Labels {
  Tensor index, named, valid;
};
Labels read_labels(const char* op, const Tensor& input, const Tensor& target, std::int64_t rows, std::int64_t classes,
                   const Location& at) {
  const Tensor plain = detail::as_index(target);
  Labels l{make_tensor({rows, classes}, DType::int64), detail::zeros_raw({rows, classes}, DType::boolean),
           detail::zeros_raw({rows, classes}, DType::boolean)};
  auto* index = detail::data<std::int64_t>(l.index);
  const auto* p = detail::data<std::int64_t>(plain);
  for (std::int64_t r = 0; r < rows; ++r) {
    bool counts = true;
    for (std::int64_t i = r * classes; i < (r + 1) * classes; ++i) {
      if (p[i] < -1 || p[i] >= classes) [[unlikely]]
        refuse_class(op, p[i], r, classes, input, target, at);
      counts = counts && p[i] >= 0;
      index[i] = counts ? p[i] : 0;
      detail::data<bool>(l.valid)[i] = counts;
      if (counts) detail::data<bool>(l.named)[r * classes + p[i]] = true;
    }
  }
  return l;
}

}  // namespace

Tensor multilabel_margin_loss(const Tensor& input, const Tensor& target, Reduction reduction, Location at) {
  const char* op = "multilabel_margin_loss";
  require_scores(op, input, target, at);
  if (!(impl(target).shape == impl(input).shape)) refuse_target(op, impl(input).shape, input, target, at);
  const bool single = impl(input).shape.rank() < 2;
  const std::int64_t rows = single ? 1 : impl(input).shape[0];
  const std::int64_t classes = single ? impl(input).numel : impl(input).shape[1];
  const Labels labels = read_labels(op, input, target, rows, classes, at);
  const Tensor x = as_batch(input, at);
  const Tensor of_label = unsqueeze(gather(x, 1, labels.index, at), 2, at);
  const Tensor terms = at_least_zero(rsub(sub(of_label, unsqueeze(x, 1, at), 1, at), Scalar(1.0), at), at);
  const Tensor counts =
      logical_and(unsqueeze(labels.valid, 2, at), logical_not(unsqueeze(labels.named, 1, at), at), at);
  Tensor loss =
      div(sum(where(counts, terms, Scalar(0.0), at), Shape{1, 2}, false, at), Scalar(static_cast<double>(classes)), at);
  if (single) loss = reshape(loss, {}, at);
  return reduced_values(loss, reduction, at);
}

Tensor multilabel_soft_margin_loss(const Tensor& input, const Tensor& target, const Tensor& weight, Reduction reduction,
                                   Location at) {
  const Pair p = checked_pair("multilabel_soft_margin_loss", input, target, at);
  Tensor loss = binary_cross_entropy_with_logits(p.input, p.target, {.reduction = Reduction::none}, at);
  if (weight.defined()) loss = mul(loss, weight.to(impl(p.input).dtype, at), at);
  if (impl(loss).shape.rank() > 0) loss = mean(loss, Shape{-1}, false, at);
  return reduced_values(loss, reduction, at);
}

}  // namespace xgrad
