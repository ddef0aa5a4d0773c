#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <queue>
#include <unordered_map>
#include <unordered_set>

#include <xgrad/detail/collect_last.hpp>
#include <xgrad/tape.hpp>

#include "core/memory_tracker.hpp"
#include "core/tape/attributes.hpp"
#include "core/tape/node.hpp"
#include "core/tape/recorder.hpp"
#include "core/tape/views.hpp"

namespace xgrad::tape {
namespace {

using detail::Edge;
using detail::impl;
using detail::Node;
using detail::share;
using detail::TensorImpl;

class Collector {
 public:
  explicit Collector(const Tensor& root, std::size_t most = std::numeric_limits<std::size_t>::max())
      : pass_(impl(root).grad_fn->pass) {
    Node* last = impl(root).grad_fn;
    const std::vector<Node*> nodes = last_nodes(last, most);
    for (Node* n : nodes) {
      index_.emplace(n, static_cast<std::int64_t>(index_.size()));
      if (const detail::Recorded* seen = recorded(n))
        for (const auto& [output, t] : seen->plain) plain_.emplace(t, std::pair(index_.at(n), output));
    }
    graph_.nodes.reserve(nodes.size());
    for (Node* n : nodes) graph_.nodes.push_back(describe(n));
    graph_.root = index_.at(last);
    graph_.root_output = impl(root).output_nr;
    graph_.backward_ran = pass_ != 0;
    graph_.root_overwritten = last->outputs()[impl(root).output_nr].version != root.version();
  }
  Graph take() { return std::move(graph_); }
  LastOperations take_last() { return {std::move(graph_), complete_}; }

 private:
  // In the order they were recorded in. All that a node depends on is older than the node.
  std::vector<Node*> last_nodes(Node* root, std::size_t most) {
    const auto older = [](const Node* a, const Node* b) { return a->seq < b->seq; };
    std::priority_queue<Node*, std::vector<Node*>, decltype(older)> next(older);
    std::unordered_set<Node*> seen{root};
    std::vector<Node*> found;
    for (next.push(root); !next.empty() && found.size() < most;) {
      Node* n = next.top();
      next.pop();
      found.push_back(n);
      for (const Edge& e : n->edges())
        if (Node* below = e.node(); below && seen.insert(below).second) next.push(below);
    }
    complete_ = next.empty();
    if (complete_) return detail::reachable_nodes(root);  // nodes of several threads may have equal numbers
    std::ranges::reverse(found);
    return found;
  }
  static detail::Recorded* recorded(Node* n) { return n->extra ? n->extra->recorded.get() : nullptr; }
  // Without a recorder a node remembers the last pass only. One that ran in a later pass than the root's, through
  // another root, took part in that of the root as well.
  bool reached(const Node* n) const { return pass_ && n->pass >= pass_; }

  OpNode describe(Node* n) {
    const detail::Recorded* seen = recorded(n);
    const detail::SeenPass* pass = pass_ && seen ? recorded(n)->in_pass(pass_) : nullptr;
    OpNode d;
    d.op = n->op.name;
    d.sequence = n->seq;
    d.at = n->at;
    d.module = n->module;
    d.freed = n->freed;
    d.reached = pass || (!seen && reached(n));
    d.attributes = detail::attributes_of(*n);
    d.of_library = n->op.kind->of_library;
    d.kept_bytes = n->op.kind->closure_size;
    if (n->op.kind->number_first) d.numbers.push_back(*static_cast<const double*>(n->closure()));
    for (std::size_t i = 0; i < n->n_inputs; ++i) d.inputs.push_back(input(n, i, d.reached, pass));
    for (std::size_t i = 0; i < n->n_data; ++i) d.data.push_back(input(n, n->n_inputs + i, false, nullptr));
    for (const detail::OutputInfo& o : n->outputs()) {
      d.shapes.push_back(o.shape());
      d.dtypes.push_back(o.dtype);
    }
    d.names.resize(n->n_outputs);
    if (n->extra)
      for (const auto& [output, name] : n->extra->names) d.names[output] = name;
    if (seen) d.values = seen->values;
    if (pass) d.grads = pass->grads;
    if (seen)
      describe_recorded(d, *seen, pass);
    else
      describe_saved(n, d);
    return d;
  }

  void describe_recorded(OpNode& d, const detail::Recorded& seen, const detail::SeenPass* pass) const {
    d.constants.resize(d.inputs.size());
    for (std::size_t i = 0; i < d.inputs.size(); ++i)
      if (d.inputs[i].source && !d.inputs[i].leaf.defined()) d.constants[i] = d.inputs[i].source->value;
    d.edge_norms = pass ? pass->norms : std::vector<double>(d.inputs.size(), -1.0);
    for (const detail::SeenSaved& s : seen.saved) {
      d.saved_as.push_back({s.own, s.read});
      d.saved.push_back(s.other.defined() ? s.other
                        : s.own >= 0      ? d.values[static_cast<std::size_t>(s.own)]
                                          : value_of(d, s.read));
    }
  }
  Tensor value_of(const OpNode& d, std::int32_t read) const {
    const auto i = static_cast<std::size_t>(read), n = d.inputs.size();
    const Input& in = i < n ? d.inputs[i] : d.data[i - n];
    if (in.source) return in.source->value;
    if (in.node < 0) return Tensor();
    const std::vector<Tensor>& values = graph_.nodes[static_cast<std::size_t>(in.node)].values;
    return values.empty() ? Tensor() : values[in.output];
  }

