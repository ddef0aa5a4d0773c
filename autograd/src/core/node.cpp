#include "core/node.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include <filesystem>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/tape.hpp>

#include "core/checksum.hpp"
#include "core/elementwise_loop.hpp"
#include "core/overlap.hpp"
#include "core/owned_backward.hpp"
#include "core/recorder.hpp"

namespace xgrad::detail {
namespace {

struct Recording {
  bool kept = false;  // a TapeRecorder lives
  // Creation numbers increase along every edge, also when a graph is built by several threads in turn.
  std::uint64_t last_seq = 0;
  const Node* on_behalf_of = nullptr;
};
constinit thread_local Recording recording;

// Field by field: a whole Edge that is copied and read again at once waits for its bytes to reach the cache.
void set_edge(Edge& e, RefCounted* target, std::uint32_t number, Edge::To to) {
  e.target = target;
  e.number = number;
  e.to = to;
}

void connect_data(Edge& e, const Tensor& x) {
  if (!x.defined()) return;
  TensorImpl& t = impl(x);
  retain_weak(&t);
  set_edge(e, &t, t.storage->version, Edge::To::data);
}

// seq: at least that of the node x comes from.
void connect(Edge& e, const Tensor& x, std::uint64_t& seq) {
  if (!x.defined() || !wants_grad(x)) return connect_data(e, x);
  TensorImpl& t = impl(x);
  if (Node* from = t.grad_fn) {
    retain_node(from);
    seq = std::max(seq, from->seq);
    set_edge(e, reinterpret_cast<RefCounted*>(from), t.output_nr, Edge::To::node);
  } else {
    retain(&t);
    set_edge(e, &t, t.storage->version, Edge::To::leaf);
  }
}

void release_edge(const Edge& e) noexcept {
  if (TensorImpl* t = e.leaf()) Tensor::adopt(t);
  else if (Node* n = e.node()) release_node(n);
  else if (TensorImpl* d = e.data()) release_weak(d);
}

std::size_t block_bytes(std::size_t edges, std::size_t outputs, std::size_t saved, std::size_t dims,
                        std::size_t closure) {
  const std::size_t head =
      sizeof(Node) + edges * sizeof(Edge) + outputs * sizeof(OutputInfo) + saved * sizeof(SavedTensor);
  return (head + 15) / 16 * 16 + (closure + 7) / 8 * 8 + dims * sizeof(std::int64_t);
}

// Whether the program may write to the memory of the saved tensor.
bool save(SavedTensor& slot, const Tensor& t, std::span<Tensor> outputs) {
  if (!t.defined()) return false;
  for (std::size_t k = 0; k < outputs.size(); ++k)
    // Without its grad_fn: a node that owned its own output would never die.
    if (outputs[k].is_same(t) && is_floating(impl(t).dtype)) {
      slot.impl = make_alias(t).release();
      slot.own_output = static_cast<std::int32_t>(k);
      slot.version = slot.impl->storage->version;
      return slot.impl->storage->is_shared();
    }
  retain(t.impl());
  slot.impl = t.impl();
  const Storage& st = *t.impl()->storage;
  slot.version = st.version;
  return st.is_shared();
}

}  // namespace

void name_output(Node& n, std::uint32_t output, const std::string& name) {
  auto& names = n.get_extra().names;
  std::erase_if(names, [output](const auto& known) { return known.first == output; });
  if (!name.empty()) names.emplace_back(output, name);
}

RecordFor::RecordFor(const Node* of) : previous_(std::exchange(recording.on_behalf_of, of)) {}
RecordFor::~RecordFor() { recording.on_behalf_of = previous_; }

Grads run_owned_backward(const void* closure, const Saved& saved, std::span<const Tensor> grad_outputs) {
  return (*static_cast<OwnedBackward* const*>(closure))->run(saved, grad_outputs);
}

bool needs_tape(const TensorRefs& inputs) {
  if (!grad_enabled()) return false;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (inputs[i].defined() && wants_grad(inputs[i])) return true;
  return false;
}

namespace {

// Inlined into both functions: most operations read nothing but their inputs.
[[gnu::always_inline]] inline void record_into_tape(const TensorRefs& data, const OpInfo& op, std::span<Tensor> outputs,
                                                    const TensorRefs& inputs, const TensorRefs& saved,
                                                    const void* closure, const Location& at) {
  std::size_t dims = 0;
  for (const Tensor& o : outputs) dims += static_cast<std::size_t>(o.impl()->shape.rank());
  const std::size_t edges = inputs.size() + data.size();
  const std::size_t bytes = block_bytes(edges, outputs.size(), saved.size(), dims, op.closure_size);
  Node* n = new (pool_allocate(bytes)) Node;
  n->bytes = static_cast<std::uint32_t>(bytes);
  n->n_inputs = static_cast<std::uint32_t>(inputs.size());
  n->n_outputs = static_cast<std::uint32_t>(outputs.size());
  n->n_saved = static_cast<std::uint16_t>(saved.size());
  n->n_data = static_cast<std::uint8_t>(data.size());
  n->op = op;
  Recording& state = recording;
  const Node* of = state.on_behalf_of;
  n->at = of ? of->at : at;
  n->module = current_module();  // a derivative is no call of the module whose operation it derives
  std::memcpy(n->closure(), closure, op.closure_size);
  for (Edge& e : n->all_edges()) new (&e) Edge;
  for (SavedTensor& s : n->saved()) new (&s) SavedTensor;
  auto* sizes = reinterpret_cast<std::int64_t*>(reinterpret_cast<char*>(n) + bytes) - dims;
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    TensorImpl& t = impl(outputs[k]);
    std::copy(t.shape.begin(), t.shape.end(), sizes);
    new (&n->outputs()[k]) OutputInfo{Tensor(), sizes, t.dtype, static_cast<std::uint8_t>(t.shape.rank()),
                                       t.storage->version};
    sizes += t.shape.rank();
  }

