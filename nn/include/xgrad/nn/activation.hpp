// Activation functions as modules; the formulas are those of <xgrad/ops/activation.hpp> and <xgrad/ops/softmax.hpp>.
#pragma once

#include <xgrad/by_name.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/dropout.hpp>
#include <xgrad/ops/softmax.hpp>

namespace xgrad::nn {

class ReLU final : public Layer<ReLU> {
 public:
  ReLU() : Layer("ReLU") {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return relu(x, at); }
};

class Tanh final : public Layer<Tanh> {
 public:
  Tanh() : Layer("Tanh") {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return tanh(x, at); }
};

class Sigmoid final : public Layer<Sigmoid> {
 public:
  Sigmoid() : Layer("Sigmoid") {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return sigmoid(x, at); }
};

class LogSigmoid final : public Layer<LogSigmoid> {
 public:
  LogSigmoid() : Layer("LogSigmoid") {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return log_sigmoid(x, at); }
};

class SiLU final : public Layer<SiLU> {
 public:
  SiLU() : Layer("SiLU") {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return silu(x, at); }
};

struct LeakyReLUOptions {
  double negative_slope = 0.01;
};
class LeakyReLU final : public Layer<LeakyReLU> {
 public:
  explicit LeakyReLU(LeakyReLUOptions options = {}) : Layer("LeakyReLU"), options_(options) {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return leaky_relu(x, options_.negative_slope, at); }

 private:
  LeakyReLUOptions options_;
};

struct ELUOptions {
  double alpha = 1;
};
class ELU final : public Layer<ELU> {
 public:
  explicit ELU(ELUOptions options = {}) : Layer("ELU"), options_(options) {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return elu(x, options_.alpha, at); }

 private:
  ELUOptions options_;
};

struct GELUOptions {
  Gelu approximate = Gelu::none;
};
class GELU final : public Layer<GELU> {
 public:
  explicit GELU(GELUOptions options = {}) : Layer("GELU"), options_(options) {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return gelu(x, options_.approximate, at); }

 private:
  GELUOptions options_;
};

struct SoftplusOptions {
  ByName by_name = ByName();
  double beta = 1, threshold = 20;
};
class Softplus final : public Layer<Softplus> {
 public:
  explicit Softplus(SoftplusOptions options = {}) : Layer("Softplus"), options_(options) {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return softplus(x, options_.beta, options_.threshold, at); }

 private:
  SoftplusOptions options_;
};

struct SoftmaxOptions {
  std::int64_t dim = -1;
};
class Softmax final : public Layer<Softmax> {
 public:
  explicit Softmax(SoftmaxOptions options = {}) : Layer("Softmax"), options_(options) {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return softmax(x, options_.dim, at); }

 private:
  SoftmaxOptions options_;
};
class LogSoftmax final : public Layer<LogSoftmax> {
 public:
  explicit LogSoftmax(SoftmaxOptions options = {}) : Layer("LogSoftmax"), options_(options) {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return log_softmax(x, options_.dim, at); }

 private:
  SoftmaxOptions options_;
};

class ReLU6 final : public Layer<ReLU6> {
 public:
  ReLU6() : Layer("ReLU6") {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return relu6(x, at); }
};

class Hardsigmoid final : public Layer<Hardsigmoid> {
 public:
  Hardsigmoid() : Layer("Hardsigmoid") {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return hardsigmoid(x, at); }
};

class Hardswish final : public Layer<Hardswish> {
 public:
  Hardswish() : Layer("Hardswish") {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return hardswish(x, at); }
};

class SELU final : public Layer<SELU> {
 public:
  SELU() : Layer("SELU") {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return selu(x, at); }
};

class Mish final : public Layer<Mish> {
 public:
  Mish() : Layer("Mish") {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return mish(x, at); }
};

class Softsign final : public Layer<Softsign> {
 public:
  Softsign() : Layer("Softsign") {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return softsign(x, at); }
};

class Tanhshrink final : public Layer<Tanhshrink> {
 public:
  Tanhshrink() : Layer("Tanhshrink") {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return tanhshrink(x, at); }
};

struct HardtanhOptions {
  ByName by_name = ByName();
  double min_val = -1, max_val = 1;
};
// ValueError unless min_val < max_val.
class XGRAD_API Hardtanh final : public Layer<Hardtanh> {
 public:
  explicit Hardtanh(HardtanhOptions options = {}, Location at = Location::current());
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return hardtanh(x, options_.min_val, options_.max_val, at); }

