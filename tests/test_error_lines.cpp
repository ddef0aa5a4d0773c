// Every message names the line of the user's program, and no file of the library. Operations: op_table_lines.cpp; here
// is everything else that a program calls. Each call below is a mistake.
#include <csignal>
#include <fstream>
#include <regex>

#include <xgrad/custom.hpp>
#include <xgrad/gradcheck.hpp>
#include <xgrad/xgrad.hpp>
#include <xgrad/xtensor.hpp>

#include "environment.hpp"
#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

// f throws an Error that names one of the lines of the statement it stands in (or, with `anywhere`, any of this file,
// for mistakes that show inside of a forward written here), and no other file.
void wrong(const std::function<void()>& f, bool anywhere = false, Location at = Location::current()) {
  static const std::regex place(R"(([A-Za-z0-9_./]+\.[ch]pp):(\d+))");
  const std::string here = file_and_line(at);
  try {
    f();
    BOOST_ERROR(here + ": nothing was thrown");
  } catch (const Error& e) {
    const std::string text = e.what(), file = std::filesystem::path(at.file_name()).filename().string();
    bool placed = false;
    for (std::sregex_iterator m(text.begin(), text.end(), place), end; m != end; ++m) {
      if ((*m)[1] != file) BOOST_ERROR(fmt::format("{}: '{}' in:\n{}", here, (*m)[1].str(), text));
      const auto line = std::stoul((*m)[2]);
      placed |= anywhere || (line >= at.line() && line <= at.line() + 5);
    }
    if (!placed) BOOST_ERROR(fmt::format("{}: its line is missing in:\n{}", here, text));
    if (text.find("/src/") != text.npos || text.find("include/xgrad") != text.npos)
      BOOST_ERROR(fmt::format("{}: a path of the library in:\n{}", here, text));
  } catch (const std::exception& e) {
    BOOST_ERROR(fmt::format("{}: not an xgrad::Error but {}", here, e.what()));
  }
}

void inside(const std::function<void()>& f, Location at = Location::current()) { wrong(f, true, at); }

// What a picture that cannot be written says instead of throwing.
void warns(const std::function<void()>& f, Location at = Location::current()) {
  expect_warning({"cannot be written", fmt::format("test_error_lines.cpp:{}", at.line())}, f, at);
}

const Tensor none;

struct Net : nn::Layer<Net> {
  nn::Linear fc = register_module("fc", nn::Linear(3, 2));
  Tensor forward(const Tensor& x) const { return fc(x); }
};
struct TwoInputs : nn::Module {
  Tensor forward(const Tensor& x) const { return x + ones({7}); }
};

std::vector<Tensor> leaf() { return {ones({2}, {.requires_grad = true})}; }

}  // namespace

BOOST_AUTO_TEST_SUITE(error_lines)

