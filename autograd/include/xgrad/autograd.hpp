// Differentiation: grad() and backward() of several tensors, and the guards that turn recording on and off or look for
// NaN. (Tensor::backward() is in <xgrad/tensor.hpp>, what authors of operations need in <xgrad/record.hpp>.)
#pragma once

#include <vector>

#include <xgrad/tensor.hpp>

namespace xgrad {

// Gradients of the sum over outputs of <output, grad_output> with respect to `inputs`; leaves .grad alone.
// grad_outputs: one seed per output (empty: ones, for one-element outputs). An input that does not influence the
// outputs gives AutogradError, an undefined tensor with allow_unused, zeros with materialize_grads. create_graph keeps
// the graph as well.
[[nodiscard]] XGRAD_API std::vector<Tensor> grad(const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs,
                                                 const std::vector<Tensor>& grad_outputs = {}, GradOptions options = {},
                                                 Location at = Location::current());
// backward() from several roots in one pass.
XGRAD_API void backward(const std::vector<Tensor>& outputs, const std::vector<Tensor>& grad_outputs = {},
                        BackwardOptions options = {}, Location at = Location::current());
void backward(const std::vector<Tensor>&, const std::vector<Tensor>&, bool,
              bool = false) = delete;                                              // {.retain_graph = true}
void backward(const std::vector<Tensor>&, const std::vector<Tensor>&, bool, bool,  // {.inputs = {w}}
              const std::vector<Tensor>&) = delete;

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
