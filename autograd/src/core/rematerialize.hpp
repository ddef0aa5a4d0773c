// Memory under a limit: values that can be computed again are given up, and made again when somebody asks for them.
//
// While a MemoryBudget lives, operations say how to make their result again: a recipe, with the tensors it reads. Both
// belong to the storage of the result (a Watch). When more memory is held than the budget allows, make_room() drops the
// values that cost least to make again; their storage then has no values, and the two ways to the elements of a tensor,
// TensorImpl::memory() and blocked_form(), make them again first (find_values()). So nothing else in the library knows:
// handles of the program, views and what nodes saved may all hold such a tensor.
//
// Values go only between operations and between nodes, when nobody holds a pointer to them; and not when the program
// has a pointer, when they were written in place, or when tensors that are not known to the Watch share the storage.
// Who reads tensors of one thread's budget in operations on another thread must not do so while the budget lives; a
// backward pass may (use_on_this_thread()). The method is that of dynamic tensor rematerialization (Kirisame et al.,
// ICLR 2021) with costs that operations state.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/tensor_impl.hpp"

namespace xgrad::detail {

extern std::atomic<int> memory_budgets;  // that live, on all threads
inline bool memory_is_limited() noexcept { return memory_budgets.load(std::memory_order_relaxed) != 0; }

struct BudgetCounts {
  std::int64_t peak = 0, dropped = 0, dropped_bytes = 0, recomputed = 0;
  double seconds = 0;  // spent on making values again
};

// Begins and ends a limit of this thread; the newest counts.
class BudgetState;
std::shared_ptr<BudgetState> begin_budget(std::int64_t bytes);
void end_budget(const std::shared_ptr<BudgetState>& budget) noexcept;
BudgetCounts counts_of(const BudgetState& budget);

// A recipe: the result for the inputs, off the tape.
using Remake = Tensor (*)(const void* closure, std::span<const Tensor> inputs);
struct Recipe {
  Remake remake;
  const void* closure;  // copied
  std::size_t closure_size;
  double nanoseconds;  // what it takes
};
// aliases: the other tensors over y's memory. Nothing happens where y's values could not go.
void add_recipe(const Tensor& y, std::span<TensorImpl* const> aliases, std::span<const Tensor* const> inputs,
                const Recipe& recipe);
// Drops values until the limit of this thread is kept, if there is one; not those of `newest` and what it was made of.
// Not while anybody holds a pointer to elements.
void make_room(const Tensor& newest);

// ---- of a storage with an owner ----
// Another tensor over the storage of `from`.
void note_alias(TensorImpl& t, const TensorImpl& from);
// Makes the values again when they are gone.
void find_values(Storage& storage);
// The program got a pointer to the values: they stay.
void keep_values_of(Storage& storage);
// A backward pass reads the values: they stay when it runs on another thread than the budget's, which may give up
// values at any time.
void use_on_this_thread(Storage& storage);
// The values are about to be overwritten: what is computed from them is made while they are there.
void before_change(Storage& storage);

inline void before_change_of(const TensorImpl& t) {
  if (t.storage->owner) [[unlikely]]
    before_change(*t.storage);
}

}  // namespace xgrad::detail
