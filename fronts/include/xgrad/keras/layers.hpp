// Layers of keras::Sequential. A layer is a recipe: its module of nn is made when the shape of its input is known.
//
// Images are (N, height, width, channels) and sequences (N, steps, features), Keras's layout "channels_last"; there is
// no other. Inside, convolutions and pooling see the same memory as nn's (N, channels, height, width), without a copy.
// padding is "valid" or "same": with "same" the result has ceil(size / stride) positions, and what is missing is added
// half before and half behind, the odd one behind, as TensorFlow does.
#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <xgrad/by_name.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/nn/weight_options.hpp>
#include <xgrad/ops/extents.hpp>

namespace xgrad::keras {

using xgrad::operator<<;

using nn::L1;
using nn::L1L2;
using nn::L2;
using nn::MaxNorm;
using nn::MinMaxNorm;
using nn::NonNeg;
using nn::Regularizer;
using nn::UnitNorm;

// An activation by name, or a function, or a module. Names: linear, relu, relu6, leaky_relu (slope 0.2), elu, selu,
// gelu, sigmoid, hard_sigmoid, tanh, softmax and log_softmax (last dimension), softplus, softsign, silu (swish), mish,
// exponential. A name that is none of them is a ValueError of the layer.
class XGRAD_API ActivationChoice {
 public:
  ActivationChoice() = default;                                   // none
  ActivationChoice(const char* name) : name_(name) {}             // NOLINT
  ActivationChoice(std::string name) : name_(std::move(name)) {}  // NOLINT
  ActivationChoice(std::nullptr_t) {}                             // NOLINT
  template <std::derived_from<nn::Module> M>
  ActivationChoice(M module) : module_(std::move(module)) {}  // NOLINT
  template <class F>
  requires(std::invocable<const F&, const Tensor&> && !std::derived_from<F, nn::Module>)  //
      ActivationChoice(F f)
      : module_([f](const Tensor& x) -> Tensor { return f(x); }) {}  // NOLINT
  // (Functions have a Location, too.)
  ActivationChoice(Tensor (*f)(const Tensor&, Location))
      : module_([f](const Tensor& x, const Location& at) {  // NOLINT
          return f(x, at);
        }) {}
  // The module; empty for none and linear. ValueError.
  nn::AnyModule module(const std::string& layer, const Location& at) const;

 private:
  std::string name_;
  nn::AnyModule module_ = nullptr;
};

// First values by name, or what nn::Initializer takes. Names: glorot_, he_, lecun_ with uniform or normal (cut at two
// standard deviations), zeros, ones, orthogonal, random_uniform (+-0.05), random_normal (0.05).
class XGRAD_API InitializerChoice {
 public:
  InitializerChoice(const char* name) : name_(name) {}             // NOLINT
  InitializerChoice(std::string name) : name_(std::move(name)) {}  // NOLINT
  template <class F>
  requires(std::convertible_to<F, nn::Initializer> && !std::convertible_to<F, std::string>)  //
      InitializerChoice(F f)
      : given_(std::move(f)) {}  // NOLINT: nn::init::xavier_uniform_, [](Tensor& w) { ... }
  nn::Initializer initializer(const std::string& layer, const char* option, const Location& at) const;

 private:
  std::string name_;
  nn::Initializer given_;
};

// A value in a graph of layers that is only described: what an Input stands for, and what layers make of it. Copies are
// handles to one value.
class XGRAD_API KerasTensor {
 public:
  struct Node;
  // The second value of an operator, with the line that it stands in.
  struct Operand {
    Operand(const KerasTensor& x, Location where = Location::current()) : value(x), at(where) {}  // NOLINT
    const KerasTensor& value;
    Location at;
  };
  KerasTensor(const KerasTensor&) = default;  // (never empty: moved as it is copied)
  KerasTensor& operator=(const KerasTensor&) = default;
  ~KerasTensor() = default;
  const Shape& shape() const;       // of one sample
  const std::string& kind() const;  // of the layer that made it; "input"
  const Node& node() const { return *node_; }

