// Checkpointing: a part of a network that keeps none of its intermediate values for the backward pass, which computes
// them again. Memory for time. (T. Chen, B. Xu, C. Zhang, C. Guestrin: "Training deep nets with sublinear memory cost",
// 2016.) To files: <xgrad/train/checkpoint.hpp>.
//
//   Tensor y = checkpoint(block, x);
//   Tensor y = checkpoint([net](const Tensor& a, const Tensor& b) { return net.head(a * b); }, a, b);
#pragma once

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include <xgrad/saved_tensors_hooks.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad {

namespace detail {

// While alive on this thread, what operations save is dropped, and computed by `again` when a backward pass asks.
class XGRAD_API CheckpointScope {
 public:
  using Again = std::function<void(const std::vector<Tensor>& inputs)>;
  CheckpointScope(const std::vector<Tensor>& inputs, Again again, const Location& at);
  ~CheckpointScope();
  CheckpointScope(const CheckpointScope&) = delete;
  CheckpointScope& operator=(const CheckpointScope&) = delete;

 private:
  std::unique_ptr<SavedHooksScope> hooks_;
};

// Whether a checkpoint computes its part again on this thread: a layer must not count the batch twice.
XGRAD_API bool recomputing() noexcept;

template <class F>
concept IsModule = requires(const F& f) {
  f.is_training();
};
// A module takes the line that it is called from.
template <class F, class... In>
decltype(auto) call_checkpointed(F& fn, [[maybe_unused]] const Location& at, const In&... inputs) {
  if constexpr (IsModule<F>)
    return fn(inputs..., at);
  else
    return fn(inputs...);
}

template <class F, class... In>
auto checkpointed(F fn, const Location& at, const In&... inputs) {
  const CheckpointScope scope(
      {inputs...},
      [fn, at](const std::vector<Tensor>& in) mutable {
        [&]<std::size_t... I>(std::index_sequence<I...>) { static_cast<void>(call_checkpointed(fn, at, in[I]...)); }
        (std::index_sequence_for<In...>());
      },
      at);
  return call_checkpointed(fn, at, inputs...);
}

}  // namespace detail

// fn(x, ...), whatever it returns: what its operations save for the backward pass is not kept. The pass runs fn once
// more, on the inputs as they were and with the random numbers of the first run, and takes the saved tensors from
// there. So gradients are those of the plain call, bit for bit, also of parameters that fn uses, and of every order.
// Checkpoints may be nested. fn is copied, and should hold modules by value; it must compute the same both times:
// AutogradError, from the backward pass, when another number of tensors, or other shapes or types, would be saved, or
// when an input or a parameter was changed in place in between. Batch normalisation counts a batch once. fn must not
// run a backward pass itself. Under a NoGradGuard this is fn(x, ...).
template <class F>
auto checkpoint(F fn, const Tensor& x, Location at = Location::current()) {
  return detail::checkpointed(std::move(fn), at, x);
}
template <class F>
auto checkpoint(F fn, const Tensor& x, const Tensor& y, Location at = Location::current()) {
  return detail::checkpointed(std::move(fn), at, x, y);
}
template <class F>
auto checkpoint(F fn, const Tensor& x, const Tensor& y, const Tensor& z, Location at = Location::current()) {
  return detail::checkpointed(std::move(fn), at, x, y, z);
}
// More inputs; a module is then called from this line.
template <class F, class... More>
requires(sizeof...(More) > 0 && (std::is_convertible_v<const More&, const Tensor&> &&
                                 ...)) auto checkpoint(F fn, const Tensor& x, const Tensor& y, const Tensor& z,
                                                       const More&... more) {
  return detail::checkpointed(std::move(fn), Location::current(), x, y, z, static_cast<const Tensor&>(more)...);
}
namespace detail {
struct CheckpointKind {
  bool use_reentrant = false, preserve_rng_state = true;
};
}  // namespace detail
template <class F>
void checkpoint(F, const Tensor&, detail::CheckpointKind)  // checkpoint(fn, x) is PyTorch's use_reentrant = False
    = delete;
// A list of inputs, which fn takes as a list.
template <class F>
auto checkpoint(F fn, const std::vector<Tensor>& inputs, Location at = Location::current()) {
  static_assert(std::is_invocable_v<F&, const std::vector<Tensor>&>,
                "xgrad: checkpoint(fn, list) calls fn with the list; for tensors one by one: checkpoint(fn, x, y)");
  if constexpr (std::is_invocable_v<F&, const std::vector<Tensor>&>) {
    const detail::CheckpointScope scope(
        inputs, [fn](const std::vector<Tensor>& in) mutable { static_cast<void>(fn(in)); }, at);
    return fn(inputs);
  }
}

}  // namespace xgrad
