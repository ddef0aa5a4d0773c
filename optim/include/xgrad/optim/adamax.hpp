#pragma once

#include <xgrad/by_name.hpp>
#include <xgrad/optim/optimizer.hpp>

namespace xgrad::optim {

struct AdamaxOptions {
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
};

// m = b1 m + (1 - b1) g; u = max(b2 u, |g| + eps); p -= lr / (1 - b1^t) m / u: Adam with the largest gradient instead
// of the mean square. Kingma & Ba 2015.
class XGRAD_API Adamax : public OptimizerWith<AdamaxOptions> {
 public:
  Adamax(const Adamax&) = delete;  // one optimizer has the state: pass Adamax&, keep several as std::unique_ptr
  Adamax& operator=(const Adamax&) = delete;  // load_state_dict(other.state_dict())
  template <NoParameters T>
    requires(!std::derived_from<T, Tensor>)  // {w} is a list
  explicit Adamax(const T&) = delete;  // parameters are a list: net.parameters(), {w, b}
  template <NoParameters T>
  explicit Adamax(const T&, AdamaxOptions) = delete;  // parameters are a list: net.parameters(), {w, b}
  template <Arithmetic T>
  Adamax(const std::vector<Tensor>&, T) = delete;  // options by name: {.lr = 0.1}
  explicit Adamax(const std::vector<Tensor>& params, AdamaxOptions options = {}, Location at = Location::current());
  explicit Adamax(const std::vector<ParamGroup<AdamaxOptions>>& groups, AdamaxOptions defaults = {},
                  Location at = Location::current());

 protected:
  void make_state(std::size_t group, const Tensor& param, State& state) override;
  void update(std::size_t group, Tensor& param, const Tensor& grad, State& state) override;
  void check(const AdamaxOptions& o, const Location& at) const override;
};

}  // namespace xgrad::optim
