#include <bit>
#include <memory>
#include <vector>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/dlpack.hpp>
#include <xgrad/ops/factory.hpp>

#include "core/change_log.hpp"
#include "core/rematerialize.hpp"
#include "core/tape/views.hpp"
#include "core/tensor_impl.hpp"
#include "ops/factory_checks.hpp"

namespace xgrad {
namespace {

using dlpack::Array;

constexpr std::int32_t kCpu = 1, kPinned = 3;  // pinned: of the host, for a device of CUDA
constexpr std::uint64_t kReadOnly = 1;
constexpr dlpack::Version kVersion{1, 0};

struct TypeCode {
  DType dtype;
  std::uint8_t code, bits;
};
constexpr TypeCode kTypes[] = {{DType::float32, 2, 32}, {DType::float64, 2, 64}, {DType::int64, 0, 64},
                               {DType::int32, 0, 32},   {DType::uint8, 1, 8},    {DType::boolean, 6, 8}};

[[noreturn]] void refuse(const std::string& reason, const Location& at) {
  ErrorReport("from_dlpack", reason, at).value_error();
}

DType dtype_of_array(const Array& a, const Location& at) {
  for (const TypeCode& t : kTypes)
    if (a.dtype.code == t.code && a.dtype.bits == t.bits && a.dtype.lanes == 1) return t.dtype;
  constexpr const char* kNames[] = {"int", "unsigned int", "float", "handle", "bfloat", "complex", "bool"};
  ErrorReport(
      "from_dlpack",
      fmt::format("elements of type {} of {} bits in {} lanes have no type here",
                  a.dtype.code < std::size(kNames) ? kNames[a.dtype.code] : "unknown", a.dtype.bits, a.dtype.lanes),
      at)
      .dtype_error();
}

struct Geometry {
  Shape shape, strides;
  std::int64_t span = 1;  // elements from the first to behind the last
};

Geometry geometry_of(const Array& a, const Location& at) {
  if (a.ndim < 0 || a.ndim > kMaxRank)
    ErrorReport("from_dlpack", fmt::format("{} dimensions; 0 to {} are supported", a.ndim, kMaxRank), at).shape_error();
  if (a.ndim > 0 && !a.shape) refuse("the shape is a null pointer", at);
  Geometry g;
  for (int d = 0; d < a.ndim; ++d) g.shape.push_back(a.shape[d]);
  detail::require_shape("from_dlpack", g.shape, at);
  g.strides = g.shape.contiguous_strides();
  for (int d = 0; d < a.ndim && a.strides; ++d) g.strides[d] = a.strides[d];
  for (int d = 0; d < a.ndim; ++d) {
    if (g.shape[d] > 1 && g.strides[d] < 0)
      refuse(fmt::format("the stride of dimension {} is {}", d, g.strides[d]), at);
    std::int64_t reach = 0;
    if (g.shape[d] > 1 && (__builtin_mul_overflow(g.shape[d] - 1, g.strides[d], &reach) ||
                           __builtin_add_overflow(g.span, reach, &g.span)))
      refuse("the strides reach beyond 64 bits", at);
  }
  if (g.shape.numel() == 0) g.span = 0;
  return g;
}

// Nothing is taken before all is known to be right.
Tensor share(const Array& a, std::function<void()> give_back, const Location& at) {
  if (a.device.device_type != kCpu && a.device.device_type != kPinned)
    refuse(fmt::format("the memory is of a device of type {}; only that of the CPU can be used", a.device.device_type),
           at);
  const DType dtype = dtype_of_array(a, at);
  const Geometry g = geometry_of(a, at);
  char* first = static_cast<char*>(a.data);
  if (first) first += a.byte_offset;
  if (std::bit_cast<std::uintptr_t>(first) % static_cast<std::uintptr_t>(item_size(dtype)) != 0)
    refuse(fmt::format("the memory is not aligned for {}", name(dtype)), at);
  if (g.span > 0 && !first) refuse(fmt::format("a null pointer for {} elements", g.shape.numel()), at);
  Tensor t = from_blob(static_cast<void*>(first), Shape{g.span}, dtype, std::move(give_back), at);
  detail::TensorImpl& p = detail::impl(t);
  p.shape = g.shape;
  p.strides = g.strides;
  p.numel = g.shape.numel();
  p.contiguous = detail::compute_contiguous(g.shape, g.strides);
  return t;
}

template <class Managed>
std::function<void()> deleter_of(Managed* managed) {
  return [managed] {
    if (managed->deleter) managed->deleter(managed);
  };
}

// What an exported structure points to.
template <class Managed>
struct Export {
  Tensor tensor;
  std::vector<std::int64_t> sizes;  // shape, then strides
  Managed managed{};
};

template <class Managed>
Managed* export_as(const char* op, const Tensor& given, const Location& at) {
  require_defined(op, given, at);
  if (detail::wants_grad(given))
    ErrorReport(op, "what another library does with a tensor on the tape cannot be differentiated", at)
        .operand("tensor", given)
        .help("share its values: to_dlpack(x.detach())")
        .autograd_error();
  auto e = std::make_unique<Export<Managed>>();
  e->tensor = given;
  const detail::TensorImpl& t = detail::impl(given);
  e->sizes.assign(t.shape.begin(), t.shape.end());
  e->sizes.insert(e->sizes.end(), t.strides.begin(), t.strides.end());
  detail::note_change_of(t);
  detail::before_change_of(t);
  Array& a = e->managed.dl_tensor;
  a.data = t.ptr<char>();
  a.device = {kCpu, 0};
  a.ndim = t.shape.rank();
  for (const TypeCode& c : kTypes)
    if (c.dtype == t.dtype) a.dtype = {c.code, c.bits, 1};
  a.shape = e->sizes.data();
  a.strides = e->sizes.data() + t.shape.size();
  t.storage->changed(op, at);
  t.storage->shared_at = at;
  e->managed.manager_ctx = e.get();
  e->managed.deleter = [](Managed* m) { delete static_cast<Export<Managed>*>(m->manager_ctx); };
  return &e.release()->managed;
}

}  // namespace

Tensor from_dlpack(dlpack::ManagedTensor* managed, Location at) {
  if (!managed) refuse("a null pointer", at);
  return share(managed->dl_tensor, deleter_of(managed), at);
}

Tensor from_dlpack(dlpack::ManagedTensorVersioned* managed, Location at) {
  if (!managed) refuse("a null pointer", at);
  if (managed->version.major != kVersion.major) {
    const dlpack::Version v = managed->version;
    deleter_of(managed)();
    refuse(fmt::format("version {}.{} of DLPack; {}.x is supported", v.major, v.minor, kVersion.major), at);
  }
  const Tensor shared = share(managed->dl_tensor, deleter_of(managed), at);
  return managed->flags & kReadOnly ? shared.clone() : shared;
}

dlpack::ManagedTensor* to_dlpack(const Tensor& t, Location at) {
  return export_as<dlpack::ManagedTensor>("to_dlpack", t, at);
}

dlpack::ManagedTensorVersioned* to_dlpack_versioned(const Tensor& t, Location at) {
  auto* m = export_as<dlpack::ManagedTensorVersioned>("to_dlpack_versioned", t, at);
  m->version = kVersion;
  return m;
}

}  // namespace xgrad
