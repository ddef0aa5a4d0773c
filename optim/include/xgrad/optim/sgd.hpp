#pragma once

#include <xgrad/optim/optimizer.hpp>

namespace xgrad::optim {

struct SGDOptions {
  double lr = 1e-3;
  double momentum = 0;
  double dampening = 0;
  double weight_decay = 0;  // L2: added to the gradient
  bool nesterov = false;
  bool maximize = false;
};

// g += wd p; b = momentum b + (1 - dampening) g (b = g at first); p -= lr (nesterov ? g + momentum b : b).
// One pass over parameter, gradient and momentum. Sutskever et al. 2013, as PyTorch applies it.
class XGRAD_API SGD : public Optimizer {
 public:
  explicit SGD(const std::vector<Tensor>& params, SGDOptions options = {}, Location at = Location::current());
  explicit SGD(const std::vector<ParamGroup<SGDOptions>>& groups, Location at = Location::current());
  double lr(std::size_t group = 0) const override { return options_.at(group).lr; }
  SGDOptions& options(std::size_t group = 0) { return options_.at(group); }

 protected:
  void update(std::size_t group, Tensor& param, const Tensor& grad, State& state) override;
  void store_lr(std::size_t group, double lr) override { options_[group].lr = lr; }

 private:
  void add(const std::vector<Tensor>& params, const SGDOptions& o, const Location& at);
  std::vector<SGDOptions> options_;
};

}  // namespace xgrad::optim
