// Reinforcement learning: nobody says which action was right, there is only a reward, and it comes late.
//
//   REINFORCE      J = -mean of (R[t] - b) log π(a[t] | s[t])         R[t] = r[t] + γ r[t+1] + γ² r[t+2] + ...
//   actor-critic   the same with a learned V(s[t]) for b, which learns from (R[t] - V(s[t]))²
//
// CartPole (Barto, Sutton and Anderson 1983, constants of Gym's CartPole-v1): push a cart left or right so that the
// pole on it stays up; 1 for each step, at most 500. 16 carts run side by side.
//
// expect: reinforce_at_the_start < 60
// expect: reinforce_at_the_end > reinforce_at_the_start * 3
// expect: actor_critic_at_the_end > actor_critic_at_the_start * 3
// expect: best_policy_steps > 300
#include "lecture.hpp"

using xgrad::Tensor;
namespace nn = xgrad::nn;
namespace optim = xgrad::optim;
namespace viz = xgrad::viz;

constexpr int kCarts = 16, kMost = 500;
constexpr double kGamma = 0.99;

// States (n, 4): position, velocity, angle, its velocity. action (n): 0 left, 1 right.
Tensor move(const Tensor& s, const Tensor& action) {
  constexpr double g = 9.8, cart = 1, pole = 0.1, half_length = 0.5, push = 10, dt = 0.02, total = cart + pole;
  const Tensor velocity = s.select(1, 1), angle = s.select(1, 2), turning = s.select(1, 3);
  const Tensor force = push * (2 * action.to(xgrad::kFloat32) - 1);
  const Tensor a = (force + pole * half_length * square(turning) * sin(angle)) / total;
  const Tensor turn = (g * sin(angle) - cos(angle) * a) / (half_length * (4. / 3 - pole * square(cos(angle)) / total));
  const Tensor speed_up = a - pole * half_length * turn * cos(angle) / total;
  return s + dt * xgrad::stack({velocity, speed_up, turning, turn}, 1);
}
Tensor still_up(const Tensor& s) {
  return (s.select(1, 0).abs() < 2.4).logical_and(s.select(1, 2).abs() < 12 * std::numbers::pi / 180);
}

nn::Sequential make_net(std::int64_t outputs) {
  return nn::Sequential(nn::Linear(4, 64), nn::Tanh(), nn::Linear(64, outputs));
}
// States in units in which they are of size 1.
Tensor scaled(const Tensor& s) { return s / xgrad::tensor({2.4, 2., 0.2, 2.}); }

struct Episodes {
  Tensor states, actions, alive;  // (T, n, 4), (T, n), (T, n): 1 until the pole has fallen
  Tensor steps() const { return alive.sum({0}); }
};
Episodes play(const nn::Sequential& policy) {
  const xgrad::NoGradGuard no_grad;
  Tensor s = 0.1 * xgrad::rand({kCarts, 4}) - 0.05, up = xgrad::ones({kCarts});
  std::vector<Tensor> states, actions, alive;
  for (int t = 0; t < kMost && up.any().item<bool>(); ++t) {
    const Tensor action = softmax(policy(scaled(s)), 1).multinomial(1).squeeze(1);
    states.push_back(s);
    actions.push_back(action);
    alive.push_back(up);
    s = move(s, action);
    up = up * still_up(s).to(xgrad::kFloat32);
  }
  return {xgrad::stack(states), xgrad::stack(actions), xgrad::stack(alive)};
}
// R[t] = 1 + γ R[t+1] while the pole is up.
Tensor returns(const Tensor& alive) {
  std::vector<Tensor> r(static_cast<std::size_t>(alive.size(0)));
  Tensor next = xgrad::zeros({kCarts});
  for (std::int64_t t = alive.size(0) - 1; t >= 0; --t)
    r[static_cast<std::size_t>(t)] = next = alive[t] * (1 + kGamma * next);
  return xgrad::stack(r);
}

