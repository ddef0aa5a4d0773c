// Batch, layer, group and instance normalisation are one operation on different grids (kernels/normalize.hpp). The
// backward pass is a fused kernel and an operation of its own, whose derivative is written with differentiable
// operations.
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/elementwise.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/join.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/normalization.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/slice.hpp>
#include <xgrad/ops/view.hpp>
#include <xgrad/record.hpp>

#include "core/elementwise_loop.hpp"
#include "core/overlap.hpp"
#include "core/tape/recomputable.hpp"
#include "core/tape/record.hpp"
#include "core/tape/reuse.hpp"
#include "core/thread_tape.hpp"
#include "kernels/normalize.hpp"
#include "kernels/reduce.hpp"
#include "ops/view_geometry.hpp"

namespace xgrad {

using detail::contiguous_copy;
using detail::data;
using detail::dispatch_floating;
using detail::impl;
using detail::make_tensor;
using detail::NormGrid;
using detail::NormTerms;

namespace {

// The numbers of one call that its backward functions need.
struct Norm {
  enum class Of : std::uint8_t { batch, layer, group, instance };
  NormGrid grid;
  bool constant;  // the statistics are not functions of x
  Of of;
  double eps, momentum;
  Shape affine;  // of weight and bias
};
void describe(const Norm& n, Attributes& list) {
  if (n.of == Norm::Of::layer) list.add("normalized_shape", n.affine);
  if (n.of == Norm::Of::group) list.add("num_groups", n.grid.groups);
  if (n.of == Norm::Of::batch) list.add("training", !n.constant);
  if (n.of == Norm::Of::instance) list.add("use_input_stats", !n.constant);
  if (n.of == Norm::Of::batch || n.of == Norm::Of::instance) list.add("momentum", n.momentum);
  list.add("eps", n.eps);
}

// ---- checks ----
struct Inputs {
  const Tensor &x, &weight, &bias;
};

[[noreturn, gnu::cold]] void refuse(const char* op, const std::string& rule, const Inputs& in, Location at) {
  ErrorReport report(op, rule, at);
  report.operand("input", in.x);
  if (in.weight.defined()) report.operand("weight", in.weight);
  if (in.bias.defined()) report.operand("bias", in.bias);
  report.shape_error();
}

// A weight, bias or running statistic.
void require_fits(const char* op, const char* role, const Tensor& t, const Shape& want, const Inputs& in,
                  const Location& at) {
  if (!t.defined()) return;
  if (!(impl(t).shape == want)) [[unlikely]]
    ErrorReport(op, fmt::format("{} must be {}, got {}", role, to_string(want), to_string(impl(t).shape)), at)
        .operand("input", in.x)
        .operand(role, t)
        .shape_error();
  require_floating(op, t, at);
}

void require_affine(const char* op, const Inputs& in, const Shape& want, const Location& at) {
  require_fits(op, "weight", in.weight, want, in, at);
  require_fits(op, "bias", in.bias, want, in, at);
  if (in.weight.defined()) require_same_dtype(op, in.x, in.weight, at);
  if (in.bias.defined()) require_same_dtype(op, in.x, in.bias, at);
}

void require_channels(const char* op, const Inputs& in, const Location& at) {
  require_floating(op, in.x, at);
  const Shape& s = impl(in.x).shape;
  if (s.rank() < 2 && !(s.rank() == 1 && s[0] == 0)) [[unlikely]]
    refuse(op, fmt::format("input must be (N, C, ...), got {}", to_string(s)), in, at);
}

// (N, C, inner) of (N, C, *); a tensor of shape (0) has no channel dimension.
NormGrid channel_grid(const Tensor& x, bool batch) {
  const Shape& s = impl(x).shape;
  if (s.rank() == 1) return {0, 0, 1, 1, batch};
  std::int64_t inner = 1;
  for (int d = 2; d < s.rank(); ++d) inner *= s[d];
  return {s[0], s[1], 1, inner, batch};
}

// ---- differentiation ----
Tensor as_channels(const Tensor& t, const NormGrid& g) { return reshape(t, {1, g.groups, g.per_group, 1}); }

// What the derivative of the backward pass is made of, as (n, groups, per_group, inner).
struct Parts {
  Norm norm;
  Shape dims;               // of one statistic
  Tensor g, xhat, r, u, w;  // u = g w is the gradient of xhat; w may be undefined

