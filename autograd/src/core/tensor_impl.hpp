// What a Tensor handle points to, and how the library's own files get at its parts.
#pragma once

#include <memory>
#include <new>
#include <string>
#include <utility>

#include <xgrad/check.hpp>
#include <xgrad/tensor.hpp>

#include "core/storage.hpp"

namespace xgrad::detail {

struct Node;
struct DualLevelState;

// The derivative of a tensor in forward mode, in the direction that a level is about.
struct Tangent {
  std::shared_ptr<const DualLevelState> level;
  Tensor value;
};

struct TensorImpl : RefCounted {
  DType dtype = DType::float32;
  bool requires_grad : 1 = false;  // of a leaf; a non-leaf is recognised by grad_fn
  bool has_tangent : 1 = false;    // of some level of forward mode, which may have ended
  bool contiguous = true;
  bool retains_grad = false;
  std::uint32_t output_nr = 0;         // which output of grad_fn
  std::uint32_t history = 0;           // times an in-place operation put this tensor on a new node
  std::uint32_t view_history = 0;      // of the base, when this view was linked to it
  std::atomic<std::uint32_t> weak{1};  // weak references, and one for all the others together
  Storage* storage = nullptr;
  std::int64_t numel = 0;
  Shape shape, strides;
  Node* grad_fn = nullptr;
  TensorImpl* grad = nullptr;
  TensorImpl* base = nullptr;  // the tensor this is a view of
  // Where .grad comes from, for pictures.
  enum class GradIs : std::uint8_t { unknown, zero, of_pass };
  std::uint32_t pass = 0;            // the last backward pass that gave this leaf a gradient
  std::uint32_t grad_version = 0;    // of the storage of .grad, when grad_is was set
  std::uint8_t grad_uses = 0;        // uses that .grad is the sum of, at most 255
  GradIs grad_is = GradIs::unknown;  // of_pass: all of it came in `pass`
  bool inference = false;            // made in InferenceMode
  bool unrecorded_view = false;      // of `base`, made while nothing was recorded
  std::uint32_t view_line = 0;       // where that was; 0: not known
  struct Extra {
    std::string name;
    bool parameter = false;  // registered with a module
    // Of a leaf.
    HookList<std::function<Tensor(const Tensor&)>> hooks;
    HookList<std::function<void(Tensor&)>> post_accumulate_hooks;
    std::vector<Tangent> tangents;  // at most one of a level
  };
  std::unique_ptr<Extra> extra;

  // The first element. A tensor in blocked form (core/blocked.hpp) is laid out first, by whichever thread asks.
  char* memory() const {
    char* p = place_.load(std::memory_order_acquire);
    return p ? p : find_memory();
  }
  bool has_memory() const { return place_.load(std::memory_order_acquire) != nullptr; }
  void place(char* at) const { place_.store(at, std::memory_order_release); }
  std::int64_t offset() const {
    const char* p = memory();
    return (p - storage->data) / item_size(dtype);
  }
  template <class T>
  T* ptr() const {
    return reinterpret_cast<T*>(memory());
  }

 private:
  char* find_memory() const;
  mutable std::atomic<char*> place_{nullptr};  // in the storage; null: not asked for yet
};

// Weak references keep the block, its type, shape and name, not the values.
inline void retain_weak(TensorImpl* t) { count_up(t->weak); }
void release_weak(TensorImpl* t) noexcept;
// A tensor again; undefined when nobody holds it any more.
Tensor lock_weak(TensorImpl* t);

// Uninitialised contiguous tensor. ShapeError for negative sizes or overflow.
XGRAD_API Tensor make_tensor(const Shape& shape, DType dtype, Location at = Location::current());
// Contiguous tensor that fills a storage, whose reference it takes.
Tensor make_tensor_over(Storage* adopted, const Shape& shape, DType dtype);
// Another geometry of x's storage (offset in elements from the start of the storage), linked to x as a view.
Tensor make_view(const Tensor& x, const Shape& shape, const Shape& strides, std::int64_t offset);
// The same data as a tensor of its own, off the tape and not linked to x.
Tensor make_alias(const Tensor& x);
bool compute_contiguous(const Shape& shape, const Shape& strides);

// The one way from a handle to its object and back.
struct TensorAccess {
  static TensorImpl*& of(Tensor& t) { return t.impl_; }
  static TensorImpl* of(const Tensor& t) { return t.impl_; }
  static const void* raw(const Tensor& t, DType want, const Location& at) { return t.raw(want, at); }
};
inline TensorImpl* handle(const Tensor& t) { return TensorAccess::of(t); }  // null when undefined
inline TensorImpl& impl(const Tensor& t) { return *handle(t); }
// The same of a tensor that must be defined: ValueError, naming `op`, when it is not.
inline TensorImpl& checked(const Tensor& t, const char* op, const Location& at) {
  if (!t.defined()) [[unlikely]]
    require_defined(op, t, at);
  return impl(t);
}
// Takes over one reference.
inline Tensor adopt(TensorImpl* p) {
  Tensor t;
  TensorAccess::of(t) = p;
  return t;
}
// One more handle.
inline Tensor share(TensorImpl* t) {
  retain(t);
  return adopt(t);
}
// Gives up the handle's reference to the caller.
inline TensorImpl* release(Tensor&& t) { return std::exchange(TensorAccess::of(t), nullptr); }
template <class T>
T* data(const Tensor& t) {
  return impl(t).ptr<T>();
}
template <class T>
T* data_or_null(const Tensor& t) {
  return t.defined() ? data<T>(t) : nullptr;
}

// Calls f(T{}) with the C++ type of the dtype.
template <class F>
decltype(auto) dispatch_floating(DType d, F&& f) {
  return d == DType::float64 ? f(double{}) : f(float{});
}
template <class F>
decltype(auto) dispatch_all(DType d, F&& f) {
  switch (d) {
    case DType::float64:
      return f(double{});
    case DType::int64:
      return f(std::int64_t{});
    case DType::int32:
      return f(std::int32_t{});
    case DType::uint8:
      return f(std::uint8_t{});
    case DType::boolean:
      return f(bool{});
    default:
      return f(float{});
  }
}

}  // namespace xgrad::detail