  // From here on something may throw; the outputs come last, so that none of them is left on a node that is gone.
  struct Unfinished {
    Node* n;
    ~Unfinished() {
      if (!n) return;
      n->op.backward = nullptr;  // what the closure owns is still the caller's
      release_node(n);
    }
  } unfinished{n};
  std::uint64_t seq = state.last_seq;
  for (std::size_t i = 0; i < inputs.size(); ++i) connect(n->edges()[i], inputs[i], seq);
  n->seq = state.last_seq = seq + 1;
  for (std::size_t i = 0; i < data.size(); ++i) connect_data(n->data()[i], data[i]);
  bool shared = false;
  for (std::size_t i = 0; i < saved.size(); ++i) shared |= save(n->saved()[i], saved[i], outputs);
  if (shared && anomaly_enabled()) keep_checksums(n);
  if (state.kept) n->get_extra().recorded = keep_for_pictures(*n, outputs, inputs, data, saved);
  unfinished.n = nullptr;

  for (std::size_t k = 0; k < outputs.size(); ++k) {
    TensorImpl& t = impl(outputs[k]);
    if (!is_floating(t.dtype)) continue;  // index outputs carry no gradient
    if (k) retain_node(n);
    t.grad_fn = n;
    t.output_nr = static_cast<std::uint32_t>(k);
  }
}

}  // namespace

void record_node(const OpInfo& op, std::span<Tensor> outputs, const TensorRefs& inputs, const TensorRefs& saved,
                 const void* closure, const Location& at) {
  record_into_tape({}, op, outputs, inputs, saved, closure, at);
}
void record_node_reading(const TensorRefs& data, const OpInfo& op, std::span<Tensor> outputs, const TensorRefs& inputs,
                         const TensorRefs& saved, const void* closure, const Location& at) {
  record_into_tape(data, op, outputs, inputs, saved, closure, at);
}

namespace {

void destroy_node(Node* n) noexcept {
  if (n->extra)
    for (auto& r : n->extra->retain) r.second->retains_grad = false;
  n->extra.reset();  // what was recorded of inputs goes before the hold on them
  for (const Edge& e : n->all_edges()) release_edge(e);
  n->free_saved();
  if (n->op.backward == &run_owned_backward) delete *static_cast<OwnedBackward**>(n->closure());
  for (OutputInfo& o : n->outputs()) o.~OutputInfo();
  const std::size_t bytes = n->bytes;
  n->~Node();
  pool_release(n, bytes);
}

}  // namespace

