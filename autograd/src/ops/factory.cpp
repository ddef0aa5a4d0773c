// Making tensors from sizes, ranges, and the program's own numbers. Random ones are in sampling.cpp.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <ostream>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/ops/extremum.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/parallel.hpp>

#include "core/elementwise_loop.hpp"
#include "core/running_op.hpp"
#include "core/scalar_range.hpp"
#include "core/tensor_impl.hpp"
#include "core/thread_tape.hpp"
#include "ops/factory_checks.hpp"
#include "ops/view_geometry.hpp"

namespace xgrad {

using detail::impl;
using detail::make_tensor;

namespace detail {

void require_options(const char* op, const TensorOptions& o, const Location& at) {
  note_op(op, at);
  if (o.requires_grad && !is_floating(o.dtype)) [[unlikely]]
    ErrorReport(op, fmt::format("only floating tensors take gradients, got {}", name(o.dtype)), at).dtype_error();
}

void require_shape(const char* op, const Shape& shape, const Location& at) {
  note_op(op, at);
  std::int64_t n = 1;
  bool overflow = false;
  for (int i = 0; i < shape.rank(); ++i) {
    if (shape[i] < 0) [[unlikely]]
      ErrorReport(op, fmt::format("negative size {} at dimension {}", shape[i], i), at)
          .line("shape", to_string(shape))
          .shape_error();
    overflow |= __builtin_mul_overflow(n, shape[i] == 0 ? 1 : shape[i], &n);  // of an empty tensor too: its strides
  }
  if (overflow) [[unlikely]]
    ErrorReport(op, fmt::format("element count of shape {} overflows 64 bits", to_string(shape)), at).shape_error();
}

int outside_of(const Scalar& v, DType dtype) {
  if (!is_integral(dtype)) return 0;
  return dispatch_all(dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (!std::is_integral_v<T>) return 0;
    using Limits = std::numeric_limits<T>;
    if (v.is_floating()) {  // the upper bound is 2^digits: exact as a double, unlike max()
      const double d = v.to_double();
      return !(std::trunc(d) >= static_cast<double>(Limits::min())) ? -1 : d < std::ldexp(1.0, Limits::digits) ? 0 : 1;
    }
    if (beyond_int64(v) || v.to_int64() > static_cast<std::int64_t>(Limits::max())) return 1;
    return v.to_int64() < static_cast<std::int64_t>(Limits::min()) ? -1 : 0;
  });
}

void require_fits(const char* op, const Scalar& v, DType dtype, const Location& at) {
  if (outside_of(v, dtype) == 0) return;
  const std::string text =
      v.is_floating() || beyond_int64(v) ? fmt::format("{}", v.to_double()) : fmt::format("{}", v.to_int64());
  ErrorReport(op, fmt::format("value {} does not fit {}", text, name(dtype)), at).value_error();
}

Tensor finish(Tensor t, const TensorOptions& o) {
  impl(t).requires_grad = o.requires_grad;
  return t;
}

}  // namespace detail

using detail::finish;
using detail::require_fits;
using detail::require_options;
using detail::require_shape;

namespace {

Tensor make_filled(const char* op, const Shape& shape, const Scalar& v, const TensorOptions& o, Location at) {
  require_options(op, o, at);
  require_shape(op, shape, at);
  require_fits(op, v, o.dtype, at);
  Tensor t = make_tensor(shape, o.dtype, at);
  detail::fill_raw(t, v);
  return finish(std::move(t), o);
}

DType scalar_dtype(const Scalar& v) {
  return v.is_floating() ? DType::float32 : v.is_bool() ? DType::boolean : DType::int64;
}

Tensor make_like(const char* op, const Tensor& t, const Scalar& v, Location at) {
  require_defined(op, t, at);
  return make_filled(op, t.shape(), v, {t.dtype()}, at);
}

}  // namespace

