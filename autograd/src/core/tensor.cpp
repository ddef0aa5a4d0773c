#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <xgrad/call_site.hpp>
#include <xgrad/tensor.hpp>

#include "core/change_log.hpp"
#include "core/elementwise_loop.hpp"
#include "core/rematerialize.hpp"
#include "core/running_op.hpp"
#include "core/thread_tape.hpp"

namespace xgrad {
namespace detail {

constinit thread_local bool recomputing_part = false;

void release_weak(TensorImpl* t) noexcept {
  if (!count_down(t->weak)) return;
  t->~TensorImpl();
  pool_release(t, sizeof(TensorImpl));
}

Tensor lock_weak(TensorImpl* t) {
  std::uint32_t n = t->refs.load(std::memory_order_relaxed);
  while (n && !t->refs.compare_exchange_weak(n, n + 1, std::memory_order_acq_rel)) continue;
  return n ? adopt(t) : Tensor();
}

bool compute_contiguous(const Shape& shape, const Shape& strides) {
  std::int64_t step = 1;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    if (shape[i] == 0) return true;
    if (shape[i] != 1 && strides[i] != step) return false;
    step *= shape[i];
  }
  return true;
}

namespace {

TensorImpl* new_impl() { return new (pool_allocate(sizeof(TensorImpl))) TensorImpl; }

std::int64_t checked_numel(const Shape& shape, DType dtype, const Location& at) {
  std::int64_t n = 1, bytes = item_size(dtype);
  bool overflow = false, zero = false;
  for (int i = 0; i < shape.rank(); ++i) {
    if (shape[i] < 0) [[unlikely]]
      ErrorReport("empty", fmt::format("negative size {} at dimension {}", shape[i], i), at).shape_error();
    zero |= shape[i] == 0;
    const std::int64_t size = shape[i] == 0 ? 1 : shape[i];  // the strides of an empty tensor must not wrap either
    overflow |= __builtin_mul_overflow(n, size, &n) || __builtin_mul_overflow(bytes, size, &bytes);
  }
  if (overflow) [[unlikely]]
    ErrorReport("empty", fmt::format("element count of shape {} overflows 64 bits", to_string(shape)), at)
        .shape_error();
  return zero ? 0 : n;
}

}  // namespace

Tensor make_tensor(const Shape& shape, DType dtype, Location at) {
  const std::int64_t n = checked_numel(shape, dtype, at);
  const auto bytes = static_cast<std::size_t>(n) * static_cast<std::size_t>(item_size(dtype));
  Storage* storage;
  try {
    storage = Storage::make(bytes);
  } catch (const OutOfMemoryError&) {
    out_of_memory(bytes, fmt::format("{} {}", short_name(dtype), to_string(shape)));
  }
  return make_tensor_over(storage, shape, dtype);
}

Tensor make_tensor_over(Storage* adopted, const Shape& shape, DType dtype) {
  TensorImpl* t;
  try {
    t = new_impl();
  } catch (...) {
    adopted->release();
    throw;
  }
  t->dtype = dtype;
  t->shape = shape;
  t->strides = shape.contiguous_strides();
  t->numel = shape.numel();
  t->storage = adopted;
  t->inference = thread_tape.inference;
  t->place(adopted->data);
  return adopt(t);
}

namespace {

Tensor known(Tensor made, const TensorImpl& from) {
  if (from.storage->owner) [[unlikely]]
    note_alias(impl(made), from);
  return made;
}

}  // namespace

void take_memory_of(TensorImpl& t, const TensorImpl& from) noexcept {
  retain(from.storage);
  t.storage->release();
  t.storage = from.storage;
  t.place(from.has_memory() ? from.memory() : nullptr);
  t.dtype = from.dtype;
  t.shape = from.shape;
  t.strides = from.strides;
  t.numel = from.numel;
  t.contiguous = from.contiguous;
}

Tensor make_alias(const Tensor& x) {
  const TensorImpl& from = impl(x);
  TensorImpl* t = new_impl();
  t->dtype = from.dtype;
  t->shape = from.shape;
  t->strides = from.strides;
  t->numel = from.numel;
  t->contiguous = from.contiguous;
  t->inference = from.inference;
  t->storage = from.storage;
  if (from.has_memory()) t->place(from.memory());
  retain(t->storage);
  return known(adopt(t), from);
}

Tensor make_view(const Tensor& x, const Shape& shape, const Shape& strides, std::int64_t offset) {
  TensorImpl& from = impl(x);
  from.memory();  // a view goes through plain memory
  TensorImpl* t = new_impl();
  t->dtype = from.dtype;
  t->shape = shape;
  t->strides = strides;
  t->numel = shape.numel();
  t->contiguous = compute_contiguous(shape, strides);
  t->storage = from.storage;
  t->place(from.storage->data + offset * item_size(from.dtype));
  retain(t->storage);
  t->base = from.base ? from.base : &from;
  retain(t->base);
  t->view_history = t->base->history;
  t->inference = from.inference;
  if (!thread_tape.records) {
    t->unrecorded_view = true;
    t->view_line = user_line(running_op.at).line();
  }
  return known(adopt(t), from);
}

}  // namespace detail

