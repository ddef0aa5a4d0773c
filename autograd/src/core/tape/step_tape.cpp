#include "core/tape/step_tape.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "core/elementwise_loop.hpp"
#include "core/tape/step_leaf.hpp"
#include "core/tape/views.hpp"
#include "core/thread_tape.hpp"

namespace xgrad::detail {
namespace {

bool is_looked_at(const Node& n) {
  return n.extra && (n.extra->looks_at_gradients() || !n.extra->packed.empty() || !n.extra->checksums.empty() ||
                     n.extra->memory_tracked || !n.extra->metadata.empty());
}
bool has_hooks(const Node& n) {
  return n.extra && (!n.extra->hooks.empty() || !n.extra->pre_hooks.empty() || !n.extra->post_hooks.empty() ||
                     !n.extra->packed.empty());
}

bool same_type_and_shape(const OutputInfo& a, const OutputInfo& b) {
  return a.dtype == b.dtype && a.rank == b.rank && std::equal(a.sizes, a.sizes + a.rank, b.sizes);
}

}  // namespace

Tensor without_values(const Shape& shape, DType dtype) {
  const Tensor zero = zeros_raw({}, dtype);
  return make_alias(make_view(zero, shape, Shape(std::vector<std::int64_t>(shape.size(), 0)), impl(zero).offset()));
}

OutsideTensors::OutsideTensors(const char* op, const Location& at)
    : op_(op), at_(at), began_(thread_tape.last_seq), first_leaf_(newest_step_leaf + 1) {}

std::uint32_t OutsideTensors::number_of(const Edge& e) {
  const Target target{e.target, e.node() ? e.number : 0};
  if (const std::uint32_t* known = numbers_.find(target)) return *known;
  if (is_inner(e))
    ErrorReport(op_, fmt::format("step {}: the cell uses a tensor that an earlier step computed or was given", step),
                at_)
        .help("carry it in the state: cell(state, x) gets it from there")
        .autograd_error();
  Tensor t;
  if (Node* n = e.node()) {
    t = without_values(n->outputs()[e.number].shape(), n->outputs()[e.number].dtype);
    retain_node(n);
    impl(t).grad_fn = n;
    impl(t).output_nr = e.number;
  } else {
    t = share(e.leaf());
  }
  tensors_.push_back(t);
  return numbers_.number_of(target, tensors_.size() - 1);
}

bool OutsideTensors::is_inner(const Edge& e) const {
  const auto was_given = [this](const Edge& to) {
    const TensorImpl* t = to.leaf();
    return t && (t->pass == kStepLeaf || t->pass == kPastStepLeaf) &&
           step_number(*t) - first_leaf_ <= newest_step_leaf - first_leaf_;  // numbers may begin again at 0
  };
  if (was_given(e)) return true;
  std::vector<Node*> found;
  const auto visit = [&](const Edge& to) {
    Node* n = to.node();
    if (n && n->seq > began_ && std::ranges::find(found, n) == found.end()) found.push_back(n);
  };
  visit(e);
  for (std::size_t i = 0; i < found.size(); ++i)
    for (const Edge& to : found[i]->edges()) {
      if (was_given(to)) return true;
      visit(to);
    }
  return false;
}

Edge edge_to_result(const Tensor& t) {
  if (!t.defined()) return {};
  TensorImpl& i = impl(t);
  if (Node* n = current_node(t)) return {n, i.output_nr, Edge::To::node};
  return i.requires_grad ? Edge{&i, 0, Edge::To::leaf} : Edge{};
}

StepTape::StepTape(std::uint64_t start, std::vector<Tensor> leaves, std::span<const Edge> roots)
    : start_(start), leaves_(std::move(leaves)), roots_(roots.begin(), roots.end()) {}

// Complete before it collects: what it holds by then is let go when that throws.
StepTape::StepTape(std::uint64_t start, std::vector<Tensor> leaves, std::span<const Edge> roots,
                   OutsideTensors& outside)
    : StepTape(start, std::move(leaves), roots) {
  collect(outside);
}

StepTape::~StepTape() {
  for (Node* n : nodes_) release_node(n);
}

int StepTape::leaf_number(const TensorImpl* t) const {
  for (std::size_t i = 0; i < leaves_.size(); ++i)
    if (handle(leaves_[i]) == t) return static_cast<int>(i);
  return -1;
}

// Every node of the step that a result depends on, newest first, and how they are connected.
void StepTape::collect(OutsideTensors& outside) {
  const auto visit = [&](const Edge& e) {
    Node* n = e.node();
    if (!n || n->seq <= start_) return;
    const std::size_t place = n->seq - start_ - 1;
    if (place >= index_.size()) index_.resize(place + 1, -1);
    if (index_[place] >= 0) return;
    index_[place] = 0;
    nodes_.push_back(n);
    retain_node(n);
  };
  for (const Edge& r : roots_) visit(r);
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    for (const Edge& e : nodes_[i]->edges()) visit(e);
  std::ranges::sort(nodes_, [](const Node* a, const Node* b) { return a->seq > b->seq; });
  for (std::size_t i = 0; i < nodes_.size(); ++i) index_[nodes_[i]->seq - start_ - 1] = static_cast<std::int32_t>(i);

  uses_.resize(nodes_.size());
  for (const Edge& r : roots_) {
    root_wires_.push_back(wire_of(r, outside));
    if (root_wires_.back().to == Wire::To::node) ++uses_[root_wires_.back().index];
  }
  for (Node* n : nodes_) {
    can_be_shared_ &= !is_looked_at(*n) && !n->op.kind->owned;
    has_hooks_ |= xgrad::detail::has_hooks(*n);
    for (const Edge& e : n->edges()) {
      wires_.push_back(wire_of(e, outside));
      if (wires_.back().to == Wire::To::node) ++uses_[wires_.back().index];
    }
    for (const SavedTensor& s : n->saved())
      links_.push_back(s.impl && s.own_output < 0 ? link_of(*s.impl, outside) : Wire());
  }
}

Wire StepTape::wire_of(const Edge& e, OutsideTensors& outside) const {
  if (Node* n = e.node()) {
    if (n->seq > start_) return {Wire::To::node, static_cast<std::uint32_t>(index_[n->seq - start_ - 1]), e.number};
    return {Wire::To::outside, outside.number_of(e)};
  }
  TensorImpl* t = e.leaf();
  if (!t) return {};
  if (const int i = leaf_number(t); i >= 0) return {Wire::To::leaf, static_cast<std::uint32_t>(i)};
  return {Wire::To::outside, outside.number_of(e)};
}

// Of a saved tensor. A node that no result depends on has no place among nodes().
Wire StepTape::link_of(TensorImpl& t, OutsideTensors& outside) const {
  if (Node* n = t.grad_fn; n && n->seq > start_) {
    const std::size_t place = n->seq - start_ - 1;
    if (place >= index_.size() || index_[place] < 0) return {};
    return {Wire::To::node, static_cast<std::uint32_t>(index_[place]), t.output_nr};
  }
  if (t.grad_fn) return {Wire::To::outside, outside.number_of({t.grad_fn, t.output_nr, Edge::To::node})};
  if (!t.requires_grad) return {};
  if (const int i = leaf_number(&t); i >= 0) return {Wire::To::leaf, static_cast<std::uint32_t>(i)};
  return {Wire::To::outside, outside.number_of({&t, 0, Edge::To::leaf})};
}

bool StepTape::same_node(const Node& a, const Node& b) const {
  if (a.op.kind != b.op.kind || a.op.name != b.op.name || a.n_inputs != b.n_inputs || a.n_outputs != b.n_outputs ||
      a.n_saved != b.n_saved || is_looked_at(b))
    return false;
  // Errors of the backward pass name the line.
  if (a.at.line() != b.at.line() || a.at.file_name() != b.at.file_name()) return false;
  const auto of_a = const_cast<Node&>(a).outputs(), of_b = const_cast<Node&>(b).outputs();
  return std::equal(of_a.begin(), of_a.end(), of_b.begin(), same_type_and_shape);
}

bool StepTape::is_repeated_by(std::uint64_t start, std::span<const Edge> roots, std::span<const Tensor> leaves,
                              std::span<const Tensor> outside, std::vector<Node*>& same) const {
  same.assign(nodes_.size(), nullptr);
  const auto is_outside = [&](const Wire& w, const RefCounted* target, std::uint32_t number) {
    const TensorImpl& t = impl(outside[w.index]);
    return t.grad_fn ? target == t.grad_fn && number == t.output_nr : target == &t;
  };
  const auto fits = [&](const Wire& w, const Edge& e) {
    switch (w.to) {
      case Wire::To::nothing:
        return !e.wants_grad();
      case Wire::To::leaf:
        return e.leaf() && e.leaf() == handle(leaves[w.index]);
      case Wire::To::outside:
        return e.wants_grad() && is_outside(w, e.target, e.number);
      default: {
        Node* n = e.node();
        if (!n || n->seq <= start || e.number != w.number) return false;
        Node*& known = same[w.index];
        if (!known) known = n;
        return known == n;
      }
    }
  };
  const auto fits_saved = [&](const Wire& w, const TensorImpl& t) {
    switch (w.to) {
      case Wire::To::nothing:
        return !t.requires_grad && (!t.grad_fn || t.grad_fn->seq > start);
      case Wire::To::leaf:
        return &t == handle(leaves[w.index]);
      case Wire::To::outside:
        return is_outside(w, t.grad_fn ? static_cast<const RefCounted*>(t.grad_fn) : &t, t.output_nr);
      default:
        return t.grad_fn && t.grad_fn == same[w.index] && t.output_nr == w.number;
    }
  };
  if (roots.size() != roots_.size()) return false;
  for (std::size_t i = 0; i < roots.size(); ++i)
    if (!fits(root_wires_[i], roots[i])) return false;
  const Wire* wire = wires_.data();
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    Node* n = same[i];
    if (!n || !same_node(*nodes_[i], *n)) return false;
    for (const Edge& e : n->edges())
      if (!fits(*wire++, e)) return false;
  }
  const Wire* link = links_.data();
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    for (std::size_t k = 0; k < nodes_[i]->n_saved; ++k, ++link) {
      const SavedTensor& s = same[i]->saved()[k];
      if (s.own_output != nodes_[i]->saved()[k].own_output) return false;
      if (s.impl && s.own_output < 0 && !fits_saved(*link, *s.impl)) return false;
    }
  return true;
}

