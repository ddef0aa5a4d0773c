// What users of PyTorch write first: containers as tensors, printing, calls of modules of their own.
#include <array>
#include <cmath>
#include <deque>
#include <sstream>
#include <tuple>
#include <vector>

#include <xgrad/custom.hpp>
#include <xgrad/xgrad.hpp>

#include "support.hpp"

using namespace xgrad;

namespace {

template <class T>
std::string text(const T& value) {
  std::ostringstream os;
  os << value;
  return os.str();
}
using Floats = std::vector<float>;

struct Three : nn::Layer<Three> {
  std::tuple<Tensor, Tensor, Tensor> forward(const Tensor& x) const { return {x, x * 2, x * 3}; }
};
struct OneOrTwo : nn::Layer<OneOrTwo> {
  Tensor forward(const Tensor& x) const { return x; }
  Tensor forward(const Tensor& x, const Tensor& y) const { return x + y; }
};
struct Masked : nn::Layer<Masked> {
  struct Result {
    Tensor output;
    std::vector<Tensor> parts;
    int steps;
  };
  Result forward(const Tensor& x, double scale, bool twice) const { return {x * scale, {x}, twice ? 2 : 1}; }
};
struct Lists : nn::Layer<Lists> {
  std::vector<Tensor> forward(const Tensor& x, const std::vector<Tensor>& more) const { return {x, more.at(0)}; }
};
struct Count : nn::Layer<Count> {
  int forward(const Tensor& x) const { return static_cast<int>(x.numel()); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(user_forms)

BOOST_AUTO_TEST_CASE(containers_of_numbers_become_tensors) {
  const std::vector<double> v{1.5, 2.5};
  BOOST_TEST(tensor(v).dtype() == kFloat32);
  BOOST_TEST(tensor(v, kFloat64).dtype() == kFloat64);
  BOOST_TEST(tensor(v, {.requires_grad = true}).requires_grad());
  BOOST_TEST(from_vector(v).dtype() == kFloat64);
  BOOST_TEST((tensor(v).to_vector<double>() == v));
  BOOST_TEST((tensor(std::array<float, 2>{1, 2}).to_vector<float>() == Floats{1, 2}));
  BOOST_TEST(tensor(std::vector<int>{1, 2}).dtype() == kInt64);
  BOOST_TEST((tensor(std::vector<std::size_t>{7, 8}).to_vector<std::size_t>() == std::vector<std::size_t>{7, 8}));
  BOOST_TEST((tensor(std::deque<short>{3, 4}).to_vector<short>() == std::vector<short>{3, 4}));
  BOOST_TEST(tensor(std::vector<bool>{true, false}).dtype() == kBool);
  BOOST_TEST(from_vector(std::vector<bool>{true, false}).dtype() == kBool);
  const float plain[] = {1, 2, 3};
  BOOST_TEST((tensor(plain).to_vector<float>() == Floats{1, 2, 3}));
  BOOST_TEST((tensor(std::span<const float>(plain)).to_vector<float>() == Floats{1, 2, 3}));
  BOOST_TEST(tensor(Floats{}).shape() == Shape{0});
}

BOOST_AUTO_TEST_CASE(containers_of_containers_have_rows) {
  const std::vector<Floats> rows{{1, 2, 3}, {4, 5, 6}};
  BOOST_TEST(tensor(rows).shape() == (Shape{2, 3}));
  BOOST_TEST((tensor(rows).to_vector<float>() == Floats{1, 2, 3, 4, 5, 6}));
  BOOST_TEST(tensor({rows[0], rows[1]}).shape() == (Shape{2, 3}));
  BOOST_TEST(tensor(std::vector<std::vector<Floats>>{rows, rows}).shape() == (Shape{2, 2, 3}));
  BOOST_CHECK_THROW(tensor(std::vector<Floats>{{1, 2}, {3}}), ShapeError);
  BOOST_CHECK_THROW(from_vector(Floats{1, 2, 3}, {2, 2}), ShapeError);
}

BOOST_AUTO_TEST_CASE(numbers_convert_to_any_type_of_numbers) {
  const Tensor x = tensor({1., 2.});
  BOOST_TEST((x.to_vector<std::size_t>() == std::vector<std::size_t>{1, 2}));
  BOOST_TEST((x.to_vector<long long>() == std::vector<long long>{1, 2}));
  BOOST_TEST((x.to_vector<char>() == std::vector<char>{1, 2}));
  BOOST_TEST((x.to_vector<long double>() == std::vector<long double>{1, 2}));
  BOOST_TEST(x[1].item<std::size_t>() == 2u);
}

BOOST_AUTO_TEST_CASE(shapes_come_from_lists_of_any_integers) {
  BOOST_TEST(zeros(std::vector<int>{2, 3}).shape() == (std::vector<std::size_t>{2, 3}));
  BOOST_TEST(zeros(std::array<unsigned, 2>{2, 3}, kInt64).dtype() == kInt64);
  BOOST_CHECK_THROW(zeros(std::vector<int>(kMaxRank + 1, 1)), ShapeError);
}

BOOST_AUTO_TEST_CASE(one_dimension_needs_no_braces) {
  const Tensor x = tensor({{1., 2.}, {3., 4.}});
  BOOST_TEST((x.sum(0).to_vector<float>() == Floats{4, 6}));
  BOOST_TEST((x.mean(-1, true).to_vector<float>() == Floats{1.5, 3.5}));
  BOOST_TEST(mean(x, 1, true).shape() == (Shape{2, 1}));
  BOOST_TEST(randint(10, {4}).dtype() == kInt64);
}

BOOST_AUTO_TEST_CASE(values_print) {
  BOOST_TEST(text(kFloat64) == "float64");
  BOOST_TEST(text(rand({2, 3}).shape()) == "(2, 3)");
  BOOST_TEST(text(Scalar(2)) == "2");
  BOOST_TEST(text(Scalar(0.5)) == "0.5");
  BOOST_TEST(text(Scalar(true)) == "true");
  BOOST_TEST(text(Slice{1, 3}) == "1:3");
  BOOST_TEST(text(Slice{.step = 2}) == "::2");
  BOOST_TEST(text(TensorOptions{kInt64}) == "{dtype=int64, requires_grad=false}");
  BOOST_TEST(text(std::vector<Shape>{{2}, {3, 4}}) == "[(2), (3, 4)]");
  BOOST_TEST(text(std::vector<DType>{kFloat32, kBool}) == "[float32, bool]");
  BOOST_TEST(text(ValueError("no")) == "no");
  BOOST_TEST(text(std::optional<Tensor>()) == "none");
}

BOOST_AUTO_TEST_CASE(enumerations_print_their_names) {
  BOOST_TEST(text(Reduction::sum) == "sum");
  BOOST_TEST(text(KlReduction::batchmean) == "batchmean");
  BOOST_TEST(text(Rounding::floor) == "floor");
  BOOST_TEST(text(Interpolation::nearest_exact) == "nearest_exact");
  BOOST_TEST(text(nn::init::Nonlinearity::leaky_relu) == "leaky_relu");
  BOOST_TEST(text(nn::PaddingMode::reflect) == "reflect");
  BOOST_TEST(text(optim::LineSearch::strong_wolfe) == "strong_wolfe");
  BOOST_TEST(text(optim::PlateauMode::max) == "max");
  BOOST_TEST(text(viz::Scale::log) == "log");
  BOOST_TEST(text(viz::Marker::star) == "star");
}

BOOST_AUTO_TEST_CASE(lists_and_results_print) {
  const Tensor a = tensor({1, 2});
  BOOST_TEST(text(std::vector<Tensor>{a, a}) == "[" + to_string(a) + ",\n " + to_string(a) + "]");
  BOOST_TEST(text(NamedTensors{{"w", a}}) == "{w: " + to_string(a) + "}");
  BOOST_TEST(text(max(tensor({{1., 2.}}), 1)).starts_with("values=tensor([2.0000]"));
  BOOST_TEST(text(LSTMState{a, a}) == "h=" + to_string(a) + ",\nc=" + to_string(a));
  BOOST_TEST(text(data::Example{a, a}) == "data=" + to_string(a) + ",\ntarget=" + to_string(a));
}

BOOST_AUTO_TEST_CASE(parts_of_a_training_print) {
  nn::Linear net(2, 3);
  optim::SGD opt(net.parameters(), {.lr = 0.5});
  optim::StepLR scheduler(opt, 2);
  BOOST_TEST(text(opt) == "SGD(2 parameters, lr=0.5)");
  BOOST_TEST(text(scheduler) == "StepLR(epoch 0, lr=0.5)");
  const data::TensorDataset set(rand({5, 2}), rand({5}));
  BOOST_TEST(text(set) == "TensorDataset(5 examples: data (5, 2), target (5))");
  BOOST_TEST(text(data::DataLoader(set, {.batch_size = 2})) == "DataLoader(3 batches of up to 2 of 5 examples)");
  BOOST_TEST(text(nn::LoadReport{}) == "all keys matched");
  BOOST_TEST(text(nn::LoadReport{{"a"}, {}}) == "missing keys: a; unexpected keys: none");
  BOOST_TEST(text(nn::Sequential(net).named_children()) == "(0): " + to_string(net));
  BOOST_TEST(text(train::summary(net, rand({1, 2}))).find("Linear") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_module_returns_three_tensors) {
  Three net;
  const auto [a, b, c] = net(tensor({1.}));
  BOOST_TEST(c.item() == 3);
  int seen = 0;
  net.register_forward_hook([&](const nn::Module&, const Tensor& in, const Tensor& out) {
    ++seen;
    BOOST_TEST(in.is_same(out));
    return out * 10;
  });
  const auto [d, e, f] = net(tensor({1.}));
  BOOST_TEST(seen == 1);
  BOOST_TEST(d.item() == 10);
  BOOST_TEST(f.item() == 3);
}

BOOST_AUTO_TEST_CASE(a_module_takes_one_or_two_tensors) {
  OneOrTwo net;
  net.register_forward_pre_hook([](const nn::Module&, const Tensor& x) { return x * 2; });
  const Tensor x = tensor({1.}), y = tensor({5.});
  BOOST_TEST(net(x).item() == 2);
  BOOST_TEST(net(x, y).item() == 7);
  nn::Module owner;
  const nn::Parameter p = owner.register_parameter("p", tensor({3.}));
  BOOST_TEST(net(p, p).item() == 9);
}

BOOST_AUTO_TEST_CASE(a_module_takes_and_returns_other_things) {
  Masked net;
  int seen = 0;
  net.register_forward_hook([&](const nn::Module&, const Tensor&, const Tensor& out) {
    ++seen;
    return out + 1;
  });
  const Masked::Result r = net(tensor({2.}), 1.5, true);
  BOOST_TEST(r.output.item() == 4);
  BOOST_TEST(r.steps == 2);
  BOOST_TEST(seen == 1);
  const Tensor x = tensor({1.}), y = tensor({2.});
  BOOST_TEST(Lists()(x, std::vector<Tensor>{y})[1].is_same(y));
  BOOST_TEST(train::summary(OneOrTwo(), x, y).text.find("OneOrTwo") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(hooks_need_a_tensor_among_the_results) {
  Count net;
  BOOST_TEST(net(rand({3})) == 3);
  net.register_forward_hook([](const nn::Module&, const Tensor&, const Tensor&) { return Tensor(); });
  BOOST_CHECK_THROW(net(rand({3})), ValueError);
}

BOOST_AUTO_TEST_CASE(functions_are_parts_of_a_sequential) {
  nn::Sequential net(nn::Linear(2, 3), relu, [](const Tensor& x) { return x * 0; });
  BOOST_TEST(net(rand({1, 2})).sum().item() == 0);
}

// With <xgrad/custom.hpp>, there are functions of these names for formulas as well.
BOOST_AUTO_TEST_CASE(names_of_operations_beside_formulas) {
  const Tensor x = tensor({-1., 0.5}, {kFloat64});
  nn::Sequential net(relu, xgrad::tanh, xgrad::square);
  const double t = std::tanh(0.5);
  BOOST_TEST(net(x)[1].item() == t * t, boost::test_tools::tolerance(1e-14));
  nn::Dense dense(2, {.activation = xgrad::relu});
  BOOST_TEST((dense(x.to(kFloat32).unsqueeze(0)) >= 0).all().item());
  const Tensor y = elementwise(
      "of_names", [](auto v) { return maximum(relu(v), 0.25) + tanh(v) * max(v, 0); }, x);
  BOOST_TEST(y[0].item() == 0.25);
  BOOST_TEST(y[1].item() == 0.5 + t * 0.5, boost::test_tools::tolerance(1e-14));
}

BOOST_AUTO_TEST_SUITE_END()
