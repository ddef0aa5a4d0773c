// Tensors shared with other libraries of the process by DLPack's structures, without a copy, both ways:
// https://dmlc.github.io/dlpack/latest/c_api.html (versions 0 and 1; their layout is given below under our names, so
// that the other library's own dlpack.h can be included beside this header).
//
//   DLManagedTensor* m = ...;                                   // of the other library
//   xgrad::Tensor x = xgrad::from_dlpack(m);                    // x owns it now
//   auto* out = reinterpret_cast<DLManagedTensor*>(xgrad::to_dlpack(x));
#pragma once

#include <concepts>
#include <cstdint>

#include <xgrad/tensor.hpp>

namespace xgrad {
namespace dlpack {

struct Device {
  std::int32_t device_type, device_id;  // 1: the CPU
};
struct DataType {
  std::uint8_t code, bits;  // code: 0 int, 1 unsigned, 2 floating, 6 bool
  std::uint16_t lanes;
};
struct Array {  // DLTensor
  void* data;
  Device device;
  std::int32_t ndim;
  DataType dtype;
  std::int64_t *shape, *strides;  // in elements; strides may be null: C order
  std::uint64_t byte_offset;
};
struct ManagedTensor {  // DLManagedTensor
  Array dl_tensor;
  void* manager_ctx;
  void (*deleter)(ManagedTensor*);
};
struct Version {
  std::uint32_t major, minor;
};
struct ManagedTensorVersioned {  // DLManagedTensorVersioned
  Version version;
  void* manager_ctx;
  void (*deleter)(ManagedTensorVersioned*);
  std::uint64_t flags;  // 1: only to be read, 2: a copy
  Array dl_tensor;
};

// The structures of a dlpack.h.
template <class M>
concept Unversioned = sizeof(M) == sizeof(ManagedTensor) && requires(M* m) {
  m->dl_tensor.byte_offset;
  m->deleter(m);
  requires !requires { m->version; };
};
template <class M>
concept Versioned = sizeof(M) == sizeof(ManagedTensorVersioned) && requires(M* m) {
  m->dl_tensor.byte_offset;
  m->deleter(m);
  m->version.major;
};

}  // namespace dlpack

// A tensor over the memory of `managed`, whose deleter is called when the last tensor over it dies. What the other
// library writes there changes the tensor (as with from_blob). Memory that is only to be read is copied and given back
// at once. Types: float32, float64, int32, int64, uint8, bool (also as unsigned numbers of 8 bits); others are a
// DTypeError. ValueError: null, another device than the CPU, strides below 0, memory that is not aligned; ShapeError:
// sizes below 0 or too large. After an error `managed` still belongs to the caller, but for a version that is not
// known: of that nothing but the deleter may be used, and it is called.
XGRAD_API Tensor from_dlpack(dlpack::ManagedTensor* managed, Location at = Location::current());
XGRAD_API Tensor from_dlpack(dlpack::ManagedTensorVersioned* managed, Location at = Location::current());
template <dlpack::Unversioned M>
Tensor from_dlpack(M* managed, Location at = Location::current()) {
  return from_dlpack(reinterpret_cast<dlpack::ManagedTensor*>(managed), at);
}
template <dlpack::Versioned M>
Tensor from_dlpack(M* managed, Location at = Location::current()) {
  return from_dlpack(reinterpret_cast<dlpack::ManagedTensorVersioned*>(managed), at);
}

// The memory of the tensor for another library, which calls the deleter when it is done; until then the memory lives.
// Counts as an in-place change, as mutable_data() does. AutogradError for a tensor on the tape: detach() it first.
XGRAD_API dlpack::ManagedTensor* to_dlpack(const Tensor& t, Location at = Location::current());
XGRAD_API dlpack::ManagedTensorVersioned* to_dlpack_versioned(const Tensor& t, Location at = Location::current());

}  // namespace xgrad
