// Activations with their channels in blocks, the layout in which oneDNN's convolutions are fastest.
//
// The result of a convolution stays in this form: its Storage then has no plain memory, and TensorImpl::memory(), the
// one way to a tensor's elements, lays it out when somebody asks. Operations that know the form (convolution,
// normalisation, pooling, elementwise passes over operands of one shape) ask for it here instead and never change its
// layout. A Storage has one form at a time: blocked until the first call of memory(), plain from then on.
#pragma once

#include <utility>

#include "core/tensor_impl.hpp"

namespace xgrad::detail {

// Values of 4 bytes, (batch, channels, inner), channels a multiple of block. Element (n, c, i) lies at
// ((n * channels / block + c / block) * inner + i) * block + c % block.
struct BlockedLayout {
  std::int64_t batch, channels, inner, block;
  std::int64_t numel() const { return batch * channels * inner; }
  std::int64_t chunks() const { return batch * channels / block; }  // of inner x block elements each
  std::int64_t first_channel(std::int64_t chunk) const { return chunk % (channels / block) * block; }
  bool operator==(const BlockedLayout&) const = default;
};
// The layout of (batch, channels, ...).
BlockedLayout blocked_layout(const Shape& shape, std::int64_t block);

// A block of the pool: this header, then the values.
struct alignas(64) Blocked : RefCounted {
  BlockedLayout layout;
  std::size_t bytes;
  char* values() { return reinterpret_cast<char*>(this + 1); }
  static Blocked* make(const BlockedLayout& layout);
  void release() noexcept;
};

// Holds a blocked form, so that it stays while another thread lays the same tensor out.
class BlockedRef {
 public:
  BlockedRef() = default;
  explicit BlockedRef(Blocked* adopted) : p_(adopted) {}
  BlockedRef(BlockedRef&& o) noexcept : p_(std::exchange(o.p_, nullptr)) {}
  BlockedRef& operator=(BlockedRef&& o) noexcept {
    std::swap(p_, o.p_);
    return *this;
  }
  ~BlockedRef() {
    if (p_) p_->release();
  }
  explicit operator bool() const { return p_ != nullptr; }
  const BlockedLayout& layout() const { return p_->layout; }
  template <class T>
  T* data() const {
    static_assert(sizeof(T) == 4);
    return reinterpret_cast<T*>(p_->values());
  }
  char* values() const { return p_->values(); }

 private:
  Blocked* p_ = nullptr;
};

// Uninitialised, in the blocked form.
Tensor make_blocked_tensor(const Shape& shape, DType dtype, std::int64_t block);
// The blocked form of t; empty when t is plain.
BlockedRef blocked_form(const Tensor& t);
// The form t has if it has this layout, otherwise a copy in it.
BlockedRef to_blocked(const Tensor& t, const BlockedLayout& layout);

}  // namespace xgrad::detail
