#pragma once

#include <xgrad/by_name.hpp>
#include <xgrad/optim/optimizer.hpp>

namespace xgrad::optim {

struct XGRAD_API NAdamOptions {
  ByName by_name = ByName();
  Option<double> lr = preset(2e-3);
  Option<std::array<double, 2>> betas = preset(0.9, 0.999);
  Option<double> eps = preset(1e-8);
  Option<double> weight_decay = preset(0.0);  // L2: added to the gradient; decoupled: see there
  Option<double> momentum_decay = preset(4e-3);
  Option<bool> decoupled_weight_decay = preset(false);  // p *= 1 - lr weight_decay instead
  Option<bool> maximize = preset(false);

  template <class Self, class F>
  static void each(Self& o, F f) {
    f("lr", o.lr), f("betas", o.betas), f("eps", o.eps), f("weight_decay", o.weight_decay);
    f("momentum_decay", o.momentum_decay), f("decoupled_weight_decay", o.decoupled_weight_decay);
    f("maximize", o.maximize);
  }
  void check(const OptionCheck& check) const;
};

// Adam with Nesterov's look ahead: with mu_t = b1 (1 - 0.96^(t momentum_decay) / 2) and the product M_t of all mu so
// far, p -= lr ((1 - mu_t) / (1 - M_t) g + mu_(t+1) / (1 - M_(t+1)) m) / (sqrt(v^) + eps). Dozat 2016.
class XGRAD_API NAdam : public OptimizerWith<NAdamOptions> {
 public:
  explicit NAdam(Params<NAdamOptions> params, NAdamOptions options = {},  // options by name: {.lr = 0.1}
                 Location at = Location::current());

 protected:
  void make_state(std::size_t group, const Tensor& param, State& state) override;
  void update(std::size_t group, Tensor& param, const Tensor& grad, State& state) override;
};

}  // namespace xgrad::optim
