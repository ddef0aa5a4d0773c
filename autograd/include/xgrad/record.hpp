// The tape, for authors of operations. An operation computes its result and hands it to record() together with
// its inputs, the tensors its backward pass needs, and a backward function that receives exactly those:
//
//   Tensor tanh(const Tensor& x, Location at) {
//     require_floating("tanh", x, at);
//     Tensor y = map([](auto v) { return tanh(v); }, x);
//     return record("tanh", y, {x}, {y}, [](const Saved& s, const Tensor& g) -> Grads {
//       return {fuse([](auto g, auto y) { return g * (1 - y * y); }, g, s[0])};
//     }, at);
//   }
//
// Rules. (1) A backward function captures numbers and Shapes only, never a Tensor (checked when compiling): tensors
// go through the saved list, so there are no reference cycles and in-place changes of saved values are noticed.
// (2) It returns one gradient per input, in order; an undefined Tensor means none. A gradient may have the shape of
// the broadcast result: the engine alone reduces it to the input's shape, casts it, and accumulates.
// (3) It is written with differentiable operations or fuse(), so that create_graph gives any order of derivative;
// a raw kernel without that calls record_once(), and a second derivative throws. (4) A backward function that is an
// object of a class may tell programs and pictures what the operation was told beside its tensors (dim, eps):
// `void attributes(Attributes& list) const` of it adds that to the list (<xgrad/attributes.hpp>).
#pragma once

#include <array>
#include <initializer_list>
#include <span>
#include <type_traits>

#include <xgrad/tensor.hpp>

namespace xgrad {

class Attributes;

namespace detail {
struct Node;
}

// Gradients a backward function returns: one per input of the operation.
class Grads {
 public:
  Grads() = default;
  template <class... T>
  requires((std::is_same_v<std::remove_cvref_t<T>, Tensor>)&&...) Grads(T&&... t)
      : size_(sizeof...(T)) {  // NOLINT: `return {ga, gb};`
    static_assert(sizeof...(T) <= 4, "build Grads from a std::vector<Tensor> for more than four inputs");
    std::size_t i = 0;
    ((few_[i++] = std::forward<T>(t)), ...);
  }
  Grads(std::vector<Tensor> many) : many_(std::move(many)), size_(many_.size()) {}  // NOLINT
  std::size_t size() const { return size_; }
  Tensor& operator[](std::size_t i) { return many_.empty() ? few_[i] : many_[i]; }

 private:
  std::array<Tensor, 4> few_;
  std::vector<Tensor> many_;
  std::size_t size_ = 0;
};

// What a backward function sees of its operation: the saved tensors, and which inputs want a gradient.
class XGRAD_API Saved {
 public:
  // The i-th saved tensor. AutogradError when it was overwritten in place since.
  Tensor operator[](std::size_t i) const;
  // Whether input i needs a gradient: skip the work when not.
  bool needs(std::size_t i) const;

 private:
  friend struct detail::Node;
  explicit Saved(detail::Node* node) : node_(node) {}
  detail::Node* node_;
};

// A list of tensors by reference, from {x, y} or from a vector.
class TensorRefs {
 public:
  struct Ref {
    Ref(const Tensor& t) : tensor(&t) {}  // NOLINT
    const Tensor* tensor;
  };
// The list lives as long as the call it is an argument of, which is all that is needed.
#pragma GCC diagnostic push
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Winit-list-lifetime"
#endif
  TensorRefs(std::initializer_list<Ref> l) : refs_(l.begin()), size_(l.size()) {}  // NOLINT
#pragma GCC diagnostic pop
  TensorRefs(std::span<const Tensor> v) : tensors_(v.data()), size_(v.size()) {}     // NOLINT
  TensorRefs(const std::vector<Tensor>& v) : tensors_(v.data()), size_(v.size()) {}  // NOLINT
  std::size_t size() const { return size_; }
  const Tensor& operator[](std::size_t i) const { return tensors_ ? tensors_[i] : *refs_[i].tensor; }