Tensor empty(const Shape& shape, TensorOptions o, Location at) {
  require_options("empty", o, at);
  return finish(make_tensor(shape, o.dtype, at), o);
}
Tensor zeros(const Shape& shape, TensorOptions o, Location at) {
  require_options("zeros", o, at);
  require_shape("zeros", shape, at);
  return finish(detail::zeros_raw(shape, o.dtype), o);
}
Tensor ones(const Shape& shape, TensorOptions o, Location at) { return make_filled("ones", shape, 1, o, at); }
Tensor full(const Shape& shape, Scalar value, Location at) {
  return make_filled("full", shape, value, {scalar_dtype(value)}, at);
}
Tensor full(const Shape& shape, Scalar value, TensorOptions o, Location at) {
  return make_filled("full", shape, value, o, at);
}

Tensor empty_like(const Tensor& t, Location at) {
  require_defined("empty_like", t, at);
  return make_tensor(t.shape(), t.dtype(), at);
}
Tensor zeros_like(const Tensor& t, Location at) {
  require_defined("zeros_like", t, at);
  return detail::zeros_raw(t.shape(), t.dtype());
}
Tensor ones_like(const Tensor& t, Location at) { return make_like("ones_like", t, 1, at); }
Tensor full_like(const Tensor& t, Scalar value, Location at) { return make_like("full_like", t, value, at); }

Tensor eye(std::int64_t n, std::optional<std::int64_t> m, TensorOptions o, Location at) {
  const Shape shape{n, m.value_or(n)};
  require_options("eye", o, at);
  require_shape("eye", shape, at);
  Tensor t = detail::zeros_raw(shape, o.dtype);
  detail::dispatch_all(o.dtype, [&](auto zero) {
    using T = decltype(zero);
    T* p = detail::data<T>(t);
    for (std::int64_t i = 0; i < std::min(shape[0], shape[1]); ++i) p[i * (shape[1] + 1)] = T(1);
  });
  return finish(std::move(t), o);
}

// ---- ranges ----
namespace {

template <class F>
void generate(Tensor& t, F value) {
  detail::dispatch_all(impl(t).dtype, [&](auto zero) {
    using T = decltype(zero);
    T* p = detail::data<T>(t);
    detail::parallel_cost(impl(t).numel, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) p[i] = static_cast<T>(value(i));
    });
  });
}

void require_range(const Scalar& start, const Scalar& end, const Scalar& step, const TensorOptions& o,
                   const Location& at) {
  require_options("arange", o, at);
  const double a = start.to_double(), b = end.to_double(), d = step.to_double();
  const auto text = [&] { return fmt::format("start {}, end {}, step {}", a, b, d); };
  if (o.dtype == DType::boolean) [[unlikely]]
    ErrorReport("arange", "cannot make a bool range", at).dtype_error();
  if (!std::isfinite(a) || !std::isfinite(b) || !std::isfinite(d)) [[unlikely]]
    ErrorReport("arange", "bounds and step must be finite: " + text(), at).value_error();
  if (d == 0) [[unlikely]]
    ErrorReport("arange", "step must be nonzero", at).value_error();
  if ((b - a) * (d > 0 ? 1 : -1) < 0) [[unlikely]]
    ErrorReport("arange", "step points away from end: " + text(), at).value_error();
}

Tensor integer_range(std::int64_t start, std::int64_t end, std::int64_t step, const TensorOptions& o, Location at) {
  __extension__ using Wide = __int128;  // end - start may need 65 bits
  const Wide span = static_cast<Wide>(end) - start;
  const Wide count = span == 0 ? 0 : 1 + (span - (step > 0 ? 1 : -1)) / step;
  if (count > INT64_MAX) [[unlikely]]
    ErrorReport("arange", "element count overflows 64 bits", at).shape_error();
  const auto n = static_cast<std::int64_t>(count);
  auto value = [start, step](std::int64_t i) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(start) +
                                     static_cast<std::uint64_t>(i) * static_cast<std::uint64_t>(step));
  };
  if (n > 0) {
    require_fits("arange", value(0), o.dtype, at);
    require_fits("arange", value(n - 1), o.dtype, at);
  }
  Tensor t = make_tensor({n}, o.dtype, at);
  generate(t, value);
  return finish(std::move(t), o);
}

}  // namespace

