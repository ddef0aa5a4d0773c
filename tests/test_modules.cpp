// Every module, one row each: gradients of inputs and parameters in training and evaluation, and that it can be saved,
// loaded, cloned, printed, summarised and drawn. A module that a header declares and no row names is an error, and so
// is a page of docs/reference that does not list what the headers have.
#include <set>

#include <xgrad/autograd.hpp>
#include <xgrad/data/safetensors.hpp>
#include <xgrad/gradcheck.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/train/summary.hpp>
#include <xgrad/viz.hpp>

#include "declared_modules.hpp"
#include "reference_page.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

using Tensors = std::vector<Tensor>;

struct Subject {
  nn::Module module;
  std::function<Tensor(const Tensors&)> call;
  std::function<Subject()> copy;
  std::string text;
};

template <class M, class F>
Subject subject(const M& m, F f) {
  return {m, [m, f](const Tensors& x) { return f(m, x); }, [m, f] { return subject(nn::clone(m), f); }, to_string(m)};
}

struct Row {
  std::string name;
  std::function<Subject()> make;
  std::function<Tensors()> inputs;  // wanted: those that require grad
};

std::vector<Row>& rows() {
  static std::vector<Row> all;
  return all;
}

template <class F, class Make>
void add_row(const char* name, F call, Make make, std::function<Tensors()> inputs) {
  rows().push_back({name, [=] { return subject(make(), call); }, std::move(inputs)});
}

constexpr auto one = [](const auto& m, const Tensors& x) { return m(x[0]); };
constexpr auto two = [](const auto& m, const Tensors& x) { return m(x[0], x[1]); };
constexpr auto three = [](const auto& m, const Tensors& x) { return m(x[0], x[1], x[2]); };
constexpr auto output = [](const auto& m, const Tensors& x) { return m(x[0]).output; };

Tensor r(const Shape& shape) { return randn(shape, {kFloat64, true}); }
Tensor fixed(const Tensor& t) { return t.detach().to(kFloat64); }
std::function<Tensors()> in(const Shape& shape) {
  return [shape] { return Tensors{r(shape)}; };
}
std::function<Tensors()> in(const Shape& a, const Shape& b) {
  return [a, b] { return Tensors{r(a), r(b)}; };
}
std::function<Tensors()> in(const Shape& a, const Shape& b, const Shape& c) {
  return [a, b, c] { return Tensors{r(a), r(b), r(c)}; };
}
Tensors probabilities() { return {sigmoid(randn({3, 2}, {kFloat64})).detach().requires_grad_(), fixed(rand({3, 2}))}; }
Tensors with_signs() { return {r({3}), fixed(tensor({1., -1., 1.}))}; }
Tensors with_classes() { return {r({3, 4}), tensor({0, 3, 1})}; }

// Lists and dictionaries have no forward of their own.
struct Holder : nn::Layer<Holder> {
  nn::ModuleList<nn::Linear> layers = register_module("layers", nn::ModuleList<nn::Linear>{nn::Linear(2, 2)});
  nn::ModuleDict<> heads = register_module("heads", nn::ModuleDict<>{{"tanh", nn::Tanh()}});
  nn::ParameterList scales = register_module("scales", nn::ParameterList{ones({2})});
  nn::ParameterDict shifts = register_module("shifts", nn::ParameterDict{{"up", ones({2})}});
  Tensor forward(const Tensor& x) const { return heads["tanh"](layers[0](x)) * scales[0] + shifts["up"]; }
};