BOOST_AUTO_TEST_CASE(an_undefined_tensor) {
  Tensor t;
  wrong([&] { t.dtype(); });
  wrong([&] { t.shape(); });
  wrong([&] { t.sizes(); });
  wrong([&] { t.strides(); });
  wrong([&] { t.dim(); });
  wrong([&] { t.numel(); });
  wrong([&] { t.size(0); });
  wrong([&] { t.stride(0); });
  wrong([&] { t.is_contiguous(); });
  wrong([&] { t.is_floating_point(); });
  wrong([&] { t.data<float>(); });
  wrong([&] { t.mutable_data<float>(); });
  wrong([&] { t.item(); });
  wrong([&] { t.item_scalar(); });
  wrong([&] { t.to_vector<float>(); });
  wrong([&] { t.requires_grad(); });
  wrong([&] { t.requires_grad_(); });
  wrong([&] { t.is_leaf(); });
  wrong([&] { t.grad(); });
  wrong([&] { t.set_grad(ones({2})); });
  wrong([&] { t.zero_grad(); });
  wrong([&] { t.backward(); });
  wrong([&] { t.retain_grad(); });
  wrong([&] { t.register_hook([](const Tensor& g) { return g; }); });
  wrong([&] { t.register_post_accumulate_grad_hook([](Tensor&) {}); });
  wrong([&] { t.retains_grad(); });
  wrong([&] { t.grad_fn(); });
  wrong([&] { t.is_inference(); });
  wrong([&] { t.detach(); });
  wrong([&] { t.grad_fn_name(); });
  wrong([&] { t.version(); });
  wrong([&] { t.set_data(ones({2})); });
  wrong([&] { t.name(); });
  wrong([&] { t.set_name("t"); });
  wrong([&] { t.to(kFloat64); });
  wrong([&] { t.clone(); });
  wrong([&] { t.contiguous(); });
  wrong([&] { t.copy_(ones({2})); });
  wrong([&] { t.fill_(1); });
  wrong([&] { t.zero_(); });
  wrong([&] { t.add_(1); });
  wrong([&] { t.add_(ones({1})); });
  wrong([&] { t.sub_(ones({1})); });
  wrong([&] { t.mul_(2); });
  wrong([&] { t.div_(2); });
  wrong([&] { t.clamp_(0, 1); });
  wrong([&] { t += 1; });
  wrong([&] { t -= 1; });
  wrong([&] { t *= 2; });
  wrong([&] { t /= 2; });
  wrong([&] { t.view({2}); });
  wrong([&] { t.reshape({2}); });
  wrong([&] { t.flatten(); });
  wrong([&] { t.squeeze(); });
  wrong([&] { t.squeeze(0); });
  wrong([&] { t.unsqueeze(0); });
  wrong([&] { t.transpose(0, 1); });
  wrong([&] { t.t(); });
  wrong([&] { t.permute({0}); });
  wrong([&] { t.expand({2}); });
  wrong([&] { t.slice(0); });
  wrong([&] { t.narrow(0, 0, 1); });
  wrong([&] { t.select(0, 0); });
  wrong([&] { t[0]; });
  wrong([&] { t.sum(); });
  wrong([&] { t.sum({0}); });
  wrong([&] { t.mean(); });
  wrong([&] { t.argmax(0); });
  wrong([&] { t + 1; });
  wrong([&] { 1 - t; });
  wrong([&] { -t; });
  wrong([&] { t == 1; });
  wrong([&] { t < 1; });
  wrong([&] { !t; });
}

BOOST_AUTO_TEST_CASE(tensors) {
  Tensor x = ones({2, 3}), leaf = ones({2}, {.requires_grad = true}), wide = ones({1, 3}).expand({2, 3});
  wrong([&] { x.size(2); });
  wrong([&] { x.stride(-3); });
  wrong([&] { ones({}).size(0); });
  wrong([&] { x.data<double>(); });
  wrong([&] { x.t().data<float>(); });
  wrong([&] { leaf.mutable_data<float>(); });
  wrong([&] { x.item(); });
  wrong([&] { x[2]; });
  wrong([&] { x[0] = ones({4}); });
  wrong([&] { x[0] += ones({4}); });
  wrong([&] {
    x.select(1, 2) = 4;
    x.select(1, 3) = 4;
  });
  wrong([&] { leaf.add_(1); });
  wrong([&] { leaf *= 2; });
  wrong([&] { wide.add_(1); });
  wrong([&] { x.add_(ones({4})); });
  wrong([&] { tensor({1, 2}).div_(2); });
  wrong([&] { tensor({1, 2}).fill_(1e300); });
  wrong([&] { tensor({1, 2}).requires_grad_(); });
  wrong([&] { (leaf * 2).requires_grad_(false); });
  wrong([&] { x.set_grad(ones({3})); });
  wrong([&] { (leaf * 2).set_data(ones({2})); });
  wrong([&] { x.retain_grad(); });
  wrong([&] { x.register_hook({}); });
  wrong([&] { leaf.register_hook({}); });
  wrong([&] { Shape{1, 1, 1, 1, 1, 1, 1, 1, 1}; });
  wrong([&] { Shape(std::vector<std::int64_t>(9, 1)); });
  wrong([&] { Shape{1, 1, 1, 1, 1, 1, 1, 1}.push_back(1); });
  wrong([&] { zeros({1, 1, 1, 1, 1, 1, 1, 1, 1}); });
  wrong([&] { x.reshape({1, 1, 1, 1, 1, 1, 1, 1, 6}); });
  wrong([&] { Extents<2>(Shape{1, 2, 3}); });
  wrong([&] { set_num_threads(0); });
}

