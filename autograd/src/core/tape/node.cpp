#include "core/tape/node.hpp"

#include <filesystem>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/record.hpp>

#include "core/held.hpp"
#include "core/rematerialize.hpp"
#include "core/tape/forward.hpp"
#include "core/tape/owned_backward.hpp"
#include "core/tape/record.hpp"

namespace xgrad::detail {

void name_output(Node& n, std::uint32_t output, const std::string& name) {
  auto& names = n.get_extra().names;
  std::erase_if(names, [output](const auto& known) { return known.first == output; });
  if (!name.empty()) names.emplace_back(output, name);
}

Grads run_owned_backward(const void* closure, const Saved& saved, std::span<const Tensor> grad_outputs) {
  return (*static_cast<OwnedBackward* const*>(closure))->run(saved, grad_outputs);
}

namespace {

constexpr BackwardKind owned_kind(bool once) {
  return {&run_owned_backward, sizeof(OwnedBackward*), once, false, false, true, nullptr};
}
constexpr BackwardKind kOwned = owned_kind(false), kOwnedOnce = owned_kind(true);

}  // namespace

const BackwardKind& owned_backward(bool once_differentiable) { return once_differentiable ? kOwnedOnce : kOwned; }

namespace {

void release_edge(const Edge& e) noexcept {
  if (TensorImpl* t = e.leaf())
    adopt(t);
  else if (Node* n = e.node())
    release_node(n);
  else if (TensorImpl* d = e.data())
    release_weak(d);
}

void destroy_node(Node* n) noexcept {
  if (n->extra) {
    for (auto& r : n->extra->retain) r.second->retains_grad = false;
    if (n->extra->memory_tracked) count_saved(*n, false);
  }
  n->extra.reset();  // what was recorded of inputs goes before the hold on them
  for (const Edge& e : n->all_edges()) release_edge(e);
  n->free_saved();
  if (n->op.kind && n->op.kind->owned) delete *static_cast<OwnedBackward**>(n->closure());
  for (OutputInfo& o : n->outputs()) o.~OutputInfo();
  const std::size_t bytes = n->bytes;
  n->~Node();
  pool_release(n, bytes);
}

}  // namespace

// Releasing a node may release its inputs' nodes in turn; a work list instead of recursion, so that a chain of a
// million nodes does not overflow the stack. The list goes through the nodes themselves: there may be no memory.
void release_node(Node* n) noexcept {
  if (!count_down(n->refs)) return;
  [[gnu::tls_model("initial-exec")]] thread_local Node* waiting = nullptr;
  [[gnu::tls_model("initial-exec")]] thread_local bool busy = false;
  n->next_dead = waiting;
  waiting = n;
  if (busy) return;
  busy = true;
  while (Node* dead = waiting) {
    waiting = dead->next_dead;
    destroy_node(dead);
  }
  busy = false;
}

namespace {
[[gnu::cold, gnu::noinline]] void free_packed(Node& n) {
  if (n.extra->memory_tracked) count_saved(n, false);
  n.extra->packed.clear();
}
}  // namespace

void Node::free_saved() {
  if (extra) [[unlikely]]
    free_packed(*this);
  for (SavedTensor& s : saved()) {
    if (!s.impl) continue;
    forget_saved_of(*s.impl);
    adopt(std::exchange(s.impl, nullptr));
  }
}

void Node::already_freed() const {
  ErrorReport(op.name, "graph already freed; pass retain_graph = true to the first backward to run it twice", at)
      .help("a state that is carried from step to step is detached first: state = state.detach()")
      .autograd_error();
}

Tensor Node::unpack(std::size_t i) {
  const SavedTensor& s = saved()[i];
  if (!s.impl) {
    if (extra && i < extra->packed.size() && extra->packed[i]) return unpack_by_hook(i);
    if (freed) already_freed();
    return Tensor();
  }
  const Storage& st = *s.impl->storage;
  if (st.version != s.version)
    ErrorReport(op.name,
                fmt::format("a value saved for backward was overwritten by {} (version {}, expected {})",
                            st.changed_by ? st.changed_by : "an in-place operation", st.version, s.version),
                at)
        .line("saved", fmt::format("{} {}", short_name(s.impl->dtype), to_string(s.impl->shape)))
        .line("changed", st.changed_by
                             ? fmt::format("{} called at {}:{}", st.changed_by,
                                           std::filesystem::path(st.changed_at.file_name()).filename().string(),
                                           st.changed_at.line())
                             : std::string("(place unknown)"))
        .help("use the out-of-place operation, or clone() the tensor before changing it")
        .autograd_error();
  if (extra && !extra->checksums.empty()) check_unchanged(i);
  if (s.impl->storage->owner) [[unlikely]]
    use_on_this_thread(*s.impl->storage);
  Tensor t = share(s.impl);
  return s.own_output >= 0 && grad_enabled() ? own_result(t, static_cast<std::uint32_t>(s.own_output)) : t;
}

Tensor Node::unpack_by_hook(std::size_t i) {
  const std::int32_t own = saved()[i].own_output;
  const Tensor t = extra->packed[i].unpack(own < 0 && grad_enabled(), op.name, at);
  return own >= 0 && grad_enabled() ? own_result(t, static_cast<std::uint32_t>(own)) : t;
}

// t as the output of this node, so that its derivative can be taken again.
Tensor Node::own_result(const Tensor& t, std::uint32_t output) {
  Tensor linked = impl(t).has_tangent ? make_alias_with_tangents(t) : make_alias(t);
  retain_node(this);
  impl(linked).grad_fn = this;
  impl(linked).output_nr = output;
  return linked;
}

}  // namespace xgrad::detail

namespace xgrad {

Tensor Saved::operator[](std::size_t i) const { return node_->unpack(i); }
bool Saved::needs(std::size_t i) const { return node_->edges()[i].to >= detail::Edge::To::tangent; }

}  // namespace xgrad
