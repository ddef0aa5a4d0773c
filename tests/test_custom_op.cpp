// Operations defined by a pair of functions, and Functions with a context.
#include <cmath>

#include <xgrad/autograd.hpp>
#include <xgrad/tape.hpp>

#include "custom_support.hpp"

namespace xgrad::test {
namespace {

BOOST_FIXTURE_TEST_SUITE(custom_functions, Seeded)

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
      return says(e, "my_op") && says(e, "test_custom_op.cpp");
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
}  // namespace xgrad::test