using detail::checked;
using detail::TensorImpl;

DType Tensor::dtype(Location at) const { return checked(*this, "dtype", at).dtype; }
const Shape& Tensor::shape(Location at) const& { return checked(*this, "shape", at).shape; }
const Shape& Tensor::strides(Location at) const& { return checked(*this, "strides", at).strides; }
std::int64_t Tensor::dim(Location at) const { return checked(*this, "dim", at).shape.rank(); }
std::int64_t Tensor::numel(Location at) const { return checked(*this, "numel", at).numel; }
bool Tensor::is_contiguous(Location at) const { return checked(*this, "is_contiguous", at).contiguous; }

std::int64_t Tensor::size(std::int64_t d, Location at) const {
  const TensorImpl& t = checked(*this, "size", at);
  if (t.shape.rank() == 0) ErrorReport("size", fmt::format("dim {} given for a tensor of rank 0", d), at).index_error();
  return t.shape[wrap_dim("size", d, *this, at)];
}
std::int64_t Tensor::stride(std::int64_t d, Location at) const {
  const TensorImpl& t = checked(*this, "stride", at);
  if (t.shape.rank() == 0)
    ErrorReport("stride", fmt::format("dim {} given for a tensor of rank 0", d), at).index_error();
  return t.strides[wrap_dim("stride", d, *this, at)];
}

const void* Tensor::raw(DType want, Location at) const {
  const TensorImpl& t = checked(*this, "data", at);
  if (t.dtype != want)
    ErrorReport("data", fmt::format("asked for {} of a {} tensor", xgrad::name(want), xgrad::name(t.dtype)), at)
        .operand("tensor", *this)
        .dtype_error();
  if (!t.contiguous)
    ErrorReport("data", "the tensor is not contiguous", at)
        .operand("tensor", *this)
        .help("call contiguous() first")
        .value_error();
  if (t.storage->owner) [[unlikely]]
    detail::keep_values_of(*t.storage);
  return t.memory();
}

Scalar Tensor::item_scalar(Location at) const {
  const TensorImpl& t = checked(*this, "item", at);
  if (t.numel != 1)
    ErrorReport("item", fmt::format("needs exactly 1 element, got {}", t.numel), at)
        .operand("tensor", *this)
        .value_error();
  return detail::dispatch_all(t.dtype, [&](auto zero) { return Scalar(*t.ptr<decltype(zero)>()); });
}

