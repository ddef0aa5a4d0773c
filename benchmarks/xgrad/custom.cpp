// A formula as one operation of the user's, against the same formula in separate operations, forward and backward.
#include <xgrad/custom/elementwise_op.hpp>

#include "xgrad_common.hpp"

namespace {

void custom_lambda(const std::string& name, int threads) {
  Tensor x = uniform_tensor({1 << 20}, 51, -2, 2).requires_grad_();
  const auto formula = [](auto v) { return sigmoid(v * 1.5 + 0.25) * tanh(v) - exp(-v * v); };
  const auto fused = xgrad::elementwise("formula", formula);
  auto one = [&] { return fused(x).sum(); };
  auto separate = [&] { return (xgrad::sigmoid(x * 1.5 + 0.25) * xgrad::tanh(x) - xgrad::exp(-x * x)).sum(); };
  auto step = [&](auto& forward) {
    x.set_grad(Tensor());
    forward().backward();
  };
  step(one);
  const double out = one().item<float>(), grad = xgrad::abs(x.grad()).sum().item<float>();
  const synth::Timing t = synth::measure([&] { step(one); }, 7, 0.5);
  const synth::Timing apart = synth::measure([&] { step(separate); }, 7, 0.5);
  // Least traffic: forward reads x, backward reads x and writes its gradient, 12 bytes per element.
  const double count = 1 << 20;
  synth::report(name, threads, t, count, out, grad, 0, 12 * count,
                field("ns_per_element", t.median_ms * 1e6 / count) + field("separate_ms", apart.median_ms) +
                    field("times_as_fast", apart.median_ms / t.median_ms));
}

Register r1("custom_lambda", custom_lambda);

}  // namespace
