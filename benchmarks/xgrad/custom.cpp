// A formula of the user's in one lambda, forward and backward, against the same formula in separate operations.
#include <xgrad/custom.hpp>

#include "xgrad_common.hpp"

namespace {

// Leaky swish, with two captured numbers and a branch.
template <class T>
T formula(const T& x, float beta, float slope) {
  return where(x > 0, x / (1 + exp(-beta * x)), slope * x);
}

void custom_lambda(const std::string& name, int threads) {
  constexpr std::int64_t n = 1 << 20;
  const float beta = 1.5f, slope = 0.1f;
  Tensor x = uniform_tensor({n}, 51, -2, 2).requires_grad_();
  const auto fused = xgrad::elementwise(
      "leaky_swish", [beta, slope](auto v) { return where(v > 0, v / (1 + exp(-beta * v)), slope * v); });
  const auto separate = [beta, slope](const Tensor& v) { return formula(v, beta, slope); };
  const auto step = [&x](const auto& f) {
    x.set_grad(Tensor());
    f(x).sum().backward();
  };
  const Tensor y = fused(x).sum();
  y.backward();
  const double out = y.item<float>(), grad = xgrad::abs(x.grad()).sum().item<float>();
  const synth::Timing one = synth::measure([&] { step(fused); }, 7, 0.5);
  const synth::Timing many = synth::measure([&] { step(separate); }, 7, 0.3);
  const double count = static_cast<double>(n);
  synth::report(name, threads, one, count, out, grad, 0, 12 * count,
                field("ns_per_element", one.median_ms * 1e6 / count) + field("separate_ms", many.median_ms) +
                    field("fused_speedup", many.median_ms / one.median_ms));
}

Register r("custom_lambda", custom_lambda);

}  // namespace