namespace {

// What saved tensors hold of the graph, taken from them; given back unless the step is complete.
class TakenLinks {
 public:
  struct Taken {
    TensorImpl* of;
    Node* grad_fn;
    TensorImpl* base;
  };
  TakenLinks() = default;
  TakenLinks(const TakenLinks&) = delete;
  TakenLinks& operator=(const TakenLinks&) = delete;
  ~TakenLinks() {
    for (const Taken& t : taken_) {
      t.of->grad_fn = t.grad_fn;
      t.of->base = t.base;
    }
  }
  void take(TensorImpl* t) {
    taken_.push_back({t, std::exchange(t->grad_fn, nullptr), std::exchange(t->base, nullptr)});
  }
  void let_go() {
    for (const Taken& t : std::exchange(taken_, {})) {
      if (t.grad_fn) release_node(t.grad_fn);
      if (t.base) adopt(t.base);
    }
  }

 private:
  std::vector<Taken> taken_;
};

}  // namespace

bool StepTape::take_saved(std::span<Node* const> same, int holds, std::vector<SavedTensor>& values) const {
  // Who holds a tensor of this step that more than one saved tensor is, or that saved tensors are views of.
  std::vector<TensorImpl*> held;
  std::vector<std::uint32_t> expected(uses_);
  TakenLinks links;
  const auto number_of = [&](const Node* n) {
    return static_cast<std::size_t>(std::find(same.begin(), same.end(), n) - same.begin());
  };
  const Wire* link = links_.data();
  for (Node* n : same)
    for (const SavedTensor& s : n->saved()) {
      const Wire& w = *link++;
      if (!s.impl || w.to != Wire::To::node) continue;
      if (s.impl->refs.load(std::memory_order_relaxed) == 1 && !s.impl->base) {
        ++expected[w.index];
        links.take(s.impl);
      } else {
        held.push_back(s.impl);
      }
    }
  if (!held.empty()) {
    std::ranges::sort(held);
    const std::size_t n_saved = static_cast<std::size_t>(std::unique(held.begin(), held.end()) - held.begin());
    // With how often each is held by this step.
    std::vector<std::pair<TensorImpl*, int>> counts;
    for (std::size_t i = 0; i < n_saved; ++i) counts.emplace_back(held[i], 0);
    const auto count = [&](TensorImpl* t) {
      for (auto& [of, times] : counts)
        if (of == t) return void(++times);
      counts.emplace_back(t, 1);
    };
    for (Node* n : same)
      for (const SavedTensor& s : n->saved())
        if (s.impl && std::binary_search(held.begin(), held.begin() + static_cast<std::ptrdiff_t>(n_saved), s.impl))
          count(s.impl);
    for (std::size_t i = 0; i < n_saved; ++i)
      if (held[i]->base) count(held[i]->base);
    for (const auto& [t, times] : counts) {
      const std::size_t at = t->grad_fn ? number_of(t->grad_fn) : same.size();
      if (at == same.size()) continue;  // not of this step
      if (t->refs.load(std::memory_order_relaxed) != static_cast<std::uint32_t>(times)) return false;
      ++expected[at];
    }
    for (std::size_t i = 0; i < n_saved; ++i) links.take(held[i]);
  }
  for (std::size_t i = 0; i < same.size(); ++i)
    if (same[i]->refs.load(std::memory_order_relaxed) != expected[i] + static_cast<std::uint32_t>(holds)) return false;
  if (const std::size_t needed = values.size() + links_.size(); needed > values.capacity()) values.reserve(2 * needed);
  for (Node* n : same)
    for (SavedTensor& s : n->saved()) {
      values.push_back(s);
      s.impl = nullptr;
    }
  links.let_go();
  return true;
}

std::vector<std::byte> StepTape::other_closures(std::span<Node* const> same) const {
  bool differ = false;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < same.size(); ++i) {
    const std::size_t size = nodes_[i]->op.kind->closure_size;
    differ |= size && std::memcmp(nodes_[i]->closure(), same[i]->closure(), size) != 0;
    bytes += size;
  }
  std::vector<std::byte> all;
  if (!differ) return all;
  all.reserve(bytes);
  for (Node* n : same) {
    const auto* from = static_cast<const std::byte*>(n->closure());
    all.insert(all.end(), from, from + n->op.kind->closure_size);
  }
  return all;
}

}  // namespace xgrad::detail