namespace {

std::string type_text(detail::IntegerRange range) {
  return fmt::format("{}int{}", range.is_signed ? "" : "u", range.digits + range.is_signed);
}

bool holds(detail::IntegerRange range, std::int64_t v) {
  if (v < 0) return range.is_signed && (range.digits >= 63 || v >= -(std::int64_t{1} << range.digits));
  return range.digits >= 63 || v < std::int64_t{1} << range.digits;
}
bool holds(detail::IntegerRange range, double v) {
  const double whole = std::trunc(v), end = std::ldexp(1.0, range.digits);
  return whole < end && whole >= (range.is_signed ? -end : 0);  // not NaN
}
template <class T>
bool holds(detail::IntegerRange range, T v) {
  if constexpr (std::is_floating_point_v<T>)
    return holds(range, static_cast<double>(v));
  else
    return holds(range, static_cast<std::int64_t>(v));
}

// Throws for the first element that the range does not hold.
void require_held(const char* op, const Tensor& x, detail::IntegerRange range, const std::string& type,
                  const Location& at) {
  detail::dispatch_all(x.dtype(), [&](auto zero) {
    const auto* p = detail::data<decltype(zero)>(x);
    for (std::int64_t i = 0; i < x.numel(); ++i)
      if (!holds(range, p[i])) [[unlikely]]
        ErrorReport(op, fmt::format("the value {} does not fit {}", p[i], type), at).operand("tensor", x).value_error();
  });
}

}  // namespace

Scalar Tensor::item_within(detail::IntegerRange range, Location at) const {
  const Scalar v = item_scalar(at);
  if (v.is_floating() ? !holds(range, v.to_double()) : !holds(range, v.to_int64())) [[unlikely]]
    require_held("item", *this, range, type_text(range), at);
  return v;
}

template <Element T>
std::vector<T> Tensor::elements(detail::IntegerRange range, Location at) const {
  checked(*this, "to_vector", at);
  constexpr detail::IntegerRange own = detail::integer_range<T>;
  if (range.digits > 0 && (dtype() != dtype_of<T> || range.digits != own.digits || range.is_signed != own.is_signed)) {
    const std::string type = type_text(range);
    range.digits = std::min(range.digits, own.digits);  // T is on the way
    require_held("to_vector", detail::contiguous_copy(*this), range, type, at);
  }
  Tensor c = detail::contiguous_copy(dtype() == dtype_of<T> ? *this : detail::cast_raw(*this, dtype_of<T>));
  const T* p = detail::data<T>(c);
  return std::vector<T>(p, p + c.numel());
}
template std::vector<float> Tensor::elements<float>(detail::IntegerRange, Location) const;
template std::vector<double> Tensor::elements<double>(detail::IntegerRange, Location) const;
template std::vector<std::int64_t> Tensor::elements<std::int64_t>(detail::IntegerRange, Location) const;
template std::vector<std::int32_t> Tensor::elements<std::int32_t>(detail::IntegerRange, Location) const;
template std::vector<std::uint8_t> Tensor::elements<std::uint8_t>(detail::IntegerRange, Location) const;
template std::vector<bool> Tensor::elements<bool>(detail::IntegerRange, Location) const;

Tensor Tensor::detach(Location at) const {
  checked(*this, "detach", at);
  return detail::make_alias(*this);
}

bool Tensor::is_inference(Location at) const { return checked(*this, "is_inference", at).inference; }

std::uint32_t Tensor::version(Location at) const { return checked(*this, "version", at).storage->version; }

void Tensor::set_data(const Tensor& source, Location at) {
  TensorImpl& t = checked(*this, "set_data", at);
  const TensorImpl& from = checked(source, "set_data", at);
  detail::keep_values_of(*from.storage);
  detail::before_change_of(t);
  if (t.grad_fn || t.base)
    ErrorReport("set_data", "only a leaf that is not a view can be given other data", at)
        .operand("tensor", *this)
        .autograd_error();
  if (t.requires_grad && !is_floating(from.dtype))
    ErrorReport("set_data", "a tensor that requires grad must stay floating", at)
        .operand("tensor", *this)
        .operand("source", source)
        .dtype_error();
  detail::note_replaced_data_of(*this);
  // A value saved for backward is told by its version: the new storage must not have that of the old one.
  from.storage->version = std::max(from.storage->version, t.storage->version);
  detail::take_memory_of(t, from);
  t.storage->changed("set_data", at);
}

const std::string& Tensor::name(Location at) const& {
  static const std::string none;
  const TensorImpl& t = checked(*this, "name", at);
  return t.extra ? t.extra->name : none;
}

}  // namespace xgrad
