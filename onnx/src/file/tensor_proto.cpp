#include "file/tensor_proto.hpp"

#include <cstring>
#include <limits>
#include <stdexcept>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <xgrad/detail/raw_bytes.hpp>
#include <xgrad/ops/factory.hpp>

namespace xgrad::onnx {
namespace {

using wire::TensorProto;

struct TypePair {
  DType dtype;
  TensorProto::DataType type;
};
constexpr TypePair kTypes[] = {{kFloat32, TensorProto::FLOAT}, {kFloat64, TensorProto::DOUBLE},
                               {kInt64, TensorProto::INT64},   {kInt32, TensorProto::INT32},
                               {kUInt8, TensorProto::UINT8},   {kBool, TensorProto::BOOL}};
constexpr const char* kNames[] = {"UNDEFINED", "FLOAT",  "UINT8",     "INT8",       "UINT16",  "INT16",
                                  "INT32",     "INT64",  "STRING",    "BOOL",       "FLOAT16", "DOUBLE",
                                  "UINT32",    "UINT64", "COMPLEX64", "COMPLEX128", "BFLOAT16"};

[[noreturn]] void wrong(const std::string& what) { throw std::range_error(what); }

Shape shape_of(const TensorProto& t) {
  if (t.dims_size() > kMaxRank) wrong(fmt::format("rank {}, at most {} is possible", t.dims_size(), kMaxRank));
  Shape shape;
  std::int64_t count = 1;
  bool zero = false, overflow = false;
  for (const std::int64_t n : t.dims()) {
    if (n < 0) wrong(fmt::format("negative size {}", n));
    zero |= n == 0;
    overflow |= n > 0 && __builtin_mul_overflow(count, n, &count);
    shape.push_back(n);
  }
  // Eight bytes each are the most that an element takes.
  if (!zero && (overflow || count > std::numeric_limits<std::int64_t>::max() / 8))
    wrong("the number of elements overflows 64 bits");
  return shape;
}

// A byte of a bool that is neither 0 nor 1 would be undefined to read.
void require_bools(const char* bytes, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i)
    if (static_cast<unsigned char>(bytes[i]) > 1) wrong("a bool is neither 0 nor 1");
}

Tensor from_raw_data(const TensorProto& t, DType dtype, const Shape& shape, std::uint64_t count) {
  const std::string& raw = t.raw_data();
  if (raw.size() != count * static_cast<std::uint64_t>(item_size(dtype)))
    wrong(fmt::format("shape {} of {} takes {} bytes, found {}", to_string(shape), name(dtype),
                      count * static_cast<std::uint64_t>(item_size(dtype)), raw.size()));
  if (dtype == kBool) require_bools(raw.data(), raw.size());
  return detail::from_raw(raw.data(), static_cast<std::int64_t>(count), dtype, shape, Location::current());
}

template <class T, class Field>
Tensor from_numbers(const Field& field, DType dtype, const Shape& shape, std::uint64_t count) {
  if (static_cast<std::uint64_t>(field.size()) != count)
    wrong(fmt::format("shape {} has {} elements, found {}", to_string(shape), count, field.size()));
  std::vector<T> values;
  values.reserve(count);
  for (const std::int64_t v : field) {
    if (!std::in_range<T>(v)) wrong(fmt::format("{} is no {}", v, name(dtype)));
    values.push_back(static_cast<T>(v));
  }
  return detail::from_raw(values.data(), static_cast<std::int64_t>(count), dtype, shape, Location::current());
}

template <class Field>
Tensor from_fractions(const Field& field, DType dtype, const Shape& shape, std::uint64_t count) {
  if (static_cast<std::uint64_t>(field.size()) != count)
    wrong(fmt::format("shape {} has {} elements, found {}", to_string(shape), count, field.size()));
  return detail::from_raw(field.data(), static_cast<std::int64_t>(count), dtype, shape, Location::current());
}

}  // namespace

std::string element_type_name(int type) {
  if (type >= 0 && type < static_cast<int>(std::size(kNames))) return kNames[type];
  return fmt::format("type {}", type);
}

int element_type_of(DType dtype) {
  for (const TypePair& p : kTypes)
    if (p.dtype == dtype) return p.type;
  return TensorProto::UNDEFINED;
}

std::optional<DType> dtype_of_element_type(int type) {
  for (const TypePair& p : kTypes)
    if (p.type == type) return p.dtype;
  return {};
}

TensorProto to_proto(const Tensor& t, const std::string& name) {
  TensorProto proto;
  for (const std::int64_t n : t.shape()) proto.add_dims(n);
  proto.set_data_type(element_type_of(t.dtype()));
  if (!name.empty()) proto.set_name(name);
  const Tensor values = t.detach().contiguous();
  proto.set_raw_data(xgrad::detail::raw_bytes(values),
                     static_cast<std::size_t>(values.numel()) * static_cast<std::size_t>(item_size(t.dtype())));
  return proto;
}

Tensor from_proto(const TensorProto& t) {
  if (t.data_location() == TensorProto::EXTERNAL || t.external_data_size() > 0)
    wrong("its values are in another file, which is not read");
  const std::optional<DType> dtype = dtype_of_element_type(t.data_type());
  if (!dtype)
    wrong(fmt::format("elements of {}; known are FLOAT, DOUBLE, INT64, INT32, UINT8, BOOL",
                      element_type_name(t.data_type())));
  const Shape shape = shape_of(t);
  const auto count = static_cast<std::uint64_t>(shape.numel());
  if (t.has_raw_data()) return from_raw_data(t, *dtype, shape, count);
  switch (*dtype) {
    case DType::float32:
      return from_fractions(t.float_data(), *dtype, shape, count);
    case DType::float64:
      return from_fractions(t.double_data(), *dtype, shape, count);
    case DType::int64:
      return from_numbers<std::int64_t>(t.int64_data(), *dtype, shape, count);
    case DType::int32:
      return from_numbers<std::int32_t>(t.int32_data(), *dtype, shape, count);
    case DType::uint8:
    case DType::boolean:
      break;
  }
  const Tensor bytes = from_numbers<std::uint8_t>(t.int32_data(), kUInt8, shape, count);
  if (*dtype == kUInt8) return bytes;
  require_bools(reinterpret_cast<const char*>(bytes.data<std::uint8_t>()), count);
  return bytes.to(kBool);
}

}  // namespace xgrad::onnx
