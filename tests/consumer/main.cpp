// A program outside the library's tree, built against the installed package, with an operation of its own.
#include <cmath>
#include <iostream>

#include <xgrad/check.hpp>
#include <xgrad/elementwise.hpp>
#include <xgrad/xgrad.hpp>

#include "own_module.hpp"
#include "own_operations.hpp"

namespace mine {
using namespace xgrad;

// x / (1 + exp(-x)), differentiable any number of times.
Tensor swish(const Tensor& x, Location at = Location::current()) {
  require_floating("swish", x, at);
  Tensor y = map([](auto v) { return v / (1 + exp(-v)); }, x);
  return record(
      "swish", y, {x}, {x},
      [](const Saved& s, const Tensor& g) -> Grads {
        return {fuse(
            [](auto g, auto v) {
              auto p = 1 / (1 + exp(-v));
              return g * (p * (1 + v * (1 - p)));
            },
            g, s[0])};
      },
      at);
}
}  // namespace mine

int main() {
  using xgrad::Tensor;
  xgrad::manual_seed(0);
  const auto f = [](const std::vector<Tensor>& in) { return mine::swish(in[0]); };
  Tensor x = xgrad::randn({3, 4}, {xgrad::kFloat64});
  x.requires_grad_();
  xgrad::gradcheck(f, {x});
  xgrad::gradgradcheck(f, {x});

  xgrad::nn::Sequential net(
      xgrad::nn::Linear(2, 8), [](const Tensor& t) { return mine::swish(t); }, xgrad::nn::Linear(8, 1));
  xgrad::optim::AdamW opt(net.parameters(), {.lr = 1e-2});
  const Tensor in = xgrad::randn({64, 2}), target = in.slice(1, 0, 1) * in.slice(1, 1, 2);
  double first = 0, last = 0;
  for (int step = 0; step < 200; ++step) {
    opt.zero_grad();
    const Tensor loss = mse_loss(net(in), target);
    loss.backward();
    opt.step();
    last = loss.item();
    if (step == 0) first = last;
  }
  const std::string picture = xgrad::viz::to_dot(mine::swish(x).sum());
  std::cout << "xgrad " << xgrad::kVersion << ": loss " << first << " -> " << last << "\n";
  return check_own_operations() && check_own_module() && last < 0.2 * first &&
                 picture.find("swish") != std::string::npos
             ? 0
             : 1;
}
