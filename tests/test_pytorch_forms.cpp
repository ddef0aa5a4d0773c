// Forms that programs for PyTorch are written in: one tensor for a list, options by name, hooks that return nothing.
#include <iostream>
#include <map>
#include <sstream>
#include <unordered_map>

#include <xgrad/fmt.hpp>
#include <xgrad/xgrad.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;
namespace dist = xgrad::distributions;

namespace {

template <class T>
std::string text(const T& value) {
  std::ostringstream os;
  os << value;
  return os.str();
}

Tensor variable(std::initializer_list<double> values) {
  return tensor(std::vector<double>(values), {.dtype = kFloat64, .requires_grad = true});
}

struct Deep : nn::Layer<Deep> {
  nn::ModuleList<nn::Linear> dec = register_module("dec", nn::ModuleList<nn::Linear>());
  nn::ParameterList scales = register_module("scales", nn::ParameterList());
  nn::ModuleDict<> heads = register_module("heads", nn::ModuleDict<>());
  Deep() {
    dec.push_back(nn::Linear(3, 3));
    dec.push_back(nn::Linear(4, 3));
    scales.push_back(ones({3}));
    heads.add("out", nn::Sequential(nn::Linear(3, 2), nn::Tanh()));
  }
  Tensor forward(const Tensor& x) const { return dec[1](dec[0](x)); }
};
struct Outer : nn::Layer<Outer> {
  Deep net = register_module("net", Deep());
  Tensor forward(const Tensor& x) const { return net.heads["out"](x); }
};

std::string module_of(const Tensor& t) { return t.grad_fn().module_path(); }

}  // namespace

BOOST_AUTO_TEST_SUITE(pytorch_forms)

// ---- names of what is registered before it is filled ----

BOOST_AUTO_TEST_CASE(lists_that_are_filled_later_have_their_name_in_errors) {
  const Deep net;
  BOOST_TEST(net.dec[0].weight.name() == "dec.0.weight");
  BOOST_TEST(net.scales[0].name() == "scales.0");
  BOOST_TEST(net.heads["out"].get_parameter("0.weight").name() == "heads.out.0.weight");
  expect<ShapeError>({"dec.1.weight", "Deep.dec.1 : Linear(4 → 3)", "test_pytorch_forms.cpp:39"}, [&] {
    net(ones({2, 3}));
  });
  const Outer outer;
  BOOST_TEST(outer.net.dec[0].weight.name() == "net.dec.0.weight");
  BOOST_TEST(module_of(outer(ones({2, 3}))) == "Outer.net.heads.out.1");
  Outer late;
  late.net.dec.push_back(nn::Linear(3, 3));
  BOOST_TEST(late.net.dec[2].weight.name() == "net.dec.2.weight");
  late.net.dec[2].register_buffer("steps", zeros({1}));
  BOOST_TEST(late.get_buffer("net.dec.2.steps").name() == "net.dec.2.steps");
}

BOOST_AUTO_TEST_CASE(names_in_copies_and_after_an_exchange) {
  const Outer outer;
  const Outer copy = outer.clone();
  BOOST_TEST(copy.net.dec[0].weight.name() == "net.dec.0.weight");
  BOOST_TEST(module_of(copy(ones({2, 3}))) == "Outer.net.heads.out.1");
  const Tensor w = outer.net.heads["out"].get_parameter("0.weight").detach().clone().requires_grad_();
  BOOST_TEST(module_of(nn::functional_call(outer, {{"net.heads.out.0.weight", w}}, ones({2, 3}))) ==
             "Outer.net.heads.out.1");
  Deep net;
  const nn::Linear before = net.dec[0];
  net.dec.replace(0, nn::Linear(3, 4));
  BOOST_TEST(net.dec[0].weight.name() == "dec.0.weight");
  BOOST_TEST(module_of(net(ones({2, 3}))) == "Deep.dec.1");
  BOOST_TEST(module_of(before(ones({2, 3}))) == "0");  // it stands nowhere any more
}

