// Differentiation: grad() and backward() of several tensors, and the guards that turn recording on and off or look for
// NaN. (Tensor::backward() is in <xgrad/tensor.hpp>, what authors of operations need in <xgrad/record.hpp>.)
#pragma once

#include <concepts>
#include <initializer_list>
#include <utility>
#include <vector>

#include <xgrad/tensor.hpp>

namespace xgrad {

// A tensor, or a list of them, as an argument: grad(y, x), grad({y, z}, net.parameters()).
class OneOrMore {
 public:
  OneOrMore() = default;
  OneOrMore(const Tensor& one) : parts_{one} {}                     // NOLINT
  OneOrMore(std::vector<Tensor> list) : parts_(std::move(list)) {}  // NOLINT
  OneOrMore(std::initializer_list<Tensor> list) : parts_(list) {}   // NOLINT
  const std::vector<Tensor>& parts() const { return parts_; }

 private:
  std::vector<Tensor> parts_;
};

// Gradients of the sum over outputs of <output, grad_output> with respect to `inputs`, one for each; leaves .grad
// alone. grad_outputs: one seed per output (empty: ones, for one-element outputs). An input that does not influence the
// outputs gives AutogradError, an undefined tensor with allow_unused, zeros with materialize_grads. create_graph keeps
// the graph as well: grad(y, x, {.create_graph = true})[0].
[[nodiscard]] XGRAD_API std::vector<Tensor> grad(const OneOrMore& outputs, const OneOrMore& inputs,
                                                 const OneOrMore& grad_outputs = {}, GradOptions options = {},
                                                 Location at = Location::current());
// (Templates, so that {} stays a list of seeds.)
template <class = void>
[[nodiscard]] std::vector<Tensor> grad(const OneOrMore& outputs, const OneOrMore& inputs, GradOptions options,
                                       Location at = Location::current()) {
  return grad(outputs, inputs, OneOrMore(), options, at);
}
template <std::same_as<bool> B, class... More>
std::vector<Tensor> grad(const OneOrMore&, const OneOrMore&, const OneOrMore&, B,  // {.create_graph = true}
                         More...) = delete;
template <std::same_as<bool> B, class... More>
std::vector<Tensor> grad(const OneOrMore&, const OneOrMore&, B, More...) = delete;  // {.create_graph = true}
// backward() from several roots in one pass.
XGRAD_API void backward(const OneOrMore& outputs, const OneOrMore& grad_outputs = {}, BackwardOptions options = {},
                        Location at = Location::current());
template <class = void>
void backward(const OneOrMore& outputs, BackwardOptions options, Location at = Location::current()) {
  backward(outputs, OneOrMore(), std::move(options), at);
}
template <std::same_as<bool> B>
void backward(const OneOrMore&, const OneOrMore&, B, bool = false) = delete;  // {.retain_graph = true}
template <std::same_as<bool> B>
void backward(const OneOrMore&, const OneOrMore&, B, bool, const OneOrMore&) = delete;  // {.inputs = {w}}

// Whether operations must be ready to be differentiated: outside NoGradGuard, and wherever a forward_ad::DualLevel
// lives.
XGRAD_API bool grad_enabled();
namespace detail {
struct GradMode;
}
// Turns recording on or off for this thread while it lives. Of several the newest counts, in whatever order they end.
class XGRAD_API GradModeGuard {
 public:
  [[nodiscard("a guard without a name ends at once")]] explicit GradModeGuard(bool enabled);
  ~GradModeGuard();
  GradModeGuard(const GradModeGuard&) = delete;
  GradModeGuard& operator=(const GradModeGuard&) = delete;

 protected:
  GradModeGuard(bool enabled, bool inference);

 private:
  detail::GradMode* mode_;
};
// Operations inside are not recorded.
class NoGradGuard : GradModeGuard {
 public:
  [[nodiscard("a guard without a name ends at once")]] NoGradGuard() : GradModeGuard(false) {}
};

// Operations inside are not recorded, and what they make is an inference tensor for good: it takes no part in gradients
// later, so that a result of an evaluation cannot slip into a training by mistake. Outside, AutogradError for one that
// is saved for a backward pass, changed in place or told to require grad: clone() it first. Views of other tensors and
// in-place changes of them are as under a NoGradGuard. GradModeGuard(true) inside records nothing either.
// In PyTorch it also saves the counting of in-place changes; here that costs nothing that could be measured, and goes
// on. InferenceMode(false) inside: as if there were none.
class InferenceMode : GradModeGuard {
 public:
  [[nodiscard("a guard without a name ends at once")]] explicit InferenceMode(bool enabled = true)
      : GradModeGuard(!enabled, enabled) {}
};
XGRAD_API bool is_inference_mode_enabled();

// While alive on this thread, the first operation (forward or backward) that yields NaN or infinity throws a
// ValueError that names it, its source line and the ranges of its inputs. And what a forward pass saves of memory that
// the program can write to (from_blob, mutable_data, array) is remembered by a checksum: AutogradError when backward
// finds other values there.
class XGRAD_API DetectAnomaly {
 public:
  [[nodiscard("a guard without a name ends at once")]] DetectAnomaly();
  ~DetectAnomaly();
  DetectAnomaly(const DetectAnomaly&) = delete;
  DetectAnomaly& operator=(const DetectAnomaly&) = delete;
};

}  // namespace xgrad
