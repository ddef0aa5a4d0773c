// Losses element by element. A reduced loss is one pass over its inputs that
// adds up blocks in a fixed order (the same bits for any thread count), and its
// gradient is one pass more.
#include <xgrad/ops/loss.hpp>

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>
#include <xgrad/elementwise.hpp>
#include <xgrad/ops/elementwise.hpp>

#include "core/node.hpp"
#include "kernels/parallel.hpp"
#include "ops/promote.hpp"

namespace xgrad {

using detail::impl;
using detail::TensorImpl;

namespace {

constexpr std::int64_t kBlock = 4096;  // elements summed in float before double takes over
constexpr std::int64_t kMaxParts = 256;

// Sum of f over at most kBlock elements, in 256 bytes of partial sums whatever the width of the vectors. What does not
// fill those is copied into buffers that do, and goes through the same loop, so that f is compiled into it once.
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
    for (std::int64_t i = begin; i < end; i += kBlock) {
      const T* at[N];
      for (std::size_t k = 0; k < N; ++k) at[k] = in[k] + i;
      sum += sum_block<Vec<T, bytes>>(f, std::min(kBlock, end - i), at, std::make_index_sequence<N>{});
    }
    *result = sum;
  });
  return total;
}

// scale * sum of f over contiguous tensors of one shape, as a 0-d tensor.
template <class F, class... In>
Tensor reduced(const F& f, double scale, double ns, const In&... in) {
  const TensorImpl& first = impl(std::get<0>(std::tie(in...)));
  Tensor out = detail::make_tensor({}, first.dtype);
  detail::dispatch_floating(first.dtype, [&](auto zero) {
    using T = decltype(zero);
    const std::array<const T*, sizeof...(In)> p{detail::data<T>(in)...};
    const std::int64_t n = first.numel, blocks = (n + kBlock - 1) / kBlock;
    const std::int64_t step = std::max<std::int64_t>(1, (blocks + kMaxParts - 1) / kMaxParts) * kBlock;
    double sums[kMaxParts];
    const std::int64_t parts = (n + step - 1) / step;
    const double part_ns = ns * static_cast<double>(step);
    detail::parallel_for(parts, std::max<std::int64_t>(1, static_cast<std::int64_t>(3000 / part_ns)),
                         [&](std::int64_t b, std::int64_t e) {
                           for (std::int64_t i = b; i < e; ++i)
                             sums[i] = sum_range<T>(f, i * step, std::min(n, (i + 1) * step), p);
                         });
    double total = 0;
    for (std::int64_t i = 0; i < parts; ++i) total += sums[i];
    *detail::data<T>(out) = static_cast<T>(total * scale);
  });
  return out;
}

// What the sum of n values is multiplied with; the mean of nothing is NaN.
double reduction_scale(Reduction r, std::int64_t n) {
  if (r != Reduction::mean) return 1;
  return n ? 1 / static_cast<double>(n) : std::numeric_limits<double>::quiet_NaN();
}

template <class F, class... In>
Tensor reduce_with(Reduction r, const F& f, double ns, const In&... in) {
  if (r == Reduction::none) return elementwise(f, in...);
  const std::int64_t n = impl(std::get<0>(std::tie(in...))).numel;
  return reduced(f, reduction_scale(r, n), ns, detail::contiguous_copy(in)...);
}

struct Pair {
  Tensor input, target;
};

// Input and target in one floating type; the casts are on the tape.
Pair checked_pair(const char* op, const Tensor& input, const Tensor& target, const Location& at) {
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
  const DType type = detail::result_type(input, target);
  return {input.to(type, at), target.to(type, at)};
}

// A loss f(x, y) whose gradient in x is g * df(x, y), and its negative in y.
template <class F, class D>
Tensor difference_loss(const char* op, const Pair& p, Reduction r, F f, D df, const Location& at) {
  const double scale = r == Reduction::mean ? reduction_scale(r, impl(p.input).numel) : 1;
  return record(
      op, reduce_with(r, f, 0.2, p.input, p.target), {p.input, p.target}, {p.input, p.target},
      [df, scale](const Saved& s, const Tensor& grad) -> Grads {
        const Tensor gx = fuse([df, scale](auto g, auto x, auto y) { return g * df(x, y, scale); }, grad, s[0], s[1]);
        return {gx, s.needs(1) ? neg(gx) : Tensor()};
      },
      at);
}

}  // namespace

Tensor mse_loss(const Tensor& input, const Tensor& target, Reduction reduction, Location at) {
  return difference_loss(
      "mse_loss", checked_pair("mse_loss", input, target, at), reduction,
      [](auto x, auto y) { return (x - y) * (x - y); }, [](auto x, auto y, double k) { return (x - y) * (2 * k); }, at);
}

