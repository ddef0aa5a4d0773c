#pragma once

#include <xgrad/by_name.hpp>
#include <xgrad/optim/optimizer.hpp>

namespace xgrad::optim {

struct AdagradOptions {
  ByName by_name = ByName();
  Option<double> lr = preset(1e-2);
  Option<double> lr_decay = preset(0.0);
  Option<double> weight_decay = preset(0.0);  // L2: added to the gradient
  Option<double> initial_accumulator_value = preset(0.0);
  Option<double> eps = preset(1e-10);
  Option<bool> maximize = preset(false);

  template <class Self, class F>
  static void each(Self& o, F f) {
    f("lr", o.lr), f("lr_decay", o.lr_decay), f("weight_decay", o.weight_decay);
    f("initial_accumulator_value", o.initial_accumulator_value), f("eps", o.eps);
    f("maximize", o.maximize);
  }
};

// v += g^2; p -= lr / (1 + (t - 1) lr_decay) g / (sqrt(v) + eps). Duchi, Hazan & Singer 2011.
class XGRAD_API Adagrad : public OptimizerWith<AdagradOptions> {
 public:
  Adagrad(const Adagrad&) = delete;  // one optimizer has the state: pass Adagrad&, keep several as std::unique_ptr
  Adagrad& operator=(const Adagrad&) = delete;  // load_state_dict(other.state_dict())
  template <NoParameters T>
    requires(!std::derived_from<T, Tensor>)  // {w} is a list
  explicit Adagrad(const T&) = delete;  // parameters are a list: net.parameters(), {w, b}
  template <NoParameters T>
  explicit Adagrad(const T&, AdagradOptions) = delete;  // parameters are a list: net.parameters(), {w, b}
  template <Arithmetic T>
  Adagrad(const std::vector<Tensor>&, T) = delete;  // options by name: {.lr = 0.1}
  explicit Adagrad(const std::vector<Tensor>& params, AdagradOptions options = {}, Location at = Location::current());
  explicit Adagrad(const std::vector<ParamGroup<AdagradOptions>>& groups, AdagradOptions defaults = {},
                   Location at = Location::current());

 protected:
  void make_state(std::size_t group, const Tensor& param, State& state) override;
  void update(std::size_t group, Tensor& param, const Tensor& grad, State& state) override;
  void check(const AdagradOptions& o, const Location& at) const override;
};

}  // namespace xgrad::optim
