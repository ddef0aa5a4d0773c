// nll_loss and cross_entropy. With class indices, cross_entropy is one pass over the scores that keeps the log-sum-exp
// of each row, in its two parts; its gradient, softmax minus the target, is one pass more and an operation of its own,
// so that the second derivative exists.
#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <xgrad/elementwise.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/record.hpp"
#include "kernels/class_rows.hpp"

namespace xgrad {

using detail::ClassGrid;
using detail::data;
using detail::data_or_null;
using detail::dispatch_floating;
using detail::impl;
using detail::make_tensor;

namespace {

// The numbers of one call that its backward functions need.
struct Call {
  ClassGrid grid;
  std::int64_t ignore_index;
  Reduction reduction;
  double smoothing;
  double scale;  // of the sum over rows: 1, or 1 / (sum of target weights) for the mean
  int class_dim;
};

struct Targets {
  Tensor index;   // int64, contiguous
  Tensor weight;  // of the input's dtype, contiguous; may be undefined
  Call call;
  Tensor target, class_weight;  // as the user passed them
};

// ---- checks ----
[[noreturn, gnu::cold]] void refuse_shapes(const char* op, const std::string& rule, const Tensor& input,
                                           const Tensor& target, Location at) {
  ErrorReport report(op, rule, at);
  report.operand("input", input).operand("target", target);
  const Shape &x = input.shape(), &t = target.shape();
  if (x == t && !is_floating(target.dtype()))
    report.help("class indices have no class dimension; probabilities must be floating");
  else if (is_floating(target.dtype()))
    report.help("a floating target holds probabilities; class indices are int64");
  else if (t.rank() == x.rank() && t.rank() > 1 && t[1] == 1)
    report.help("drop the class dimension of the target: squeeze(1)");
  report.shape_error();
}

void require_scores(const char* op, const Tensor& input, const Tensor& target, const Location& at) {
  require_floating(op, input, at);
  require_defined(op, target, at);
  if (impl(input).shape.rank() == 0) [[unlikely]]
    ErrorReport(op, "input needs a class dimension, got shape ()", at).operand("input", input).shape_error();
}

// Target sizes are those of the input without its class dimension.
void require_index_shape(const char* op, const Tensor& input, const Tensor& target, int class_dim, const Location& at) {
  Shape want = impl(input).shape;
  want.erase(class_dim);
  const Shape& got = impl(target).shape;
  if (got == want) return;
  if (got.rank() == want.rank() && got.rank() > 0 && got[0] != want[0])
    refuse_shapes(op, fmt::format("batch sizes differ: input has {}, target {}", want[0], got[0]), input, target, at);
  refuse_shapes(op, fmt::format("target must have shape {}, got {}", to_string(want), to_string(got)), input, target,
                at);
}

Tensor checked_weight(const char* op, const Tensor& weight, const Tensor& input, std::int64_t classes,
                      const Location& at) {
  if (!weight.defined()) return {};
  if (!(impl(weight).shape == Shape{classes})) [[unlikely]]
    ErrorReport(op, fmt::format("weight must be ({}), one per class, got {}", classes, to_string(weight.shape())), at)
        .operand("input", input)
        .operand("weight", weight)
        .shape_error();
  if (grad_enabled() && detail::wants_grad(weight)) [[unlikely]]
    ErrorReport(op, "class weights are constants and take no gradient", at)
        .operand("weight", weight)
        .help("pass weight.detach()")
        .autograd_error();
  return detail::contiguous_copy(detail::cast_raw(weight, impl(input).dtype));
}

std::string row_name(const Shape& shape, std::int64_t row) {
  if (shape.rank() == 0) return "";
  if (shape.rank() == 1) return fmt::format(" at row {}", row);
  Shape index = shape;
  for (int d = shape.rank() - 1; d >= 0; --d) {
    index[d] = row % shape[d];
    row /= shape[d];
  }
  return fmt::format(" at {}", to_string(index));
}

// index: the target as int64.
void require_range(const char* op, const Tensor& input, const Tensor& target, const Tensor& index, const Call& c,
                   const Location& at) {
  const std::int64_t* t = data<std::int64_t>(index);
  const auto classes = static_cast<std::uint64_t>(c.grid.classes);
  for (std::int64_t r = 0; r < c.grid.rows(); ++r)
    if (static_cast<std::uint64_t>(t[r]) >= classes && t[r] != c.ignore_index) [[unlikely]]
      ErrorReport(
          op, fmt::format("target {}{} outside 0..{}", t[r], row_name(impl(index).shape, r), c.grid.classes - 1), at)
          .operand("input", input)
          .operand("target", target)
          .help(fmt::format("the input has {} classes; ignore_index is {}", c.grid.classes, c.ignore_index))
          .index_error();
}

// Sum of the weights of the targets, which the mean is divided by.
double total_weight(const Targets& t) {
  const std::int64_t* index = data<std::int64_t>(t.index);
  double total = 0;
  dispatch_floating(t.weight.defined() ? impl(t.weight).dtype : DType::float32, [&](auto zero) {
    const auto* w = t.weight.defined() ? data<decltype(zero)>(t.weight) : nullptr;
    for (std::int64_t r = 0; r < t.call.grid.rows(); ++r)
      if (index[r] != t.call.ignore_index) total += w ? static_cast<double>(w[index[r]]) : 1.0;
  });
  return total;
}

ClassGrid grid_of(const Shape& s) {
  if (s.rank() == 1) return {1, s[0], 1};
  ClassGrid g{s[0], s[1], 1};
  for (int d = 2; d < s.rank(); ++d) g.inner *= s[d];
  return g;
}

Targets check_targets(const char* op, const Tensor& input, const Tensor& target, const Tensor& weight,
                      std::int64_t ignore_index, Reduction reduction, double smoothing, const Location& at) {
  if (impl(target).dtype != DType::int64 && impl(target).dtype != DType::int32) [[unlikely]]
    ErrorReport(op, fmt::format("class indices must be int64, got {}", name(impl(target).dtype)), at)
        .operand("input", input)
        .operand("target", target)
        .help("cast the target with to(xgrad::kInt64)")
        .dtype_error();
  const int class_dim = impl(input).shape.rank() == 1 ? 0 : 1;
  require_index_shape(op, input, target, class_dim, at);
  const ClassGrid grid = grid_of(impl(input).shape);
  Targets t{detail::contiguous_copy(detail::cast_raw(target, DType::int64)),
            checked_weight(op, weight, input, grid.classes, at),
            Call{grid, ignore_index, reduction, smoothing, 1, class_dim}, target, weight};
  require_range(op, input, target, t.index, t.call, at);
  if (reduction == Reduction::mean) t.call.scale = 1 / total_weight(t);
  return t;
}

// ---- per-row parts ----
template <class T>
T row_weight(const Call& c, const std::int64_t* index, const T* w, std::int64_t row) {
  if (index[row] == c.ignore_index) return T(0);
  return w ? w[index[row]] : T(1);
}

// The losses of all rows, or their scaled sum in double in the order of the rows.
template <class T, class F>
Tensor collect(const Tensor& index, const Call& c, F&& row_loss) {
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
T row_gradient(const Call& c, const T* g, std::int64_t row) {
  return c.reduction == Reduction::none ? g[row] : static_cast<T>(static_cast<double>(*g) * c.scale);
}

// ---- nll_loss ----
// read: index and weight as the user passed them.
Tensor nll_forward(const Tensor& x, const Tensor& index, const Tensor& weight, const Call& c,
                   const detail::TensorRefs& read, const Location& at);

Tensor nll_backward(const Tensor& grad, const Tensor& index, const Tensor& weight, const Call& c, const Shape& shape) {
  const Tensor g = grad.contiguous();
  Tensor dx = make_tensor(shape, impl(g).dtype);
  detail::fill_raw(dx, Scalar(0.0));
  dispatch_floating(impl(g).dtype, [&](auto zero) {
    using T = decltype(zero);
    const std::int64_t* t = data<std::int64_t>(index);
    const T *w = data_or_null<const T>(weight), *pg = data<T>(g);
    for (std::int64_t r = 0; r < c.grid.rows(); ++r)
      if (t[r] != c.ignore_index) data<T>(dx)[c.grid.at(r, t[r])] = -row_weight(c, t, w, r) * row_gradient(c, pg, r);
  });
  return record("nll_loss_backward", dx, {g}, {index, weight}, [c](const Saved& s, const Tensor& gg) -> Grads {
    return {nll_forward(gg.contiguous(), s[0], s[1], c, {s[0], s[1]}, Location::current())};
  });
}

Tensor nll_forward(const Tensor& x, const Tensor& index, const Tensor& weight, const Call& c,
                   const detail::TensorRefs& read, const Location& at) {
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
      [c, shape = impl(x).shape](const Saved& s, const Tensor& g) -> Grads {
        return {nll_backward(g, s[0], s[1], c, shape)};
      },
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
double weight_sum(const Call& c, const T* w) {
  if (!w) return static_cast<double>(c.grid.classes);
  double total = 0;
  for (std::int64_t i = 0; i < c.grid.classes; ++i) total += static_cast<double>(w[i]);
  return total;
}

// g: gradient of the loss, or null for ones.
template <class T>
RowParts<T> row_parts(const Tensor& index, const Tensor& weight, const Call& c, const T* g) {
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

Grads second_derivative(const Saved& s, const Tensor& gg, const Call& c);

template <class T>
detail::RowNormaliser<T> normaliser_of(const Tensor& top, const Tensor& log_sum) {
  return {data<T>(top), data<T>(log_sum)};
}

// x, top and log_sum contiguous.
Tensor ce_backward(const Tensor& grad, const Tensor& x, const Tensor& top, const Tensor& log_sum, const Tensor& index,
                   const Tensor& weight, const Call& c) {
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
  return record("cross_entropy_backward", dx, {g, x}, {g, x, top, log_sum, index, weight},
                [c](const Saved& s, const Tensor& gg) -> Grads { return second_derivative(s, gg, c); });
}

// The backward pass is g (A softmax(x) - constants), row by row.
Grads second_derivative(const Saved& s, const Tensor& gg, const Call& c) {
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
Tensor ce_losses(const Tensor& x, const Targets& t, const detail::RowNormaliser<T>& z) {
  const Call& c = t.call;
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

Tensor ce_indices(const Tensor& x, const Targets& t, const Location& at) {
  const Shape& rows = impl(t.index).shape;
  Tensor top = make_tensor(rows, impl(x).dtype), log_sum = make_tensor(rows, impl(x).dtype);
  Tensor out = dispatch_floating(impl(x).dtype, [&](auto zero) {
    using T = decltype(zero);
    return ce_losses<T>(x, t, normaliser_of<T>(top, log_sum));
  });
  return detail::record_reading(
      "cross_entropy", {t.target, t.class_weight}, std::move(out), {x}, {x, top, log_sum, t.index, t.weight},
      [c = t.call](const Saved& s, const Tensor& g) -> Grads {
        return {ce_backward(g, s[0], s[1], s[2], s[3], s[4], c)};
      },
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
  return elementwise(rest, p, column, q);
}

// sum_c q_c (lse - x_c) of each row, from contiguous x and q; its derivative by q is -log_softmax.
Tensor ce_of_shares(const Tensor& x, const Tensor& q, const ClassGrid& grid, int class_dim, const Location& at) {
  Shape rows = impl(x).shape;
  rows.erase(class_dim);
  const auto each = [&] { return make_tensor(rows, impl(x).dtype); };
  Tensor out = each(), top = each(), log_sum = each();
  detail::fill_raw(out, Scalar(0.0));  // of no classes
  if (grid.classes > 0)
    dispatch_floating(impl(x).dtype, [&](auto zero) {
      using T = decltype(zero);
      const auto z = normaliser_of<T>(top, log_sum);
      detail::class_normaliser<T>(grid, data<T>(x), z);
      detail::class_target_loss<T>(grid, data<T>(x), z, data<T>(q), data<T>(out));
    });
  return record(
      "cross_entropy", std::move(out), {x, q}, {x, q, top, log_sum},
      [grid, class_dim](const Saved& s, const Tensor& g) -> Grads {
        Tensor gx, gq;
        if (s.needs(0)) gx = shares_backward(g, s[0], s[2], s[3], s[1], grid, class_dim);
        if (s.needs(1))
          gq = fuse([](auto g, auto l) { return -g * l; }, unsqueeze(g, class_dim), log_softmax(s[0], class_dim));
        return {gx, gq};
      },
      at);
}

Tensor ce_probabilities(const Tensor& input, const Tensor& target, const CrossEntropyOptions& o, const Location& at) {
  const char* op = "cross_entropy";
  if (!(impl(input).shape == impl(target).shape)) [[unlikely]]
    refuse_shapes(op,
                  fmt::format("a target of probabilities must have the input's shape {}, got {}",
                              to_string(impl(input).shape), to_string(impl(target).shape)),
                  input, target, at);
  const int class_dim = impl(input).shape.rank() == 1 ? 0 : 1;
  const ClassGrid grid = grid_of(impl(input).shape);
  const Tensor weight = checked_weight(op, o.weight, input, grid.classes, at);
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
  require_scores("nll_loss", input, target, at);
  const Targets t =
      check_targets("nll_loss", input, target, options.weight, options.ignore_index, options.reduction, 0, at);
  return nll_forward(input.contiguous(at), t.index, t.weight, t.call, {target, options.weight}, at);
}

Tensor cross_entropy(const Tensor& input, const Tensor& target, const CrossEntropyOptions& options, Location at) {
  require_scores("cross_entropy", input, target, at);
  if (!(options.label_smoothing >= 0 && options.label_smoothing <= 1)) [[unlikely]]
    ErrorReport("cross_entropy", fmt::format("label_smoothing must be in [0, 1], got {}", options.label_smoothing), at)
        .value_error();
  if (is_floating(impl(target).dtype)) return ce_probabilities(input, target, options, at);
  const Targets t = check_targets("cross_entropy", input, target, options.weight, options.ignore_index,
                                  options.reduction, options.label_smoothing, at);
  return ce_indices(input.contiguous(at), t, at);
}

}  // namespace xgrad