BOOST_AUTO_TEST_CASE(a_weight_that_is_tied_keeps_its_first_name_in_a_list_too) {
  struct Tied : nn::Layer<Tied> {
    nn::Embedding words = register_module("words", nn::Embedding(5, 3));
    nn::ModuleList<nn::Linear> out = register_module("out", nn::ModuleList<nn::Linear>());
    Tied() { out.push_back(nn::Linear::from_weight(words.weight)); }
    Tensor forward(const Tensor& x) const { return out[0](words(x)); }
  };
  const Tied net;
  BOOST_TEST(net.out[0].weight.name() == "words.weight");
  BOOST_TEST(module_of(net(tensor({1, 2}))) == "Tied.out.0");
}

// ---- hooks ----

BOOST_AUTO_TEST_CASE(hooks_may_return_nothing) {
  const Tensor x = variable({1, 2});
  Tensor y = x * 3, z = y.sum();
  std::vector<std::string> ran;
  y.register_hook([&](const Tensor& g) { ran.push_back(fmt::format("tensor {}", g.sum().item())); });
  z.grad_fn().register_prehook(
      [&](const std::vector<Tensor>& g) { ran.push_back(fmt::format("before {}", g.size())); });
  z.grad_fn().register_hook([&](const std::vector<Tensor>& in, const std::vector<Tensor>& out) {
    ran.push_back(fmt::format("behind {} {}", in.size(), out.size()));
  });
  z.backward();
  BOOST_TEST(ran == (std::vector<std::string>{"before 1", "behind 1 1", "tensor 2"}), boost::test_tools::per_element());
  check_close(x.grad(), {3, 3});
  expect_op<ValueError>("register_hook", {"empty"}, [&] { y.register_hook(std::function<void(const Tensor&)>()); });
}

BOOST_AUTO_TEST_CASE(hooks_of_modules_may_return_nothing_and_their_nodes_name_the_call) {
  nn::Linear fc(2, 2);
  int before = 0, behind = 0, backward = 0;
  fc.register_forward_pre_hook([&](const nn::Module&, const Tensor&) { ++before; });
  fc.register_forward_hook([&](const nn::Module&, const Tensor&, const Tensor&) { ++behind; });
  fc.register_full_backward_hook([&](const nn::Module&, const Tensor&, const Tensor&) { ++backward; });
  const Tensor x = ones({1, 2}, {.requires_grad = true}) * 2;
  const Tensor y = fc(x);  // this line
  const unsigned line = std::source_location::current().line() - 1;
  for (GraphNode n = y.grad_fn(); n && n.name() != "mul"; n = n.next_functions()[0].first)
    BOOST_TEST(n.location().line() == line, n);
  y.sum().backward();
  BOOST_TEST((before == 1 && behind == 1 && backward == 1));
}

// ---- derivatives ----

BOOST_AUTO_TEST_CASE(grad_of_one_tensor_by_one) {
  const Tensor x = variable({1, 2}), w = variable({3, 4});
  const Tensor y = (x * x * w).sum();
  check_close(grad(y, x, {.retain_graph = true})[0], {6, 16});
  check_close(grad({y}, {x, w}, {.retain_graph = true})[1], {1, 4});
  const Tensor g = grad(y, x, {.create_graph = true})[0];
  check_close(grad(g, x, ones_like(x), {.retain_graph = true})[0], {6, 8});
  check_close(grad({g}, {x}, {ones_like(x)})[0], {6, 8});
  BOOST_TEST(!grad((x * 2).sum(), {x, w}, {.allow_unused = true})[1].defined());
  backward((x * 2).sum());
  check_close(x.grad(), {2, 2});
  const Tensor two = (w * 2).sum();
  backward({two, (w * 3).sum()}, {.retain_graph = true});
  check_close(w.grad(), {5, 5});
}

