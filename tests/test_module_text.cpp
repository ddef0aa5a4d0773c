// What modules print: their sizes, and every option that is not its default. One row for each module of the headers;
// every member of its options must be in the text when it is changed.
#include <set>

#include <xgrad/nn.hpp>

#include "declared_modules.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

struct Text {
  std::string name, usual, changed;  // with the defaults, and with other options
  std::string options;               // the structure that they stand in
};

template <class M>
Text row(const char* name, const M& usual, const std::string& text) {
  BOOST_TEST(to_string(usual) == text);
  return {name, text, "", ""};
}
template <class M>
Text row(const char* name, const M& usual, const std::string& text, const char* options, const M& changed,
         const std::string& changed_text) {
  BOOST_TEST(to_string(usual) == text);
  BOOST_TEST(to_string(changed) == changed_text);
  return {name, text, changed_text, options};
}

using Texts = std::vector<Text>;

Texts linear_layers() {
  const Tensor w = ones({3});
  return {
      row("Linear", nn::Linear(2, 3), "Linear(2 → 3)", "LinearOptions", nn::Linear(2, 3, {.bias = false}),
          "Linear(2 → 3, bias=false)"),
      row("LazyLinear", nn::LazyLinear(3), "LazyLinear(3)", "LinearOptions", nn::LazyLinear(3, {.bias = false}),
          "LazyLinear(3, bias=false)"),
      row("Dense", nn::Dense(3), "Dense(3)", "DenseOptions",
          nn::Dense(3, {.activation = nn::LeakyReLU(0.2),
                        .use_bias = false,
                        .kernel_regularizer = nn::L2(),
                        .activity_regularizer = nn::L1L2(0.1, 0.2),
                        .kernel_constraint = nn::MaxNorm(3, {0, 1}),
                        .lora_rank = 2,
                        .lora_alpha = 4}),
          "Dense(3, use_bias=false, lora_rank=2, lora_alpha=4, kernel_regularizer=L2(0.01), "
          "activity_regularizer=L1L2(l1=0.1, l2=0.2), kernel_constraint=MaxNorm(3, dims=(0, 1))) (\n"
          "  (activation): LeakyReLU(negative_slope=0.2)\n)"),
      row("Bilinear", nn::Bilinear(2, 3, 4), "Bilinear(2, 3 → 4)", "LinearOptions",
          nn::Bilinear(2, 3, 4, {.bias = false}), "Bilinear(2, 3 → 4, bias=false)"),
      row("Identity", nn::Identity(), "Identity"),
      row("Flatten", nn::Flatten(), "Flatten", "FlattenOptions", nn::Flatten({.start_dim = 0, .end_dim = 1}),
          "Flatten(start_dim=0, end_dim=1)"),
      row("Unflatten", nn::Unflatten(1, {2, -1}), "Unflatten(1, (2, -1))"),
      row("Dropout", nn::Dropout(), "Dropout(0.5)", "", nn::Dropout(0.1), "Dropout(0.1)"),
      row("Dropout1d", nn::Dropout1d(0.1), "Dropout1d(0.1)"),
      row("Dropout2d", nn::Dropout2d(0.1), "Dropout2d(0.1)"),
      row("Dropout3d", nn::Dropout3d(0.1), "Dropout3d(0.1)"),
      row("AlphaDropout", nn::AlphaDropout(0.1), "AlphaDropout(0.1)"),
      row("FeatureAlphaDropout", nn::FeatureAlphaDropout(0.1), "FeatureAlphaDropout(0.1)"),
      row("Embedding", nn::Embedding(4, 2), "Embedding(4, 2)", "EmbeddingOptions",
          nn::Embedding(4, 2, {.padding_idx = 0, .max_norm = 1.5, .norm_type = 1, .scale_grad_by_freq = true}),
          "Embedding(4, 2, padding_idx=0, max_norm=1.5, norm_type=1, scale_grad_by_freq=true)"),
      row("EmbeddingBag", nn::EmbeddingBag(4, 2), "EmbeddingBag(4, 2)", "EmbeddingBagOptions",
          nn::EmbeddingBag(4, 2,
                           {.mode = BagMode::sum,
                            .include_last_offset = true,
                            .padding_idx = -1,
                            .max_norm = 2,
                            .norm_type = 1,
                            .scale_grad_by_freq = true}),
          "EmbeddingBag(4, 2, padding_idx=-1, max_norm=2, norm_type=1, scale_grad_by_freq=true, mode=sum, "
          "include_last_offset=true)"),
      row("CosineSimilarity", nn::CosineSimilarity(), "CosineSimilarity", "CosineSimilarityOptions",
          nn::CosineSimilarity({.dim = 0, .eps = 1e-6}), "CosineSimilarity(dim=0, eps=1e-06)"),
      row("PairwiseDistance", nn::PairwiseDistance(), "PairwiseDistance", "PairwiseDistanceOptions",
          nn::PairwiseDistance({.p = 1, .eps = 0, .keepdim = true}), "PairwiseDistance(p=1, eps=0, keepdim=true)"),
      row("Sequential", nn::Sequential(nn::Linear(2, 2, {.bias = false}), nn::LeakyReLU(0.2)),
          "Sequential(\n  (0): Linear(2 → 2, bias=false)\n  (1): LeakyReLU(negative_slope=0.2)\n)"),
      row("AnyModule", nn::AnyModule(nn::Linear(2, 2)), "Linear(2 → 2)"),
      row("ModuleList", nn::ModuleList<nn::Linear>{nn::Linear(2, 2)}, "ModuleList(\n  (0): Linear(2 → 2)\n)"),
      row("ModuleDict", nn::ModuleDict<>{{"act", nn::Softmax(0)}}, "ModuleDict(\n  (act): Softmax(dim=0)\n)"),
      row("ParameterList", nn::ParameterList{w}, "ParameterList"),
      row("ParameterDict", nn::ParameterDict{{"w", w}}, "ParameterDict"),
  };
}

