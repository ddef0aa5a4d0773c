// Making tensors of sizes and of values (random ones: <xgrad/ops/sampling.hpp>). All throw ShapeError for negative
// sizes or when the element count overflows 64 bits, and OutOfMemoryError (naming the bytes wanted) when there is not
// enough memory.
#pragma once

#include <concepts>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include <xgrad/tensor.hpp>

namespace xgrad {

struct RandomOptions;
struct RandomIntegerOptions;
struct TensorOptions {
  DType dtype = kFloat32;
  bool requires_grad = false;
  // Of what is drawn at random (<xgrad/ops/sampling.hpp>), from the default generator.
  operator RandomOptions() const;         // NOLINT
  operator RandomIntegerOptions() const;  // NOLINT
};

XGRAD_API std::ostream& operator<<(std::ostream& os, const TensorOptions& o);

XGRAD_API Tensor empty(const Shape& shape, TensorOptions o = {}, Location at = Location::current());  // uninitialised
XGRAD_API Tensor zeros(const Shape& shape, TensorOptions o = {}, Location at = Location::current());
XGRAD_API Tensor ones(const Shape& shape, TensorOptions o = {}, Location at = Location::current());
// dtype left out: float32 for a floating value, int64 for an integer, bool for a bool.
XGRAD_API Tensor full(const Shape& shape, Scalar value, Location at = Location::current());
XGRAD_API Tensor full(const Shape& shape, Scalar value, TensorOptions o, Location at = Location::current());
// n rows and m columns, n when not given.
XGRAD_API Tensor eye(std::int64_t n, std::optional<std::int64_t> m = {}, TensorOptions o = {},
                     Location at = Location::current());
inline Tensor eye(std::int64_t n, TensorOptions o, Location at = Location::current()) { return eye(n, n, o, at); }
template <detail::NoDimension T, class... More>
Tensor eye(T, const More&...) = delete;  // sizes are integers: static_cast<std::int64_t>(n)
// [0, end), [start, end) by step; ceil((end - start) / step) elements. int64 when all are integers, else float32.
// ValueError when step is 0 or points away from end.
XGRAD_API Tensor arange(Scalar end, Location at = Location::current());
XGRAD_API Tensor arange(Scalar start, Scalar end, Scalar step = 1, Location at = Location::current());
XGRAD_API Tensor arange(Scalar start, Scalar end, Scalar step, TensorOptions o, Location at = Location::current());
inline Tensor arange(Scalar start, Scalar end, TensorOptions o, Location at = Location::current()) {
  return arange(start, end, 1, o, at);
}
inline Tensor arange(Scalar end, TensorOptions o, Location at = Location::current()) {
  return arange(0, end, 1, o, at);
}
// Positions in a matrix of rows x columns on and below (tril), on and above (triu) a diagonal; int64 of shape (2,
// count), row by row.
XGRAD_API Tensor tril_indices(std::int64_t rows, std::int64_t columns, std::int64_t offset = 0,
                              Location at = Location::current());
XGRAD_API Tensor triu_indices(std::int64_t rows, std::int64_t columns, std::int64_t offset = 0,
                              Location at = Location::current());
// `steps` evenly spaced values from start to end inclusive.
XGRAD_API Tensor linspace(double start, double end, std::int64_t steps, TensorOptions o = {},
                          Location at = Location::current());
// base^start to base^end, with evenly spaced exponents.
XGRAD_API Tensor logspace(double start, double end, std::int64_t steps, double base = 10, TensorOptions o = {},
                          Location at = Location::current());
template <std::floating_point T>
Tensor logspace(double, double, T) = delete;  // how many: logspace(0, 2, 3) is 1, 10, 100
template <std::floating_point T>
Tensor linspace(double, double, T) = delete;  // how many: linspace(0, 1, 11); by a step: arange(0, 1, 0.1)

// The type alone for the options: zeros({2, 3}, kFloat64).
namespace detail {
template <class D>
concept TypeAlone = !std::same_as<D, TensorOptions> && !std::same_as<D, RandomOptions> && !std::same_as<D, Location>;
template <TypeAlone D>
TensorOptions options_of(const D& dtype) {
  static_assert(std::same_as<D, DType>,
                "xgrad: behind the sizes stands a type, kFloat64, or {.dtype = kFloat64, .requires_grad = true}; "
                "random numbers take {.generator = g} too");
  if constexpr (std::same_as<D, DType>)
    return {dtype};
  else
    return {};
}
}  // namespace detail
template <detail::TypeAlone D>
Tensor empty(const Shape& shape, const D& dtype, Location at = Location::current()) {
  return empty(shape, detail::options_of(dtype), at);
}
template <detail::TypeAlone D>
Tensor zeros(const Shape& shape, const D& dtype, Location at = Location::current()) {
  return zeros(shape, detail::options_of(dtype), at);
}
template <detail::TypeAlone D>
Tensor ones(const Shape& shape, const D& dtype, Location at = Location::current()) {
  return ones(shape, detail::options_of(dtype), at);
}
template <detail::TypeAlone D>
Tensor full(const Shape& shape, Scalar value, const D& dtype, Location at = Location::current()) {
  return full(shape, value, detail::options_of(dtype), at);
}
template <std::same_as<DType> D>
Tensor eye(std::int64_t n, D dtype, Location at = Location::current()) {
  return eye(n, n, TensorOptions{dtype}, at);
}
template <std::same_as<DType> D>
Tensor eye(std::int64_t n, std::int64_t m, D dtype, Location at = Location::current()) {
  return eye(n, m, TensorOptions{dtype}, at);
}
template <std::same_as<DType> D>
Tensor arange(Scalar end, D dtype, Location at = Location::current()) {
  return arange(end, TensorOptions{dtype}, at);
}
template <std::same_as<DType> D>
Tensor arange(Scalar start, Scalar end, D dtype, Location at = Location::current()) {
  return arange(start, end, TensorOptions{dtype}, at);
}
template <std::same_as<DType> D>
Tensor arange(Scalar start, Scalar end, Scalar step, D dtype, Location at = Location::current()) {
  return arange(start, end, step, TensorOptions{dtype}, at);
}

// Sizes stand in braces.
template <std::integral... N>
Tensor empty(N...) = delete;  // sizes in braces: empty({2, 3})
template <std::integral... N>
Tensor zeros(N...) = delete;  // sizes in braces: zeros({2, 3})
template <std::integral... N>
Tensor ones(N...) = delete;  // sizes in braces: ones({2, 3})

XGRAD_API Tensor empty_like(const Tensor& t, Location at = Location::current());
XGRAD_API Tensor zeros_like(const Tensor& t, Location at = Location::current());
XGRAD_API Tensor ones_like(const Tensor& t, Location at = Location::current());
XGRAD_API Tensor full_like(const Tensor& t, Scalar value, Location at = Location::current());

// Copies `shape.numel()` row-major elements (T: float, double, int64_t, int32_t, uint8_t, bool).
namespace detail {
XGRAD_API Tensor from_raw(const void* data, std::int64_t count, DType dtype, const Shape& shape, Location at);
XGRAD_API void require_blob_dtype(DType of_pointer, DType wanted, Location at);
XGRAD_API Tensor wrap_raw(void* data, DType dtype, const Shape& shape, std::function<void()> deleter, Location at);
}  // namespace detail

// 0-d tensor; a double literal gives float32, an int gives int64, as in PyTorch. Pass an explicit dtype otherwise.
XGRAD_API Tensor tensor(Scalar value, Location at = Location::current());
XGRAD_API Tensor tensor(Scalar value, TensorOptions o, Location at = Location::current());
namespace detail {
template <class T>
inline constexpr DType literal_dtype = std::is_same_v<T, bool> ? DType::boolean
                                       : std::is_integral_v<T> ? DType::int64
                                                               : DType::float32;
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
// Deeper lists: from_vector(values, shape).
template <Arithmetic T>
Tensor tensor(std::initializer_list<std::initializer_list<std::initializer_list<std::initializer_list<T>>>>,
              TensorOptions = {}) = delete;  // to rank 3; beyond: tensor({1., 2.}).reshape({1, 1, 1, 2})
// The same for lists that mix kinds of numbers, {1, 0.5}: the widest kind counts.
XGRAD_API Tensor tensor(std::initializer_list<Scalar> v, Location at = Location::current());
XGRAD_API Tensor tensor(std::initializer_list<Scalar> v, TensorOptions o, Location at = Location::current());
XGRAD_API Tensor tensor(std::initializer_list<std::initializer_list<Scalar>> v, Location at = Location::current());
XGRAD_API Tensor tensor(std::initializer_list<std::initializer_list<Scalar>> v, TensorOptions o,
                        Location at = Location::current());

namespace detail {

// What is in a container of numbers, or of containers of them: the type of the numbers, else void.
template <class R>
concept Container = requires(const R& r) {
  std::begin(r) != std::end(r);
  requires !std::is_convertible_v<const R&, std::string>;
  requires !std::is_same_v<R, std::remove_cvref_t<decltype(*std::begin(r))>>;
}
&&!requires(const R& r) { r.shape(); };  // an array of another library
template <class R>
struct number_in {
  using type = void;
};
template <Arithmetic T>
struct number_in<T> {
  using type = T;
};
template <Container R>
struct number_in<R> : number_in<std::remove_cvref_t<decltype(*std::begin(std::declval<const R&>()))>> {};
template <class R>
using NumberIn = typename number_in<R>::type;

template <class R>
void add_sizes(const R& values, Shape& shape) {
  shape.push_back(static_cast<std::int64_t>(std::distance(std::begin(values), std::end(values))));
  if constexpr (!Arithmetic<std::remove_cvref_t<decltype(*std::begin(values))>>)
    if (shape.back() > 0) add_sizes(*std::begin(values), shape);
}
template <class E, class R>
void add_numbers(const R& values, const Shape& shape, int dim, std::size_t row, std::vector<E>& out,
                 const Location& at) {
  const auto count = static_cast<std::size_t>(std::distance(std::begin(values), std::end(values)));
  if (dim > 0) require_row(row, count, static_cast<std::size_t>(shape[dim]), at);
  std::size_t k = 0;
  for (const auto& v : values) {
    if constexpr (Arithmetic<std::remove_cvref_t<decltype(v)>>)
      out.push_back(static_cast<E>(v));
    else
      add_numbers(v, shape, dim + 1, k++, out, at);
  }
}
// t.to(dtype). ValueError when a number does not fit the type.
XGRAD_API Tensor cast_numbers(const Tensor& t, DType dtype, const Location& at);
// Their copy as a tensor of their own type, double for long double and int64 for integers that a tensor does not hold.
template <class R>
Tensor copy_numbers(const R& values, const std::optional<Shape>& wanted, const Location& at) {
  using E = ElementFor<NumberIn<R>>;
  if constexpr (requires { requires std::same_as<std::remove_cvref_t<decltype(*values.data())>, E>; }) {
    const auto n = static_cast<std::int64_t>(values.size());
    return from_raw(values.data(), n, dtype_of<E>, wanted.value_or(Shape{n}), at);
  } else {
    Shape shape;
    add_sizes(values, shape);
    std::vector<std::conditional_t<std::is_same_v<E, bool>, std::uint8_t, E>> flat;  // vector<bool> packs its elements
    add_numbers(values, shape, 0, 0, flat, at);
    return from_raw(flat.data(), static_cast<std::int64_t>(flat.size()), dtype_of<E>, wanted.value_or(shape), at);
  }
}

}  // namespace detail

// A copy of the numbers in a container: a vector, span, array, vector of vectors (ShapeError when rows differ in
// length). As for lists, floating values give float32, integers int64, bools bool, unless options say otherwise;
// from_vector keeps the type of the numbers.
template <class R>
requires(!Arithmetic<R> && !std::same_as<R, Scalar>) Tensor
    tensor(const R& values, TensorOptions o, Location at = Location::current()) {
  static_assert(!std::is_void_v<detail::NumberIn<R>>,
                "xgrad: tensor(values) copies a number or a container of numbers; a Tensor: x.clone(), several: "
                "stack({x, y}), an xtensor array: from_xtensor(a), memory: from_blob(pointer, shape).clone()");
  if constexpr (!std::is_void_v<detail::NumberIn<R>>) {
    Tensor t = detail::cast_numbers(detail::copy_numbers(values, {}, at), o.dtype, at);
    return o.requires_grad ? t.requires_grad_(true, at) : t;
  } else {
    return Tensor();
  }
}
template <class R>
requires(!Arithmetic<R> && !std::same_as<R, Scalar>) Tensor tensor(const R& values, Location at = Location::current()) {
  return tensor(values, TensorOptions{detail::literal_dtype<detail::NumberIn<R>>}, at);
}
// A list of containers.
template <class R>
requires(!Arithmetic<R> && !std::same_as<R, Scalar>) Tensor
    tensor(std::initializer_list<R> values, Location at = Location::current()) {
  return tensor<std::initializer_list<R>>(values, at);
}
// The type alone for the options: tensor({1., 2.}, kFloat64), tensor(values, kFloat64).
template <class R, std::same_as<DType> D>
Tensor tensor(const R& values, D dtype, Location at = Location::current()) {
  return tensor(values, TensorOptions{dtype}, at);
}
template <class T, std::same_as<DType> D>
Tensor tensor(std::initializer_list<T> values, D dtype, Location at = Location::current()) {
  return tensor(values, TensorOptions{dtype}, at);
}
template <Arithmetic T, std::same_as<DType> D>
Tensor tensor(std::initializer_list<std::initializer_list<T>> values, D dtype, Location at = Location::current()) {
  return tensor(values, TensorOptions{dtype}, at);
}
template <Arithmetic T, std::same_as<bool> B>
Tensor tensor(std::initializer_list<T>, B) = delete;  // options by name: tensor({1., 2.}, {.requires_grad = true})
template <class R>
Tensor tensor(const R&, std::initializer_list<int>) = delete;  // with a shape: from_vector(values, {2, 3})

// Copy of the numbers in a container with their type, row by row into the shape; left out: the container's own.
// ShapeError when the counts differ.
template <class R>
Tensor from_vector(const R& v, const Shape& shape, Location at = Location::current()) {
  static_assert(!std::is_void_v<detail::NumberIn<R>>,
                "xgrad: from_vector(values, shape) copies a container of numbers, a std::vector<float> for instance");
  if constexpr (!std::is_void_v<detail::NumberIn<R>>)
    return detail::copy_numbers(v, shape, at);
  else
    return Tensor();
}
template <class R>
Tensor from_vector(const R& v, Location at = Location::current()) {
  static_assert(!std::is_void_v<detail::NumberIn<R>>,
                "xgrad: from_vector(values) copies a container of numbers, a std::vector<float> for instance");
  if constexpr (!std::is_void_v<detail::NumberIn<R>>)
    return detail::copy_numbers(v, {}, at);
  else
    return Tensor();
}
template <class R, std::integral... N>
requires(sizeof...(N) > 0)              //
    Tensor from_vector(const R&, N...)  // sizes in braces: from_vector(v, {2, 3})
= delete;
template <class T>
Tensor from_vector(std::initializer_list<T>, const Shape& = {}) = delete;  // a list: tensor({1., 2.})

// Shares the program's memory, which must outlive every tensor over it; `deleter` runs when the last one dies. No copy,
// so beware: what the program writes there changes the tensor, and when it does so between an operation and backward()
// the gradients are silently wrong. To be told, run both under a DetectAnomaly; to be safe, copy instead:
// tensor(values) or from_vector(values, shape). ValueError: a null pointer, memory that is not aligned.
template <class T>
Tensor from_blob(T* data, const Shape& shape, std::function<void()> deleter = {}, Location at = Location::current()) {
  static_assert(!std::is_void_v<T>,
                "xgrad: from_blob needs the type of the elements: from_blob(static_cast<float*>(p), shape), or "
                "from_blob(p, shape, kFloat32)");
  static_assert(std::is_void_v<T> || !std::is_const_v<T>,
                "xgrad: from_blob shares memory that may be written to; copy constant values: "
                "from_vector(std::span(p, n), shape), or const_cast the pointer");
  if constexpr (std::is_void_v<T> || std::is_const_v<T>)
    return Tensor();
  else
    return detail::wrap_raw(data, dtype_of<T>, shape, std::move(deleter), at);
}
// The same for memory whose type is known at run time. DTypeError when the pointer has another one.
template <class T, std::same_as<DType> D>
Tensor from_blob(T* data, const Shape& shape, D dtype, std::function<void()> deleter = {},
                 Location at = Location::current()) {
  static_assert(!std::is_const_v<T>,
                "xgrad: from_blob shares memory that may be written to; copy constant values: "
                "from_vector(std::span(p, n), shape), or const_cast the pointer");
  if constexpr (!std::is_void_v<T>) detail::require_blob_dtype(dtype_of<T>, dtype, at);
  return detail::wrap_raw(const_cast<std::remove_const_t<T>*>(data), dtype, shape, std::move(deleter), at);
}
template <class R, class... More>
requires std::is_class_v<std::remove_cvref_t<R>>  //
    Tensor from_blob(R&&, More&&...)  // tensor(v) copies; from_blob(v.data(), shape) shares a v that lives on
= delete;
template <class R, std::integral... N>
requires std::is_class_v<std::remove_cvref_t<R>>        //
    Tensor from_blob(R&&, std::initializer_list<N>...)  // tensor(v) copies; from_blob(v.data(), shape) shares it
= delete;

XGRAD_API std::ostream& operator<<(std::ostream& os, const std::optional<Tensor>& t);
XGRAD_API std::ostream& operator<<(std::ostream& os, const std::vector<Shape>& list);
XGRAD_API std::ostream& operator<<(std::ostream& os, const std::vector<DType>& list);

}  // namespace xgrad
