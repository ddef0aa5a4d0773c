#include "core/blocked.hpp"

#include <mutex>

#include <xgrad/parallel.hpp>

#include "core/elementwise_loop.hpp"
#include "core/rematerialize.hpp"
#include "core/transpose.hpp"

namespace xgrad::detail {
namespace {

// Guards which form a Storage has. Held for moments, and for the change of layout itself.
std::mutex& form_mutex() {
  static auto* m = new std::mutex;  // tensors in static storage may outlive it
  return *m;
}

enum class Direction { to_blocks, to_plain };

// Each chunk is a matrix that is transposed: (block, inner) in plain memory, (inner, block) in blocks.
void convert(const BlockedLayout& l, Direction to, const char* from, char* out) {
  const std::int64_t chunk = l.inner * l.block;
  const std::int64_t rows = to == Direction::to_blocks ? l.block : l.inner, cols = chunk / rows;
  parallel_for(l.chunks(), grain_for(0.37 * static_cast<double>(chunk)), [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      transpose_copy(4, rows, cols, from + i * chunk * 4, cols, out + i * chunk * 4, rows);
  });
}

}  // namespace

BlockedLayout blocked_layout(const Shape& shape, std::int64_t block) {
  std::int64_t inner = 1;
  for (int d = 2; d < shape.rank(); ++d) inner *= shape[d];
  return {shape[0], shape[1], inner, block};
}

Blocked* Blocked::make(const BlockedLayout& layout) {
  const std::size_t bytes = sizeof(Blocked) + static_cast<std::size_t>(layout.numel()) * 4;
  auto* b = new (pool_allocate_counted(bytes)) Blocked;
  b->layout = layout;
  b->bytes = bytes;
  return b;
}

void Blocked::release() noexcept {
  if (count_down(refs)) pool_release_counted(this, bytes);
}

void Storage::release_blocked() noexcept { blocked->release(); }

Tensor make_blocked_tensor(const Shape& shape, DType dtype, std::int64_t block) {
  Blocked* b = Blocked::make(blocked_layout(shape, block));
  return make_tensor_over(Storage::make_blocked(b), shape, dtype);
}

BlockedRef blocked_form(const Tensor& t) {
  const TensorImpl& i = impl(t);
  if (!i.has_memory() && i.storage->owner) find_values(*i.storage);
  if (i.has_memory()) return {};
  const std::lock_guard lock(form_mutex());
  Blocked* b = i.storage->blocked;
  if (b) retain(b);
  return BlockedRef(b);
}

BlockedRef to_blocked(const Tensor& t, const BlockedLayout& layout) {
  if (BlockedRef have = blocked_form(t); have && have.layout() == layout) return have;
  const Tensor plain = contiguous_copy(t);
  BlockedRef copy(Blocked::make(layout));
  convert(layout, Direction::to_blocks, impl(plain).memory(), copy.values());
  return copy;
}

char* TensorImpl::find_memory() const {
  if (storage->owner) find_values(*storage);
  if (has_memory()) return memory();
  const std::lock_guard lock(form_mutex());
  if (Blocked* b = storage->blocked) {
    storage->own_memory(static_cast<std::size_t>(b->layout.numel()) * 4);
    convert(b->layout, Direction::to_plain, b->values(), storage->data);
    storage->blocked = nullptr;
    b->release();
  }
  if (!storage->data) storage->own_memory(storage->bytes);  // made later
  place(storage->data);
  return storage->data;
}

}  // namespace xgrad::detail