BOOST_AUTO_TEST_CASE(errors_of_grad_say_grad) {
  const Tensor x = variable({1, 2}), y = x * 2;
  expect_op<AutogradError>("grad", {"scalar or a seed"}, [&] { grad(y, x); });
  expect_op<ShapeError>("grad", {"seed shape (3)", "(2)"}, [&] { grad(y, x, ones({3})); });
  expect_op<AutogradError>("grad", {"does not require grad"}, [&] { grad(y.detach(), x); });
  expect_op<AutogradError>("grad", {"input 0 does not require grad"}, [&] { grad(y.sum(), ones({2})); });
  expect_op<ValueError>("grad", {"1 outputs but 2 gradients"}, [&] { grad(y, x, {y, y}); });
  expect_op<AutogradError>("backward", {"scalar or a seed"}, [&] { backward(y); });
}

BOOST_AUTO_TEST_CASE(gradcheck_of_functions_of_tensors) {
  const Tensor x = variable({0.5, 1.5}), y = variable({2, 3});
  BOOST_TEST(gradcheck([](const Tensor& t) { return t.exp(); }, {x}));
  BOOST_TEST(gradcheck([](const Tensor& t) { return t.exp(); }, x));
  BOOST_TEST(gradcheck(xgrad::sigmoid, {x}));
  BOOST_TEST(gradcheck([](const Tensor& a, const Tensor& b) { return a * b; }, {x, y}));
  BOOST_TEST(gradcheck([](const Tensor& a, const Tensor& b) { return std::vector<Tensor>{a * b, a}; }, {x, y}));
  BOOST_TEST(gradgradcheck([](const Tensor& t) { return t.exp(); }, {x}));
  GradcheckReport report;
  BOOST_TEST(gradcheck([](const Tensor& t) { return t * t; }, {x}, {.report = &report}));
  BOOST_TEST((report.passed && report.largest_error > 0 && report.largest_error < 1e-6));
  BOOST_TEST(!gradcheck([](const Tensor& t) { return t * t.detach(); }, x,
                        {.raise_exception = false, .fast_mode = true, .report = &report}));
  BOOST_TEST(report.largest_error > 0.1);
  expect<ValueError>({"2", "3"}, [&] { gradcheck([](const Tensor& a, const Tensor& b) { return a * b; }, {x, y, x}); });
}

// ---- arguments ----

BOOST_AUTO_TEST_CASE(generators_behind_the_first_arguments) {
  Generator g = Generator().manual_seed(42), h(42);
  BOOST_TEST(g.seed() == 42u);
  BOOST_TEST((g.manual_seed(42) == g));
  const dist::Normal d(zeros({3}), 1.0);
  BOOST_TEST(same_bits(d.rsample(g), d.rsample({}, h)));
  BOOST_TEST(same_bits(d.sample(g), d.sample({}, h)));
  const Tensor p = tensor({0.1, 0.2, 0.7});
  BOOST_TEST(same_bits(multinomial(p, 2, g), multinomial(p, 2, false, h)));
  BOOST_TEST(same_bits(p.multinomial(2, g), p.multinomial(2, false, h)));
  BOOST_TEST(same_bits(p.multinomial(4, true, g), multinomial(p, 4, true, h)));
}

BOOST_AUTO_TEST_CASE(distributions_with_their_options_apart) {
  const Tensor odds = tensor({0.5, -0.5});
  const dist::Bernoulli d({.logits = odds}, {.validate_args = false});
  check_close(d.log_prob(tensor({3., 3.})),
              dist::Bernoulli({.logits = odds, .validate_args = false}).log_prob(tensor({3., 3.})).to_vector<double>());
  expect<ValueError>({"Bernoulli"}, [&] { dist::Bernoulli({.logits = odds}).log_prob(tensor({3., 3.})); });
  BOOST_TEST(dist::Categorical({.logits = odds}, {.validate_args = false}).sample().dtype() == kInt64);
  BOOST_TEST(dist::Multinomial(3, {.probs = tensor({0.5, 0.5})}, {.validate_args = false}).sample().sum().item() == 3);
}