void add_basic() {
  add_row(
      "Linear", one, [] { return nn::Linear(3, 2); }, in({2, 3}));
  add_row(
      "Bilinear", two, [] { return nn::Bilinear(2, 3, 2); }, in({2, 2}, {2, 3}));
  add_row(
      "LazyLinear", one, [] { return nn::LazyLinear(2); }, in({2, 3}));
  add_row(
      "Dense", one, [] { return nn::Dense(2, {.activation = xgrad::tanh, .lora_rank = 1}); }, in({2, 3}));
  add_row(
      "Identity", one, [] { return nn::Identity(); }, in({2}));
  add_row(
      "Flatten", one, [] { return nn::Flatten(); }, in({2, 2, 2}));
  add_row(
      "Unflatten", one,
      [] {
        return nn::Unflatten(1, {2, -1});
      },
      in({2, 4}));
  add_row(
      "Dropout", one, [] { return nn::Dropout(0.5); }, in({2, 3}));
  add_row(
      "Dropout1d", one, [] { return nn::Dropout1d(0.5); }, in({2, 3, 2}));
  add_row(
      "Dropout2d", one, [] { return nn::Dropout2d(0.5); }, in({2, 3, 2, 2}));
  add_row(
      "Dropout3d", one, [] { return nn::Dropout3d(0.5); }, in({3, 2, 1, 2}));
  add_row(
      "AlphaDropout", one, [] { return nn::AlphaDropout(0.5); }, in({2, 3}));
  add_row(
      "FeatureAlphaDropout", one, [] { return nn::FeatureAlphaDropout(0.5); }, in({2, 3, 2}));
  add_row(
      "Sequential", one, [] { return nn::Sequential(nn::Linear(2, 2), nn::Tanh()); }, in({2, 2}));
  add_row(
      "AnyModule", one, [] { return nn::AnyModule(nn::Linear(2, 2)); }, in({2, 2}));
  for (const char* name : {"ModuleList", "ModuleDict", "ParameterList", "ParameterDict"})
    add_row(
        name, one, [] { return Holder(); }, in({2, 2}));
  add_row(
      "Embedding", one, [] { return nn::Embedding(4, 2); },
      [] {
        return Tensors{tensor({0, 3, 3})};
      });
  add_row(
      "EmbeddingBag", one, [] { return nn::EmbeddingBag(4, 2); },
      [] {
        return Tensors{tensor({{0, 3}, {3, 1}})};
      });
  add_row(
      "CosineSimilarity", two, [] { return nn::CosineSimilarity(); }, in({2, 3}, {2, 3}));
  add_row(
      "PairwiseDistance", two, [] { return nn::PairwiseDistance(); }, in({2, 3}, {2, 3}));
}

void add_activations() {
  add_row(
      "ReLU", one, [] { return nn::ReLU(); }, in({4}));
  add_row(
      "Tanh", one, [] { return nn::Tanh(); }, in({4}));
  add_row(
      "Sigmoid", one, [] { return nn::Sigmoid(); }, in({4}));
  add_row(
      "LogSigmoid", one, [] { return nn::LogSigmoid(); }, in({4}));
  add_row(
      "SiLU", one, [] { return nn::SiLU(); }, in({4}));
  add_row(
      "LeakyReLU", one, [] { return nn::LeakyReLU(); }, in({4}));
  add_row(
      "ELU", one, [] { return nn::ELU(); }, in({4}));
  add_row(
      "GELU", one, [] { return nn::GELU(); }, in({4}));
  add_row(
      "Softplus", one, [] { return nn::Softplus(); }, in({4}));
  add_row(
      "Softmax", one, [] { return nn::Softmax(); }, in({2, 3}));
  add_row(
      "Softmax2d", one, [] { return nn::Softmax2d(); }, in({2, 3, 1, 2}));
  add_row(
      "LogSoftmax", one, [] { return nn::LogSoftmax(); }, in({2, 3}));
  add_row(
      "Softmin", one, [] { return nn::Softmin(); }, in({2, 3}));
  add_row(
      "ReLU6", one, [] { return nn::ReLU6(); }, in({4}));
  add_row(
      "Hardsigmoid", one, [] { return nn::Hardsigmoid(); }, in({4}));
  add_row(
      "Hardswish", one, [] { return nn::Hardswish(); }, in({4}));
  add_row(
      "SELU", one, [] { return nn::SELU(); }, in({4}));
  add_row(
      "Mish", one, [] { return nn::Mish(); }, in({4}));
  add_row(
      "Softsign", one, [] { return nn::Softsign(); }, in({4}));
  add_row(
      "Tanhshrink", one, [] { return nn::Tanhshrink(); }, in({4}));
  add_row(
      "Hardtanh", one, [] { return nn::Hardtanh(); }, in({4}));
  add_row(
      "Hardshrink", one, [] { return nn::Hardshrink(); }, in({4}));
  add_row(
      "Softshrink", one, [] { return nn::Softshrink(); }, in({4}));
  add_row(
      "CELU", one, [] { return nn::CELU(); }, in({4}));
  add_row(
      "GLU", one, [] { return nn::GLU(); }, in({2, 4}));
  add_row(
      "RReLU", one, [] { return nn::RReLU(); }, in({4}));
  add_row(
      "Step", one, [] { return nn::Step(); }, in({4}));
  add_row(
      "Threshold", one, [] { return nn::Threshold(0.1, 2); }, in({4}));
  add_row(
      "PReLU", one, [] { return nn::PReLU(); }, in({4}));
  add_row(
      "Maxout", one, [] { return nn::Maxout(2); }, in({2, 4}));
}

