// What losses of pairs of elements share. A reduced loss is one pass over its inputs that adds up blocks in a fixed
// order (the same bits for any thread count), and its gradient is one pass more.
#pragma once

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>

#include <xgrad/elementwise.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/comparison.hpp>
#include <xgrad/ops/loss_reduction.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/parallel.hpp>
#include <xgrad/record.hpp>

#include "core/tape/record.hpp"
#include "ops/promote.hpp"

namespace xgrad::detail {

inline constexpr std::int64_t kLossBlock = 4096;  // elements summed in float before double takes over
inline constexpr std::int64_t kLossParts = 256;

// Sum of f over at most kLossBlock elements, in 256 bytes of partial sums whatever the width of the vectors. What does
// not fill those is copied into buffers that do, and goes through the same loop, so that f is compiled into it once.
template <class V, class F, std::size_t... I>
XGRAD_INLINE double sum_block(const F& f, std::int64_t n, const typename V::value_type* const* in,
                              std::index_sequence<I...>) {
  using T = typename V::value_type;
  constexpr std::int64_t w = V::lanes, partial = 256 / sizeof(T);
  const std::int64_t whole = n / partial * partial, rest = n - whole;
  T pad[sizeof...(I)][partial];
  const T* from[] = {in[I]...};
  double total = 0;
  for (int pass = 0; pass < 2; ++pass) {
    if (pass == 1 && rest == 0) break;
    V sums[partial / w] = {};
    for (std::int64_t i = 0, end = pass ? partial : whole; i < end; i += partial)
      for (std::int64_t u = 0; u < partial / w; ++u) sums[u] += f(V::load(from[I] + i + u * w)...);
    T lanes[partial];
    for (std::int64_t u = 0; u < partial / w; ++u) sums[u].store(lanes + u * w);
    const std::int64_t count = pass ? rest : partial;  // what f makes of the padding does not count
    for (std::int64_t l = 0; l < count; ++l) total += static_cast<double>(lanes[l]);
    if (pass == 0 && rest) {
      ((std::fill_n(std::copy_n(in[I] + whole, rest, pad[I]), partial - rest, T(0)), from[I] = pad[I]), ...);
    }
  }
  return total;
}

template <class T, class F, std::size_t N>
double sum_range(const F& f, std::int64_t begin, std::int64_t end, const std::array<const T*, N>& in) {
  double total = 0;
  double* result = &total;
  run_simd([f, begin, end, in, result](auto bytes) {
    double sum = 0;
    for (std::int64_t i = begin; i < end; i += kLossBlock) {
      const T* at[N];
      for (std::size_t k = 0; k < N; ++k) at[k] = in[k] + i;
      sum += sum_block<Vec<T, bytes>>(f, std::min(kLossBlock, end - i), at, std::make_index_sequence<N>{});
    }
    *result = sum;
  });
  return total;
}

// scale * sum of f over contiguous tensors of one shape, as a 0-d tensor.
template <class F, class... In>
Tensor reduced(const F& f, double scale, double ns, const In&... in) {
  const TensorImpl& first = impl(std::get<0>(std::tie(in...)));
  Tensor out = make_tensor({}, first.dtype);
  dispatch_floating(first.dtype, [&](auto zero) {
    using T = decltype(zero);
    const std::array<const T*, sizeof...(In)> p{data<T>(in)...};
    const std::int64_t n = first.numel, blocks = (n + kLossBlock - 1) / kLossBlock;
    const std::int64_t step = std::max<std::int64_t>(1, (blocks + kLossParts - 1) / kLossParts) * kLossBlock;
    double sums[kLossParts];
    const std::int64_t parts = (n + step - 1) / step;
    const double part_ns = ns * static_cast<double>(step);
    parallel_for(parts, grain_for(part_ns), [&](std::int64_t b, std::int64_t e) {
      for (std::int64_t i = b; i < e; ++i) sums[i] = sum_range<T>(f, i * step, std::min(n, (i + 1) * step), p);
    });
    double total = 0;
    for (std::int64_t i = 0; i < parts; ++i) total += sums[i];
    *data<T>(out) = static_cast<T>(total * scale);
  });
  return out;
}

// What the sum of n values is multiplied with; the mean of nothing is NaN.
inline double reduction_scale(Reduction r, std::int64_t n) {
  if (r != Reduction::mean) return 1;
  return n ? 1 / static_cast<double>(n) : std::numeric_limits<double>::quiet_NaN();
}

template <class F, class... In>
Tensor reduce_with(Reduction r, const F& f, double ns, const In&... in) {
  if (r == Reduction::none) return map(f, in...);
  const std::int64_t n = impl(std::get<0>(std::tie(in...))).numel;
  return reduced(f, reduction_scale(r, n), ns, contiguous_copy(in)...);
}

struct Pair {
  Tensor input, target;
};

// Input and target in one floating type; the casts are on the tape.
inline Pair checked_pair(const char* op, const Tensor& input, const Tensor& target, const Location& at) {
  require_defined(op, input, at);
  require_defined(op, target, at);
  if (!(impl(input).shape == impl(target).shape)) [[unlikely]]
    ErrorReport(op,
                fmt::format("input and target differ in shape ({} and {})", to_string(impl(input).shape),
                            to_string(impl(target).shape)),
                at)
        .operand("input", input)
        .operand("target", target)
        .help(
            "losses do not broadcast: reshape() or expand() one of them so "
            "that every value has its target")
        .shape_error();
  require_floating(op, input, at);
  if (impl(input).dtype == impl(target).dtype) return {input, target};
  const DType type = result_type(input, target);
  return {input.to(type, at), target.to(type, at)};
}

// A loss f(x, y) whose gradient in x is g * df(x, y), and its negative in y.
template <class F, class D, class... A>
Tensor difference_loss(const char* op, const Pair& p, Reduction r, F f, D df, const Location& at, A... attributes) {
  const double scale = r == Reduction::mean ? reduction_scale(r, impl(p.input).numel) : 1;
  return detail::record_op(
      op, reduce_with(r, f, 0.2, p.input, p.target), {p.input, p.target}, {p.input, p.target},
      [df, scale](const Saved& s, const Tensor& grad) -> Grads {
        const Tensor gx = fuse([df, scale](auto g, auto x, auto y) { return g * df(x, y, scale); }, grad, s[0], s[1]);
        return {gx, s.needs(1) ? neg(gx) : Tensor()};
      },
      at, named<"reduction">(r), attributes...);
}

// A loss f(x, y) whose gradients are g * dx(x, y, k) and g * dy(x, y, k), k being the factor of the reduction.
template <class F, class X, class Y, class... A>
Tensor pair_loss(const char* op, const Pair& p, Reduction r, double ns, F f, X dx, Y dy, const Location& at,
                 A... attributes) {
  const double k = reduction_scale(r, impl(p.input).numel);
  return detail::record_op(
      op, reduce_with(r, f, ns, p.input, p.target), {p.input, p.target}, {p.input, p.target},
      [dx, dy, k](const Saved& s, const Tensor& grad) -> Grads {
        Tensor gx, gy;
        if (s.needs(0)) gx = fuse([dx, k](auto g, auto x, auto y) { return g * dx(x, y, k); }, grad, s[0], s[1]);
        if (s.needs(1)) gy = fuse([dy, k](auto g, auto x, auto y) { return g * dy(x, y, k); }, grad, s[0], s[1]);
        return {gx, gy};
      },
      at, named<"reduction">(r), attributes...);
}

// The reduction of values that are on the tape.
inline Tensor reduced_values(const Tensor& values, Reduction r, const Location& at) {
  return r == Reduction::none ? values : r == Reduction::sum ? values.sum(at) : values.mean(at);
}

}  // namespace xgrad::detail