Tensor arange(Scalar start, Scalar end, Scalar step, TensorOptions o, Location at) {
  require_range(start, end, step, o, at);
  if (!start.is_floating() && !end.is_floating() && !step.is_floating())
    return integer_range(start.to_int64(), end.to_int64(), step.to_int64(), o, at);
  const double first = start.to_double(), by = step.to_double();
  const double count = std::ceil((end.to_double() - first) / by);
  if (!(count < 0x1p62)) [[unlikely]]
    ErrorReport("arange", "element count overflows 64 bits", at).shape_error();
  const auto n = static_cast<std::int64_t>(count);
  if (n > 0) {
    require_fits("arange", first, o.dtype, at);
    require_fits("arange", first + static_cast<double>(n - 1) * by, o.dtype, at);
  }
  Tensor t = make_tensor({n}, o.dtype, at);
  generate(t, [first, by](std::int64_t i) { return first + static_cast<double>(i) * by; });
  return finish(std::move(t), o);
}
Tensor arange(Scalar start, Scalar end, Scalar step, Location at) {
  const bool floating = start.is_floating() || end.is_floating() || step.is_floating();
  return arange(start, end, step, TensorOptions{floating ? DType::float32 : DType::int64}, at);
}
Tensor arange(Scalar end, Location at) { return arange(end.is_floating() ? Scalar(0.0) : Scalar(0), end, 1, at); }

namespace {

__extension__ using Wide = __int128;  // a product of two sizes

// Positions (r, c) with c <= r + shift.
Wide below_diagonal(std::int64_t rows, std::int64_t columns, std::int64_t shift) {
  const Wide first = std::max<Wide>(0, -static_cast<Wide>(shift)), last = rows;  // the first row that has any
  const Wide full = std::clamp<Wide>(static_cast<Wide>(columns) - 1 - shift, std::min(first, last), last);
  if (first >= last) return 0;
  const Wide shorter = full - first;  // rows of first + shift + 1, .. positions
  return shorter * (first + shift + 1) + shorter * (shorter - 1) / 2 + (last - full) * columns;
}

Tensor triangle_indices(const char* op, std::int64_t rows, std::int64_t columns, std::int64_t offset, bool lower,
                        Location at) {
  if (rows < 0 || columns < 0) [[unlikely]]
    ErrorReport(op, fmt::format("rows and columns must not be negative, got {} and {}", rows, columns), at)
        .shape_error();
  const std::int64_t shift = std::clamp(offset, -rows, columns);
  const Wide all = static_cast<Wide>(rows) * columns;
  const Wide count = lower ? below_diagonal(rows, columns, shift) : all - below_diagonal(rows, columns, shift - 1);
  if (count > INT64_MAX / 2) [[unlikely]]
    ErrorReport(op, "the number of positions overflows 64 bits", at).shape_error();
  detail::note_op(op, at);
  Tensor t = make_tensor({2, static_cast<std::int64_t>(count)}, DType::int64, at);
  auto *row = detail::data<std::int64_t>(t), *column = row + count;
  if (count == 0) return t;
  const std::int64_t begin = lower ? std::max<std::int64_t>(0, -shift) : 0;
  const std::int64_t end = lower ? rows : std::min(rows, columns - shift);
  for (std::int64_t r = begin; r < end; ++r) {
    const std::int64_t edge = std::clamp<std::int64_t>(r + shift + (lower ? 1 : 0), 0, columns);
    for (std::int64_t c = lower ? 0 : edge; c < (lower ? edge : columns); ++c) {
      *row++ = r;
      *column++ = c;
    }
  }
  return t;
}

}  // namespace

Tensor tril_indices(std::int64_t rows, std::int64_t columns, std::int64_t offset, Location at) {
  return triangle_indices("tril_indices", rows, columns, offset, true, at);
}
Tensor triu_indices(std::int64_t rows, std::int64_t columns, std::int64_t offset, Location at) {
  return triangle_indices("triu_indices", rows, columns, offset, false, at);
}

