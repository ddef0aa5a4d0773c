#pragma once

#include <xgrad/by_name.hpp>
#include <xgrad/optim/optimizer.hpp>

namespace xgrad::optim {

struct XGRAD_API LAMBOptions {
  ByName by_name = ByName();
  Option<double> lr = preset(1e-3);
  Option<std::array<double, 2>> betas = preset(0.9, 0.999);
  Option<double> eps = preset(1e-6);
  Option<double> weight_decay = preset(0.0);
  Option<bool> maximize = preset(false);

  template <class Self, class F>
  static void each(Self& o, F f) {
    f("lr", o.lr), f("betas", o.betas), f("eps", o.eps), f("weight_decay", o.weight_decay), f("maximize", o.maximize);
  }
  void check(const OptionCheck& check) const;
};

// Adam whose step u = m^ / (sqrt(v^) + eps) + wd p has for each parameter the length of the parameter itself:
// p -= lr |p| / |u| u, or lr u where |p| or |u| is 0. For large batches. You et al. 2020; not in PyTorch.
class XGRAD_API LAMB : public OptimizerWith<LAMBOptions> {
 public:
  explicit LAMB(Params<LAMBOptions> params, LAMBOptions options = {},  // options by name: {.lr = 0.1}
                Location at = Location::current());

 protected:
  void update(std::size_t group, Tensor& param, const Tensor& grad, State& state) override;
};

}  // namespace xgrad::optim
