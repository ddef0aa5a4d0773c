#pragma once

#include <xgrad/by_name.hpp>
#include <xgrad/optim/optimizer.hpp>

namespace xgrad::optim {

struct XGRAD_API ASGDOptions {
  ByName by_name = ByName();
  Option<double> lr = preset(1e-2);
  Option<double> lambd = preset(1e-4);        // decay term
  Option<double> alpha = preset(0.75);        // power of the decay of the step size
  Option<double> t0 = preset(1e6);            // step at which averaging starts
  Option<double> weight_decay = preset(0.0);  // L2: added to the gradient
  Option<bool> maximize = preset(false);

  template <class Self, class F>
  static void each(Self& o, F f) {
    f("lr", o.lr), f("lambd", o.lambd), f("alpha", o.alpha), f("t0", o.t0);
    f("weight_decay", o.weight_decay), f("maximize", o.maximize);
  }
  void check(const OptionCheck& check) const;
};

// p = (1 - lambd eta) p - eta g with eta = lr / (1 + lambd lr t)^alpha; the average a += (p - a) / max(1, t - t0) is in
// the state as "i.ax". Polyak & Juditsky 1992; Bottou.
class XGRAD_API ASGD : public OptimizerWith<ASGDOptions> {
 public:
  explicit ASGD(Params<ASGDOptions> params, ASGDOptions options = {},  // options by name: {.lr = 0.1}
                Location at = Location::current());

 protected:
  void make_state(std::size_t group, const Tensor& param, State& state) override;
  void update(std::size_t group, Tensor& param, const Tensor& grad, State& state) override;
};

}  // namespace xgrad::optim
