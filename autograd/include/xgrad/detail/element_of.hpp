// The element type of a tensor that holds the values of another library's array.
#pragma once

#include <cstdint>
#include <type_traits>

namespace xgrad::detail {

// Element type of the tensor that holds values of type V. Unsigned 64-bit values (sizes, argmax) become int64.
template <class V>
struct element_of {
  static_assert(std::is_arithmetic_v<V>, "xgrad: a tensor holds real numbers or bools");
  using type = std::conditional_t<
      std::is_same_v<V, bool> || std::is_same_v<V, float> || std::is_same_v<V, std::uint8_t>, V,
      std::conditional_t<
          std::is_floating_point_v<V>, double,
          std::conditional_t<(sizeof(V) < 4 || (sizeof(V) == 4 && std::is_signed_v<V>)), std::int32_t, std::int64_t>>>;
};
template <class V>
using element_of_t = typename element_of<V>::type;

}  // namespace xgrad::detail
