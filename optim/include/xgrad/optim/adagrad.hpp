#pragma once

#include <xgrad/by_name.hpp>
#include <xgrad/optim/optimizer.hpp>

namespace xgrad::optim {

struct XGRAD_API AdagradOptions {
  ByName by_name = ByName();
  Option<double> lr = preset(1e-2);
  Option<double> lr_decay = preset(0.0);
  Option<double> weight_decay = preset(0.0);  // L2: added to the gradient
  Option<double> initial_accumulator_value = preset(0.0);
  Option<double> eps = preset(1e-10);
  Option<bool> maximize = preset(false);

  template <class Self, class F>
  static void each(Self& o, F f) {
    f("lr", o.lr), f("lr_decay", o.lr_decay), f("weight_decay", o.weight_decay);
    f("initial_accumulator_value", o.initial_accumulator_value), f("eps", o.eps);
    f("maximize", o.maximize);
  }
  void check(const OptionCheck& check) const;
};

// v += g^2; p -= lr / (1 + (t - 1) lr_decay) g / (sqrt(v) + eps). Duchi, Hazan & Singer 2011.
class XGRAD_API Adagrad : public OptimizerWith<AdagradOptions> {
 public:
  explicit Adagrad(Params<AdagradOptions> params, AdagradOptions options = {},  // options by name: {.lr = 0.1}
                   Location at = Location::current());

 protected:
  void make_state(std::size_t group, const Tensor& param, State& state) override;
  void update(std::size_t group, Tensor& param, const Tensor& grad, State& state) override;
};

}  // namespace xgrad::optim
