// Modules as functions of their parameters.
#include <xgrad/autograd.hpp>
#include <xgrad/functional.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/optim.hpp>
#include <xgrad/vmap.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;
using nn::functional_call;

namespace {

// The same in float64.
template <class M>
M wide(M module) {
  module.to(kFloat64);
  return module;
}

struct Net : nn::Layer<Net> {
  nn::Linear fc1 = register_module("fc1", wide(nn::Linear(2, 3)));
  nn::Linear fc2 = register_module("fc2", wide(nn::Linear(3, 1)));
  Tensor forward(const Tensor& x) const { return fc2(tanh(fc1(x))); }
};

Tensor inputs() { return tensor({{0.5, -1}, {2, 0.25}}, {kFloat64}); }

NamedTensors moved(const NamedTensors& parameters, double by) {
  NamedTensors out;
  for (const auto& [name, t] : parameters) out.emplace_back(name, (t.detach() + by).requires_grad_());
  return out;
}

// The state of a module, to be found the same afterwards.
std::vector<std::vector<double>> values(const nn::Module& m) {
  std::vector<std::vector<double>> v;
  for (const auto& [name, t] : m.state_dict()) v.push_back(t.detach().to_vector<double>());
  return v;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(calls_of_modules)

BOOST_AUTO_TEST_CASE(all_parameters) {
  manual_seed(1);
  Net net;
  const auto before = values(net);
  const NamedTensors other = moved(net.named_parameters(), 0.5);
  const Tensor y = functional_call(net, other, inputs());
  y.sum().backward();
  BOOST_TEST(values(net) == before);
  for (const auto& [name, t] : net.named_parameters()) BOOST_TEST(!t.grad().defined(), name);

  Net same;  // with those values
  same.load_state_dict(other);
  const Tensor z = same(inputs());
  z.sum().backward();
  check_close(y, z.to_vector<double>(), 1e-15);
  const NamedTensors own = same.named_parameters();
  for (std::size_t i = 0; i < own.size(); ++i)
    check_close(other[i].second.grad(), own[i].second.grad().to_vector<double>(), 1e-14);
}

BOOST_AUTO_TEST_CASE(some_of_them) {
  manual_seed(2);
  Net net;
  const Tensor bias = tensor({7.}, {kFloat64, true});
  const Tensor y = functional_call(net, {{"fc2.bias", bias}}, inputs());
  y.sum().backward();
  check_close(bias.grad(), {2}, 0);
  BOOST_TEST(!net.fc2.bias.grad().defined());
  BOOST_TEST(net.fc2.weight.grad().defined());
  check_close(y - 7, (net(inputs()) - net.fc2.bias).to_vector<double>(), 1e-14);
  check_close(functional_call(net, {}, inputs()), net(inputs()).to_vector<double>(), 0);
}

BOOST_AUTO_TEST_CASE(other_kinds_of_modules) {
  const nn::Sequential seq = wide(nn::Sequential(nn::Linear(2, 3), nn::ReLU(), nn::Linear(3, 1)));
  const Tensor w = ones({1, 3}, {kFloat64}).requires_grad_();
  functional_call(seq, {{"2.weight", w}}, inputs()).sum().backward();
  BOOST_TEST(w.grad().defined());
  const nn::AnyModule any = wide(nn::Linear(2, 1));
  check_close(functional_call(any, {{"weight", ones({1, 2}, {kFloat64})}, {"bias", zeros({1}, {kFloat64})}}, inputs()),
              {-0.5, 2.25}, 1e-15);
  const nn::LSTM lstm = wide(nn::LSTM(2, 3));
  const Tensor u = zeros({12, 2}, {kFloat64}).requires_grad_();
  const auto out = functional_call(lstm, {{"weight_ih_l0", u}}, inputs().unsqueeze(1));
  out.output.sum().backward();
  BOOST_TEST(u.grad().defined());
}

BOOST_AUTO_TEST_CASE(buffers) {
  const nn::BatchNorm1d norm = wide(nn::BatchNorm1d(2));
  const auto before = values(norm);
  const Tensor mean = zeros({2}, {kFloat64}), var = ones({2}, {kFloat64});
  functional_call(norm, {{"running_mean", mean}, {"running_var", var}}, inputs());
  check_close(mean, {0.125, -0.0375}, 1e-15);
  BOOST_TEST(values(norm)[2] == before[2]);  // running_mean
  BOOST_TEST(values(norm)[3] == before[3]);
  functional_call(norm, {{"running_var", var}}, inputs());
  BOOST_TEST(values(norm)[2] != before[2]);  // its own, as in any call
}

namespace {
struct Tied : nn::Layer<Tied> {
  nn::Linear a = register_module("a", wide(nn::Linear(2, 2, {.bias = false})));
  nn::Linear b = register_module("b", nn::Linear::from_weight(a.weight));
  Tensor forward(const Tensor& x) const { return b(a(x)); }
};
}  // namespace

BOOST_AUTO_TEST_CASE(tied_parameters) {
  Tied net;
  const Tensor w = tensor({{2, 0}, {0, 3}}, {kFloat64}), other = w.clone();
  const Tensor x = ones({1, 2}, {kFloat64});
  for (const char* name : {"a.weight", "b.weight"}) check_close(functional_call(net, {{name, w}}, x), {4, 9}, 0);
  check_close(functional_call(net, {{"a.weight", w}, {"b.weight", w}}, x), {4, 9}, 0);
  expect<ValueError>({"functional_call", "'b.weight' is given twice", next_line()}, [&] {
    functional_call(net, {{"a.weight", w}, {"b.weight", other}}, x);
  });
}

BOOST_AUTO_TEST_CASE(inner_steps) {
  // MAML: the gradient through a step, against the step written out.
  manual_seed(4);
  const nn::Linear net = wide(nn::Linear(3, 1));
  const Tensor xa = randn({4, 3}, {kFloat64}), ya = randn({4, 1}, {kFloat64}), xb = randn({4, 3}, {kFloat64}),
               yb = randn({4, 1}, {kFloat64});
  NamedTensors fast = net.named_parameters();
  for (int step = 0; step < 2; ++step) {
    std::vector<Tensor> at;
    for (const auto& [name, t] : fast) at.push_back(t);
    const Tensor loss = mse_loss(functional_call(net, fast, xa), ya);
    const std::vector<Tensor> g = grad({loss}, at, {}, {.create_graph = true});
    for (std::size_t i = 0; i < fast.size(); ++i) fast[i].second = at[i] - 0.1 * g[i];
  }
  mse_loss(functional_call(net, fast, xb), yb).backward();

  const Tensor w = net.weight.detach().requires_grad_(), b = net.bias.detach().requires_grad_();
  Tensor w1 = w, b1 = b;
  for (int step = 0; step < 2; ++step) {
    const Tensor e = 2. / 4 * (linear(xa, w1, b1) - ya);
    const Tensor gw = matmul(e.t(), xa), gb = e.sum({0});
    w1 = w1 - 0.1 * gw;
    b1 = b1 - 0.1 * gb;
  }
  mse_loss(linear(xb, w1, b1), yb).backward();
  check_close(net.weight.grad(), w.grad().to_vector<double>(), 1e-12);
  check_close(net.bias.grad(), b.grad().to_vector<double>(), 1e-12);
}

BOOST_AUTO_TEST_CASE(derivatives_by_parameters) {
  manual_seed(5);
  const Net net;
  const Tensor x = inputs();
  const auto f = [&](const Tensor& w) { return functional_call(net, {{"fc1.weight", w}}, x).flatten(); };
  const Tensor w = net.fc1.weight.detach();
  const Tensor j = jacobian(f, w);
  BOOST_TEST(j.shape() == (Shape{2, 3, 2}));
  const Tensor v = ones_like(w);
  check_close(jvp(f, w, v).product, (j * v).sum({1, 2}).to_vector<double>(), 1e-13);
  // Gradients of each example.
  const Tensor each = vmap([&](const Tensor& one) {
    return jacobian([&](const Tensor& u) { return functional_call(net, {{"fc1.weight", u}}, one).sum(); }, w);
  })(x);
  check_close(each, j.to_vector<double>(), 1e-13);
}

namespace {
struct Throws : nn::Layer<Throws> {
  nn::Parameter scale = register_parameter("scale", ones({1}, {kFloat64}));
  Tensor forward(const Tensor& x) const {
    if (x.numel() == 2) throw ValueError("two");
    return x * scale;
  }
};
struct Plain : nn::Layer<Plain> {
  Tensor scale = register_parameter("scale", ones({1}, {kFloat64}));
  Tensor forward(const Tensor& x) const { return x * scale; }
};
}  // namespace

BOOST_AUTO_TEST_CASE(forward_throws) {
  Throws net;
  const Tensor other = tensor({5.}, {kFloat64});
  BOOST_CHECK_THROW(functional_call(net, {{"scale", other}}, ones({2}, {kFloat64})), ValueError);
  check_close(net(ones({1}, {kFloat64})), {1}, 0);
  check_close(functional_call(net, {{"scale", other}}, ones({1}, {kFloat64})), {5}, 0);
  check_close(nn::clone(net)(ones({1}, {kFloat64})), {1}, 0);
}

BOOST_AUTO_TEST_CASE(mistakes) {
  Net net;
  const Tensor x = inputs(), w = ones({3, 2}, {kFloat64});
  expect_op<ValueError>("functional_call", {"no parameter or buffer 'fc1.wieght'", "did you mean 'fc1.weight'?"}, [&] {
    functional_call(net, {{"fc1.wieght", w}}, x);
  });
  expect_op<ValueError>("functional_call", {"'fc1.weight' is undefined"}, [&] {
    functional_call(net, {{"fc1.weight", Tensor()}}, x);
  });
  expect<ShapeError>({"fc2"}, [&] { functional_call(net, {{"fc2.weight", w}}, x); });
  Plain plain;
  expect_op<ValueError>("functional_call", {"'scale'", "nn::Parameter"}, [&] {
    functional_call(plain, {{"scale", ones({1}, {kFloat64})}}, x);
  });
  const nn::Linear empty = nullptr;
  const auto call = [&] { functional_call(empty, {{"weight", w}}, x); };
  expect<ValueError>({"Linear", "empty", "test_functional_call.cpp:211"}, call);
}

BOOST_AUTO_TEST_SUITE_END()