void add_images() {
  add_row(
      "Conv1d", one, [] { return nn::Conv1d(2, 2, 2); }, in({1, 2, 3}));
  add_row(
      "Conv2d", one, [] { return nn::Conv2d(2, 2, 2, {.padding = 1}); }, in({1, 2, 2, 3}));
  add_row(
      "Conv3d", one, [] { return nn::Conv3d(1, 2, 2); }, in({1, 1, 2, 3, 2}));
  add_row(
      "ConvTranspose1d", one, [] { return nn::ConvTranspose1d(2, 2, 2); }, in({1, 2, 3}));
  add_row(
      "ConvTranspose2d", one, [] { return nn::ConvTranspose2d(2, 1, 2, {.stride = 2}); }, in({1, 2, 2, 2}));
  add_row(
      "ConvTranspose3d", one, [] { return nn::ConvTranspose3d(1, 2, 2); }, in({1, 1, 1, 2, 2}));
  add_row(
      "LazyConv1d", one, [] { return nn::LazyConv1d(2, 2); }, in({1, 2, 3}));
  add_row(
      "LazyConv2d", one, [] { return nn::LazyConv2d(2, 2); }, in({1, 2, 2, 3}));
  add_row(
      "LazyConv3d", one, [] { return nn::LazyConv3d(2, 2); }, in({1, 1, 2, 2, 2}));
  add_row(
      "LazyConvTranspose1d", one, [] { return nn::LazyConvTranspose1d(2, 2); }, in({1, 2, 3}));
  add_row(
      "LazyConvTranspose2d", one, [] { return nn::LazyConvTranspose2d(2, 2); }, in({1, 2, 2, 2}));
  add_row(
      "LazyConvTranspose3d", one, [] { return nn::LazyConvTranspose3d(1, 2); }, in({1, 1, 1, 2, 2}));
  add_row(
      "MaxPool1d", one, [] { return nn::MaxPool1d(2); }, in({1, 2, 4}));
  add_row(
      "MaxPool2d", one, [] { return nn::MaxPool2d(2); }, in({1, 1, 4, 4}));
  add_row(
      "MaxPool3d", one, [] { return nn::MaxPool3d(2); }, in({1, 1, 2, 2, 4}));
  add_row(
      "AvgPool1d", one, [] { return nn::AvgPool1d(2); }, in({1, 2, 4}));
  add_row(
      "AvgPool2d", one, [] { return nn::AvgPool2d(2); }, in({1, 1, 4, 4}));
  add_row(
      "AvgPool3d", one, [] { return nn::AvgPool3d(2); }, in({1, 1, 2, 2, 4}));
  add_row(
      "LPPool1d", one, [] { return nn::LPPool1d(2, 2); }, in({1, 2, 4}));
  add_row(
      "LPPool2d", one, [] { return nn::LPPool2d(2, 2); }, in({1, 1, 4, 4}));
  add_row(
      "LPPool3d", one, [] { return nn::LPPool3d(2, 2); }, in({1, 1, 2, 2, 4}));
  add_row(
      "AdaptiveAvgPool1d", one, [] { return nn::AdaptiveAvgPool1d(2); }, in({1, 2, 3}));
  add_row(
      "AdaptiveAvgPool2d", one, [] { return nn::AdaptiveAvgPool2d(2); }, in({1, 1, 3, 3}));
  add_row(
      "AdaptiveAvgPool3d", one, [] { return nn::AdaptiveAvgPool3d(2); }, in({1, 1, 2, 3, 3}));
  add_row(
      "AdaptiveMaxPool1d", one, [] { return nn::AdaptiveMaxPool1d(2); }, in({1, 2, 3}));
  add_row(
      "AdaptiveMaxPool2d", one, [] { return nn::AdaptiveMaxPool2d(2); }, in({1, 1, 3, 3}));
  add_row(
      "AdaptiveMaxPool3d", one, [] { return nn::AdaptiveMaxPool3d(2); }, in({1, 1, 2, 3, 3}));
  add_row(
      "FractionalMaxPool2d", one, [] { return nn::FractionalMaxPool2d(2, {.output_size = 2}); }, in({1, 1, 4, 5}));
  add_row(
      "FractionalMaxPool3d", one, [] { return nn::FractionalMaxPool3d(2, {.output_size = 2}); }, in({1, 1, 3, 4, 4}));
  add_row(
      "MaxUnpool1d", two, [] { return nn::MaxUnpool1d(2); },
      [] {
        return Tensors{r({1, 1, 2}), tensor({{{1, 2}}})};
      });
  add_row(
      "MaxUnpool2d", two, [] { return nn::MaxUnpool2d(2); },
      [] {
        return Tensors{r({1, 1, 1, 2}), tensor({1, 6}).reshape({1, 1, 1, 2})};
      });
  add_row(
      "MaxUnpool3d", two, [] { return nn::MaxUnpool3d(2); },
      [] {
        return Tensors{r({1, 1, 1, 1, 2}), tensor({1, 6}).reshape({1, 1, 1, 1, 2})};
      });
  add_row(
      "Unfold", one, [] { return nn::Unfold(2); }, in({1, 2, 3, 3}));
  add_row(
      "Fold", one, [] { return nn::Fold(3, 2); }, in({1, 4, 4}));
  add_row(
      "PixelShuffle", one, [] { return nn::PixelShuffle(2); }, in({1, 4, 1, 2}));
  add_row(
      "PixelUnshuffle", one, [] { return nn::PixelUnshuffle(2); }, in({1, 1, 2, 4}));
  add_row(
      "ChannelShuffle", one, [] { return nn::ChannelShuffle(2); }, in({1, 4, 2}));
  add_row(
      "Upsample", one, [] { return nn::Upsample({.scale_factor = {2}}); }, in({1, 1, 2, 2}));
  add_row(
      "UpsamplingNearest2d", one, [] { return nn::UpsamplingNearest2d({.size = {3}}); }, in({1, 1, 2, 2}));
  add_row(
      "UpsamplingBilinear2d", one, [] { return nn::UpsamplingBilinear2d({.scale_factor = {2}}); }, in({1, 1, 2, 2}));
}