Texts activations() {
  return {
      row("ReLU", nn::ReLU(), "ReLU"),
      row("Tanh", nn::Tanh(), "Tanh"),
      row("Sigmoid", nn::Sigmoid(), "Sigmoid"),
      row("LogSigmoid", nn::LogSigmoid(), "LogSigmoid"),
      row("SiLU", nn::SiLU(), "SiLU"),
      row("LeakyReLU", nn::LeakyReLU(), "LeakyReLU", "LeakyReLUOptions", nn::LeakyReLU({.negative_slope = 0.2}),
          "LeakyReLU(negative_slope=0.2)"),
      row("ELU", nn::ELU(), "ELU", "ELUOptions", nn::ELU({.alpha = 0.5}), "ELU(alpha=0.5)"),
      row("GELU", nn::GELU(), "GELU", "GELUOptions", nn::GELU(Gelu::tanh), "GELU(approximate=tanh)"),
      row("Softplus", nn::Softplus(), "Softplus", "SoftplusOptions", nn::Softplus({.beta = 2, .threshold = 10}),
          "Softplus(beta=2, threshold=10)"),
      row("Softmax", nn::Softmax(), "Softmax", "SoftmaxOptions", nn::Softmax({.dim = 1}), "Softmax(dim=1)"),
      row("LogSoftmax", nn::LogSoftmax(), "LogSoftmax", "SoftmaxOptions", nn::LogSoftmax({.dim = 1}),
          "LogSoftmax(dim=1)"),
      row("Softmin", nn::Softmin(), "Softmin", "SoftminOptions", nn::Softmin({.dim = 1}), "Softmin(dim=1)"),
      row("Softmax2d", nn::Softmax2d(), "Softmax2d"),
      row("ReLU6", nn::ReLU6(), "ReLU6"),
      row("Hardsigmoid", nn::Hardsigmoid(), "Hardsigmoid"),
      row("Hardswish", nn::Hardswish(), "Hardswish"),
      row("SELU", nn::SELU(), "SELU"),
      row("Mish", nn::Mish(), "Mish"),
      row("Softsign", nn::Softsign(), "Softsign"),
      row("Tanhshrink", nn::Tanhshrink(), "Tanhshrink"),
      row("Hardtanh", nn::Hardtanh(), "Hardtanh", "HardtanhOptions", nn::Hardtanh({.min_val = 0, .max_val = 6}),
          "Hardtanh(min_val=0, max_val=6)"),
      row("Hardshrink", nn::Hardshrink(), "Hardshrink", "HardshrinkOptions", nn::Hardshrink({.lambd = 0.1}),
          "Hardshrink(lambd=0.1)"),
      row("Softshrink", nn::Softshrink(), "Softshrink", "SoftshrinkOptions", nn::Softshrink({.lambd = 0.1}),
          "Softshrink(lambd=0.1)"),
      row("CELU", nn::CELU(), "CELU", "CELUOptions", nn::CELU({.alpha = 2}), "CELU(alpha=2)"),
      row("GLU", nn::GLU(), "GLU", "GLUOptions", nn::GLU({.dim = 1}), "GLU(dim=1)"),
      row("RReLU", nn::RReLU(), "RReLU", "RReLUOptions", nn::RReLU({.lower = 0.1, .upper = 0.3}),
          "RReLU(lower=0.1, upper=0.3)"),
      row("Step", nn::Step(), "Step", "StepOptions", nn::Step({.at_zero = 0}), "Step(at_zero=0)"),
      row("Threshold", nn::Threshold(0.1, 2), "Threshold(0.1, 2)"),
      row("PReLU", nn::PReLU(), "PReLU(1)", "", nn::PReLU({.num_parameters = 3, .init = 0.1}), "PReLU(3, init=0.1)"),
      row("Maxout", nn::Maxout(2), "Maxout(2)", "MaxoutOptions", nn::Maxout(2, {.dim = -1}), "Maxout(2, dim=-1)"),
  };
}