BOOST_AUTO_TEST_CASE(making_tensors) {
  constexpr std::int64_t huge = std::int64_t{1} << 62;
  wrong([&] { empty({-1}); });
  wrong([&] { zeros({huge, huge}); });
  wrong([&] { ones({huge / 2}); });
  wrong([&] { zeros({2}, {kInt64, true}); });
  wrong([&] { full({2}, 300, {kUInt8}); });
  wrong([&] { eye(-1); });
  wrong([&] { arange(0, 5, 0); });
  wrong([&] { linspace(0, 1, -1); });
  wrong([&] { rand({-2}); });
  wrong([&] { randn({2}, {kInt64}); });
  wrong([&] { randint(5, 5, {2}); });
  wrong([&] { randperm(-1); });
  wrong([&] { bernoulli(1.5, {2}); });
  wrong([&] { bernoulli(none); });
  wrong([&] { normal(0, -1, {2}); });
  wrong([&] { uniform(1, 0, {2}); });
  wrong([&] { empty_like(none); });
  wrong([&] { zeros_like(none); });
  wrong([&] { ones_like(none); });
  wrong([&] { full_like(none, 1); });
  wrong([&] { rand_like(none); });
  wrong([&] { randn_like(none); });
  wrong([&] { randint_like(none, 5); });
  wrong([&] { normal(none, 1); });
  wrong([&] { binomial(none, none); });
  wrong([&] { standard_gamma(none); });
  wrong([&] { gumbel_softmax(none); });
  wrong([&] { zeros({2}).random_(0); });
  wrong([&] { zeros({2}).bernoulli_(none); });
  wrong([&] { tensor({{1., 2.}, {3.}}); });
  wrong([&] { from_vector(std::vector<float>{1, 2, 3}, {2, 2}); });
  wrong([&] {
    float data[2] = {};
    from_blob(data, {-2});
  });
  wrong([&] { array<double>(ones({2})); });
}

BOOST_AUTO_TEST_CASE(gradients) {
  const Tensor x = ones({2}, {.requires_grad = true}), y = x * 2;
  wrong([&] { y.backward(); });
  wrong([&] { y.backward(ones({3})); });
  wrong([&] { ones({}).backward(); });
  wrong([&] { backward({y, y}, {ones({2})}); });
  wrong([&] { grad({y.sum()}, {ones({2})}); });
  wrong([&] { grad({y.sum()}, {none}); });
  wrong([&] { grad({y}, {x}); });
  const auto one = [](const std::vector<Tensor>& in) { return in[0] * 2; };
  wrong([&] { gradcheck(one, {ones({2})}); });
  wrong([&] { gradcheck(one, {ones({2}, {kFloat64})}); });
  wrong([&] { gradgradcheck(one, {ones({2})}); });
  const auto stepped = [](const std::vector<Tensor>& in) { return in[0].detach() * 2 + in[0]; };
  wrong([&] { gradcheck(stepped, {ones({2}, {kFloat64, true})}); });
  const DetectAnomaly guard;
  wrong([&] { log(zeros({2})); });
}

// What was changed in between is named by the line of the change.
BOOST_AUTO_TEST_CASE(values_that_were_changed) {
  const auto changed_by = [](const std::function<void(nn::Linear&)>& change, Location at = Location::current()) {
    nn::Linear fc(2, 2);
    const Tensor x = ones({1, 2}, {.requires_grad = true});
    const Tensor loss = square(fc(tanh(fc(x)))).sum();
    loss.backward({.retain_graph = true});
    change(fc);
    try {
      loss.backward();
      BOOST_ERROR(file_and_line(at) + ": nothing was thrown");
    } catch (const AutogradError& e) {
      const std::string text = e.what(), line = fmt::format("test_error_lines.cpp:{}", at.line());
      if (text.find(line) == text.npos) BOOST_ERROR(fmt::format("{} is missing in:\n{}", line, text));
      static const std::regex place(R"(([A-Za-z0-9_./]+\.[ch]pp):)");
      for (std::sregex_iterator m(text.begin(), text.end(), place), end; m != end; ++m)
        if ((*m)[1] != "test_error_lines.cpp") BOOST_ERROR(fmt::format("'{}' in:\n{}", (*m)[1].str(), text));
    }
  };
  changed_by([](nn::Linear& m) { optim::SGD(m.parameters(), {.lr = 0.1}).step(); });
  changed_by([](nn::Linear& m) { optim::SGD(m.parameters(), {.lr = 0.1, .momentum = 0.9}).step(); });
  changed_by([](nn::Linear& m) { optim::Adam(m.parameters()).step(); });
  changed_by([](nn::Linear& m) { optim::AdamW(m.parameters()).step([] { return ones({}); }); });
  changed_by([](nn::Linear& m) { optim::RMSprop(m.parameters()).step(); });
  changed_by([](nn::Linear& m) { optim::Adagrad(m.parameters()).step(); });
  changed_by([](nn::Linear& m) { optim::Adadelta(m.parameters()).step(); });
  changed_by([](nn::Linear& m) { optim::Adamax(m.parameters()).step(); });
  changed_by([](nn::Linear& m) { optim::NAdam(m.parameters()).step(); });
  changed_by([](nn::Linear& m) { optim::RAdam(m.parameters()).step(); });
  changed_by([](nn::Linear& m) { optim::Rprop(m.parameters()).step(); });
  changed_by([](nn::Linear& m) { optim::ASGD(m.parameters()).step(); });
  changed_by([](nn::Linear& m) { m.load_state_dict(nn::Linear(2, 2).state_dict()); });
  changed_by([](nn::Linear& m) { m.prepare_state_dict(nn::Linear(2, 2).state_dict())(); });
  changed_by([](nn::Linear& m) { nn::vector_to_parameters(ones({6}), m.parameters()); });
  changed_by([](nn::Linear& m) { nn::init::kaiming_uniform_(m.weight); });
}

