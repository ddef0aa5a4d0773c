#pragma once

#include <xgrad/by_name.hpp>
#include <xgrad/optim/optimizer.hpp>

namespace xgrad::optim {

struct AdamOptions {
  ByName by_name = ByName();
  Option<double> lr = preset(1e-3);
  Option<std::array<double, 2>> betas = preset(0.9, 0.999);
  Option<double> eps = preset(1e-8);
  Option<double> weight_decay = preset(0.0);  // L2: added to the gradient
  Option<bool> amsgrad = preset(false);
  Option<bool> maximize = preset(false);

  template <class Self, class F>
  static void each(Self& o, F f) {
    f("lr", o.lr), f("betas", o.betas), f("eps", o.eps), f("weight_decay", o.weight_decay);
    f("amsgrad", o.amsgrad), f("maximize", o.maximize);
  }
};

// m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; p -= lr m^ / (sqrt(v^) + eps) with m^ = m / (1 - b1^t) and
// v^ = v / (1 - b2^t); amsgrad: the largest v so far. One pass over parameter, gradient, m and v.
// Kingma & Ba 2015; Reddi et al. 2018.
class XGRAD_API Adam : public OptimizerWith<AdamOptions> {
 public:
  Adam(const Adam&) = delete;  // one optimizer has the state: pass Adam&, keep several as std::unique_ptr
  Adam& operator=(const Adam&) = delete;  // load_state_dict(other.state_dict())
  template <NoParameters T>
    requires(!std::derived_from<T, Tensor>)  // {w} is a list
  explicit Adam(const T&) = delete;  // parameters are a list: net.parameters(), {w, b}
  template <NoParameters T>
  explicit Adam(const T&, AdamOptions) = delete;  // parameters are a list: net.parameters(), {w, b}
  template <Arithmetic T>
  Adam(const std::vector<Tensor>&, T) = delete;  // options by name: {.lr = 0.1}
  explicit Adam(const std::vector<Tensor>& params, AdamOptions options = {}, Location at = Location::current());
  explicit Adam(const std::vector<ParamGroup<AdamOptions>>& groups, AdamOptions defaults = {},
                Location at = Location::current());

 protected:
  void make_state(std::size_t group, const Tensor& param, State& state) override;
  void update(std::size_t group, Tensor& param, const Tensor& grad, State& state) override;
  void check(const AdamOptions& o, const Location& at) const override;
};

struct AdamWOptions {
  ByName by_name = ByName();
  Option<double> lr = preset(1e-3);
  Option<std::array<double, 2>> betas = preset(0.9, 0.999);
  Option<double> eps = preset(1e-8);
  Option<double> weight_decay = preset(1e-2);  // decoupled: p *= 1 - lr wd before the step
  Option<bool> amsgrad = preset(false);
  Option<bool> maximize = preset(false);

  template <class Self, class F>
  static void each(Self& o, F f) {
    f("lr", o.lr), f("betas", o.betas), f("eps", o.eps), f("weight_decay", o.weight_decay);
    f("amsgrad", o.amsgrad), f("maximize", o.maximize);
  }
};

// Adam with decoupled weight decay. Loshchilov & Hutter 2019.
class XGRAD_API AdamW : public OptimizerWith<AdamWOptions> {
 public:
  AdamW(const AdamW&) = delete;  // one optimizer has the state: pass AdamW&, keep several as std::unique_ptr
  AdamW& operator=(const AdamW&) = delete;  // load_state_dict(other.state_dict())
  template <NoParameters T>
    requires(!std::derived_from<T, Tensor>)  // {w} is a list
  explicit AdamW(const T&) = delete;  // parameters are a list: net.parameters(), {w, b}
  template <NoParameters T>
  explicit AdamW(const T&, AdamWOptions) = delete;  // parameters are a list: net.parameters(), {w, b}
  template <Arithmetic T>
  AdamW(const std::vector<Tensor>&, T) = delete;  // options by name: {.lr = 0.1}
  explicit AdamW(const std::vector<Tensor>& params, AdamWOptions options = {}, Location at = Location::current());
  explicit AdamW(const std::vector<ParamGroup<AdamWOptions>>& groups, AdamWOptions defaults = {},
                 Location at = Location::current());

 protected:
  void make_state(std::size_t group, const Tensor& param, State& state) override;
  void update(std::size_t group, Tensor& param, const Tensor& grad, State& state) override;
  void check(const AdamWOptions& o, const Location& at) const override;
};

}  // namespace xgrad::optim