template <class P1, class P2, class P3>
void add_padding(const std::string& kind) {
  const auto name = [&](int n) { return kind + std::to_string(n) + "d"; };
  add_row(
      name(1).c_str(), one, [] { return P1(1); }, in({1, 1, 3}));
  add_row(
      name(2).c_str(), one, [] { return P2(1); }, in({1, 1, 2, 3}));
  add_row(
      name(3).c_str(), one, [] { return P3(1); }, in({1, 1, 2, 2, 2}));
}

void add_norms() {
  add_row(
      "BatchNorm1d", one, [] { return nn::BatchNorm1d(2); }, in({3, 2}));
  add_row(
      "BatchNorm2d", one, [] { return nn::BatchNorm2d(2); }, in({2, 2, 2, 2}));
  add_row(
      "BatchNorm3d", one, [] { return nn::BatchNorm3d(2); }, in({2, 2, 1, 2, 2}));
  add_row(
      "LazyBatchNorm1d", one, [] { return nn::LazyBatchNorm1d(); }, in({3, 2}));
  add_row(
      "LazyBatchNorm2d", one, [] { return nn::LazyBatchNorm2d(); }, in({2, 2, 2, 2}));
  add_row(
      "LazyBatchNorm3d", one, [] { return nn::LazyBatchNorm3d(); }, in({2, 2, 1, 2, 2}));
  add_row(
      "LazyInstanceNorm1d", one, [] { return nn::LazyInstanceNorm1d({.affine = true}); }, in({2, 2, 3}));
  add_row(
      "LazyInstanceNorm2d", one, [] { return nn::LazyInstanceNorm2d({.track_running_stats = true}); },
      in({1, 2, 2, 3}));
  add_row(
      "LazyInstanceNorm3d", one, [] { return nn::LazyInstanceNorm3d(); }, in({1, 2, 2, 2, 2}));
  add_row(
      "InstanceNorm1d", one, [] { return nn::InstanceNorm1d(2, {.affine = true}); }, in({2, 2, 3}));
  add_row(
      "InstanceNorm2d", one, [] { return nn::InstanceNorm2d(2, {.track_running_stats = true}); }, in({1, 2, 2, 3}));
  add_row(
      "InstanceNorm3d", one, [] { return nn::InstanceNorm3d(2); }, in({1, 2, 2, 2, 2}));
  add_row(
      "LayerNorm", one, [] { return nn::LayerNorm(3); }, in({2, 3}));
  add_row(
      "RMSNorm", one,
      [] {
        return nn::RMSNorm({2, 2});
      },
      in({2, 2, 2}));
  add_row(
      "GroupNorm", one, [] { return nn::GroupNorm(2, 4); }, in({2, 4, 2}));
  add_row(
      "LocalResponseNorm", one, [] { return nn::LocalResponseNorm(3); }, in({1, 4, 2}));
  add_padding<nn::ZeroPad1d, nn::ZeroPad2d, nn::ZeroPad3d>("ZeroPad");
  add_padding<nn::ReflectionPad1d, nn::ReflectionPad2d, nn::ReflectionPad3d>("ReflectionPad");
  add_padding<nn::ReplicationPad1d, nn::ReplicationPad2d, nn::ReplicationPad3d>("ReplicationPad");
  add_padding<nn::CircularPad1d, nn::CircularPad2d, nn::CircularPad3d>("CircularPad");
  add_row(
      "ConstantPad1d", one, [] { return nn::ConstantPad1d(1, 2); }, in({1, 1, 3}));
  add_row(
      "ConstantPad2d", one, [] { return nn::ConstantPad2d(1, 2); }, in({1, 1, 2, 3}));
  add_row(
      "ConstantPad3d", one, [] { return nn::ConstantPad3d(1, 2); }, in({1, 1, 2, 2, 2}));
}

