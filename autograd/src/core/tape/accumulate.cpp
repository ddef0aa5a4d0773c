#include "core/tape/accumulate.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>

#include "core/broadcast.hpp"
#include "core/change_log.hpp"
#include "core/elementwise_loop.hpp"
#include "core/held.hpp"
#include "core/overlap.hpp"
#include "core/rematerialize.hpp"
#include "core/tape/gradient_ops.hpp"

namespace xgrad::detail {

Tensor sum_to(const Tensor& g, const Shape& shape) {
  if (g.shape() == shape) return g;
  const int lead = g.shape().rank() - shape.rank();
  Shape dims;
  for (int i = 0; i < g.shape().rank(); ++i)
    if (i < lead || (shape[i - lead] == 1 && g.shape()[i] != 1)) dims.push_back(i);
  Tensor r = dims.empty() ? g : g.sum(dims, true);
  return r.shape() == shape ? r : r.reshape(shape);
}

Tensor fit_gradient(Tensor g, const Shape& shape, DType dtype, const char* op, const Location& at) {
  if (g.dtype() != dtype) g = g.to(dtype);
  if (impl(g).shape == shape) return g;
  if (!is_expandable_to(shape, g.shape()))
    ErrorReport(op,
                fmt::format("the backward function returned a gradient of shape {} for a value of shape {}",
                            to_string(g.shape()), to_string(shape)),
                at)
        .autograd_error();
  return sum_to(g, shape);
}

void add_to_slot(Tensor& slot, Tensor g, bool keeps_values) {
  if (keeps_values || is_held(slot) || is_held(g))
    slot = recorded_sum(slot, g);
  else if (is_sole_owner(slot))
    add_raw(slot, g);
  else if (is_sole_owner(g))
    add_raw(g, slot), slot = std::move(g);
  else
    slot = recorded_sum(slot, g);
}

// ---- into .grad ----
namespace {

// The old gradient, to be dropped by the caller.
Tensor replace_grad(TensorImpl& t, Tensor g) noexcept {
  TensorImpl* old = std::exchange(t.grad, release(std::move(g)));
  return old ? adopt(old) : Tensor();
}

// The new .grad of results that keep theirs.
void ready_retained(std::vector<Collected>& retained) {
  for (auto& [result, g, uses] : retained)
    if (TensorImpl* before = impl(result).grad) g = recorded_sum(share(before), g);
}
void keep_retained(std::vector<Collected>& retained) noexcept {
  for (auto& [result, g, uses] : retained) g = replace_grad(impl(result), std::move(g));
}

// Whether g is added into the .grad that is there, rather than put in its place. set_grad() takes any tensor, also an
// expanded one.
bool adds_in_place(const PassInfo& pass, const TensorImpl& t) {
  return t.grad && !pass.keeps_values && !repeats_elements(*t.grad);
}

// Threads may differentiate separate graphs over shared parameters. Recursive: sums with tangents differentiate.
std::recursive_mutex& leaves_mutex() {
  static std::recursive_mutex mutex;
  return mutex;
}

// What is held back of the gradients, in one pass where it can be.
void compute_gradients(const std::vector<Collected>& leaves) {
  std::vector<Tensor> held;
  for (const Collected& leaf : leaves)
    if (leaf.gradient.defined() && is_held(leaf.gradient)) held.push_back(leaf.gradient);
  if (!held.empty()) compute_held(held);
}

// Whether .grad counts as none before what this pass adds.
bool starts_at_zero(const TensorImpl& t) {
  return !t.grad || (t.grad_is == TensorImpl::GradIs::zero && t.grad_version == t.grad->storage->version);
}
void note_pass(const PassInfo& pass, TensorImpl& t, TensorImpl::GradIs is, std::uint32_t uses) noexcept {
  std::atomic_ref(t.pass).store(pass.number, std::memory_order_relaxed);  // is_past_step_leaf() reads it
  t.grad_is = is;
  t.grad_uses = static_cast<std::uint8_t>(std::min(uses, 255u));
  t.grad_version = t.grad ? t.grad->storage->version : 0;
}

// Everything that may throw: g becomes what is added to .grad, or the new .grad itself.
void ready_leaf(const PassInfo& pass, const TensorImpl& t, Tensor& g) {
  if (adds_in_place(pass, t)) {
    note_change_of(*t.grad);
    before_change_of(*t.grad);
    if (read_while_written(*t.grad, impl(g))) g = g.clone();
    t.grad->memory();
    impl(g).memory();
    return;
  }
  if (t.grad)
    g = recorded_sum(share(t.grad), g);
  else if (!is_sole_owner(g))
    g = g.clone();
}

void add_to_leaf(const PassInfo& pass, TensorImpl& t, Tensor& g, std::uint32_t uses) {
  const auto is = starts_at_zero(t) ? TensorImpl::GradIs::of_pass : TensorImpl::GradIs::unknown;
  if (adds_in_place(pass, t)) {
    Tensor sum = share(t.grad);
    add_raw(sum, g);
    impl(sum).storage->changed("backward", pass.at);
  } else {
    g = replace_grad(t, std::move(g));
  }
  note_pass(pass, t, is, uses);
}

}  // namespace

void add_to_grads(const PassInfo& pass, std::vector<Collected>& leaves, std::vector<Collected>& retained) {
  std::lock_guard lock(leaves_mutex());
  const GradModeGuard mode(pass.create_graph);
  compute_gradients(leaves);
  for (auto& [leaf, g, uses] : leaves) ready_leaf(pass, impl(leaf), g);
  ready_retained(retained);
  for (auto& [leaf, g, uses] : leaves) add_to_leaf(pass, impl(leaf), g, uses);
  keep_retained(retained);
}

void add_to_retained_grads(const PassInfo& pass, const std::vector<Collected>& leaves,
                           std::vector<Collected>& retained) {
  ready_retained(retained);
  keep_retained(retained);
  std::lock_guard lock(leaves_mutex());
  for (const Collected& leaf : leaves) note_pass(pass, impl(leaf.of), TensorImpl::GradIs::unknown, 0);
}

}  // namespace xgrad::detail
