// Chains of elementwise operations on large tensors, forward and backward.
#include <xgrad/autograd.hpp>

#include "xgrad_common.hpp"

namespace {

void elementwise(const std::string& name, int threads, std::int64_t n) {
  Tensor x = uniform_tensor({n}, 51, -2, 2).requires_grad_();
  const double rss = synth::peak_rss_mb();
  auto forward = [&] { return (xgrad::sigmoid(x * 1.5 + 0.25) * xgrad::tanh(x) - xgrad::exp(-x * x)).sum(); };
  double out = 0, grad = 0;
  {
    Tensor y = forward();
    y.backward();
    out = y.item<float>();
    grad = xgrad::abs(x.grad()).sum().item<float>();
  }
  const synth::Timing t = synth::measure(
      [&] {
        x.set_grad(Tensor());
        forward().backward();
      },
      7, 0.5);
  const synth::Timing bare = synth::measure(
      [&] {
        xgrad::NoGradGuard no_grad;
        forward();
      },
      7, 0.3);
  // Least traffic: forward reads x, backward reads x and writes its gradient, 12 bytes per element.
  const double count = static_cast<double>(n);
  synth::report(name, threads, t, count, out, grad, 0, 12 * count,
                field("ns_per_element", t.median_ms * 1e6 / count) + field("no_grad_fwd_ms", bare.median_ms) +
                    field("extra_mb", synth::peak_rss_mb() - rss));
}

Register r1("elementwise_1m", [](const std::string& name, int threads) { elementwise(name, threads, 1 << 20); });
Register r2("elementwise_16m", [](const std::string& name, int threads) { elementwise(name, threads, 16 << 20); });

}  // namespace