BOOST_AUTO_TEST_CASE(modules) {
  Net net;
  wrong([&] { net.register_parameter("fc", ones({1})); });
  wrong([&] { net.register_parameter("a.b", ones({1})); });
  wrong([&] { net.register_parameter("", ones({1})); });
  wrong([&] { net.register_parameter("w", tensor({1, 2})); });
  wrong([&] { net.register_buffer("fc", ones({1})); });
  wrong([&] { net.register_buffer("a.b", ones({1})); });
  wrong([&] { net.register_module("fc", nn::Tanh()); });
  wrong([&] { net.register_module("f.c", nn::Tanh()); });
  wrong([&] { net.register_module("self", net); });
  wrong([&] { net.to(kInt64); });
  wrong([&] { net.get_submodule("fd"); });
  wrong([&] { net.get_parameter("fc.wait"); });
  wrong([&] { net.get_buffer("fc.weight"); });
  wrong([&] { net.load_state_dict({}); });
  wrong([&] { net.load_state_dict({{"fc.weight", none}}); });
  wrong([&] { net.prepare_state_dict({})(); });
  wrong([&] { net.apply({}); });
  wrong([&] { net.register_forward_hook({}); });
  wrong([&] { net.register_forward_pre_hook({}); });
  wrong([&] { net.register_full_backward_hook({}); });
  inside([&] { net(none); });
  inside([&] { net(ones({5})); });
  wrong([&] { nn::Sequential(nn::Linear(2, 2), nn::Linear(3, 3))(ones({2})); });
  wrong([&] { nn::Sequential().add("a.b", nn::Tanh()); });
  wrong([&] { nn::Sequential().add("a", nn::Tanh()).add("a", nn::Tanh()); });
  wrong([&] { nn::ModuleList<nn::Linear>()[0]; });
  wrong([&] { nn::ModuleList<nn::Linear>().at(0); });
  wrong([&] { nn::ModuleDict<nn::Linear>()["a"]; });
  wrong([&] { nn::ModuleDict<nn::Linear>().add("", nn::Linear(1, 1)); });
  wrong([&] { nn::ParameterList()[0]; });
  wrong([&] { nn::ParameterList().push_back(tensor({1, 2})); });
  wrong([&] { nn::ParameterDict()["a"]; });
  wrong([&] { nn::ParameterDict().add("a.b", ones({1})); });
  wrong([&] { nn::parameters_to_vector({}); });
  wrong([&] { nn::parameters_to_vector({none}); });
  wrong([&] { nn::vector_to_parameters(ones({3}), {ones({2})}); });
  wrong([&] { nn::vector_to_parameters(ones({3, 1}), {ones({3})}); });
  Net broken;
  broken.fc.weight = nn::Linear(3, 2).weight;
  wrong([&] { broken(ones({3})); });
  wrong([&] { broken.parameters(); });
  wrong([&] { broken.state_dict(); });
}

