#pragma once

#include <xgrad/by_name.hpp>
#include <xgrad/optim/optimizer.hpp>

namespace xgrad::optim {

struct XGRAD_API RpropOptions {
  ByName by_name = ByName();
  Option<double> lr = preset(1e-2);                       // first step size
  Option<std::array<double, 2>> etas = preset(0.5, 1.2);  // factors of the step size after a change of sign and without
  Option<std::array<double, 2>> step_sizes = preset(1e-6, 50);  // smallest and largest
  Option<bool> maximize = preset(false);

  template <class Self, class F>
  static void each(Self& o, F f) {
    f("lr", o.lr), f("etas", o.etas), f("step_sizes", o.step_sizes), f("maximize", o.maximize);
  }
  void check(const OptionCheck& check) const;
};

// Each element has its own step size: grown while the gradient keeps its sign, shrunk (and no step taken) when it
// changes; p -= sign(g) step size. For full batches. Riedmiller & Braun 1993.
class XGRAD_API Rprop : public OptimizerWith<RpropOptions> {
 public:
  explicit Rprop(Params<RpropOptions> params, RpropOptions options = {},  // options by name: {.lr = 0.1}
                 Location at = Location::current());

 protected:
  void make_state(std::size_t group, const Tensor& param, State& state) override;
  void update(std::size_t group, Tensor& param, const Tensor& grad, State& state) override;
};

}  // namespace xgrad::optim
