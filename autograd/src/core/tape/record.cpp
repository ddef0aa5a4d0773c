#include "core/tape/record.hpp"

#include <algorithm>
#include <cstring>

#include <xgrad/autograd.hpp>
#include <xgrad/elementwise.hpp>
#include <xgrad/record.hpp>

#include "core/held.hpp"
#include "core/memory_tracker.hpp"
#include "core/profile/spans.hpp"
#include "core/tape/checksum.hpp"
#include "core/tape/forward.hpp"
#include "core/tape/recorder.hpp"
#include "core/tape/trace_all.hpp"

namespace xgrad::detail {

namespace {

// Field by field: a whole Edge that is copied and read again at once waits for its bytes to reach the cache.
void set_edge(Edge& e, RefCounted* target, std::uint32_t number, Edge::To to) {
  e.target = target;
  e.number = number;
  e.to = to;
}

// What is only read, and when everything is traced: where it comes from.
void connect_data(Edge& e, const Tensor& x) {
  if (!x.defined()) return;
  TensorImpl& t = impl(x);
  if (tracing_all) [[unlikely]] {
    if (Node* from = current_node(x)) {
      retain_node(from);
      set_edge(e, from, t.output_nr, Edge::To::node);
      return;
    }
  }
  retain_weak(&t);
  set_edge(e, &t, t.storage->version, Edge::To::data);
}

// seq: at least that of the node x comes from.
void connect(Edge& e, const Tensor& x, std::uint64_t& seq) {
  if (!x.defined()) return;
  TensorImpl& t = impl(x);
  if (Node* from = current_node(x)) {
    retain_node(from);
    seq = std::max(seq, from->seq);
    set_edge(e, from, t.output_nr, Edge::To::node);
  } else if (!t.requires_grad) {
    connect_data(e, x);
  } else {
    retain(&t);
    set_edge(e, &t, t.storage->version, Edge::To::leaf);
  }
}

// A view may be gone when a picture is drawn, and what it knows of its base with it.
void keep_base_names(Node& n) {
  const std::span<Edge> edges = n.all_edges();
  for (std::size_t i = 0; i < edges.size(); ++i) {
    const TensorImpl* t = edges[i].data();
    if (!t || !t->base || !t->base->extra || (t->extra && !t->extra->name.empty())) continue;
    const std::string& name = t->base->extra->name;
    if (!name.empty()) n.get_extra().base_names.emplace_back(static_cast<std::uint32_t>(i), name);
  }
}

std::size_t block_bytes(std::size_t edges, std::size_t outputs, std::size_t saved, std::size_t dims,
                        std::size_t closure) {
  const std::size_t head =
      sizeof(Node) + edges * sizeof(Edge) + outputs * sizeof(OutputInfo) + saved * sizeof(SavedTensor);
  return (head + 15) / 16 * 16 + (closure + 7) / 8 * 8 + dims * sizeof(std::int64_t);
}

[[noreturn, gnu::cold]] void refuse_inference_tensor(const TensorRefs& saved, const char* op, const Location& at) {
  ErrorReport report(op, "a tensor made in InferenceMode cannot be saved for a backward pass", at);
  for (std::size_t i = 0; i < saved.size(); ++i)
    if (saved[i].defined() && impl(saved[i]).inference) report.operand("saved", saved[i]);
  report.help("clone() it outside the mode first").autograd_error();
}

// What there is to look after in a saved tensor: the program may write to its memory, or it must not be saved.
enum Special : unsigned { kNothing = 0, kShared = 1, kInference = 2 };

unsigned save(SavedTensor& slot, const Tensor& t, std::span<Tensor> outputs) {
  if (!t.defined()) return kNothing;
  for (std::size_t k = 0; k < outputs.size(); ++k)
    // Without its grad_fn: a node that owned its own output would never die.
    if (outputs[k].is_same(t) && (is_floating(impl(t).dtype) || tracing_all)) {
      slot.impl = release(make_alias(t));
      slot.own_output = static_cast<std::int32_t>(k);
      slot.version = slot.impl->storage->version;
      note_saved_of(*slot.impl);
      return slot.impl->storage->is_shared() ? kShared : kNothing;
    }
  retain(handle(t));
  slot.impl = handle(t);
  const Storage& st = *impl(t).storage;
  slot.version = st.version;
  note_saved_of(*slot.impl);
  return (st.is_shared() ? kShared : kNothing) | (slot.impl->inference ? kInference : kNothing);
}

}  // namespace

bool keep_values(bool on) noexcept {
  const bool before = std::exchange(thread_tape.kept, on);
  thread_tape.special = thread_tape.kept || thread_tape.packing;
  return before;
}

void save_by_hooks(bool on) noexcept {
  thread_tape.packing = on;
  thread_tape.special = thread_tape.kept || thread_tape.packing;
}

void count_saved(Node& n, bool more) {
  for (const SavedTensor& s : n.saved())
    if (s.impl) count_saved_memory(s.impl->storage, more);
}

RecordFor::RecordFor(const Node* of) : previous_(std::exchange(thread_tape.on_behalf_of, of)) {}
RecordFor::~RecordFor() { thread_tape.on_behalf_of = previous_; }

namespace {

bool carries_tangent(const TensorRefs& inputs) {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].defined()) continue;
    const TensorImpl& t = impl(inputs[i]);
    if (shows_tangent(t) || (is_stale_view(t) && shows_tangent(*t.base))) return true;
  }
  return false;
}

