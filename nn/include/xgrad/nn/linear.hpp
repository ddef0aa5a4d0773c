#pragma once

#include <xgrad/by_name.hpp>
#include <xgrad/nn/module.hpp>

namespace xgrad::nn {

struct LinearOptions {
  bool bias = true;
};

// y = x W^T + b: (..., in_features) -> (..., out_features). Parameters: weight (out, in), bias (out), both at first
// uniform in +-1/sqrt(in).
class XGRAD_API Linear : public Layer<Linear> {
 public:
  Linear(std::int64_t in_features, std::int64_t out_features, LinearOptions options = {});
  Tensor forward(const Tensor& x, Location at = Location::current()) const;

  Parameter weight, bias;
};

// Passes its input through.
class XGRAD_API Identity : public Layer<Identity> {
 public:
  Identity() : Layer("Identity") {}
  Tensor forward(const Tensor& x, Location = Location::current()) const { return x; }
};

struct FlattenOptions {
  ByName by_name = ByName();
  std::int64_t start_dim = 1, end_dim = -1;
};
// Joins dimensions start_dim..end_dim into one.
class XGRAD_API Flatten : public Layer<Flatten> {
 public:
  explicit Flatten(FlattenOptions options = {}) : Layer("Flatten"), options_(options) {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const;

 private:
  FlattenOptions options_;
};

struct DropoutOptions {
  double p = 0.5;
};
// In training zeroes elements with probability p and scales the others by 1 / (1 - p). ValueError unless 0 <= p <= 1.
class XGRAD_API Dropout : public Layer<Dropout> {
 public:
  explicit Dropout(DropoutOptions options = {}, Location at = Location::current());
  explicit Dropout(double p, Location at = Location::current()) : Dropout(DropoutOptions{p}, at) {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const;

 private:
  double p_;
};

}  // namespace xgrad::nn