 private:
  explicit KerasTensor(std::shared_ptr<Node> node) : node_(std::move(node)) {}
  std::shared_ptr<Node> node_;
};

// One layer: its name in lower case, "conv2d", and the module for an input of a shape (without the batch).
class XGRAD_API Layer {
 public:
  using Make = std::function<nn::AnyModule(const Shape& input)>;
  Layer(std::string kind, Make make, Location at = Location::current());  // ValueError: no function
  // A module of your own, which takes (N, ...).
  template <std::derived_from<nn::Module> M>
  Layer(M module) : kind_("module"), make_([module](const Shape&) { return nn::AnyModule(module); }) {}  // NOLINT
  Layer(const KerasTensor& input, Location at = Location::current());  // NOLINT: an Input, ValueError for another value
  static Layer of_indices(std::string kind, Make make);                // its input are numbers of classes
  // What becomes of the mask of an input: it ends here, with a warning; the result has it as well; or the module itself
  // sees to it.
  enum class Masks { end, pass, own };
  Layer& set_masks(Masks masks);
  Masks masks() const { return masks_; }

  const std::string& kind() const { return kind_; }
  const std::optional<Shape>& input_shape() const { return shape_; }  // of an Input
  bool takes_indices() const { return takes_indices_; }
  nn::AnyModule make(const Shape& input) const { return make_(input); }
  // What it makes of a value: a step of a keras::Model. The module is made in the first call; further calls, also of
  // copies, are of the same one, while a Sequential makes one of its own. ShapeError where the value does not fit, or
  // the result is not (N, ...); ValueError for an Input.
  KerasTensor operator()(const KerasTensor& x, Location at = Location::current()) const;

