// Recording operations on the tape, for the library's own: beside record() of <xgrad/autograd.hpp>, forms for
// operations of the library, which pictures know by that, that read tensors without differentiating them, carry
// attributes or a number, or write their result later.
#pragma once

#include <xgrad/autograd.hpp>

#include "core/tape/attributes.hpp"
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

// record() for an operation of the library, with its attributes: record_op("softmax", ..., at, named<"dim">(d)).
template <bool Once = false, class F>
Tensor record_op(const char* name, Tensor output, const TensorRefs& inputs, const TensorRefs& saved, F f,
                 const Location& at = Location::current()) {
  record_outputs<F, Once, true>(name, {&output, 1}, inputs, saved, f, at);
  return output;
}
template <bool Once = false, class F>
std::vector<Tensor> record_op(const char* name, std::vector<Tensor> outputs, const TensorRefs& inputs,
                              const TensorRefs& saved, F f, const Location& at = Location::current()) {
  record_outputs<F, Once, true>(name, outputs, inputs, saved, f, at);
  return outputs;
}
template <bool Once = false, class Outputs, class F, class... A>
requires(sizeof...(A) > 0) auto record_op(const char* name, Outputs&& outputs, const TensorRefs& inputs,
                                          const TensorRefs& saved, F f, const Location& at, A... attributes) {
  return record_op<Once>(name, std::forward<Outputs>(outputs), inputs, saved, Described<F, A...>{f, attributes...}, at);
}

// record_op() for an operation whose backward function needs the attributes itself: f(attributes, saved, gradients).
template <class Outputs, class A, class F, class... More>
auto record_with_attributes(const char* name, const A& attributes, Outputs&& outputs, const TensorRefs& inputs,
                            const TensorRefs& saved, F f, const Location& at = Location::current(), More... more) {
  return record_op(name, std::forward<Outputs>(outputs), inputs, saved, attributes_first(attributes, f), at, more...);
}

// record_op() for a result whose values are written later, or by somebody else: they are not looked at.
template <class F>
Tensor record_ahead(const char* name, Tensor output, const TensorRefs& inputs, F f, const Location& at) {
  static_assert(std::is_trivially_copyable_v<F>);
  const OpInfo op{name, &kBackwardKind<F, false, true>};
  if (needs_tape(inputs)) record_node(op, {&output, 1}, inputs, {}, &f, at);
  return output;
}

// record_node() for an operation that also reads tensors it never differentiates: targets, indices, masks.
void record_node_reading(const TensorRefs& data, const OpInfo& op, std::span<Tensor> outputs, const TensorRefs& inputs,
                         const TensorRefs& saved, const void* closure, const Location& at);

// record_op() for such an operation; pictures show `data` among its inputs.
template <bool Once = false, class F, class... A>
Tensor record_reading(const char* name, const TensorRefs& data, Tensor output, const TensorRefs& inputs,
                      const TensorRefs& saved, F f, const Location& at, A... attributes) {
  using B = std::conditional_t<sizeof...(A) == 0, F, Described<F, A...>>;
  static_assert(std::is_trivially_copyable_v<B> && SingleBackward<B>);
  const B backward{f, attributes...};
  const OpInfo op{name, &kBackwardKind<B, Once, true>};
  if (anomaly_enabled()) check_anomaly(name, {&output, 1}, inputs, at);
  if (needs_tape(inputs)) record_node_reading(data, op, {&output, 1}, inputs, saved, &backward, at);
  return output;
}

// A backward function f(number, saved, gradient).
template <Text Name, class F>
struct NumberFirst {
  static constexpr bool kNumberFirst = true;
  double number;
  [[no_unique_address]] F f;
  Grads operator()(const Saved& s, const Tensor& g) const { return f(number, s, g); }
  void attributes(Attributes& list) const { list.add(Name.chars, number); }
};
// record_op() for an operation with a number, which is the attribute `Name`; pictures show it in the place of an input.
template <Text Name, class F, class... A>
Tensor record_number(const char* name, double number, Tensor output, const TensorRefs& inputs, const TensorRefs& saved,
                     F f, const Location& at, A... attributes) {
  return record_op(name, std::move(output), inputs, saved, NumberFirst<Name, F>{number, f}, at, attributes...);
}

// Whether nodes of this thread keep what they computed, for pictures. Returns what held before.
bool keep_values(bool on) noexcept;
// Whether nodes of this thread save by the hooks of the program; whether they say where memory comes from.
void save_by_hooks(bool on) noexcept;
// Adds to what the memory tracker knows of saved tensors, or takes away from it.
void count_saved(Node& n, bool more);

}  // namespace xgrad::detail
