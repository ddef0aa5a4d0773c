// Graphs that could come to hold themselves: everything is freed when the program lets go of them.
#include <cmath>

#include <xgrad/xgrad.hpp>

#include "support.hpp"

using namespace xgrad;

namespace {

// Bytes that are still there after act() has run once more.
template <class Act>
std::int64_t left_by(const Act& act) {
  act();  // what is made once stays
  const std::int64_t before = memory_stats().live_bytes;
  act();
  return memory_stats().live_bytes - before;
}

Tensor parameter() { return ones({100}, {.requires_grad = true}); }

}  // namespace

BOOST_AUTO_TEST_CASE(changes_by_what_saved_the_tensor) {
  BOOST_TEST(left_by([] {
               Tensor x = parameter() * 2, also = x;
               x.add_(x * x);
             }) == 0);
  BOOST_TEST(left_by([] {
               Tensor x = parameter() * 2;
               const Tensor other = x;
               x.copy_(tanh(exp(other) * other));
             }) == 0);
  // Through a view, and of what was saved as a view.
  BOOST_TEST(left_by([] {
               Tensor x = parameter() * 2;
               x.narrow(0, 0, 10).mul_(sin(x).narrow(0, 3, 10));
             }) == 0);
  BOOST_TEST(left_by([] {
               Tensor x = parameter() * 2;
               x.copy_(sin(x.narrow(0, 5, 1)) + x);
             }) == 0);
  // By way of another tensor that was changed later.
  BOOST_TEST(left_by([] {
               Tensor w = parameter() * 2, x = parameter() * 3, of_w = w, of_x = x;
               const Tensor sin_x = sin(x);
               x.copy_(sin(w));
               w.copy_(sin_x);
             }) == 0);
  // A tensor that was not on the tape.
  BOOST_TEST(left_by([] {
               Tensor x = ones({100}), also = x;
               x.copy_(parameter() * x);
             }) == 0);
}

BOOST_AUTO_TEST_CASE(a_saved_value_that_was_overwritten_says_so) {
  Tensor x = parameter() * 2, also = x;
  x.add_(x * x);
  BOOST_CHECK_EXCEPTION(x.sum().backward(), AutogradError, [](const AutogradError& e) {
    return std::string(e.what()).find("mul: a value saved for backward was overwritten by add_") != std::string::npos;
  });
}

// Values that are right all the same: what exp saved is its result.
BOOST_AUTO_TEST_CASE(gradients_after_a_change) {
  const Tensor w = parameter();
  Tensor x = w * 2, also = x;
  x.add_(exp(x));
  x.sum().backward();
  test::check_close(w.grad()[0], {2 + 2 * std::exp(2.)});
}

BOOST_AUTO_TEST_CASE(tangents_on_the_tape) {
  const auto cube = [](const Tensor& x) { return (x * x * x).sum(); };
  BOOST_TEST(left_by([&] {
               const auto gradient = [&](const Tensor& y) { return vjp(cube, y, {}, {.create_graph = true}).product; };
               jvp(gradient, parameter(), ones({100}));
             }) == 0);
  BOOST_TEST(left_by([&] {
               const Tensor x = parameter();
               const forward_ad::DualLevel level;
               Tensor y = forward_ad::make_dual(x, ones({100}));
               y = y * y;
               y = y * sin(y);
             }) == 0);
  BOOST_TEST(left_by([&] {
               const Tensor x = parameter();
               const forward_ad::DualLevel outer;
               const Tensor y = forward_ad::make_dual(x, x * 2);
               const forward_ad::DualLevel inner;
               Tensor z = forward_ad::make_dual(y * y, x * 3);
               z = z * y;
               z.mul_(sin(z));
             }) == 0);
}

// Of a level with many tensors, only those that live are remembered.
BOOST_AUTO_TEST_CASE(long_levels) {
  const forward_ad::DualLevel level;
  Tensor y = forward_ad::make_dual(ones({1}), ones({1}));
  for (int i = 0; i < 100; ++i) y = y * 1;
  const std::int64_t before = memory_stats().live_bytes;
  for (int i = 0; i < 10000; ++i) y = y * 1;
  BOOST_TEST(memory_stats().live_bytes - before < 100000);
  test::check_close(forward_ad::unpack_dual(y).tangent, {1.});
}

BOOST_AUTO_TEST_CASE(steps_that_fail) {
  const Tensor w = parameter();
  BOOST_TEST(left_by([&] {
               Tensor before;
               const auto cell = [&](const Tensor& h, const Tensor& x) {
                 const Tensor y = before.defined() ? h * before * w : h * x;
                 before = y;
                 return std::pair(y, y);
               };
               BOOST_CHECK_THROW(scan(cell, ones({3, 100}), w), AutogradError);
             }) == 0);
}
