// jacobian, hessian, vjp, jvp, hvp, vhp: values against closed forms and reference records, forms of the results,
// options, errors. vmap.
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>

#include <xgrad/autograd.hpp>
#include <xgrad/forward_ad.hpp>
#include <xgrad/functional.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/vmap.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

using List = std::vector<Tensor>;

Tensor doubles(std::initializer_list<double> v) { return tensor(v, {kFloat64}); }
Tensor scalar(double v) { return tensor(v, {kFloat64}); }
Tensor matrix(std::initializer_list<std::initializer_list<double>> v) { return tensor(v, {kFloat64}); }

// x' A x / 2 + b' x, whose gradient is (A + A') x / 2 + b and whose Hessian (A + A') / 2.
const auto kQuadratic = [](const Tensor& x) {
  return 0.5 * dot(x, mv(matrix({{2, 1}, {3, 4}}), x)) + dot(doubles({1, -1}), x);
};
const auto kPair = [](const Tensor& x) { return List{x * x, (x[0] * x[1]).reshape({1})}; };

}  // namespace

BOOST_AUTO_TEST_SUITE(functions)

BOOST_AUTO_TEST_CASE(jacobian_of_one_tensor) {
  const Tensor x = doubles({2, 3});
  const Tensor j = jacobian([](const Tensor& v) { return v * v; }, x);
  BOOST_TEST(j.shape() == (Shape{2, 2}));
  check_close(j, {4, 0, 0, 6}, 0);
  BOOST_TEST(!j.requires_grad());
  BOOST_TEST(!x.requires_grad());
  // Output shape, then input shape.
  const Tensor w = randn({2, 3}, {kFloat64});
  const Tensor k = jacobian([](const Tensor& v) { return matmul(v, v.t()); }, w);
  BOOST_TEST(k.shape() == (Shape{2, 2, 2, 3}));
  check_close(k[0][1][0], w[1].to_vector<double>(), 1e-15);
  BOOST_TEST(jacobian([](const Tensor& v) { return v.sum(); }, w).shape() == w.shape());
  BOOST_TEST(jacobian([](const Tensor& v) { return v * v; }, scalar(3)).shape() == Shape{});
}

BOOST_AUTO_TEST_CASE(forms_of_jacobians) {
  const Tensor x = doubles({2, 3}), y = scalar(5);
  const List by_output = jacobian(kPair, x);
  BOOST_TEST_REQUIRE(by_output.size() == 2u);
  BOOST_TEST(by_output[1].shape() == (Shape{1, 2}));
  check_close(by_output[1], {3, 2}, 0);

  const List by_input = jacobian([](const Tensor& a, const Tensor& b) { return a * b; }, {x, y});
  BOOST_TEST_REQUIRE(by_input.size() == 2u);
  check_close(by_input[0], {5, 0, 0, 5}, 0);
  BOOST_TEST(by_input[1].shape() == (Shape{2}));
  check_close(by_input[1], {2, 3}, 0);

  const std::vector<List> both = jacobian(
      [](const List& in) {
        return List{in[0] * in[1], in[1] * in[1]};
      },
      List{x, y});
  BOOST_TEST_REQUIRE(both.size() == 2u);
  BOOST_TEST_REQUIRE(both[1].size() == 2u);
  check_close(both[0][1], {2, 3}, 0);
  check_close(both[1][0], {0, 0}, 0);
  check_close(both[1][1], {10}, 0);
  // A list of one stays a list.
  const List one = jacobian([](const List& in) { return in[0] * 2; }, {x});
  check_close(one[0], {2, 0, 0, 2}, 0);
  // Modules and what is made by them.
  nn::Linear fc(2, 3);
  fc.to(kFloat64);
  check_close(jacobian(fc, x), fc.weight.to_vector<double>(), 1e-15);
  BOOST_TEST(!fc.weight.grad().defined());
}

BOOST_AUTO_TEST_CASE(without_elements) {
  const Tensor none = zeros({0, 2}, {kFloat64});
  BOOST_TEST(jacobian([](const Tensor& x) { return x * 2; }, none).shape() == (Shape{0, 2, 0, 2}));
  BOOST_TEST(jacobian([](const Tensor& x) { return x.sum() * ones({3}, {kFloat64}); }, none).shape() ==
             (Shape{3, 0, 2}));
  check_close(jvp([](const Tensor& x) { return x.sum(); }, none, none).product, {0}, 0);
}

