// The backward functions of a recorded graph, run again one operation at a time: for those who look at a graph and want
// its local derivatives.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <xgrad/tensor.hpp>

namespace xgrad::tape {

// Operations are counted as in collect(root).nodes. Nothing on the tape and no .grad changes.
class XGRAD_API BackwardAgain {
 public:
  // root: a result of recorded operations.
  explicit BackwardAgain(const Tensor& root);
  ~BackwardAgain();
  BackwardAgain(const BackwardAgain&) = delete;
  BackwardAgain& operator=(const BackwardAgain&) = delete;

  std::size_t size() const;
  // What operation i sends to each of its inputs, in the input's shape and type, for these gradients of its outputs
  // (undefined: none arrived): the sum over o of grad_outputs[o] times the derivative of output o. Undefined for an
  // input that takes no gradient. Hooks do not run. What the operation had saved may be gone when a TapeRecorder was
  // alive, which kept it. AutogradError: it is gone or was overwritten, and there was no recorder; and whatever the
  // backward function itself throws.
  // others: for each floating tensor that the operation saved, another one of its shape and type, to see what holds
  // whatever the data. What a saved-tensor hook packed stays as it is.
  using Others = std::function<Tensor(const Tensor& saved)>;
  std::vector<Tensor> run(std::size_t i, const std::vector<Tensor>& grad_outputs, const Others& others = {}) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace xgrad::tape
