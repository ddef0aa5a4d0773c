#include "stored_types.hpp"

#include <bit>
#include <stdexcept>

#include "stored_values.hpp"

namespace xgrad::data {
namespace {

static_assert(std::endian::native == std::endian::little, "data of safetensors files is little-endian");

float half_to_float(std::uint16_t h) {  // IEEE binary16
  const std::uint32_t sign = std::uint32_t{h} >> 15 << 31, exponent = h >> 10 & 31, fraction = h & 1023;
  if (exponent == 0) return (sign ? -1.f : 1.f) * static_cast<float>(fraction) * 0x1p-24f;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000u | fraction << 13);
  return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
}
float bfloat_to_float(std::uint16_t h) { return std::bit_cast<float>(std::uint32_t{h} << 16); }

template <class To, class From>
To widen(From v) {
  return static_cast<To>(v);
}
bool as_bool(std::uint8_t v) { return v != 0; }
std::int64_t checked(std::uint64_t v) {
  if (v > static_cast<std::uint64_t>(INT64_MAX)) throw std::range_error("a U64 value exceeds int64");
  return static_cast<std::int64_t>(v);
}

template <class T>
Tensor as_stored(ByteSource& file, const Shape& shape) {
  Tensor t = empty(shape, {dtype_of<T>});
  file.read_exactly(xgrad::detail::own_pointer<T>(t), static_cast<std::size_t>(t.numel()) * sizeof(T));
  return t;
}
template <class T>
constexpr StoredType same(const char* name) {
  return {name, sizeof(T), sizeof(T), as_stored<T>, dtype_of<T>};
}
template <class Stored, class Kept, Kept (*convert)(Stored) = widen<Kept, Stored>>
constexpr StoredType converted(const char* name) {
  return {name, sizeof(Stored), sizeof(Kept), read_values<Stored, Kept, convert>};
}

constexpr StoredType kStoredTypes[] = {same<float>("F32"),
                                       same<double>("F64"),
                                       same<std::int64_t>("I64"),
                                       same<std::int32_t>("I32"),
                                       same<std::uint8_t>("U8"),
                                       converted<std::uint8_t, bool, as_bool>("BOOL"),
                                       converted<std::uint16_t, float, half_to_float>("F16"),
                                       converted<std::uint16_t, float, bfloat_to_float>("BF16"),
                                       converted<std::int8_t, std::int32_t>("I8"),
                                       converted<std::int16_t, std::int32_t>("I16"),
                                       converted<std::uint16_t, std::int32_t>("U16"),
                                       converted<std::uint32_t, std::int64_t>("U32"),
                                       converted<std::uint64_t, std::int64_t, checked>("U64")};

}  // namespace

std::span<const StoredType> stored_types() { return kStoredTypes; }

const StoredType* find_stored_type(std::string_view name) {
  for (const StoredType& t : kStoredTypes)
    if (name == t.name) return &t;
  return nullptr;
}

const StoredType& stored_type_of(DType d) {
  switch (d) {
    case DType::float32:
      return *find_stored_type("F32");
    case DType::float64:
      return *find_stored_type("F64");
    case DType::int64:
      return *find_stored_type("I64");
    case DType::int32:
      return *find_stored_type("I32");
    case DType::uint8:
      return *find_stored_type("U8");
    case DType::boolean:
      break;
  }
  return *find_stored_type("BOOL");
}

}  // namespace xgrad::data
