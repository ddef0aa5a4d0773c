// Making tensors. All throw ShapeError for negative sizes or when the element count overflows 64 bits, and
// OutOfMemoryError (naming the bytes wanted) when there is not enough memory.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include <xgrad/random.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad {

struct TensorOptions {
  DType dtype = kFloat32;
  bool requires_grad = false;
};

XGRAD_API Tensor empty(const Shape& shape, TensorOptions o = {}, Location at = Location::current());  // uninitialised
XGRAD_API Tensor zeros(const Shape& shape, TensorOptions o = {}, Location at = Location::current());
XGRAD_API Tensor ones(const Shape& shape, TensorOptions o = {}, Location at = Location::current());
// dtype left out: float32 for a floating value, int64 for an integer, bool for a bool.
XGRAD_API Tensor full(const Shape& shape, Scalar value, Location at = Location::current());
XGRAD_API Tensor full(const Shape& shape, Scalar value, TensorOptions o, Location at = Location::current());
// n rows and m columns, n when not given.
XGRAD_API Tensor eye(std::int64_t n, std::optional<std::int64_t> m = {}, TensorOptions o = {},
                     Location at = Location::current());
// [0, end), [start, end) by step; ceil((end - start) / step) elements. int64 when all are integers, else float32.
// ValueError when step is 0 or points away from end.
XGRAD_API Tensor arange(Scalar end, Location at = Location::current());
XGRAD_API Tensor arange(Scalar start, Scalar end, Scalar step = 1, Location at = Location::current());
XGRAD_API Tensor arange(Scalar start, Scalar end, Scalar step, TensorOptions o, Location at = Location::current());
// `steps` evenly spaced values from start to end inclusive.
XGRAD_API Tensor linspace(double start, double end, std::int64_t steps, TensorOptions o = {},
                          Location at = Location::current());

// Random. Same seed, same numbers, whatever the thread count.
XGRAD_API Tensor rand(const Shape& shape, TensorOptions o = {}, Location at = Location::current());   // U[0, 1)
XGRAD_API Tensor randn(const Shape& shape, TensorOptions o = {}, Location at = Location::current());  // N(0, 1)
XGRAD_API Tensor randint(std::int64_t low, std::int64_t high, const Shape& shape, TensorOptions o = {kInt64},
                         Location at = Location::current());  // [low, high)
XGRAD_API Tensor randperm(std::int64_t n, TensorOptions o = {kInt64}, Location at = Location::current());
XGRAD_API Tensor bernoulli(double p, const Shape& shape, TensorOptions o = {}, Location at = Location::current());
XGRAD_API Tensor bernoulli(const Tensor& p, Location at = Location::current());  // one draw per probability
XGRAD_API Tensor normal(double mean, double stddev, const Shape& shape, TensorOptions o = {},
                        Location at = Location::current());
XGRAD_API Tensor uniform(double low, double high, const Shape& shape, TensorOptions o = {},
                         Location at = Location::current());  // U[low, high)

XGRAD_API Tensor empty_like(const Tensor& t, Location at = Location::current());
XGRAD_API Tensor zeros_like(const Tensor& t, Location at = Location::current());
XGRAD_API Tensor ones_like(const Tensor& t, Location at = Location::current());
XGRAD_API Tensor full_like(const Tensor& t, Scalar value, Location at = Location::current());
XGRAD_API Tensor rand_like(const Tensor& t, Location at = Location::current());
XGRAD_API Tensor randn_like(const Tensor& t, Location at = Location::current());

// Copies `shape.numel()` row-major elements (T: float, double, int64_t, int32_t, uint8_t, bool).
namespace detail {
XGRAD_API Tensor from_raw(const void* data, std::int64_t count, DType dtype, const Shape& shape, Location at);
XGRAD_API Tensor wrap_raw(void* data, DType dtype, const Shape& shape, std::function<void()> deleter, Location at);
}  // namespace detail