 private:
  std::string kind_;
  Make make_;
  std::optional<Shape> shape_ = {};
  bool takes_indices_ = false;
  Masks masks_ = Masks::end;
  std::shared_ptr<nn::AnyModule> called_ = std::make_shared<nn::AnyModule>(nullptr);
};

// The shape of one sample: Input({28, 28, 1}), the first layer of a Sequential or the beginning of a Model. Without
// one, the first call of a Sequential gives it.
XGRAD_API KerasTensor Input(const Shape& shape, Location at = Location::current());

struct DenseOptions {
  ByName by_name = ByName();
  ActivationChoice activation = {};
  bool use_bias = true;
  InitializerChoice kernel_initializer = "glorot_uniform", bias_initializer = "zeros";
  nn::Regularizer kernel_regularizer = {}, bias_regularizer = {}, activity_regularizer = {};
  nn::Constraint kernel_constraint = {}, bias_constraint = {};
  std::optional<std::int64_t> lora_rank = {};
  std::optional<double> lora_alpha = {};
};
// nn::Dense: (..., in) -> (..., units).
XGRAD_API Layer Dense(std::int64_t units, DenseOptions options = {}, Location at = Location::current());

struct Conv2DOptions {
  ByName by_name = ByName();
  Extents<2> strides = 1;
  std::string padding = "valid";  // or same
  Extents<2> dilation_rate = 1;
  std::int64_t groups = 1;
  ActivationChoice activation = {};
  bool use_bias = true;
  InitializerChoice kernel_initializer = "glorot_uniform", bias_initializer = "zeros";
  nn::Regularizer kernel_regularizer = {}, bias_regularizer = {}, activity_regularizer = {};
  nn::Constraint kernel_constraint = {}, bias_constraint = {};
};
// nn::Conv2d: (N, H, W, C) -> (N, H', W', filters). The weight is nn's (filters, C / groups, rows, columns).
XGRAD_API Layer Conv2D(std::int64_t filters, Extents<2> kernel_size, Conv2DOptions options = {},
                       Location at = Location::current());

struct Pooling2DOptions {
  ByName by_name = ByName();
  std::optional<Extents<2>> strides = {};  // left out: the pool's size
  std::string padding = "valid";           // or same; what is added does not count
};
XGRAD_API Layer MaxPooling2D(Extents<2> pool_size = 2, Pooling2DOptions options = {},
                             Location at = Location::current());
XGRAD_API Layer AveragePooling2D(Extents<2> pool_size = 2, Pooling2DOptions options = {},
                                 Location at = Location::current());
XGRAD_API Layer GlobalAveragePooling2D();  // (N, H, W, C) -> (N, C)
XGRAD_API Layer GlobalAveragePooling1D();  // (N, T, C) -> (N, C)
XGRAD_API Layer Flatten();                 // (N, ...) -> (N, elements), in the order of the layout
XGRAD_API Layer Dropout(double rate, Location at = Location::current());
XGRAD_API Layer Activation(ActivationChoice activation, Location at = Location::current());

struct BatchNormalizationOptions {
  ByName by_name = ByName();
  double momentum = 0.99;  // moving = momentum moving + (1 - momentum) batch
  double epsilon = 1e-3;
  bool center = true, scale = true;
};
// Over all but the last dimension, of (N, C), (N, T, C) or (N, H, W, C): nn::BatchNorm1d and 2d. The moving variance is
// of n - 1, as nn's, where Keras has n. center and scale are both or neither (ValueError).
XGRAD_API Layer BatchNormalization(BatchNormalizationOptions options = {}, Location at = Location::current());

struct LayerNormalizationOptions {
  ByName by_name = ByName();
  double epsilon = 1e-3;
  bool center = true, scale = true;  // no center without scale
};
// Over the last dimension: nn::LayerNorm.
XGRAD_API Layer LayerNormalization(LayerNormalizationOptions options = {}, Location at = Location::current());

struct EmbeddingOptions {
  ByName by_name = ByName();
  InitializerChoice embeddings_initializer = "random_uniform";
  bool mask_zero = false;  // 0 is no word: such steps do not count
};
// nn::Embedding: whole numbers (N, T) in 0..input_dim - 1 -> (N, T, output_dim).
XGRAD_API Layer Embedding(std::int64_t input_dim, std::int64_t output_dim, EmbeddingOptions options = {},
                          Location at = Location::current());

// Steps of (N, T, ...) in which all numbers are mask_value do not count, and become 0. A mask goes with the values
// through Dense, Dropout, Activation, normalisations, recurrent layers that return sequences and what joins values;
// others end it, with a warning. Recurrent layers pass over masked steps: state and output stay what they were;
// GlobalAveragePooling1D is the mean of the rest (0 of nothing), BatchNormalization has statistics of it. Losses and
// metrics of a result with a mask are of the steps that count. Masks belong to calls of the model, not of net().
XGRAD_API Layer Masking(double mask_value = 0, Location at = Location::current());

struct RecurrentOptions {
  ByName by_name = ByName();
  bool return_sequences = false;  // the output of every step, (N, T, units), not of the last, (N, units)
  bool use_bias = true;
  InitializerChoice kernel_initializer = "glorot_uniform", recurrent_initializer = "orthogonal",
                    bias_initializer = "zeros";
};
struct LSTMOptions {
  ByName by_name = ByName();
  bool return_sequences = false;
  bool use_bias = true;
  InitializerChoice kernel_initializer = "glorot_uniform", recurrent_initializer = "orthogonal",
                    bias_initializer = "zeros";
  bool unit_forget_bias = true;  // 1 is added to the bias of the forget gate
};
struct SimpleRNNOptions {
  ByName by_name = ByName();
  std::string activation = "tanh";  // or relu
  bool return_sequences = false;
  bool use_bias = true;
  InitializerChoice kernel_initializer = "glorot_uniform", recurrent_initializer = "orthogonal",
                    bias_initializer = "zeros";
};
// nn::LSTM, nn::GRU (reset_after) and nn::RNN of (N, T, C), with tanh and sigmoid. Initializers fill the weights of all
// gates as one. Of nn's two biases of LSTM and SimpleRNN, where Keras has one, bias_hh is 0 and not trained.
XGRAD_API Layer LSTM(std::int64_t units, LSTMOptions options = {}, Location at = Location::current());
XGRAD_API Layer GRU(std::int64_t units, RecurrentOptions options = {}, Location at = Location::current());
XGRAD_API Layer SimpleRNN(std::int64_t units, SimpleRNNOptions options = {}, Location at = Location::current());

struct BidirectionalOptions {
  ByName by_name = ByName();
  std::string merge_mode = "concat";  // or sum, mul, ave
};
// Two layers of the kind given, LSTM, GRU or SimpleRNN, each with weights of its own: one reads the steps forwards, one
// backwards. Their results are joined; those of every step belong to the same steps, and are 0 in masked ones.
// ValueError: another kind of layer.
XGRAD_API Layer Bidirectional(Layer layer, BidirectionalOptions options = {}, Location at = Location::current());

}  // namespace xgrad::keras