BOOST_AUTO_TEST_CASE(hessians) {
  const Tensor x = doubles({0.5, -2});
  const Tensor h = hessian(kQuadratic, x);
  BOOST_TEST(h.shape() == (Shape{2, 2}));
  check_close(h, {2, 2, 2, 4}, 1e-14);
  const std::vector<List> blocks =
      hessian([](const Tensor& a, const Tensor& b) { return (a * a * b).sum(); }, {x, scalar(3)});
  check_close(blocks[0][0], {6, 0, 0, 6}, 1e-14);
  check_close(blocks[0][1], {1, -4}, 1e-14);
  check_close(blocks[1][0], {1, -4}, 1e-14);
  check_close(blocks[1][1], {0}, 0);
  BOOST_TEST(blocks[1][1].shape() == Shape{});
  check_close(hessian([](const Tensor& v) { return v.sum(); }, x), {0, 0, 0, 0}, 0);
  check_close(hessian([](const Tensor& v) { return v.prod().reshape({1, 1}); }, x), {0, 1, 1, 0}, 1e-14);
}

BOOST_AUTO_TEST_CASE(products) {
  const Tensor x = doubles({2, 3}), v = doubles({1, -1});
  const auto square = [](const Tensor& t) { return t * t; };
  {
    const auto [y, g] = vjp(square, x, v);
    check_close(y, {4, 9}, 0);
    check_close(g, {4, -6}, 0);
  }
  {
    const auto [y, d] = jvp(square, x, v);
    check_close(y, {4, 9}, 0);
    check_close(d, {4, -6}, 0);
    BOOST_TEST(!y.requires_grad());
    BOOST_TEST(!d.requires_grad());
  }
  {
    const auto [y, d] = jvp(kPair, x, v);
    check_close(y[1], {6}, 0);
    check_close(d[0], {4, -6}, 0);
    check_close(d[1], {1}, 0);
    const auto [z, g] = vjp(kPair, x, {v, doubles({10})});
    check_close(z[0], {4, 9}, 0);
    check_close(g, {4 + 30, -6 + 20}, 0);
  }
  {
    const auto f = [](const Tensor& a, const Tensor& b) { return a * b; };
    const auto [y, d] = jvp(f, {x, v}, {v, x});
    check_close(d, {1 + 4, 1 + 9}, 0);
    const auto [z, g] = vjp(f, {x, v}, doubles({1, 2}));
    check_close(g[0], {1, -2}, 0);
    check_close(g[1], {2, 6}, 0);
  }
  for (const Tensor& w : {v, doubles({0, 2})}) {
    const auto [y, hv] = hvp(kQuadratic, x, w);
    const auto [z, vh] = vhp(kQuadratic, x, w);
    const std::vector<double> want = mv(matrix({{2, 2}, {2, 4}}), w).to_vector<double>();
    check_close(hv, want, 1e-14);
    check_close(vh, want, 1e-14);
    check_close(y, {kQuadratic(x).item()}, 0);
    check_close(z, {kQuadratic(x).item()}, 0);
  }
}

BOOST_AUTO_TEST_CASE(hvp_and_vhp_of_several_inputs) {
  const auto f = [](const Tensor& a, const Tensor& b) { return (sin(a) * b * b).sum() + exp(b).sum(); };
  const List x{doubles({0.3, 0.7}), doubles({1, -1})}, v{doubles({1, 2}), doubles({-1, 0.5})};
  const std::vector<List> h = hessian(f, x);
  List want;
  for (std::size_t i = 0; i < 2; ++i) want.push_back(mv(h[i][0], v[0]) + mv(h[i][1], v[1]));
  const List hv = hvp(f, x, v).product, vh = vhp(f, x, v).product;
  for (std::size_t i = 0; i < 2; ++i) {
    check_close(hv[i], want[i].to_vector<double>(), 1e-13);
    check_close(vh[i], want[i].to_vector<double>(), 1e-13);
  }
}

