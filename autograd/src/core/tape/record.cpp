#include "core/tape/record.hpp"

#include <algorithm>
#include <cstring>

#include <xgrad/autograd.hpp>
#include <xgrad/elementwise.hpp>
#include <xgrad/record.hpp>

#include "core/memory_tracker.hpp"
#include "core/tape/checksum.hpp"
#include "core/tape/recorder.hpp"

namespace xgrad::detail {

namespace {

struct Recording {
  // Any of what follows, so that ordinary recording asks once.
  bool special = false;
  bool kept = false;     // a TapeRecorder lives
  bool packing = false;  // SavedTensorsHooks
  // Creation numbers increase along every edge, also when a graph is built by several threads in turn.
  std::uint64_t last_seq = 0;
  const Node* on_behalf_of = nullptr;  // see RecordFor
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
    if (outputs[k].is_same(t) && is_floating(impl(t).dtype)) {
      slot.impl = release(make_alias(t));
      slot.own_output = static_cast<std::int32_t>(k);
      slot.version = slot.impl->storage->version;
      return slot.impl->storage->is_shared() ? kShared : kNothing;
    }
  retain(handle(t));
  slot.impl = handle(t);
  const Storage& st = *impl(t).storage;
  slot.version = st.version;
  return (st.is_shared() ? kShared : kNothing) | (slot.impl->inference ? kInference : kNothing);
}

}  // namespace

bool keep_values(bool on) noexcept {
  const bool before = std::exchange(recording.kept, on);
  recording.special = recording.kept || recording.packing;
  return before;
}

void save_by_hooks(bool on) noexcept {
  recording.packing = on;
  recording.special = recording.kept || recording.packing;
}

void count_saved(Node& n, bool more) {
  for (const SavedTensor& s : n.saved())
    if (s.impl) count_saved_memory(s.impl->storage, more);
}

RecordFor::RecordFor(const Node* of) : previous_(std::exchange(recording.on_behalf_of, of)) {}
RecordFor::~RecordFor() { recording.on_behalf_of = previous_; }

namespace {

void pack_saved(Node& n) {
  std::vector<Packed> all(n.n_saved);
  for (std::size_t i = 0; i < all.size(); ++i) {
    SavedTensor& s = n.saved()[i];
    if (s.impl) all[i] = Packed(share(s.impl), s.own_output >= 0, n.op.name, n.at);
  }
  n.get_extra().packed = std::move(all);
  for (SavedTensor& s : n.saved())
    if (s.impl) adopt(std::exchange(s.impl, nullptr));
}

void track_node(Node& n, std::span<const Tensor> outputs) {
  n.get_extra().memory_tracked = true;
  for (const Tensor& y : outputs) describe_memory(impl(y).storage, n.op.name, n.at);
  count_saved(n, true);
}

[[gnu::noinline, gnu::cold]] void record_specially(Node& n, std::span<const Tensor> outputs, const TensorRefs& inputs,
                                                   const TensorRefs& data, const TensorRefs& saved) {
  if (recording.kept) n.get_extra().recorded = keep_for_pictures(n, outputs, inputs, data, saved);
  if (recording.packing && n.n_saved) pack_saved(n);
}

}  // namespace

bool needs_tape(const TensorRefs& inputs) {
  if (!grad_enabled()) return false;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (inputs[i].defined() && wants_grad(inputs[i])) return true;
  return false;
}

bool any_wants_grad(const Tensor* const* in, int n_in) {
  for (int j = 0; j < n_in; ++j)
    if (in[j]->defined() && wants_grad(*in[j])) return true;
  return false;
}

namespace {

// Inlined into both functions: most operations read nothing but their inputs.
[[gnu::always_inline]] inline void record_into_tape(const TensorRefs& data, const OpInfo& op, std::span<Tensor> outputs,
                                                    const TensorRefs& inputs, const TensorRefs& saved,
                                                    const void* closure, const Location& at) {
  std::size_t dims = 0;
  for (const Tensor& o : outputs) dims += static_cast<std::size_t>(impl(o).shape.rank());
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
    new (&n->outputs()[k])
        OutputInfo{Tensor(), sizes, t.dtype, static_cast<std::uint8_t>(t.shape.rank()), t.storage->version};
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
  keep_base_names(*n);
  unsigned special = kNothing;
  for (std::size_t i = 0; i < saved.size(); ++i) special |= save(n->saved()[i], saved[i], outputs);
  if (special) [[unlikely]] {
    if (special & kInference) refuse_inference_tensor(saved, op.name, at);
    if (anomaly_enabled()) keep_checksums(n);
  }
  if (state.special) [[unlikely]]
    record_specially(*n, outputs, inputs, data, saved);
  if (memory_tracked.load(std::memory_order_relaxed)) [[unlikely]]
    track_node(*n, outputs);
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

}  // namespace xgrad::detail
