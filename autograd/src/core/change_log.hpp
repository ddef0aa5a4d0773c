// Storages that a part of a program changed in place, with their values before: for taking the changes back.
#pragma once

#include <atomic>

#include "core/tensor_impl.hpp"

namespace xgrad::detail {

extern constinit std::atomic<int> states_kept;  // how many KeepStates live, on whatever thread
inline bool is_any_state_kept() noexcept { return states_kept.load(std::memory_order_relaxed) > 0; }
void note_change(const TensorImpl& t);
inline void note_change_of(const TensorImpl& t) {
  if (is_any_state_kept()) [[unlikely]]
    note_change(t);
}
// The elements of `from`, their type and places, in the same memory.
void take_memory_of(TensorImpl& t, const TensorImpl& from) noexcept;
// A leaf that is about to get other memory.
void note_replaced(const Tensor& leaf);
inline void note_replaced_data_of(const Tensor& leaf) {
  if (is_any_state_kept()) [[unlikely]]
    note_replaced(leaf);
}
// A generator that is about to stand elsewhere.
void note_drawn(const Generator& g);
// How often versions were set back: who keeps what it made of values, by version, keeps this too.
extern std::atomic<std::uint32_t> versions_taken_back;

}  // namespace xgrad::detail
