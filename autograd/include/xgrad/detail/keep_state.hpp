// Running a part of a program for a look at it, without a trace.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <xgrad/tensor.hpp>

namespace xgrad::detail {

// What this thread, and threads that are started meanwhile, do between its construction and its end is taken back:
// tensors that operations changed in place (running statistics, counts of batches) or that set_data() gave other memory
// have their values and versions again, generators stand where they stood. So are .grad and its values, of the tensors
// that are given. They nest. Not seen are writes through a pointer that the program got before, and the program's own
// variables. What threads do that ran before stays, as it may have nothing to do with this one; `unseen` tells of it.
// Each changed tensor is copied once; a program that has no KeepState pays a test of a flag for a change.
class XGRAD_API KeepState {
 public:
  [[nodiscard("one without a name ends at once")]] explicit KeepState(const std::vector<Tensor>& with_grads = {});
  ~KeepState();
  KeepState(const KeepState&) = delete;
  KeepState& operator=(const KeepState&) = delete;

  // Which operation on which line changed a tensor on a thread that ran before, the first one; "" when there was none.
  // Where threads were started under several KeepStates at once, all of their changes count as such.
  std::string unseen() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// For what is no tensor: `restore` is called at the end of each KeepState of this thread, or of the one that started it
// under a KeepState, that has none for `what` yet.
XGRAD_API bool is_state_kept() noexcept;
XGRAD_API void restore_at_end(const void* what, const std::function<void()>& restore);

}  // namespace xgrad::detail
