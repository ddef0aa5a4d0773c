// An operation of each size, in a file of the user's: <xgrad/custom.hpp>.
#include "own_operations.hpp"

#include <chrono>
#include <iostream>

#include <xgrad/custom.hpp>
#include <xgrad/xgrad.hpp>
#include <xgrad/xtensor.hpp>

namespace {
using xgrad::Tensor;
using Tensors = std::vector<Tensor>;

struct Clip : xgrad::Function<Clip> {
  static Tensor forward(Context& ctx, const Tensor& x, double limit) {
    ctx.save_for_backward(x);
    ctx.save("limit", limit);
    return clamp(x, -limit, limit);
  }
  static Tensors backward(Context& ctx, const Tensors& grads) {
    return {where(abs(ctx.saved(0)) <= ctx.get<double>("limit"), grads[0], 0), Tensor()};
  }
};

bool check(const std::function<Tensor(const Tensors&)>& f, const Tensors& x, bool twice = true) {
  return xgrad::gradcheck(f, x) && (!twice || xgrad::gradgradcheck(f, x));
}

// Milliseconds of forward and backward over a million elements.
template <class F>
double milliseconds(F f, const Tensor& x) {
  double best = 1e9;
  for (int i = 0; i < 5; ++i) {
    const auto start = std::chrono::steady_clock::now();
    f(x).sum().backward();
    best = std::min(best, std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}
}  // namespace

bool check_own_operations() {
  const double beta = 1.5, limit = 0.9;
  const auto gate = xgrad::elementwise(
      "gate", [beta, limit](auto x, auto w) { return where(x > limit, beta * x * w, x / (1 + exp(-w * x))); });
  const auto cube = xgrad::custom_op(
      "cube", [](const Tensor& x) { return x * x * x; },
      [](const Tensor& g, const Tensor& x, const Tensor&) { return 3 * g * x * x; });
  const auto array_cube = xgrad::custom_op(
      "array_cube", [](const xgrad::AnyArray auto& x) { return x * x * x; },
      [](const xgrad::AnyArray auto& g, const xgrad::AnyArray auto& x, const xgrad::AnyArray auto&) {
        return 3 * g * x * x;
      });
  const Tensor x = xgrad::randn({4, 3}, {xgrad::kFloat64, true}), w = xgrad::randn({3}, {xgrad::kFloat64, true});
  const bool right = check([&](const Tensors& in) { return gate(in[0], in[1]); }, {x, w}) &&
                     check([&](const Tensors& in) { return cube(in[0]); }, {x}) &&
                     check([&](const Tensors& in) { return array_cube(in[0]); }, {x}, false) &&
                     check([](const Tensors& in) { return Clip::apply(in[0], 0.7); }, {x});

  const Tensor large = xgrad::randn({1 << 20}, {xgrad::kFloat32, true});
  const double fused = milliseconds(
      xgrad::elementwise("f", [beta](auto v) { return where(v > 0, beta * v, v / (1 + exp(-beta * v))); }), large);
  const double separate =
      milliseconds([beta](const Tensor& v) { return where(v > 0, beta * v, v / (1 + exp(-beta * v))); }, large);
  std::cout << "own operations: " << (right ? "right" : "WRONG") << ", one formula " << fused << " ms, in operations "
            << separate << " ms\n";
  return right;
}
