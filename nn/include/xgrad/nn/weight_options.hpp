// First values, penalties and constraints of the weights of a layer, with Keras's names, formulas and defaults
// (keras.initializers, keras.regularizers, keras.constraints of Keras 3). Keras's kernel is the parameter "weight".
//
//   nn::Linear fc = register_module("fc", nn::with_weight_options(nn::Linear(8, 4), {.kernel_regularizer =
//   nn::L2(1e-4),
//                                                                                    .kernel_constraint =
//                                                                                    nn::MaxNorm(3)}));
//   Tensor out = net(x);  // first, in a statement of its own: C++ may compute the right side of a + before the left
//   Tensor loss = cross_entropy(out, y) + nn::regularization_loss(net);
//   loss.backward();
//   opt.step();
//   nn::apply_constraints(net);
#pragma once

#include <concepts>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <xgrad/by_name.hpp>
#include <xgrad/nn/init.hpp>
#include <xgrad/nn/module.hpp>

namespace xgrad::nn {

// Fills a parameter: a function of it, or one of nn::init with its defaults, nn::init::xavier_uniform_.
class XGRAD_API Initializer {
 public:
  Initializer() = default;
  template <std::invocable<Tensor&> F>
  Initializer(F f) : fill_(std::move(f)) {}  // NOLINT: .kernel_initializer = [](Tensor& w) { ... }
  Initializer(Tensor& (*f)(Tensor&, Location));
  Initializer(Tensor& (*f)(Tensor&, const std::optional<Generator>&, Location));
  Initializer(Tensor& (*f)(Tensor&, double, const std::optional<Generator>&, Location));  // with a gain of 1
  Initializer(Tensor& (*f)(Tensor&, double, init::FanMode, init::Nonlinearity, const std::optional<Generator>&,
                           Location));  // Keras's he_uniform and he_normal: for relu
  explicit operator bool() const { return static_cast<bool>(fill_); }
  void operator()(Tensor& t) const { fill_(t); }

 private:
  std::function<void(Tensor&)> fill_;
};

// A penalty, one number: a function of the tensor, or L1, L2, L1L2.
class XGRAD_API Regularizer {
 public:
  Regularizer() = default;
  template <std::invocable<const Tensor&> F>
  Regularizer(F f, std::string text = "given")  // NOLINT: .kernel_regularizer = [](const Tensor& w) { ... }
      : penalty_(std::move(f)), text_(std::move(text)) {}
  explicit operator bool() const { return static_cast<bool>(penalty_); }
  Tensor operator()(const Tensor& t) const { return penalty_(t); }
  const std::string& text() const { return text_; }  // as layers print it, "L2(0.01)"

 private:
  std::function<Tensor(const Tensor&)> penalty_;
  std::string text_;
};
// l1 sum|x|, l2 sum(x^2), and both. ValueError unless the factors are finite and >= 0.
XGRAD_API Regularizer L1(double l1 = 0.01, Location at = Location::current());
XGRAD_API Regularizer L2(double l2 = 0.01, Location at = Location::current());
XGRAD_API Regularizer L1L2(double l1 = 0, double l2 = 0, Location at = Location::current());

// What a parameter becomes: a function of it that gives a tensor of its shape, or one of those below.
class XGRAD_API Constraint {
 public:
  Constraint() = default;
  template <std::invocable<const Tensor&> F>
  Constraint(F f, std::string text = "given")  // NOLINT: .kernel_constraint = [](const Tensor& w) { ... }
      : projected_(std::move(f)), text_(std::move(text)) {}
  explicit operator bool() const { return static_cast<bool>(projected_); }
  Tensor operator()(const Tensor& t) const { return projected_(t); }
  const std::string& text() const { return text_; }  // "MaxNorm(2)"

 private:
  std::function<Tensor(const Tensor&)> projected_;
  std::string text_;
};
// Norms are Euclidean, along dims: when left out all but the first, so that one is of the weights into a unit, as
// Keras's axis 0 of a kernel (inputs, units), or of the whole where there is one dimension. e = 1e-7.
//   MaxNorm: w clip(norm, 0, max_value) / (norm + e)
//   NonNeg: 0 in the place of what is negative
//   UnitNorm: w / (norm + e)
//   MinMaxNorm: w (rate clip(norm, min_value, max_value) + (1 - rate) norm) / (norm + e)
// ValueError: a bound that is negative or not finite, min_value > max_value, a rate outside [0, 1].
XGRAD_API Constraint MaxNorm(double max_value = 2, std::vector<std::int64_t> dims = {},
                             Location at = Location::current());
XGRAD_API Constraint NonNeg();
XGRAD_API Constraint UnitNorm(std::vector<std::int64_t> dims = {});
struct MinMaxNormOptions {
  ByName by_name = ByName();
  double min_value = 0, max_value = 1, rate = 1;
  std::vector<std::int64_t> dims = {};
};
XGRAD_API Constraint MinMaxNorm(MinMaxNormOptions options = {}, Location at = Location::current());

struct WeightOptions {
  ByName by_name = ByName();
  Initializer kernel_initializer = {}, bias_initializer = {};
  Regularizer kernel_regularizer = {}, bias_regularizer = {};
  Regularizer activity_regularizer = {};  // of each result of the layer
  Constraint kernel_constraint = {}, bias_constraint = {};
};

}  // namespace xgrad::nn

namespace xgrad::detail {
XGRAD_API void set_weight_options(nn::Module& m, nn::WeightOptions options, const Location& at);
}  // namespace xgrad::detail

namespace xgrad::nn {

// The same layer, which has the parameter "weight" and perhaps "bias": nn::Linear, convolutions, ... Initializers run
// now. ValueError: no such parameter, a lazy layer with initializers, options twice; ShapeError: an initializer that
// assigns another shape. Nothing is changed then.
template <std::derived_from<Module> M>
M with_weight_options(M layer, WeightOptions options, Location at = Location::current()) {
  xgrad::detail::set_weight_options(layer, std::move(options), at);
  return layer;
}

// The sum of all penalties of m and what is below it, 0 when there are none:
//   - of weights and biases that are trained, as they are now, whenever it is asked for. Of a weight with
//     nn::utils::parametrizations::lora A and B count, of one that is computed otherwise its value.
//   - of results (activity_regularizer), those of the last call of the net in this thread, as Keras's Layer.losses: a
//     layer that was reached several times in that call counts as often. They count once, for the loss of that call:
//     call the net, ask, call backward. Of several calls, D(real) and D(fake), ask after each and add.
// ValueError: no such call (none since it was asked for, or a backward pass has been through it, or the parameters have
// changed since, or it was made in NoGradGuard and this is not); penalties of the weights of a lazy layer before its
// first call; a penalty that is not one number.
XGRAD_API Tensor regularization_loss(const Module& m, Location at = Location::current());
// Behind each step of the optimizer: puts every parameter of m and what is below it that is trained and has a
// constraint to what that says. Parameters that are computed from others are left alone. ValueError: another shape;
// then nothing is changed.
XGRAD_API void apply_constraints(const Module& m, Location at = Location::current());

}  // namespace xgrad::nn
