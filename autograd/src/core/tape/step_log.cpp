#include "core/tape/step_log.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/record.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/accumulate.hpp"
#include "core/tape/forward.hpp"
#include "core/tape/owned_backward.hpp"
#include "core/tape/record.hpp"
#include "core/tape/step_leaf.hpp"
#include "core/tape/step_tape.hpp"
#include "core/thread_tape.hpp"

namespace xgrad::detail {
namespace {

// t as another result's place on the tape.
Tensor placed(const Tensor& values, const Tensor& as) {
  Tensor t = make_alias(values);
  if (!as.defined()) return t;
  if (Node* n = impl(as).grad_fn) {
    retain_node(n);
    impl(t).grad_fn = n;
    impl(t).output_nr = impl(as).output_nr;
    return t;
  }
  return impl(as).requires_grad ? as : t;
}

bool has_hooks(std::span<const Tensor> leaves) {
  return std::ranges::any_of(leaves, [](const Tensor& x) { return impl(x).extra && !impl(x).extra->hooks.empty(); });
}
// What the hooks of a leaf make of its gradient.
Tensor after_hooks(const Tensor& leaf, Tensor g, const Location& at) {
  const TensorImpl& t = impl(leaf);
  if (!t.extra) return g;
  for (const auto& hook : t.extra->hooks.all())
    if (Tensor r = hook(g); r.defined()) g = fit_gradient(std::move(r), t.shape, t.dtype, "hook", at);
  return g;
}

// The backward function of a node that stays where it is, for its copy.
class BackwardOf : public OwnedBackward {
 public:
  explicit BackwardOf(Node* of) : of_(of) {
    retain_node(of);
    (*static_cast<OwnedBackward**>(of->closure()))->shared = true;
  }
  ~BackwardOf() override { release_node(of_); }
  Grads run(const Saved& saved, std::span<const Tensor> grad_outputs) override {
    return of_->op.kind->run(of_->closure(), saved, grad_outputs);
  }

 private:
  Node* of_;
};

}  // namespace

constinit thread_local std::uint32_t newest_step_leaf = 0;

void refuse_step_leaf(const char* op, const Tensor& leaf, const Location& at) {
  ErrorReport(op, "a tensor that was computed inside a scan is differentiated outside of it", at)
      .operand("given to the step", leaf)
      .help("return it from the cell, as a part of the state or of the output")
      .autograd_error();
}

// What a step had saved, in the nodes of its tape.
class StepLog::Installed {
 public:
  Installed(StepLog& log, std::size_t t) : log_(log), step_(log.steps_[t]) { exchange(); }
  ~Installed() { exchange(); }
  Installed(const Installed&) = delete;
  Installed& operator=(const Installed&) = delete;

 private:
  void exchange() {
    if (step_.first == kOwn) return;
    SavedTensor* value = log_.saved_.data() + step_.first;
    std::byte* numbers = step_.closures.data();
    for (Node* n : step_.tape->nodes()) {
      for (SavedTensor& s : n->saved()) {
        std::swap(s.impl, value->impl);
        std::swap(s.version, value->version);
        ++value;
      }
      if (step_.closures.empty()) continue;
      const std::size_t size = n->op.kind->closure_size;
      std::swap_ranges(numbers, numbers + size, static_cast<std::byte*>(n->closure()));
      numbers += size;
    }
  }

