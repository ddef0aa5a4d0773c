// The loop that a scan stands for.
#pragma once

#include <functional>
#include <utility>

#include <xgrad/autograd.hpp>
#include <xgrad/loop.hpp>

#include "support.hpp"

namespace xgrad::test::scans {

using List = std::vector<Tensor>;
using Pair = std::pair<Tensor, Tensor>;

inline Tensor draw(const Shape& shape) { return randn(shape, {kFloat64}); }
inline Tensor parameter(const Shape& shape) { return draw(shape).requires_grad_(); }

// The loop, with one state and one input.
template <class Cell>
Pair loop(const Cell& cell, const Tensor& xs, Tensor h, bool reverse = false) {
  List ys(static_cast<std::size_t>(xs.size(0)));
  for (std::int64_t t = 0; t < xs.size(0); ++t) {
    const std::int64_t at = reverse ? xs.size(0) - 1 - t : t;
    std::tie(h, ys[static_cast<std::size_t>(at)]) = cell(h, xs[at]);
  }
  return {h, stack(ys)};
}

inline void check_near(const Tensor& a, const Tensor& b, Location at = Location::current()) {
  BOOST_TEST(a.defined() == b.defined(), file_and_line(at));
  if (a.defined() && b.defined()) {
    BOOST_TEST((a.shape() == b.shape()), file_and_line(at));
    check_close(a, b.detach().to_vector<double>(), 1e-11, at);
  }
}

// What a recurrent network reads.
struct Recurrence {
  Tensor xs, h0, w, u, b;
  explicit Recurrence(std::int64_t steps = 5)
      : xs(parameter({steps, 2, 3})),
        h0(parameter({2, 4})),
        w(parameter({3, 4})),
        u(parameter({4, 4})),
        b(parameter({4})) {}
  List all() const { return {xs, h0, w, u, b}; }
  auto cell() const {
    return [w = w, u = u, b = b](const Tensor& h, const Tensor& x) {
      const Tensor next = tanh(matmul(x, w) + matmul(h, u) + b);
      return Pair(next, next * next);
    };
  }
};

inline Tensor loss_of(const Pair& r) { return (r.first * 3).sum() + (r.second * r.second).sum(); }

// Both ways give the same numbers and the same gradients of `by`.
template <class Cell>
void compare(const Cell& cell, const Tensor& xs, const Tensor& h0, const List& by, bool reverse = false,
             Location at = Location::current()) {
  manual_seed(11);
  const Pair by_loop = loop(cell, xs, h0, reverse);
  const List expected = grad(loss_of(by_loop), by, {}, {.allow_unused = true});
  manual_seed(11);
  const Pair by_scan = scan(cell, xs, h0, {.reverse = reverse});
  BOOST_TEST(same_bits(by_loop.first, by_scan.first), file_and_line(at));
  BOOST_TEST(same_bits(by_loop.second, by_scan.second), file_and_line(at));
  const List found = grad(loss_of(by_scan), by, {}, {.allow_unused = true});
  for (std::size_t i = 0; i < by.size(); ++i) check_near(found[i], expected[i], at);
}

// The same of the gradients of their gradients.
template <class Cell>
void compare_twice(const Cell& cell, const Tensor& xs, const Tensor& h0, const List& by,
                   Location at = Location::current()) {
  const auto second = [&](const Pair& r) {
    Tensor sum = zeros({}, {kFloat64});
    for (const Tensor& g : grad(loss_of(r), by, {}, {.create_graph = true, .allow_unused = true}))
      if (g.defined()) sum = sum + (g * g).sum();
    return grad(sum, by, {}, {.allow_unused = true});
  };
  const List expected = second(loop(cell, xs, h0)), found = second(scan(cell, xs, h0));
  for (std::size_t i = 0; i < by.size(); ++i) check_near(found[i], expected[i], at);
}

inline std::int64_t held_bytes(const std::function<Tensor()>& f) {
  const std::int64_t before = memory_stats().live_bytes;
  const Tensor kept = f();
  return memory_stats().live_bytes - before;
}

}  // namespace xgrad::test::scans
