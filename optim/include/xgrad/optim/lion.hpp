#pragma once

#include <xgrad/by_name.hpp>
#include <xgrad/optim/optimizer.hpp>

namespace xgrad::optim {

struct XGRAD_API LionOptions {
  ByName by_name = ByName();
  Option<double> lr = preset(1e-4);
  Option<std::array<double, 2>> betas = preset(0.9, 0.99);
  Option<double> weight_decay = preset(0.0);  // decoupled
  Option<bool> maximize = preset(false);

  template <class Self, class F>
  static void each(Self& o, F f) {
    f("lr", o.lr), f("betas", o.betas), f("weight_decay", o.weight_decay), f("maximize", o.maximize);
  }
  void check(const OptionCheck& check) const;
};

// p *= 1 - lr wd; p -= lr sign(b1 m + (1 - b1) g); m = b2 m + (1 - b2) g. Chen et al. 2023, algorithm 2; not in
// PyTorch.
class XGRAD_API Lion : public OptimizerWith<LionOptions> {
 public:
  explicit Lion(Params<LionOptions> params, LionOptions options = {},  // options by name: {.lr = 0.1}
                Location at = Location::current());

 protected:
  void update(std::size_t group, Tensor& param, const Tensor& grad, State& state) override;
};

}  // namespace xgrad::optim