template <class C>
Text conv(const char* name, const std::string& sizes) {
  return row(
      name, C(2, 4, 3), name + ("(2 → 4, " + sizes + ")"), "ConvNdOptions",
      C(2, 4, 3,
        {.stride = 2,
         .padding = 1,
         .dilation = 2,
         .groups = 2,
         .bias = false,
         .padding_mode = nn::PaddingMode::circular}),
      name + ("(2 → 4, " + sizes + ", stride=2, padding=1, dilation=2, groups=2, bias=false, padding_mode=circular)"));
}
template <class C>
Text lazy_conv(const char* name, const std::string& sizes) {
  return row(
      name, C(4, 3), name + ("(4, " + sizes + ")"), "ConvNdOptions",
      C(4, 3,
        {.stride = 2,
         .padding = 1,
         .dilation = 2,
         .groups = 2,
         .bias = false,
         .padding_mode = nn::PaddingMode::reflect}),
      name + ("(4, " + sizes + ", stride=2, padding=1, dilation=2, groups=2, bias=false, padding_mode=reflect)"));
}
const char* const kTransposed = ", stride=2, padding=1, output_padding=1, groups=2, bias=false, dilation=3)";
template <class C>
Text transposed(const char* name, const std::string& sizes) {
  return row(name, C(2, 4, 3), name + ("(2 → 4, " + sizes + ")"), "ConvTransposeNdOptions",
             C(2, 4, 3, {.stride = 2, .padding = 1, .output_padding = 1, .groups = 2, .bias = false, .dilation = 3}),
             name + ("(2 → 4, " + sizes + kTransposed));
}
template <class C>
Text lazy_transposed(const char* name, const std::string& sizes) {
  return row(name, C(4, 3), name + ("(4, " + sizes + ")"), "ConvTransposeNdOptions",
             C(4, 3, {.stride = 2, .padding = 1, .output_padding = 1, .groups = 2, .bias = false, .dilation = 3}),
             name + ("(4, " + sizes + kTransposed));
}

Texts convolutions() {
  return {
      conv<nn::Conv1d>("Conv1d", "3"),
      conv<nn::Conv2d>("Conv2d", "3x3"),
      conv<nn::Conv3d>("Conv3d", "3x3x3"),
      row("Conv2d", nn::Conv2d(1, 2, {3, 1}, {.padding = "same"}), "Conv2d(1 → 2, 3x1, padding=same)"),
      transposed<nn::ConvTranspose1d>("ConvTranspose1d", "3"),
      transposed<nn::ConvTranspose2d>("ConvTranspose2d", "3x3"),
      transposed<nn::ConvTranspose3d>("ConvTranspose3d", "3x3x3"),
      lazy_conv<nn::LazyConv1d>("LazyConv1d", "3"),
      lazy_conv<nn::LazyConv2d>("LazyConv2d", "3x3"),
      lazy_conv<nn::LazyConv3d>("LazyConv3d", "3x3x3"),
      lazy_transposed<nn::LazyConvTranspose1d>("LazyConvTranspose1d", "3"),
      lazy_transposed<nn::LazyConvTranspose2d>("LazyConvTranspose2d", "3x3"),
      lazy_transposed<nn::LazyConvTranspose3d>("LazyConvTranspose3d", "3x3x3"),
      row("Unfold", nn::Unfold(2), "Unfold(2x2)", "PatchOptions",
          nn::Unfold(2, {.dilation = 2, .padding = 1, .stride = {2, 1}}),
          "Unfold(2x2, dilation=2, padding=1, stride=2x1)"),
      row("Fold", nn::Fold(3, 2), "Fold(3x3, 2x2)", "PatchOptions",
          nn::Fold(3, 2, {.dilation = 2, .padding = 1, .stride = 2}),
          "Fold(3x3, 2x2, dilation=2, padding=1, stride=2)"),
      row("PixelShuffle", nn::PixelShuffle(2), "PixelShuffle(2)"),
      row("PixelUnshuffle", nn::PixelUnshuffle(2), "PixelUnshuffle(2)"),
      row("ChannelShuffle", nn::ChannelShuffle(2), "ChannelShuffle(2)"),
  };
}

