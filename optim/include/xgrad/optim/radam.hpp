#pragma once

#include <xgrad/by_name.hpp>
#include <xgrad/optim/optimizer.hpp>

namespace xgrad::optim {

struct XGRAD_API RAdamOptions {
  ByName by_name = ByName();
  Option<double> lr = preset(1e-3);
  Option<std::array<double, 2>> betas = preset(0.9, 0.999);
  Option<double> eps = preset(1e-8);
  Option<double> weight_decay = preset(0.0);            // L2: added to the gradient; decoupled: see there
  Option<bool> decoupled_weight_decay = preset(false);  // p *= 1 - lr weight_decay instead
  Option<bool> maximize = preset(false);

  template <class Self, class F>
  static void each(Self& o, F f) {
    f("lr", o.lr), f("betas", o.betas), f("eps", o.eps), f("weight_decay", o.weight_decay);
    f("decoupled_weight_decay", o.decoupled_weight_decay), f("maximize", o.maximize);
  }
  void check(const OptionCheck& check) const;
};

// Adam whose first steps, while the variance of v is still unknown (r <= 5), are p -= lr m^; later steps are rectified:
// p -= lr m^ sqrt((r - 4)(r - 2) R / ((R - 4)(R - 2) r)) / (sqrt(v) + eps) sqrt(1 - b2^t) with R = 2 / (1 - b2) - 1 and
// r = R - 2 t b2^t / (1 - b2^t). Liu et al. 2020.
class XGRAD_API RAdam : public OptimizerWith<RAdamOptions> {
 public:
  explicit RAdam(Params<RAdamOptions> params, RAdamOptions options = {},  // options by name: {.lr = 0.1}
                 Location at = Location::current());

 protected:
  void update(std::size_t group, Tensor& param, const Tensor& grad, State& state) override;
};

}  // namespace xgrad::optim