BOOST_AUTO_TEST_CASE(layers) {
  wrong([] { nn::Linear(-1, 2); });
  wrong([] { nn::Linear::from_weight(none); });
  wrong([] { nn::Linear(3, 2)(ones({4})); });
  wrong([] { nn::Bilinear(0, 1, 1); });
  wrong([] { nn::Bilinear(1, 1, 1)(ones({1}), ones({2})); });
  wrong([] { nn::Dropout(1.5); });
  wrong([] { nn::Dropout2d(-1); });
  wrong([] { nn::Conv1d(0, 1, 3); });
  wrong([] { nn::Conv2d(1, 1, 3)(ones({1, 2, 5, 5})); });
  wrong([] { nn::Conv2d(1, 1, 3, {.groups = 2}); });
  wrong([] { nn::ConvTranspose2d(1, 1, 0); });
  wrong([] { nn::ConvTranspose2d(1, 1, 3)(ones({2})); });
  wrong([] { nn::BatchNorm1d(0)(ones({2, 3})); });
  wrong([] { nn::BatchNorm2d(3)(ones({2, 3})); });
  wrong([] { nn::InstanceNorm1d(3)(ones({2})); });
  wrong([] { nn::LayerNorm(3)(ones({2})); });
  wrong([] { nn::GroupNorm(2, 3); });
  wrong([] { nn::LocalResponseNorm(2)(ones({2})); });
  wrong([] { nn::Embedding(-1, 2); });
  wrong([] { nn::Embedding(3, 2, {.padding_idx = 7}); });
  wrong([] { nn::Embedding(3, 2)(tensor({3})); });
  wrong([] { nn::Embedding::from_pretrained(ones({2})); });
  wrong([] { nn::Embedding::from_weight(none); });
  wrong([] { nn::EmbeddingBag(3, 2)(tensor({0, 1}), tensor({5})); });
  wrong([] { nn::RNN(2, 0); });
  wrong([] { nn::LSTM(2, 3)(ones({2, 2, 5})); });
  wrong([] { nn::GRU(2, 3, {.dropout = 2}); });
  wrong([] { nn::RNNCell(2, 0); });
  wrong([] { nn::LSTMCell(2, 3)(ones({1, 5})); });
  wrong([] { nn::GRUCell(2, 3)(none); });
  wrong([] { nn::MultiheadAttention(3, 2); });
  wrong([] { nn::MultiheadAttention(4, 2)(ones({2, 3, 5})); });
  wrong([] { nn::TransformerEncoderLayer(3, 2); });
  wrong([] { nn::TransformerEncoderLayer(4, 2)(ones({1, 1, 3})); });
  wrong([] { nn::MaxPool2d(0)(ones({1, 1, 4, 4})); });
  wrong([] { nn::AvgPool1d(3)(ones({1, 1, 2})); });
  wrong([] { nn::LPPool2d(2, 3)(ones({1})); });
  wrong([] { nn::AdaptiveAvgPool2d(-2)(ones({1, 1, 2, 2})); });
  wrong([] { nn::AdaptiveMaxPool1d(2)(ones({2})); });
  wrong([] { nn::ZeroPad2d(std::vector<std::int64_t>{1, 2, 3}); });
  wrong([] { nn::ReflectionPad1d(5)(ones({1, 1, 3})); });
  wrong([] { nn::ConstantPad2d(1, 2.0)(ones({3})); });
  wrong([] { nn::Upsample({.scale_factor = {-1}})(ones({1, 1, 2, 2})); });
  wrong([] { nn::PReLU({.num_parameters = -1}); });
  wrong([] { nn::PReLU({.num_parameters = 3})(ones({1, 2})); });
  wrong([] { nn::Softmax({.dim = 4})(ones({2})); });
  wrong([] { nn::GLU()(ones({3})); });
  wrong([] { nn::Maxout(2)(ones({1, 3})); });
  wrong([] { nn::ReLU()(Tensor()); });
  wrong([] { nn::Flatten()(ones({})); });
  inside([] { nn::Sequential().add("two", TwoInputs())(ones({2})); });
}

BOOST_AUTO_TEST_CASE(losses) {
  const Tensor a = ones({2, 3}), b = ones({2, 4}), classes = tensor({0, 7});
  wrong([&] { nn::MSELoss()(a, b); });
  wrong([&] { nn::L1Loss()(a, b); });
  wrong([&] { nn::SmoothL1Loss({.beta = -1})(a, a); });
  wrong([&] { nn::HuberLoss({.delta = 0})(a, a); });
  wrong([&] { nn::BCELoss()(a, b); });
  wrong([&] { nn::BCEWithLogitsLoss()(a, b); });
  wrong([&] { nn::CrossEntropyLoss()(a, classes); });
  wrong([&] { nn::NLLLoss()(a, classes); });
  wrong([&] { nn::KLDivLoss()(a, b); });
  wrong([&] { nn::PoissonNLLLoss()(a, b); });
  wrong([&] { nn::GaussianNLLLoss()(a, a, b); });
  wrong([&] { nn::HingeEmbeddingLoss()(a, b); });
  wrong([&] { nn::SoftMarginLoss()(a, b); });
  wrong([&] { nn::MarginRankingLoss()(a, a, b); });
  wrong([&] { nn::CosineEmbeddingLoss()(a, a, ones({7})); });
  wrong([&] { nn::TripletMarginLoss()(a, a, b); });
  wrong([&] { nn::MultiMarginLoss()(a, classes); });
  wrong([&] { nn::MultiLabelMarginLoss()(a, b); });
  wrong([&] { nn::MultiLabelSoftMarginLoss()(a, b); });
  wrong([&] { nn::CTCLoss()(a, classes, classes, classes); });
}