template <template <int> class P, int N>
void pools(Texts& all, const std::string& kind, const std::string& size) {
  const std::string name = kind + std::to_string(N) + "d";
  if constexpr (std::is_same_v<P<N>, nn::MaxPoolNd<N>>)
    all.push_back(row(name.c_str(), P<N>(2), name + "(" + size + ")", "MaxPoolOptions",
                      P<N>(2, {.stride = 1, .padding = 1, .dilation = 2, .ceil_mode = true}),
                      name + "(" + size + ", stride=1, padding=1, dilation=2, ceil_mode=true)"));
  else if constexpr (std::is_same_v<P<N>, nn::AvgPoolNd<N>>)
    all.push_back(
        row(name.c_str(), P<N>(2), name + "(" + size + ")", "AvgPoolOptions",
            P<N>(2, {.stride = 1, .padding = 1, .ceil_mode = true, .count_include_pad = false, .divisor_override = 3}),
            name + "(" + size + ", stride=1, padding=1, ceil_mode=true, count_include_pad=false, divisor_override=3)"));
  else if constexpr (std::is_same_v<P<N>, nn::LPPoolNd<N>>)
    all.push_back(row(name.c_str(), P<N>(1.5, 2), name + "(1.5, " + size + ")", "LPPoolOptions",
                      P<N>(3, 2, {.stride = 1, .ceil_mode = true}),
                      name + "(3, " + size + ", stride=1, ceil_mode=true)"));
  else
    all.push_back(row(name.c_str(), P<N>(2), name + "(" + size + ")", "MaxUnpoolOptions",
                      P<N>(2, {.stride = 1, .padding = 1}), name + "(" + size + ", stride=1, padding=1)"));
}
template <template <int> class P>
void pools(Texts& all, const std::string& kind) {
  pools<P, 1>(all, kind, "2");
  pools<P, 2>(all, kind, "2x2");
  pools<P, 3>(all, kind, "2x2x2");
}

Texts pooling() {
  Texts all{
      row("MaxPool2d", nn::MaxPool2d(2, {.stride = 2}), "MaxPool2d(2x2)"),  // the default, given
      row("AdaptiveAvgPool1d", nn::AdaptiveAvgPool1d(2), "AdaptiveAvgPool1d(2)"),
      row("AdaptiveAvgPool2d", nn::AdaptiveAvgPool2d({2, 3}), "AdaptiveAvgPool2d(2x3)"),
      row("AdaptiveAvgPool3d", nn::AdaptiveAvgPool3d(2), "AdaptiveAvgPool3d(2x2x2)"),
      row("AdaptiveMaxPool1d", nn::AdaptiveMaxPool1d(2), "AdaptiveMaxPool1d(2)"),
      row("AdaptiveMaxPool2d", nn::AdaptiveMaxPool2d({kKeepSize, 3}), "AdaptiveMaxPool2d(-1x3)"),
      row("AdaptiveMaxPool3d", nn::AdaptiveMaxPool3d(2), "AdaptiveMaxPool3d(2x2x2)"),
      row("FractionalMaxPool2d", nn::FractionalMaxPool2d(2, {.output_size = 3}),
          "FractionalMaxPool2d(2x2, output_size=3)"),
      row("FractionalMaxPool2d",
          nn::FractionalMaxPool2d(2, {.output_ratio = {0.5, 0.25}, .random_samples = zeros({1, 1, 2})}),
          "FractionalMaxPool2d(2x2, output_ratio=(0.5, 0.25), random_samples=(1, 1, 2))"),
      row("FractionalMaxPool3d", nn::FractionalMaxPool3d(2, {.output_ratio = {0.5}}),
          "FractionalMaxPool3d(2x2x2, output_ratio=0.5)"),
      row("Upsample", nn::Upsample({.scale_factor = {2}}), "Upsample(×2)"),
      row("Upsample", nn::Upsample({.size = {4, 5}}), "Upsample(4, 5)", "InterpolateOptions",
          nn::Upsample({.scale_factor = {2},
                        .mode = Interpolation::bilinear,
                        .align_corners = true,
                        .recompute_scale_factor = true,
                        .antialias = true}),
          "Upsample(×2, mode=bilinear, align_corners=true, recompute_scale_factor=true, antialias=true)"),
      row("UpsamplingNearest2d", nn::UpsamplingNearest2d({.size = {3}}), "UpsamplingNearest2d(3)"),
      row("UpsamplingBilinear2d", nn::UpsamplingBilinear2d({.scale_factor = {2}}), "UpsamplingBilinear2d(×2)"),
      row("ConstantPad1d", nn::ConstantPad1d(1, 2), "ConstantPad1d(1, value=2)"),
      row("ConstantPad2d", nn::ConstantPad2d({1, 2, 3, 4}, 0.5), "ConstantPad2d(1, 2, 3, 4, value=0.5)"),
      row("ConstantPad3d", nn::ConstantPad3d(1, -1), "ConstantPad3d(1, value=-1)"),
  };
  pools<nn::MaxPoolNd>(all, "MaxPool");
  pools<nn::AvgPoolNd>(all, "AvgPool");
  pools<nn::LPPoolNd>(all, "LPPool");
  pools<nn::MaxUnpoolNd>(all, "MaxUnpool");
  const auto pads = [&]<class P1, class P2, class P3>(const std::string& kind, const P1& a, const P2& b, const P3& c) {
    all.push_back(row((kind + "1d").c_str(), a, kind + "1d(1)"));
    all.push_back(row((kind + "2d").c_str(), b, kind + "2d(1, 2, 3, 4)"));
    all.push_back(row((kind + "3d").c_str(), c, kind + "3d(1)"));
  };
  const std::vector<std::int64_t> sides{1, 2, 3, 4};
  pads("ZeroPad", nn::ZeroPad1d(1), nn::ZeroPad2d(sides), nn::ZeroPad3d(1));
  pads("ReflectionPad", nn::ReflectionPad1d(1), nn::ReflectionPad2d(sides), nn::ReflectionPad3d(1));
  pads("ReplicationPad", nn::ReplicationPad1d(1), nn::ReplicationPad2d(sides), nn::ReplicationPad3d(1));
  pads("CircularPad", nn::CircularPad1d(1), nn::CircularPad2d(sides), nn::CircularPad3d(1));
  return all;
}

