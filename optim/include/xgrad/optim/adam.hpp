#pragma once

#include <array>

#include <xgrad/optim/optimizer.hpp>

namespace xgrad::optim {

struct AdamOptions {
  double lr = 1e-3;
  std::array<double, 2> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 0;  // L2: added to the gradient
  bool amsgrad = false;
  bool maximize = false;
};

// m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; p -= lr m^ / (sqrt(v^) + eps) with m^ = m / (1 - b1^t) and
// v^ = v / (1 - b2^t); amsgrad: the largest v so far. One pass over parameter, gradient, m and v.
// Kingma & Ba 2015; Reddi et al. 2018.
class XGRAD_API Adam : public Optimizer {
 public:
  explicit Adam(const std::vector<Tensor>& params, AdamOptions options = {}, Location at = Location::current());
  explicit Adam(const std::vector<ParamGroup<AdamOptions>>& groups, Location at = Location::current());
  double lr(std::size_t group = 0) const override { return options_.at(group).lr; }
  AdamOptions& options(std::size_t group = 0) { return options_.at(group); }

 protected:
  Adam(const char* name, bool decoupled);
  void add(const std::vector<Tensor>& params, const AdamOptions& o, const Location& at);
  void update(std::size_t group, Tensor& param, const Tensor& grad, State& state) override;
  void store_lr(std::size_t group, double lr) override { options_[group].lr = lr; }

 private:
  bool decoupled_ = false;
  std::vector<AdamOptions> options_;
};

struct AdamWOptions {
  double lr = 1e-3;
  std::array<double, 2> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 1e-2;  // decoupled: p *= 1 - lr wd before the step
  bool amsgrad = false;
  bool maximize = false;
};

// Adam with decoupled weight decay. Loshchilov & Hutter 2019.
class XGRAD_API AdamW : public Adam {
 public:
  explicit AdamW(const std::vector<Tensor>& params, AdamWOptions options = {}, Location at = Location::current());
  explicit AdamW(const std::vector<ParamGroup<AdamWOptions>>& groups, Location at = Location::current());
};

}  // namespace xgrad::optim