void add_sequences() {
  add_row(
      "RNN", output, [] { return nn::RNN(2, 2, {.num_layers = 2, .dropout = 0.5}); }, in({3, 2, 2}));
  add_row(
      "GRU", output, [] { return nn::GRU(2, 2, {.bidirectional = true}); }, in({3, 2, 2}));
  add_row(
      "LSTM", output, [] { return nn::LSTM(2, 3, {.proj_size = 2}); }, in({2, 2, 2}));
  add_row(
      "RNNCell", one, [] { return nn::RNNCell(2, 3); }, in({2, 2}));
  add_row(
      "GRUCell", one, [] { return nn::GRUCell(2, 3); }, in({2, 2}));
  add_row(
      "LSTMCell", [](const nn::LSTMCell& m, const Tensors& x) { return m(x[0]).h; }, [] { return nn::LSTMCell(2, 3); },
      in({2, 2}));
  add_row(
      "MultiheadAttention", [](const nn::MultiheadAttention& m, const Tensors& x) { return m(x[0]).output; },
      [] { return nn::MultiheadAttention(4, 2, {.dropout = 0.2}); }, in({2, 2, 4}));
  const nn::TransformerEncoderLayerOptions small{.dim_feedforward = 3};
  const auto encoder = [small] { return nn::TransformerEncoderLayer(4, 2, small); };
  const auto decoder = [small] { return nn::TransformerDecoderLayer(4, 2, small); };
  add_row("TransformerEncoderLayer", one, encoder, in({2, 2, 4}));
  add_row("TransformerDecoderLayer", two, decoder, in({2, 2, 4}, {3, 2, 4}));
  add_row(
      "TransformerEncoder", one, [=] { return nn::TransformerEncoder(encoder(), 2, nn::LayerNorm(4)); }, in({2, 1, 4}));
  add_row(
      "TransformerDecoder", two, [=] { return nn::TransformerDecoder(decoder(), 1); }, in({2, 1, 4}, {3, 1, 4}));
  add_row(
      "Transformer", two,
      [] {
        return nn::Transformer(
            {.d_model = 4, .nhead = 2, .num_encoder_layers = 1, .num_decoder_layers = 1, .dim_feedforward = 3});
      },
      in({2, 1, 4}, {3, 1, 4}));
}

