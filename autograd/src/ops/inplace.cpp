// Operations that change their tensor. Each computes the new values out of place, writes them, and, when gradients
// flow, records the change as an operation whose inputs are the old values and the operands.
#include <fmt/format.h>
#include <xgrad/ops/elementwise.hpp>

#include "core/elementwise_loop.hpp"
#include "core/node.hpp"
#include "ops/promote.hpp"

namespace xgrad {

using detail::InPlace;

namespace {

void require_fits(const char* op, const Tensor& self, const Tensor& value, const Location& at) {
  if (!detail::is_expandable_to(value.shape(), self.shape()))
    ErrorReport(op, fmt::format("shape {} does not fit into {}: an in-place operation cannot grow its tensor",
                                to_string(value.shape()), to_string(self.shape())), at)
        .operand("self", self)
        .operand("other", value)
        .shape_error();
}

void require_castable(const char* op, const Tensor& self, DType result, const Location& at) {
  const auto category = [](DType d) { return is_floating(d) ? 2 : is_integral(d) ? 1 : 0; };
  if (category(result) > category(self.dtype()))
    ErrorReport(op, fmt::format("a result of type {} cannot be stored in a {} tensor", name(result), name(self.dtype())), at)
        .operand("self", self)
        .dtype_error();
}

// self <- compute(self, other): `compute` is the out-of-place operation, so the tape sees old and new values apart.
template <class Compute>
Tensor& apply(const char* op, Tensor& self, const Tensor& other, Compute compute, const Location& at) {
  require_defined(op, self, at);
  InPlace change(op, self, at);
  if (other.defined()) require_fits(op, self, other, at);
  const bool tape = other.defined() ? change.on_tape({other}) : change.on_tape({});
  GradModeGuard mode(tape);
  // Off the tape the result is written back; on it, the operation's node belongs to a fresh tensor, and self becomes
  // an alias of it in the graph.
  Tensor result = compute(change.old());
  require_castable(op, self, result.dtype(), at);
  detail::copy_raw(self, result);
  change.changed();
  if (tape) change.rebase(result.dtype() == self.dtype() ? result : result.to(self.dtype(), at));
  return self;
}

}  // namespace

Tensor& Tensor::copy_(const Tensor& src, Location at) {
  require_defined("copy_", src, at);
  require_defined("copy_", *this, at);
  InPlace change("copy_", *this, at);
  require_fits("copy_", *this, src, at);
  const bool tape = change.on_tape({src});
  const Tensor values = src.impl()->storage == impl_->storage ? src.clone() : src;  // they may overlap
  detail::copy_raw(*this, values);
  change.changed();
  if (!tape) return *this;
  Tensor out = record("copy_", detail::make_alias(*this), {change.old(), src}, {},
                      [](const Saved&, const Tensor& g) -> Grads { return {g * 0, g}; }, at);
  change.rebase(out);
  return *this;
}

Tensor& Tensor::fill_(Scalar v, Location at) {
  require_defined("fill_", *this, at);
  InPlace change("fill_", *this, at);
  const bool tape = change.on_tape({});
  detail::fill_raw(*this, v);
  change.changed();
  if (!tape) return *this;
  Tensor out = record("fill_", detail::make_alias(*this), {change.old()}, {},
                      [](const Saved&, const Tensor& g) -> Grads { return {g * 0}; }, at);
  change.rebase(out);
  return *this;
}

Tensor& Tensor::zero_(Location at) { return fill_(0, at); }

Tensor& Tensor::add_(const Tensor& o, Scalar alpha, Location at) {
  require_defined("add_", o, at);
  return apply("add_", *this, o, [&](const Tensor& x) { return add(x, o, alpha, at); }, at);
}
Tensor& Tensor::add_(Scalar v, Location at) {
  return apply("add_", *this, Tensor(), [&](const Tensor& x) { return add(x, v, at); }, at);
}
Tensor& Tensor::sub_(const Tensor& o, Scalar alpha, Location at) {
  require_defined("sub_", o, at);
  return apply("sub_", *this, o, [&](const Tensor& x) { return sub(x, o, alpha, at); }, at);
}
Tensor& Tensor::mul_(const Tensor& o, Location at) {
  require_defined("mul_", o, at);
  return apply("mul_", *this, o, [&](const Tensor& x) { return mul(x, o, at); }, at);
}
Tensor& Tensor::mul_(Scalar v, Location at) {
  return apply("mul_", *this, Tensor(), [&](const Tensor& x) { return mul(x, v, at); }, at);
}
Tensor& Tensor::div_(const Tensor& o, Location at) {
  require_defined("div_", o, at);
  return apply("div_", *this, o, [&](const Tensor& x) { return div(x, o, at); }, at);
}
Tensor& Tensor::div_(Scalar v, Location at) {
  return apply("div_", *this, Tensor(), [&](const Tensor& x) { return div(x, v, at); }, at);
}
Tensor& Tensor::clamp_(Scalar lo, Scalar hi, Location at) {
  return apply("clamp_", *this, Tensor(), [&](const Tensor& x) { return clamp(x, lo, hi, at); }, at);
}

}  // namespace xgrad