template <class N>
Text batch_norm(const char* name) {
  return row(name, N(4), name + std::string("(4)"), "BatchNormOptions",
             N(4, {.eps = 1e-3, .momentum = std::nullopt, .affine = false, .track_running_stats = false}),
             name + std::string("(4, eps=0.001, momentum=none, affine=false, track_running_stats=false)"));
}
template <class N>
Text instance_norm(const char* name) {
  return row(name, N(4), name + std::string("(4)"), "InstanceNormOptions",
             N(4, {.eps = 1e-3, .momentum = 0.2, .affine = true, .track_running_stats = true}),
             name + std::string("(4, eps=0.001, momentum=0.2, affine=true, track_running_stats=true)"));
}

template <class N>
Text lazy_batch_norm(const char* name) {
  return row(name, N(), name, "BatchNormOptions",
             N({.eps = 1e-3, .momentum = std::nullopt, .affine = false, .track_running_stats = false}),
             name + std::string("(eps=0.001, momentum=none, affine=false, track_running_stats=false)"));
}
template <class N>
Text lazy_instance_norm(const char* name) {
  return row(name, N(), name, "InstanceNormOptions",
             N({.eps = 1e-3, .momentum = 0.2, .affine = true, .track_running_stats = true}),
             name + std::string("(eps=0.001, momentum=0.2, affine=true, track_running_stats=true)"));
}

Texts norms() {
  return {
      batch_norm<nn::BatchNorm1d>("BatchNorm1d"),
      batch_norm<nn::BatchNorm2d>("BatchNorm2d"),
      batch_norm<nn::BatchNorm3d>("BatchNorm3d"),
      lazy_batch_norm<nn::LazyBatchNorm1d>("LazyBatchNorm1d"),
      lazy_batch_norm<nn::LazyBatchNorm2d>("LazyBatchNorm2d"),
      lazy_batch_norm<nn::LazyBatchNorm3d>("LazyBatchNorm3d"),
      lazy_instance_norm<nn::LazyInstanceNorm1d>("LazyInstanceNorm1d"),
      lazy_instance_norm<nn::LazyInstanceNorm2d>("LazyInstanceNorm2d"),
      lazy_instance_norm<nn::LazyInstanceNorm3d>("LazyInstanceNorm3d"),
      instance_norm<nn::InstanceNorm1d>("InstanceNorm1d"),
      instance_norm<nn::InstanceNorm2d>("InstanceNorm2d"),
      instance_norm<nn::InstanceNorm3d>("InstanceNorm3d"),
      row("LayerNorm", nn::LayerNorm(3), "LayerNorm(3)", "LayerNormOptions",
          nn::LayerNorm({2, 3}, {.eps = 0.1, .elementwise_affine = false, .bias = false}),
          "LayerNorm(2, 3, eps=0.1, elementwise_affine=false, bias=false)"),
      row("RMSNorm", nn::RMSNorm(3), "RMSNorm(3)", "RMSNormOptions",
          nn::RMSNorm({2, 3}, {.eps = 0.1, .elementwise_affine = false}),
          "RMSNorm(2, 3, eps=0.1, elementwise_affine=false)"),
      row("GroupNorm", nn::GroupNorm(2, 4), "GroupNorm(2, 4)", "GroupNormOptions",
          nn::GroupNorm(2, 4, {.eps = 0.1, .affine = false}), "GroupNorm(2, 4, eps=0.1, affine=false)"),
      row("LocalResponseNorm", nn::LocalResponseNorm(3), "LocalResponseNorm(3)", "LocalResponseNormOptions",
          nn::LocalResponseNorm(3, {.alpha = 1, .beta = 0.5, .k = 2}), "LocalResponseNorm(3, alpha=1, beta=0.5, k=2)"),
  };
}