void add_losses() {
  const auto numbers = [] { return Tensors{r({3, 2}), r({3, 2})}; };
  add_row(
      "MSELoss", two, [] { return nn::MSELoss(); }, numbers);
  add_row(
      "L1Loss", two, [] { return nn::L1Loss(); }, numbers);
  add_row(
      "SmoothL1Loss", two, [] { return nn::SmoothL1Loss(); }, numbers);
  add_row(
      "HuberLoss", two, [] { return nn::HuberLoss(); }, numbers);
  add_row(
      "BCELoss", two,
      [] {
        return nn::BCELoss({.weight = tensor({0.5, 2.0})});
      },
      probabilities);
  add_row(
      "BCEWithLogitsLoss", two, [] { return nn::BCEWithLogitsLoss(); }, probabilities);
  add_row(
      "CrossEntropyLoss", two, [] { return nn::CrossEntropyLoss({.weight = ones({4})}); }, with_classes);
  add_row(
      "NLLLoss", two, [] { return nn::NLLLoss(); }, with_classes);
  add_row(
      "KLDivLoss", two, [] { return nn::KLDivLoss({.reduction = KlReduction::batchmean}); }, probabilities);
  add_row(
      "PoissonNLLLoss", two, [] { return nn::PoissonNLLLoss(); }, probabilities);
  add_row(
      "GaussianNLLLoss", three, [] { return nn::GaussianNLLLoss(); },
      [] {
        return Tensors{r({3}), r({3}), fixed(rand({3}) + 0.5).requires_grad_()};
      });
  add_row(
      "CTCLoss", [](const nn::CTCLoss& m, const Tensors& x) { return m(log_softmax(x[0], 2), x[1], x[2], x[3]); },
      [] { return nn::CTCLoss(); },
      [] {
        return Tensors{r({4, 1, 3}), tensor({{1, 2}}), tensor({4}), tensor({2})};
      });
  add_row(
      "HingeEmbeddingLoss", two, [] { return nn::HingeEmbeddingLoss(); }, with_signs);
  add_row(
      "SoftMarginLoss", two, [] { return nn::SoftMarginLoss(); }, with_signs);
  add_row(
      "MarginRankingLoss", three, [] { return nn::MarginRankingLoss({.margin = 0.5}); },
      [] {
        return Tensors{r({3}), r({3}), fixed(tensor({1., -1., 1.}))};
      });
  add_row(
      "CosineEmbeddingLoss", three, [] { return nn::CosineEmbeddingLoss(); },
      [] {
        return Tensors{r({3, 2}), r({3, 2}), fixed(tensor({1., -1., 1.}))};
      });
  add_row(
      "TripletMarginLoss", three, [] { return nn::TripletMarginLoss(); }, in({3, 2}, {3, 2}, {3, 2}));
  add_row(
      "TripletMarginWithDistanceLoss", three,
      [] {
        return nn::TripletMarginWithDistanceLoss(
            {.distance_function = [](const Tensor& a, const Tensor& b) { return 1 - cosine_similarity(a, b); },
             .swap = true});
      },
      in({3, 2}, {3, 2}, {3, 2}));
  add_row(
      "MultiMarginLoss", two, [] { return nn::MultiMarginLoss(); }, with_classes);
  add_row(
      "MultiLabelMarginLoss", two, [] { return nn::MultiLabelMarginLoss(); },
      [] {
        return Tensors{r({2, 3}), tensor({{0, 2, -1}, {1, -1, 0}})};
      });
  add_row(
      "MultiLabelSoftMarginLoss", two, [] { return nn::MultiLabelSoftMarginLoss(); }, probabilities);
}

const std::vector<Row>& table() {
  if (rows().empty()) {
    for (const auto add : {add_basic, add_activations, add_images, add_norms, add_sequences, add_losses}) add();
  }
  return rows();
}

// ---- what is asked of each ----
Subject made(const Row& row) {
  manual_seed(7);
  Subject s = row.make();
  s.module.to(kFloat64);
  return s;
}

Tensor run(const Subject& s, const Tensors& x) {
  manual_seed(11);  // of dropout
  return s.call(x);
}

void check_gradients(const Row& row) {
  Subject s = made(row);
  const Tensors x = row.inputs();
  run(s, x);  // lazy ones get their shapes
  Tensors wanted;
  std::int64_t numbers = 0;
  for (const Tensors& list : {x, s.module.parameters()})
    for (const Tensor& t : list)
      if (t.requires_grad()) wanted.push_back(t), numbers += t.numel();
  for (const bool training : {true, false}) {
    s.module.train(training);
    const auto f = [&](const Tensors& given) {
      Tensors all = x;
      std::size_t next = 0;
      for (Tensor& t : all)
        if (t.requires_grad()) t = given[next++];
      return Tensors{run(s, all)};
    };
    GradcheckReport report;
    const bool right = gradcheck(f, wanted, {.raise_exception = false, .fast_mode = numbers > 100, .report = &report});
    BOOST_CHECK_MESSAGE(right, row.name << (training ? " in training: " : " in evaluation: ") << report.message);
  }
}