BOOST_AUTO_TEST_CASE(a_direction_may_be_left_out_of_a_number) {
  check_close(vjp([](const Tensor& t) { return (t * t).sum(); }, doubles({2, 3})).product, {4, 6}, 0);
  check_close(jvp([](const Tensor& t) { return t * doubles({1, 2}); }, scalar(3)).product, {1, 2}, 0);
  check_close(hvp([](const Tensor& t) { return t * t * t; }, scalar(2)).product, {12}, 1e-14);
  check_close(vhp([](const Tensor& t) { return t * t * t; }, scalar(2)).product, {12}, 1e-14);
}

BOOST_AUTO_TEST_CASE(the_mode_of_the_caller_does_not_matter) {
  const auto f = [](const Tensor& t) { return (t * t * t).sum(); };
  const Tensor x = doubles({1, 2}), v = doubles({1, 1});
  const NoGradGuard off;
  check_close(jacobian(f, x), {3, 12}, 0);
  check_close(hessian(f, x), {6, 0, 0, 12}, 0);
  check_close(vjp(f, x).product, {3, 12}, 0);
  check_close(jvp(f, x, v).product, {15}, 0);
  check_close(hvp(f, x, v).product, {6, 12}, 0);
  check_close(vhp(f, x, v).product, {6, 12}, 0);
  BOOST_TEST(!grad_enabled());
}

BOOST_AUTO_TEST_CASE(create_graph) {
  const auto f = [](const Tensor& t) { return t * t * t; };
  const Tensor x = tensor({1., 2.}, {kFloat64, true}), v = tensor({1., 3.}, {kFloat64, true});
  const auto gradient_of = [&](const Tensor& y) {
    BOOST_TEST_REQUIRE(y.requires_grad());
    return grad({y.sum()}, {x}, {}, {.retain_graph = true})[0];
  };
  const FunctionalOptions graph{.create_graph = true};
  check_close(gradient_of(jacobian(f, x, graph)), {6, 12}, 1e-14);
  check_close(gradient_of(vjp(f, x, v, graph).product), {6, 36}, 1e-14);
  check_close(gradient_of(jvp(f, x, v, graph).product), {6, 36}, 1e-14);
  const Tensor along = jvp(f, x, v, graph).product;
  check_close(grad({along.sum()}, {v})[0], {3, 12}, 1e-14);
  const auto total = [&](const Tensor& t) { return f(t).sum(); };
  check_close(gradient_of(hessian(total, x, graph)), {6, 6}, 1e-14);
  check_close(gradient_of(hvp(total, x, v, graph).product), {6, 18}, 1e-14);
  check_close(gradient_of(vhp(total, x, v, graph).product), {6, 18}, 1e-14);
  for (const bool on : {false, true}) {
    const FunctionalOptions o{.create_graph = on};
    BOOST_TEST(jacobian(f, x, o).requires_grad() == on);
    BOOST_TEST(jvp(f, x, v, o).output.requires_grad() == on);
    BOOST_TEST(hvp(total, x, v, o).product.requires_grad() == on);
  }
}

BOOST_AUTO_TEST_CASE(inside_each_other) {
  const auto f = [](const Tensor& t) { return (exp(t) * t).sum(); };
  const Tensor x = doubles({0.2, -0.4}), v = doubles({1, 2});
  const auto gradient = [&](const Tensor& t) { return vjp(f, t, {}, {.create_graph = true}).product; };
  const std::vector<double> want = mv(hessian(f, x), v).to_vector<double>();
  check_close(jvp(gradient, x, v).product, want, 1e-13);
  check_close(jvp([&](const Tensor& t) { return jacobian(f, t); }, x, v).product, want, 1e-13);
  check_close(jvp([&](const Tensor& t) { return jvp(f, t, v).product; }, x, v).product,
              {dot(mv(hessian(f, x), v), v).item()}, 1e-13);
  check_close(jacobian([&](const Tensor& t) { return jvp(f, t, v, {.create_graph = true}).product; }, x), want, 1e-13);
  const Tensor third = jacobian([&](const Tensor& t) { return hessian(f, t, {.create_graph = true}); }, x);
  check_close(third[0][0][0], {(3 + 0.2) * std::exp(0.2)}, 1e-13);
}

