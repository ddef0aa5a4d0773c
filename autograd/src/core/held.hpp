// Results of elementwise operations that are not computed yet.
//
// tile_output() gives a large result no memory, and run_tiles() then keeps the kernel with its operands (a Piece) in
// the place of the values. Who asks for the elements, by TensorImpl::memory() or blocked_form(), has them computed
// (find_held_values()), together with all that they need of what is held: the kernels of such a program run one after
// the other over tiles that stay in the first-level cache (core/held_program.hpp). The kernels are those that would
// have run at once and see the same numbers, so the bits are the same.
//
// A piece belongs to the thread that made it, whose Holder has a lock and a table of what is held; other threads
// compute through it. A storage that is held, or that pieces read, has the Holder as its owner. Before memory is
// changed, all that reads it is computed (before_change_of_held()).
#pragma once

#include <atomic>
#include <cstdint>
#include <span>

#include <xgrad/detail/tiles.hpp>

#include "core/row_tiles.hpp"
#include "core/tensor_impl.hpp"

namespace xgrad::detail {

// The least number of elements from which any thread holds results back.
extern std::atomic<std::int64_t> least_held;

// ---- a result is made ----
// A result without memory, to be held back; undefined when it has to be computed at once.
[[gnu::cold]] Tensor make_later(const Shape& shape, DType dtype, const Tensor* const* in, int n_in);
// Whether t is such a result, and nothing has been written yet.
inline bool is_made_later(const Tensor& t) {
  const TensorImpl& i = impl(t);
  return !i.has_memory() && !i.storage->owner.load(std::memory_order_acquire) && !i.storage->has_values() &&
         i.storage->bytes > 0;
}
// Keeps the kernel for later; false: it has to run now.
bool hold_back(const TileKernel& k, RowsFn rows, Tensor& out, const Tensor* const* in, int n_in);

// ---- values are asked for ----
// Whether the values of t are not there yet.
bool is_held_back(const TensorImpl& t);
inline bool is_held(const Tensor& t) {
  const TensorImpl& i = impl(t);
  return !i.has_memory() && i.storage->is_owned_by(StorageOwner::Kind::held) && is_held_back(i);
}
void find_held_values(Storage& storage);
void before_change_of_held(Storage& storage);
// Computes what is held of these, in as few passes as possible. Some may be undefined.
void compute_held(std::span<const Tensor> tensors);

// ---- saved tensors ----
// A node saves t: if nobody else holds it, its values are computed again in the backward pass rather than kept.
void note_saved(TensorImpl& t);
void forget_saved(TensorImpl& t) noexcept;
inline void note_saved_of(TensorImpl& t) {
  if (t.storage->is_owned_by(StorageOwner::Kind::held)) [[unlikely]]
    note_saved(t);
}
inline void forget_saved_of(TensorImpl& t) noexcept {
  if (t.storage->is_owned_by(StorageOwner::Kind::held)) [[unlikely]]
    forget_saved(t);
}

}  // namespace xgrad::detail
