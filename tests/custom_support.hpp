// What the tests of custom operations share.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <xgrad/autograd.hpp>
#include <xgrad/custom.hpp>
#include <xgrad/gradcheck.hpp>
#include <xgrad/ops.hpp>

#include "unit_test.hpp"

namespace xgrad::test {

using Tensors = std::vector<Tensor>;

inline Tensor leaf(const Shape& shape, double low = -2, double high = 2, DType dtype = kFloat64) {
  return (rand(shape, {dtype}) * (high - low) + low).detach().requires_grad_();
}
inline double largest_difference(const Tensor& a, const Tensor& b) {
  BOOST_TEST(a.shape() == b.shape());
  return abs(a.detach().to(kFloat64) - b.detach().to(kFloat64)).to(kFloat64).numel() == 0
             ? 0
             : max(abs(a.detach().to(kFloat64) - b.detach().to(kFloat64))).item();
}
inline bool says(const std::exception& e, const std::string& text) {
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

}  // namespace xgrad::test