BOOST_AUTO_TEST_CASE(what_does_not_depend_on_the_input) {
  const Tensor x = doubles({1, 2}), v = doubles({1, 1});
  const auto constant = [](const Tensor&) { return doubles({7, 8}); };
  const auto first = [](const Tensor& a, const Tensor&) { return a * 2; };
  check_close(jacobian(constant, x), {0, 0, 0, 0}, 0);
  check_close(vjp(constant, x, v).product, {0, 0}, 0);
  check_close(jvp(constant, x, v).product, {0, 0}, 0);
  check_close(jacobian(first, {x, v})[1], {0, 0, 0, 0}, 0);
  const FunctionalOptions strict{.strict = true};
  const auto sum = [](const Tensor& t) { return t.sum(); };
  expect_op<AutogradError>("jacobian", {"output 0", "does not depend on the inputs"},
                           [&] { jacobian(constant, x, strict); });
  expect_op<AutogradError>("jacobian", {"output 0", "input 1"}, [&] { jacobian(first, {x, v}, strict); });
  expect_op<AutogradError>("vjp", {"output 0"}, [&] { vjp(constant, x, v, strict); });
  expect_op<AutogradError>("jvp", {"output 0"}, [&] { jvp(constant, x, v, strict); });
  expect_op<AutogradError>("hessian", {"gradient 0"}, [&] { hessian(sum, x, strict); });
  expect_op<AutogradError>("hvp", {"gradient 0"}, [&] { hvp(sum, x, v, strict); });
  expect_op<AutogradError>("vhp", {"gradient 0"}, [&] { vhp(sum, x, v, strict); });
  check_close(hvp(sum, x, v).product, {0, 0}, 0);
}

BOOST_AUTO_TEST_CASE(mistakes) {
  const Tensor x = doubles({1, 2});
  const auto id = [](const Tensor& t) { return t * 1; };
  expect_op<ValueError>("jacobian", {"no tensor"}, [&] { jacobian([](const Tensor&) { return List(); }, x); });
  expect_op<ValueError>("jvp", {"undefined tensor as output 0"},
                        [&] { jvp([](const Tensor&) { return Tensor(); }, x, x); });
  expect_op<ValueError>("jacobian", {"undefined"}, [&] { jacobian(id, Tensor()); });
  expect_op<ValueError>("jacobian", {"no input"}, [&] { jacobian([](const List& in) { return in; }, List()); });
  expect_op<DTypeError>("jacobian", {"i64"}, [&] { jacobian(id, ones({2}, {kInt64})); });
  expect_op<DTypeError>("jacobian", {"output 0 of the function is int64"},
                        [&] { jacobian([](const Tensor& t) { return t.argmax(); }, x); });
  expect_op<ShapeError>("hessian", {"more than a single number", "(2)"}, [&] { hessian(id, x); });
  expect_op<ShapeError>("hvp", {"gives 2 tensors"}, [&] { hvp(kPair, x, x); });
  expect_op<ShapeError>("vhp", {"more than a single number"}, [&] { vhp(id, x, x); });
  expect_op<ShapeError>("vjp", {"v of output 0 has shape (3)"}, [&] { vjp(id, x, doubles({1, 2, 3})); });
  expect_op<ShapeError>("jvp", {"v of input 0 has shape (3)"}, [&] { jvp(id, x, doubles({1, 2, 3})); });
  expect_op<DTypeError>("jvp", {"v of input 0 is float32"}, [&] { jvp(id, x, ones({2})); });
  expect_op<ValueError>("jvp", {"v has 2 tensors for 1 inputs"}, [&] { jvp(id, x, {x, x}); });
  expect_op<ValueError>("vjp", {"v is needed"}, [&] { vjp(id, x); });
  expect_op<ValueError>("jvp", {"v is needed"}, [&] { jvp(id, x); });
  expect<ValueError>({"the function takes 2 tensors, and 3 are given", next_line()}, [&] {
    jacobian([](const Tensor& a, const Tensor& b) { return a * b; }, {x, x, x});
  });
  // An error of f itself names the line in f, and leaves nothing behind.
  expect<ShapeError>({"matmul", next_line()},
                     [&] { jacobian([](const Tensor& t) { return matmul(t, ones({3}, {kFloat64})); }, x); });
  BOOST_TEST(grad_enabled());
}

