#pragma once

#include <xgrad/by_name.hpp>
#include <xgrad/optim/optimizer.hpp>

namespace xgrad::optim {

struct RpropOptions {
  ByName by_name = ByName();
  Option<double> lr = preset(1e-2);                       // first step size
  Option<std::array<double, 2>> etas = preset(0.5, 1.2);  // factors of the step size after a change of sign and without
  Option<std::array<double, 2>> step_sizes = preset(1e-6, 50);  // smallest and largest
  Option<bool> maximize = preset(false);

  template <class Self, class F>
  static void each(Self& o, F f) {
    f("lr", o.lr), f("etas", o.etas), f("step_sizes", o.step_sizes), f("maximize", o.maximize);
  }
};

// Each element has its own step size: grown while the gradient keeps its sign, shrunk (and no step taken) when it
// changes; p -= sign(g) step size. For full batches. Riedmiller & Braun 1993.
class XGRAD_API Rprop : public OptimizerWith<RpropOptions> {
 public:
  Rprop(const Rprop&) = delete;  // one optimizer has the state: pass Rprop&, keep several as std::unique_ptr
  Rprop& operator=(const Rprop&) = delete;  // load_state_dict(other.state_dict())
  template <NoParameters T>
    requires(!std::derived_from<T, Tensor>)  // {w} is a list
  explicit Rprop(const T&) = delete;  // parameters are a list: net.parameters(), {w, b}
  template <NoParameters T>
  explicit Rprop(const T&, RpropOptions) = delete;  // parameters are a list: net.parameters(), {w, b}
  template <Arithmetic T>
  Rprop(const std::vector<Tensor>&, T) = delete;  // options by name: {.lr = 0.1}
  explicit Rprop(const std::vector<Tensor>& params, RpropOptions options = {}, Location at = Location::current());
  explicit Rprop(const std::vector<ParamGroup<RpropOptions>>& groups, RpropOptions defaults = {},
                 Location at = Location::current());

 protected:
  void make_state(std::size_t group, const Tensor& param, State& state) override;
  void update(std::size_t group, Tensor& param, const Tensor& grad, State& state) override;
  void check(const RpropOptions& o, const Location& at) const override;
};

}  // namespace xgrad::optim
