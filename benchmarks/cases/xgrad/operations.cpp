// Operations: a scan whose cell reads many small leaves, backward of cumprod, functions over 16M numbers, and threads
// that live for one small graph.
#include <thread>

#include "../../xgrad/xgrad_common.hpp"

namespace {

// 200 steps; a step reads 32 leaves of 16 numbers. xgrad records it as one scan; loop_ms is the loop written out.
void scan_leaves(const std::string& name, int threads) {
  std::vector<Tensor> leaves;
  for (std::uint64_t i = 0; i < 32; ++i) leaves.push_back(uniform_tensor({16}, 100 + i).requires_grad_());
  const Tensor xs = uniform_tensor({200, 16}, 7), h0 = xgrad::zeros({16});
  const auto cell = [&](const Tensor& h, const Tensor& x) {
    Tensor next = h + x;
    for (std::size_t i = 0; i < leaves.size(); i += 2) next = xgrad::tanh(next * leaves[i] + leaves[i + 1]);
    return std::pair(next, next);
  };
  const auto by_scan = [&] { return xgrad::scan(cell, xs, h0).second.sum(); };
  const auto by_loop = [&] {
    std::vector<Tensor> ys;
    Tensor h = h0;
    for (std::int64_t t = 0; t < xs.size(0); ++t) {
      h = cell(h, xs[t]).first;
      ys.push_back(h);
    }
    return xgrad::stack(ys).sum();
  };
  const auto sum_of_gradients = [&] {
    double sum = 0;
    for (const Tensor& g : xgrad::grad(by_scan(), leaves)) sum += g.abs().sum().item<float>();
    return sum;
  };
  const double value = by_scan().item<float>(), gradients = sum_of_gradients();
  const synth::Timing t = synth::measure([&] { static_cast<void>(xgrad::grad(by_scan(), leaves)); });
  const double peak = synth::peak_rss_mb();
  const synth::Timing loop = synth::measure([&] { static_cast<void>(xgrad::grad(by_loop(), leaves)); });
  synth::report(name, threads, t, 200, value, gradients, 0, 0,
                field("loop_ms", loop.median_ms) + field("scan_peak_rss_mb", peak));
}

// Forward and backward of f over a tensor.
template <class F>
void both_ways(const std::string& name, int threads, const Tensor& values, F f) {
  Tensor x = values.detach().requires_grad_();
  const auto step = [&] {
    Tensor y = f(x).sum();
    y.backward();
    return y;
  };
  const double out = step().template item<float>(), gradient = x.grad().abs().sum().item<float>();
  const synth::Timing t = synth::measure([&] {
    x.zero_grad();
    step();
  });
  synth::report(name, threads, t, static_cast<double>(x.numel()), out, gradient);
}

void cumprod_case(const std::string& name, int threads) {
  both_ways(name, threads, uniform_tensor({256, 4096}, 5, 0.99f, 1.01f),
            [](const Tensor& x) { return xgrad::cumprod(x, 1); });
}
void cumprod_zeros(const std::string& name, int threads) {
  Tensor x = uniform_tensor({64, 512}, 5, 0.99f, 1.01f);
  x.select(1, 300).fill_(0);
  both_ways(name, threads, x, [](const Tensor& t) { return xgrad::cumprod(t, 1); });
}

Tensor sixteen_million() { return uniform_tensor({1 << 24}, 9, 0.05f, 0.95f); }
void log_case(const std::string& name, int threads) {
  both_ways(name, threads, sixteen_million(), [](const Tensor& x) { return xgrad::log(x); });
}
void tanh_case(const std::string& name, int threads) {
  both_ways(name, threads, sixteen_million(), [](const Tensor& x) { return xgrad::tanh(x); });
}
void logit_case(const std::string& name, int threads) {
  both_ways(name, threads, sixteen_million(), [](const Tensor& x) { return xgrad::logit(x); });
}

// 64 threads one after the other, each with a graph of its own; what the process has kept after 50 times that.
void short_threads(const std::string& name, int threads) {
  double value = 0;
  const auto step = [&] {
    for (std::uint64_t i = 0; i < 64; ++i) {
      std::thread one([&] {
        Tensor a = uniform_tensor({64, 64}, i).requires_grad_();
        const Tensor y = xgrad::matmul(a, a).tanh().sum();
        y.backward();
        value = y.item<float>();
      });
      one.join();
    }
  };
  step();
  const double out = value, before = synth::peak_rss_mb();
  for (int i = 0; i < 50; ++i) step();
  const double grown = synth::peak_rss_mb() - before;
  synth::report(name, threads, synth::measure(step), 64, out, out, 0, 0, field("grown_mb", grown));
}

Register r1("case_scan_leaves", scan_leaves), r2("case_cumprod", cumprod_case), r3("case_cumprod_zeros", cumprod_zeros),
    r4("case_log_16m", log_case), r5("case_tanh_16m", tanh_case), r6("case_logit_16m", logit_case),
    r7("case_short_threads", short_threads);

}  // namespace
