// Cost of the tape: many operations on single numbers.
#include <xgrad/autograd.hpp>

#include "xgrad_common.hpp"

namespace {

// x <- tanh(x * a + b), 334 times: 1002 operations.
void scalar_chain(const std::string& name, int threads) {
  Tensor x0 = xgrad::tensor(0.5f).requires_grad_();
  Tensor a = xgrad::tensor(0.9f).requires_grad_(), b = xgrad::tensor(0.1f).requires_grad_();
  const int n = 334, ops = 3 * n;
  auto forward = [&] {
    Tensor x = x0;
    for (int i = 0; i < n; ++i) x = xgrad::tanh(x * a + b);
    return x;
  };
  Tensor y = forward();
  y.backward();
  const double out = y.item<float>(), grad = double(a.grad().item<float>()) + double(b.grad().item<float>());
  y = Tensor();
  const synth::Timing both = synth::measure([&] { forward().backward(); });
  const synth::Timing fw = synth::measure([&] { forward(); });
  xgrad::NoGradGuard no_grad;
  const synth::Timing bare = synth::measure([&] { forward(); });
  synth::report(name, threads, both, ops, out, out, 0, 0,
                field("grad", grad, 9) + field("ns_per_op", both.median_ms * 1e6 / ops) +
                    field("fwd_ns_per_op", fw.median_ms * 1e6 / ops) +
                    field("no_grad_ns_per_op", bare.median_ms * 1e6 / ops));
}

// 10,000 independent additions to one leaf, stacked and summed.
void wide(const std::string& name, int threads) {
  Tensor a = xgrad::tensor(0.5f).requires_grad_(), c = xgrad::tensor(0.25f);
  const int n = 10000;
  auto forward = [&] {
    std::vector<Tensor> v;
    v.reserve(n);
    for (int i = 0; i < n; ++i) v.push_back(a + c);
    return xgrad::stack(v).sum();
  };
  Tensor y = forward();
  y.backward();
  const double out = y.item<float>(), grad = a.grad().item<float>();
  y = Tensor();
  const synth::Timing t = synth::measure([&] { forward().backward(); });
  synth::report(name, threads, t, n, out, out, 0, 0,
                field("grad", grad, 9) + field("ns_per_op", t.median_ms * 1e6 / n));
}

// A chain of 1,000,000 additions: forward, backward, release. Always three rounds, of which the last counts.
void deep(const std::string& name, int threads) {
  Tensor x0 = xgrad::tensor(0.f).requires_grad_(), c = xgrad::tensor(1e-6f);
  const int n = 1000000;
  auto forward = [&] {
    Tensor x = x0;
    for (int i = 0; i < n; ++i) x = x + c;
    return x;
  };
  const double rss = synth::peak_rss_mb();
  double fw = 0, bw = 0, release = 0, out = 0;
  for (int round = 0; round < 3; ++round) {
    double t = synth::now();
    Tensor x = forward();
    fw = synth::now() - t;
    t = synth::now();
    x.backward();
    bw = synth::now() - t;
    out = x.item<float>();
    t = synth::now();
    x = Tensor();
    release = synth::now() - t;
  }
  Tensor x = forward();
  const double t = synth::now();
  x = Tensor();  // a graph that no backward pass has walked
  const double release_whole = synth::now() - t;
  const double ms = (fw + bw + release) * 1e3, per_op = 1e9 / n;
  synth::report(name, threads, {ms, ms}, n, out, x0.grad().item<float>(), 0, 0,
                field("fwd_ns_per_op", fw * per_op) + field("bwd_ns_per_op", bw * per_op) +
                    field("free_ns_per_op", (release + release_whole) * per_op) +
                    field("bytes_per_node", (synth::peak_rss_mb() - rss) * 1048576 / n));
}

Register r1("scalar_chain_1k", scalar_chain), r2("wide_10k_adds", wide), r3("deep_chain_1m", deep);

}  // namespace