template <class R, class O>
Text recurrent(const char* name, const char* options, O changed, const std::string& more) {
  changed.num_layers = 2, changed.bias = false, changed.batch_first = true, changed.dropout = 0.1;
  changed.bidirectional = true;
  return row(
      name, R(2, 3), name + std::string("(2 → 3)"), options, R(2, 3, changed),
      name + ("(2 → 3, num_layers=2, bias=false, batch_first=true, dropout=0.1, bidirectional=true" + more + ")"));
}

Texts sequences() {
  const nn::TransformerEncoderLayerOptions other{.dim_feedforward = 8,
                                                 .dropout = 0.2,
                                                 .activation = nn::TransformerActivation::gelu,
                                                 .layer_norm_eps = 0.1,
                                                 .batch_first = true,
                                                 .norm_first = true,
                                                 .bias = false};
  const auto first_line = [](const nn::Module& m) { return m.label(); };
  const nn::TransformerEncoderLayer encoder(4, 2), other_encoder(4, 2, other);
  const nn::TransformerDecoderLayer decoder(4, 2), other_decoder(4, 2, other);
  const std::string of_layers =
      "(4, 2 heads, dim_feedforward=8, dropout=0.2, activation=gelu, layer_norm_eps=0.1, batch_first=true, "
      "norm_first=true, bias=false)";
  BOOST_TEST(first_line(encoder) == "TransformerEncoderLayer(4, 2 heads)");
  BOOST_TEST(first_line(other_encoder) == "TransformerEncoderLayer" + of_layers);
  BOOST_TEST(first_line(decoder) == "TransformerDecoderLayer(4, 2 heads)");
  BOOST_TEST(first_line(other_decoder) == "TransformerDecoderLayer" + of_layers);
  const nn::Transformer whole({.d_model = 4,
                               .nhead = 2,
                               .num_encoder_layers = 1,
                               .num_decoder_layers = 2,
                               .dim_feedforward = 8,
                               .dropout = 0.2,
                               .activation = nn::TransformerActivation::gelu,
                               .layer_norm_eps = 0.1,
                               .batch_first = true,
                               .norm_first = true,
                               .bias = false});
  const std::string of_whole =
      "Transformer(4, 2 heads, num_encoder_layers=1, num_decoder_layers=2, dim_feedforward=8, dropout=0.2, "
      "activation=gelu, layer_norm_eps=0.1, batch_first=true, norm_first=true, bias=false)";
  BOOST_TEST(first_line(whole) == of_whole);
  BOOST_TEST(first_line(nn::TransformerEncoder(encoder, 2)) == "TransformerEncoder(2 layers)");
  BOOST_TEST(first_line(nn::TransformerDecoder(decoder, 2)) == "TransformerDecoder(2 layers)");
  const nn::MultiheadAttention attention(4, 2), other_attention(4, 2,
                                                                {.dropout = 0.1,
                                                                 .bias = false,
                                                                 .add_bias_kv = true,
                                                                 .add_zero_attn = true,
                                                                 .kdim = 3,
                                                                 .vdim = 5,
                                                                 .batch_first = true});
  const std::string of_attention =
      "MultiheadAttention(4, 2 heads, dropout=0.1, bias=false, add_bias_kv=true, add_zero_attn=true, kdim=3, vdim=5, "
      "batch_first=true)";
  BOOST_TEST(first_line(attention) == "MultiheadAttention(4, 2 heads)");
  BOOST_TEST(first_line(other_attention) == of_attention);
  return {
      recurrent<nn::RNN>("RNN", "RNNOptions", nn::RNNOptions{.nonlinearity = nn::init::Nonlinearity::relu},
                         ", nonlinearity=relu"),
      recurrent<nn::GRU>("GRU", "GRUOptions", nn::GRUOptions{}, ""),
      recurrent<nn::LSTM>("LSTM", "LSTMOptions", nn::LSTMOptions{.proj_size = 2}, ", proj_size=2"),
      row("RNNCell", nn::RNNCell(2, 3), "RNNCell(2 → 3)", "RNNCellOptions",
          nn::RNNCell(2, 3, {.bias = false, .nonlinearity = nn::init::Nonlinearity::relu}),
          "RNNCell(2 → 3, bias=false, nonlinearity=relu)"),
      row("GRUCell", nn::GRUCell(2, 3), "GRUCell(2 → 3)", "", nn::GRUCell(2, 3, {.bias = false}),
          "GRUCell(2 → 3, bias=false)"),
      row("LSTMCell", nn::LSTMCell(2, 3), "LSTMCell(2 → 3)", "", nn::LSTMCell(2, 3, {.bias = false}),
          "LSTMCell(2 → 3, bias=false)"),
      {"MultiheadAttention", "", of_attention, "MultiheadAttentionOptions"},
      {"TransformerEncoderLayer", "", of_layers, "TransformerEncoderLayerOptions"},
      {"TransformerDecoderLayer", "", of_layers, "TransformerEncoderLayerOptions"},
      {"TransformerEncoder", "", "", ""},
      {"TransformerDecoder", "", "", ""},
      {"Transformer", "", "d_model= nhead= " + of_whole, "TransformerOptions"},
  };
}

