#pragma once

#include <xgrad/by_name.hpp>
#include <xgrad/optim/optimizer.hpp>

namespace xgrad::optim {

struct XGRAD_API AdamaxOptions {
  ByName by_name = ByName();
  Option<double> lr = preset(2e-3);
  Option<std::array<double, 2>> betas = preset(0.9, 0.999);
  Option<double> eps = preset(1e-8);
  Option<double> weight_decay = preset(0.0);  // L2: added to the gradient
  Option<bool> maximize = preset(false);

  template <class Self, class F>
  static void each(Self& o, F f) {
    f("lr", o.lr), f("betas", o.betas), f("eps", o.eps), f("weight_decay", o.weight_decay);
    f("maximize", o.maximize);
  }
  void check(const OptionCheck& check) const;
};

// m = b1 m + (1 - b1) g; u = max(b2 u, |g| + eps); p -= lr / (1 - b1^t) m / u: Adam with the largest gradient instead
// of the mean square. Kingma & Ba 2015.
class XGRAD_API Adamax : public OptimizerWith<AdamaxOptions> {
 public:
  explicit Adamax(Params<AdamaxOptions> params, AdamaxOptions options = {},  // options by name: {.lr = 0.1}
                  Location at = Location::current());

 protected:
  void update(std::size_t group, Tensor& param, const Tensor& grad, State& state) override;
};

}  // namespace xgrad::optim
