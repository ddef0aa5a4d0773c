// One optimizer step over 10,000,000 numbers in 100 parameters; the gradients stay.
#include "torch_common.hpp"

namespace {

// bytes: least traffic per number.
template <class Make>
void optimizer(const std::string& name, int threads, Make make, double bytes) {
  std::vector<Tensor> params;
  for (uint64_t i = 0; i < 100; ++i) {
    params.push_back(uniform_tensor({250, 400}, 61 + i).requires_grad_());
    params.back().mutable_grad() = uniform_tensor({250, 400}, 161 + i, -0.1f, 0.1f);
  }
  auto opt = make(params);
  auto sum = [&] { return params[3].detach().sum().template item<float>(); };
  const double first = sum();
  for (int i = 0; i < 3; ++i) opt.step();
  const double last = sum();
  synth::report(name, threads, synth::measure([&] { opt.step(); }, 7, 0.5), 1e7, first, last, 0, bytes * 1e7);
}

// Reads p, g, m, v and writes p, m, v.
void adam(const std::string& name, int threads) {
  auto make = [](const std::vector<Tensor>& p) { return torch::optim::Adam(p, torch::optim::AdamOptions(1e-3)); };
  optimizer(name, threads, make, 28);
}
// Reads p, g, b and writes p, b.
void sgdm(const std::string& name, int threads) {
  auto make = [](const std::vector<Tensor>& p) {
    return torch::optim::SGD(p, torch::optim::SGDOptions(1e-3).momentum(0.9));
  };
  optimizer(name, threads, make, 20);
}

Register r1("adam_10m", adam), r2("sgdm_10m", sgdm);

}  // namespace
