#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/keras/layers.hpp>
#include <xgrad/nn/dense.hpp>
#include <xgrad/nn/embedding.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/option_check.hpp>
#include <xgrad/ops.hpp>

#include "keras/masks.hpp"
#include "keras/modules.hpp"
#include "keras/names.hpp"

namespace xgrad::keras {
namespace {

void positive(const char* layer, const char* option, std::int64_t value, const Location& at) {
  if (value < 1) refuse(layer, fmt::format("{} must be positive, got {}", option, value), at);
}
void positive(const char* layer, const char* option, const Extents<2>& value, const Location& at) {
  for (const std::int64_t v : value.v) positive(layer, option, v, at);
}
bool is_same(const char* layer, const std::string& padding, const Location& at) {
  if (padding != "same" && padding != "valid")
    refuse(layer, fmt::format("padding must be valid or same, got '{}'", padding), at);
  return padding == "same";
}
void require_rank_of(const char* layer, const Shape& input, int rank, const char* what, const Location& at) {
  if (input.rank() != rank)
    ErrorReport(layer, fmt::format("the input is {}, got {} dimensions", what, input.rank() + 1), at)
        .line("input", fmt::format("samples of shape ({})", fmt::join(input.begin(), input.end(), ", ")))
        .shape_error();
}

}  // namespace

Layer::Layer(std::string kind, Make make, Location at) : kind_(std::move(kind)), make_(std::move(make)) {
  if (!make_) refuse("keras::Layer", fmt::format("'{}' has no function that makes its module", kind_), at);
}

Layer Layer::of_indices(std::string kind, Make make) {
  Layer layer(std::move(kind), std::move(make));
  layer.takes_indices_ = true;
  return layer;
}

Layer& Layer::set_masks(Masks masks) {
  masks_ = masks;
  return *this;
}

namespace {

// A layer that passes masks on, or whose module does.
Layer passing(std::string kind, Layer::Make make, Layer::Masks masks = Layer::Masks::pass) {
  Layer layer(std::move(kind), std::move(make));
  layer.set_masks(masks);
  return layer;
}

}  // namespace

Layer Dense(std::int64_t units, DenseOptions o, Location at) {
  positive("Dense", "units", units, at);
  const nn::AnyModule activation = o.activation.module("Dense", at);
  const nn::DenseOptions options{
      .activation = activation,
      .use_bias = o.use_bias,
      .kernel_initializer = o.kernel_initializer.initializer("Dense", "kernel_initializer", at),
      .bias_initializer = o.bias_initializer.initializer("Dense", "bias_initializer", at),
      .kernel_regularizer = o.kernel_regularizer,
      .bias_regularizer = o.bias_regularizer,
      .activity_regularizer = o.activity_regularizer,
      .kernel_constraint = o.kernel_constraint,
      .bias_constraint = o.bias_constraint,
      .lora_rank = o.lora_rank,
      .lora_alpha = o.lora_alpha};
  const nn::Dense checked(units, options, at);
  return passing("dense", [units, options, at](const Shape&) { return nn::AnyModule(nn::Dense(units, options, at)); });
}

Layer Conv2D(std::int64_t filters, Extents<2> kernel_size, Conv2DOptions o, Location at) {
  positive("Conv2D", "filters", filters, at);
  positive("Conv2D", "kernel_size", kernel_size, at);
  positive("Conv2D", "strides", o.strides, at);
  positive("Conv2D", "dilation_rate", o.dilation_rate, at);
  positive("Conv2D", "groups", o.groups, at);
  const bool same = is_same("Conv2D", o.padding, at);
  const nn::AnyModule activation = o.activation.module("Conv2D", at);
  nn::WeightOptions weights{.kernel_initializer = o.kernel_initializer.initializer("Conv2D", "kernel_initializer", at),
                            .kernel_regularizer = o.kernel_regularizer,
                            .activity_regularizer = o.activity_regularizer,
                            .kernel_constraint = o.kernel_constraint};
  if (o.use_bias) {
    weights.bias_initializer = o.bias_initializer.initializer("Conv2D", "bias_initializer", at);
    weights.bias_regularizer = o.bias_regularizer;
    weights.bias_constraint = o.bias_constraint;
  }
  const Extents<2> window((kernel_size[0] - 1) * o.dilation_rate[0] + 1, (kernel_size[1] - 1) * o.dilation_rate[1] + 1);
  return {"conv2d", [=](const Shape& input) {
            require_rank_of("Conv2D", input, 3, "(N, height, width, channels)", at);
            const nn::Conv2d conv(
                input[2], filters, kernel_size,
                {.stride = o.strides, .dilation = o.dilation_rate, .groups = o.groups, .bias = o.use_bias}, at);
            return nn::AnyModule(ConvModule(nn::with_weight_options(conv, weights, at), activation,
                                            same ? std::optional(o.strides) : std::nullopt, window));
          }};
}

namespace {

Layer pooling(const char* name, std::string kind, bool largest, Extents<2> size, const Pooling2DOptions& o,
              const Location& at) {
  const Extents<2> strides = o.strides.value_or(size);
  positive(name, "pool_size", size, at);
  positive(name, "strides", strides, at);
  const bool same = is_same(name, o.padding, at);
  return {std::move(kind), [=](const Shape& input) {
            require_rank_of(name, input, 3, "(N, height, width, channels)", at);
            return nn::AnyModule(PoolModule(size, strides, same, largest));
          }};
}

}  // namespace

Layer MaxPooling2D(Extents<2> pool_size, Pooling2DOptions options, Location at) {
  return pooling("MaxPooling2D", "max_pooling2d", true, pool_size, options, at);
}
Layer AveragePooling2D(Extents<2> pool_size, Pooling2DOptions options, Location at) {
  return pooling("AveragePooling2D", "average_pooling2d", false, pool_size, options, at);
}
Layer GlobalAveragePooling2D() {
  return {"global_average_pooling2d", [](const Shape& input) {
            require_rank_of("GlobalAveragePooling2D", input, 3, "(N, height, width, channels)", Location());
            return nn::AnyModule([](const Tensor& x, const Location& at) {
              require_rank("GlobalAveragePooling2D", x, 4, at);
              return mean(x, {1, 2}, false, at);
            });
          }};
}
Layer GlobalAveragePooling1D() {
  const auto make = [](const Shape& input) {
    require_rank_of("GlobalAveragePooling1D", input, 2, "(N, steps, features)", Location());
    return nn::AnyModule([](const Tensor& x, const Location& at) {
      require_rank("GlobalAveragePooling1D", x, 3, at);
      const Tensor mask = mask_of(x);
      if (!mask.defined()) return mean(x, {1}, false, at);
      const Tensor count = clamp_min(sum(mask.to(x.dtype()), {1}, true), 1);
      return div(sum(zeros_where_masked(x, mask, at), {1}, false, at), count, at);
    });
  };
  return passing("global_average_pooling1d", make, Layer::Masks::own);
}
Layer Flatten() {
  return {"flatten", [](const Shape&) { return nn::AnyModule(nn::Flatten()); }};
}
Layer Dropout(double rate, Location at) {
  const nn::Dropout checked(rate, at);
  return passing("dropout", [rate, at](const Shape&) { return nn::AnyModule(nn::Dropout(rate, at)); });
}
Layer Activation(ActivationChoice activation, Location at) {
  const nn::AnyModule module = activation.module("Activation", at);
  return passing("activation", [module](const Shape&) { return module ? module : nn::AnyModule(nn::Identity()); });
}

Layer BatchNormalization(BatchNormalizationOptions o, Location at) {
  const nn::OptionCheck check("BatchNormalization", at);
  check.probability("momentum", o.momentum);
  check.at_least_zero("epsilon", o.epsilon);
  if (o.center != o.scale) check.fail("center and scale must be both true or both false");
  const nn::BatchNormOptions options{.eps = o.epsilon, .momentum = 1 - o.momentum, .affine = o.scale};
  const auto make = [options, at](const Shape& input) {
    if (input.rank() == 3)
      return nn::AnyModule(BatchNormModule<nn::BatchNorm2d>(nn::BatchNorm2d(input[2], options, at)));
    if (input.rank() != 1 && input.rank() != 2)
      require_rank_of("BatchNormalization", input, 1, "(N, C), (N, T, C) or (N, H, W, C)", at);
    const std::int64_t channels = input[input.rank() - 1];
    return nn::AnyModule(BatchNormModule<nn::BatchNorm1d>(nn::BatchNorm1d(channels, options, at)));
  };
  return passing("batch_normalization", make);
}

Layer LayerNormalization(LayerNormalizationOptions o, Location at) {
  const nn::OptionCheck check("LayerNormalization", at);
  check.at_least_zero("epsilon", o.epsilon);
  if (o.center && !o.scale) check.fail("center needs scale");
  const nn::LayerNormOptions options{.eps = o.epsilon, .elementwise_affine = o.scale, .bias = o.center};
  return passing("layer_normalization", [options, at](const Shape& input) {
    if (input.rank() < 1) require_rank_of("LayerNormalization", input, 1, "(N, ..., C)", at);
    return nn::AnyModule(nn::LayerNorm(input[input.rank() - 1], options, at));
  });
}

Layer Embedding(std::int64_t input_dim, std::int64_t output_dim, EmbeddingOptions o, Location at) {
  positive("Embedding", "input_dim", input_dim, at);
  positive("Embedding", "output_dim", output_dim, at);
  const nn::Initializer first = o.embeddings_initializer.initializer("Embedding", "embeddings_initializer", at);
  Layer layer = Layer::of_indices("embedding", [=, mask_zero = o.mask_zero](const Shape&) {
    nn::Embedding table(input_dim, output_dim, {}, at);
    first(table.weight);
    if (mask_zero)
      table.register_forward_hook([at](const nn::Module&, const Tensor& index, const Tensor& rows) {
        set_mask("Embedding", rows, ne(index, 0), at);
      });
    return nn::AnyModule(table);
  });
  return layer.set_masks(Layer::Masks::own);
}

Layer Masking(double mask_value, Location at) {
  if (std::isnan(mask_value)) refuse("Masking", "mask_value is NaN, which equals nothing", at);
  return passing(
      "masking", [mask_value](const Shape&) { return nn::AnyModule(MaskingModule(mask_value)); }, Layer::Masks::own);
}

namespace {

// What all recurrent layers ask for.
struct FirstValues {
  nn::Initializer kernel, recurrent, bias;
  bool one_bias, forget;  // forget: the second quarter of the bias is 1 more
};

template <class Options>
FirstValues first_values(const char* layer, const Options& o, bool one_bias, bool forget, const Location& at) {
  return {o.kernel_initializer.initializer(layer, "kernel_initializer", at),
          o.recurrent_initializer.initializer(layer, "recurrent_initializer", at),
          o.bias_initializer.initializer(layer, "bias_initializer", at), one_bias, forget};
}

void fill(const nn::Module& rnn, const FirstValues& first) {
  const NoGradGuard off;
  for (auto& [name, t] : rnn.named_parameters()) {
    Tensor values = t;
    if (name == "weight_ih_l0") first.kernel(values);
    if (name == "weight_hh_l0") first.recurrent(values);
    if (name == "bias_ih_l0") {
      first.bias(values);
      const std::int64_t quarter = t.size(0) / 4;
      if (first.forget) values.slice(0, quarter, 2 * quarter).add_(1);
    }
    if (name == "bias_hh_l0") {
      first.one_bias ? nn::init::zeros_(values) : (first.bias(values), values);
      if (first.one_bias) values.requires_grad_(false);
    }
  }
}

template <class RNN, class Options>
Layer recurrent(const char* name, std::string kind, std::int64_t units, const Options& options, bool all_steps,
                const FirstValues& first, const Location& at) {
  positive(name, "units", units, at);
  const auto make = [=](const Shape& input) {
    require_rank_of(name, input, 2, "(N, steps, features)", at);
    RNN rnn(input[1], units, options, at);
    fill(rnn, first);
    return nn::AnyModule(RecurrentModule<RNN>(name, rnn, all_steps));
  };
  return passing(std::move(kind), make, Layer::Masks::own);
}

}  // namespace

Layer LSTM(std::int64_t units, LSTMOptions o, Location at) {
  const nn::LSTMOptions options{.bias = o.use_bias, .batch_first = true};
  return recurrent<nn::LSTM>("LSTM", "lstm", units, options, o.return_sequences,
                             first_values("LSTM", o, true, o.unit_forget_bias, at), at);
}
Layer GRU(std::int64_t units, RecurrentOptions o, Location at) {
  const nn::GRUOptions options{.bias = o.use_bias, .batch_first = true};
  return recurrent<nn::GRU>("GRU", "gru", units, options, o.return_sequences, first_values("GRU", o, false, false, at),
                            at);
}
Layer SimpleRNN(std::int64_t units, SimpleRNNOptions o, Location at) {
  if (o.activation != "tanh" && o.activation != "relu")
    refuse("SimpleRNN", fmt::format("activation must be tanh or relu, got '{}'", o.activation), at);
  const nn::RNNOptions options{
      .nonlinearity = o.activation == "relu" ? nn::init::Nonlinearity::relu : nn::init::Nonlinearity::tanh,
      .bias = o.use_bias,
      .batch_first = true};
  return recurrent<nn::RNN>("SimpleRNN", "simple_rnn", units, options, o.return_sequences,
                            first_values("SimpleRNN", o, true, false, at), at);
}

Layer Bidirectional(Layer layer, BidirectionalOptions o, Location at) {
  using Merge = BidirectionalModule::Merge;
  static const std::map<std::string, Merge> modes{
      {"concat", Merge::concat}, {"sum", Merge::sum}, {"mul", Merge::mul}, {"ave", Merge::ave}};
  const Merge merge = named(modes, "Bidirectional", "merge_mode", o.merge_mode, at);
  if (layer.kind() != "lstm" && layer.kind() != "gru" && layer.kind() != "simple_rnn")
    refuse("Bidirectional", fmt::format("takes LSTM, GRU or SimpleRNN, got {}", layer.kind()), at);
  const auto make = [layer = std::move(layer), merge](const Shape& input) {
    return nn::AnyModule(BidirectionalModule(layer.make(input), layer.make(input), merge));
  };
  return passing("bidirectional", make, Layer::Masks::own);
}

}  // namespace xgrad::keras
