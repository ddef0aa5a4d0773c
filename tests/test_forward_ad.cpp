// Forward mode: levels, what carries a tangent and what drops it, changes in place, views, the tape beside it, errors.
// (That every operation has the right tangent: ops_forward_mode.cpp.)
#include <cmath>
#include <memory>
#include <thread>

#include <xgrad/autograd.hpp>
#include <xgrad/custom.hpp>
#include <xgrad/forward_ad.hpp>
#include <xgrad/memory.hpp>
#include <xgrad/record.hpp>
#include <xgrad/tape.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;
using forward_ad::DualLevel;
using forward_ad::make_dual;
using forward_ad::unpack_dual;

namespace {

Tensor doubles(std::initializer_list<double> v) { return tensor(v, {kFloat64}); }
Tensor leaf(std::initializer_list<double> v) { return tensor(v, {kFloat64, true}); }
Tensor tangent(const Tensor& t) { return unpack_dual(t).tangent; }

}  // namespace

BOOST_AUTO_TEST_SUITE(forward_mode)

BOOST_AUTO_TEST_CASE(value_and_tangent) {
  const DualLevel level;
  const Tensor x = make_dual(doubles({1, 2}), doubles({1, -3}));
  const auto [y, d] = unpack_dual(x * x * x);
  check_close(y, {1, 8}, 1e-15);
  check_close(d, {3, -36}, 1e-15);
  BOOST_TEST(!tangent(y).defined());
  BOOST_TEST(!x.requires_grad());
  BOOST_TEST(!d.requires_grad());
}

BOOST_AUTO_TEST_CASE(a_dual_shows_the_memory_of_its_primal) {
  const DualLevel level;
  const Tensor p = doubles({1, 2});
  const Tensor x = make_dual(p, doubles({1, 1}));
  BOOST_TEST(static_cast<const void*>(x.data<double>()) == static_cast<const void*>(p.data<double>()));
  BOOST_TEST(!tangent(p).defined());
}

BOOST_AUTO_TEST_CASE(the_tangent_ends_with_its_level) {
  Tensor x, y;
  {
    const DualLevel level;
    x = make_dual(doubles({2}), doubles({1}));
    y = x * x;
    check_close(tangent(y), {4}, 0);
  }
  BOOST_TEST(!tangent(y).defined());
  const DualLevel next;
  BOOST_TEST(!tangent(y).defined());
  BOOST_TEST(!tangent(x * x).defined());
  check_close(tangent(make_dual(x, doubles({5})) * 2), {10}, 0);
}

BOOST_AUTO_TEST_CASE(what_has_no_gradient_drops_the_tangent) {
  const DualLevel level;
  const Tensor x = make_dual(doubles({1, 3}), doubles({1, 1}));
  BOOST_TEST(!tangent(x.detach()).defined());
  BOOST_TEST(!tangent(x.argmax()).defined());
  BOOST_TEST(!tangent(x > 2).defined());
  BOOST_TEST(!tangent(x.to(kInt64)).defined());
  check_close(tangent(x.to(kFloat32)), {1, 1}, 0);
  check_close(tangent(where(x > 2, x * x, x)), {1, 6}, 0);
  check_close(tangent(floor(x)), {0, 0}, 0);
}

BOOST_AUTO_TEST_CASE(no_grad_does_not_stop_it) {
  const DualLevel level;
  const Tensor w = leaf({3, 4});
  const Tensor x = make_dual(doubles({1, 2}), doubles({1, 1}));
  const NoGradGuard off;
  const Tensor y = (x * w).sum();
  BOOST_TEST(!y.requires_grad());
  check_close(tangent(y), {7}, 0);
}

BOOST_AUTO_TEST_CASE(no_tape_of_the_program_is_kept) {
  const DualLevel level;
  Tensor x = make_dual(ones({1000}, {kFloat64}), ones({1000}, {kFloat64}));
  x = sin(x) * 1.01;
  const std::int64_t before = memory_stats().live_bytes;
  for (int i = 0; i < 50; ++i) x = sin(x) * 1.01;
  BOOST_TEST(memory_stats().live_bytes <= before);
  BOOST_TEST(x.is_leaf());
}