// ---- against reference values ----
BOOST_AUTO_TEST_CASE(reference_records) {
  namespace fs = std::filesystem;
  const char* folder = std::getenv("XGRAD_ORACLES");
  const fs::path file =
      (folder ? fs::path(folder) : fs::path(XGRAD_SOURCE_DIR) / "../shared/oracles/data/open") / "higher.jsonl";
  if (!fs::exists(file)) {
    BOOST_TEST_MESSAGE("no reference values in " << file);
    return;
  }
  const auto read = [](const nlohmann::json& t) {
    Shape shape;
    for (const auto& n : t.at("shape")) shape.push_back(n.get<std::int64_t>());
    return from_vector(t.at("data").get<std::vector<double>>(), shape);
  };
  const auto numbers = [](const nlohmann::json& t) {
    return (t.is_object() ? t.at("data") : t).get<std::vector<double>>();
  };
  std::ifstream in(file);
  int seen = 0;
  for (std::string line; std::getline(in, line);) {
    const auto r = nlohmann::json::parse(line);
    const std::string id = r.at("id");
    if (id == "higher/jacobian") {
      const Tensor x = read(r["x"]), u = read(r["u"]), v = read(r["v"]);
      const auto f = [](const Tensor& t) {
        return stack({t[0] * t[1], sin(t[2]) + t[0] * t[0], exp(t[1] * t[2]), t[0] + t[1] + t[2]});
      };
      check_close(jacobian(f, x), numbers(r["jacobian"]), 1e-12);
      check_close(vjp(f, x, v).product, numbers(r["vJ"]), 1e-12);
      check_close(jvp(f, x, u).product, numbers(r["Ju"]), 1e-12);
      ++seen;
    } else if (id == "higher/hvp12") {
      const Tensor x = read(r["x"]), v = read(r["v"]), m = read(r["constants"]["M"]), c = read(r["constants"]["c"]);
      const auto f = [&](const Tensor& t) { return (sin(mv(m, t)) * exp(-t * t) + c * t * t * t).sum(); };
      check_close(hvp(f, x, v).product, numbers(r["hvp"]), 1e-11);
      check_close(vhp(f, x, v).product, numbers(r["hvp"]), 1e-11);
      check_close(mv(hessian(f, x), v), numbers(r["hvp"]), 1e-11);
      ++seen;
    } else if (id == "higher/conv_bn_hvp") {
      const Tensor x = read(r["x"]), v = read(r["v"]), image = read(r["constants"]["input"]);
      const auto f = [&](const Tensor& t) {
        const Tensor h = batch_norm(conv2d(image, t), Tensor(), Tensor(), Tensor(), Tensor(), true);
        return gelu(h).square().mean();
      };
      check_close(hvp(f, x, v).product, numbers(r["hvp"]), 1e-8);
      check_close(vhp(f, x, v).product, numbers(r["hvp"]), 1e-8);
      ++seen;
    }
  }
  BOOST_TEST(seen == 3);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(slices)

BOOST_AUTO_TEST_CASE(one_argument_and_several) {
  const Tensor x = matrix({{1, 2}, {3, 4}, {5, 6}}), w = doubles({1, 10});
  const auto total = [](const Tensor& t) { return t.sum(); };
  check_close(vmap(total)(x), {3, 7, 11}, 0);
  check_close(vmap(total, {.in_dims = 1})(x), {9, 12}, 0);
  check_close(vmap(total, {.in_dims = -1})(x), {9, 12}, 0);
  const auto product = [](const Tensor& a, const Tensor& b) { return a * b; };
  const Tensor y = vmap(product, {.in_dims = {0, std::nullopt}})(x, w);
  BOOST_TEST(y.shape() == (Shape{3, 2}));
  check_close(y, {1, 20, 3, 40, 5, 60}, 0);
  const Tensor z = vmap(product, {.in_dims = {0, std::nullopt}, .out_dims = -1})(x, w);
  BOOST_TEST(z.shape() == (Shape{2, 3}));
  check_close(z, {1, 3, 5, 20, 40, 60}, 0);
  check_close(vmap([](const Tensor& a, const Tensor& b) { return dot(a, b); }, {.in_dims = {1, 0}})(x.t(), x),
              {5, 25, 61}, 0);
}

BOOST_AUTO_TEST_CASE(several_results) {
  const Tensor x = matrix({{1, 2}, {3, 4}, {5, 6}});
  const auto f = [](const Tensor& t) { return List{t * 2, t.sum()}; };
  const List y = vmap(f, {.out_dims = {1, 0}})(x);
  BOOST_TEST_REQUIRE(y.size() == 2u);
  BOOST_TEST(y[0].shape() == (Shape{2, 3}));
  check_close(y[1], {3, 7, 11}, 0);
}

BOOST_AUTO_TEST_CASE(nested_and_differentiated) {
  const Tensor x = matrix({{1, 2}, {3, 4}}).requires_grad_(), y = matrix({{1, 0}, {1, 1}, {2, 1}});
  const auto products = vmap([&](const Tensor& a) { return vmap([&](const Tensor& b) { return dot(a, b); })(y); });
  const Tensor table = products(x);
  BOOST_TEST(table.shape() == (Shape{2, 3}));
  check_close(table, {1, 3, 4, 3, 7, 10}, 0);
  table.sum().backward();
  check_close(x.grad(), {4, 2, 4, 2}, 0);
  // Gradients of each example, and tangents.
  const auto f = [](const Tensor& t) { return (t * t).sum(); };
  check_close(vmap([&](const Tensor& t) { return jacobian(f, t); })(x.detach()), {2, 4, 6, 8}, 0);
  check_close(jvp(vmap(f), x.detach(), ones_like(x.detach())).product, {6, 14}, 0);
}

BOOST_AUTO_TEST_CASE(random_numbers_differ) {
  manual_seed(3);
  const Tensor y = vmap([](const Tensor& t) { return t + rand({}, {kFloat64}); })(zeros({4}, {kFloat64}));
  BOOST_TEST(y[0].item() != y[1].item());
}

BOOST_AUTO_TEST_CASE(mistakes) {
  const Tensor x = matrix({{1, 2}, {3, 4}, {5, 6}}), y = doubles({1, 2});
  const auto id = [](const Tensor& t) { return t; };
  const auto sum = [](const Tensor& a, const Tensor& b) { return a + b; };
  expect_op<ValueError>("vmap", {"3 of argument 0, 2 of argument 1"}, [&] { vmap(sum)(x, y); });
  expect_op<ValueError>("vmap", {"in_dims has 1 entries for 2 tensors"}, [&] { vmap(sum, {.in_dims = {0}})(x, y); });
  expect_op<IndexError>("vmap", {"dim 2 out of range [-2, 1]"}, [&] { vmap(id, {.in_dims = 2})(x); });
  expect_op<IndexError>("vmap", {"dim 3 out of range [-2, 1]"}, [&] { vmap(id, {.out_dims = 3})(x); });
  expect_op<ValueError>("vmap", {"none of the arguments"}, [&] { vmap(id, {.in_dims = {std::nullopt}})(x); });
  expect_op<ValueError>("vmap", {"single number"}, [&] { vmap(id)(scalar(1)); });
  expect_op<ValueError>("vmap", {"no slices"}, [&] { vmap(id)(zeros({0, 2})); });
  expect_op<ValueError>("vmap", {"undefined"}, [&] { vmap(id)(Tensor()); });
  expect_op<ValueError>("vmap", {"out_dims gives output 0 no dimension"},
                        [&] { vmap(id, {.out_dims = {std::nullopt}})(x); });
  expect_op<ShapeError>("vmap", {"(1)", "(2)", "slice 1"}, [&] {
    vmap([n = 0](const Tensor& t) mutable { return t.sum() * ones({++n}, {kFloat64}); })(x);
  });
}

BOOST_AUTO_TEST_SUITE_END()
