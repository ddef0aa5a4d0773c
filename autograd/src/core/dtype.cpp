#include <algorithm>

#include <xgrad/dtype.hpp>

namespace xgrad {

const char* name(DType d) {
  switch (d) {
    case DType::float32:
      return "float32";
    case DType::float64:
      return "float64";
    case DType::int64:
      return "int64";
    case DType::int32:
      return "int32";
    case DType::uint8:
      return "uint8";
    case DType::boolean:
      return "bool";
  }
  return "?";
}

const char* short_name(DType d) {
  switch (d) {
    case DType::float32:
      return "f32";
    case DType::float64:
      return "f64";
    case DType::int64:
      return "i64";
    case DType::int32:
      return "i32";
    case DType::uint8:
      return "u8";
    case DType::boolean:
      return "bool";
  }
  return "?";
}

namespace {
// bool < uint8 < int32 < int64 < float32 < float64: with these six types promotion is the larger one.
int order(DType d) {
  switch (d) {
    case DType::boolean:
      return 0;
    case DType::uint8:
      return 1;
    case DType::int32:
      return 2;
    case DType::int64:
      return 3;
    case DType::float32:
      return 4;
    case DType::float64:
      return 5;
  }
  return 5;
}
}  // namespace

DType promote_types(DType a, DType b) { return order(a) >= order(b) ? a : b; }

DType promote_types(DType t, const Scalar& s) {
  if (s.is_floating()) return is_floating(t) ? t : DType::float32;
  if (s.is_integral()) return t == DType::boolean ? DType::int64 : t;
  return t;
}

}  // namespace xgrad