void check_services(const Row& row, const std::string& path) {
  Subject s = made(row);
  const Tensors x = row.inputs();
  run(s, x);
  s.module.eval();
  const Tensor y = run(s, x);
  const auto same = [&](Subject other, const char* how) {
    other.module.eval();
    BOOST_CHECK_MESSAGE(same_bits(run(other, x), y), row.name << ": another result when " << how);
  };
  save_safetensors(s.module.state_dict(), path);
  Subject loaded = made(row);
  for (Tensor& p : loaded.module.parameters())
    if (p.is_floating_point()) p.detach().fill_(3);
  loaded.module.load_state_dict(load_safetensors(path));
  same(loaded, "saved and loaded");
  const Subject copy = s.copy();
  same(copy, "cloned");
  const Tensors own = s.module.parameters(), copied = copy.module.parameters();
  BOOST_CHECK_MESSAGE(own.size() == copied.size(), row.name << ": the clone has other parameters");
  for (std::size_t i = 0; i < own.size() && i < copied.size(); ++i)
    BOOST_CHECK_MESSAGE(!own[i].is_same(copied[i]), row.name << ": a parameter is shared with the clone");
  BOOST_CHECK_MESSAGE(s.text.find(row.name == "AnyModule" ? "Linear" : row.name) != std::string::npos,
                      row.name << " prints " << s.text);
  const train::Summary summary = train::detail::summarize(s.module, typeid(nn::Module), [&] { return run(s, x); });
  BOOST_CHECK_MESSAGE(summary.parameters == s.module.num_parameters() && !summary.text.empty(),
                      row.name << ": " << summary.text);
  if (!y.requires_grad()) return;
  const std::string picture = viz::to_dot(y.sum());
  BOOST_CHECK_MESSAGE(picture.find("digraph") != std::string::npos, row.name << " is not drawn");
  for (const auto& [name, p] : s.module.named_parameters(false))
    BOOST_CHECK_MESSAGE(picture.find(name) != std::string::npos, row.name << ": " << name << " is not drawn");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(modules)

BOOST_AUTO_TEST_CASE(every_module_of_the_headers_has_a_row) {
  std::set<std::string> names;
  for (const Row& row : table()) BOOST_CHECK_MESSAGE(names.insert(row.name).second, row.name << " has two rows");
  const auto all = declared();
  BOOST_TEST(all.size() > 120u);
  for (const auto& [name, file] : all)
    BOOST_CHECK_MESSAGE(names.contains(name), name << " of nn/" << file << " has no row here");
  for (const std::string& name : names)
    BOOST_CHECK_MESSAGE(all.contains(name), "there is a row for " << name << ", which no header declares");
}

BOOST_AUTO_TEST_CASE(the_reference_lists_what_the_headers_declare) {
  auto page = listed();
  std::map<std::string, std::set<std::string>> headers;
  for (const auto& [name, file] : declared()) headers[file.substr(0, file.size() - 4)].insert(name);
  std::set<std::string> of_weights = functions_of("parametrize");
  of_weights.merge(functions_of("prune"));
  headers["parametrize"] = headers["prune"] = of_weights;
  for (const char* header : {"packed_sequence", "init", "weight_options"}) headers[header] = functions_of(header);
  headers["dense"].merge(functions_of("dense"));
  ReferencePage text("modules.md");
  for (const auto& [header, names] : headers)
    for (const std::string& name : names)
      if (!page[header].contains(name))
        text.missing("`" + header + "`", name, text_of(source_folder() / "nn/include/xgrad/nn" / (header + ".hpp")));
  for (const auto& [header, names] : page)
    for (const std::string& name : names)
      BOOST_CHECK_MESSAGE(headers[header].contains(name),
                          "docs/reference/modules.md lists " << name << ", which nn/" << header << ".hpp has not");
}

BOOST_AUTO_TEST_CASE(gradients) {
  for (const Row& row : table()) check_gradients(row);
}

BOOST_AUTO_TEST_CASE(saved_loaded_cloned_printed_summarised_drawn) {
  const TempDir folder;
  for (const Row& row : table()) check_services(row, folder / "state.safetensors");
}

BOOST_AUTO_TEST_SUITE_END()
