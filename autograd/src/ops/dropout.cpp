// Dropout. The mask is drawn once and saved; the operation is linear in x.
#include <cmath>

#include <fmt/format.h>

#include <xgrad/elementwise.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/dropout.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/random.hpp>
#include <xgrad/record.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/recomputable.hpp"
#include "core/tape/record.hpp"
#include "kernels/random.hpp"

namespace xgrad {

using detail::impl;

namespace {

template <class T>
XGRAD_CLONES void masked_tile(const void* f, std::int64_t n, void* out, const void* const* in) {
  const T scale = static_cast<T>(*static_cast<const double*>(f));
  const T* x = static_cast<const T*>(in[0]);
  const std::uint8_t* kept = static_cast<const std::uint8_t*>(in[1]);
  T* y = static_cast<T*>(out);
  for (std::int64_t i = 0; i < n; ++i) y[i] = x[i] * (static_cast<T>(kept[i]) * scale);
}

Tensor masked(const Tensor& x, const Tensor& mask, double scale) {
  const Tensor* in[] = {&x, &mask};
  Tensor y = detail::tile_output(in, 2, impl(x).dtype);
  detail::run_tiles({impl(x).dtype == DType::float64 ? &masked_tile<double> : &masked_tile<float>, &scale, 0.2,
                     detail::copied_bytes<double>()},
                    y, in, 2);
  return y;
}

// x * mask / (1 - p); linear in x, so it is also its own backward pass, to any order.
Tensor apply_mask(const char* op, const Tensor& x, const Tensor& mask, double p, const Location& at) {
  const double scale = p < 1 ? 1 / (1 - p) : 0;
  Tensor y = detail::record_op(
      op, masked(x, mask, scale), {x}, {mask},
      [p](const Saved& s, const Tensor& g) -> Grads {
        return {apply_mask("dropout_backward", g, s[0], p, Location::current())};
      },
      at, detail::named<"p">(p));
  return detail::recomputable(std::move(y), {x, mask}, detail::pass_time(impl(x).numel),
                              [scale](std::span<const Tensor> in) { return masked(in[0], in[1], scale); });
}

void require_probability(const char* op, const Tensor& x, double p, const Location& at) {
  require_floating(op, x, at);
  if (!(p >= 0 && p <= 1)) [[unlikely]]
    ErrorReport(op, fmt::format("p must be in [0, 1], got {}", p), at).operand("input", x).value_error();
}

// The shape of one decision for each channel.
Shape channels_of(const char* op, const Tensor& x, const Location& at) {
  Shape s = impl(x).shape;
  if (s.rank() < 2) [[unlikely]]
    ErrorReport(op, fmt::format("input must be (N, C, ...), got {}", to_string(s)), at)
        .operand("input", x)
        .shape_error();
  for (int d = 2; d < s.rank(); ++d) s[d] = 1;
  return s;
}

// 1 with probability 1 - p, else 0.
Tensor draw_mask(const Shape& shape, double p) {
  Tensor mask = detail::make_tensor(shape, DType::uint8);
  detail::fill_bernoulli(default_generator(), detail::data<std::uint8_t>(mask), impl(mask).numel, 1 - p);
  return mask;
}

Tensor alpha_dropped(const Tensor& x, const Shape& decisions, double p, const Location& at) {
  if (p == 1) return mul(x, Scalar(0.0), at);
  constexpr double kAlpha = 1.7580993408473766;  // scale times alpha of selu
  const double a = 1 / std::sqrt((kAlpha * kAlpha * p + 1) * (1 - p));
  const Tensor kept = detail::cast_raw(draw_mask(decisions, p), impl(x).dtype);
  const Tensor shift = map([=](auto m) { return ((m - 1) + p) * (kAlpha * a); }, kept);
  return add(mul(x, map([=](auto m) { return m * a; }, kept), at), shift, 1, at);
}

}  // namespace

Tensor dropout(const Tensor& x, double p, bool training, Location at) {
  require_probability("dropout", x, p, at);
  if (!training || p == 0) return x;
  return apply_mask("dropout", x, draw_mask(impl(x).shape, p), p, at);
}

Tensor feature_dropout(const Tensor& x, double p, bool training, Location at) {
  require_probability("feature_dropout", x, p, at);
  const Shape channels = channels_of("feature_dropout", x, at);
  if (!training || p == 0) return x;
  return mul(x, dropout(ones(channels, {.dtype = impl(x).dtype}), p, true, at), at);
}

Tensor alpha_dropout(const Tensor& x, double p, bool training, Location at) {
  require_probability("alpha_dropout", x, p, at);
  return !training || p == 0 ? x : alpha_dropped(x, impl(x).shape, p, at);
}

Tensor feature_alpha_dropout(const Tensor& x, double p, bool training, Location at) {
  require_probability("feature_alpha_dropout", x, p, at);
  const Shape channels = channels_of("feature_alpha_dropout", x, at);
  return !training || p == 0 ? x : alpha_dropped(x, channels, p, at);
}

}  // namespace xgrad
