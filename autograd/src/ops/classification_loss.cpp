// Losses of classes. With class indices, cross_entropy is one pass over the scores that keeps the log-sum-exp of each
// row, in its two parts; its gradient, softmax minus the target, is one pass more and an operation of its own, so that
// the second derivative exists.
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/elementwise.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/classification_loss.hpp>
#include <xgrad/ops/comparison.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/softmax.hpp>
#include <xgrad/ops/view.hpp>
#include <xgrad/record.hpp>

#include "core/broadcast.hpp"
#include "core/elementwise_loop.hpp"
#include "core/tape/record.hpp"
#include "kernels/class_rows.hpp"
#include "ops/class_targets.hpp"
#include "ops/pair_loss.hpp"
#include "ops/view_geometry.hpp"

namespace xgrad {

using detail::checked_pair;
using detail::ClassGrid;
using detail::ClassLoss;
using detail::ClassTargets;
using detail::data;
using detail::data_or_null;
using detail::dispatch_floating;
using detail::impl;
using detail::make_tensor;
using detail::Pair;
using detail::reduce_with;
using detail::reduced;
using detail::reduction_scale;

namespace {

// ---- per-row parts ----
template <class T>
T row_weight(const ClassLoss& c, const std::int64_t* index, const T* w, std::int64_t row) {
  if (index[row] == c.ignore_index) return T(0);
  return w ? w[index[row]] : T(1);
}

// The losses of all rows, or their scaled sum in double in the order of the rows.
template <class T, class F>
Tensor collect(const Tensor& index, const ClassLoss& c, F&& row_loss) {
  Tensor out = make_tensor(c.reduction == Reduction::none ? impl(index).shape : Shape{}, dtype_of<T>);
  T* p = data<T>(out);
  double sum = 0;
  for (std::int64_t r = 0; r < c.grid.rows(); ++r) {
    const T v = row_loss(r);
    if (c.reduction == Reduction::none)
      p[r] = v;
    else
      sum += static_cast<double>(v);
  }
  // With every row ignored the mean is 0 / 0.
  if (c.reduction != Reduction::none)
    *p = static_cast<T>(std::isinf(c.scale) ? std::numeric_limits<double>::quiet_NaN() : sum * c.scale);
  return out;
}

// What row r's gradient is multiplied with.
template <class T>
T row_gradient(const ClassLoss& c, const T* g, std::int64_t row) {
  return c.reduction == Reduction::none ? g[row] : static_cast<T>(static_cast<double>(*g) * c.scale);
}

// ---- nll_loss ----
// read: index and weight as the user passed them.
Tensor nll_forward(const Tensor& x, const Tensor& index, const Tensor& weight, const ClassLoss& c,
                   const TensorRefs& read, const Location& at);

Tensor nll_backward(const Tensor& grad, const Tensor& index, const Tensor& weight, const ClassLoss& c,
                    const Shape& shape) {
  const Tensor g = grad.contiguous();
  Tensor dx = detail::zeros_raw(shape, impl(g).dtype);
  dispatch_floating(impl(g).dtype, [&](auto zero) {
    using T = decltype(zero);
    const std::int64_t* t = data<std::int64_t>(index);
    const T *w = data_or_null<const T>(weight), *pg = data<T>(g);
    for (std::int64_t r = 0; r < c.grid.rows(); ++r)
      if (t[r] != c.ignore_index) data<T>(dx)[c.grid.at(r, t[r])] = -row_weight(c, t, w, r) * row_gradient(c, pg, r);
  });
  return detail::record_with_attributes(
      "nll_loss_backward", c, dx, {g}, {index, weight},
      [](const ClassLoss& of, const Saved& s, const Tensor& gg) -> Grads {
        return {nll_forward(gg.contiguous(), s[0], s[1], of, {s[0], s[1]}, Location::current())};
      });
}

Tensor nll_forward(const Tensor& x, const Tensor& index, const Tensor& weight, const ClassLoss& c,
                   const TensorRefs& read, const Location& at) {
  Tensor out = dispatch_floating(impl(x).dtype, [&](auto zero) {
    using T = decltype(zero);
    const std::int64_t* t = data<std::int64_t>(index);
    const T *w = data_or_null<const T>(weight), *p = data<T>(x);
    return collect<T>(index, c, [&](std::int64_t r) {
      return t[r] == c.ignore_index ? T(0) : -row_weight(c, t, w, r) * p[c.grid.at(r, t[r])];
    });
  });
  return detail::record_reading(
      "nll_loss", read, std::move(out), {x}, {index, weight},
      detail::attributes_first(c,
                               [shape = impl(x).shape](const ClassLoss& of, const Saved& s, const Tensor& g) -> Grads {
                                 return {nll_backward(g, s[0], s[1], of, shape)};
                               }),
      at);
}

// ---- cross_entropy with class indices ----
// Loss of row r: a (lse - x_t) + u sum_c w_c (lse - x_c) with a = (1 - smoothing) w_t and u = smoothing / classes;
// lse - x_c is log_sum - (x_c - top), with the scores subtracted first (kernels/class_rows.hpp).
// Its gradient in x: (a + u sum_c w_c) softmax - u w - a onehot_t.
template <class T>
struct RowParts {
  Tensor softmax, uniform, target;  // factors per row; uniform only with smoothing
};

template <class T>
double weight_sum(const ClassLoss& c, const T* w) {
  if (!w) return static_cast<double>(c.grid.classes);
  double total = 0;
  for (std::int64_t i = 0; i < c.grid.classes; ++i) total += static_cast<double>(w[i]);
  return total;
}

// g: gradient of the loss, or null for ones.
template <class T>
RowParts<T> row_parts(const Tensor& index, const Tensor& weight, const ClassLoss& c, const T* g) {
  const std::int64_t rows = c.grid.rows();
  RowParts<T> parts;
  parts.target = make_tensor({rows}, dtype_of<T>);
  parts.softmax = c.smoothing > 0 ? make_tensor({rows}, dtype_of<T>) : parts.target;
  if (c.smoothing > 0) parts.uniform = make_tensor({rows}, dtype_of<T>);
  const std::int64_t* t = data<std::int64_t>(index);
  const T* w = data_or_null<const T>(weight);
  const T one(1), u = static_cast<T>(c.smoothing / static_cast<double>(c.grid.classes));
  const T all = static_cast<T>(weight_sum(c, w)) * u;
  for (std::int64_t r = 0; r < rows; ++r) {
    const bool valid = t[r] != c.ignore_index;
    const T s = !valid ? T(0) : g || c.reduction != Reduction::none ? row_gradient(c, g ? g : &one, r) : one;
    const T a = s * static_cast<T>(1 - c.smoothing) * row_weight(c, t, w, r);
    data<T>(parts.target)[r] = a;
    if (c.smoothing <= 0) continue;
    data<T>(parts.softmax)[r] = a + s * all;
    data<T>(parts.uniform)[r] = s * u;
  }
  return parts;
}

Grads second_derivative(const Saved& s, const Tensor& gg, const ClassLoss& c);

template <class T>
detail::RowNormaliser<T> normaliser_of(const Tensor& top, const Tensor& log_sum) {
  return {data<T>(top), data<T>(log_sum)};
}

// x, top and log_sum contiguous.
Tensor ce_backward(const Tensor& grad, const Tensor& x, const Tensor& top, const Tensor& log_sum, const Tensor& index,
                   const Tensor& weight, const ClassLoss& c) {
  const Tensor g = grad.contiguous();
  Tensor dx = make_tensor(impl(x).shape, impl(x).dtype);
  dispatch_floating(impl(x).dtype, [&](auto zero) {
    using T = decltype(zero);
    const RowParts<T> parts = row_parts<T>(index, weight, c, data<T>(g));
    detail::class_softmax_scaled<T>(c.grid, data<T>(x), normaliser_of<T>(top, log_sum), data<T>(parts.softmax),
                                    data_or_null<const T>(parts.uniform), data_or_null<const T>(weight), data<T>(dx));
    const std::int64_t* t = data<std::int64_t>(index);
    for (std::int64_t r = 0; r < c.grid.rows(); ++r)
      if (t[r] != c.ignore_index) data<T>(dx)[c.grid.at(r, t[r])] -= data<T>(parts.target)[r];
  });
  return detail::record_with_attributes(
      "cross_entropy_backward", c, dx, {g, x}, {g, x, top, log_sum, index, weight},
      [](const ClassLoss& of, const Saved& s, const Tensor& gg) -> Grads { return second_derivative(s, gg, of); });
}

// The backward pass is g (A softmax(x) - constants), row by row.
Grads second_derivative(const Saved& s, const Tensor& gg, const ClassLoss& c) {
  const Tensor g = s[0], x = s[1], index = s[4], weight = s[5];
  const Shape dim{c.class_dim};
  const bool rows = c.reduction == Reduction::none;
  Tensor g_grad, g_x;
  if (s.needs(0)) {
    Tensor ones = make_tensor(impl(g).shape, impl(g).dtype);
    detail::fill_raw(ones, Scalar(1.0));
    const Tensor product = gg * ce_backward(ones, x, s[2], s[3], index, weight, c);
    g_grad = rows ? sum(product, dim) : sum(product);
  }
  if (s.needs(1)) {
    const Tensor a = dispatch_floating(
        impl(x).dtype, [&](auto zero) { return row_parts<decltype(zero)>(index, weight, c, nullptr).softmax; });
    Shape shape = impl(x).shape;
    shape[c.class_dim] = 1;
    const Tensor p = softmax(x, c.class_dim);
    const Tensor factor = reshape(a, shape) * (rows ? unsqueeze(g, c.class_dim) : g);
    g_x = factor * (p * (gg - sum(gg * p, dim, true)));
  }
  return {g_grad, g_x};
}

template <class T>
Tensor ce_losses(const Tensor& x, const ClassTargets& t, const detail::RowNormaliser<T>& z) {
  const ClassLoss& c = t.call;
  const T *p = data<T>(x), *w = data_or_null<const T>(t.weight);
  detail::class_normaliser<T>(c.grid, p, z);
  Tensor uniform;
  if (c.smoothing > 0) {
    const double u = c.smoothing / static_cast<double>(c.grid.classes);
    uniform = make_tensor(impl(t.index).shape, dtype_of<T>);
    detail::class_uniform_loss<T>(c.grid, p, z, static_cast<T>(u), w, static_cast<T>(u * weight_sum(c, w)),
                                  data<T>(uniform));
  }
  const std::int64_t* index = data<std::int64_t>(t.index);
  const T keep = static_cast<T>(1 - c.smoothing), half = T(0.5);
  return collect<T>(t.index, c, [&](std::int64_t r) {
    if (index[r] == c.ignore_index) return T(0);
    const T a = keep * row_weight(c, index, w, r), below = z.top[r] * half - p[c.grid.at(r, index[r])] * half;
    const T loss = a * z.log_sum[r] + 2 * a * below;
    return c.smoothing > 0 ? loss + data<T>(uniform)[r] : loss;
  });
}

Tensor ce_indices(const Tensor& x, const ClassTargets& t, const Location& at) {
  const Shape& rows = impl(t.index).shape;
  Tensor top = make_tensor(rows, impl(x).dtype), log_sum = make_tensor(rows, impl(x).dtype);
  Tensor out = dispatch_floating(impl(x).dtype, [&](auto zero) {
    using T = decltype(zero);
    return ce_losses<T>(x, t, normaliser_of<T>(top, log_sum));
  });
  return detail::record_reading(
      "cross_entropy", {t.target, t.class_weight}, std::move(out), {x}, {x, top, log_sum, t.index, t.weight},
      detail::attributes_first(t.call,
                               [](const ClassLoss& of, const Saved& s, const Tensor& g) -> Grads {
                                 return {ce_backward(g, s[0], s[1], s[2], s[3], s[4], of)};
                               }),
      at);
}

// ---- cross_entropy with probabilities ----
// g (sum(q) softmax(x) - q), with g of one value for each row; differentiable where that is recorded.
Tensor shares_backward(const Tensor& g, const Tensor& x, const Tensor& top, const Tensor& log_sum, const Tensor& q,
                       const ClassGrid& grid, int class_dim) {
  const Tensor column = unsqueeze(g, class_dim), all = sum(q, {class_dim}, true);
  const auto rest = [](auto p, auto g, auto q) { return p - g * q; };
  if (grad_enabled()) return rest(mul(mul(column, all), softmax(x, class_dim)), column, q);
  const Tensor scale = detail::contiguous_copy(mul(column, all)), p = make_tensor(impl(x).shape, impl(x).dtype);
  dispatch_floating(impl(x).dtype, [&](auto zero) {
    using T = decltype(zero);
    detail::class_softmax_scaled<T>(grid, data<T>(x), normaliser_of<T>(top, log_sum), data<T>(scale), nullptr, nullptr,
                                    data<T>(p));
  });
  return map(rest, p, column, q);
}

// sum_c q_c (lse - x_c) of each row, from contiguous x and q; its derivative by q is -log_softmax.
Tensor ce_of_shares(const Tensor& x, const Tensor& q, const ClassGrid& grid, int class_dim, const Location& at) {
  Shape rows = impl(x).shape;
  rows.erase(class_dim);
  const auto each = [&] { return make_tensor(rows, impl(x).dtype); };
  Tensor out = detail::zeros_raw(rows, impl(x).dtype);  // of no classes
  Tensor top = each(), log_sum = each();
  if (grid.classes > 0)
    dispatch_floating(impl(x).dtype, [&](auto zero) {
      using T = decltype(zero);
      const auto z = normaliser_of<T>(top, log_sum);
      detail::class_normaliser<T>(grid, data<T>(x), z);
      detail::class_target_loss<T>(grid, data<T>(x), z, data<T>(q), data<T>(out));
    });
  return detail::record_op(
      "cross_entropy", std::move(out), {x, q}, {x, q, top, log_sum},
      [grid, class_dim](const Saved& s, const Tensor& g) -> Grads {
        Tensor gx, gq;
        if (s.needs(0)) gx = shares_backward(g, s[0], s[2], s[3], s[1], grid, class_dim);
        if (s.needs(1))
          gq = fuse([](auto g, auto l) { return -g * l; }, unsqueeze(g, class_dim), log_softmax(s[0], class_dim));
        return {gx, gq};
      },
      at, detail::named<"reduction">(Reduction::none));
}

Tensor ce_probabilities(const Tensor& input, const Tensor& target, const CrossEntropyOptions& o, const Location& at) {
  const char* op = "cross_entropy";
  if (!(impl(input).shape == impl(target).shape)) [[unlikely]]
    detail::refuse_shapes(op,
                          fmt::format("a target of probabilities must have the input's shape {}, got {}",
                                      to_string(impl(input).shape), to_string(impl(target).shape)),
                          input, target, at);
  const int class_dim = impl(input).shape.rank() == 1 ? 0 : 1;
  const ClassGrid grid = detail::grid_of(impl(input).shape);
  const Tensor weight = detail::checked_weight(op, o.weight, input, grid.classes, at);
  Tensor p = target.to(impl(input).dtype, at);
  if (o.label_smoothing > 0)
    p = add(mul(p, Scalar(1 - o.label_smoothing), at), Scalar(o.label_smoothing / static_cast<double>(grid.classes)),
            at);
  if (weight.defined()) {
    Shape column{grid.classes};
    for (int d = class_dim + 1; d < impl(input).shape.rank(); ++d) column.push_back(1);
    p = mul(p, reshape(weight, column, at), at);
  }
  const Tensor losses = ce_of_shares(input.contiguous(at), p.contiguous(at), grid, class_dim, at);
  if (o.reduction == Reduction::none) return losses;
  const double rows = o.reduction == Reduction::mean ? static_cast<double>(grid.rows()) : 1;
  return div(sum(losses, at), Scalar(rows), at);
}

}  // namespace

Tensor nll_loss(const Tensor& input, const Tensor& target, const NllLossOptions& options, Location at) {
  detail::require_scores("nll_loss", input, target, at);
  const ClassTargets t =
      detail::check_targets("nll_loss", input, target, options.weight, options.ignore_index, options.reduction, 0, at);
  return nll_forward(input.contiguous(at), t.index, t.weight, t.call, {target, options.weight}, at);
}

Tensor cross_entropy(const Tensor& input, const Tensor& target, const CrossEntropyOptions& options, Location at) {
  detail::require_scores("cross_entropy", input, target, at);
  if (!(options.label_smoothing >= 0 && options.label_smoothing <= 1)) [[unlikely]]
    ErrorReport("cross_entropy", fmt::format("label_smoothing must be in [0, 1], got {}", options.label_smoothing), at)
        .value_error();
  if (is_floating(impl(target).dtype)) return ce_probabilities(input, target, options, at);
  const ClassTargets t = detail::check_targets("cross_entropy", input, target, options.weight, options.ignore_index,
                                               options.reduction, options.label_smoothing, at);
  return ce_indices(input.contiguous(at), t, at);
}

// ---- binary cross entropy ----
namespace {

void require_expandable(const char* role, const Tensor& t, const Tensor& input, const Location& at) {
  if (!t.defined()) return;
  if (!detail::is_expandable_to(impl(t).shape, impl(input).shape)) [[unlikely]]
    ErrorReport("binary_cross_entropy_with_logits",
                fmt::format("{} of shape {} does not broadcast to the input's shape {}", role, to_string(impl(t).shape),
                            to_string(impl(input).shape)),
                at)
        .operand("input", input)
        .operand(role, t)
        .shape_error();
}

// With q = 1 + (p - 1) y: (1 - y) x + q log(1 + exp(-x)) = c |x| + q log(1 + exp(-|x|)), times w, where c is 1 - y for
// positive x and p y for others. Nothing overflows, no large terms cancel, and a factor of 0 silences an infinite x.
constexpr auto kLinear = [](auto c, auto x) { return where(c == 0, 0, c * abs(x)); };
constexpr auto kPlain = [](auto x, auto y) { return kLinear(where(x > 0, 1 - y, y), x) + log1p(exp(-abs(x))); };
constexpr auto kWeighted = [](auto x, auto y, auto w, auto p) {
  return w * (kLinear(where(x > 0, 1 - y, p * y), x) + ((p - 1) * y + 1) * log1p(exp(-abs(x))));
};

// The derivatives by x, with the smaller of sigmoid(x) and sigmoid(-x), which has all its digits.
constexpr auto kPlainSlope = [](auto x, auto y) {
  auto s = sigmoid(where(x > 0, -x, x));
  return where(x > 0, (1 - y) - s, s - y);
};
constexpr auto kWeightedSlope = [](auto x, auto y, auto w, auto p) {
  auto s = sigmoid(where(x > 0, -x, x)) * ((p - 1) * y + 1);
  return w * where(x > 0, (1 - y) - s, s - p * y);
};

Tensor bce_of_logits(const Pair& p, Reduction r, const Location& at) {
  const double k = reduction_scale(r, impl(p.input).numel);
  return detail::record_op(
      "binary_cross_entropy_with_logits", reduce_with(r, kPlain, 1, p.input, p.target), {p.input, p.target},
      {p.input, p.target},
      [k](const Saved& s, const Tensor& grad) -> Grads {
        Tensor gx, gy;
        if (s.needs(0))
          gx = fuse([k](auto g, auto x, auto y) { return g * (kPlainSlope(x, y) * k); }, grad, s[0], s[1]);
        if (s.needs(1)) gy = fuse([k](auto g, auto x) { return g * (x * -k); }, grad, s[0]);
        return {gx, gy};
      },
      at, detail::named<"reduction">(r));
}

// The gradients of x, y, w and p in turn.
Grads weighted_backward(const Saved& s, const Tensor& grad, double k) {
  Tensor gx, gy, gw, gp;
  if (s.needs(0))
    gx = fuse([k](auto g, auto x, auto y, auto w, auto p) { return g * (kWeightedSlope(x, y, w, p) * k); }, grad, s[0],
              s[1], s[2], s[3]);
  if (s.needs(1))
    gy = fuse([k](auto g, auto x, auto w, auto p) { return g * (w * (-x - (p - 1) * log_sigmoid(x)) * k); }, grad, s[0],
              s[2], s[3]);
  if (s.needs(2))
    gw = fuse(
        [k](auto g, auto x, auto y, auto p) { return g * (((1 - y) * x - ((p - 1) * y + 1) * log_sigmoid(x)) * k); },
        grad, s[0], s[1], s[3]);
  if (s.needs(3))
    gp =
        fuse([k](auto g, auto x, auto y, auto w) { return g * (w * y * log_sigmoid(x) * -k); }, grad, s[0], s[1], s[2]);
  return {gx, gy, gw, gp};
}

Tensor weighted_bce_of_logits(const Pair& p, const Tensor& weight, const Tensor& pos, Reduction r, const Location& at) {
  const double k = reduction_scale(r, impl(p.input).numel);
  const Tensor values = map(kWeighted, p.input, p.target, weight, pos);
  Tensor out = r == Reduction::none ? values : reduced([](auto v) { return v; }, k, 0.1, values);
  return detail::record_op(
      "binary_cross_entropy_with_logits", std::move(out), {p.input, p.target, weight, pos},
      {p.input, p.target, weight, pos},
      [k](const Saved& s, const Tensor& g) -> Grads { return weighted_backward(s, g, k); }, at,
      detail::named<"reduction">(r));
}

}  // namespace

Tensor binary_cross_entropy_with_logits(const Tensor& input, const Tensor& target, const BceWithLogitsOptions& options,
                                        Location at) {
  const Pair p = checked_pair("binary_cross_entropy_with_logits", input, target, at);
  require_expandable("weight", options.weight, input, at);
  require_expandable("pos_weight", options.pos_weight, input, at);
  if (!options.weight.defined() && !options.pos_weight.defined()) return bce_of_logits(p, options.reduction, at);
  const DType type = impl(p.input).dtype;
  auto or_one = [&](const Tensor& t) { return t.defined() ? t.to(type, at) : detail::scalar_tensor(1.0, type); };
  return weighted_bce_of_logits(p, or_one(options.weight), or_one(options.pos_weight), options.reduction, at);
}

namespace {

void require_probabilities(const Tensor& input, const Location& at) {
  const Tensor x = detail::contiguous_copy(input);
  detail::dispatch_floating(impl(x).dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* p = detail::data<T>(x);
    std::int64_t wrong = 0;
    for (std::int64_t i = 0; i < impl(x).numel; ++i) wrong += !(p[i] >= 0) | !(p[i] <= 1);
    if (!wrong) [[likely]]
      return;
    std::int64_t i = 0;
    while (p[i] >= 0 && p[i] <= 1) ++i;
    ErrorReport("binary_cross_entropy", fmt::format("input {} outside [0, 1]", p[i]), at)
        .operand("input", input)
        .line("at", fmt::format("element {} of the input", i))
        .help("apply sigmoid(), or use binary_cross_entropy_with_logits")
        .value_error();
  });
}

Tensor bce_of_probabilities(const Pair& p, Reduction r, const Location& at) {
  return detail::pair_loss(
      "binary_cross_entropy", p, r, 1,
      [](auto x, auto y) { return (y - 1) * maximum(log1p(-x), -100) - y * maximum(log(x), -100); },
      [](auto x, auto y, double k) {
        auto v = x * (1 - x);
        return (x - y) / where(v > 1e-12, v, 1e-12) * k;
      },
      [](auto x, auto, double k) {
        auto a = log1p(-x), b = log(x);
        return (where(a > -100, a, -100) - where(b > -100, b, -100)) * k;
      },
      at);
}

}  // namespace

Tensor binary_cross_entropy(const Tensor& input, const Tensor& target, const Tensor& weight, Reduction reduction,
                            Location at) {
  const Pair p = checked_pair("binary_cross_entropy", input, target, at);
  if (weight.defined() && !detail::is_expandable_to(impl(weight).shape, impl(input).shape)) [[unlikely]]
    ErrorReport("binary_cross_entropy",
                fmt::format("weight of shape {} does not broadcast to the input's shape {}",
                            to_string(impl(weight).shape), to_string(impl(input).shape)),
                at)
        .operand("input", input)
        .operand("weight", weight)
        .shape_error();
  require_probabilities(p.input, at);
  if (!weight.defined()) return bce_of_probabilities(p, reduction, at);
  const Tensor values = bce_of_probabilities(p, Reduction::none, at);
  return detail::reduced_values(mul(values, weight.to(impl(p.input).dtype, at), at), reduction, at);
}

}  // namespace xgrad
