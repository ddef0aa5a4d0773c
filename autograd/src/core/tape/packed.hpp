// Saved tensors in the form that saved-tensor hooks made of them.
#pragma once

#include <memory>

#include <xgrad/saved_tensors_hooks.hpp>

#include "core/tensor_impl.hpp"

namespace xgrad::detail {

// One saved tensor. What the hooks keep knows nothing of the tape: where the tensor was on it is kept here, so that
// under create_graph the derivative goes on.
class Packed {
 public:
  Packed() = default;
  // By the innermost hooks of this thread. own_output: t is an output of the node that saves it, which says where it
  // is.
  Packed(const Tensor& t, bool own_output, const char* op, const Location& at);
  Packed(Packed&& o) noexcept { *this = std::move(o); }
  Packed& operator=(Packed&& o) noexcept;
  ~Packed();
  explicit operator bool() const { return hooks_ != nullptr; }
  // The tensor again; with `linked` where it was on the tape. ShapeError, DTypeError, what the hook throws.
  Tensor unpack(bool linked, const char* op, const Location& at);
  // What unpack() made is kept for further calls until this one.
  void drop_unpacked() noexcept { unpacked_ = Tensor(); }

 private:
  Tensor put_on_tape(const Tensor& t, const Location& at) const;

  std::shared_ptr<const SavedHooks> hooks_;
  std::shared_ptr<void> kept_;
  DType dtype_ = DType::float32;
  Shape shape_;
  Node* from_ = nullptr;  // a result of this node
  std::uint32_t output_ = 0;
  Tensor leaf_;  // or a leaf that takes a gradient
  Tensor unpacked_;
};

// Whether hooks of this thread are to be used.
bool saved_hooks_active() noexcept;

}  // namespace xgrad::detail
