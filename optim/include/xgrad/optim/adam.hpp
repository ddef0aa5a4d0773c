#pragma once

#include <xgrad/by_name.hpp>
#include <xgrad/optim/optimizer.hpp>

namespace xgrad::optim {

// Adam adds the decay to the gradient (L2), AdamW decouples it: p *= 1 - lr wd before the step.
template <bool Decoupled>
struct XGRAD_API AdamOptionsOf {
  ByName by_name = ByName();
  Option<double> lr = preset(1e-3);
  Option<std::array<double, 2>> betas = preset(0.9, 0.999);
  Option<double> eps = preset(1e-8);
  Option<double> weight_decay = preset(Decoupled ? 1e-2 : 0.0);
  Option<bool> amsgrad = preset(false);
  Option<bool> maximize = preset(false);

  template <class Self, class F>
  static void each(Self& o, F f) {
    f("lr", o.lr), f("betas", o.betas), f("eps", o.eps), f("weight_decay", o.weight_decay);
    f("amsgrad", o.amsgrad), f("maximize", o.maximize);
  }
  void check(const OptionCheck& check) const;
};
using AdamOptions = AdamOptionsOf<false>;
using AdamWOptions = AdamOptionsOf<true>;

// What Adam and AdamW do.
template <bool Decoupled>
class XGRAD_API AdamOf : public OptimizerWith<AdamOptionsOf<Decoupled>> {
 protected:
  AdamOf(const Params<AdamOptionsOf<Decoupled>>& params, const AdamOptionsOf<Decoupled>& options, const Location& at);
  void make_state(std::size_t group, const Tensor& param, Optimizer::State& state) override;
  void update(std::size_t group, Tensor& param, const Tensor& grad, Optimizer::State& state) override;
};
extern template class AdamOf<false>;
extern template class AdamOf<true>;

// m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; p -= lr m^ / (sqrt(v^) + eps) with m^ = m / (1 - b1^t) and
// v^ = v / (1 - b2^t); amsgrad: the largest v so far. One pass over parameter, gradient, m and v.
// Kingma & Ba 2015; Reddi et al. 2018.
class XGRAD_API Adam : public AdamOf<false> {
 public:
  explicit Adam(Params<AdamOptions> params, AdamOptions options = {},  // options by name: {.lr = 0.1}
                Location at = Location::current());
};

// Adam with decoupled weight decay. Loshchilov & Hutter 2019.
class XGRAD_API AdamW : public AdamOf<true> {
 public:
  explicit AdamW(Params<AdamWOptions> params, AdamWOptions options = {},  // options by name: {.lr = 0.1}
                 Location at = Location::current());
};

}  // namespace xgrad::optim