// ---- in place and views ----
BOOST_AUTO_TEST_CASE(changes_in_place) {
  const DualLevel level;
  Tensor x = make_dual(doubles({1, 2}), doubles({1, 1})) * 1;
  x *= x;
  check_close(tangent(x), {2, 4}, 0);
  x += 1;
  check_close(tangent(x), {2, 4}, 0);
  Tensor plain = doubles({10, 20});
  plain.add_(x);
  check_close(tangent(plain), {2, 4}, 0);
  plain.copy_(doubles({0, 0}));
  check_close(tangent(plain), {0, 0}, 0);
  x.fill_(3);
  check_close(tangent(x), {0, 0}, 0);
  check_close(x, {3, 3}, 0);
}

BOOST_AUTO_TEST_CASE(changes_in_place_beside_the_tape) {
  const DualLevel level;
  Tensor w = leaf({1, 2});
  {
    const NoGradGuard off;
    w.add_(make_dual(doubles({1, 1}), doubles({5, 7})));  // as an optimizer would
  }
  BOOST_TEST(w.is_leaf());
  BOOST_TEST(w.requires_grad());
  check_close(w, {2, 3}, 0);
  check_close(tangent(w), {5, 7}, 0);
  Tensor h = w * 2;
  h.mul_(make_dual(doubles({3, 3}), doubles({1, 0})));
  check_close(tangent(h), {3 * 10 + 4, 3 * 14}, 0);
  h.sum().backward();
  check_close(w.grad(), {6, 6}, 0);
  check_close(tangent(w.grad()), {2, 0}, 0);
}

BOOST_AUTO_TEST_CASE(parts_of_a_tensor) {
  const DualLevel level;
  Tensor x = make_dual(doubles({1, 2, 3}), doubles({1, 10, 100})) * 1;
  const Tensor view = x.slice(0, 1, 3);
  check_close(tangent(view), {10, 100}, 0);
  check_close(tangent(x.view({3, 1}).expand({3, 2}).sum()), {222}, 0);
  x[0] = make_dual(tensor(5., {kFloat64}), tensor(7., {kFloat64}));
  check_close(tangent(x), {7, 10, 100}, 0);
  x.slice(0, 1, 3) *= 2;
  check_close(tangent(x), {7, 20, 200}, 0);
  check_close(tangent(view), {20, 200}, 0);
  Tensor plain = zeros({3}, {kFloat64});
  const Tensor tail = plain.slice(0, 1, 3);
  plain.slice(0, 0, 2).copy_(view);
  check_close(tangent(plain), {20, 200, 0}, 0);
  check_close(tangent(tail), {200, 0}, 0);
}

// ---- the tape ----
BOOST_AUTO_TEST_CASE(forward_over_reverse) {
  const DualLevel level;
  const Tensor p = leaf({1, 2});
  const Tensor x = make_dual(p, doubles({1, 0}));
  const Tensor y = (x * x * x).sum();
  const Tensor g = grad({y}, {x})[0];
  check_close(g, {3, 12}, 1e-15);
  check_close(tangent(g), {6, 0}, 1e-15);  // H v
  BOOST_TEST(!g.requires_grad());
  BOOST_TEST(!tangent(g).requires_grad());
}

BOOST_AUTO_TEST_CASE(gradients_of_parameters_have_tangents) {
  const DualLevel level;
  const Tensor p = leaf({2}), x = make_dual(p, doubles({1}));
  (x * x * x).sum().backward();
  (x * x).sum().backward();
  check_close(p.grad(), {12 + 4}, 0);
  check_close(tangent(p.grad()), {12 + 2}, 0);
  BOOST_TEST(!p.grad().requires_grad());
}

BOOST_AUTO_TEST_CASE(reverse_over_forward) {
  const Tensor p = leaf({0.5, 1});
  Tensor d;
  {
    const DualLevel level;
    d = tangent(tanh(make_dual(p, doubles({1, 2}))));
  }
  BOOST_TEST(d.requires_grad());
  d.sum().backward();
  const auto second = [](double v) {
    const double y = std::tanh(v);
    return -2 * y * (1 - y * y);
  };
  check_close(p.grad(), {second(0.5), 2 * second(1)}, 1e-13);
}