Tensor linspace(double start, double end, std::int64_t steps, TensorOptions o, Location at) {
  require_options("linspace", o, at);
  if (steps < 0) [[unlikely]]
    ErrorReport("linspace", fmt::format("steps must not be negative, got {}", steps), at).value_error();
  require_fits("linspace", start, o.dtype, at);
  require_fits("linspace", end, o.dtype, at);
  Tensor t = make_tensor({steps}, o.dtype, at);
  const auto gaps = static_cast<double>(steps - 1);
  const double step = steps < 2 ? 0 : std::isfinite(end - start) ? (end - start) / gaps : end / gaps - start / gaps;
  // From both ends, so that the last value is exactly `end` and the values are symmetric.
  generate(t, [=](std::int64_t i) {
    return i < steps / 2 || steps == 1 ? start + static_cast<double>(i) * step
                                       : end - static_cast<double>(steps - 1 - i) * step;
  });
  return finish(std::move(t), o);
}

Tensor logspace(double start, double end, std::int64_t steps, double base, TensorOptions o, Location at) {
  require_options("logspace", o, at);
  if (steps < 0) [[unlikely]]
    ErrorReport("logspace", fmt::format("steps must not be negative, got {}", steps), at).value_error();
  detail::note_op("logspace", at);
  Tensor t = make_tensor({steps}, o.dtype, at);
  const Tensor exponents = linspace(start, end, steps, {DType::float64}, at);
  const double* e = detail::data<double>(exponents);
  if (is_integral(o.dtype))
    for (std::int64_t i = 0; i < steps; ++i) require_fits("logspace", std::pow(base, e[i]), o.dtype, at);
  generate(t, [=](std::int64_t i) { return std::pow(base, e[i]); });
  return finish(std::move(t), o);
}

// ---- from the program's own numbers ----
Tensor tensor(Scalar value, TensorOptions o, Location at) { return make_filled("tensor", {}, value, o, at); }
Tensor tensor(Scalar value, Location at) { return make_filled("tensor", {}, value, {scalar_dtype(value)}, at); }

