// Parameters that are made of others: weight and spectral norm, orthogonal ones, LoRA, formulas of users, pruning.
#include <cmath>

#include <xgrad/autograd.hpp>
#include <xgrad/gradcheck.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/optim.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;
namespace utils = nn::utils;
namespace prune = nn::utils::prune;

namespace {

std::string names(const NamedTensors& list) {
  std::string all;
  for (const auto& [key, t] : list) all += key + " ";
  return all;
}

struct Double : nn::Layer<Double> {
  nn::Parameter shift = register_parameter("shift", zeros({1}));
  Tensor forward(const Tensor& x) const { return 2 * x + shift; }
  Tensor right_inverse(const Tensor& w) const { return w / 2; }
};

struct Skew : nn::Layer<Skew> {
  Tensor forward(const Tensor& x) const { return triu(x, 1) - transpose(triu(x, 1), 0, 1); }
};

struct Flat : nn::Layer<Flat> {
  Tensor forward(const Tensor& x) const { return flatten(x); }
};

struct Product : nn::Layer<Product> {
  Tensor forward(const std::vector<Tensor>& parts) const { return matmul(parts[0], parts[1]); }
  std::vector<Tensor> right_inverse(const Tensor& w) const { return {w, eye(w.size(1))}; }
};

struct Outputs : nn::Layer<Outputs> {
  explicit Outputs(const nn::LSTM& m) : lstm(register_module("lstm", m)) {}
  Tensor forward(const Tensor& x) const { return lstm(x).output; }
  nn::LSTM lstm;
};

// Gradients of all parameters, through the call of the module.
template <class M>
bool gradients_are_right(M m, const Tensor& x) {
  m.to(kFloat64);
  std::vector<Tensor> all{x.to(kFloat64).detach().requires_grad_()};
  for (const Tensor& p : m.parameters())
    if (p.requires_grad()) all.push_back(p);
  return gradcheck([&](const std::vector<Tensor>& in) { return m(in[0]); }, all);
}

double off_orthogonal(const Tensor& w) {
  const bool wide = w.size(0) < w.size(1);
  const Tensor gram = wide ? matmul(w, transpose(w, 0, 1)) : matmul(transpose(w, 0, 1), w);
  return amax(abs(gram - eye(gram.size(0)))).item();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(parametrize)

BOOST_AUTO_TEST_CASE(weight_norm_keeps_the_value_and_trains_length_and_direction) {
  manual_seed(1);
  nn::Linear fc(3, 2);
  const Tensor x = randn({4, 3}), before = fc(x).detach(), weight = fc.weight.detach().clone();
  BOOST_TEST(utils::parametrizations::weight_norm(fc).is_same(fc));
  BOOST_TEST(allclose(fc(x), before));
  BOOST_TEST(names(fc.state_dict()) == "bias parametrizations.weight.original0 parametrizations.weight.original1 ");
  BOOST_TEST((fc.get_parameter("parametrizations.weight.original0").shape() == Shape{2, 1}));
  BOOST_TEST(!fc.weight.requires_grad());
  fc(x).sum().backward();
  for (const Tensor& p : fc.parameters()) BOOST_TEST(p.grad().defined());
  BOOST_TEST(gradients_are_right(fc.clone(), x));
  // One step along g alone: the direction stays, the member shows what the call used.
  optim::SGD opt(fc.parameters(), {.lr = 0.1});
  opt.step();
  fc(x);
  const Tensor g = fc.get_parameter("parametrizations.weight.original0");
  BOOST_TEST(allclose(linalg::vector_norm(fc.weight, 2, {1}, true), abs(g.detach())));
  BOOST_TEST(to_string(fc).find("(0): WeightNorm") != std::string::npos);
  BOOST_TEST(utils::parametrize::is_parametrized(fc, "weight"));
  BOOST_TEST(!utils::parametrize::is_parametrized(fc, "bias"));
  const Tensor now = fc(x).detach();
  utils::parametrize::remove_parametrizations(fc, "weight");
  BOOST_TEST(names(fc.state_dict()) == "weight bias ");
  BOOST_TEST(fc.weight.requires_grad());
  BOOST_TEST(allclose(fc(x), now));
  BOOST_TEST(fc.named_children().empty());
  expect<ValueError>({"not made by register_parametrization"},
                     [&] { utils::parametrize::remove_parametrizations(fc, "weight"); });
}

BOOST_AUTO_TEST_CASE(names_of_earlier_releases) {
  manual_seed(2);
  nn::Conv2d conv = utils::weight_norm(nn::Conv2d(2, 4, 3), "weight", 1);
  BOOST_TEST(names(conv.state_dict()) == "bias weight_g weight_v ");
  BOOST_TEST((conv.get_parameter("weight_g").shape() == Shape{1, 2, 1, 1}));
  BOOST_TEST(gradients_are_right(conv.clone(), randn({1, 2, 4, 4})));
  const Tensor x = randn({1, 2, 4, 4}), y = conv(x).detach();
  utils::remove_weight_norm(conv);
  BOOST_TEST(names(conv.state_dict()) == "weight bias ");
  BOOST_TEST(allclose(conv(x), y));
  nn::Linear whole = utils::weight_norm(nn::Linear(3, 2), "weight", std::nullopt);
  BOOST_TEST(whole.get_parameter("weight_g").dim() == 0);
  nn::Linear spectral = utils::spectral_norm(nn::Linear(4, 3));
  BOOST_TEST(names(spectral.state_dict()) == "bias weight_orig weight_u weight_v ");
  for (int i = 0; i < 60; ++i) spectral(zeros({1, 4}));
  BOOST_TEST(std::fabs(linalg::norm(spectral.weight, "nuc").item()) > 0);
  BOOST_TEST(std::fabs(linalg::matrix_norm(spectral.weight, 2.0).item() - 1) < 1e-4);
  utils::remove_spectral_norm(spectral);
  BOOST_TEST(names(spectral.state_dict()) == "weight bias ");
  expect<ValueError>({"remove_weight_norm", "not made by weight_norm"}, [&] { utils::remove_weight_norm(conv); });
}

BOOST_AUTO_TEST_CASE(spectral_norm_bounds_the_largest_singular_value) {
  manual_seed(3);
  nn::Linear fc = utils::parametrizations::spectral_norm(nn::Linear(5, 4));
  BOOST_TEST(names(fc.named_buffers()) == "parametrizations.weight.0._u parametrizations.weight.0._v ");
  for (int i = 0; i < 60; ++i) fc(zeros({1, 5}));
  BOOST_TEST(std::fabs(linalg::matrix_norm(fc.weight, 2.0).item() - 1) < 1e-4);
  fc.eval();
  const Tensor u = fc.named_buffers()[0].second.clone();
  fc(zeros({1, 5}));
  BOOST_TEST(same_bits(u, fc.named_buffers()[0].second));  // evaluation does not iterate
  BOOST_TEST(gradients_are_right(fc, randn({2, 5})));
  nn::ConvTranspose1d up = utils::parametrizations::spectral_norm(nn::ConvTranspose1d(2, 3, 2));
  BOOST_TEST((up.get_buffer("parametrizations.weight.0._u").shape() == Shape{3}));
  // Twice in one graph, as a discriminator is called: values saved by the first call stay.
  fc.train();
  const Tensor x = randn({2, 5}, {kFloat64});
  (fc(x) * fc(2 * x)).sum().backward();
  BOOST_TEST(fc.get_parameter("parametrizations.weight.original").grad().defined());
  expect<ValueError>({"n_power_iterations must be positive"}, [] {
    utils::parametrizations::spectral_norm(nn::Linear(2, 2), "weight", {.n_power_iterations = 0});
  });
}

BOOST_AUTO_TEST_CASE(orthogonal_stays_orthogonal) {
  using utils::OrthogonalMap;
  manual_seed(4);
  for (const bool base : {true, false})
    for (const OrthogonalMap map : {OrthogonalMap::matrix_exp, OrthogonalMap::cayley, OrthogonalMap::householder})
      for (const auto& [in, out] : {std::pair(3, 3), std::pair(2, 4), std::pair(4, 2)}) {
        nn::Linear fc = utils::parametrizations::orthogonal(nn::Linear(in, out), "weight",
                                                            {.orthogonal_map = map, .use_trivialization = base});
        BOOST_TEST(off_orthogonal(fc.weight) < 1e-5);
        optim::SGD opt(fc.parameters(), {.lr = 0.3});
        const Tensor x = randn({5, in});
        for (int i = 0; i < 3; ++i) {
          opt.zero_grad();
          square(fc(x) - 1).mean().backward();
          opt.step();
        }
        fc(x);
        BOOST_TEST(off_orthogonal(fc.weight) < 1e-5);
      }
  nn::Linear fc(3, 3);
  nn::init::orthogonal_(fc.weight);
  const Tensor w = fc.weight.detach().clone();
  for (const bool base : {true, false}) {  // what is orthogonal stays what it is
    nn::Linear same = utils::parametrizations::orthogonal(
        fc.clone(), "weight", {.orthogonal_map = OrthogonalMap::householder, .use_trivialization = base});
    BOOST_TEST(allclose(same.weight, w, 1e-5, 1e-5));
  }
  BOOST_TEST(gradients_are_right(utils::parametrizations::orthogonal(nn::Linear(3, 3)), randn({2, 3})));
  expect<ShapeError>({"orthogonal", "needs a matrix"},
                     [] { utils::parametrizations::orthogonal(nn::Linear(2, 2), "bias"); });
}

BOOST_AUTO_TEST_CASE(low_rank_corrections) {
  manual_seed(5);
  nn::Linear fc = utils::parametrizations::lora(nn::Linear(6, 4), {.rank = 2, .alpha = 4});
  const Tensor x = randn({3, 6}), before = fc(x).detach();
  fc(x).sum().backward();
  BOOST_TEST(!fc.get_parameter("parametrizations.weight.original").requires_grad());
  Tensor b = fc.get_parameter("parametrizations.weight.0.lora_B");
  const Tensor a = fc.get_parameter("parametrizations.weight.0.lora_A");
  BOOST_TEST(b.grad().defined());
  b.detach().fill_(0.5);
  const Tensor after = fc(x).detach();
  BOOST_TEST(allclose(after - before, matmul(x, transpose(2 * matmul(b, a), 0, 1)).detach(), 1e-4, 1e-5));
  utils::parametrize::remove_parametrizations(fc, "weight");  // merged
  BOOST_TEST(allclose(fc(x), after));
  BOOST_TEST(names(fc.state_dict()) == "weight bias ");
  nn::Conv2d conv = utils::parametrizations::lora(nn::Conv2d(2, 3, 3), {.rank = 1});
  BOOST_TEST((conv(randn({1, 2, 4, 4})).shape() == Shape{1, 3, 2, 2}));
}

BOOST_AUTO_TEST_CASE(formulas_of_users) {
  manual_seed(6);
  nn::Linear fc(3, 3);
  const Tensor w = fc.weight.detach().clone();
  utils::parametrize::register_parametrization(fc, "weight", Double());
  BOOST_TEST(allclose(fc.weight, w));  // right_inverse
  BOOST_TEST(allclose(fc.get_parameter("parametrizations.weight.original"), w / 2));
  utils::parametrize::register_parametrization(fc, "weight", Skew());  // behind it
  BOOST_TEST(names(fc.named_parameters()) == "bias parametrizations.weight.original parametrizations.weight.0.shift ");
  const Tensor x = randn({2, 3});
  BOOST_TEST(allclose(fc(x), matmul(x, transpose(fc.weight, 0, 1)) + fc.bias));
  BOOST_TEST(allclose(fc.weight, -transpose(fc.weight, 0, 1)));
  BOOST_TEST(gradients_are_right(fc.clone(), x));
  const Tensor penalty = utils::parametrize::value(fc).norm();
  penalty.backward();
  BOOST_TEST(fc.get_parameter("parametrizations.weight.original").grad().defined());
  utils::parametrize::remove_parametrizations(fc, "weight", false);
  BOOST_TEST(allclose(fc.weight, w / 2));
  nn::Linear two(3, 3);
  utils::parametrize::register_parametrization(two, "weight", Product());
  BOOST_TEST(two.get_parameter("parametrizations.weight.original1").numel() == 9);
  expect<ValueError>({"made of 2 originals"},
                     [&] { utils::parametrize::remove_parametrizations(two, "weight", false); });
  expect<ValueError>({"no parameter 'wight'", "did you mean 'weight'?"},
                     [&] { utils::parametrize::register_parametrization(fc, "wight", Skew()); });
  expect<ShapeError>({"gives another shape", "(3, 3)", "(9)"},
                     [&] { utils::parametrize::register_parametrization(fc, "weight", Flat()); });
  BOOST_TEST(names(fc.named_parameters()) == "weight bias ");
  expect<ValueError>({"computed already, by register_parametrization"}, [&] { utils::weight_norm(two); });
}

BOOST_AUTO_TEST_CASE(in_networks_clones_files_and_functional_calls) {
  manual_seed(7);
  const auto make = [] {
    return nn::Sequential(utils::parametrizations::weight_norm(nn::Linear(3, 4)), nn::Tanh(),
                          utils::spectral_norm(nn::Linear(4, 2)));
  };
  nn::Sequential net = make(), other = make();
  net.eval();
  other.eval();
  const Tensor x = randn({2, 3}), y = net(x).detach();
  nn::Sequential copy = net.clone();
  BOOST_TEST(allclose(copy(x), y));
  Tensor g = net.get_parameter("0.parametrizations.weight.original0");
  g.detach().mul_(2);
  BOOST_TEST(!allclose(net(x), y));
  BOOST_TEST(allclose(copy(x), y));  // its own
  other.load_state_dict(copy.state_dict());
  BOOST_TEST(allclose(other(x), y));
  const Tensor shown = net[0].as<nn::Linear>()->weight.clone();
  BOOST_TEST(allclose(nn::functional_call(net, {{"0.parametrizations.weight.original0", g.detach() / 2}}, x), y));
  BOOST_TEST(same_bits(net[0].as<nn::Linear>()->weight, shown));  // the module itself stays as it is
  net.to(kFloat64);
  BOOST_TEST(net(x.to(kFloat64)).dtype() == kFloat64);
  nn::LSTM lstm(2, 3, {.bidirectional = true});
  utils::weight_norm(lstm, "weight_hh_l0_reverse");
  BOOST_TEST(gradients_are_right(Outputs(lstm), randn({3, 2, 2})));
  nn::LSTMCell cell = utils::weight_norm(nn::LSTMCell(2, 3), "weight_hh");
  BOOST_TEST((cell(randn({2, 2})).h.shape() == Shape{2, 3}));
  utils::remove_weight_norm(cell, "weight_hh");
  BOOST_TEST((cell(randn({2, 2})).h.shape() == Shape{2, 3}));
}

BOOST_AUTO_TEST_CASE(pruning) {
  nn::Linear fc(3, 2);
  nn::init::constant_(fc.bias, 0);
  {
    const NoGradGuard off;
    fc.weight.copy_(tensor({{0.1, -4.0, 0.3}, {2.0, -0.2, 3.0}}));
  }
  prune::l1_unstructured(fc, "weight", 2);
  BOOST_TEST(names(fc.state_dict()) == "bias weight_orig weight_mask ");
  check_close(fc.weight, {0, -4, 0.3, 2, 0, 3});
  const Tensor x = ones({1, 3});
  check_close(fc(x), {-3.7, 5});
  fc(x).sum().backward();
  check_close(fc.get_parameter("weight_orig").grad(), {0, 1, 1, 1, 0, 1});
  prune::l1_unstructured(fc, "weight", 0.5);  // of the four that are left
  check_close(fc.weight, {0, -4, 0, 0, 0, 3});
  BOOST_TEST((prune::is_pruned(fc) && prune::is_pruned(nn::Sequential(fc))));
  nn::Linear copy = fc.clone();
  prune::remove(fc, "weight");
  BOOST_TEST(names(fc.state_dict()) == "weight bias ");
  check_close(fc.weight, {0, -4, 0, 0, 0, 3});
  BOOST_TEST((fc.weight.requires_grad() && !prune::is_pruned(fc) && prune::is_pruned(copy)));
  check_close(copy(x), {-4, 3});
  prune::custom_from_mask(fc, "weight", tensor({{1, 0, 1}, {1, 1, 1}}));
  check_close(fc.weight, {0, 0, 0, 0, 0, 3});
  nn::Linear rows = prune::ln_structured(nn::Linear(4, 4), "weight", 0.5, 2, 0);
  BOOST_TEST(sum(amax(rows.get_buffer("weight_mask"), {1})).item() == 2);
  nn::Linear some = prune::random_unstructured(nn::Linear(4, 5), "weight", 7);
  BOOST_TEST(sum(some.get_buffer("weight_mask")).item() == 13);
  nn::Conv2d conv = prune::random_structured(nn::Conv2d(4, 2, 3), "weight", 1, 1);
  BOOST_TEST(sum(conv.get_buffer("weight_mask")).item() == 54);
  nn::Linear a(2, 2), b(2, 2);
  nn::init::constant_(a.weight, 5);
  prune::global_unstructured({{a, "weight"}, {b, "weight"}}, prune::PruningMethod::l1_unstructured, 4);
  check_close(b.weight, {0, 0, 0, 0});
  check_close(a.weight, {5, 5, 5, 5});
  expect<ValueError>({"l1_unstructured", "must not exceed", "4", "got 9"},
                     [&] { prune::l1_unstructured(nn::Linear(2, 2), "weight", 9); });
  expect<ValueError>({"fraction in [0, 1], got 1.5"}, [&] { prune::l1_unstructured(nn::Linear(2, 2), "weight", 1.5); });
  expect<ShapeError>({"custom_from_mask", "shape of the parameter"},
                     [&] { prune::custom_from_mask(nn::Linear(2, 2), "weight", ones({3})); });
  expect<ValueError>({"prune::remove", "not made by prune"}, [&] { prune::remove(nn::Linear(2, 2), "weight"); });
  expect<ValueError>({"exchanged by assignment", "weight"}, [&] {
    nn::Linear tied = prune::identity(nn::Linear(2, 2), "weight");
    tied.weight = nn::Linear(2, 2).weight;
    tied(ones({1, 2}));
  });
}

BOOST_AUTO_TEST_SUITE_END()