BOOST_AUTO_TEST_CASE(first_values) {
  Tensor t = ones({3}), i = tensor({1, 2}), undefined;
  namespace init = nn::init;
  wrong([&] { init::uniform_(undefined); });
  wrong([&] { init::normal_(undefined); });
  wrong([&] { init::trunc_normal_(t, 0, -1); });
  wrong([&] { init::constant_(undefined, 1); });
  wrong([&] { init::zeros_(undefined); });
  wrong([&] { init::ones_(undefined); });
  wrong([&] { init::eye_(t); });
  wrong([&] { init::orthogonal_(t); });
  wrong([&] { init::dirac_(t); });
  wrong([&] { init::sparse_(t, 0.5); });
  wrong([&] { init::xavier_uniform_(t); });
  wrong([&] { init::xavier_normal_(t); });
  wrong([&] { init::kaiming_uniform_(t); });
  wrong([&] { init::kaiming_normal_(i); });
  wrong([&] { init::calculate_fan_in_and_fan_out(t); });
}

BOOST_AUTO_TEST_CASE(optimizers) {
  const auto params = leaf();
  optim::SGD opt(params, {.lr = 0.1});
  wrong([&] { optim::SGD{std::vector<Tensor>{}}; });
  wrong([&] { optim::Adam(params, {.lr = -1}); });
  wrong([&] { optim::AdamW(params, {.betas = {1, 2}}); });
  wrong([&] { optim::RMSprop(params, {.alpha = -1}); });
  wrong([&] { optim::LBFGS(params, {.max_iter = 0}); });
  wrong([&] { optim::SGD(std::vector<Tensor>{none}); });
  wrong([&] { opt.set_lr(-1); });
  wrong([&] { opt.set_lr(std::nan("")); });
  wrong([&] { opt.set_lr(3, 0.1); });
  wrong([&] { opt.lr(3); });
  wrong([&] { opt.params(3); });
  wrong([&] { opt.options(3); });
  wrong([&] { opt.momentum(3); });
  wrong([&] { opt.set_momentum(0, -1); });
  wrong([&] { opt.initial_lr(3); });
  wrong([&] { opt.set_initial_lr(3, 1); });
  wrong([&] { optim::Adagrad(params).momentum(); });
  wrong([&] { optim::Adagrad(params).set_momentum(0, 0.5); });
  wrong([&] { opt.add_param_group({params, {}}); });
  wrong([&] { opt.step(optim::Optimizer::Closure()); });
  wrong([&] { opt.load_state_dict({}); });
  wrong([&] { opt.check_state_dict({{"x", none}}); });
  wrong([&] { optim::LBFGS(params).step(); });
  wrong([&] { optim::LBFGS(params).step(optim::Optimizer::Closure()); });
  wrong([&] { optim::LBFGS(params).step([&] { return params[0] * 2; }); });
  wrong([&] { optim::LBFGS(params).step([&] { return ones({}) / 0; }); });
  wrong([&] { optim::clip_grad_norm_(params, -1); });
  wrong([&] { optim::clip_grad_norm_(none, 1); });
  wrong([&] { optim::clip_grad_value_(params, -1); });
}

