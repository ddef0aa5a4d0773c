#pragma once

#include <xgrad/by_name.hpp>
#include <xgrad/optim/optimizer.hpp>

namespace xgrad::optim {

struct XGRAD_API AdafactorOptions {
  ByName by_name = ByName();
  Option<double> lr = preset(1e-2);  // the most that the relative step may be
  Option<double> beta2_decay = preset(-0.8);
  // eps[0] keeps the second moment from 0; 0 stands for the type's machine epsilon (PyTorch's None). eps[1] is the
  // least size that a parameter counts with.
  Option<std::array<double, 2>> eps = preset(0.0, 1e-3);
  Option<double> d = preset(1.0);             // updates of a larger mean square root are scaled down to it
  Option<double> weight_decay = preset(0.0);  // decoupled
  Option<bool> maximize = preset(false);

  template <class Self, class F>
  static void each(Self& o, F f) {
    f("lr", o.lr), f("beta2_decay", o.beta2_decay), f("eps", o.eps), f("d", o.d);
    f("weight_decay", o.weight_decay), f("maximize", o.maximize);
  }
  void check(const OptionCheck& check) const;
};

// Adam without a first moment, and of the second only means of rows and columns: for a matrix of n x m numbers n + m
// numbers of state. With w = t^beta2_decay: r = (1 - w) r + w mean over columns of g^2, c the same over rows, and
// v = r c / mean(r); a parameter of less than two dimensions has v = (1 - w) v + w g^2. Then u = g / sqrt(v) and
// p = (1 - lr wd) p - max(eps[1], rms(p)) min(lr, 1 / sqrt(t)) u / max(1, rms(u) / d). Matrices are the last two
// dimensions. Shazeer & Stern 2018, as in PyTorch.
class XGRAD_API Adafactor : public OptimizerWith<AdafactorOptions> {
 public:
  explicit Adafactor(Params<AdafactorOptions> params, AdafactorOptions options = {},  // by name: {.lr = 0.1}
                     Location at = Location::current());

 protected:
  void make_state(std::size_t group, const Tensor& param, State& state) override;
  Shape buffer_shape(std::size_t i, const Tensor& param) const override;
  void update(std::size_t group, Tensor& param, const Tensor& grad, State& state) override;
};

}  // namespace xgrad::optim
