// The formula of xgrad's custom_lambda in separate operations.
#include "torch_common.hpp"

namespace {

void custom_lambda(const std::string& name, int threads) {
  constexpr int64_t n = 1 << 20;
  const float beta = 1.5f, slope = 0.1f;
  Tensor x = uniform_tensor({n}, 51, -2, 2).requires_grad_();
  auto forward = [&] { return torch::where(x > 0, x / (1 + torch::exp(-beta * x)), slope * x).sum(); };
  Tensor y = forward();
  y.backward();
  const double out = y.item<float>(), grad = x.grad().abs().sum().item<float>();
  const synth::Timing t = synth::measure(
      [&] {
        x.mutable_grad() = Tensor();
        forward().backward();
      },
      7, 0.5);
  const double count = static_cast<double>(n);
  synth::report(name, threads, t, count, out, grad, 0, 12 * count, field("ns_per_element", t.median_ms * 1e6 / count));
}

Register r("custom_lambda", custom_lambda);

}  // namespace