Texts losses() {
  const Tensor w = ones({3});
  const auto sum = [](const std::string& name) { return name + "(reduction=sum)"; };
  const nn::LossOptions summed{.reduction = Reduction::sum};
  const char* const of_losses = "LossOptions";
  return {
      row("MSELoss", nn::MSELoss(), "MSELoss", of_losses, nn::MSELoss(summed), sum("MSELoss")),
      row("L1Loss", nn::L1Loss(), "L1Loss", of_losses, nn::L1Loss(summed), sum("L1Loss")),
      row("SoftMarginLoss", nn::SoftMarginLoss(), "SoftMarginLoss", of_losses, nn::SoftMarginLoss(summed),
          sum("SoftMarginLoss")),
      row("MultiLabelMarginLoss", nn::MultiLabelMarginLoss(), "MultiLabelMarginLoss", of_losses,
          nn::MultiLabelMarginLoss(summed), sum("MultiLabelMarginLoss")),
      row("SmoothL1Loss", nn::SmoothL1Loss(), "SmoothL1Loss", "SmoothL1LossOptions",
          nn::SmoothL1Loss({.reduction = Reduction::none, .beta = 2}), "SmoothL1Loss(beta=2, reduction=none)"),
      row("HuberLoss", nn::HuberLoss(), "HuberLoss", "HuberLossOptions",
          nn::HuberLoss({.reduction = Reduction::none, .delta = 2}), "HuberLoss(delta=2, reduction=none)"),
      row("BCELoss", nn::BCELoss(), "BCELoss", "BCELossOptions",
          nn::BCELoss({.weight = w, .reduction = Reduction::sum}), "BCELoss(weight=(3), reduction=sum)"),
      row("MultiLabelSoftMarginLoss", nn::MultiLabelSoftMarginLoss(), "MultiLabelSoftMarginLoss", "BCELossOptions",
          nn::MultiLabelSoftMarginLoss({.weight = w, .reduction = Reduction::sum}),
          "MultiLabelSoftMarginLoss(weight=(3), reduction=sum)"),
      row("BCEWithLogitsLoss", nn::BCEWithLogitsLoss(), "BCEWithLogitsLoss", "BceWithLogitsOptions",
          nn::BCEWithLogitsLoss({.weight = w, .pos_weight = ones({2, 1}), .reduction = Reduction::sum}),
          "BCEWithLogitsLoss(weight=(3), pos_weight=(2, 1), reduction=sum)"),
      row("CrossEntropyLoss", nn::CrossEntropyLoss(), "CrossEntropyLoss", "CrossEntropyOptions",
          nn::CrossEntropyLoss({.weight = w, .ignore_index = 0, .reduction = Reduction::sum, .label_smoothing = 0.1}),
          "CrossEntropyLoss(weight=(3), ignore_index=0, label_smoothing=0.1, reduction=sum)"),
      row("NLLLoss", nn::NLLLoss(), "NLLLoss", "NllLossOptions",
          nn::NLLLoss({.weight = w, .ignore_index = 0, .reduction = Reduction::sum}),
          "NLLLoss(weight=(3), ignore_index=0, reduction=sum)"),
      row("KLDivLoss", nn::KLDivLoss(), "KLDivLoss", "KLDivLossOptions",
          nn::KLDivLoss({.reduction = KlReduction::batchmean, .log_target = true}),
          "KLDivLoss(log_target=true, reduction=batchmean)"),
      row("PoissonNLLLoss", nn::PoissonNLLLoss(), "PoissonNLLLoss", "PoissonNllOptions",
          nn::PoissonNLLLoss({.log_input = false, .full = true, .eps = 0.1, .reduction = Reduction::sum}),
          "PoissonNLLLoss(log_input=false, full=true, eps=0.1, reduction=sum)"),
      row("GaussianNLLLoss", nn::GaussianNLLLoss(), "GaussianNLLLoss", "GaussianNllOptions",
          nn::GaussianNLLLoss({.full = true, .eps = 0.1, .reduction = Reduction::sum}),
          "GaussianNLLLoss(full=true, eps=0.1, reduction=sum)"),
      row("CTCLoss", nn::CTCLoss(), "CTCLoss", "CtcLossOptions",
          nn::CTCLoss({.blank = 1, .reduction = Reduction::sum, .zero_infinity = true}),
          "CTCLoss(blank=1, zero_infinity=true, reduction=sum)"),
      row("HingeEmbeddingLoss", nn::HingeEmbeddingLoss(), "HingeEmbeddingLoss", "HingeEmbeddingLossOptions",
          nn::HingeEmbeddingLoss({.margin = 2, .reduction = Reduction::sum}),
          "HingeEmbeddingLoss(margin=2, reduction=sum)"),
      row("MarginRankingLoss", nn::MarginRankingLoss(), "MarginRankingLoss", "MarginLossOptions",
          nn::MarginRankingLoss({.margin = 2, .reduction = Reduction::sum}),
          "MarginRankingLoss(margin=2, reduction=sum)"),
      row("CosineEmbeddingLoss", nn::CosineEmbeddingLoss(), "CosineEmbeddingLoss", "MarginLossOptions",
          nn::CosineEmbeddingLoss({.margin = 0.5, .reduction = Reduction::sum}),
          "CosineEmbeddingLoss(margin=0.5, reduction=sum)"),
      row("TripletMarginLoss", nn::TripletMarginLoss(), "TripletMarginLoss", "TripletMarginOptions",
          nn::TripletMarginLoss({.margin = 2, .p = 1, .eps = 0.1, .swap = true, .reduction = Reduction::sum}),
          "TripletMarginLoss(margin=2, p=1, eps=0.1, swap=true, reduction=sum)"),
      row("TripletMarginWithDistanceLoss", nn::TripletMarginWithDistanceLoss(), "TripletMarginWithDistanceLoss",
          "TripletMarginWithDistanceOptions",
          nn::TripletMarginWithDistanceLoss(
              {.distance_function = [](const Tensor& a, const Tensor& b) { return (a - b).abs().sum({-1}); },
               .margin = 2,
               .swap = true,
               .reduction = Reduction::sum}),
          "TripletMarginWithDistanceLoss(distance_function=given, margin=2, swap=true, reduction=sum)"),
      row("MultiMarginLoss", nn::MultiMarginLoss(), "MultiMarginLoss", "MultiMarginOptions",
          nn::MultiMarginLoss({.p = 2, .margin = 0.5, .weight = w, .reduction = Reduction::sum}),
          "MultiMarginLoss(p=2, margin=0.5, weight=(3), reduction=sum)"),
  };
}