 private:
  const Ref* refs_ = nullptr;
  const Tensor* tensors_ = nullptr;
  std::size_t size_;
};

namespace detail {

using BackwardFn = Grads (*)(const void* closure, const Saved& saved, std::span<const Tensor> grad_outputs);

// What all nodes share whose backward functions have one type.
struct BackwardKind {
  BackwardFn run;
  std::uint32_t closure_size;
  bool once_differentiable;
  bool of_library;    // an operation of the library, whatever its name; false for those of programs
  bool number_first;  // the closure starts with a double that pictures show
  bool owned;         // the closure is a pointer to an OwnedBackward, which dies with the node
  void (*describe)(const void* closure, Attributes& list);  // nullptr when there are no attributes
};
struct OpInfo {
  const char* name;
  const BackwardKind* kind;
};

// Whether an operation on these inputs must be recorded, for a gradient or for the tangent of forward mode.
XGRAD_API bool needs_tape(const TensorRefs& inputs);
// Puts it on the tape, and gives the outputs their tangents in forward mode. False: it is not on the tape, since only
// tangents were wanted.
XGRAD_API bool record_node(const OpInfo& op, std::span<Tensor> outputs, const TensorRefs& inputs,
                           const TensorRefs& saved, const void* closure, const Location& at);
// Checks made for every operation, recorded or not (DetectAnomaly).
XGRAD_API void check_anomaly(const char* op, std::span<const Tensor> outputs, const TensorRefs& inputs, Location at);
XGRAD_API bool anomaly_enabled();

template <class F>
concept SingleBackward = std::is_invocable_r_v<Grads, const F&, const Saved&, const Tensor&>;
template <class F>
concept MultiBackward = std::is_invocable_r_v<Grads, const F&, const Saved&, std::span<const Tensor>>;

template <class F>
Grads call_backward(const void* closure, const Saved& s, std::span<const Tensor> g) {
  const F& f = *static_cast<const F*>(closure);
  if constexpr (SingleBackward<F>)
    return f(s, g[0]);
  else
    return f(s, g);
}

template <class F>
concept DescribesItself = requires(const F& f, Attributes& list) {
  f.attributes(list);
};

template <class F>
constexpr auto describe_closure() -> void (*)(const void*, Attributes&) {
  if constexpr (DescribesItself<F>)
    return [](const void* closure, Attributes& list) { static_cast<const F*>(closure)->attributes(list); };
  else
    return nullptr;
}

template <class F>
concept NumberIsFirst = F::kNumberFirst;

template <class F, bool Once, bool Library>
inline constexpr BackwardKind kBackwardKind{&call_backward<F>,
                                            std::is_empty_v<F> ? 0u : static_cast<std::uint32_t>(sizeof(F)),
                                            Once,
                                            Library,
                                            Library&& NumberIsFirst<F>,
                                            false,
                                            describe_closure<F>()};

template <class F, bool Once, bool Library = false>
void record_outputs(const char* name, std::span<Tensor> outputs, const TensorRefs& inputs, const TensorRefs& saved,
                    const F& f, const Location& at) {
  static_assert(std::is_trivially_copyable_v<F> && std::is_trivially_destructible_v<F>,
                "xgrad: a backward function must not capture a Tensor (or any owning object): pass tensors through "
                "the saved list and capture only numbers and Shapes");
  static_assert(SingleBackward<F> || MultiBackward<F>,
                "xgrad: a backward function is Grads(const Saved&, const Tensor& g), or "
                "Grads(const Saved&, std::span<const Tensor> g) for several outputs");
  if (anomaly_enabled()) check_anomaly(name, outputs, inputs, at);
  if (!needs_tape(inputs)) return;
  // `name` is a string literal: equal for all calls from one place.
  const OpInfo op{name, &kBackwardKind<F, Once, Library>};
  record_node(op, outputs, inputs, saved, &f, at);
}

}  // namespace detail

// Puts an operation on the tape when gradients are enabled and an input requires one; returns its result.
// name: a string literal. saved: inputs, outputs or intermediates the backward function needs.
template <class F>
Tensor record(const char* name, Tensor output, const TensorRefs& inputs, const TensorRefs& saved, F f,
              const Location& at = Location::current()) {
  detail::record_outputs<F, false>(name, {&output, 1}, inputs, saved, f, at);
  return output;
}
// Several outputs; the backward function gets one gradient per output, undefined where none arrived.
template <class F>
std::vector<Tensor> record(const char* name, std::vector<Tensor> outputs, const TensorRefs& inputs,
                           const TensorRefs& saved, F f, const Location& at = Location::current()) {
  detail::record_outputs<F, false>(name, outputs, inputs, saved, f, at);
  return outputs;
}
// As record(), for a backward pass that is not itself differentiable.
template <class F>
Tensor record_once(const char* name, Tensor output, const TensorRefs& inputs, const TensorRefs& saved, F f,
                   const Location& at = Location::current()) {
  detail::record_outputs<F, true>(name, {&output, 1}, inputs, saved, f, at);
  return output;
}
template <class F>
std::vector<Tensor> record_once(const char* name, std::vector<Tensor> outputs, const TensorRefs& inputs,
                                const TensorRefs& saved, F f, const Location& at = Location::current()) {
  detail::record_outputs<F, true>(name, outputs, inputs, saved, f, at);
  return outputs;
}

}  // namespace xgrad