struct Run {
  std::vector<double> steps;  // the mean of each batch of episodes
  nn::Sequential policy;
};
Run learn(bool with_critic, int batches, std::uint64_t seed) {
  xgrad::manual_seed(seed);
  Run run{{}, make_net(2)};
  nn::Sequential critic = make_net(1);
  optim::Adam opt(run.policy.parameters(), {.lr = 0.01}), opt_critic(critic.parameters(), {.lr = 0.01});
  for (int batch = 0; batch < batches; ++batch) {
    const Episodes e = play(run.policy);
    run.steps.push_back(e.steps().mean().item());
    const Tensor wanted = e.alive > 0, s = scaled(e.states.index({wanted})), R = returns(e.alive).index({wanted});
    Tensor advantage = R - R.mean();
    if (with_critic) {
      for (int again = 0; again < 5; ++again) {
        opt_critic.zero_grad();
        const Tensor V = 50 * critic(s).squeeze(1);
        advantage = R - V.detach();
        (square(R - V).mean() / 2500).backward();
        opt_critic.step();
      }
    }
    opt.zero_grad();
    const Tensor log_pi =
        -cross_entropy(run.policy(s), e.actions.index({wanted}), {.reduction = xgrad::Reduction::none});
    (-(advantage / (advantage.std() + 1e-6) * log_pi).mean()).backward();
    opt.step();
  }
  return run;
}

void lecture(const Lecture& l) {
  const int batches = l.steps(80, 40), seeds = l.brief ? 1 : 3;
  viz::Plot curves({.title = "Steps until the pole falls, mean and range of " + std::to_string(seeds) + " runs",
                    .x_label = "batch of 16 episodes",
                    .y_label = "steps",
                    .width = 720,
                    .height = 460});
  nn::Sequential best = nullptr;
  double most = 0;
  for (const bool with_critic : {false, true}) {
    const std::string name = with_critic ? "actor_critic" : "reinforce";
    std::vector<Tensor> all;
    for (int seed = 0; seed < seeds; ++seed) {
      const Run run = learn(with_critic, batches, 1 + static_cast<std::uint64_t>(seed));
      all.push_back(xgrad::tensor(run.steps));
      const double last = all.back().slice(0, batches - 5).mean().item();
      if (last > most) best = run.policy, most = last;
    }
    const Tensor runs = xgrad::stack(all), batch = xgrad::arange(1, batches + 1);
    const char* color = with_critic ? "#0072B2" : "#D55E00";
    if (seeds > 1) curves.band(batch, runs.min(0).values, runs.max(0).values, {.color = color});
    curves.line(batch, runs.mean({0}),
                {.label = with_critic ? "actor-critic" : "REINFORCE", .color = color, .width = 2.6});
    figure((name + "_at_the_start").c_str(), runs.slice(1, 0, 3).mean().item());
    figure((name + "_at_the_end").c_str(), runs.slice(1, batches - 5).mean().item());
  }
  figure("best_policy_steps", play(best).steps().mean().item());

  const xgrad::NoGradGuard no_grad;
  const Tensor angle = xgrad::linspace(-12, 12, 81), turning = xgrad::linspace(-2, 2, 81);
  const Tensor a = angle.unsqueeze(0).expand({81, 81}) * (std::numbers::pi / 180),
               w = turning.unsqueeze(1).expand({81, 81});
  const Tensor states = xgrad::stack({0 * a, 0 * a, a, w}, 2).reshape({-1, 4});
  viz::Plot map({.title = "What it has learned: the probability of a push to the right",
                 .x_label = "angle of the pole, degrees to the right",
                 .y_label = "angular velocity, 1/s",
                 .width = 580,
                 .height = 460});
  map.contours(angle, turning, softmax(best(scaled(states)), 1).select(1, 1).reshape({81, 81}),
               {0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95},
               {.colors = {"#6FA8D3", "#9CC5E3", "#BCD8EC", "#DCEBF6", "#FBE5D6", "#F6CBAD", "#EFAF82", "#E58F55"}});
  map.annotate("left", -8, -1.2, {.dx = 0, .dy = 0}).annotate("right", 8, 1.2, {.dx = 0, .dy = 0});
  viz::subplots({{curves, map}}, l.picture("22_reinforcement.svg"), {.title = "CartPole"});
}

int main(int argc, char** argv) { return give_lecture(argc, argv, lecture); }
