#pragma once

#include <xgrad/by_name.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/size.hpp>

namespace xgrad::nn {

struct LinearOptions {
  bool bias = true;
};

// y = x W^T + b: (..., in_features) -> (..., out_features). Parameters: weight (out, in), bias (out), both at first
// uniform in +-1/sqrt(in).
class XGRAD_API Linear final : public Layer<Linear> {
 public:
  Linear(const Linear&) = default;
  Linear(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  explicit Linear(...) = delete;                  // options by name: nn::Linear(2, 3, {.bias = false})
  Linear(Size in_features, Size out_features, LinearOptions options = {}, Location at = Location::current());
  // With parameters that other modules may have, too: they are trained as one, and named by both.
  //   nn::Linear decoder = register_module("decoder", nn::Linear::from_weight(embedding.weight, zeros({tokens})));
  // weight (out, in), bias (out) or undefined for none. What is frozen in the other module stays so. ShapeError,
  // DTypeError; ValueError for the result of an operation.
  static Linear from_weight(const Tensor& weight, const Tensor& bias = Tensor(), Location at = Location::current());
  Tensor forward(const Tensor& x, Location at = Location::current()) const;

  Parameter weight, bias;

 private:
  Linear(const Tensor& weight, const Tensor& bias, const Location& at);
};

// Passes its input through.
class XGRAD_API Identity final : public Layer<Identity> {
 public:
  Identity(const Identity&) = default;
  Identity(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  Identity() : Layer("Identity") {}
  Tensor forward(const Tensor& x, Location = Location::current()) const { return x; }
};

struct FlattenOptions {
  ByName by_name = ByName();
  std::int64_t start_dim = 1, end_dim = -1;
};
XGRAD_API void show_options(OptionText& text, const FlattenOptions& o);
// Joins dimensions start_dim..end_dim into one.
class XGRAD_API Flatten final : public Layer<Flatten, FlattenOptions> {
 public:
  using Layer::Layer;
  template <class = void>
  explicit Flatten(...) = delete;  // options by name: nn::Flatten({.start_dim = 2})
  Tensor forward(const Tensor& x, Location at = Location::current()) const;
};

// Splits dimension dim into these sizes, of which one may be -1. ShapeError unless they multiply to its size.
class XGRAD_API Unflatten final : public Layer<Unflatten> {
 public:
  Unflatten(const Unflatten&) = default;
  Unflatten(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  Unflatten(std::int64_t dim, const Shape& unflattened_size, Location at = Location::current());
  Tensor forward(const Tensor& x, Location at = Location::current()) const;

 private:
  std::int64_t dim_ = 0;
  Shape sizes_;
};

struct DropoutOptions {
  double p = 0.5;
};
// In training zeroes elements with probability p and scales the others by 1 / (1 - p). ValueError unless 0 <= p <= 1.
class XGRAD_API Dropout final : public Layer<Dropout> {
 public:
  Dropout(const Dropout&) = default;
  Dropout(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  template <class = void>
  explicit Dropout(...) = delete;  // not in place: nn::Dropout(0.5)
  explicit Dropout(DropoutOptions options = {}, Location at = Location::current());
  explicit Dropout(NoOptions, Location at = Location::current()) : Dropout(DropoutOptions{}, at) {}
  template <std::convertible_to<double> P>  // {} is no probability
  explicit Dropout(P p, Location at = Location::current()) : Dropout(DropoutOptions{static_cast<double>(p)}, at) {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const;

 private:
  double p_ = 0;
};

}  // namespace xgrad::nn
