#pragma once

#include <xgrad/by_name.hpp>
#include <xgrad/optim/optimizer.hpp>

namespace xgrad::optim {

struct SGDOptions {
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
};

// g += wd p; b = momentum b + (1 - dampening) g (b = g at first); p -= lr (nesterov ? g + momentum b : b).
// One pass over parameter, gradient and momentum. Sutskever et al. 2013, as PyTorch applies it.
class XGRAD_API SGD : public OptimizerWith<SGDOptions> {
 public:
  SGD(const SGD&) = delete;  // one optimizer has the state: pass SGD&, keep several as std::unique_ptr
  SGD& operator=(const SGD&) = delete;  // load_state_dict(other.state_dict())
  template <NoParameters T>
    requires(!std::derived_from<T, Tensor>)  // {w} is a list
  explicit SGD(const T&) = delete;  // parameters are a list: net.parameters(), {w, b}
  template <NoParameters T>
  explicit SGD(const T&, SGDOptions) = delete;  // parameters are a list: net.parameters(), {w, b}
  template <Arithmetic T>
  SGD(const std::vector<Tensor>&, T) = delete;  // options by name: {.lr = 0.1}
  explicit SGD(const std::vector<Tensor>& params, SGDOptions options = {}, Location at = Location::current());
  explicit SGD(const std::vector<ParamGroup<SGDOptions>>& groups, SGDOptions defaults = {},
               Location at = Location::current());

 protected:
  void make_state(std::size_t group, const Tensor& param, State& state) override;
  void update(std::size_t group, Tensor& param, const Tensor& grad, State& state) override;
  void check(const SGDOptions& o, const Location& at) const override;
};

}  // namespace xgrad::optim