BOOST_AUTO_TEST_CASE(schedules) {
  const auto params = leaf();
  optim::SGD opt(params, {.lr = 0.1});
  optim::Adagrad plain(params);
  wrong([&] { optim::StepLR(opt, 0); });
  wrong([&] { optim::MultiStepLR(opt, {-1}); });
  wrong([&] { optim::ConstantLR(opt, {.factor = 2}); });
  wrong([&] { optim::LinearLR(opt, {.start_factor = 0}); });
  wrong([&] { optim::ExponentialLR(opt, -1); });
  wrong([&] { optim::PolynomialLR(opt, {.total_iters = 0}); });
  wrong([&] { optim::CosineAnnealingLR(opt, 0); });
  wrong([&] { optim::CosineAnnealingWarmRestarts(opt, 0); });
  wrong([&] { optim::LambdaLR(opt, std::function<double(std::int64_t)>()); });
  wrong([&] { optim::LambdaLR(opt, [](std::int64_t) { return -1.0; }); });
  wrong([&] { optim::MultiplicativeLR(opt, std::vector<std::function<double(std::int64_t)>>()); });
  wrong([&] { optim::OneCycleLR(opt, 0.1, {}); });
  wrong([&] { optim::OneCycleLR(plain, 0.1, {.total_steps = 10}); });
  wrong([&] { optim::OneCycleLR(opt, 0.1, {.total_steps = 10, .max_momentum = -1}); });
  wrong([&] { optim::CyclicLR(opt, 0.1, {0.1, 0.2}); });
  wrong([&] { optim::CyclicLR(opt, -1, 0.1); });
  wrong([&] { optim::CyclicLR(plain, 0.1, 0.2); });
  wrong([&] { optim::ReduceLROnPlateau(opt, {.factor = 2}); });
  wrong([&] { optim::ReduceLROnPlateau(opt).step(); });
  wrong([&] { optim::SequentialLR(opt, {}, {}); });
  wrong([&] { optim::SequentialLR(opt, {optim::LinearLR(opt), optim::LinearLR(opt)}, {-5}); });
  wrong([&] { optim::ChainedScheduler({}); });
  wrong([&] { optim::LinearLR(opt).load_state_dict({}); });
  wrong([&] { optim::CosineAnnealingWarmRestarts(opt, 3).step(-1.0); });
  // In the middle of a run.
  optim::LambdaLR falling(opt, [](std::int64_t epoch) { return 1.0 - static_cast<double>(epoch); });
  falling.step();
  wrong([&] { falling.step(); });
  optim::OneCycleLR cycle(opt, 0.1, {.total_steps = 2});
  cycle.step(), cycle.step();
  wrong([&] { cycle.step(); });
  optim::ChainedScheduler chained({optim::LambdaLR(opt, [](std::int64_t epoch) { return epoch > 0 ? -1.0 : 1.0; })});
  wrong([&] { chained.step(); });
}

BOOST_AUTO_TEST_CASE(data_and_files) {
  const TempDir dir;
  const Tensor x = ones({4, 2}), y = arange(4);
  data::TensorDataset set(x, y), gone(x, y);
  wrong([&] { data::TensorDataset(x, none); });
  wrong([&] { data::TensorDataset(x, arange(3)); });
  wrong([&] { set.get(4); });
  wrong([&] { set.get_batch(std::vector<std::int64_t>{0, 9}); });
  wrong([&] { data::random_split(set, {2, 3}); });
  wrong([&] { data::random_split(set, {0.5, 0.6}); });
  const data::TensorDataset taken = std::move(gone);
  wrong([&] { gone.size(); });
  wrong([&] { data::DataLoader{gone}; });
  wrong([&] { data::random_split(gone, {0.5, 0.5}); });
  wrong([&] { data::DataLoader(set, {.batch_size = 0}); });
  wrong([&] { data::DataLoader(set, {.workers = -1}); });
  wrong([&] { data::DataLoader(set).load_state_dict({}); });
  wrong([&] { data::DataLoader(set).check_state_dict({}); });
  wrong([&] { data::StandardScaler().transform(x); });
  data::MinMaxScaler scaler;
  wrong([&] { scaler.fit(none); });
  wrong([&] { scaler.fit(ones({0, 2})); });
  scaler.fit(x);
  wrong([&] { scaler.transform(ones({1, 3})); });
  wrong([&] { scaler.inverse_transform(none); });
  wrong([&] { scaler.set(ones({2}), ones({3})); });
  wrong([&] { data::read_csv(dir / "missing.csv"); });
  wrong([&] { data::read_csv(write_file(dir / "a.csv", "1,2\n3\n")); });
  wrong([&] { data::read_csv(write_file(dir / "b.csv", "1\n"), {.dtype = kInt64}); });
  wrong([&] { data::read_idx(dir / "missing.idx"); });
  wrong([&] { data::read_idx(write_file(dir / "a.idx", "abc")); });
  wrong([&] { data::read_mnist(dir.path()); });
  wrong([&] { load_safetensors(dir / "missing.safetensors"); });
  wrong([&] { load_npy(write_file(dir / "a.npy", "abc")); });
  wrong([&] { load_npz(write_file(dir / "a.npz", "abc")); });
  wrong([&] { save_npy(none, dir / "b.npy"); });
  wrong([&] { save_npz({{"x", x}, {"x", x}}, dir / "b.npz"); });
  wrong([&] { read_safetensors(write_file(dir / "a.safetensors", "abc")); });
  wrong([&] { save_safetensors({{"x", none}}, dir / "b.safetensors"); });
  wrong([&] { save_safetensors({{"x", x}, {"x", x}}, dir / "b.safetensors"); });
  wrong([&] { save_safetensors({{"x", x}}, dir / "no/such/folder.safetensors"); });
}

