// xtensor arrays and tensors, with whatever version of xtensor is installed.
#include <xgrad/ops.hpp>
#include <xgrad/xtensor.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

template <class E>
std::vector<std::size_t> shape_of(const E& e) {
  return {e.shape().begin(), e.shape().end()};
}

}  // namespace

BOOST_AUTO_TEST_CASE(views_of_a_tensor) {
  Tensor t = arange(0, 6, 1, {kFloat32}).view({2, 3});
  auto a = xgrad::array<float>(t);
  a(1, 2) = 50;
  BOOST_TEST(t.select(0, 1).select(0, 2).item() == 50);
  xt::view(a, xt::all(), 0) = 7;
  check_close(t, {7, 1, 2, 7, 4, 50});
  BOOST_TEST((shape_of(xgrad::array<float>(std::as_const(t))) == std::vector<std::size_t>{2, 3}));
}

BOOST_AUTO_TEST_CASE(an_array_outlives_its_tensor) {
  const auto a = xgrad::array<double>(full({1000}, 3, {kFloat64}) * 2);
  BOOST_TEST(a(999) == 6);
}

// The shape of a temporary of an array of any rank: some versions of xtensor took it for one of rank 4 in C++20.
BOOST_AUTO_TEST_CASE(temporaries_of_arrays_of_any_rank) {
  for (int rank = 0; rank <= 6; ++rank) {
    Shape shape;
    for (int i = 0; i < rank; ++i) shape.push_back(2);
    const Tensor t = arange(0, 1 << rank, 1, {kFloat64}).view(shape);
    const auto a = xgrad::array<double>(t);
    xt::xarray<double> b = a;
    b = b + a * 2;  // by a temporary
    BOOST_TEST(b.dimension() == static_cast<std::size_t>(rank));
    const Tensor back = from_xtensor(b);
    BOOST_TEST((back.shape() == t.shape()));
    check_close(back, (t * 3).to_vector<double>());
    const auto exponent = xt::eval(xt::exp(a * 0.));
    BOOST_TEST(exponent.dimension() == static_cast<std::size_t>(rank));
  }
}

BOOST_AUTO_TEST_CASE(expressions) {
  const Tensor t = arange(1, 7, 1, {kFloat32}).view({2, 3});
  const auto a = xgrad::array<float>(t);
  check_close(from_xtensor(xt::sum(a, {0})), {5, 7, 9});
  check_close(from_xtensor(xt::eval(xt::transpose(a))), {1, 4, 2, 5, 3, 6});
  check_close(from_xtensor(xt::view(a, xt::all(), xt::range(1, 3))), {2, 3, 5, 6});
  check_close(from_xtensor(xt::amax(a, {1})), {3, 6});
  const Tensor wide = from_xtensor(xt::exp(xt::cast<double>(a)));
  BOOST_TEST((wide.dtype() == kFloat64 && wide.shape() == Shape{2, 3}));
  check_close(wide, exp(t.to(kFloat64)).to_vector<double>());
  BOOST_TEST((from_xtensor(xt::argmax(a, 1)).dtype() == kInt64));
  check_close(from_xtensor(xt::argmax(a, 1)), {2, 2});
  BOOST_TEST((from_xtensor(a > 2.f).dtype() == kBool));
  check_close(from_xtensor(a > 2.f), {0, 0, 1, 1, 1, 1});
  BOOST_TEST((from_xtensor(xt::sum(a)).shape() == Shape{}));
}

BOOST_AUTO_TEST_CASE(memory_is_given_away) {
  xt::xarray<float> a = xt::ones<float>({3, 2});
  const float* memory = a.data();
  const Tensor t = from_xtensor(std::move(a));
  BOOST_TEST(t.data<float>() == memory);
  BOOST_TEST((t.shape() == Shape{3, 2}));
  const xt::xtensor<double, 2, xt::layout_type::column_major> column{{1, 2}, {3, 4}};
  check_close(from_xtensor(column), {1, 2, 3, 4});
}

BOOST_AUTO_TEST_CASE(refusals) {
  const Tensor t = ones({2, 2}, {kFloat32});
  expect<DTypeError>({"float32"}, [&] { xgrad::array<double>(t); });
  expect<ValueError>({"contiguous"}, [&] { xgrad::array<float>(std::as_const(t).t()); });
  Tensor w = ones({2}, {kFloat32, true});
  expect<AutogradError>({}, [&] { xgrad::array<float>(w); });
  const std::vector<std::size_t> nine(9, 1);
  const xt::xarray<double> high = xt::ones<double>(nine);
  expect<ShapeError>({}, [&] { from_xtensor(high); });
}
