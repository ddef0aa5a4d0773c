// Running a part of a program for a look at it, without a trace.
#pragma once

#include <memory>
#include <vector>

#include <xgrad/tensor.hpp>

namespace xgrad::detail {

// What this thread does between its construction and its end is taken back: tensors that operations changed in place
// (running statistics, counts of batches) have their values and versions again, generators stand where they stood. So
// are .grad and its values, of the tensors that are given. They nest. Not seen are writes through a pointer that the
// program got before, and the program's own variables. Each changed tensor is copied once.
class XGRAD_API KeepState {
 public:
  [[nodiscard("one without a name ends at once")]] explicit KeepState(const std::vector<Tensor>& with_grads = {});
  ~KeepState();
  KeepState(const KeepState&) = delete;
  KeepState& operator=(const KeepState&) = delete;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace xgrad::detail
