#pragma once

#include <xgrad/by_name.hpp>
#include <xgrad/optim/optimizer.hpp>

namespace xgrad::optim {

struct XGRAD_API RMSpropOptions {
  ByName by_name = ByName();
  Option<double> lr = preset(1e-2);
  Option<double> alpha = preset(0.99);  // smoothing
  Option<double> eps = preset(1e-8);
  Option<double> weight_decay = preset(0.0);  // L2: added to the gradient
  Option<double> momentum = preset(0.0);
  Option<bool> centered = preset(false);  // divides by the standard deviation of the gradient
  Option<bool> maximize = preset(false);

  template <class Self, class F>
  static void each(Self& o, F f) {
    f("lr", o.lr), f("alpha", o.alpha), f("eps", o.eps), f("weight_decay", o.weight_decay);
    f("momentum", o.momentum), f("centered", o.centered), f("maximize", o.maximize);
  }
  void check(const OptionCheck& check) const;
};

// v = alpha v + (1 - alpha) g^2; d = g / (sqrt(v) + eps), centered: g / (sqrt(v - a^2) + eps) with the mean gradient
// a = alpha a + (1 - alpha) g; p -= lr d, or with momentum b = momentum b + d; p -= lr b.
// Tieleman & Hinton 2012 (lecture 6.5); centered: Graves 2013.
class XGRAD_API RMSprop : public OptimizerWith<RMSpropOptions> {
 public:
  explicit RMSprop(Params<RMSpropOptions> params, RMSpropOptions options = {},  // options by name: {.lr = 0.1}
                   Location at = Location::current());

 protected:
  void make_state(std::size_t group, const Tensor& param, State& state) override;
  void update(std::size_t group, Tensor& param, const Tensor& grad, State& state) override;
};

}  // namespace xgrad::optim