namespace detail {

Tensor from_list(const std::vector<Scalar>& values, const Shape& shape, TensorOptions o, Location at) {
  require_options("tensor", o, at);
  for (const Scalar& v : values) require_fits("tensor", v, o.dtype, at);
  Tensor t = make_tensor(shape, o.dtype, at);
  dispatch_all(o.dtype, [&](auto zero) {
    using T = decltype(zero);
    T* p = data<T>(t);
    for (const Scalar& v : values) *p++ = v.to<T>();
  });
  return finish(std::move(t), o);
}

void require_row(std::size_t row, std::size_t got, std::size_t length, Location at) {
  if (got != length) [[unlikely]]
    ErrorReport("tensor", fmt::format("row {} has {} values, expected {}", row, got, length), at).shape_error();
}

namespace {

DType widest(const std::vector<Scalar>& values) {
  bool floating = values.empty(), integral = false;
  for (const Scalar& v : values) {
    floating |= v.is_floating();
    integral |= v.is_integral();
  }
  return floating ? DType::float32 : integral ? DType::int64 : DType::boolean;
}

Tensor from_rows(std::initializer_list<std::initializer_list<Scalar>> rows, const TensorOptions* o, Location at) {
  const std::size_t columns = rows.size() ? rows.begin()->size() : 0;
  std::vector<Scalar> values;
  for (auto row = rows.begin(); row != rows.end(); ++row) {
    require_row(static_cast<std::size_t>(row - rows.begin()), row->size(), columns, at);
    values.insert(values.end(), row->begin(), row->end());
  }
  const Shape shape{static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(columns)};
  return from_list(values, shape, o ? *o : TensorOptions{widest(values)}, at);
}

}  // namespace

Tensor from_raw(const void* data, std::int64_t count, DType dtype, const Shape& shape, Location at) {
  require_shape("from_vector", shape, at);
  if (count != shape.numel()) [[unlikely]]
    ErrorReport(
        "from_vector",
        fmt::format("{} values do not fill shape {}, which has {} elements", count, to_string(shape), shape.numel()),
        at)
        .shape_error();
  Tensor t = make_tensor(shape, dtype, at);
  if (count > 0)
    std::memcpy(impl(t).memory(), data, static_cast<std::size_t>(count) * static_cast<std::size_t>(item_size(dtype)));
  return t;
}

void require_blob_dtype(DType of_pointer, DType wanted, Location at) {
  if (of_pointer == wanted) return;
  ErrorReport("from_blob", fmt::format("the pointer points to {}, but the dtype is {}", name(of_pointer), name(wanted)),
              at)
      .help("pass a void* when the type is known at run time only")
      .dtype_error();
}

Tensor cast_numbers(const Tensor& t, DType dtype, const Location& at) {
  if (is_integral(dtype) && impl(t).dtype != dtype && impl(t).dtype != DType::boolean && t.numel() > 0)
    for (const Tensor& bound : {amin(t, {}, false, at), amax(t, {}, false, at)})
      require_fits("tensor", bound.item_scalar(at), dtype, at);
  return t.to(dtype, at);
}

Tensor wrap_raw(void* data, DType dtype, const Shape& shape, std::function<void()> deleter, Location at) {
  require_shape("from_blob", shape, at);
  const std::int64_t n = shape.numel();
  std::int64_t bytes = 0;
  if (__builtin_mul_overflow(n, static_cast<std::int64_t>(item_size(dtype)), &bytes)) [[unlikely]]
    ErrorReport("from_blob", fmt::format("byte count of shape {} overflows 64 bits", to_string(shape)), at)
        .shape_error();
  if (n > 0 && !data) [[unlikely]]
    ErrorReport("from_blob", fmt::format("a null pointer for {} elements", n), at).value_error();
  if (std::bit_cast<std::uintptr_t>(data) % static_cast<std::uintptr_t>(item_size(dtype)) != 0) [[unlikely]]
    ErrorReport("from_blob", fmt::format("the memory is not aligned for {}", name(dtype)), at).value_error();
  void* block = pool_allocate(sizeof(TensorImpl));
  TensorImpl* t = new (block) TensorImpl;
  Tensor result = adopt(t);
  t->storage = Storage::wrap(data, static_cast<std::size_t>(bytes), std::move(deleter), at);
  t->place(t->storage->data);
  t->dtype = dtype;
  t->shape = shape;
  t->strides = shape.contiguous_strides();
  t->numel = n;
  t->inference = thread_tape.inference;
  return result;
}

}  // namespace detail

Tensor tensor(std::initializer_list<Scalar> v, TensorOptions o, Location at) {
  return detail::from_list(v, Shape{static_cast<std::int64_t>(v.size())}, o, at);
}
Tensor tensor(std::initializer_list<Scalar> v, Location at) { return tensor(v, {detail::widest(v)}, at); }
Tensor tensor(std::initializer_list<std::initializer_list<Scalar>> v, TensorOptions o, Location at) {
  return detail::from_rows(v, &o, at);
}
Tensor tensor(std::initializer_list<std::initializer_list<Scalar>> v, Location at) {
  return detail::from_rows(v, nullptr, at);
}

// ---- text of what stands beside tensors ----
std::ostream& operator<<(std::ostream& os, const TensorOptions& o) {
  return os << fmt::format("{{dtype={}, requires_grad={}}}", name(o.dtype), o.requires_grad);
}
std::ostream& operator<<(std::ostream& os, const std::optional<Tensor>& t) { return t ? os << *t : os << "none"; }
std::ostream& operator<<(std::ostream& os, const std::vector<Shape>& list) {
  os << '[';
  for (std::size_t i = 0; i < list.size(); ++i) os << (i ? ", " : "") << list[i];
  return os << ']';
}
std::ostream& operator<<(std::ostream& os, const std::vector<DType>& list) {
  os << '[';
  for (std::size_t i = 0; i < list.size(); ++i) os << (i ? ", " : "") << list[i];
  return os << ']';
}

}  // namespace xgrad