  Tensor average(const Tensor& t) const { return mean(t, dims, true); }
  // The derivative of xhat by x, applied to t: a symmetric matrix.
  Tensor project(const Tensor& t) const {
    if (norm.constant) return mul(t, r);
    return mul(sub(sub(t, average(t)), mul(xhat, average(mul(t, xhat)))), r);
  }
};

Parts parts_of(const Saved& s, const Norm& norm) {
  const NormGrid& grid = norm.grid;
  const Shape full{grid.n, grid.groups, grid.per_group, grid.inner};
  Parts p{norm, grid.batch ? Shape{0, 3} : Shape{2, 3}, reshape(s[0], full), {}, {}, {}, {}};
  const Tensor x = reshape(s[1], full);
  if (norm.constant) {
    p.r = reshape(s[4], {1, grid.groups, 1, 1});
    p.xhat = mul(sub(x, reshape(s[3], {1, grid.groups, 1, 1})), p.r);
  } else {
    const Tensor most = sub(x, p.average(x.detach())), d = sub(most, p.average(most));  // the mean is rounded
    p.r = rsqrt(add(p.average(square(d)), Scalar(norm.eps)));
    p.xhat = mul(d, p.r);
  }
  if (const Tensor w = s[2]; w.defined()) p.w = as_channels(w, grid);
  p.u = p.w.defined() ? mul(p.g, p.w) : p.g;
  return p;
}

Tensor sum_of(const Tensor& a, const Tensor& b) { return !a.defined() ? b : !b.defined() ? a : add(a, b); }

// Gradients of g, x and weight, given those of the gradients of x, weight and bias.
Grads second_derivative(const Saved& s, std::span<const Tensor> h, const Norm& norm) {
  const Parts p = parts_of(s, norm);
  const NormGrid& grid = norm.grid;
  Tensor by_g, by_x, by_w;
  if (h[0].defined()) {
    const Tensor v = reshape(h[0], {grid.n, grid.groups, grid.per_group, grid.inner}), pv = p.project(v);
    if (s.needs(0)) by_g = p.w.defined() ? mul(pv, p.w) : pv;
    if (s.needs(2)) by_w = reshape(sum(mul(pv, p.g), {0, 3}), norm.affine);
    if (s.needs(1) && !norm.constant) {
      // Through xhat in the formula, and through r.
      const Tensor inner = add(mul(v, p.average(mul(p.u, p.xhat))), mul(p.u, p.average(mul(v, p.xhat))));
      by_x = neg(add(p.project(mul(inner, p.r)), mul(mul(p.xhat, p.r), p.average(mul(v, p.project(p.u))))));
    }
  }
  if (h[1].defined()) {
    const Tensor hw = as_channels(h[1], grid);
    if (s.needs(0)) by_g = sum_of(by_g, mul(hw, p.xhat));
    if (s.needs(1)) by_x = sum_of(by_x, p.project(mul(hw, p.g)));
  }
  if (h[2].defined() && s.needs(0))
    by_g = sum_of(by_g, expand(as_channels(h[2], grid), {grid.n, grid.groups, grid.per_group, grid.inner}));
  const Shape& shape = impl(s[1]).shape;
  if (by_g.defined()) by_g = reshape(by_g, shape);
  if (by_x.defined()) by_x = reshape(by_x, shape);
  return {by_g, by_x, by_w};
}

Grads norm_backward(const Saved& s, const Tensor& grad, const Norm& norm) {
  const Tensor x = s[0], weight = s[1];
  const NormTerms terms{s[2], s[3], contiguous_copy(weight), {}, s[4]};
  const bool last_use = !grad_enabled() && detail::is_sole_owner(grad);
  detail::NormGrads raw = detail::norm_backward_raw(norm.grid, norm.constant, contiguous_copy(grad), contiguous_copy(x),
                                                    norm.affine, terms, last_use);
  const auto out =
      detail::record_with_attributes("norm_backward", norm, std::vector<Tensor>{raw.x, raw.weight, raw.bias},
                                     {grad, x, weight}, {grad, x, weight, terms.mean, terms.rstd},
                                     [](const Norm& of, const Saved& saved, std::span<const Tensor> h) -> Grads {
                                       return second_derivative(saved, h, of);
                                     });
  return {s.needs(0) ? out[0] : Tensor(), s.needs(1) ? out[1] : Tensor(), s.needs(2) ? out[2] : Tensor()};
}

// data: running statistics that were used.
Tensor record_norm(const char* op, Tensor y, const Inputs& in, const NormTerms& terms, const Norm& norm,
                   const Location& at, const TensorRefs& data = {}) {
  return detail::record_reading(
      op, data, std::move(y), {in.x, in.weight, in.bias}, {in.x, in.weight, terms.mean, terms.rstd, terms.rest},
      detail::attributes_first(
          norm, [](const Norm& of, const Saved& s, const Tensor& g) -> Grads { return norm_backward(s, g, of); }),
      at);
}

Tensor normalize_rows(const NormGrid& grid, double eps, const Inputs& in, NormTerms& terms) {
  terms.weight = contiguous_copy(in.weight);
  terms.bias = contiguous_copy(in.bias);
  return detail::norm_rows_raw(grid, contiguous_copy(in.x), eps, terms);
}

Tensor rows_recomputable(Tensor y, const NormGrid& grid, double eps, const Inputs& in) {
  return detail::recomputable(std::move(y), {in.x, in.weight, in.bias}, detail::pass_time(3 * grid.numel()),
                              [grid, eps](std::span<const Tensor> t) {
                                NormTerms again;
                                return normalize_rows(grid, eps, {t[0], t[1], t[2]}, again);
                              });
}

// ---- running statistics ----
struct Running {
  Tensor mean, var;
  bool defined() const { return mean.defined() || var.defined(); }
};

void require_running(const char* op, const Running& r, const Shape& channels, bool used, const Inputs& in,
                     const Location& at) {
  if (used && !(r.mean.defined() && r.var.defined())) [[unlikely]]
    ErrorReport(op, "running_mean and running_var are needed outside training", at)
        .operand("input", in.x)
        .value_error();
  require_fits(op, "running_mean", r.mean, channels, in, at);
  require_fits(op, "running_var", r.var, channels, in, at);
}

// (1 - momentum) r + momentum s
Tensor moved_towards(const Tensor& r, const Tensor& s, double momentum) {
  if (!r.defined()) return Tensor();
  const NoGradGuard off;
  const Tensor old = detail::cast_raw(r.detach(), impl(s).dtype);
  return map([momentum](auto a, auto b) { return a * (1 - momentum) + b * momentum; }, old, s);
}

// The last act of an operation: what throws before it leaves the statistics alone, and copying does not throw when the
// values are there.
void replace(Running now, const Running& next, const Location& at) {
  const NoGradGuard off;
  for (const Tensor& t : {next.mean, next.var})
    if (t.defined()) impl(t).memory();
  if (next.mean.defined()) now.mean.copy_(next.mean, at);
  if (next.var.defined()) now.var.copy_(next.var, at);
}

double unbiased(std::int64_t count) { return static_cast<double>(count) / static_cast<double>(count - 1); }

Tensor scaled(const Tensor& t, double factor) {
  return map([factor](auto v) { return v * factor; }, t);
}

Tensor inverse_root(const Tensor& variance, double eps) {
  return map([eps](auto v) { return 1 / sqrt(v + eps); }, variance);
}

// Copies: the running statistics may move on before the backward pass.
NormTerms running_terms(const Tensor& x, const Running& r, double eps) {
  const DType type = impl(x).dtype;
  const auto constant = [type](const Tensor& t) { return contiguous_copy(detail::cast_raw(t.detach(), type)); };
  const Tensor mean = scaled(constant(r.mean), 1);
  return {mean, inverse_root(constant(r.var), eps), {}, {}, detail::zeros_raw(impl(mean).shape, type)};
}

// next: what the running statistics will be.
NormTerms batch_terms(const NormGrid& grid, const Tensor& x, const Running& running, double momentum, double eps,
                      Running& next) {
  if (grid.numel() == 0) {  // no statistics, and nothing that needs them
    const Tensor none = detail::zeros_raw({grid.groups}, impl(x).dtype);
    return {none, none, {}, {}, none};
  }
  const NoGradGuard off;
  const detail::NormMoments m = detail::norm_moments_raw(grid, x);
  next.mean = moved_towards(running.mean, m.mean, momentum);
  if (running.var.defined())
    next.var = moved_towards(running.var, scaled(m.variance, unbiased(grid.count())), momentum);
  return {m.mean, inverse_root(m.variance, eps), {}, {}, m.rest};
}

Tensor normalize_channels(const NormGrid& grid, const Tensor& x, const Inputs& in, NormTerms& terms) {
  terms.weight = contiguous_copy(in.weight);
  terms.bias = contiguous_copy(in.bias);
  return detail::norm_channels_raw(grid, x, terms);
}

// The running statistics to be, from means over the batch of the statistics of each sample; terms.rstd is
// 1 / sqrt(variance + eps).
Running next_from_samples(const NormGrid& grid, const NormTerms& terms, const Running& running, double momentum,
                          double eps) {
  if (!running.defined() || grid.numel() == 0) return {};
  const NoGradGuard off;
  const Shape s{grid.n, grid.groups};
  const auto mean_of = [&](const Tensor& t) {
    return detail::mean_raw(detail::make_view(t, s, s.contiguous_strides(), impl(t).offset()), 0b1, false);
  };
  const Tensor variance = map([eps](auto r) { return 1 / (r * r) - eps; }, terms.rstd);
  return {moved_towards(running.mean, mean_of(terms.mean), momentum),
          moved_towards(running.var, scaled(mean_of(variance), unbiased(grid.count())), momentum)};
}

void require_several(const char* op, const char* what, const NormGrid& grid, const Inputs& in, const Location& at) {
  if (grid.numel() == 0 || grid.count() > 1) return;
  ErrorReport(op, fmt::format("more than 1 {} needed in training, got input {}", what, to_string(impl(in.x).shape)), at)
      .operand("input", in.x)
      .help("a single value has no variance: use a larger batch, or call eval()")
      .value_error();
}

std::string list_text(const Shape& s) { return fmt::format("[{}]", fmt::join(s.vec(), ", ")); }

}  // namespace

Tensor batch_norm(const Tensor& x, const Tensor& running_mean, const Tensor& running_var, const Tensor& weight,
                  const Tensor& bias, bool training, double momentum, double eps, Location at) {
  const char* op = "batch_norm";
  const Inputs in{x, weight, bias};
  require_channels(op, in, at);
  const NormGrid grid = channel_grid(x, true);
  const Shape each{grid.groups};
  const Running running{running_mean, running_var};
  require_affine(op, in, each, at);
  require_running(op, running, each, !training, in, at);
  if (training) require_several(op, "value per channel", grid, in, at);
  const Tensor packed = contiguous_copy(x);
  Running next;
  const Tensor statistics[] = {running_mean, running_var};
  const TensorRefs used(std::span(statistics, training ? 0 : 2));
  NormTerms terms =
      training ? batch_terms(grid, packed, running, momentum, eps, next) : running_terms(packed, running, eps);
  Tensor y = record_norm("batch_norm", normalize_channels(grid, packed, in, terms), in, terms,
                         {grid, !training, Norm::Of::batch, eps, momentum, each}, at, used);
  y = detail::recomputable(std::move(y), {x, weight, bias, terms.mean, terms.rstd, terms.rest},
                           detail::pass_time(grid.numel()), [grid](std::span<const Tensor> t) {
                             NormTerms again{t[3], t[4], {}, {}, t[5]};
                             return normalize_channels(grid, contiguous_copy(t[0]), {t[0], t[1], t[2]}, again);
                           });
  if (!detail::recomputing_part) replace(running, next, at);  // of a checkpoint, for the second time
  return y;
}

namespace {

// How many dimensions stand before the normalized ones, with the rules of these checked.
int require_end(const char* op, const Inputs& in, const Shape& normalized_shape, const Location& at) {
  require_floating(op, in.x, at);
  const Shape& s = impl(in.x).shape;
  const int lead = s.rank() - normalized_shape.rank();
  bool fits = normalized_shape.rank() > 0 && lead >= 0;
  for (int d = 0; fits && d < normalized_shape.rank(); ++d) fits = s[lead + d] == normalized_shape[d];
  if (!fits) [[unlikely]]
    refuse(op,
           fmt::format("normalized_shape {} is not the end of the input's shape {}", list_text(normalized_shape),
                       list_text(s)),
           in, at);
  require_affine(op, in, normalized_shape, at);
  return lead;
}

}  // namespace

Tensor layer_norm(const Tensor& x, const Shape& normalized_shape, const Tensor& weight, const Tensor& bias, double eps,
                  Location at) {
  const char* op = "layer_norm";
  const Inputs in{x, weight, bias};
  const int lead = require_end(op, in, normalized_shape, at);
  const Shape& s = impl(x).shape;
  NormGrid grid{1, 1, normalized_shape.numel(), 1, false};
  for (int d = 0; d < lead; ++d) grid.n *= s[d];
  NormTerms terms;
  return rows_recomputable(record_norm("layer_norm", normalize_rows(grid, eps, in, terms), in, terms,
                                       {grid, false, Norm::Of::layer, eps, 0, normalized_shape}, at),
                           grid, eps, in);
}

Tensor rms_norm(const Tensor& x, const Shape& normalized_shape, const Tensor& weight, std::optional<double> eps,
                Location at) {
  const int lead = require_end("rms_norm", {x, weight, Tensor()}, normalized_shape, at);
  Shape dims;
  for (int d = lead; d < impl(x).shape.rank(); ++d) dims.push_back(d);
  const bool single = impl(x).dtype == DType::float32;
  const double least = single ? std::numeric_limits<float>::epsilon() : std::numeric_limits<double>::epsilon();
  const Tensor scale = rsqrt(add(mean(square(x, at), dims, true, at), Scalar(eps.value_or(least)), at), at);
  const Tensor y = mul(x, scale, at);
  return weight.defined() ? mul(y, weight, at) : y;
}

Tensor group_norm(const Tensor& x, std::int64_t num_groups, const Tensor& weight, const Tensor& bias, double eps,
                  Location at) {
  const char* op = "group_norm";
  const Inputs in{x, weight, bias};
  require_channels(op, in, at);
  NormGrid grid = channel_grid(x, false);
  if (num_groups < 1) [[unlikely]]
    ErrorReport(op, fmt::format("num_groups must be positive, got {}", num_groups), at).value_error();
  if (grid.groups % num_groups != 0) [[unlikely]]
    refuse(op, fmt::format("{} channels are not divisible by {} groups", grid.groups, num_groups), in, at);
  const Shape each{grid.groups};
  require_affine(op, in, each, at);
  grid.per_group = grid.groups / num_groups;
  grid.groups = num_groups;
  NormTerms terms;
  return rows_recomputable(record_norm("group_norm", normalize_rows(grid, eps, in, terms), in, terms,
                                       {grid, false, Norm::Of::group, eps, 0, each}, at),
                           grid, eps, in);
}

Tensor instance_norm(const Tensor& x, const Tensor& running_mean, const Tensor& running_var, const Tensor& weight,
                     const Tensor& bias, bool use_input_stats, double momentum, double eps, Location at) {
  const char* op = "instance_norm";
  const Inputs in{x, weight, bias};
  require_channels(op, in, at);
  const NormGrid grid = channel_grid(x, !use_input_stats);
  const Shape each{grid.groups};
  require_affine(op, in, each, at);
  const Running running{running_mean, running_var};
  require_running(op, running, each, !use_input_stats, in, at);
  if (use_input_stats) require_several(op, "value per channel and sample", grid, in, at);
  const Tensor packed = contiguous_copy(x);
  NormTerms terms = use_input_stats ? NormTerms{} : running_terms(packed, running, eps);
  Tensor y = use_input_stats ? normalize_rows(grid, eps, in, terms) : normalize_channels(grid, packed, in, terms);
  const Running next = use_input_stats ? next_from_samples(grid, terms, running, momentum, eps) : Running{};
  const Tensor statistics[] = {running_mean, running_var};
  y = record_norm("instance_norm", std::move(y), in, terms,
                  {grid, !use_input_stats, Norm::Of::instance, eps, momentum, each}, at,
                  std::span(statistics, use_input_stats ? 0 : 2));
  if (!detail::recomputing_part) replace(running, next, at);  // of a checkpoint, for the second time
  return y;
}

Tensor local_response_norm(const Tensor& x, std::int64_t size, double alpha, double beta, double k, Location at) {
  const char* op = "local_response_norm";
  const Inputs in{x, Tensor(), Tensor()};
  require_channels(op, in, at);
  if (size < 1) [[unlikely]]
    ErrorReport(op, fmt::format("size must be positive, got {}", size), at).operand("input", x).value_error();
  if (size > INT32_MAX) [[unlikely]]
    ErrorReport(op, fmt::format("size must be at most {}, got {}", INT32_MAX, size), at)
        .operand("input", x)
        .value_error();
  // Differences of running sums would cancel; windows are short, so they are added up slice by slice.
  const std::int64_t channels = impl(x).shape.rank() > 1 ? impl(x).shape[1] : 0, before = size / 2;
  if (impl(x).numel == 0) return mul(x, Scalar(1.0), at);
  const Tensor squares = square(x, at);
  Tensor total = squares;
  const std::int64_t end = std::min(size - before, channels);
  for (std::int64_t shift = std::max(-before, 1 - channels); shift < end; ++shift) {
    const std::int64_t length = channels - std::abs(shift);
    if (shift == 0) continue;
    Shape edge = impl(x).shape;
    edge[1] = channels - length;
    const Tensor zeros = detail::zeros_raw(edge, impl(x).dtype);
    const Tensor part = narrow(squares, 1, shift > 0 ? shift : 0, length, at);
    total = add(total, shift > 0 ? cat({part, zeros}, 1, at) : cat({zeros, part}, 1, at), 1, at);
  }
  const Tensor base = add(mul(total, Scalar(alpha / static_cast<double>(size)), at), Scalar(k), at);
  return div(x, pow(base, Scalar(beta), at), at);
}

}  // namespace xgrad
