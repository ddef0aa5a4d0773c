#pragma once

#include <xgrad/by_name.hpp>
#include <xgrad/optim/optimizer.hpp>

namespace xgrad::optim {

struct RMSpropOptions {
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
};

// v = alpha v + (1 - alpha) g^2; d = g / (sqrt(v) + eps), centered: g / (sqrt(v - a^2) + eps) with the mean gradient
// a = alpha a + (1 - alpha) g; p -= lr d, or with momentum b = momentum b + d; p -= lr b.
// Tieleman & Hinton 2012 (lecture 6.5); centered: Graves 2013.
class XGRAD_API RMSprop : public OptimizerWith<RMSpropOptions> {
 public:
  RMSprop(const RMSprop&) = delete;  // one optimizer has the state: pass RMSprop&, keep several as std::unique_ptr
  RMSprop& operator=(const RMSprop&) = delete;  // load_state_dict(other.state_dict())
  template <NoParameters T>
    requires(!std::derived_from<T, Tensor>)  // {w} is a list
  explicit RMSprop(const T&) = delete;  // parameters are a list: net.parameters(), {w, b}
  template <NoParameters T>
  explicit RMSprop(const T&, RMSpropOptions) = delete;  // parameters are a list: net.parameters(), {w, b}
  template <Arithmetic T>
  RMSprop(const std::vector<Tensor>&, T) = delete;  // options by name: {.lr = 0.1}
  explicit RMSprop(const std::vector<Tensor>& params, RMSpropOptions options = {}, Location at = Location::current());
  explicit RMSprop(const std::vector<ParamGroup<RMSpropOptions>>& groups, RMSpropOptions defaults = {},
                   Location at = Location::current());

 protected:
  void make_state(std::size_t group, const Tensor& param, State& state) override;
  void update(std::size_t group, Tensor& param, const Tensor& grad, State& state) override;
  void check(const RMSpropOptions& o, const Location& at) const override;
};

}  // namespace xgrad::optim