[[gnu::noinline, gnu::cold]] bool needs_tape_of_duals(const TensorRefs& inputs) {
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (inputs[i].defined() && wants_grad(inputs[i])) return thread_tape.records || carries_tangent(inputs);
  return false;
}

}  // namespace

namespace {

void pack_saved(Node& n) {
  if (thread_tape.levels > 0)
    ErrorReport(n.op.name,
                "what hooks on saved tensors keep has no tangents: forward mode and the hooks exclude each other", n.at)
        .autograd_error();
  std::vector<Packed> all(n.n_saved);
  for (std::size_t i = 0; i < all.size(); ++i) {
    SavedTensor& s = n.saved()[i];
    if (s.impl) all[i] = Packed(share(s.impl), s.own_output >= 0, n.op.name, n.at);
  }
  n.get_extra().packed = std::move(all);
  for (SavedTensor& s : n.saved()) {
    if (!s.impl) continue;
    forget_saved_of(*s.impl);
    adopt(std::exchange(s.impl, nullptr));
  }
}

void track_node(Node& n, std::span<const Tensor> outputs) {
  n.get_extra().memory_tracked = true;
  for (const Tensor& y : outputs) describe_memory(impl(y).storage, n.op.name, n.at);
  count_saved(n, true);
}

[[gnu::noinline, gnu::cold]] void record_specially(Node& n, std::span<const Tensor> outputs, const TensorRefs& inputs,
                                                   const TensorRefs& data, const TensorRefs& saved) {
  if (thread_tape.kept) n.get_extra().recorded = keep_for_pictures(n, outputs, inputs, data, saved);
  if (thread_tape.packing && n.n_saved) pack_saved(n);
}

}  // namespace

bool needs_tape(const TensorRefs& inputs) {
  if (is_profiled()) [[unlikely]]
    span_goes_on(true);
  const ThreadTape& tape = thread_tape;
  if (!tape.enabled) return false;
  bool may_be_dual = tape.levels > 0;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].defined()) continue;
    const TensorImpl& t = impl(inputs[i]);
    if (is_stale_view(t)) [[unlikely]]
      return needs_tape_of_duals(inputs);
    if (t.grad_fn || t.requires_grad) return !may_be_dual || needs_tape_of_duals(inputs);
    may_be_dual |= t.has_tangent;
  }
  return may_be_dual && needs_tape_of_duals(inputs);
}

bool any_wants_grad(const Tensor* const* in, int n_in) {
  for (int j = 0; j < n_in; ++j)
    if (in[j]->defined() && wants_grad(*in[j])) return true;
  return false;
}

namespace {

// A node with its numbers and the shapes of its outputs, without edges. Inlined into both ways of recording: most
// operations read nothing but their inputs.
[[gnu::always_inline]] inline Node* lay_out(const ThreadTape& tape, std::size_t data, const OpInfo& op,
                                            std::span<Tensor> outputs, std::size_t inputs, std::size_t saved,
                                            const void* closure, const Location& at) {
  std::size_t dims = 0;
  for (const Tensor& o : outputs) dims += static_cast<std::size_t>(impl(o).shape.rank());
  const std::size_t edges = inputs + data, closure_size = op.kind->closure_size;
  const std::size_t bytes = block_bytes(edges, outputs.size(), saved, dims, closure_size);
  Node* n = new (pool_allocate(bytes)) Node;
  n->bytes = static_cast<std::uint32_t>(bytes);
  n->n_inputs = static_cast<std::uint32_t>(inputs);
  n->n_outputs = static_cast<std::uint32_t>(outputs.size());
  n->n_saved = static_cast<std::uint16_t>(saved);
  n->n_data = static_cast<std::uint8_t>(data);
  n->op = op;
  const Node* of = tape.on_behalf_of;
  n->at = of ? of->at : at;
  n->module = current_module();  // a derivative is no call of the module whose operation it derives
  if (closure_size) std::memcpy(n->closure(), closure, closure_size);
  for (Edge& e : n->all_edges()) new (&e) Edge;
  for (SavedTensor& s : n->saved()) new (&s) SavedTensor;
  auto* sizes = reinterpret_cast<std::int64_t*>(reinterpret_cast<char*>(n) + bytes) - dims;
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    TensorImpl& t = impl(outputs[k]);
    if (t.shape.rank() == 1)
      sizes[0] = *t.shape.begin();
    else if (!t.shape.empty())
      std::copy(t.shape.begin(), t.shape.end(), sizes);
    new (&n->outputs()[k])
        OutputInfo{Tensor(), sizes, t.dtype, static_cast<std::uint8_t>(t.shape.rank()), t.storage->version};
    sizes += t.shape.rank();
  }
  return n;
}

