// Recording operations on the tape, for the library's own: beside record() of <xgrad/autograd.hpp>, forms for
// operations that read tensors without differentiating them, carry a number, or write their result later.
#pragma once

#include <xgrad/autograd.hpp>

#include "core/tape/node.hpp"
#include "core/tape/views.hpp"

namespace xgrad::detail {

// While it lives, operations recorded on this thread name the place where `of` was called: those of a backward pass
// under create_graph.
class RecordFor {
 public:
  explicit RecordFor(const Node* of);
  ~RecordFor();
  RecordFor(const RecordFor&) = delete;
  RecordFor& operator=(const RecordFor&) = delete;

 private:
  const Node* previous_;
};

// Whether operations are recorded for gradients: grad_enabled() without what forward mode asks for.
bool records_gradients();

// record() for a result whose values are written later, or by somebody else: they are not looked at.
template <class F>
Tensor record_ahead(const char* name, Tensor output, const TensorRefs& inputs, F f, const Location& at) {
  static_assert(std::is_trivially_copyable_v<F>);
  const OpInfo op{name, &call_backward<F>, std::is_empty_v<F> ? 0u : static_cast<std::uint32_t>(sizeof(F)), false};
  if (needs_tape(inputs)) record_node(op, {&output, 1}, inputs, {}, &f, at);
  return output;
}

// record_node() for an operation that also reads tensors it never differentiates: targets, indices, masks.
void record_node_reading(const TensorRefs& data, const OpInfo& op, std::span<Tensor> outputs, const TensorRefs& inputs,
                         const TensorRefs& saved, const void* closure, const Location& at);

// record() for such an operation; pictures show `data` among its inputs.
template <bool Once = false, class F>
Tensor record_reading(const char* name, const TensorRefs& data, Tensor output, const TensorRefs& inputs,
                      const TensorRefs& saved, F f, const Location& at) {
  static_assert(std::is_trivially_copyable_v<F> && SingleBackward<F>);
  const OpInfo op{name, &call_backward<F>, std::is_empty_v<F> ? 0u : static_cast<std::uint32_t>(sizeof(F)), Once};
  if (anomaly_enabled()) check_anomaly(name, {&output, 1}, inputs, at);
  if (needs_tape(inputs)) record_node_reading(data, op, {&output, 1}, inputs, saved, &f, at);
  return output;
}

// A backward function f(number, saved, gradient).
template <class F>
struct NumberFirst {
  double number;
  [[no_unique_address]] F f;
  Grads operator()(const Saved& s, const Tensor& g) const { return f(number, s, g); }
};
// record() for an operation with a number; pictures show it.
template <class F>
Tensor record_number(const char* name, double number, Tensor output, const TensorRefs& inputs, const TensorRefs& saved,
                     F f, const Location& at) {
  Tensor y = record(name, std::move(output), inputs, saved, NumberFirst<F>{number, f}, at);
  if (Node* n = impl(y).grad_fn) n->has_number = true;
  return y;
}

// Whether nodes of this thread keep what they computed, for pictures. Returns what held before.
bool keep_values(bool on) noexcept;
// Whether nodes of this thread save by the hooks of the program; whether they say where memory comes from.
void save_by_hooks(bool on) noexcept;
// Adds to what the memory tracker knows of saved tensors, or takes away from it.
void count_saved(Node& n, bool more);

}  // namespace xgrad::detail
