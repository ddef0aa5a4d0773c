#include "core/tape/in_place.hpp"

#include <unordered_set>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/record.hpp>

#include "core/change_log.hpp"
#include "core/held.hpp"
#include "core/overlap.hpp"
#include "core/rematerialize.hpp"
#include "core/tape/forward.hpp"
#include "core/tape/gradient_ops.hpp"
#include "core/tape/record.hpp"
#include "core/tape/recorder.hpp"

namespace xgrad::detail {

InPlace::InPlace(const char* op, Tensor& self, const Location& at) : op_(op), self_(self), at_(at) {
  require_defined(op, self, at);
  TensorImpl& t = impl(self);
  if (repeats_elements(t))
    ErrorReport(op, "cannot write in place through an expanded view: several elements share one place in memory", at)
        .operand("self", self)
        .help("clone() it first")
        .autograd_error();
  if (t.inference && !is_inference_mode_enabled()) [[unlikely]]
    ErrorReport(op, "a tensor made in InferenceMode cannot be changed in place outside the mode", at)
        .operand("self", self)
        .help("clone() it first")
        .autograd_error();
  if (records_gradients()) {
    if (!current_node(self) && t.requires_grad)
      ErrorReport(op, "in-place write to a leaf that requires grad", at)
          .operand("self", self)
          .help("wrap the change in a NoGradGuard (as optimizers do), or work on a copy: clone()")
          .autograd_error();
    if (t.base && !t.base->grad_fn && t.base->requires_grad)
      ErrorReport(op, "in-place write to a view of a leaf that requires grad", at)
          .operand("self", self)
          .help("wrap the change in a NoGradGuard, or work on a copy: clone()")
          .autograd_error();
    // The base depends on other tensors, and through this view nobody would know.
    if (t.unrecorded_view && !t.grad_fn && t.base->grad_fn) [[unlikely]]
      refuse_unrecorded_view();
  }
  note_change_of(t);
  before_change_of(t);
}

void InPlace::refuse_unrecorded_view() const {
  const TensorImpl& t = impl(self_);
  ErrorReport(op_, "in-place write to a view that was made while nothing was recorded, of a tensor on the tape", at_)
      .operand("self", self_)
      .operand("base", share(t.base))
      .line("view", t.view_line ? fmt::format("made at line {}", t.view_line) : "(place unknown)")
      .help("make the view outside the NoGradGuard, or put the change inside one")
      .autograd_error();
}

const Tensor& InPlace::old() {
  if (old_.defined()) return old_;
  old_ = make_alias(self_);
  if (current_node(self_)) relink(impl(old_), self_);
  take_tangents(impl(old_), impl(self_));
  return old_;
}

bool InPlace::on_tape(const TensorRefs& others) const { return needs_tape({self_}) || needs_tape(others); }

void InPlace::prepare(const Tensor& out) {
  TensorImpl& t = impl(self_);
  if (!t.base) {
    ready(t, out);
    return;
  }
  const Tensor base = share(t.base);
  // base' = base with the piece replaced: its gradient is g with a hole, plus the piece of g for the new values.
  Tensor before = make_alias_with_tangents(base);
  if (impl(base).grad_fn) relink(impl(before), base);
  const Tensor now = record_ahead(
      "copy_slices", make_alias(base), {before, out},
      [piece = piece_of(impl(base), t)](const Saved&, const Tensor& g) -> Grads {
        Tensor written = as_strided(g, piece, Location::current());
        return {recorded_difference(g, as_strided_scatter(written, piece, Location::current())), written};
      },
      at_);
  ready(impl(base), now);
  piece_ = out;
}

void InPlace::ready(TensorImpl& moved, const Tensor& out) {
  ready_to_link(moved, out);
  tangents_ = counting_tangents(impl(out));
  for (const Tangent& d : tangents_) note_dual(moved, d);
  if (!tangents_.empty() && !moved.extra) moved.extra = std::make_unique<TensorImpl::Extra>();
  find_circles(moved, impl(out).grad_fn);
  out_ = out;
}

// x.add_(f(x)): the new node of x leads to that of f, which saved x, so that x would hold itself. Only nodes that are
// newer than x's last can have saved it.
void InPlace::find_circles(const TensorImpl& moved, Node* made) {
  if (!made || moved.refs.load(std::memory_order_relaxed) == 1) return;
  const std::uint64_t since = moved.grad_fn ? moved.grad_fn->seq : 0;
  std::vector<Node*> open = {made};
  std::unordered_set<const Node*> seen = {made};
  const auto visit = [&](Node* n) {
    if (n && n->seq > since && seen.insert(n).second) open.push_back(n);
  };
  while (!open.empty()) {
    Node* const n = open.back();
    open.pop_back();
    for (const Edge& e : n->edges()) visit(e.node());
    for (SavedTensor& s : n->saved()) {
      if (!s.impl || s.own_output >= 0) continue;
      if (s.impl == &moved || s.impl->base == &moved)
        circles_.push_back({&s, make_alias_with_tangents(share(s.impl))});
      else
        visit(s.impl->grad_fn);
    }
  }
}

void InPlace::finish() noexcept {
  impl(self_).storage->changed(op_, at_);
  if (!out_.defined()) return;
  rebase();
  const auto keep = [](const Tensor& out, TensorImpl& written) {
    if (const Node* n = impl(out).grad_fn; n && n->extra) keep_written(out, written);
  };
  keep(out_, impl(self_).base ? *impl(self_).base : impl(self_));
  if (piece_.defined()) keep(piece_, impl(self_));
}

void InPlace::rebase() noexcept {
  TensorImpl& t = impl(self_);
  TensorImpl& moved = t.base ? *t.base : t;
  if (impl(out_).grad_fn) {  // otherwise for its tangents alone
    relink(moved, out_);
    moved.grad_fn->outputs()[moved.output_nr].version = moved.storage->version;
  }
  if (moved.has_tangent || !tangents_.empty()) {
    moved.has_tangent = !tangents_.empty();
    moved.extra->tangents = std::move(tangents_);
  }
  for (Circle& c : circles_) {
    forget_saved_of(*c.saved->impl);
    adopt(std::exchange(c.saved->impl, release(std::move(c.apart))));
  }
  circles_.clear();
  ++moved.history;
  if (t.base) t.view_history = moved.history - 1;  // relinked on next use
}

}  // namespace xgrad::detail
