// Element types, their promotion, and Scalar: a number that came from the program text.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <limits>
#include <type_traits>

#include <xgrad/export.hpp>

namespace xgrad {

enum class DType : std::uint8_t { float32, float64, int64, int32, uint8, boolean };

inline constexpr DType kFloat32 = DType::float32;
inline constexpr DType kFloat64 = DType::float64;
inline constexpr DType kInt64 = DType::int64;
inline constexpr DType kInt32 = DType::int32;
inline constexpr DType kUInt8 = DType::uint8;
inline constexpr DType kBool = DType::boolean;

// Bytes of one element.
constexpr int item_size(DType d) {
  switch (d) {
    case DType::float32:
    case DType::int32:
      return 4;
    case DType::float64:
    case DType::int64:
      return 8;
    default:
      return 1;
  }
}
constexpr bool is_floating(DType d) { return d == DType::float32 || d == DType::float64; }
// bool counts as neither floating nor integral.
constexpr bool is_integral(DType d) { return d == DType::int64 || d == DType::int32 || d == DType::uint8; }

// "float32", "float64", "int64", "int32", "uint8", "bool".
XGRAD_API const char* name(DType d);
// "f32", "f64", "i64", "i32", "u8", "bool": the form used in messages and pictures.
XGRAD_API const char* short_name(DType d);
// Result type of a binary operation on two tensors of rank >= 1 (PyTorch's table).
XGRAD_API DType promote_types(DType a, DType b);

namespace detail {
template <class T>
inline constexpr bool never = false;
// What a function with a failed static_assert returns, so that the compiler has nothing further to say.
template <class T>
T nothing();
// The name at the position of the value: how enumerations are printed.
XGRAD_API std::ostream& print_choice(std::ostream& os, int value, std::initializer_list<const char*> names);
}  // namespace detail

// dtype of a C++ element type; does not compile for types a tensor cannot hold.
template <class T>
struct dtype_of_t {
  static_assert(detail::never<T>,
                "xgrad: a tensor holds float, double, std::int64_t, std::int32_t, std::uint8_t or bool; "
                "item<T>() and to_vector<T>() convert to other numbers, tensor(values) converts from them");
  static constexpr DType value = DType::float32;
};
template <>
struct dtype_of_t<float> {
  static constexpr DType value = DType::float32;
};
template <>
struct dtype_of_t<double> {
  static constexpr DType value = DType::float64;
};
template <>
struct dtype_of_t<std::int64_t> {
  static constexpr DType value = DType::int64;
};
template <>
struct dtype_of_t<std::int32_t> {
  static constexpr DType value = DType::int32;
};
template <>
struct dtype_of_t<std::uint8_t> {
  static constexpr DType value = DType::uint8;
};
template <>
struct dtype_of_t<bool> {
  static constexpr DType value = DType::boolean;
};
template <class T>
inline constexpr DType dtype_of = dtype_of_t<std::remove_cv_t<T>>::value;

template <class T>
concept Arithmetic = std::is_arithmetic_v<T>;
// The six types above.
template <class T>
concept Element = std::is_same_v<T, float> || std::is_same_v<T, double> || std::is_same_v<T, std::int64_t> ||
    std::is_same_v<T, std::int32_t> || std::is_same_v<T, std::uint8_t> || std::is_same_v<T, bool>;
// The element type that holds the values of type T: T itself, double for long double, int64 for other integers.
template <Arithmetic T>
using ElementFor =
    std::conditional_t<Element<T>, T, std::conditional_t<std::is_floating_point_v<T>, double, std::int64_t>>;

namespace detail {
// The values of an integer type: its bits without the sign. 0 for what is no integer type, and for bool, which takes
// every number.
struct IntegerRange {
  int digits;
  bool is_signed;
};
template <class T>
constexpr IntegerRange range_of_integer() {
  if constexpr (std::is_enum_v<T>)
    return range_of_integer<std::underlying_type_t<T>>();
  else if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>)
    return {std::numeric_limits<T>::digits, std::is_signed_v<T>};
  else
    return {0, false};
}
template <class T>
inline constexpr IntegerRange integer_range = range_of_integer<T>();
}  // namespace detail

// A number with its category (bool, integer, floating). In an operation with a tensor it never widens
// the tensor's type within the category: float32 tensor * 2.5 stays float32.
class Scalar {
 public:
  template <Arithmetic T>
  constexpr Scalar(T v)  // NOLINT: implicit on purpose, so that literals mix with tensors
      : kind_(std::is_same_v<T, bool> ? Kind::boolean
              : std::is_integral_v<T> ? Kind::integer
                                      : Kind::floating),
        float_(static_cast<double>(v)),
        int_(std::is_floating_point_v<T> ? 0 : static_cast<std::int64_t>(v)) {}

  constexpr bool is_floating() const { return kind_ == Kind::floating; }
  constexpr bool is_integral() const { return kind_ == Kind::integer; }
  constexpr bool is_bool() const { return kind_ == Kind::boolean; }
  constexpr double to_double() const { return float_; }
  constexpr std::int64_t to_int64() const { return is_floating() ? static_cast<std::int64_t>(float_) : int_; }
  template <class T>
  constexpr T to() const {
    if constexpr (std::is_same_v<T, bool>)
      return float_ != 0;
    else if constexpr (std::is_floating_point_v<T>)
      return static_cast<T>(float_);
    else
      return is_floating() ? static_cast<T>(float_) : static_cast<T>(int_);
  }

  // "2", "0.5", "true". (A friend, so that it is not looked at for plain numbers.)
  friend XGRAD_API std::ostream& operator<<(std::ostream& os, const Scalar& s);

 private:
  enum class Kind : std::uint8_t { boolean, integer, floating };
  Kind kind_;
  double float_;
  std::int64_t int_;
};

// Result type of a tensor of type `t` combined with a scalar (default floating type float32).
XGRAD_API DType promote_types(DType t, const Scalar& s);

XGRAD_API std::ostream& operator<<(std::ostream& os, DType d);  // "float32"

}  // namespace xgrad
