// Operations that change their tensor. Off the tape they write directly. On it they compute the new values with the
// out-of-place operation on the old ones, copy them into place, and put self on that operation's node.
#include <cmath>
#include <functional>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/elementwise.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/comparison.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/ops/view.hpp>
#include <xgrad/record.hpp>

#include "core/broadcast.hpp"
#include "core/elementwise_loop.hpp"
#include "core/overlap.hpp"
#include "core/tape/in_place.hpp"
#include "core/tape/record.hpp"
#include "ops/factory_checks.hpp"
#include "ops/promote.hpp"
#include "ops/replace_in_place.hpp"
#include "ops/view_geometry.hpp"

namespace xgrad {

using detail::InPlace;

namespace {

void require_fits(const char* op, const Tensor& self, const Tensor& value, const Location& at) {
  if (!detail::is_expandable_to(value.shape(), self.shape()))
    ErrorReport(
        op,
        fmt::format("shape {} does not fit into {}: an in-place operation cannot change the shape of its tensor",
                    to_string(value.shape()), to_string(self.shape())),
        at)
        .operand("self", self)
        .operand("other", value)
        .shape_error();
}

void require_castable(const char* op, const Tensor& self, DType result, const Location& at) {
  const auto category = [](DType d) { return is_floating(d) ? 2 : is_integral(d) ? 1 : 0; };
  if (category(result) > category(self.dtype()))
    ErrorReport(
        op, fmt::format("a result of type {} cannot be stored in a {} tensor", name(result), name(self.dtype())), at)
        .operand("self", self)
        .dtype_error();
}

bool overlap(const Tensor& self, const Tensor& other) {
  return detail::read_while_written(detail::impl(self), detail::impl(other));
}

// Writes the result of the out-of-place operation; on the tape its node becomes self's.
Tensor& store(InPlace& change, const char* op, const Tensor& result, bool tape, const Location& at) {
  Tensor& self = change.self();
  require_castable(op, self, result.dtype(), at);
  if (tape) change.prepare(result.dtype() == self.dtype() ? result : result.to(self.dtype(), at));
  detail::copy_raw(self, result);
  change.finish();
  return self;
}

// Whether the out-of-place operation saves its operands for the backward pass: then it gets copies of what is about
// to be overwritten.
enum class Saves { nothing, operands };

// self <- f(self, other); f for vectors, compute for Tensors.
template <class F, class Compute>
Tensor& apply(const char* op, Tensor& self, const Tensor& other, Saves saves, F f, Compute compute,
              const Location& at) {
  require_defined(op, other, at);
  InPlace change(op, self, at);
  require_fits(op, self, other, at);
  const bool tape = change.on_tape({other});
  const DType type = detail::impl(self).dtype;
  if (!tape && is_floating(type) && detail::impl(other).dtype == type && !overlap(self, other)) {
    const Tensor* in[] = {&self, &other};
    detail::run_tiles(detail::make_kernel<F, 2>(f, type, 0.2), self, in, 2);
    change.finish();
    return self;
  }
  GradModeGuard mode(tape && detail::records_gradients());
  const bool copy_old = tape && saves == Saves::operands && detail::wants_grad(other);
  const bool copy_other = tape && saves == Saves::operands && detail::impl(self).storage == detail::impl(other).storage;
  return store(change, op,
               compute(copy_old ? change.old().clone(at) : change.old(), copy_other ? other.clone(at) : other), tape,
               at);
}

// self <- f(self)
template <class F, class Compute>
Tensor& apply(const char* op, Tensor& self, Saves saves, F f, Compute compute, const Location& at) {
  InPlace change(op, self, at);
  const bool tape = change.on_tape({});
  const DType type = detail::impl(self).dtype;
  if (!tape && is_floating(type)) {
    const Tensor* in[] = {&self};
    detail::run_tiles(detail::make_kernel<F, 1>(f, type, 0.2), self, in, 1);
    change.finish();
    return self;
  }
  GradModeGuard mode(tape && detail::records_gradients());
  return store(change, op, compute(tape && saves == Saves::operands ? change.old().clone(at) : change.old()), tape, at);
}

// fill_ and copy_ leave nothing of the old values: their gradient is zero, also where that of the result is not finite.
Tensor no_gradient(const Tensor& g) { return detail::zeros_raw(g.shape(), g.dtype()); }

// For DetectAnomaly: what is about to be written over `old`.
void require_finite(const char* op, const Tensor& old, const Tensor& value, const Location& at) {
  if (!detail::anomaly_enabled()) return;
  const Tensor written = detail::cast_raw(value, detail::impl(old).dtype);
  detail::check_anomaly(op, {&written, 1}, {old, value}, at);
}

Tensor& fill(const char* op, Tensor& self, Scalar v, const Location& at) {
  InPlace change(op, self, at);
  detail::require_fits(op, v, detail::impl(self).dtype, at);
  if (change.on_tape({})) {
    require_finite(op, change.old(), full({}, v, {self.dtype()}), at);
    change.prepare(detail::record_ahead(
        op, detail::make_alias(self), {change.old()},
        [](const Saved&, const Tensor& g) -> Grads { return {no_gradient(g)}; }, at));
  }
  detail::fill_raw(self, v);
  change.finish();
  return self;
}

}  // namespace

namespace detail {

Tensor& replace_in_place(const char* op, Tensor& self, const std::function<Tensor(const Tensor&)>& compute,
                         const Location& at) {
  InPlace change(op, self, at);
  const Tensor result = compute(grad_enabled() ? change.old().clone(at) : change.old());
  if (result.shape() != self.shape())
    ErrorReport(op,
                fmt::format("the result has shape {}: an in-place operation cannot change the shape of its tensor",
                            to_string(result.shape())),
                at)
        .operand("self", self)
        .shape_error();
  const bool tape = needs_tape({result});
  if (!tape && change.on_tape({}))  // a result without a gradient leaves nothing of the old one
    change.prepare(record_ahead(
        op, make_alias(self), {change.old()}, [](const Saved&, const Tensor& g) -> Grads { return {no_gradient(g)}; },
        at));
  return store(change, op, result, tape, at);
}

Tensor apart_from(const Tensor& operand, const Tensor& self, const Location& at) {
  if (!operand.defined() || !self.defined() || impl(operand).storage != impl(self).storage) return operand;
  return operand.clone(at);
}

}  // namespace detail

namespace {

// Of operations whose results have gradients themselves, so that nothing is recorded under the name.
template <class F>
Tensor& replaced(const char* op, Tensor& self, F f, const Location& at) {
  return detail::replace_in_place(op, self, f, at);
}

}  // namespace

void Tensor::require_part(Location at) const {
  if (!defined()) return;
  const detail::TensorImpl& t = detail::impl(*this);
  if (t.base || t.refs.load(std::memory_order_relaxed) > 1 || t.storage->refs.load(std::memory_order_relaxed) > 1)
    return;
  ErrorReport("operator=", "the left side is a copy that nothing else holds: what is written into it is lost", at)
      .operand("left side", *this)
      .help(
          "index_put_({...}, v), masked_fill_(mask, v) or scatter_(...) change x itself; parts by x[i], select and "
          "slice "
          "can be assigned to")
      .value_error();
}

Tensor& Tensor::copy_(const Tensor& src, Location at) & {
  if (!src.defined())
    ErrorReport("copy_", "the source is an undefined tensor", at)
        .help("w.grad() = Tensor() clears no gradient: w.zero_grad() or w.set_grad(Tensor())")
        .value_error();
  InPlace change("copy_", *this, at);
  require_fits("copy_", *this, src, at);
  if (is_floating(detail::impl(*this).dtype) && change.on_tape({src})) {
    require_finite("copy_", change.old(), src, at);
    change.prepare(detail::record_ahead(
        "copy_", detail::make_alias(*this), {change.old(), src},
        [](const Saved& s, const Tensor& g) -> Grads {
          return {s.needs(0) ? no_gradient(g) : Tensor(), g};
        },
        at));
  }
  Tensor from = src;
  if (overlap(*this, src)) {
    NoGradGuard off;
    from = src.clone();
  }
  detail::copy_raw(*this, from);
  change.finish();
  return *this;
}

Tensor& Tensor::fill_(Scalar v, Location at) & { return fill("fill_", *this, v, at); }
Tensor& Tensor::zero_(Location at) & { return fill("zero_", *this, 0, at); }

Tensor& Tensor::add_(const Tensor& o, Scalar alpha, Location at) & {
  const double k = alpha.to_double();
  auto compute = [&](const Tensor& x, const Tensor& y) { return xgrad::add(x, y, alpha, at); };
  if (k == 1)
    return apply(
        "add_", *this, o, Saves::nothing, [](auto a, auto b) { return a + b; }, compute, at);
  return apply(
      "add_", *this, o, Saves::nothing, [k](auto a, auto b) { return a + b * k; }, compute, at);
}
Tensor& Tensor::add_(Scalar v, Location at) & {
  return apply(
      "add_", *this, Saves::nothing, [k = v.to_double()](auto a) { return a + k; },
      [&](const Tensor& x) { return xgrad::add(x, v, at); }, at);
}
Tensor& Tensor::sub_(const Tensor& o, Scalar alpha, Location at) & {
  return apply(
      "sub_", *this, o, Saves::nothing, [k = alpha.to_double()](auto a, auto b) { return a - b * k; },
      [&](const Tensor& x, const Tensor& y) { return xgrad::sub(x, y, alpha, at); }, at);
}
Tensor& Tensor::sub_(Scalar v, Location at) & {
  return apply(
      "sub_", *this, Saves::nothing, [k = v.to_double()](auto a) { return a - k; },
      [&](const Tensor& x) { return xgrad::sub(x, v, at); }, at);
}
Tensor& Tensor::mul_(const Tensor& o, Location at) & {
  return apply(
      "mul_", *this, o, Saves::operands, [](auto a, auto b) { return a * b; },
      [&](const Tensor& x, const Tensor& y) { return xgrad::mul(x, y, at); }, at);
}
Tensor& Tensor::mul_(Scalar v, Location at) & {
  return apply(
      "mul_", *this, Saves::nothing, [k = v.to_double()](auto a) { return a * k; },
      [&](const Tensor& x) { return xgrad::mul(x, v, at); }, at);
}
Tensor& Tensor::div_(const Tensor& o, Location at) & {
  return apply(
      "div_", *this, o, Saves::operands, [](auto a, auto b) { return a / b; },
      [&](const Tensor& x, const Tensor& y) { return xgrad::div(x, y, at); }, at);
}
Tensor& Tensor::div_(Scalar v, Location at) & {
  return apply(
      "div_", *this, Saves::nothing, [k = v.to_double()](auto a) { return a / k; },
      [&](const Tensor& x) { return xgrad::div(x, v, at); }, at);
}
Tensor& Tensor::clamp_(Scalar lo, Scalar hi, Location at) & {
  if (std::isnan(lo.to_double()) || std::isnan(hi.to_double()))
    return replaced(
        "clamp_", *this, [&](const Tensor& x) { return xgrad::clamp(x, lo, hi, at); }, at);
  return apply(
      "clamp_", *this, Saves::operands,
      [lo = lo.to_double(), hi = hi.to_double()](auto v) {
        auto w = simd::where(v < lo, lo, v);
        return simd::where(w > hi, hi, w);
      },
      [&](const Tensor& x) { return xgrad::clamp(x, lo, hi, at); }, at);
}

Tensor& Tensor::clamp_(const Tensor& lo, const Tensor& hi, Location at) & {
  const Tensor low = detail::apart_from(lo, *this, at), high = detail::apart_from(hi, *this, at);
  return replaced(
      "clamp_", *this, [&](const Tensor& x) { return xgrad::clamp(x, low, high, at); }, at);
}
Tensor& Tensor::div_(const Tensor& o, Rounding rounding, Location at) & {
  const Tensor other = detail::apart_from(o, *this, at);
  return replaced(
      "div_", *this, [&](const Tensor& x) { return xgrad::div(x, other, rounding, at); }, at);
}
Tensor& Tensor::div_(Scalar v, Rounding rounding, Location at) & {
  return replaced(
      "div_", *this, [&](const Tensor& x) { return xgrad::div(x, v, rounding, at); }, at);
}
Tensor& Tensor::fill_(const Tensor& v, Location at) & {
  require_rank("fill_", v, 0, at);
  return copy_(v, at);
}

// ---- another shape ----
namespace {

// Geometry of a view over the same memory, from its first element on.
Tensor& reshape_in_place(const char* op, Tensor& self, const std::function<Tensor(const Tensor&)>& view,
                         const Location& at) {
  InPlace change(op, self, at);
  if (self.requires_grad() || change.on_tape({}))
    ErrorReport(op, "the shape of a tensor whose gradient is recorded cannot change in place", at)
        .operand("self", self)
        .help("the operation without the _ gives a view on the tape: x = x.t()")
        .autograd_error();
  const NoGradGuard off;
  const Tensor other = view(detail::make_alias(self));
  detail::TensorImpl& t = detail::impl(self);
  t.shape = detail::impl(other).shape;
  t.strides = detail::impl(other).strides;
  t.contiguous = detail::impl(other).contiguous;
  change.finish();
  return self;
}

Tensor& itself(TensorInPlaceMethods& methods) { return static_cast<Tensor&>(methods); }

}  // namespace

Tensor& TensorInPlaceMethods::t_(Location at) & {
  return reshape_in_place(
      "t_", itself(*this), [&](const Tensor& x) { return x.t(at); }, at);
}
Tensor& TensorInPlaceMethods::transpose_(Dim dim0, Dim dim1, Location at) & {
  return reshape_in_place(
      "transpose_", itself(*this), [&](const Tensor& x) { return xgrad::transpose(x, dim0, dim1, at); }, at);
}
Tensor& TensorInPlaceMethods::squeeze_(Location at) & {
  return reshape_in_place(
      "squeeze_", itself(*this), [&](const Tensor& x) { return xgrad::squeeze(x, at); }, at);
}
Tensor& TensorInPlaceMethods::squeeze_(const Dims& dims, Location at) & {
  return reshape_in_place(
      "squeeze_", itself(*this), [&](const Tensor& x) { return xgrad::squeeze(x, dims, at); }, at);
}
Tensor& TensorInPlaceMethods::unsqueeze_(Dim dim, Location at) & {
  return reshape_in_place(
      "unsqueeze_", itself(*this), [&](const Tensor& x) { return xgrad::unsqueeze(x, dim, at); }, at);
}
Tensor TensorInPlaceMethods::t_(Location at) && { return t_(at); }
Tensor TensorInPlaceMethods::transpose_(Dim dim0, Dim dim1, Location at) && { return transpose_(dim0, dim1, at); }
Tensor TensorInPlaceMethods::squeeze_(Location at) && { return squeeze_(at); }
Tensor TensorInPlaceMethods::squeeze_(const Dims& dims, Location at) && { return squeeze_(dims, at); }
Tensor TensorInPlaceMethods::unsqueeze_(Dim dim, Location at) && { return unsqueeze_(dim, at); }

}  // namespace xgrad