Tensor l1_loss(const Tensor& input, const Tensor& target, Reduction reduction, Location at) {
  return difference_loss(
      "l1_loss", checked_pair("l1_loss", input, target, at), reduction, [](auto x, auto y) { return abs(x - y); },
      [](auto x, auto y, double k) { return sign(x - y) * k; }, at);
}

// ---- binary cross entropy ----
namespace {

void require_expandable(const char* role, const Tensor& t, const Tensor& input, const Location& at) {
  if (!t.defined()) return;
  if (!detail::is_expandable_to(impl(t).shape, impl(input).shape)) [[unlikely]]
    ErrorReport("binary_cross_entropy_with_logits",
                fmt::format("{} of shape {} does not broadcast to the input's shape {}", role, to_string(impl(t).shape),
                            to_string(impl(input).shape)),
                at)
        .operand("input", input)
        .operand(role, t)
        .shape_error();
}

// (1 - y) x + (1 + (p - 1) y) log(1 + exp(-x)), times w. The logarithm is
// max(-x, 0) + log(1 + exp(-|x|)): nothing overflows, and where the loss is
// small its large terms cancel exactly before the small one is added.
constexpr auto kPlain = [](auto x, auto y) { return where(x > 0, x, 0) - x * y + log1p(exp(-abs(x))); };
constexpr auto kWeighted = [](auto x, auto y, auto w, auto p) {
  auto q = (p - 1) * y + 1;
  return w * ((1 - y) * x + q * where(x < 0, -x, 0) + q * log1p(exp(-abs(x))));
};

Tensor plain_bce(const Pair& p, Reduction r, const Location& at) {
  const double k = reduction_scale(r, impl(p.input).numel);
  return record(
      "binary_cross_entropy_with_logits", reduce_with(r, kPlain, 1, p.input, p.target), {p.input, p.target},
      {p.input, p.target},
      [k](const Saved& s, const Tensor& grad) -> Grads {
        Tensor gx, gy;
        if (s.needs(0)) gx = fuse([k](auto g, auto x, auto y) { return g * ((sigmoid(x) - y) * k); }, grad, s[0], s[1]);
        if (s.needs(1)) gy = fuse([k](auto g, auto x) { return g * (x * -k); }, grad, s[0]);
        return {gx, gy};
      },
      at);
}

// The gradients of x, y, w and p in turn.
Grads weighted_backward(const Saved& s, const Tensor& grad, double k) {
  Tensor gx, gy, gw, gp;
  if (s.needs(0))
    gx = fuse([k](auto g, auto x, auto y, auto w,
                  auto p) { return g * (w * ((1 - y) - ((p - 1) * y + 1) * sigmoid(-x)) * k); },
              grad, s[0], s[1], s[2], s[3]);
  if (s.needs(1))
    gy = fuse([k](auto g, auto x, auto w, auto p) { return g * (w * (-x - (p - 1) * log_sigmoid(x)) * k); }, grad, s[0],
              s[2], s[3]);
  if (s.needs(2))
    gw = fuse(
        [k](auto g, auto x, auto y, auto p) { return g * (((1 - y) * x - ((p - 1) * y + 1) * log_sigmoid(x)) * k); },
        grad, s[0], s[1], s[3]);
  if (s.needs(3))
    gp =
        fuse([k](auto g, auto x, auto y, auto w) { return g * (w * y * log_sigmoid(x) * -k); }, grad, s[0], s[1], s[2]);
  return {gx, gy, gw, gp};
}

Tensor weighted_bce(const Pair& p, const Tensor& weight, const Tensor& pos, Reduction r, const Location& at) {
  const double k = reduction_scale(r, impl(p.input).numel);
  const Tensor values = elementwise(kWeighted, p.input, p.target, weight, pos);
  Tensor out = r == Reduction::none ? values : reduced([](auto v) { return v; }, k, 0.1, values);
  return record(
      "binary_cross_entropy_with_logits", std::move(out), {p.input, p.target, weight, pos},
      {p.input, p.target, weight, pos},
      [k](const Saved& s, const Tensor& g) -> Grads { return weighted_backward(s, g, k); }, at);
}

}  // namespace

Tensor binary_cross_entropy_with_logits(const Tensor& input, const Tensor& target, const BceWithLogitsOptions& options,
                                        Location at) {
  const Pair p = checked_pair("binary_cross_entropy_with_logits", input, target, at);
  require_expandable("weight", options.weight, input, at);
  require_expandable("pos_weight", options.pos_weight, input, at);
  if (!options.weight.defined() && !options.pos_weight.defined()) return plain_bce(p, options.reduction, at);
  const DType type = impl(p.input).dtype;
  auto or_one = [&](const Tensor& t) {
    if (t.defined()) return t.to(type, at);
    Tensor one = detail::make_tensor({}, type);
    detail::fill_raw(one, Scalar(1.0));
    return one;
  };
  return weighted_bce(p, or_one(options.weight), or_one(options.pos_weight), options.reduction, at);
}

}  // namespace xgrad
