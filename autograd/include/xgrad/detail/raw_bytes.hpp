#pragma once

#include <xgrad/tensor.hpp>

namespace xgrad::detail {

// mutable_data() of the library itself: the pointer ends with the call that asked for it, so that nobody needs to look
// for what the program writes there later.
XGRAD_API void* own_pointer(Tensor& t, DType type, const Location& at);
template <class T>
T* own_pointer(Tensor& t, Location at = Location::current()) {
  return static_cast<T*>(own_pointer(t, dtype_of<T>, at));
}

// Where the elements of a contiguous tensor of any type begin.
inline const void* raw_bytes(const Tensor& t) {
  switch (t.dtype()) {
    case DType::float32:
      return t.data<float>();
    case DType::float64:
      return t.data<double>();
    case DType::int64:
      return t.data<std::int64_t>();
    case DType::int32:
      return t.data<std::int32_t>();
    case DType::uint8:
      return t.data<std::uint8_t>();
    case DType::boolean:
      return t.data<bool>();
  }
  return nullptr;
}

}  // namespace xgrad::detail
