// Tensors that the steps of a scan are given: leaves, with nothing behind them. The scan alone collects their
// gradients.
#pragma once

#include <atomic>

#include "core/tensor_impl.hpp"

namespace xgrad::detail {

// In the place of TensorImpl::pass, while the step runs, and when it is over: then no other pass may end at it.
constexpr std::uint32_t kStepLeaf = ~0u, kPastStepLeaf = kStepLeaf - 1;

// The newest one of this thread.
extern constinit thread_local std::uint32_t newest_step_leaf;
// The number of one: they grow from step to step of a thread. Kept where nothing else is known of a leaf without .grad.
inline std::uint32_t step_number(const TensorImpl& t) { return t.grad_version; }

// Whether no pass but the scan's may end at t. Of a parameter that threads share, another pass may be writing down its
// own number.
inline bool is_past_step_leaf(TensorImpl& t) {
  return std::atomic_ref(t.pass).load(std::memory_order_relaxed) == kPastStepLeaf;
}

[[noreturn]] void refuse_step_leaf(const char* op, const Tensor& leaf, const Location& at);

}  // namespace xgrad::detail
