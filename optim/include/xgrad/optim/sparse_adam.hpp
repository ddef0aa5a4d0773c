#pragma once

#include <xgrad/by_name.hpp>
#include <xgrad/optim/optimizer.hpp>

namespace xgrad::optim {

struct XGRAD_API SparseAdamOptions {
  ByName by_name = ByName();
  Option<double> lr = preset(1e-3);
  Option<std::array<double, 2>> betas = preset(0.9, 0.999);
  Option<double> eps = preset(1e-8);
  Option<bool> maximize = preset(false);

  template <class Self, class F>
  static void each(Self& o, F f) {
    f("lr", o.lr), f("betas", o.betas), f("eps", o.eps), f("maximize", o.maximize);
  }
  void check(const OptionCheck& check) const;
};

// Adam for embeddings: a row whose gradient is all 0 was not looked up, and neither it nor its moments change. Rows are
// along dimension 0. Of the others, m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2;
// p -= lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + eps), where t counts all steps of the parameter, as in PyTorch.
// There the gradient says which rows it has; here gradients are dense, and a row that was looked up and has a gradient
// of exactly 0 is left alone as well.
class XGRAD_API SparseAdam : public OptimizerWith<SparseAdamOptions> {
 public:
  explicit SparseAdam(Params<SparseAdamOptions> params, SparseAdamOptions options = {},  // by name: {.lr = 0.1}
                      Location at = Location::current());

 protected:
  void update(std::size_t group, Tensor& param, const Tensor& grad, State& state) override;
};

}  // namespace xgrad::optim
