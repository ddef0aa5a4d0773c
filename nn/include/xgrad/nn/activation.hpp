// Activation functions as modules; the formulas are those of <xgrad/ops/activation.hpp> and <xgrad/ops/softmax.hpp>.
// ValueError when one is made with an option that its formula cannot have: not finite, a beta of 0, lower > upper.
#pragma once

#include <xgrad/by_name.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/dropout.hpp>
#include <xgrad/ops/softmax.hpp>

namespace xgrad::nn {

class ReLU final : public Layer<ReLU> {
 public:
  ReLU(const ReLU&) = default;
  ReLU(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  template <class = void>
  explicit ReLU(...) = delete;  // not in place: nn::ReLU()
  ReLU() : Layer("ReLU") {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return relu(x, at); }
};

class Tanh final : public Layer<Tanh> {
 public:
  Tanh(const Tanh&) = default;
  Tanh(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  Tanh() : Layer("Tanh") {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return tanh(x, at); }
};

class Sigmoid final : public Layer<Sigmoid> {
 public:
  Sigmoid(const Sigmoid&) = default;
  Sigmoid(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  Sigmoid() : Layer("Sigmoid") {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return sigmoid(x, at); }
};

class LogSigmoid final : public Layer<LogSigmoid> {
 public:
  LogSigmoid(const LogSigmoid&) = default;
  LogSigmoid(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  LogSigmoid() : Layer("LogSigmoid") {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return log_sigmoid(x, at); }
};

class SiLU final : public Layer<SiLU> {
 public:
  SiLU(const SiLU&) = default;
  SiLU(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  SiLU() : Layer("SiLU") {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return silu(x, at); }
};

struct LeakyReLUOptions {
  double negative_slope = 0.01;
};
XGRAD_API void check_options(const OptionCheck& check, const LeakyReLUOptions& o);
XGRAD_API void show_options(OptionText& text, const LeakyReLUOptions& o);
class LeakyReLU final : public Layer<LeakyReLU, LeakyReLUOptions> {
 public:
  using Layer::Layer;
  template <class = void>
  explicit LeakyReLU(...) = delete;  // options by name: nn::LeakyReLU({.negative_slope = 0.2})
  Tensor forward(const Tensor& x, Location at = Location::current()) const {
    return leaky_relu(x, options_.negative_slope, at);
  }
};

struct ELUOptions {
  double alpha = 1;
};
XGRAD_API void check_options(const OptionCheck& check, const ELUOptions& o);
XGRAD_API void show_options(OptionText& text, const ELUOptions& o);
class ELU final : public Layer<ELU, ELUOptions> {
 public:
  using Layer::Layer;
  template <class = void>
  explicit ELU(...) = delete;  // options by name: nn::ELU({.alpha = 0.5})
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return elu(x, options_.alpha, at); }
};

struct GELUOptions {
  Gelu approximate = Gelu::none;
};
XGRAD_API void show_options(OptionText& text, const GELUOptions& o);
class GELU final : public Layer<GELU, GELUOptions> {
 public:
  using Layer::Layer;
  template <class = void>
  explicit GELU(...) = delete;  // options by name: nn::GELU({.approximate = Gelu::tanh})
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return gelu(x, options_.approximate, at); }
};

struct SoftplusOptions {
  ByName by_name = ByName();
  double beta = 1, threshold = 20;
};
XGRAD_API void check_options(const OptionCheck& check, const SoftplusOptions& o);
XGRAD_API void show_options(OptionText& text, const SoftplusOptions& o);
class Softplus final : public Layer<Softplus, SoftplusOptions> {
 public:
  using Layer::Layer;
  template <class = void>
  explicit Softplus(...) = delete;  // options by name: nn::Softplus({.beta = 2})
  Tensor forward(const Tensor& x, Location at = Location::current()) const {
    return softplus(x, options_.beta, options_.threshold, at);
  }
};

struct SoftmaxOptions {
  std::int64_t dim = -1;
};
XGRAD_API void show_options(OptionText& text, const SoftmaxOptions& o);
class Softmax final : public Layer<Softmax, SoftmaxOptions> {
 public:
  using Layer::Layer;
  template <class = void>
  explicit Softmax(...) = delete;  // options by name: nn::Softmax({.dim = 1})
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return softmax(x, options_.dim, at); }
};
class LogSoftmax final : public Layer<LogSoftmax, SoftmaxOptions> {
 public:
  using Layer::Layer;
  template <class = void>
  explicit LogSoftmax(...) = delete;  // options by name: nn::LogSoftmax({.dim = 1})
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return log_softmax(x, options_.dim, at); }
};

// Over the channels of (N, C, H, W) or (C, H, W). ShapeError for other ranks.
class XGRAD_API Softmax2d final : public Layer<Softmax2d> {
 public:
  Softmax2d(const Softmax2d&) = default;
  Softmax2d(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  Softmax2d() : Layer("Softmax2d") {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const;
};

class ReLU6 final : public Layer<ReLU6> {
 public:
  ReLU6(const ReLU6&) = default;
  ReLU6(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  ReLU6() : Layer("ReLU6") {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return relu6(x, at); }
};

class Hardsigmoid final : public Layer<Hardsigmoid> {
 public:
  Hardsigmoid(const Hardsigmoid&) = default;
  Hardsigmoid(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  Hardsigmoid() : Layer("Hardsigmoid") {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return hardsigmoid(x, at); }
};

class Hardswish final : public Layer<Hardswish> {
 public:
  Hardswish(const Hardswish&) = default;
  Hardswish(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  Hardswish() : Layer("Hardswish") {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return hardswish(x, at); }
};

class SELU final : public Layer<SELU> {
 public:
  SELU(const SELU&) = default;
  SELU(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  SELU() : Layer("SELU") {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return selu(x, at); }
};

class Mish final : public Layer<Mish> {
 public:
  Mish(const Mish&) = default;
  Mish(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  Mish() : Layer("Mish") {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return mish(x, at); }
};

class Softsign final : public Layer<Softsign> {
 public:
  Softsign(const Softsign&) = default;
  Softsign(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  Softsign() : Layer("Softsign") {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return softsign(x, at); }
};

class Tanhshrink final : public Layer<Tanhshrink> {
 public:
  Tanhshrink(const Tanhshrink&) = default;
  Tanhshrink(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  Tanhshrink() : Layer("Tanhshrink") {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return tanhshrink(x, at); }
};

struct HardtanhOptions {
  ByName by_name = ByName();
  double min_val = -1, max_val = 1;
};
XGRAD_API void show_options(OptionText& text, const HardtanhOptions& o);
// ValueError unless min_val < max_val.
class XGRAD_API Hardtanh final : public Layer<Hardtanh> {
 public:
  Hardtanh(const Hardtanh&) = default;
  Hardtanh(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  template <class = void>
  explicit Hardtanh(...) = delete;  // options by name: nn::Hardtanh({.min_val = -2})
  explicit Hardtanh(HardtanhOptions options = {}, Location at = Location::current());
  explicit Hardtanh(NoOptions, Location at = Location::current()) : Hardtanh(HardtanhOptions{}, at) {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const {
    return hardtanh(x, options_.min_val, options_.max_val, at);
  }

 private:
  HardtanhOptions options_;
};

struct HardshrinkOptions {
  double lambd = 0.5;
};
XGRAD_API void check_options(const OptionCheck& check, const HardshrinkOptions& o);
XGRAD_API void show_options(OptionText& text, const HardshrinkOptions& o);
class Hardshrink final : public Layer<Hardshrink, HardshrinkOptions> {
 public:
  using Layer::Layer;
  template <class = void>
  explicit Hardshrink(...) = delete;  // options by name: nn::Hardshrink({.lambd = 0.1})
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return hardshrink(x, options_.lambd, at); }
};

struct SoftshrinkOptions {
  double lambd = 0.5;
};
XGRAD_API void check_options(const OptionCheck& check, const SoftshrinkOptions& o);
XGRAD_API void show_options(OptionText& text, const SoftshrinkOptions& o);
class Softshrink final : public Layer<Softshrink, SoftshrinkOptions> {
 public:
  using Layer::Layer;
  template <class = void>
  explicit Softshrink(...) = delete;  // options by name: nn::Softshrink({.lambd = 0.1})
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return softshrink(x, options_.lambd, at); }
};

struct CELUOptions {
  double alpha = 1;
};
XGRAD_API void check_options(const OptionCheck& check, const CELUOptions& o);
XGRAD_API void show_options(OptionText& text, const CELUOptions& o);
class CELU final : public Layer<CELU, CELUOptions> {
 public:
  using Layer::Layer;
  template <class = void>
  explicit CELU(...) = delete;  // options by name: nn::CELU({.alpha = 0.5})
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return celu(x, options_.alpha, at); }
};

struct GLUOptions {
  std::int64_t dim = -1;
};
XGRAD_API void show_options(OptionText& text, const GLUOptions& o);
class GLU final : public Layer<GLU, GLUOptions> {
 public:
  using Layer::Layer;
  template <class = void>
  explicit GLU(...) = delete;  // options by name: nn::GLU({.dim = 1})
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return glu(x, options_.dim, at); }
};

struct SoftminOptions {
  std::int64_t dim = -1;
};
XGRAD_API void show_options(OptionText& text, const SoftminOptions& o);
class Softmin final : public Layer<Softmin, SoftminOptions> {
 public:
  using Layer::Layer;
  template <class = void>
  explicit Softmin(...) = delete;  // options by name: nn::Softmin({.dim = 1})
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return softmin(x, options_.dim, at); }
};

struct RReLUOptions {
  ByName by_name = ByName();
  double lower = 1. / 8, upper = 1. / 3;
};
XGRAD_API void check_options(const OptionCheck& check, const RReLUOptions& o);
XGRAD_API void show_options(OptionText& text, const RReLUOptions& o);
class RReLU final : public Layer<RReLU, RReLUOptions> {
 public:
  using Layer::Layer;
  template <class = void>
  explicit RReLU(...) = delete;  // options by name: nn::RReLU({.lower = 0.1})
  Tensor forward(const Tensor& x, Location at = Location::current()) const {
    return rrelu(x, options_.lower, options_.upper, is_training(), at);
  }
};

// 0 below 0, 1 above; without a gradient.
struct StepOptions {
  double at_zero = 1;
};
XGRAD_API void check_options(const OptionCheck& check, const StepOptions& o);
XGRAD_API void show_options(OptionText& text, const StepOptions& o);
class Step final : public Layer<Step, StepOptions> {
 public:
  using Layer::Layer;
  template <class = void>
  explicit Step(...) = delete;  // options by name: nn::Step({.at_zero = 0})
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return step(x, options_.at_zero, at); }
};

class XGRAD_API Threshold final : public Layer<Threshold> {
 public:
  Threshold(const Threshold&) = default;
  Threshold(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  Threshold(double threshold, double value, Location at = Location::current());
  Tensor forward(const Tensor& x, Location at = Location::current()) const {
    return threshold(x, threshold_, value_, at);
  }

 private:
  double threshold_ = 0, value_ = 0;
};

struct PReLUOptions {
  ByName by_name = ByName();
  std::int64_t num_parameters = 1;  // or the number of channels
  double init = 0.25;
};
// Parameter weight (num_parameters), the slopes for negative inputs.
class XGRAD_API PReLU final : public Layer<PReLU> {
 public:
  PReLU(const PReLU&) = default;
  PReLU(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  template <class = void>
  explicit PReLU(...) = delete;  // options by name: nn::PReLU({.num_parameters = 3})
  explicit PReLU(PReLUOptions options = {}, Location at = Location::current());
  explicit PReLU(NoOptions, Location at = Location::current()) : PReLU(PReLUOptions{}, at) {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return prelu(x, weight, at); }

  Parameter weight;
};

struct MaxoutOptions {
  std::int64_t dim = 1;
};
// The largest of each `pieces` neighbouring features: put it behind a layer that yields `pieces` times as many.
class XGRAD_API Maxout final : public Layer<Maxout> {
 public:
  Maxout(const Maxout&) = default;
  Maxout(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  explicit Maxout(...) = delete;                  // options by name: nn::Maxout(2, {.dim = 1})
  explicit Maxout(std::int64_t pieces, MaxoutOptions options = {}, Location at = Location::current());
  template <std::floating_point F>
  explicit Maxout(F, ...) = delete;  // sizes are integers: static_cast<std::int64_t>(n)
  Tensor forward(const Tensor& x, Location at = Location::current()) const {
    return maxout(x, pieces_, options_.dim, at);
  }

 private:
  std::int64_t pieces_ = 1;
  MaxoutOptions options_;
};

// In training zeroes whole channels of (N, C, *) with probability p and scales the others by 1 / (1 - p). J. Tompson
// et al. 2015.
class XGRAD_API Dropout2d final : public Layer<Dropout2d> {
 public:
  Dropout2d(const Dropout2d&) = default;
  Dropout2d(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  template <class = void>
  explicit Dropout2d(...) = delete;  // not in place: nn::Dropout2d(0.5)
  explicit Dropout2d(DropoutOptions options = {}, Location at = Location::current());
  explicit Dropout2d(NoOptions, Location at = Location::current()) : Dropout2d(DropoutOptions{}, at) {}
  template <std::convertible_to<double> P>  // {} is no probability
  explicit Dropout2d(P p, Location at = Location::current()) : Dropout2d(DropoutOptions{static_cast<double>(p)}, at) {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const {
    return feature_dropout(x, p_, is_training(), at);
  }

 private:
  double p_ = 0;
};

// In training leaves out whole channels of (N, C, L) or (C, L), of (N, C, D, H, W) or (C, D, H, W); single elements, or
// channels, the way that fits nn::SELU. Use them by their names below. ValueError unless 0 <= p <= 1.
enum class DropoutKind { channels_1d, channels_3d, alpha, feature_alpha };
template <DropoutKind Kind>
class DropoutLayer final : public Layer<DropoutLayer<Kind>> {
 public:
  DropoutLayer(const DropoutLayer&) = default;
  DropoutLayer(Null auto) noexcept : Layer<DropoutLayer>(nullptr) {}  // NOLINT: = nullptr
  template <class = void>
  explicit DropoutLayer(...) = delete;  // not in place: nn::AlphaDropout(0.5)
  explicit DropoutLayer(DropoutOptions options = {}, Location at = Location::current());
  explicit DropoutLayer(NoOptions, Location at = Location::current()) : DropoutLayer(DropoutOptions{}, at) {}
  template <std::convertible_to<double> P>  // {} is no probability
  explicit DropoutLayer(P p, Location at = Location::current())
      : DropoutLayer(DropoutOptions{static_cast<double>(p)}, at) {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const;

 private:
  double p_ = 0;
};
extern template class XGRAD_API DropoutLayer<DropoutKind::channels_1d>;
extern template class XGRAD_API DropoutLayer<DropoutKind::channels_3d>;
extern template class XGRAD_API DropoutLayer<DropoutKind::alpha>;
extern template class XGRAD_API DropoutLayer<DropoutKind::feature_alpha>;

using Dropout1d = DropoutLayer<DropoutKind::channels_1d>;
using Dropout3d = DropoutLayer<DropoutKind::channels_3d>;
using AlphaDropout = DropoutLayer<DropoutKind::alpha>;
using FeatureAlphaDropout = DropoutLayer<DropoutKind::feature_alpha>;

}  // namespace xgrad::nn