BOOST_AUTO_TEST_CASE(gradients_by_the_tangent) {
  const Tensor v = leaf({3, 4});
  Tensor d;
  {
    const DualLevel level;
    d = tangent(exp(make_dual(doubles({0, 1}), v)));
  }
  BOOST_TEST(d.requires_grad());
  d.sum().backward();
  check_close(v.grad(), {1, std::exp(1.)}, 1e-14);
}

BOOST_AUTO_TEST_CASE(the_tape_beside_it_is_the_same) {
  const auto run = [](bool with_tangent) {
    const DualLevel level;
    const Tensor w = leaf({1, 2, 3});
    const Tensor x = with_tangent ? make_dual(doubles({4, 5, 6}), doubles({1, 1, 1})) : doubles({4, 5, 6});
    const Tensor y = (sin(w * x) + w).prod();
    y.backward();
    return w.grad();
  };
  BOOST_TEST(same_bits(run(true), run(false)));
}

// ---- levels inside each other ----
BOOST_AUTO_TEST_CASE(nested_levels) {
  const DualLevel outer;
  const Tensor x = make_dual(doubles({2}), doubles({1}));
  Tensor d;
  {
    const DualLevel inner;
    d = tangent(sin(make_dual(x, doubles({1}))));
  }
  check_close(d, {std::cos(2.)}, 1e-15);
  check_close(tangent(d), {-std::sin(2.)}, 1e-15);
}

BOOST_AUTO_TEST_CASE(directions_are_not_confused) {
  // d/dx (x * d/dy (x + y)): a level that took the tangents of the other would give 2.
  const DualLevel outer;
  const Tensor x = make_dual(doubles({1}), doubles({1}));
  Tensor d;
  {
    const DualLevel inner;
    d = tangent(x + make_dual(doubles({1}), doubles({1})));
    BOOST_TEST(!tangent(x).defined());
  }
  check_close(tangent(x * d), {1}, 0);
}

BOOST_AUTO_TEST_CASE(third_derivative_by_three_levels) {
  const auto derivative = [](const auto& f) {
    return [f](const Tensor& x) {
      const DualLevel level;
      return tangent(f(make_dual(x, ones_like(x))));
    };
  };
  const auto f = [](const Tensor& x) { return tanh(x) * exp(x); };
  const Tensor x = doubles({0.3});
  const Tensor third = derivative(derivative(derivative(f)))(x);
  Tensor y = x.detach().requires_grad_(), g = f(y);
  for (int i = 0; i < 3; ++i) g = grad({g.sum()}, {y}, {}, {.create_graph = true})[0];
  check_close(third, g.to_vector<double>(), 1e-12);
}

BOOST_AUTO_TEST_CASE(levels_end_in_any_order) {
  auto a = std::make_unique<DualLevel>(), b = std::make_unique<DualLevel>();
  const Tensor x = make_dual(doubles({1}), doubles({2}));
  a.reset();
  check_close(tangent(x * 2), {4}, 0);
  b.reset();
  BOOST_TEST(!tangent(x * 2).defined());
  const DualLevel again;
  check_close(tangent(make_dual(doubles({1}), doubles({3})) * 2), {6}, 0);
}

// ---- operations of users ----
namespace {

struct Cube : Function<Cube> {
  static Tensor forward(Context& ctx, const Tensor& x) {
    ctx.save_for_backward(x);
    return x * x * x;
  }
  static std::vector<Tensor> backward(Context& ctx, const std::vector<Tensor>& g) {
    const Tensor x = ctx.saved(0);
    return {g[0] * 3 * x * x};
  }
};
struct SavesIntermediate : Function<SavesIntermediate> {
  static Tensor forward(Context& ctx, const Tensor& x) {
    const Tensor e = exp(x);
    ctx.save_for_backward(e);
    return e + 1;
  }
  static std::vector<Tensor> backward(Context& ctx, const std::vector<Tensor>& g) { return {g[0] * ctx.saved(0)}; }
};
struct Once : Function<Once> {
  static constexpr bool once_differentiable = true;
  static Tensor forward(Context& ctx, const Tensor& x) {
    ctx.save_for_backward(x);
    return x * 2;
  }
  static std::vector<Tensor> backward(Context&, const std::vector<Tensor>& g) { return {g[0] * 2}; }
};

}  // namespace