// The members of a structure of options, as its header declares them.
std::vector<std::string> members(const std::string& options) {
  std::string all;
  for (const char* folder : {"nn/include/xgrad/nn", "autograd/include/xgrad/ops"})
    for (const auto& entry : std::filesystem::directory_iterator(source_folder() / folder))
      if (entry.is_regular_file()) all += read_file(entry.path().string());
  const std::size_t begin = all.find("struct " + options + " {");
  BOOST_REQUIRE_MESSAGE(begin != std::string::npos, "no header declares " << options);
  std::string body = all.substr(begin, all.find("\n};", begin) - begin);
  body = std::regex_replace(body, std::regex("//[^\n]*"), "");
  const std::regex member(R"((\w+) = )");
  std::vector<std::string> names;
  for (std::sregex_iterator i(body.begin(), body.end(), member), end; i != end; ++i) names.push_back((*i)[1]);
  return names;
}

// What belongs to a call, to the first values or to a bias that is not there, or is shown in another form.
const std::set<std::string> kNotShown{"by_name",          "offsets",        "per_sample_weights", "size",
                                      "scale_factor",     "activation",     "kernel_initializer", "bias_initializer",
                                      "bias_regularizer", "bias_constraint"};

}  // namespace

BOOST_AUTO_TEST_SUITE(module_text)

BOOST_AUTO_TEST_CASE(every_module_shows_every_option) {
  std::set<std::string> names;
  for (const Texts& rows : {linear_layers(), activations(), convolutions(), pooling(), norms(), sequences(), losses()})
    for (const Text& t : rows) {
      names.insert(t.name);
      if (t.options.empty()) continue;
      for (const std::string& option : members(t.options))
        BOOST_CHECK_MESSAGE(kNotShown.contains(option) || t.changed.find(option + "=") != std::string::npos,
                            t.name << " does not show " << option << " of " << t.options << ": " << t.changed);
    }
  for (const auto& [name, file] : declared())
    BOOST_CHECK_MESSAGE(names.contains(name), name << " of nn/" << file << " has no row here");
}

BOOST_AUTO_TEST_CASE(layers_of_programs_show_their_options_too) {
  BOOST_TEST(to_string(nn::Linear::from_weight(ones({2, 3}))) == "Linear(3 → 2, bias=false)");
  BOOST_TEST(to_string(nn::clone(nn::GELU(Gelu::tanh))) == "GELU(approximate=tanh)");
  BOOST_TEST(nn::LeakyReLU(0.2).name() == "LeakyReLU");
}

BOOST_AUTO_TEST_SUITE_END()
