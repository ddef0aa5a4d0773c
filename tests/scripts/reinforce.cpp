// Cart-pole by REINFORCE (R. Williams 1992): the pole must stay up for longer and longer.
#include <cmath>
#include <cstdio>

#include <xgrad/xgrad.hpp>

using namespace xgrad;  // NOLINT
namespace F = nn::functional;

// The pole on a cart of A. Barto, R. Sutton and C. Anderson 1983.
struct CartPole {
  double x = 0, v = 0, angle = 0, turn = 0;
  Tensor state() const { return tensor({x, v, angle, turn}); }
  bool step(bool right) {  // whether it has fallen
    const double push = (right ? 10 : -10) + 0.05 * turn * turn * std::sin(angle);
    const double a = (9.8 * std::sin(angle) - std::cos(angle) * push / 1.1) /
                     (0.5 * (4.0 / 3 - 0.1 * std::cos(angle) * std::cos(angle) / 1.1));
    x += 0.02 * v;
    v += 0.02 * (push - 0.05 * a * std::cos(angle)) / 1.1;
    angle += 0.02 * turn;
    turn += 0.02 * a;
    return std::abs(x) > 2.4 || std::abs(angle) > 0.21;
  }
};

struct Policy : nn::Layer<Policy> {
  nn::Linear hidden = register_module("hidden", nn::Linear(4, 32));
  nn::Linear out = register_module("out", nn::Linear(32, 2));
  Tensor forward(const Tensor& state) const { return out(F::tanh(hidden(state))); }
};

int main() {
  manual_seed(1);
  Policy policy;
  optim::Adam opt(policy.parameters(), {.lr = 0.005});
  double mean_length = 0;
  for (int episode = 0; episode < 300; ++episode) {
    CartPole cart;
    cart.angle = uniform(-0.05, 0.05, {}).item();
    std::vector<Tensor> log_probs;
    for (bool fallen = false; !fallen && log_probs.size() < 200;) {
      const distributions::Categorical actions({.logits = policy(cart.state())});
      const Tensor action = actions.sample();
      log_probs.push_back(actions.log_prob(action));
      fallen = cart.step(action.item<int>() == 1);
    }
    // What is still to come from each step on, discounted.
    std::vector<double> returns(log_probs.size());
    double ahead = 0;
    for (std::size_t t = returns.size(); t-- > 0;) returns[t] = ahead = 1 + 0.99 * ahead;
    const Tensor r = tensor(returns), advantage = (r - r.mean()) / (xgrad::std(r) + 1e-6);
    const Tensor loss = -(stack(log_probs) * advantage).sum();
    opt.zero_grad();
    loss.backward();
    opt.step();
    mean_length += 0.05 * (static_cast<double>(log_probs.size()) - mean_length);
    if (episode % 100 == 99) std::printf("episode %d: %.1f steps\n", episode + 1, mean_length);
  }
  return mean_length > 100 ? 0 : 1;
}
