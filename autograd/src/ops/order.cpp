// Elements by rank. Values are elements of the input, so their gradients go to the places they came from.
#include "kernels/order.hpp"

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/ops/order.hpp>

#include "core/tape/record.hpp"
#include "core/tape/trace_all.hpp"
#include "ops/picked.hpp"
#include "ops/view_geometry.hpp"

namespace xgrad {

using detail::impl;
using detail::Ranked;

namespace {

ValuesIndices sorted(const char* op, const Tensor& x, std::int64_t dim, bool descending, Location at) {
  const int d = wrap_dim(op, dim, x, at);
  Ranked r = detail::sort_raw(x, d, descending);
  return detail::record_picked("sort", std::move(r.values), std::move(r.indices), x, d, false, true, at,
                               detail::named<"descending">(descending));
}

}  // namespace

ValuesIndices sort(const Tensor& x, std::int64_t dim, bool descending, Location at) {
  return sorted("sort", x, dim, descending, at);
}

Tensor argsort(const Tensor& x, std::int64_t dim, bool descending, Location at) {
  const int d = wrap_dim("argsort", dim, x, at);
  return detail::traced("argsort", detail::sort_raw(x, d, descending).indices, {x}, at, detail::named<"dim">(d),
                        detail::named<"descending">(descending));
}

Tensor msort(const Tensor& x, Location at) { return sorted("msort", x, 0, false, at).values; }

ValuesIndices topk(const Tensor& x, std::int64_t k, std::int64_t dim, bool largest, bool, Location at) {
  const int d = wrap_dim("topk", dim, x, at);
  const std::int64_t n = detail::size_along(x, d);
  if (k < 0 || k > n || (k == 0 && impl(x).shape.rank() == 0)) [[unlikely]]
    ErrorReport("topk", fmt::format("k = {} out of range for dim {} of size {}", k, d, n), at)
        .operand("input", x)
        .index_error();
  Ranked r = detail::topk_raw(x, k, d, largest);
  return detail::record_picked("topk", std::move(r.values), std::move(r.indices), x, d, false, true, at,
                               detail::named<"k">(k), detail::named<"largest">(largest));
}

ValuesIndices kthvalue(const Tensor& x, std::int64_t k, std::int64_t dim, bool keepdim, Location at) {
  const int d = wrap_dim("kthvalue", dim, x, at);
  const std::int64_t n = detail::size_along(x, d);
  if (k < 1 || k > n) [[unlikely]]
    ErrorReport("kthvalue", fmt::format("k = {} out of range 1..{} for dim {}", k, n, d), at)
        .operand("input", x)
        .index_error();
  Ranked r = detail::kth_raw(x, k - 1, d);
  return detail::record_picked("kthvalue", std::move(r.values), std::move(r.indices), x, d, true, keepdim, at,
                               detail::named<"k">(k), detail::named<"keepdim">(keepdim));
}

}  // namespace xgrad
