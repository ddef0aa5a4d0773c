#pragma once

#include <xgrad/by_name.hpp>
#include <xgrad/optim/optimizer.hpp>

namespace xgrad::optim {

struct XGRAD_API SGDOptions {
  ByName by_name = ByName();
  Option<double> lr = preset(1e-3);
  Option<double> momentum = preset(0.0);
  Option<double> dampening = preset(0.0);
  Option<double> weight_decay = preset(0.0);  // L2: added to the gradient
  Option<bool> nesterov = preset(false);
  Option<bool> maximize = preset(false);

  template <class Self, class F>
  static void each(Self& o, F f) {
    f("lr", o.lr), f("momentum", o.momentum), f("dampening", o.dampening), f("weight_decay", o.weight_decay);
    f("nesterov", o.nesterov), f("maximize", o.maximize);
  }
  void check(const OptionCheck& check) const;
};

// g += wd p; b = momentum b + (1 - dampening) g (b = g at first); p -= lr (nesterov ? g + momentum b : b).
// One pass over parameter, gradient and momentum. Sutskever et al. 2013, as PyTorch applies it.
class XGRAD_API SGD : public OptimizerWith<SGDOptions> {
 public:
  explicit SGD(Params<SGDOptions> params, SGDOptions options = {},  // options by name: {.lr = 0.1}
               Location at = Location::current());

 protected:
  void make_state(std::size_t group, const Tensor& param, State& state) override;
  void update(std::size_t group, Tensor& param, const Tensor& grad, State& state) override;
};

}  // namespace xgrad::optim