// Releasing a node may release its inputs' nodes in turn; a work list instead of recursion, so that a chain of a
// million nodes does not overflow the stack. The list goes through the nodes themselves: there may be no memory.
void release_node(Node* n) noexcept {
  if (n->refs.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  thread_local Node* waiting = nullptr;
  thread_local bool busy = false;
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

void Node::free_saved() {
  for (SavedTensor& s : saved())
    if (s.impl) Tensor::adopt(std::exchange(s.impl, nullptr));
}

Tensor Node::unpack(std::size_t i) {
  const SavedTensor& s = saved()[i];
  if (!s.impl) {
    if (freed)
      ErrorReport(op.name, "graph already freed; pass retain_graph = true to the first backward to run it twice", at)
          .autograd_error();
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
  retain(s.impl);
  Tensor t = Tensor::adopt(s.impl);
  if (s.own_output >= 0 && grad_enabled()) {  // relink to this node, so that its derivative can be taken again
    Tensor linked = make_alias(t);
    retain_node(this);
    linked.impl()->grad_fn = this;
    linked.impl()->output_nr = static_cast<std::uint32_t>(s.own_output);
    return linked;
  }
  return t;
}

// ---- views and in-place changes ----
namespace {

// A piece of a base: both geometries in the memory of the base, whose own elements need not be contiguous.
struct Geometry {
  Shape shape, strides;
  std::int64_t offset;  // relative to the base's first element
  Shape base_shape, base_strides;
};

Geometry piece_of(const TensorImpl& base, const TensorImpl& t) {
  return {t.shape, t.strides, t.offset() - base.offset(), base.shape, base.strides};
}

// Fresh memory for a base, holes included, as a 1-D tensor.
Tensor room_for(const Geometry& geo, DType dtype) {
  std::int64_t last = 0;
  for (int i = 0; i < geo.base_shape.rank(); ++i) last += (geo.base_shape[i] - 1) * geo.base_strides[i];
  return make_tensor({geo.base_shape.numel() == 0 ? 0 : last + 1}, dtype);
}

Tensor as_strided_scatter(const Tensor& v, const Geometry& geo, const Location& at);

// A piece of `base`, as a differentiable operation.
Tensor as_strided(const Tensor& base, const Geometry& geo, const Location& at) {
  Tensor y;
  if (impl(base).strides == geo.base_strides) {
    y = make_view(base, geo.shape, geo.strides, impl(base).offset() + geo.offset);
  } else {  // a gradient, in another layout than the base
    const Tensor room = room_for(geo, impl(base).dtype);
    Tensor same = make_view(room, geo.base_shape, geo.base_strides, 0);
    copy_raw(same, base);
    y = make_view(room, geo.shape, geo.strides, geo.offset);
  }
  return record(
      "as_strided", y, {base}, {},
      [geo](const Saved&, const Tensor& g) -> Grads { return {as_strided_scatter(g, geo, Location::current())}; }, at);
}

// Zeros of the base's shape with v added at the piece (added: a piece with stride 0 overlaps itself).
Tensor as_strided_scatter(const Tensor& v, const Geometry& geo, const Location& at) {
  Tensor room = room_for(geo, v.dtype());
  fill_raw(room, Scalar(0));
  Shape folded = geo.shape;
  for (int i = 0; i < folded.rank(); ++i)
    if (geo.strides[i] == 0) folded[i] = std::min<std::int64_t>(folded[i], 1);
  {
    NoGradGuard off;
    Tensor target = make_view(room, folded, geo.strides, geo.offset);
    add_raw(target, sum_to(v, folded));
  }
  const Tensor out = make_alias(make_view(room, geo.base_shape, geo.base_strides, 0));
  return record(
      "as_strided_scatter", out, {v}, {},
      [geo](const Saved&, const Tensor& g) -> Grads { return {as_strided(g, geo, Location::current())}; }, at);
}

// Room for what relink() adds, and the name.
void ready_to_link(const TensorImpl& t, const Tensor& source) {
  Node* node = source.impl()->grad_fn;
  if (node && t.extra && !t.extra->name.empty()) name_output(*node, source.impl()->output_nr, t.extra->name);
  if (!t.retains_grad || !node) return;
  auto& retain = node->get_extra().retain;
  retain.reserve(retain.size() + 1);
}

// Puts t on the node of source, for which it is ready.
void relink(TensorImpl& t, const Tensor& source) noexcept {
  Node* node = source.impl()->grad_fn;
  if (node) retain_node(node);
  const bool retains = std::exchange(t.retains_grad, false);
  if (t.grad_fn) {
    if (retains) std::erase_if(t.grad_fn->extra->retain, [&t](const auto& r) { return r.second == &t; });
    release_node(t.grad_fn);
  }
  t.grad_fn = node;
  t.output_nr = source.impl()->output_nr;
  if (!retains || !node) return;
  t.retains_grad = true;
  node->extra->retain.emplace_back(t.output_nr, &t);
}

}  // namespace

void refresh_view(TensorImpl& t) {
  retain(t.base);
  Tensor base = Tensor::adopt(t.base);
  GradModeGuard on(true);
  Tensor piece = as_strided(base, piece_of(*t.base, t), t.storage->changed_at);  // by the change of the base
  ready_to_link(t, piece);
  relink(t, piece);
  t.view_history = t.base->history;
}

InPlace::InPlace(const char* op, Tensor& self, const Location& at) : op_(op), self_(self), at_(at) {
  require_defined(op, self, at);
  TensorImpl& t = impl(self);
  if (repeats_elements(t))
    ErrorReport(op, "cannot write in place through an expanded view: several elements share one place in memory", at)
        .operand("self", self)
        .help("clone() it first")
        .autograd_error();
  if (grad_enabled()) {
    if (wants_grad(self) && !t.grad_fn)
      ErrorReport(op, "in-place write to a leaf that requires grad", at)
          .operand("self", self)
          .help("wrap the change in a NoGradGuard (as optimizers do), or work on a copy: clone()")
          .autograd_error();
    if (t.base && !t.base->grad_fn && t.base->requires_grad)
      ErrorReport(op, "in-place write to a view of a leaf that requires grad", at)
          .operand("self", self)
          .help("wrap the change in a NoGradGuard, or work on a copy: clone()")
          .autograd_error();
  }
}

const Tensor& InPlace::old() {
  if (old_.defined()) return old_;
  old_ = make_alias(self_);
  if (impl(self_).grad_fn) relink(impl(old_), self_);
  return old_;
}

bool InPlace::on_tape(const TensorRefs& others) const {
  if (!grad_enabled()) return false;
  return wants_grad(self_) || needs_tape(others);
}

void InPlace::prepare(const Tensor& out) {
  TensorImpl& t = impl(self_);
  if (!t.base) {
    ready_to_link(t, out);
    out_ = out;
    return;
  }
  retain(t.base);
  Tensor base = Tensor::adopt(t.base);
  // base' = base with the piece replaced: its gradient is g with a hole, plus the piece of g for the new values.
  Tensor before = make_alias(base);
  if (base.impl()->grad_fn) relink(impl(before), base);
  Tensor now = record_ahead(
      "copy_slices", make_alias(base), {before, out},
      [geo = piece_of(impl(base), t)](const Saved&, const Tensor& g) -> Grads {
        Tensor piece = as_strided(g, geo, Location::current());
        Tensor hole = as_strided_scatter(piece, geo, Location::current());
        return {sub(g, hole), piece};
      },
      at_);
  ready_to_link(impl(base), now);
  out_ = std::move(now);
}

void InPlace::finish() noexcept {
  impl(self_).storage->changed(op_, at_);
  if (!out_.defined()) return;
  rebase();
  if (const Node* n = out_.impl()->grad_fn; n && n->extra)
    keep_written(out_, impl(self_).base ? *impl(self_).base : impl(self_));
}

void InPlace::rebase() noexcept {
  TensorImpl& t = impl(self_);
  TensorImpl& moved = t.base ? *t.base : t;
  relink(moved, out_);
  if (moved.grad_fn) moved.grad_fn->outputs()[moved.output_nr].version = moved.storage->version;
  ++moved.history;
  if (t.base) t.view_history = moved.history - 1;  // relinked on next use
}

bool is_expandable_to(const Shape& from, const Shape& to) {
  const int lead = to.rank() - from.rank();
  if (lead < 0) return false;
  for (int i = 0; i < from.rank(); ++i)
    if (from[i] != 1 && from[i] != to[i + lead]) return false;
  return true;
}

Tensor sum_to(const Tensor& g, const Shape& shape) {
  if (g.shape() == shape) return g;
  const int lead = g.shape().rank() - shape.rank();
  Shape dims;
  for (int i = 0; i < g.shape().rank(); ++i)
    if (i < lead || (shape[i - lead] == 1 && g.shape()[i] != 1)) dims.push_back(i);
  Tensor r = dims.empty() ? g : g.sum(dims, true);
  return r.shape() == shape ? r : r.reshape(shape);
}

}  // namespace xgrad::detail

namespace xgrad {

Tensor Saved::operator[](std::size_t i) const { return node_->unpack(i); }
bool Saved::needs(std::size_t i) const { return node_->edges()[i].wants_grad(); }

TapeRecorder::TapeRecorder() : previous_(std::exchange(detail::recording.kept, true)) {}
TapeRecorder::~TapeRecorder() {
  detail::recording.kept = previous_;
  if (!previous_) detail::forget_read();
}

}  // namespace xgrad
