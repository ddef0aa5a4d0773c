// Options are written by name: lists without names do not compile, wherever numbers in them could be taken for others.
#include <type_traits>

#include <xgrad/gradcheck.hpp>
#include <xgrad/xgrad.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

// Numbers, truth values, texts, tensors and pairs in the order of the members.
template <class O>
constexpr bool takes_lists() {
  return requires { O{1}; }
  || requires { O{1, 1}; }
  || requires { O{2, 2}; }
  || requires { O{{1, 1}, {1, 1}}; }
  || requires { O{0.5}; }
  || requires { O{0.5, 0.5}; }
  || requires { O{true, true}; }
  || requires { O{"a"}; }
  || requires { O{Tensor()}; }
  || requires { O{Tensor(), Tensor()}; }
  || requires { O{{}, 1}; };
}
template <class... O>
constexpr bool only_names() {
  return ((std::is_aggregate_v<O> && std::is_default_constructible_v<O> && !takes_lists<O>()) && ...);
}

template <int N>
constexpr bool windows() {
  return only_names<ConvOptions<N>, ConvTransposeOptions<N>, MaxPoolOptions<N>, AvgPoolOptions<N>, LPPoolOptions<N>,
                    nn::ConvNdOptions<N>, nn::ConvTransposeNdOptions<N>>();
}
static_assert(windows<1>() && windows<2>() && windows<3>());

static_assert(
    only_names<NllLossOptions, CrossEntropyOptions, BceWithLogitsOptions, TripletMarginOptions, MultiMarginOptions,
               PoissonNllOptions, GaussianNllOptions, CtcLossOptions, EmbeddingOptions, EmbeddingBagOptions,
               InterpolateOptions, AttentionOptions, GradcheckOptions, FunctionalOptions, VmapOptions>());
static_assert(
    only_names<nn::SmoothL1LossOptions, nn::HuberLossOptions, nn::BCELossOptions, nn::KLDivLossOptions,
               nn::HingeEmbeddingLossOptions, nn::MarginLossOptions, nn::SoftplusOptions, nn::HardtanhOptions,
               nn::RReLUOptions, nn::PReLUOptions, nn::FlattenOptions, nn::BatchNormOptions, nn::InstanceNormOptions,
               nn::LayerNormOptions, nn::GroupNormOptions, nn::LocalResponseNormOptions, nn::RNNOptions,
               nn::LSTMOptions, nn::GRUOptions, nn::RNNCellOptions, nn::MultiheadAttentionOptions, nn::AttentionInputs,
               nn::TransformerEncoderLayerOptions>());
static_assert(
    only_names<optim::SGDOptions, optim::AdamOptions, optim::AdamWOptions, optim::AdamaxOptions, optim::NAdamOptions,
               optim::RAdamOptions, optim::AdagradOptions, optim::AdadeltaOptions, optim::RMSpropOptions,
               optim::RpropOptions, optim::ASGDOptions, optim::LBFGSOptions, optim::ConstantLROptions,
               optim::LinearLROptions, optim::PolynomialLROptions, optim::CosineAnnealingWarmRestartsOptions,
               optim::OneCycleLROptions, optim::CyclicLROptions, optim::ReduceLROnPlateauOptions>());
static_assert(only_names<data::DataLoaderOptions, data::CsvOptions, train::EarlyStoppingOptions, viz::Options,
                         viz::PlotOptions, viz::LineStyle, viz::PointStyle, viz::BandStyle, viz::ImageGridOptions>());

}  // namespace

BOOST_AUTO_TEST_SUITE(by_name)

// What the forms that do not compile would have hidden: {2, 2} read as stride 2 and padding 2 gives 5 x 5.
BOOST_AUTO_TEST_CASE(strides_of_windows) {
  const Tensor x = rand({1, 1, 8, 8}), w = rand({1, 1, 3, 3}), none;
  BOOST_TEST((conv2d(x, w, none, {.stride = {2, 2}}).shape() == Shape{1, 1, 3, 3}));
  BOOST_TEST((conv2d(x, w, none, {.stride = 2, .padding = 2}).shape() == Shape{1, 1, 5, 5}));
  BOOST_TEST((conv2d(x, w, none, {}).shape() == Shape{1, 1, 6, 6}));
  BOOST_TEST((max_pool2d(x, {3, 3}, {.stride = {1, 1}}).shape() == Shape{1, 1, 6, 6}));
  BOOST_TEST((avg_pool2d(x, {3, 3}, {.stride = {1, 1}}).shape() == Shape{1, 1, 6, 6}));
  BOOST_TEST((conv_transpose2d(x, w, none, {.stride = {2, 2}}).shape() == Shape{1, 1, 17, 17}));
  BOOST_TEST((nn::Conv2d(1, 1, 3, {.stride = {2, 2}})(x).shape() == Shape{1, 1, 3, 3}));
  BOOST_TEST((nn::MaxPool2d({3, 3}, {.stride = {1, 1}})(x).shape() == Shape{1, 1, 6, 6}));
}

BOOST_AUTO_TEST_CASE(options_may_be_changed_and_copied) {
  nn::Conv2dOptions o;
  o.stride = {2, 1};
  const nn::Conv2dOptions copy = o;
  BOOST_TEST((nn::Conv2d(1, 1, 3, copy)(rand({1, 1, 8, 8})).shape() == Shape{1, 1, 3, 6}));
  const Tensor p = ones({1}, {.requires_grad = true}), q = ones({1}, {.requires_grad = true});
  const optim::AdamW opt({{{p}, {.lr = 1e-5}}, {{q}}}, {.lr = 1e-3, .weight_decay = 0.1});
  BOOST_TEST((opt.lr(0) == 1e-5 && opt.lr(1) == 1e-3));
}

BOOST_AUTO_TEST_SUITE_END()
