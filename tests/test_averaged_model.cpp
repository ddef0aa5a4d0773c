// Averages of weights, statistics of batch normalisation, the learning-rate range test.
#include <xgrad/data.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/optim.hpp>
#include <xgrad/train.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

struct Net : nn::Layer<Net> {
  nn::Linear fc = register_module("fc", nn::Linear(2, 3));
  nn::BatchNorm1d norm = register_module("norm", nn::BatchNorm1d(3));
  Tensor forward(const Tensor& x) const { return norm(fc(x)); }
};

void set(const Tensor& t, double value) {
  const NoGradGuard off;
  Tensor(t).fill_(value);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(averaged_models)

BOOST_AUTO_TEST_CASE(averages_of_weights) {
  Net net;
  optim::AveragedModel swa(net), ema(net, {.avg_fn = optim::get_ema_avg_fn(0.75)});
  optim::AveragedModel odd(
      net, {.avg_fn = [](const Tensor&, const Tensor& p, std::int64_t n) { return p * static_cast<double>(n); },
            .use_buffers = true});
  for (const double v : {4.0, 1.0, 7.0}) {
    set(net.fc.weight, v);
    set(net.norm.running_mean, v);
    swa.update_parameters(net), ema.update_parameters(net), odd.update_parameters(net);
  }
  check_close(swa.module.fc.weight, std::vector<double>(6, 4.0));
  check_close(ema.module.fc.weight, std::vector<double>(6, 0.75 * (0.75 * 4 + 0.25 * 1) + 0.25 * 7));
  check_close(odd.module.fc.weight, std::vector<double>(6, 14.0));
  check_close(swa.module.norm.running_mean, {7, 7, 7});  // buffers are copied
  check_close(odd.module.norm.running_mean, {14, 14, 14});
  BOOST_TEST(swa.n_averaged.item<std::int64_t>() == 3);
  swa.eval();
  BOOST_TEST((swa(ones({4, 2})).shape() == Shape{4, 3}));
  std::vector<std::string> names;
  for (const auto& [name, t] : swa.state_dict()) names.push_back(name);
  BOOST_TEST((names.front() == "n_averaged" && names[1] == "module.fc.weight"));
  optim::AveragedModel again(net);
  again.load_state_dict(swa.state_dict());
  set(net.fc.weight, 8);
  swa.update_parameters(net), again.update_parameters(net);
  BOOST_TEST(same_bits(swa.state_dict(), again.state_dict()));
  expect_op<ValueError>("get_ema_avg_fn", {"decay", "2"}, [] { optim::get_ema_avg_fn(2); });
  optim::AveragedModel linear(nn::Linear(2, 3));
  expect_op<ValueError>("AveragedModel", {"'weight'", "(3, 4)"}, [&] { linear.update_parameters(nn::Linear(4, 3)); });
}

// The averages over batches of their means and unbiased variances, whatever momentum the layer has.
BOOST_AUTO_TEST_CASE(statistics_of_batch_normalisation) {
  manual_seed(3);
  const nn::Conv2d conv(1, 2, 3);
  nn::Sequential net(conv, nn::BatchNorm2d(2, {.momentum = 0.7}), nn::ReLU());
  std::vector<Tensor> batches{randn({4, 1, 5, 5}), randn({3, 1, 5, 5}) * 3 + 1};
  Tensor mean = zeros({2}), var = zeros({2});
  net.eval();
  for (const Tensor& x : batches) {
    const NoGradGuard off;
    const Tensor y = conv(x);
    mean = mean + y.mean({0, 2, 3}) / 2;
    var = var + xgrad::var(y, {0, 2, 3}, 1) / 2;
  }
  optim::update_bn(batches, net);
  check_close(net.get_buffer("1.running_mean"), mean.to_vector<double>(), 1e-5);
  check_close(net.get_buffer("1.running_var"), var.to_vector<double>(), 1e-5);
  BOOST_TEST((net.get_buffer("1.num_batches_tracked").item<std::int64_t>() == 2 && !net.is_training()));
  const data::TensorDataset set(randn({8, 2}), zeros({8}));
  Net other;
  optim::AveragedModel average(other);
  optim::update_bn(data::DataLoader(set, {.batch_size = 4}), average);
  BOOST_TEST(average.module.norm.num_batches_tracked.item<std::int64_t>() == 2);
  expect_op<ValueError>("update_bn", {"no batch"}, [&] { optim::update_bn(std::vector<Tensor>{}, net); });
}

BOOST_AUTO_TEST_CASE(range_test) {
  const Tensor x = tensor({{1., 0.}, {0., 1.}, {1., 1.}}), y = x.matmul(tensor({{1.}, {-2.}}));
  nn::Linear net(2, 1);
  optim::SGD opt(net.parameters(), {.lr = 0.5, .momentum = 0.9});
  const NamedTensors weights = nn::clone(net).state_dict(), state = opt.state_dict();
  train::LRFinder finder(net, opt);
  finder.range_test([&] { return square(net(x) - y).mean(); }, {.start_lr = 1e-5, .end_lr = 100, .num_iter = 60});
  BOOST_TEST((same_bits(weights, net.state_dict()) && same_bits(state, opt.state_dict())));
  BOOST_TEST((finder.lrs().size() < 60 && finder.lrs().size() == finder.losses().size()));  // it diverged
  BOOST_TEST(finder.lrs().front() == 1e-5);
  BOOST_TEST((finder.suggestion() > 1e-3 && finder.suggestion() < 1));
  const TempDir dir;
  finder.plot().save(dir / "rates.svg");
  BOOST_TEST(read_file(dir / "rates.svg").find("learning rate") != std::string::npos);
  expect_op<ValueError>("LRFinder", {"num_iter", "1"},
                        [&] { finder.range_test([&] { return net(x).sum(); }, {.num_iter = 1}); });
  expect_op<ValueError>("LRFinder", {"no range_test"}, [&] { train::LRFinder(net, opt).suggestion(); });
  expect_op<ValueError>("LRFinder", {"nan"}, [&] { finder.range_test([&] { return net(x).sum() * NAN; }); });
  BOOST_TEST((same_bits(weights, net.state_dict()) && same_bits(state, opt.state_dict())));
}

BOOST_AUTO_TEST_SUITE_END()
