// Every message names the line of the user's program, and no file of the library: modules, training, files, pictures,
// operations of users. Each call below is a mistake.
#include <csignal>
#include <fstream>

#include <xgrad/custom.hpp>
#include <xgrad/xgrad.hpp>

#include "environment.hpp"
#include "error_lines.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

// What a picture that cannot be written says instead of throwing.
void warns(const std::function<void()>& f, Location at = Location::current()) {
  expect_warning({"cannot be written", fmt::format("test_error_lines_training.cpp:{}", at.line())}, f, at);
}

struct Net : nn::Layer<Net> {
  nn::Linear fc = register_module("fc", nn::Linear(3, 2));
  Tensor forward(const Tensor& x) const { return fc(x); }
};
struct TwoInputs : nn::Module {
  Tensor forward(const Tensor& x) const { return x + ones({7}); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(error_lines_training)

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
