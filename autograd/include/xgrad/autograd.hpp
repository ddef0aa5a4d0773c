// Differentiation: grad() and backward() of several tensors, and the guards that turn recording on and off or look for
// NaN. (Tensor::backward() is in <xgrad/tensor.hpp>, what authors of operations need in <xgrad/record.hpp>.)
#pragma once

#include <vector>

#include <xgrad/tensor.hpp>

namespace xgrad {

// Gradients of the sum over outputs of <output, grad_output> with respect to `inputs`; leaves .grad alone.
// grad_outputs: one seed per output (empty: ones, for one-element outputs). An input that does not influence the
// outputs gives AutogradError, or an undefined tensor with allow_unused. retain_graph defaults to create_graph.
[[nodiscard]] XGRAD_API std::vector<Tensor> grad(const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs,
                                                 const std::vector<Tensor>& grad_outputs = {}, GradOptions options = {},
                                                 Location at = Location::current());
// backward() from several roots in one pass.
XGRAD_API void backward(const std::vector<Tensor>& outputs, const std::vector<Tensor>& grad_outputs = {},
                        GradOptions options = {}, Location at = Location::current());
void backward(const std::vector<Tensor>&, const std::vector<Tensor>&, bool,
              bool = false) = delete;  // {.retain_graph = true}

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

 private:
  detail::GradMode* mode_;
};
// Operations inside are not recorded.
class NoGradGuard : GradModeGuard {
 public:
  [[nodiscard("a guard without a name ends at once")]] NoGradGuard() : GradModeGuard(false) {}
};

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