BOOST_AUTO_TEST_CASE(functions_of_users) {
  const DualLevel level;
  const Tensor x = make_dual(doubles({2}), doubles({5}));
  check_close(tangent(Cube::apply(x)), {60}, 0);
  check_close(tangent(SavesIntermediate::apply(x)), {5 * std::exp(2.)}, 1e-14);
  check_close(tangent(elementwise(
                  "swish", [](auto v) { return v * v; }, x)),
              {20}, 0);
  const Tensor w = leaf({2});
  const Tensor d = tangent(Cube::apply(make_dual(w, doubles({5}))));
  d.backward();
  check_close(w.grad(), {60}, 0);
  expect<AutogradError>({"Once: has no derivative in forward mode", next_line()},  //
                        [&] { Once::apply(x); });
}

BOOST_AUTO_TEST_CASE(operations_differentiable_once) {
  const auto raw = [](const Tensor& x) {
    return record_once("raw", x.detach() * 2, {x}, {},
                       [](const Saved&, const Tensor& g) -> Grads { return {g.detach() * 2}; });
  };
  const DualLevel level;
  expect<AutogradError>({"raw: has no derivative in forward mode"},
                        [&] { raw(make_dual(doubles({1}), doubles({1}))); });
  // Its backward pass reads a gradient that has a tangent.
  const Tensor w = leaf({1});
  const Tensor y = (raw(w) * make_dual(doubles({1}), doubles({1}))).sum();
  expect<AutogradError>({"raw: is differentiable only once"}, [&] { y.backward({.retain_graph = true}); });
}

// ---- errors ----
BOOST_AUTO_TEST_CASE(mistakes) {
  const Tensor x = doubles({1, 2});
  expect_op<AutogradError>("make_dual", {"no level is open"}, [&] { make_dual(x, x); });
  const DualLevel level;
  expect_op<ShapeError>("make_dual", {"(2)", "(1)"}, [&] { make_dual(x, doubles({1})); });
  expect_op<DTypeError>("make_dual", {"f32"}, [&] { make_dual(x, x.to(kFloat32)); });
  expect_op<DTypeError>("make_dual", {"i64"}, [&] { make_dual(x.to(kInt64), x.to(kInt64)); });
  expect_op<ValueError>("make_dual", {"undefined"}, [&] { make_dual(Tensor(), x); });
  expect_op<ValueError>("make_dual", {"undefined"}, [&] { make_dual(x, Tensor()); });
  expect_op<ValueError>("unpack_dual", {"undefined"}, [&] { unpack_dual(Tensor()); });
  const Tensor dual = make_dual(x, x);
  expect_op<AutogradError>("make_dual", {"the primal has a tangent of this level already"},
                           [&] { make_dual(dual, x); });
  expect_op<AutogradError>("make_dual", {"the tangent has a tangent"}, [&] { make_dual(x, dual); });
}

BOOST_AUTO_TEST_CASE(another_thread) {
  const DualLevel level;
  const Tensor x = make_dual(doubles({1}), doubles({1}));
  std::string text;
  std::thread([&] {
    const DualLevel own;
    check_close(tangent(make_dual(doubles({1}), doubles({2})) * 3), {6}, 0);
    try {
      (void)(x * 2);
    } catch (const AutogradError& e) {
      text = e.what();
    }
  }).join();
  BOOST_TEST(text.find("another thread") != std::string::npos, text);
  check_close(tangent(x * 2), {2}, 0);
}

BOOST_AUTO_TEST_CASE(infinite_factors) {
  const DetectAnomaly watch;
  const DualLevel level;
  const Tensor x = make_dual(doubles({4, 9}), doubles({1, 6}));
  check_close(tangent(sqrt(x)), {0.25, 1}, 1e-15);
}

BOOST_AUTO_TEST_CASE(nothing_is_left_when_an_operation_throws) {
  const DualLevel level;
  const Tensor w = leaf({1}), x = make_dual(w, doubles({1}));
  expect<AutogradError>({"broken backward"}, [&] {
    record("broken", x.detach() * 2, {x}, {},
           [](const Saved&, const Tensor&) -> Grads { throw AutogradError("broken backward"); });
  });
  check_close(tangent(x * 2), {2}, 0);
}

BOOST_AUTO_TEST_SUITE_END()