  StepLog& log_;
  Step& step_;
};

StepLog::StepLog(const char* op, const Location& at) : at_(at), op_(op), outside_(op, at) {}

StepLog::~StepLog() {
  for (std::size_t t = 0; t < steps_.size(); ++t) forget(t);
}

void StepLog::begin() {
  leaves_.clear();
  step_began_ = thread_tape.last_seq;
}

Tensor StepLog::leaf(Tensor x, bool wanted) {
  TensorImpl& t = impl(x);
  t.requires_grad = wanted;
  t.pass = kStepLeaf;
  t.grad_version = ++newest_step_leaf;
  leaves_.push_back(x);
  return x;
}

// The step's nodes have the references that StepTape::take_saved() counts: `results` hold them no more.
void StepLog::end(std::span<Tensor> results) {
  struct Held {
    std::vector<Edge> edges;
    ~Held() {
      for (const Edge& e : edges)
        if (Node* n = e.node()) release_node(n);
    }
  } roots;
  std::vector<Tensor> leaf_results;  // which an edge does not hold
  for (Tensor& r : results) {
    roots.edges.push_back(edge_to_result(r));
    if (Node* n = roots.edges.back().node()) retain_node(n);
    if (roots.edges.back().leaf()) leaf_results.push_back(r);
    r = make_alias(r);
  }
  for (const Tensor& x : leaves_) impl(x).pass = kPastStepLeaf;
  outside_.step = steps_.size();
  if (!has_hooks(leaves_) && repeats_last_tape(roots.edges)) return;
  auto tape = std::make_shared<StepTape>(step_began_, leaves_, roots.edges, outside_);
  Step step{tape, kOwn, {}};
  const std::size_t first = saved_.size();
  if (tape->can_be_shared() && !has_hooks(leaves_) && tape->take_saved(tape->nodes(), 1, saved_)) {
    step.first = first;
    shared_ = tape;
  }
  steps_.push_back(std::move(step));
}

bool StepLog::repeats_last_tape(std::span<const Edge> roots) {
  if (!shared_ || !shared_->is_repeated_by(step_began_, roots, leaves_, outside_.tensors(), same_)) return false;
  Step step{shared_, saved_.size(), shared_->other_closures(same_)};
  steps_.reserve(steps_.size() == steps_.capacity() ? 2 * steps_.size() + 4 : 0);
  if (!shared_->take_saved(same_, 0, saved_)) return false;
  steps_.push_back(std::move(step));
  return true;
}

bool StepLog::takes_gradient(std::size_t t, std::size_t i) const { return steps_[t].tape->roots()[i].wants_grad(); }

void StepLog::run(PrivatePass& pass, std::size_t t, std::span<Tensor> seeds, std::span<Tensor> of_leaves) {
  const StepTape& tape = *steps_[t].tape;
  const Installed values(*this, t);
  pass.run(tape.roots(), seeds, tape.start());
  for (std::size_t i = 0; i < of_leaves.size(); ++i) {
    Tensor g = pass.take({handle(tape.leaves()[i])});
    of_leaves[i] = g.defined() ? after_hooks(tape.leaves()[i], std::move(g), at_) : g;
  }
}

Tensor StepLog::take_outside(PrivatePass& pass, std::size_t i) const {
  const TensorImpl& t = impl(outside()[i]);
  if (t.grad_fn) return pass.take({t.grad_fn, t.output_nr});
  return pass.take({handle(outside()[i])});
}

void StepLog::forget(std::size_t t) {
  Step& step = steps_[t];
  if (step.first != kOwn && step.tape)
    for (std::size_t i = 0; i < step.tape->saved_count(); ++i)
      if (TensorImpl* of = std::exchange(saved_[step.first + i].impl, nullptr)) adopt(of);
  step.tape.reset();
}

namespace {

// Records the nodes of a tape once more, oldest first.
class Rerun {
 public:
  Rerun(const StepTape& tape, std::span<const Tensor> given, std::span<const Tensor> outside)
      : tape_(tape), given_(given), outside_(outside), results_(tape.nodes().size()) {
    std::size_t wires = 0, links = 0;
    for (Node* n : tape.nodes()) {
      first_wire_.push_back(wires);
      first_link_.push_back(links);
      wires += n->n_inputs;
      links += n->n_saved;
    }
  }
  void record(std::size_t i) {
    Node* n = tape_.nodes()[i];
    std::vector<Tensor> values, inputs, saved;
    {
      const GradModeGuard off(false);  // saved tensors without their places
      for (std::size_t k = 0; k < n->n_saved; ++k) values.push_back(n->unpack(k));
    }
    std::vector<Tensor>& outputs = results_[i];
    for (const OutputInfo& o : n->outputs()) outputs.push_back(without_values(o.shape(), o.dtype));
    for (std::size_t k = 0; k < n->n_saved; ++k)
      if (const std::int32_t own = n->saved()[k].own_output; own >= 0 && values[k].defined())
        outputs[static_cast<std::size_t>(own)] = make_alias(values[k]);
    for (std::size_t k = 0; k < n->n_inputs; ++k) inputs.push_back(at(tape_.wires()[first_wire_[i] + k]));
    for (std::size_t k = 0; k < n->n_saved; ++k) {
      const std::int32_t own = n->saved()[k].own_output;
      if (!values[k].defined() || own >= 0)
        saved.push_back(values[k].defined() ? outputs[static_cast<std::size_t>(own)] : Tensor());
      else
        saved.push_back(placed(values[k], at(tape_.links()[first_link_[i] + k])));
    }
    put_on_tape(n, outputs, inputs, saved);
  }
  Tensor at(const Wire& w) const {
    switch (w.to) {
      case Wire::To::node:
        return results_[w.index][w.number];
      case Wire::To::leaf:
        return given_[w.index];
      case Wire::To::outside:
        return outside_[w.index];
      default:
        return Tensor();
    }
  }

 private:
  static void put_on_tape(Node* n, std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs,
                          const std::vector<Tensor>& saved) {
    if (!needs_tape(inputs)) return;
    const RecordFor place(n);
    if (!n->op.kind->owned) {
      record_node(n->op, outputs, inputs, saved, n->closure(), n->at);
    } else {
      auto copy = std::make_unique<BackwardOf>(n);
      OwnedBackward* owned = copy.get();
      const OpInfo op{n->op.name, &owned_backward(n->op.kind->once_differentiable)};
      if (record_node(op, outputs, inputs, saved, &owned, n->at)) copy.release();
    }
    // The node's first reference is output 0's, which is not on it when it is an integer.
    if (is_floating(impl(outputs[0]).dtype)) return;
    for (const Tensor& y : outputs)
      if (Node* made = impl(y).grad_fn) return release_node(made);
  }

  const StepTape& tape_;
  std::span<const Tensor> given_, outside_;
  std::vector<std::size_t> first_wire_, first_link_;
  std::vector<std::vector<Tensor>> results_;
};

}  // namespace

std::vector<Tensor> StepLog::record_again(std::size_t t, std::span<const Tensor> given,
                                          std::span<const Tensor> outside) {
  const StepTape& tape = *steps_[t].tape;
  if (tape.has_hooks() || has_hooks(tape.leaves()))
    ErrorReport(op_, fmt::format("step {} has hooks or a checkpoint: its derivative cannot be recorded", t), at_)
        .help("use these outside of the cell (checkpoint() around scan()), or write the loop out")
        .autograd_error();
  const Installed values(*this, t);
  Rerun again(tape, given, outside);
  for (std::size_t i = tape.nodes().size(); i-- > 0;) again.record(i);
  std::vector<Tensor> results;
  for (const Wire& w : tape.root_wires()) results.push_back(again.at(w));
  return results;
}

}  // namespace xgrad::detail
