// Running a part of a program for a look at it, without a trace.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <xgrad/tensor.hpp>

namespace xgrad::detail {

// What this thread does between its construction and its end is taken back: tensors that operations changed in place
// (running statistics, counts of batches) or that set_data() gave other memory have their values and versions again,
// generators stand where they stood. So are .grad and its values, of the tensors that are given. They nest. Not seen
// are writes through a pointer that the program got before, and the program's own variables. Each changed tensor is
// copied once; a thread that has none pays a test of a flag for a change.
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

// For what is no tensor: `restore` is called at the end of each KeepState of this thread that has none for `what` yet.
XGRAD_API bool is_state_kept() noexcept;
XGRAD_API void restore_at_end(const void* what, const std::function<void()>& restore);

}  // namespace xgrad::detail