 private:
  HardtanhOptions options_;
};

struct HardshrinkOptions {
  double lambd = 0.5;
};
class Hardshrink final : public Layer<Hardshrink> {
 public:
  explicit Hardshrink(HardshrinkOptions options = {}) : Layer("Hardshrink"), options_(options) {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return hardshrink(x, options_.lambd, at); }

 private:
  HardshrinkOptions options_;
};

struct SoftshrinkOptions {
  double lambd = 0.5;
};
class Softshrink final : public Layer<Softshrink> {
 public:
  explicit Softshrink(SoftshrinkOptions options = {}) : Layer("Softshrink"), options_(options) {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return softshrink(x, options_.lambd, at); }

 private:
  SoftshrinkOptions options_;
};

struct CELUOptions {
  double alpha = 1;
};
class CELU final : public Layer<CELU> {
 public:
  explicit CELU(CELUOptions options = {}) : Layer("CELU"), options_(options) {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return celu(x, options_.alpha, at); }

 private:
  CELUOptions options_;
};

struct GLUOptions {
  std::int64_t dim = -1;
};
class GLU final : public Layer<GLU> {
 public:
  explicit GLU(GLUOptions options = {}) : Layer("GLU"), options_(options) {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return glu(x, options_.dim, at); }

 private:
  GLUOptions options_;
};

struct SoftminOptions {
  std::int64_t dim = -1;
};
class Softmin final : public Layer<Softmin> {
 public:
  explicit Softmin(SoftminOptions options = {}) : Layer("Softmin"), options_(options) {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return softmin(x, options_.dim, at); }

 private:
  SoftminOptions options_;
};

struct RReLUOptions {
  ByName by_name = ByName();
  double lower = 1. / 8, upper = 1. / 3;
};
class RReLU final : public Layer<RReLU> {
 public:
  explicit RReLU(RReLUOptions options = {}) : Layer("RReLU"), options_(options) {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return rrelu(x, options_.lower, options_.upper, is_training(), at); }

 private:
  RReLUOptions options_;
};

// 0 below 0, 1 above; without a gradient.
struct StepOptions {
  double at_zero = 1;
};
class Step final : public Layer<Step> {
 public:
  explicit Step(StepOptions options = {}) : Layer("Step"), options_(options) {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return step(x, options_.at_zero, at); }

 private:
  StepOptions options_;
};

class Threshold final : public Layer<Threshold> {
 public:
  Threshold(double threshold, double value) : Layer("Threshold"), threshold_(threshold), value_(value) {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return threshold(x, threshold_, value_, at); }

 private:
  double threshold_, value_;
};

struct PReLUOptions {
  ByName by_name = ByName();
  std::int64_t num_parameters = 1;  // or the number of channels
  double init = 0.25;
};
// Parameter weight (num_parameters), the slopes for negative inputs.
class XGRAD_API PReLU final : public Layer<PReLU> {
 public:
  explicit PReLU(PReLUOptions options = {}, Location at = Location::current());
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return prelu(x, weight, at); }

  Parameter weight;
};

struct MaxoutOptions {
  std::int64_t dim = 1;
};
// The largest of each `pieces` neighbouring features: put it behind a layer that yields `pieces` times as many.
class Maxout final : public Layer<Maxout> {
 public:
  explicit Maxout(std::int64_t pieces, MaxoutOptions options = {}) : Layer("Maxout"), pieces_(pieces), options_(options) {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return maxout(x, pieces_, options_.dim, at); }

 private:
  std::int64_t pieces_;
  MaxoutOptions options_;
};

// In training zeroes whole channels of (N, C, *) with probability p and scales the others by 1 / (1 - p). J. Tompson
// et al. 2015.
class XGRAD_API Dropout2d final : public Layer<Dropout2d> {
 public:
  explicit Dropout2d(double p = 0.5, Location at = Location::current());
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return feature_dropout(x, p_, is_training(), at); }

 private:
  double p_;
};

}  // namespace xgrad::nn
