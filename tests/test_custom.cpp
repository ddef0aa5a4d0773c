// Operations defined by users: formulas, pairs of functions, and Functions with a context.
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <optional>
#include <sstream>
#include <thread>
#include <xgrad/custom.hpp>
#include <xgrad/gradcheck.hpp>
#include <xgrad/module_scope.hpp>
#include <xgrad/ops.hpp>
#include <xgrad/parallel.hpp>
#include <xgrad/tape.hpp>

namespace xgrad {
namespace {

using Tensors = std::vector<Tensor>;

Tensor leaf(const Shape& shape, double low = -2, double high = 2, DType dtype = kFloat64) {
  return (rand(shape, {dtype}) * (high - low) + low).detach().requires_grad_();
}
double largest_difference(const Tensor& a, const Tensor& b) {
  BOOST_TEST(a.shape() == b.shape());
  return abs(a.detach().to(kFloat64) - b.detach().to(kFloat64)).to(kFloat64).numel() == 0
             ? 0
             : max(abs(a.detach().to(kFloat64) - b.detach().to(kFloat64))).item();
}
bool says(const std::exception& e, const std::string& text) {
  if (std::string(e.what()).find(text) != std::string::npos) return true;
  BOOST_TEST_MESSAGE(e.what());
  return false;
}
template <class F>
void check_orders(F f, const Tensors& x) {
  const std::function<Tensor(const Tensors&)> g = f;
  BOOST_TEST(gradcheck(g, x));
  BOOST_TEST(gradgradcheck(g, x));
}
// f and its gradient against the same formula in separate operations.
template <class F, class G>
void check_same(F fused, G separate, const Tensors& x, double tolerance) {
  const Tensor a = fused(x), b = separate(x), seed = rand(a.shape(), {a.dtype()});
  BOOST_TEST(largest_difference(a, b) <= tolerance);
  const Tensors ga = grad({a}, x, {seed}), gb = grad({b}, x, {seed});
  for (std::size_t i = 0; i < x.size(); ++i) BOOST_TEST(largest_difference(ga[i], gb[i]) <= tolerance);
}

struct Seeded {
  Seeded() { manual_seed(7); }
};
BOOST_FIXTURE_TEST_SUITE(custom, Seeded)

// ---- formulas ----
BOOST_AUTO_TEST_CASE(formula_of_one_input) {
  const auto swish = elementwise("swish", [](auto x) { return x / (1 + exp(-x)); });
  check_orders([&](const Tensors& x) { return swish(x[0]); }, {leaf({3, 4})});
  for (const DType dtype : {kFloat32, kFloat64})
    for (const std::int64_t n : {0, 1, 7, 16, 1000, 100000})
      check_same([&](const Tensors& x) { return swish(x[0]); },
                 [](const Tensors& x) { return x[0] / (1 + exp(-x[0])); }, {leaf({n}, -5, 5, dtype)},
                 dtype == kFloat32 ? 1e-5 : 1e-12);
  const Tensor y = elementwise(
      "once", [](auto x) { return x * x; }, leaf({2}));
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
  const auto f = elementwise("product", [](auto a, auto b) { return a * b; });
  const Tensor a = leaf({4}), b = rand({4}, {kFloat64});
  f(a, b).sum().backward();
  BOOST_TEST(largest_difference(a.grad(), b) == 0);
  BOOST_TEST(!b.grad().defined());
  check_orders([&](const Tensors& x) { return f(x[0], b); }, {a});
}

BOOST_AUTO_TEST_CASE(formula_functions_of_one_argument) {
  const auto check = [](auto op, double low, double high) {
    BOOST_TEST_CONTEXT(op.name()) {
      const Tensor x = leaf({6}, low, high);
      check_orders([&](const Tensors& in) { return op(in[0]); }, {x});
      // third derivative on the tape, against differences of the second
      const auto second = [&](const Tensors& in) {
        const Tensor g1 = grad({op(in[0])}, {in[0]}, {ones_like(in[0])}, {.create_graph = true})[0];
        if (!g1.requires_grad()) return in[0] * 0;
        const Tensors g2 = grad({g1}, {in[0]}, {ones_like(in[0])}, {.create_graph = true, .allow_unused = true});
        return g2[0].defined() && g2[0].requires_grad() ? g2[0] : in[0] * 0;
      };
      BOOST_TEST(gradcheck(std::function<Tensor(const Tensors&)>(second), {x}));
    }
  };
  // Grouped by domain: each formula is compiled for every instruction set.
  check(elementwise("exponentials", [](auto x) { return x * exp(x) + exp2(x) * expm1(x); }), -1, 1);
  check(elementwise("logarithms", [](auto x) { return x * log(x) + log2(x) * log10(x) + log1p(x) * x; }), 0.5, 3);
  check(elementwise("roots", [](auto x) { return x * sqrt(x) + rsqrt(x) * square(x) + x * reciprocal(x * x); }), 0.5,
        3);
  check(elementwise("trigonometry", [](auto x) { return x * sin(x) + cos(x) * tan(x) * x; }), -1, 1);
  check(elementwise("arcs", [](auto x) { return x * asin(x) + acos(x) * atan(x) + x * atanh(x); }), -0.7, 0.7);
  check(elementwise("hyperbolic", [](auto x) { return x * sinh(x) + cosh(x) * tanh(x) + x * asinh(x); }), -2, 2);
  check(elementwise("acosh", [](auto x) { return x * acosh(x) + abs(x) * sign(x); }), 1.5, 3);
  check(elementwise("errors", [](auto x) { return x * erf(x) + x * x * erfc(x); }), -2, 2);
  check(elementwise("sigmoids", [](auto x) { return x * sigmoid(x) * softplus(x) + log_sigmoid(x) * silu(x); }), -3, 3);
  check(
      elementwise("steps", [](auto x) { return x * x * (floor(x) + 2 * ceil(x) + 3 * round(x) + trunc(x)) + relu(x); }),
      0.6, 0.9);
}

BOOST_AUTO_TEST_CASE(formula_functions_of_two_arguments) {
  const auto check = [](auto f) {
    const auto op = elementwise("two", f);
    const Tensor x = leaf({6}, 0.5, 1.5), y = leaf({6}, 1.6, 2.5);
    check_orders([&](const Tensors& in) { return op(in[0], in[1]); }, {x, y});
    check_orders([&](const Tensors& in) { return op(in[1], in[0]); }, {x, y});
  };
  check([](auto x, auto y) { return x * max(x, y) + min(x, y); });
  check([](auto x, auto y) { return x * maximum(x, 0.9) + minimum(1, y); });
  check([](auto x, auto y) { return x * fmax(x, y) * fmin(x, 2); });
  check([](auto x, auto y) {
    return pow(x, y) + pow(x, 3) + pow(2, y) + pow(x, 0.5) + pow(x, -1) + pow(x, 0) + pow(x, 2.5);
  });
  check([](auto x, auto y) { return hypot(x, y) * atan2(x, y); });
  check([](auto x, auto y) { return clamp(x * y, 0.1, 10) + clamp(x, -1, y); });
  check([](auto x, auto y) {
    auto sum = x;
    sum += y * 2;
    sum *= x;
    sum -= 1;
    sum /= y;
    return where((x > 1 && y < 2) || !(x <= 0.7), sum, -sum) + where(x == y, 1, 0) + where(x != y, +y, x) + (2 - x) / 3;
  });
}

BOOST_AUTO_TEST_CASE(ties_and_edges_follow_the_operations_of_the_library) {
  const Tensor x = tensor({-1., 0., 2.}).to(kFloat64).requires_grad_(),
               y = tensor({1., 0., 2.}).to(kFloat64).requires_grad_();
  const auto compare = [&](auto f, auto g) {
    check_same([&](const Tensors& in) { return elementwise("f", f, in[0], in[1]); },
               [&](const Tensors& in) { return g(in[0], in[1]); }, {x, y}, 0);
  };
  compare([](auto a, auto b) { return maximum(a, b); }, [](auto& a, auto& b) { return maximum(a, b); });
  compare([](auto a, auto b) { return minimum(a, b); }, [](auto& a, auto& b) { return minimum(a, b); });
  compare([](auto a, auto b) { return abs(a) * b; }, [](auto& a, auto& b) { return abs(a) * b; });
  compare([](auto a, auto b) { return relu(a) * b; }, [](auto& a, auto& b) { return relu(a) * b; });
  compare([](auto a, auto b) { return clamp(a, 0, 2) * b; }, [](auto& a, auto& b) { return clamp(a, 0, 2) * b; });
  compare([](auto a, auto b) { return pow(a, 2) * b; }, [](auto& a, auto& b) { return pow(a, 2) * b; });
  // w sqrt(x) at x = 0: the gradient for w is 0, not 0 times infinity
  const auto f = elementwise("scaled_root", [](auto w, auto x) { return w * sqrt(x); });
  const Tensor w = leaf({1}), zero = zeros({1}, {kFloat64, true});
  f(w, zero).backward();
  BOOST_TEST(w.grad().item() == 0);
  BOOST_TEST(std::isinf(zero.grad().item()));
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
  const auto f = elementwise("my_op", [](auto x) { return x * x; });
  const Tensor x = leaf({2});
  const Location here = Location::current();
  const Tensor y = f(x);
  const tape::Graph graph = tape::collect(y);
  BOOST_TEST(graph.nodes.back().op == "my_op");
  BOOST_TEST(graph.nodes.back().at.line() == here.line() + 1);
  BOOST_TEST(std::string(graph.nodes.back().at.file_name()) == here.file_name());
  const Tensor z = elementwise(
      "direct", [](auto v) { return v + 1; }, x);
  BOOST_TEST(tape::collect(z).nodes.back().at.line() == here.line() + 6);
  const Tensor g = grad({y}, {x}, {ones_like(x)}, {.create_graph = true})[0];
  BOOST_TEST(g.grad_fn_name() == "my_op_backward");
  const std::string made = "made_at_run_time_" + std::to_string(graph.nodes.size());
  BOOST_TEST(elementwise(made, [](auto v) { return v; })(x).grad_fn_name() == made);
  detail::ModuleScope scope(std::make_shared<detail::ModuleInfo>(detail::ModuleInfo{"net", "Net"}));
  BOOST_TEST(tape::collect(f(x)).nodes.back().module->path() == "net");
}

BOOST_AUTO_TEST_CASE(mistakes_with_formulas) {
  const auto f = elementwise("my_op", [](auto x, auto y) { return x * y; });
  const auto named = [](const Error& e) { return says(e, "my_op") && says(e, "test_custom.cpp"); };
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
  const auto f = elementwise("my_op", [](auto x) { return x * x; });
  const Tensor x = leaf({2});
  Tensor h = x * 1;
  const Tensor y = f(h);
  {
    NoGradGuard off;
    h.mul_(2);
  }
  BOOST_CHECK_EXCEPTION(y.sum().backward(), AutogradError, [](const Error& e) { return says(e, "my_op"); });
}

// ---- custom_op ----
BOOST_AUTO_TEST_CASE(two_functions) {
  const auto cube = custom_op(
      "cube", [](const Tensor& x) { return x * x * x; },
      [](const Tensor& g, const Tensor& x, const Tensor&) { return 3 * g * x * x; });
  check_orders([&](const Tensors& x) { return cube(x[0]); }, {leaf({3})});
  const double alpha = 0.5;
  const auto mix = custom_op(
      "mix", [alpha](const Tensor& x, const Tensor& w) { return alpha * matmul(x, w); },
      [alpha](const Tensor& g, const Tensor& x, const Tensor& w, const Tensor&) {
        return std::pair(alpha * matmul(g, w.t()), alpha * matmul(x.t(), g));
      });
  check_orders([&](const Tensors& x) { return mix(x[0], x[1]); }, {leaf({2, 3}), leaf({3, 4})});
  // through the output
  const auto my_exp = custom_op(
      "my_exp", [](const Tensor& x) { return exp(x); },
      [](const Tensor& g, const Tensor&, const Tensor& y) { return g * y; });
  check_orders([&](const Tensors& x) { return my_exp(x[0]); }, {leaf({3})});
  const Tensor y = cube(leaf({1}));
  BOOST_TEST(y.grad_fn_name() == "cube");
  BOOST_TEST(!cube(ones({2})).requires_grad());
}

BOOST_AUTO_TEST_CASE(mistakes_with_two_functions) {
  const auto identity = [](const Tensor& x) { return x * 1; };
  const auto fails = [&](auto backward, const std::vector<std::string>& texts) {
    const auto op = custom_op("my_op", identity, backward);
    const Tensor y = op(leaf({2, 3}));
    BOOST_CHECK_EXCEPTION(y.sum().backward(), AutogradError, [&](const Error& e) {
      for (const std::string& t : texts)
        if (!says(e, t)) return false;
      return says(e, "my_op") && says(e, "test_custom.cpp");
    });
  };
  fails([](const Tensor& g, const Tensor&, const Tensor&) { return g.t(); }, {"(3, 2)", "input 0", "(2, 3)"});
  fails([](const Tensor& g, const Tensor&, const Tensor&) { return g.to(kFloat32); },
        {"float32", "float64", "input 0"});
  fails([](const Tensor& g, const Tensor&, const Tensor&) { return Tensors{g, g}; }, {"2 gradients for 1"});
  fails([](const Tensor&, const Tensor&, const Tensor&) { return Tensors{}; }, {"0 gradients for 1"});
  const auto writes = custom_op(
      "writes",
      [](const Tensor& x) {
        Tensor y = x;
        return y.mul_(2);
      },
      [](const Tensor& g, const Tensor&, const Tensor&) { return g; });
  BOOST_CHECK_EXCEPTION(writes(leaf({2}) * 1), AutogradError,
                        [](const Error& e) { return says(e, "input 0") && says(e, "mark_dirty"); });
}

// ---- Function ----
struct Clip : Function<Clip> {
  static constexpr const char* name = "clip";
  static Tensor forward(Context& ctx, const Tensor& x, double limit) {
    ctx.save_for_backward(x);
    ctx.save("limit", limit);
    return clamp(x, -limit, limit);
  }
  static Tensors backward(Context& ctx, const Tensors& grads) {
    return {where(abs(ctx.saved(0)) <= ctx.get<double>("limit"), grads[0], 0)};
  }
};

struct PolarSum : Function<PolarSum> {
  struct Context : xgrad::Context {
    double scale = 0;
  };
  static std::tuple<Tensor, Tensor> forward(Context& ctx, double scale, const Tensor& x, const Tensor& y) {
    ctx.scale = scale;
    ctx.save_for_backward(x, y);
    ctx.set_materialize_grads(false);
    return {scale * x * sin(y), x * x};
  }
  static std::array<Tensor, 2> backward(Context& ctx, const Tensors& g) {
    const Tensor x = ctx.saved(0), y = ctx.saved(1);
    Tensor dx, dy;
    if (g[0].defined()) {
      dx = ctx.scale * g[0] * sin(y);
      if (ctx.needs_input_grad(2)) dy = ctx.scale * g[0] * x * cos(y);
    }
    if (g[1].defined()) dx = dx.defined() ? dx + 2 * g[1] * x : 2 * g[1] * x;
    return {dx, dy};
  }
};

BOOST_AUTO_TEST_CASE(function_with_context) {
  check_orders([](const Tensors& x) { return Clip::apply(x[0], 0.9); }, {leaf({8})});
  BOOST_TEST(Clip::apply(leaf({2}), 1.0).grad_fn_name() == "clip");
  BOOST_TEST(!Clip::apply(ones({2}), 1.0).requires_grad());
  const Location here = Location::current();
  BOOST_TEST(tape::collect(Clip::apply(leaf({2}), 1.0)).nodes.back().at.line() == here.line() + 1);
}

BOOST_AUTO_TEST_CASE(function_with_several_results) {
  const Tensor x = leaf({4}), y = leaf({4});
  const GradcheckFunction f = [](const Tensors& in) {
    auto [a, b] = PolarSum::apply(1.5, in[0], in[1]);
    return Tensors{a, b};
  };
  BOOST_TEST(gradcheck(f, {x, y}));
  BOOST_TEST(gradgradcheck(f, {x, y}));
  auto [a, b] = PolarSum::apply(1.5, x, y);
  BOOST_TEST(a.grad_fn_name() == "PolarSum");
  const Tensors g = grad({b}, {x, y}, {ones_like(b)}, {.allow_unused = true});
  BOOST_TEST(largest_difference(g[0], 2 * x) < 1e-12);
  BOOST_TEST(!g[1].defined());
}

struct Doubled : Function<Doubled> {
  static Tensor forward(Context& ctx, const Tensor& x) {
    ctx.mark_dirty(x);
    Tensor y = x;
    return y.mul_(2);
  }
  static Tensors backward(Context&, const Tensors& g) { return {2 * g[0]}; }
};
struct NotDirty : Function<NotDirty> {
  static Tensor forward(Context&, const Tensor& x) {
    Tensor y = x;
    return y.mul_(2);
  }
  static Tensors backward(Context&, const Tensors& g) { return {2 * g[0]}; }
};

BOOST_AUTO_TEST_CASE(in_place_functions) {
  const Tensor x = leaf({3});
  Tensor h = x * 3;
  const Tensor y = Doubled::apply(h);
  BOOST_TEST(y.is_same(h));
  BOOST_TEST(largest_difference(h, 6 * x) < 1e-12);
  (h * h).sum().backward();
  BOOST_TEST(largest_difference(x.grad(), 72 * x) < 1e-11);
  BOOST_CHECK_EXCEPTION(NotDirty::apply(x * 3), AutogradError, [](const Error& e) { return says(e, "NotDirty"); });
  BOOST_CHECK_THROW(Doubled::apply(x), AutogradError);  // a leaf
}

struct SortedValues : Function<SortedValues> {
  static Tensors forward(Context& ctx, const Tensor& x, const std::string& what) {
    auto [values, index] = max(x, 0);
    const Tensor count = ones_like(values);
    ctx.mark_non_differentiable(count);
    ctx.save_for_backward(index);
    ctx.save("what", what);
    ctx.save("n", x.size(0));
    return {index, values, count};
  }
  static Tensors backward(Context& ctx, const Tensors& g) {
    BOOST_TEST(ctx.get<std::string>("what") == "largest");
    BOOST_TEST(!g[0].defined());
    BOOST_TEST(largest_difference(g[2], zeros_like(g[1])) == 0);
    BOOST_CHECK_THROW(ctx.get<int>("n"), ValueError);
    BOOST_CHECK_THROW(ctx.get<int>("missing"), ValueError);
    BOOST_CHECK_THROW(ctx.saved(1), IndexError);
    BOOST_CHECK_THROW(ctx.needs_input_grad(2), IndexError);
    const Tensor rows = arange(0, ctx.get<std::int64_t>("n")).reshape({-1, 1});
    return {where(rows == ctx.saved()[0], g[1], 0), Tensor()};  // one per argument
  }
};

BOOST_AUTO_TEST_CASE(results_without_gradient) {
  const Tensor x = leaf({4, 3});
  Tensors y = SortedValues::apply(x, std::string("largest"));
  BOOST_TEST(!y[0].requires_grad());
  BOOST_TEST(y[1].requires_grad());
  BOOST_TEST(!y[2].requires_grad());
  y[1].sum().backward();
  BOOST_TEST(x.grad().sum().item() == 3);
}

template <int what>
struct Saves : Function<Saves<what>> {
  static constexpr const char* name = "saves";
  static Tensors forward(Context& ctx, const Tensor& x) {
    const Tensor s = sin(x), mask = x > 0;
    if (what == 0) ctx.save_for_backward(s);
    if (what == 1) ctx.save_for_backward(x, s);
    if (what == 2) {
      const Tensor m = mask.to(x.dtype());
      ctx.save_for_backward(m);
      ctx.mark_constant(m);
      return {x * m};
    }
    return what == 0 ? Tensors{s * s} : Tensors{s * s, s};
  }
  static Tensors backward(Context& ctx, const Tensors& g) {
    if (what == 0) return {g[0] * 2 * ctx.saved(0)};  // wrong, but nobody sees it
    if (what == 1) return {g[0] * 2 * ctx.saved(1) * cos(ctx.saved(0)) + g[1] * cos(ctx.saved(0))};
    return {g[0] * ctx.saved(0)};
  }
};

BOOST_AUTO_TEST_CASE(saved_intermediates) {
  const Tensor x = leaf({3});
  BOOST_CHECK_NO_THROW(Saves<0>::apply(x)[0].sum().backward());
  BOOST_CHECK_EXCEPTION(
      grad({Saves<0>::apply(x)[0]}, {x}, {ones_like(x)}, {.create_graph = true}), AutogradError,
      [](const Error& e) { return says(e, "saves") && says(e, "inside forward") && says(e, "help"); });
  BOOST_TEST(gradgradcheck(GradcheckFunction([](const Tensors& in) { return Saves<1>::apply(in[0]); }), {x}));
  BOOST_TEST(
      gradgradcheck(GradcheckFunction([](const Tensors& in) { return Saves<2>::apply(in[0]); }), {leaf({3}, 0.5, 1)}));
}

struct Identity : Function<Identity> {
  static Tensor forward(Context&, const Tensor& x, const Tensor& other) { return other.defined() ? x : x.t(); }
  static Tensors backward(Context&, const Tensors& g) { return {g[0], Tensor()}; }
};
struct OnceOnly : Function<OnceOnly> {
  static constexpr bool once_differentiable = true;
  static Tensor forward(Context& ctx, const Tensor& x) {
    ctx.save_for_backward(x);
    return x * x;
  }
  static Tensors backward(Context& ctx, const Tensors& g) { return {2 * g[0] * ctx.saved(0)}; }
};
struct Weighted : Function<Weighted> {
  static Tensor forward(Context& ctx, const Tensors& list, double w) {
    ctx.save("w", w);
    BOOST_CHECK_THROW(ctx.saved(), AutogradError);
    return list[0] + w * list[1];
  }
  static Tensors backward(Context& ctx, const Tensors& g) { return {g[0], ctx.get<double>("w") * g[0], Tensor()}; }
};

BOOST_AUTO_TEST_CASE(unusual_functions) {
  const Tensor x = leaf({3}), square = leaf({3, 3});
  const Tensor same = Identity::apply(x, x.detach());  // an input as it is
  BOOST_TEST(!same.is_same(x));
  same.sum().backward();
  BOOST_TEST(x.grad().sum().item() == 3);
  Identity::apply(square, Tensor()).sum().backward();  // a view, and an undefined argument
  BOOST_TEST(square.grad().sum().item() == 9);
  BOOST_TEST(
      gradcheck(std::function<Tensor(const Tensors&)>([](const Tensors& in) { return OnceOnly::apply(in[0]); }), {x}));
  BOOST_CHECK_EXCEPTION(grad({OnceOnly::apply(x)}, {x}, {ones_like(x)}, {.create_graph = true}), AutogradError,
                        [](const Error& e) { return says(e, "OnceOnly"); });
  check_orders([](const Tensors& in) { return Weighted::apply(in, 2.0); }, {leaf({3}), leaf({3})});
}

BOOST_AUTO_TEST_CASE(contexts_die_with_the_graph) {
  struct Counter {
    explicit Counter(int* n) : count(n) { ++*count; }
    Counter(const Counter& o) : count(o.count) { ++*count; }
    Counter& operator=(const Counter&) = default;
    ~Counter() { --*count; }
    int* count;
  };
  struct Counted : Function<Counted> {
    static Tensor forward(Context& ctx, const Tensor& x, int* alive) {
      ctx.save("counter", Counter(alive));
      return x * 1;
    }
    static Tensors backward(Context&, const Tensors& g) { return {g[0], Tensor()}; }
  };
  int alive = 0;
  const Tensor x = leaf({2});
  {
    const Tensor y = Counted::apply(Counted::apply(x, &alive), &alive);
    BOOST_TEST(alive == 2);
    y.sum().backward();
  }
  BOOST_TEST(alive == 0);
  Counted::apply(ones({2}), &alive);
  BOOST_TEST(alive == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace xgrad
