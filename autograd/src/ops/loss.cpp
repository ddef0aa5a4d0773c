// Losses element by element: squared and absolute differences, binary cross entropy of logits.
#include "core/broadcast.hpp"
#include "ops/pair_loss.hpp"

namespace xgrad {

using detail::checked_pair;
using detail::difference_loss;
using detail::impl;
using detail::Pair;
using detail::reduce_with;
using detail::reduced;
using detail::reduction_scale;

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

// With q = 1 + (p - 1) y: (1 - y) x + q log(1 + exp(-x)) = c |x| + q log(1 + exp(-|x|)), times w, where c is 1 - y for
// positive x and p y for others. Nothing overflows, no large terms cancel, and a factor of 0 silences an infinite x.
constexpr auto kLinear = [](auto c, auto x) { return where(c == 0, 0, c * abs(x)); };
constexpr auto kPlain = [](auto x, auto y) { return kLinear(where(x > 0, 1 - y, y), x) + log1p(exp(-abs(x))); };
constexpr auto kWeighted = [](auto x, auto y, auto w, auto p) {
  return w * (kLinear(where(x > 0, 1 - y, p * y), x) + ((p - 1) * y + 1) * log1p(exp(-abs(x))));
};

// The derivatives by x, with the smaller of sigmoid(x) and sigmoid(-x), which has all its digits.
constexpr auto kPlainSlope = [](auto x, auto y) {
  auto s = sigmoid(where(x > 0, -x, x));
  return where(x > 0, (1 - y) - s, s - y);
};
constexpr auto kWeightedSlope = [](auto x, auto y, auto w, auto p) {
  auto s = sigmoid(where(x > 0, -x, x)) * ((p - 1) * y + 1);
  return w * where(x > 0, (1 - y) - s, s - p * y);
};

Tensor plain_bce(const Pair& p, Reduction r, const Location& at) {
  const double k = reduction_scale(r, impl(p.input).numel);
  return record(
      "binary_cross_entropy_with_logits", reduce_with(r, kPlain, 1, p.input, p.target), {p.input, p.target},
      {p.input, p.target},
      [k](const Saved& s, const Tensor& grad) -> Grads {
        Tensor gx, gy;
        if (s.needs(0))
          gx = fuse([k](auto g, auto x, auto y) { return g * (kPlainSlope(x, y) * k); }, grad, s[0], s[1]);
        if (s.needs(1)) gy = fuse([k](auto g, auto x) { return g * (x * -k); }, grad, s[0]);
        return {gx, gy};
      },
      at);
}

// The gradients of x, y, w and p in turn.
Grads weighted_backward(const Saved& s, const Tensor& grad, double k) {
  Tensor gx, gy, gw, gp;
  if (s.needs(0))
    gx = fuse([k](auto g, auto x, auto y, auto w, auto p) { return g * (kWeightedSlope(x, y, w, p) * k); }, grad, s[0],
              s[1], s[2], s[3]);
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
