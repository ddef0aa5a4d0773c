// Storages that a part of a program changed in place, with their values before: for taking the changes back.
#pragma once

#include <atomic>

#include "core/tensor_impl.hpp"

namespace xgrad::detail {

extern constinit thread_local bool logging_changes;  // whether a KeepState lives on this thread
void note_change(const TensorImpl& t);
inline void note_change_of(const TensorImpl& t) {
  if (logging_changes) [[unlikely]]
    note_change(t);
}
// The elements of `from`, their type and places, in the same memory.
void take_memory_of(TensorImpl& t, const TensorImpl& from) noexcept;
// A leaf that is about to get other memory.
void note_replaced(const Tensor& leaf);
inline void note_replaced_data_of(const Tensor& leaf) {
  if (logging_changes) [[unlikely]]
    note_replaced(leaf);
}
// How often versions were set back: who keeps what it made of values, by version, keeps this too.
extern std::atomic<std::uint32_t> versions_taken_back;

}  // namespace xgrad::detail
