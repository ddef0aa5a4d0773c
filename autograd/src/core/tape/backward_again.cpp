#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/backward_again.hpp>

#include "core/tape/accumulate.hpp"
#include "core/tape/engine.hpp"
#include "core/tape/recorder.hpp"
#include "core/tape/views.hpp"

namespace xgrad::tape {
namespace {

using detail::Edge;
using detail::impl;
using detail::Node;
using detail::Recorded;
using detail::SavedTensor;
using detail::SeenSaved;

const Recorded* recorded(const Node* n) { return n->extra ? n->extra->recorded.get() : nullptr; }

Tensor read_value(Node* n, const Recorded& seen, std::size_t i) {
  const Edge& e = n->all_edges()[i];
  if (!e.node()) return seen.read[i] ? *seen.read[i] : Tensor();
  const Recorded* from = recorded(e.node());
  return from ? from->values[e.number] : Tensor();
}

// What the recorder knows of a saved tensor; undefined when its elements have changed since.
Tensor kept_value(Node* n, const Recorded& seen, const SeenSaved& s) {
  if (s.own >= 0) return seen.values[static_cast<std::size_t>(s.own)];
  if (s.read >= 0) return read_value(n, seen, static_cast<std::size_t>(s.read));
  return impl(s.other).storage->version == n->saved()[s.slot].version ? s.other : Tensor();
}

// While it lives, the node has the saved tensors that it lost, or that were overwritten, as the recorder kept them.
class WithSaved {
 public:
  WithSaved(Node* n, const BackwardAgain::Others& others)
      : node_(n), freed_(n->freed), before_(n->saved().begin(), n->saved().end()) {
    if (const Recorded* seen = recorded(n)) restore(n, *seen);
    if (!others || n->freed) return;
    for (SavedTensor& slot : n->saved())
      if (slot.impl && is_floating(slot.impl->dtype)) put(slot, others(detail::share(slot.impl)));
  }
  ~WithSaved() {
    std::copy(before_.begin(), before_.end(), node_->saved().begin());
    node_->freed = freed_;
  }
  WithSaved(const WithSaved&) = delete;
  WithSaved& operator=(const WithSaved&) = delete;

 private:
  void restore(Node* n, const Recorded& seen) {
    for (const SeenSaved& s : seen.saved) {
      SavedTensor& slot = n->saved()[s.slot];
      if (slot.impl && slot.impl->storage->version == slot.version) continue;
      const Tensor value = kept_value(n, seen, s);
      if (value.defined()) put(slot, value);
    }
    n->freed = false;
  }
  void put(SavedTensor& slot, const Tensor& value) {
    held_.push_back(value);
    slot.impl = detail::handle(value);
    slot.version = slot.impl->storage->version;
  }

  Node* node_;
  bool freed_;
  std::vector<SavedTensor> before_;
  std::vector<Tensor> held_;
};

}  // namespace

struct BackwardAgain::State {
  Tensor root;
  std::vector<Node*> nodes;
};

BackwardAgain::BackwardAgain(const Tensor& root) : state_(std::make_unique<State>()) {
  state_->root = root;
  Node* last = detail::current_node(root);
  if (!last)
    ErrorReport("BackwardAgain", "the tensor is not the result of recorded operations", Location::current())
        .operand("root", root)
        .autograd_error();
  state_->nodes = detail::reachable_nodes(last);
}
BackwardAgain::~BackwardAgain() = default;

std::size_t BackwardAgain::size() const { return state_->nodes.size(); }

std::vector<Tensor> BackwardAgain::run(std::size_t i, const std::vector<Tensor>& grad_outputs,
                                       const Others& others) const {
  Node* n = state_->nodes.at(i);
  if (grad_outputs.size() != n->n_outputs)
    ErrorReport(n->op.name, fmt::format("{} gradients for {} outputs", grad_outputs.size(), n->n_outputs), n->at)
        .value_error();
  const GradModeGuard off(false);
  const WithSaved saved(n, others);
  if (n->freed && n->n_saved) n->already_freed();
  // A second hold on each, so that the formula does not write over them.
  const std::vector<Tensor> grads(grad_outputs);
  Grads in = detail::run_backward_apart(n, grads);
  if (in.size() != n->n_inputs)
    ErrorReport(n->op.name,
                fmt::format("the backward function returned {} gradients for {} inputs", in.size(), n->n_inputs), n->at)
        .autograd_error();
  std::vector<Tensor> sent(n->n_inputs);
  for (std::size_t k = 0; k < sent.size(); ++k) {
    const Edge& e = n->edges()[k];
    if (!e.wants_grad() || !in[k].defined()) continue;
    const detail::TensorImpl* leaf = e.leaf();
    const detail::OutputInfo* output = leaf ? nullptr : &e.node()->outputs()[e.number];
    sent[k] = detail::fit_gradient(in[k], leaf ? leaf->shape : output->shape(), leaf ? leaf->dtype : output->dtype,
                                   n->op.name, n->at);
  }
  return sent;
}

}  // namespace xgrad::tape
