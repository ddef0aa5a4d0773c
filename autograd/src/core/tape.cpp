#include <xgrad/tape.hpp>

#include <algorithm>
#include <unordered_map>

#include "core/node.hpp"

namespace xgrad::tape {
namespace {

using detail::Node;

// Every node the root depends on, inputs before users (creation order).
std::vector<Node*> reachable(Node* root) {
  std::unordered_map<Node*, bool> seen{{root, true}};
  std::vector<Node*> found{root};
  for (std::size_t i = 0; i < found.size(); ++i)
    for (const detail::Edge& e : found[i]->edges())
      if (Node* n = e.target ? e.node() : nullptr; n && seen.try_emplace(n, true).second) found.push_back(n);
  std::stable_sort(found.begin(), found.end(), [](const Node* a, const Node* b) { return a->seq < b->seq; });
  return found;
}

Tensor share(detail::TensorImpl* t) {
  detail::retain(t);
  return Tensor::adopt(t);
}

OpNode describe(Node* n, const std::unordered_map<Node*, std::int64_t>& index) {
  OpNode d;
  d.op = n->op.name;
  d.sequence = n->seq;
  d.at = n->at;
  d.module = n->module;
  d.freed = n->freed;
  for (const detail::Edge& e : n->edges()) {
    Input in;
    if (e.target && e.is_leaf) in.leaf = share(e.leaf());
    else if (e.target) in.node = index.at(e.node()), in.output = e.output_nr;
    d.inputs.push_back(std::move(in));
  }
  for (const detail::OutputInfo& o : n->outputs()) {
    d.shapes.push_back(o.shape());
    d.dtypes.push_back(o.dtype);
  }
  for (const detail::SavedTensor& s : n->saved())
    if (s.impl) d.saved.push_back(share(s.impl));
  if (n->extra) {
    d.values = n->extra->values;
    d.grads = n->extra->grads;
    d.constants = n->extra->constants;
    d.edge_norms = n->extra->edge_norms;
    if (!n->extra->saved_seen.empty()) {
      d.saved.clear();
      for (const Tensor& t : n->extra->saved_seen)
        if (t.defined()) d.saved.push_back(t);
    }
  }
  return d;
}

}  // namespace

Graph collect(const Tensor& root) {
  Graph g;
  if (!root.requires_grad() || !root.impl()->grad_fn) return g;
  const std::vector<Node*> nodes = reachable(root.impl()->grad_fn);
  std::unordered_map<Node*, std::int64_t> index;
  for (Node* n : nodes) index.emplace(n, static_cast<std::int64_t>(index.size()));
  for (Node* n : nodes) g.nodes.push_back(describe(n, index));
  g.root = index.at(root.impl()->grad_fn);
  g.root_output = root.impl()->output_nr;
  return g;
}

}  // namespace xgrad::tape
