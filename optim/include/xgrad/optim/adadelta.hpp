#pragma once

#include <xgrad/by_name.hpp>
#include <xgrad/optim/optimizer.hpp>

namespace xgrad::optim {

struct AdadeltaOptions {
  ByName by_name = ByName();
  Option<double> lr = preset(1.0);
  Option<double> rho = preset(0.9);  // smoothing
  Option<double> eps = preset(1e-6);
  Option<double> weight_decay = preset(0.0);  // L2: added to the gradient
  Option<bool> maximize = preset(false);

  template <class Self, class F>
  static void each(Self& o, F f) {
    f("lr", o.lr), f("rho", o.rho), f("eps", o.eps), f("weight_decay", o.weight_decay);
    f("maximize", o.maximize);
  }
};

// v = rho v + (1 - rho) g^2; d = sqrt(u + eps) / sqrt(v + eps) g; u = rho u + (1 - rho) d^2; p -= lr d. Zeiler 2012.
class XGRAD_API Adadelta : public OptimizerWith<AdadeltaOptions> {
 public:
  Adadelta(const Adadelta&) = delete;  // one optimizer has the state: pass Adadelta&, keep several as std::unique_ptr
  Adadelta& operator=(const Adadelta&) = delete;  // load_state_dict(other.state_dict())
  template <NoParameters T>
    requires(!std::derived_from<T, Tensor>)  // {w} is a list
  explicit Adadelta(const T&) = delete;  // parameters are a list: net.parameters(), {w, b}
  template <NoParameters T>
  explicit Adadelta(const T&, AdadeltaOptions) = delete;  // parameters are a list: net.parameters(), {w, b}
  template <Arithmetic T>
  Adadelta(const std::vector<Tensor>&, T) = delete;  // options by name: {.lr = 0.1}
  explicit Adadelta(const std::vector<Tensor>& params, AdadeltaOptions options = {}, Location at = Location::current());
  explicit Adadelta(const std::vector<ParamGroup<AdadeltaOptions>>& groups, AdadeltaOptions defaults = {},
                    Location at = Location::current());

 protected:
  void make_state(std::size_t group, const Tensor& param, State& state) override;
  void update(std::size_t group, Tensor& param, const Tensor& grad, State& state) override;
  void check(const AdadeltaOptions& o, const Location& at) const override;
};

}  // namespace xgrad::optim
