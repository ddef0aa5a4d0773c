// Operations defined by a formula, compiled for every instruction set as a user's are: values and derivatives on the
// widest vectors of this CPU. The other tests of formulas are compiled for one instruction set.
#include "custom_support.hpp"

namespace xgrad::test {
namespace {

BOOST_FIXTURE_TEST_SUITE(custom_versions, Seeded)

BOOST_AUTO_TEST_CASE(several_versions_are_compiled) {
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
  BOOST_TEST(XGRAD_MAX_BYTES == 64);
#endif
  int bytes = 0;
  run_simd([&](auto width) { bytes = width; });
  BOOST_TEST(bytes == vec::max_bytes());
}

BOOST_AUTO_TEST_CASE(a_formula_with_an_expensive_function) {
  const auto swish = elementwise("swish", [](auto x) { return x / (1 + exp(-x)); });
  check_orders([&](const Tensors& x) { return swish(x[0]); }, {leaf({3, 11})});
  for (const DType dtype : {kFloat32, kFloat64})
    for (const std::int64_t n : {0, 1, 7, 16, 1000, 100000})
      check_same([&](const Tensors& x) { return swish(x[0]); },
                 [](const Tensors& x) { return x[0] / (1 + exp(-x[0])); }, {leaf({n}, -5, 5, dtype)},
                 dtype == kFloat32 ? 1e-5 : 1e-12);
}

BOOST_AUTO_TEST_CASE(a_formula_with_branches_and_a_captured_number) {
  const double delta = 0.8;
  const auto huber = elementwise("huber", [delta](auto x, auto y) {
    const auto e = abs(x - y);
    return where(e < delta && x != y, 0.5 * e * e, delta * (e - 0.5 * delta));
  });
  check_orders([&](const Tensors& x) { return huber(x[0], x[1]); }, {leaf({5, 7}), leaf({5, 7})});
  check_same([&](const Tensors& x) { return huber(x[0], x[1]); },
             [&](const Tensors& x) {
               const Tensor e = abs(x[0] - x[1]);
               return where(e < delta, 0.5 * e * e, delta * (e - 0.5 * delta));
             },
             {leaf({40, 30}, -2, 2, kFloat32), leaf({40, 30}, -2, 2, kFloat32)}, 2e-6);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace xgrad::test
