#pragma once

#include <xgrad/by_name.hpp>
#include <xgrad/optim/optimizer.hpp>

namespace xgrad::optim {

struct XGRAD_API LARSOptions {
  ByName by_name = ByName();
  Option<double> lr = preset(1e-3);
  Option<double> momentum = preset(0.0);
  Option<double> dampening = preset(0.0);
  Option<double> weight_decay = preset(0.0);  // L2: added to the gradient
  Option<bool> nesterov = preset(false);
  // 0 leaves a group as SGD does it: biases and the parameters of normalisation layers.
  Option<double> trust_coefficient = preset(1e-3);
  Option<double> eps = preset(1e-8);
  Option<bool> maximize = preset(false);

  template <class Self, class F>
  static void each(Self& o, F f) {
    f("lr", o.lr), f("momentum", o.momentum), f("dampening", o.dampening), f("weight_decay", o.weight_decay);
    f("nesterov", o.nesterov), f("trust_coefficient", o.trust_coefficient), f("eps", o.eps);
    f("maximize", o.maximize);
  }
  void check(const OptionCheck& check) const;
};

// SGD whose gradient d = g + wd p is scaled for each parameter by trust_coefficient |p| / (|g| + wd |p| + eps), unless
// |p| or |g| is 0. For large batches. You, Gitman & Ginsburg 2017, algorithm 1; not in PyTorch.
class XGRAD_API LARS : public OptimizerWith<LARSOptions> {
 public:
  explicit LARS(Params<LARSOptions> params, LARSOptions options = {},  // options by name: {.lr = 0.1}
                Location at = Location::current());

 protected:
  void make_state(std::size_t group, const Tensor& param, State& state) override;
  void update(std::size_t group, Tensor& param, const Tensor& grad, State& state) override;
};

}  // namespace xgrad::optim
