// Operations defined by a formula: values, derivatives of every order, broadcasting, names, mistakes.
#include <optional>

#include <xgrad/autograd.hpp>
#include <xgrad/module_scope.hpp>
#include <xgrad/parallel.hpp>
#include <xgrad/tape.hpp>

#include "custom_support.hpp"

namespace xgrad::test {
namespace {

// Shared by tests that are not about the formula: each one is compiled in many versions.
constexpr auto square_of = [](auto x) { return x * x; };
constexpr auto product_of = [](auto x, auto y) { return x * y; };

BOOST_FIXTURE_TEST_SUITE(custom_formula, Seeded)

BOOST_AUTO_TEST_CASE(formula_of_one_input) {
  const auto swish = elementwise("swish", [](auto x) { return x / (1 + exp(-x)); });
  check_orders([&](const Tensors& x) { return swish(x[0]); }, {leaf({3, 4})});
  for (const DType dtype : {kFloat32, kFloat64})
    for (const std::int64_t n : {0, 1, 7, 16, 1000, 100000})
      check_same([&](const Tensors& x) { return swish(x[0]); },
                 [](const Tensors& x) { return x[0] / (1 + exp(-x[0])); }, {leaf({n}, -5, 5, dtype)},
                 dtype == kFloat32 ? 1e-5 : 1e-12);
  const Tensor y = elementwise("once", square_of, leaf({2}));
  BOOST_TEST(y.grad_fn_name() == "once");
}

BOOST_AUTO_TEST_CASE(formula_with_branches_and_captured_numbers) {
  const double delta = 0.8;
  const int scale = 3;
  const float bias = 0.25f;
  const auto huber = elementwise("huber", [delta, scale, bias](auto x, auto y) {
    const auto e = abs(x - y);
    return scale * where(e < delta, 0.5 * e * e, delta * (e - 0.5 * delta)) + bias;
  });
  check_orders([&](const Tensors& x) { return huber(x[0], x[1]); }, {leaf({5, 3}), leaf({5, 3})});
  check_same([&](const Tensors& x) { return huber(x[0], x[1]); },
             [&](const Tensors& x) {
               const Tensor e = abs(x[0] - x[1]);
               return scale * where(e < delta, 0.5 * e * e, delta * (e - 0.5 * delta)) + bias;
             },
             {leaf({40, 30}, -2, 2, kFloat32), leaf({40, 30}, -2, 2, kFloat32)}, 2e-6);
}

BOOST_AUTO_TEST_CASE(formula_of_inputs_that_broadcast) {
  const auto f =
      elementwise("mix", [](auto a, auto b, auto c) { return a * tanh(b) + sqrt(c) * where(a > b, b, a * c); });
  check_orders([&](const Tensors& x) { return f(x[0], x[1], x[2]); },
               {leaf({2, 3, 4}), leaf({3, 1}), leaf({4}, 0.5, 2)});
  // strides, and an input used twice
  check_orders([&](const Tensors& x) { return f(x[0].t(), x[1], x[1]); }, {leaf({4, 3}), leaf({3, 4}, 0.5, 2)});
  const Tensor y = f(leaf({2, 1}), leaf({3}), leaf({}, 1, 2));
  BOOST_TEST(y.shape() == Shape({2, 3}));
  BOOST_TEST(f(leaf({0, 3}), leaf({3}), leaf({})).numel() == 0);
}

BOOST_AUTO_TEST_CASE(only_wanted_gradients_are_computed) {
  const auto f = elementwise("product", product_of);
  const Tensor a = leaf({4}), b = rand({4}, {kFloat64});
  f(a, b).sum().backward();
  BOOST_TEST(largest_difference(a.grad(), b) == 0);
  BOOST_TEST(!b.grad().defined());
  check_orders([&](const Tensors& x) { return f(x[0], b); }, {a});
}

// Of a small result all partial derivatives are kept in one tensor, where the inputs lie alike in memory.
BOOST_AUTO_TEST_CASE(partial_derivatives_are_the_same_together_and_apart) {
  const auto f = elementwise("cell", [](auto x, auto a, auto b) { return tanh(x * a) * exp(b) - b * x; });
  for (const DType dtype : {kFloat32, kFloat64})
    for (const std::int64_t n : {1, 14, 2048, 2049})
      for (int wanted = 1; wanted < 8; ++wanted) {
        const Tensors values{leaf({n}, -2, 2, dtype), leaf({n}, -2, 2, dtype), leaf({n}, -2, 2, dtype)};
        const Tensor seed = leaf({n}, -1, 1, dtype).detach();
        const auto run = [&](bool apart) {
          Tensors in;
          for (int j = 0; j < 3; ++j) {
            Tensor x = values[static_cast<std::size_t>(j)].detach().clone();
            // Every second element of a longer tensor: its kernel goes by tiles.
            if (apart && n > 1) x = stack({x, x}, 1).select(1, 0);
            in.push_back(x.requires_grad_((wanted >> j & 1) != 0));
          }
          const Tensor y = f(in[0], in[1], in[2]);
          y.backward(seed);
          Tensors all{y.detach()};
          for (const Tensor& x : in)
            if (x.requires_grad()) all.push_back(x.grad());
          return all;
        };
        const Tensors together = run(false), apart = run(true);
        BOOST_REQUIRE(together.size() == apart.size());
        for (std::size_t i = 0; i < together.size(); ++i) BOOST_TEST(equal(together[i], apart[i].contiguous()));
      }
}

BOOST_AUTO_TEST_CASE(third_and_fourth_order) {
  const auto f = elementwise("poly_sin", [](auto x) { return x * x * x * x + sin(2 * x); });
  const Tensor x = leaf({5});
  Tensor d = f(x);
  for (int order = 1; order <= 4; ++order) {
    d = grad({d}, {x}, {ones_like(x)}, {.create_graph = true})[0];
    const double c[] = {0, 4, 12, 24, 24}, s = std::pow(2.0, order);
    const Tensor v = x.detach(), p = c[order] * pow(v, 4 - order), u = 2 * v;
    const Tensor trig = order == 1 ? cos(u) : order == 2 ? -sin(u) : order == 3 ? -cos(u) : sin(u);
    BOOST_TEST(largest_difference(d, p + s * trig) < 1e-11);
  }
  // mixed: d3/dx2dy of x^3 y^2 + exp(x y)
  const auto g = elementwise("mixed", [](auto x, auto y) { return x * x * x * y * y + exp(x * y); });
  const Tensor a = leaf({4}), b = leaf({4}), one = ones_like(a);
  const Tensor da = grad({g(a, b)}, {a}, {one}, {.create_graph = true})[0];
  const Tensor daa = grad({da}, {a}, {one}, {.create_graph = true})[0];
  const Tensor daab = grad({daa}, {b}, {one}, {.create_graph = true})[0];
  BOOST_TEST(largest_difference(daab, 12 * a * b + (2 * b + a * b * b) * exp(a * b)) < 1e-10);
}

BOOST_AUTO_TEST_CASE(eight_inputs) {
  const auto f = elementwise("eight", [](auto a, auto b, auto c, auto d, auto e, auto g, auto h, auto i) {
    return a * b + c * sin(d) + e * g * h - i * i * a;
  });
  Tensors x;
  for (int i = 0; i < 8; ++i) x.push_back(leaf(i % 2 ? Shape{3} : Shape{2, 3}));
  check_orders([&](const Tensors& in) { return f(in[0], in[1], in[2], in[3], in[4], in[5], in[6], in[7]); }, x);
}

BOOST_AUTO_TEST_CASE(results_do_not_depend_on_threads) {
  const auto f = elementwise("f", [](auto x, auto y) { return x / (1 + exp(-x * y)); });
  const Tensor x = leaf({300, 1000}, -3, 3, kFloat32), y = leaf({1000}, -3, 3, kFloat32);
  const int before = get_num_threads();
  std::optional<Tensors> first;
  for (const int threads : {1, 2, 3}) {
    set_num_threads(threads);
    const Tensor z = f(x, y);
    Tensors now = grad({z}, {x, y}, {ones_like(z)});
    now.push_back(z.detach());
    if (!first) first = now;
    for (std::size_t i = 0; i < now.size(); ++i) BOOST_TEST(largest_difference(now[i], (*first)[i]) == 0);
  }
  set_num_threads(before);
}

BOOST_AUTO_TEST_CASE(names_and_places) {
  const auto f = elementwise("my_op", square_of);
  const Tensor x = leaf({2});
  const Location here = Location::current();
  const Tensor y = f(x);
  const tape::Graph graph = tape::collect(y);
  BOOST_TEST(graph.nodes.back().op == "my_op");
  BOOST_TEST(graph.nodes.back().at.line() == here.line() + 1);
  BOOST_TEST(std::string(graph.nodes.back().at.file_name()) == here.file_name());
  const Tensor z = elementwise("direct", square_of, x);
  BOOST_TEST(tape::collect(z).nodes.back().at.line() == here.line() + 6);
  const Tensor g = grad({y}, {x}, {ones_like(x)}, {.create_graph = true})[0];
  BOOST_TEST(g.grad_fn_name() == "my_op_backward");
  const std::string made = "made_at_run_time_" + std::to_string(graph.nodes.size());
  BOOST_TEST(elementwise(made, square_of)(x).grad_fn_name() == made);
  detail::ModuleScope scope(std::make_shared<ModuleInfo>(ModuleInfo{"net", "Net"}));
  BOOST_TEST(tape::collect(f(x)).nodes.back().module->path() == "net");
}

BOOST_AUTO_TEST_CASE(mistakes_with_formulas) {
  const auto f = elementwise("my_op", product_of);
  const auto named = [](const Error& e) { return says(e, "my_op") && says(e, "test_custom_formula.cpp"); };
  BOOST_CHECK_EXCEPTION(f(leaf({2, 3}), leaf({2})), ShapeError, named);
  BOOST_CHECK_EXCEPTION(f(leaf({2}), leaf({2}, 0, 1, kFloat32)), DTypeError, named);
  BOOST_CHECK_EXCEPTION(f(leaf({2}), ones({2}, {kInt64})), DTypeError, named);
  BOOST_CHECK_EXCEPTION(f(leaf({2}), Tensor()), ValueError, named);
  const DetectAnomaly guard;
  BOOST_CHECK_EXCEPTION(elementwise(
                            "root", [](auto x) { return sqrt(x); }, leaf({2}, -2, -1)),
                        ValueError, [](const Error& e) { return says(e, "root"); });
}

BOOST_AUTO_TEST_CASE(a_saved_input_that_is_overwritten_is_noticed) {
  const auto f = elementwise("my_op", square_of);
  const Tensor x = leaf({2});
  Tensor h = x * 1;
  const Tensor y = f(h);
  {
    NoGradGuard off;
    h.mul_(2);
  }
  BOOST_CHECK_EXCEPTION(y.sum().backward(), AutogradError, [](const Error& e) { return says(e, "my_op"); });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace xgrad::test