  static void describe_saved(Node* n, OpNode& d) {
    for (const detail::SavedTensor& s : n->saved()) {
      if (!s.impl) continue;
      d.saved.push_back(share(s.impl));
      d.saved_as.push_back({s.own_output, s.own_output < 0 ? what_it_read(n, *s.impl) : -1});
    }
  }
  static std::int32_t what_it_read(Node* n, const TensorImpl& t) {
    const std::span<Edge> edges = n->all_edges();
    for (std::size_t i = 0; i < edges.size(); ++i) {
      const Edge& e = edges[i];
      const bool same = e.node() ? e.node() == t.grad_fn && e.number == t.output_nr : e.target == &t;
      if (same) return static_cast<std::int32_t>(i);
    }
    return -1;
  }

  Input input(Node* n, std::size_t i, bool node_reached, const detail::SeenPass* pass) {
    const Edge& e = n->all_edges()[i];
    Input in;
    if (!e.target) return in;
    if (const auto made = plain_.find(e.data()); made != plain_.end() && made->second.first < index_.at(n)) {
      in.node = made->second.first;
      in.output = made->second.second;
      return in;
    }
    if (e.node()) {
      const auto made = index_.find(e.node());
      in.node = made == index_.end() ? kLeftOut : made->second;
      in.output = e.number;
      in.reached = node_reached && reached(e.node());
    } else {
      in.source = source(n, i, pass);
    }
    if (TensorImpl* leaf = e.leaf()) {
      in.leaf = share(leaf);
      in.reached = node_reached && leaf->pass >= pass_;
      if (in.reached && in.source->grad.defined() && leaf->grad_uses == 1 && leaf->pass == pass_ && !has_hooks(*leaf))
        in.norm = norm_of(in.source->grad);
    }
    if (pass) {
      in.norm = pass->norms[i];
      in.reached = !(in.norm < 0);  // NaN flows too
    }
    return in;
  }

  static bool has_hooks(const TensorImpl& leaf) { return leaf.extra && !leaf.extra->hooks.empty(); }
  static double norm_of(const Tensor& g) {
    double sum = 0;
    for (const double v : g.detach().to_vector<double>()) sum += v * v;
    return std::sqrt(sum);
  }

  Source source(Node* n, std::size_t i, const detail::SeenPass* pass) {
    const Edge& e = n->all_edges()[i];
    TensorImpl& t = *static_cast<TensorImpl*>(e.target);
    Source s;
    s.id = ids_.try_emplace({&t, e.number}, ids_.size()).first->second;
    s.name = t.extra ? t.extra->name : "";
    if (s.name.empty() && n->extra)
      for (const auto& [edge, name] : n->extra->base_names)
        if (edge == i) s.name = name + " (view)";
    s.parameter = t.extra && t.extra->parameter;
    s.dtype = t.dtype;
    s.shape = t.shape;
    s.tensor = e.leaf() ? share(&t) : detail::lock_weak(&t);
    if (const detail::Recorded* seen = recorded(n); seen && seen->read[i]) {
      s.value = *seen->read[i];
      s.shape = s.value.shape();
      s.dtype = s.value.dtype();
    } else if (s.tensor.defined()) {
      s.overwritten = s.tensor.version() != e.number;
      if (!s.overwritten) s.value = s.tensor.detach();
    }
    if (e.leaf()) describe_gradient(s, t, pass);
    return s;
  }

  void describe_gradient(Source& s, const TensorImpl& t, const detail::SeenPass* pass) const {
    if (pass) s.grad = pass->leaves->of(&t);
    if (s.grad.defined() || !pass_ || t.pass != pass_ || !t.grad) return;
    s.grad_of_several = t.grad_is != TensorImpl::GradIs::of_pass;
    s.grad_overwritten = !s.grad_of_several && t.grad->storage->version != t.grad_version;
    if (!s.grad_of_several && !s.grad_overwritten) s.grad = share(t.grad).detach();
  }

  std::uint32_t pass_;
  std::unordered_map<Node*, std::int64_t> index_;
  std::unordered_map<const TensorImpl*, std::pair<std::int64_t, std::uint32_t>> plain_;
  std::map<std::pair<const TensorImpl*, std::uint32_t>, std::size_t> ids_;
  Graph graph_;
  bool complete_ = true;
};

}  // namespace

Graph collect(const Tensor& root) {
  if (!root.requires_grad() || !detail::current_node(root)) return {};
  return Collector(root).take();
}

LastOperations collect_last(const Tensor& root, std::size_t most) {
  if (!root.requires_grad() || !detail::current_node(root)) return {};
  return Collector(root, most).take_last();
}

}  // namespace xgrad::tape

namespace xgrad::detail {

std::vector<Node*> reachable_nodes(Node* root) {
  std::unordered_map<Node*, bool> seen{{root, true}};
  std::vector<Node*> found{root};
  for (std::size_t i = 0; i < found.size(); ++i)
    for (const Edge& e : found[i]->edges())
      if (Node* n = e.node(); n && seen.try_emplace(n, true).second) found.push_back(n);
  std::stable_sort(found.begin(), found.end(), [](const Node* a, const Node* b) { return a->seq < b->seq; });
  return found;
}

void mark_parameter(const Tensor& t) {
  TensorImpl& i = impl(t);
  if (!i.extra) i.extra = std::make_unique<TensorImpl::Extra>();
  i.extra->parameter = true;
  note_parameter_memory(i.storage);
}

}  // namespace xgrad::detail
