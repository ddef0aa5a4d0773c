// Activation functions as modules; the formulas are those of <xgrad/ops/elementwise.hpp>.
#pragma once

#include <xgrad/nn/module.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/reduce.hpp>

namespace xgrad::nn {

class ReLU : public Layer<ReLU> {
 public:
  ReLU() : Layer("ReLU") {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return relu(x, at); }
};

class Tanh : public Layer<Tanh> {
 public:
  Tanh() : Layer("Tanh") {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return tanh(x, at); }
};

class Sigmoid : public Layer<Sigmoid> {
 public:
  Sigmoid() : Layer("Sigmoid") {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return sigmoid(x, at); }
};

class LogSigmoid : public Layer<LogSigmoid> {
 public:
  LogSigmoid() : Layer("LogSigmoid") {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return log_sigmoid(x, at); }
};

class SiLU : public Layer<SiLU> {
 public:
  SiLU() : Layer("SiLU") {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return silu(x, at); }
};

struct LeakyReLUOptions {
  double negative_slope = 0.01;
};
class LeakyReLU : public Layer<LeakyReLU> {
 public:
  explicit LeakyReLU(LeakyReLUOptions options = {}) : Layer("LeakyReLU"), options_(options) {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return leaky_relu(x, options_.negative_slope, at); }

 private:
  LeakyReLUOptions options_;
};

struct ELUOptions {
  double alpha = 1;
};
class ELU : public Layer<ELU> {
 public:
  explicit ELU(ELUOptions options = {}) : Layer("ELU"), options_(options) {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return elu(x, options_.alpha, at); }

 private:
  ELUOptions options_;
};

struct GELUOptions {
  Gelu approximate = Gelu::none;
};
class GELU : public Layer<GELU> {
 public:
  explicit GELU(GELUOptions options = {}) : Layer("GELU"), options_(options) {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return gelu(x, options_.approximate, at); }

 private:
  GELUOptions options_;
};

struct SoftplusOptions {
  double beta = 1, threshold = 20;
};
class Softplus : public Layer<Softplus> {
 public:
  explicit Softplus(SoftplusOptions options = {}) : Layer("Softplus"), options_(options) {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return softplus(x, options_.beta, options_.threshold, at); }

 private:
  SoftplusOptions options_;
};

struct SoftmaxOptions {
  std::int64_t dim = -1;
};
class Softmax : public Layer<Softmax> {
 public:
  explicit Softmax(SoftmaxOptions options = {}) : Layer("Softmax"), options_(options) {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return softmax(x, options_.dim, at); }

 private:
  SoftmaxOptions options_;
};
class LogSoftmax : public Layer<LogSoftmax> {
 public:
  explicit LogSoftmax(SoftmaxOptions options = {}) : Layer("LogSoftmax"), options_(options) {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return log_softmax(x, options_.dim, at); }

 private:
  SoftmaxOptions options_;
};

}  // namespace xgrad::nn