// What a node lets go of when something throws before it is complete.
struct Unfinished {
  Node* n;
  ~Unfinished() {
    if (!n) return;
    n->op.kind = nullptr;  // what the closure owns is still the caller's
    release_node(n);
  }
};

[[gnu::always_inline]] inline void record_into_tape(ThreadTape& tape, const TensorRefs& data, const OpInfo& op,
                                                    std::span<Tensor> outputs, const TensorRefs& inputs,
                                                    const TensorRefs& saved, const void* closure, const Location& at) {
  Node* n = lay_out(tape, data.size(), op, outputs, inputs.size(), saved.size(), closure, at);

  // From here on something may throw; the outputs come last, so that none of them is left on a node that is gone.
  Unfinished unfinished{n};
  std::uint64_t seq = tape.last_seq;
  for (std::size_t i = 0; i < inputs.size(); ++i) connect(n->edges()[i], inputs[i], seq);
  n->seq = tape.last_seq = seq + 1;
  for (std::size_t i = 0; i < data.size(); ++i) connect_data(n->data()[i], data[i]);
  keep_base_names(*n);
  unsigned special = kNothing;
  for (std::size_t i = 0; i < saved.size(); ++i) special |= save(n->saved()[i], saved[i], outputs);
  if (special) [[unlikely]] {
    if (special & kInference) refuse_inference_tensor(saved, op.name, at);
    if (anomaly_enabled()) keep_checksums(n);
  }
  if (tape.special) [[unlikely]]
    record_specially(*n, outputs, inputs, data, saved);
  if (memory_rows.load(std::memory_order_relaxed)) [[unlikely]]
    track_node(*n, outputs);
  unfinished.n = nullptr;

  for (std::size_t k = 0; k < outputs.size(); ++k) {
    TensorImpl& t = impl(outputs[k]);
    if (!is_floating(t.dtype) && !tracing_all) continue;  // index outputs carry no gradient
    if (k) retain_node(n);
    t.grad_fn = n;
    t.output_nr = static_cast<std::uint32_t>(k);
  }
  if (is_profiled()) [[unlikely]]
    span_recorded(op.name, at, n->seq);
}

}  // namespace

BareNode::BareNode(const RecordedCall& call)
    : node(lay_out(thread_tape, 0, call.op, call.outputs, call.inputs.size(), call.saved.size(), call.closure,
                   call.at)) {
  Unfinished unfinished{node};
  node->seq = ++thread_tape.last_seq;
  for (std::size_t i = 0; i < call.saved.size(); ++i) save(node->saved()[i], call.saved[i], {});
  unfinished.n = nullptr;
}
BareNode::~BareNode() { Unfinished{node}; }

namespace {

// Takes the outputs off their node again, unless their tangents are there.
struct WithoutTangents {
  std::span<Tensor> outputs;
  Node* n;
  ~WithoutTangents() {
    if (!n) return;
    n->op.kind = nullptr;  // what the closure owns is still the caller's
    if (!is_floating(impl(outputs[0]).dtype)) release_node(n);
    for (Tensor& y : outputs)
      if (Node* of = std::exchange(impl(y).grad_fn, nullptr)) release_node(of);
  }
};

// Recording while a level of forward mode counts.
[[gnu::noinline, gnu::cold]] bool record_with_tangents(const TensorRefs& data, const RecordedCall& call) {
  bool on_tape = false;
  for (std::size_t i = 0; i < call.inputs.size() && thread_tape.records; ++i)
    on_tape |= call.inputs[i].defined() && requires_grad(call.inputs[i]);
  if (!on_tape) {
    push_tangents(call, nullptr);
    return false;
  }
  record_into_tape(thread_tape, data, call.op, call.outputs, call.inputs, call.saved, call.closure, call.at);
  const auto made = std::ranges::find_if(call.outputs, [](const Tensor& y) { return impl(y).grad_fn != nullptr; });
  if (made == call.outputs.end()) return true;
  WithoutTangents undo{call.outputs, impl(*made).grad_fn};
  push_tangents(call, undo.n);
  undo.n = nullptr;
  return true;
}

}  // namespace

bool record_node(const OpInfo& op, std::span<Tensor> outputs, const TensorRefs& inputs, const TensorRefs& saved,
                 const void* closure, const Location& at) {
  ThreadTape& tape = thread_tape;
  if (tape.levels > 0) [[unlikely]]
    return record_with_tangents({}, {inputs, saved, op, outputs, closure, at});
  record_into_tape(tape, {}, op, outputs, inputs, saved, closure, at);
  return true;
}
void record_node_reading(const TensorRefs& data, const OpInfo& op, std::span<Tensor> outputs, const TensorRefs& inputs,
                         const TensorRefs& saved, const void* closure, const Location& at) {
  ThreadTape& tape = thread_tape;
  if (tape.levels > 0) [[unlikely]] {
    record_with_tangents(data, {inputs, saved, op, outputs, closure, at});
    return;
  }
  record_into_tape(tape, data, op, outputs, inputs, saved, closure, at);
}

}  // namespace xgrad::detail