BOOST_AUTO_TEST_CASE(functional_call_takes_maps) {
  const nn::Linear fc(2, 1);
  const Tensor w = tensor({{1., 2.}}), b = tensor({0.5}), x = tensor({{3., 4.}});
  check_close(nn::functional_call(fc, std::map<std::string, Tensor>{{"weight", w}, {"bias", b}}, x), {11.5});
  check_close(nn::functional_call(fc, std::unordered_map<std::string, Tensor>{{"weight", w}, {"bias", b}}, x), {11.5});
  expect_op<ValueError>("functional_call", {"no parameter or buffer 'wieght'", "weight"}, [&] {
    nn::functional_call(fc, std::map<std::string, Tensor>{{"wieght", w}}, x);
  });
}

BOOST_AUTO_TEST_CASE(sort_by_name) {
  const Tensor x = tensor({{1., 3.}, {2., 0.}});
  check_close(x.sort({.descending = true}).values, {3, 1, 2, 0});
  check_close(sort(x, {.dim = 0, .descending = true}).values, {2, 3, 1, 0});
  check_close(x.argsort({.descending = true}), {1, 0, 0, 1});
  check_close(argsort(x, {.dim = 0}), {0, 1, 1, 0});
  expect_op<IndexError>("sort", {"2"}, [&] { (void)x.sort({.dim = 2}); });
}

BOOST_AUTO_TEST_CASE(pooling_with_stride_and_padding_in_order) {
  manual_seed(1);
  const Tensor x = randn({1, 2, 6, 6}), line = randn({1, 2, 7});
  BOOST_TEST(same_bits(nn::MaxPool2d(3, 2, 1)(x), max_pool2d(x, 3, {.stride = 2, .padding = 1})));
  BOOST_TEST(same_bits(max_pool2d(x, 2, 1), max_pool2d(x, 2, {.stride = 1})));
  BOOST_TEST(same_bits(max_pool2d(x, {3, 3}, {1, 2}), max_pool2d(x, 3, {.stride = {1, 2}})));
  BOOST_TEST(same_bits(nn::AvgPool2d({2, 3}, {1, 1})(x), avg_pool2d(x, {2, 3}, {.stride = 1})));
  BOOST_TEST(same_bits(nn::AvgPool1d(3, 1, 1)(line), avg_pool1d(line, 3, {.stride = 1, .padding = 1})));
  BOOST_TEST((nn::MaxPool2d({2, 3})(x).shape() == Shape{1, 2, 3, 2}));
  expect<ValueError>({"MaxPool2d", "stride"}, [] { nn::MaxPool2d(2, 0); });
}

// ---- text ----

BOOST_AUTO_TEST_CASE(nodes_and_places_are_printed) {
  Tensor x = variable({1, 2});
  const Tensor y = x * 2;
  const std::string here = file_and_line(y.grad_fn().location());
  BOOST_TEST(here.starts_with("test_pytorch_forms.cpp:"));
  BOOST_TEST(text(y.grad_fn()) == "<mul at " + here + ">");
  BOOST_TEST(text(y.grad_fn().location()) == here);
  BOOST_TEST(text(x.grad_fn()) == "<no node>");
  BOOST_TEST(text(y.grad_fn().next_functions()[0].first) == "<AccumulateGrad of a leaf without a name>");
  x.set_name("x");
  BOOST_TEST(text(y.grad_fn().next_functions()[0].first) == "<AccumulateGrad of x>");
  BOOST_TEST(text(Location()) == "unknown place");
}

BOOST_AUTO_TEST_CASE(fmt_writes_what_streams_write) {
  const nn::Linear fc(2, 1);
  const Tensor x = tensor({1., 2.});
  BOOST_TEST(fmt::format("{}", x) == text(x));
  BOOST_TEST(fmt::format("{} {}", x.shape(), x.dtype()) == "(2) float32");
  BOOST_TEST(fmt::format("{}", fc.weight) == text(fc.weight));
  BOOST_TEST(fmt::format("{}", (fc.weight * 2).grad_fn()).starts_with("<mul at test_pytorch_forms.cpp:"));
}

BOOST_AUTO_TEST_SUITE_END()
