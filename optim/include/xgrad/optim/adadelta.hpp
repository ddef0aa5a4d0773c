#pragma once

#include <xgrad/by_name.hpp>
#include <xgrad/optim/optimizer.hpp>

namespace xgrad::optim {

struct XGRAD_API AdadeltaOptions {
  ByName by_name = ByName();
  Option<double> lr = preset(1.0);
  Option<double> rho = preset(0.9);  // smoothing
  Option<double> eps = preset(1e-6);
  Option<double> weight_decay = preset(0.0);  // L2: added to the gradient
  Option<bool> maximize = preset(false);

  template <class Self, class F>
  static void each(Self& o, F f) {
    f("lr", o.lr), f("rho", o.rho), f("eps", o.eps), f("weight_decay", o.weight_decay);
    f("maximize", o.maximize);
  }
  void check(const OptionCheck& check) const;
};

// v = rho v + (1 - rho) g^2; d = sqrt(u + eps) / sqrt(v + eps) g; u = rho u + (1 - rho) d^2; p -= lr d. Zeiler 2012.
class XGRAD_API Adadelta : public OptimizerWith<AdadeltaOptions> {
 public:
  explicit Adadelta(Params<AdadeltaOptions> params, AdadeltaOptions options = {},  // options by name: {.lr = 0.1}
                    Location at = Location::current());

 protected:
  void update(std::size_t group, Tensor& param, const Tensor& grad, State& state) override;
};

}  // namespace xgrad::optim