// 0-d tensor; a double literal gives float32, an int gives int64, as in PyTorch. Pass an explicit dtype otherwise.
XGRAD_API Tensor tensor(Scalar value, Location at = Location::current());
XGRAD_API Tensor tensor(Scalar value, TensorOptions o, Location at = Location::current());
namespace detail {
template <class T>
inline constexpr DType literal_dtype =
    std::is_same_v<T, bool> ? DType::boolean : std::is_integral_v<T> ? DType::int64 : DType::float32;
XGRAD_API Tensor from_list(const std::vector<Scalar>& values, const Shape& shape, TensorOptions o, Location at);
// ShapeError when row number `row` of a nested list has not `length` values.
XGRAD_API void require_row(std::size_t row, std::size_t got, std::size_t length, Location at);
}  // namespace detail

// From values: tensor({1., 2., 3.}), tensor({{1., 2.}, {3., 4.}}), nested to rank 3. Floating values give float32,
// integers give int64, bools give bool, unless options say otherwise. ShapeError when rows differ in length.
template <Arithmetic T>
Tensor tensor(std::initializer_list<T> v, TensorOptions o = {detail::literal_dtype<T>},
              Location at = Location::current()) {
  return detail::from_list({v.begin(), v.end()}, Shape{static_cast<std::int64_t>(v.size())}, o, at);
}
template <Arithmetic T>
Tensor tensor(std::initializer_list<std::initializer_list<T>> v, TensorOptions o = {detail::literal_dtype<T>},
              Location at = Location::current()) {
  const std::size_t columns = v.size() ? v.begin()->size() : 0;
  std::vector<Scalar> values;
  std::size_t k = 0;
  for (const auto& row : v) {
    detail::require_row(k++, row.size(), columns, at);
    values.insert(values.end(), row.begin(), row.end());
  }
  const Shape shape{static_cast<std::int64_t>(v.size()), static_cast<std::int64_t>(columns)};
  return detail::from_list(values, shape, o, at);
}
template <Arithmetic T>
Tensor tensor(std::initializer_list<std::initializer_list<std::initializer_list<T>>> v,
              TensorOptions o = {detail::literal_dtype<T>}, Location at = Location::current()) {
  const std::size_t rows = v.size() ? v.begin()->size() : 0, columns = rows ? v.begin()->begin()->size() : 0;
  std::vector<Scalar> values;
  std::size_t k = 0, plane_number = 0;
  for (const auto& plane : v) {
    detail::require_row(plane_number++, plane.size(), rows, at);
    for (const auto& row : plane) {
      detail::require_row(k++, row.size(), columns, at);
      values.insert(values.end(), row.begin(), row.end());
    }
  }
  const Shape shape{static_cast<std::int64_t>(v.size()), static_cast<std::int64_t>(rows),
                    static_cast<std::int64_t>(columns)};
  return detail::from_list(values, shape, o, at);
}
// The same for lists that mix kinds of numbers, {1, 0.5}: the widest kind counts.
XGRAD_API Tensor tensor(std::initializer_list<Scalar> v, Location at = Location::current());
XGRAD_API Tensor tensor(std::initializer_list<Scalar> v, TensorOptions o, Location at = Location::current());
XGRAD_API Tensor tensor(std::initializer_list<std::initializer_list<Scalar>> v, Location at = Location::current());
XGRAD_API Tensor tensor(std::initializer_list<std::initializer_list<Scalar>> v, TensorOptions o,
                        Location at = Location::current());
// Copy of a vector; shape () stands for (v.size()). ShapeError when the counts differ.
template <class T>
Tensor from_vector(const std::vector<T>& v, const Shape& shape, Location at = Location::current()) {
  if constexpr (std::is_same_v<T, bool>) {  // std::vector<bool> packs its elements into bits
    const std::vector<std::uint8_t> bytes(v.begin(), v.end());
    return detail::from_raw(bytes.data(), static_cast<std::int64_t>(v.size()), DType::boolean, shape, at);
  } else {
    return detail::from_raw(v.data(), static_cast<std::int64_t>(v.size()), dtype_of<T>, shape, at);
  }
}
template <class T>
Tensor from_vector(const std::vector<T>& v, Location at = Location::current()) {
  return from_vector(v, Shape{static_cast<std::int64_t>(v.size())}, at);
}
// Uses foreign memory without a copy; `deleter` runs when the last tensor over it dies.
template <class T>
Tensor from_blob(T* data, const Shape& shape, std::function<void()> deleter = {}, Location at = Location::current()) {
  return detail::wrap_raw(data, dtype_of<T>, shape, std::move(deleter), at);
}

}  // namespace xgrad