BOOST_AUTO_TEST_CASE(training) {
  const TempDir dir;
  Net net;
  const auto params = leaf();
  optim::SGD opt(params);
  wrong([&] { train::accuracy(ones({2, 3}), arange(3)); });
  wrong([&] { train::accuracy(none, none); });
  wrong([&] { train::ConfusionMatrix(0); });
  wrong([&] { train::ConfusionMatrix(1 << 20); });
  wrong([&] { train::ConfusionMatrix(2).count(0, 2); });
  wrong([&] { train::ConfusionMatrix(2).update(tensor({0, 5}), tensor({0, 1})); });
  wrong([&] { train::MetricsLog().save(dir / "no/such/folder.csv"); });
  wrong([&] { train::EarlyStopping({.patience = -1}); });
  wrong([&] { train::EarlyStopping().step(std::nan(""), net); });
  train::EarlyStopping stop;
  stop.step(1, net);
  nn::Module other = nn::Linear(1, 1);
  wrong([&] { stop.restore(other); });
  inside([&] { train::summary(net, ones({1, 5})); });
  inside([&] { train::summary(TwoInputs(), ones({1, 5})); });
  wrong([&] { train::summary(nn::Linear(2, 2), ones({1, 5})); });
  wrong([&] { train::load_checkpoint(dir / "missing"); });
  wrong([&] { train::load_checkpoint(write_file(dir / "a", "abc")); });
  wrong([&] { train::save_checkpoint(dir / "no/such/folder", {.model = net}); });
  train::save_checkpoint(dir / "c", {.model = net});
  wrong([&] { train::load_checkpoint(dir / "c", {.model = other}); });
  wrong([&] { train::load_checkpoint(dir / "c", {.optimizer = opt}); });
}

BOOST_AUTO_TEST_CASE(pictures) {
  const TempDir dir;
  const Tensor loss = leaf()[0].sum();
  viz::Plot plot;
  wrong([&] { viz::save(loss, dir / "a.bmp"); });
  wrong([&] { viz::save(loss, dir / "a.png", {.dpi = -5}); });
  wrong([&] { viz::save(none, dir / "a.dot"); });
  wrong([&] { viz::save(ones({1}), dir / "a.dot"); });
  wrong([&] { viz::to_dot(none); });
  warns([&] { viz::save(loss, dir / "no/such/folder.dot"); });
  wrong([&] { viz::Plot({.width = 1}); });
  wrong([&] { plot.line({1, 2}, {1}); });
  wrong([&] { plot.line(none, none); });
  wrong([&] { plot.points({1}, {1}, {.opacity = 2}); });
  wrong([&] { plot.band({1}, {1}, {1, 2}); });
  wrong([&] { plot.contours({1, 2}, {1, 2}, ones({3, 3}), {0.5}); });
  wrong([&] { plot.save(dir / "a.bmp"); });
  warns([&] { plot.save(dir / "no/such/folder.svg"); });
  wrong([&] { viz::image_grid(ones({2}), dir / "a.svg"); });
  wrong([&] { viz::image_grid(none, dir / "a.svg"); });
  wrong([&] { viz::image_grid(ones({1, 2, 2}), dir / "a.svg", {.columns = -1}); });
  wrong([&] { viz::image_grid_svg({}); });
}

BOOST_AUTO_TEST_CASE(operations_of_users) {
  const auto square = [](auto x) { return x * x; };
  wrong([&] { elementwise("square", square, none); });
  wrong([&] { elementwise("square", square, tensor({1, 2})); });
  const auto product = [](auto a, auto b) { return a * b; };
  wrong([&] { elementwise("product", product, ones({2}), ones({3})); });
  const auto cube = custom_op(
      "cube", [](const Tensor& x) { return x * x * x; },
      [](const Tensor& g, const Tensor& x, const Tensor&) { return g * 3 * x * x; });
  inside([&] { cube(none); });
}

BOOST_AUTO_TEST_SUITE_END()
