#include "update_rules.hpp"

#include <cmath>

#include <xgrad/autograd.hpp>
#include <xgrad/ops.hpp>

namespace xgrad::fronts {

template <bool Decoupled>
void use_epsilon_hat(optim::AdamOf<Decoupled>& opt, double epsilon, std::int64_t step) {
  auto& options = opt.options();
  options.eps = epsilon / std::sqrt(1 - std::pow(options.betas[1], static_cast<double>(step)));
}
template void use_epsilon_hat(optim::AdamOf<false>&, double, std::int64_t);
template void use_epsilon_hat(optim::AdamOf<true>&, double, std::int64_t);

void change_rate(optim::Optimizer& opt, const std::function<void()>& change) {
  const double before = opt.lr();
  change();
  const double after = opt.lr();
  if (before == after || after == 0 || dynamic_cast<optim::SGD*>(&opt) == nullptr || opt.momentum() == 0) return;
  NamedTensors state = opt.state_dict();
  const NoGradGuard off;
  for (auto& [key, t] : state)
    if (key.ends_with(".momentum_buffer")) t = t * (before / after);
  opt.load_state_dict(state);
}

}  // namespace xgrad::fronts
