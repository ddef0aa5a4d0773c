// Tensors as Eigen's matrices and as views of any number of dimensions.
#include <xgrad/eigen.hpp>
#include <xgrad/mdspan.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

BOOST_AUTO_TEST_SUITE(eigen)

BOOST_AUTO_TEST_CASE(maps_of_any_strides) {
  const Tensor t = arange(0, 12, 1, {kFloat64}).reshape({3, 4});
  const auto m = as_eigen<double>(t);
  BOOST_TEST((m.rows() == 3 && m.cols() == 4));
  BOOST_TEST(m.data() == t.data<double>());
  BOOST_TEST(m(1, 2) == 6);
  const auto flipped = as_eigen<double>(t.t());
  BOOST_TEST((flipped.rows() == 4 && flipped(2, 1) == 6));
  const auto part = as_eigen<double>(t.index({Slice{0, 3, 2}, Slice{1, 4, 2}}));
  BOOST_TEST((part.rows() == 2 && part.cols() == 2));
  BOOST_TEST((part(0, 0) == 1 && part(1, 1) == 11));
  BOOST_TEST((Eigen::MatrixXd(part) * Eigen::Vector2d(1, 1))(1) == 20);
  const auto column = as_eigen<double>(t[1]);
  BOOST_TEST((column.rows() == 4 && column.cols() == 1 && column.sum() == 22));
  BOOST_TEST(as_eigen<double>(t[1].expand({2, 4}))(1, 3) == 7);
  BOOST_TEST(as_eigen<double>(t.sum())(0, 0) == 66);
  BOOST_TEST(as_eigen<double>(zeros({0, 3}, {kFloat64})).size() == 0);
}

BOOST_AUTO_TEST_CASE(a_map_keeps_its_tensor) {
  const auto m = as_eigen<double>(full({1000, 2}, 3, {kFloat64}) * 2);
  BOOST_TEST(m.sum() == 12000);
}

BOOST_AUTO_TEST_CASE(writing) {
  Tensor t = zeros({2, 3}, {kFloat64});
  as_eigen<double>(t) = Eigen::MatrixXd::Identity(2, 3);
  check_close(t, {1, 0, 0, 0, 1, 0});
  Tensor flipped = t.t();
  as_eigen<double>(flipped).row(2).setConstant(5);
  check_close(t, {1, 0, 5, 0, 1, 5});
  Tensor other = ones({2, 3}, {kFloat64});
  as_eigen<double>(t) = as_eigen<double>(other);
  check_close(t, {1, 1, 1, 1, 1, 1});
  // It counts as an in-place change.
  Tensor x = ones({2}, {kFloat64}), w = ones({2}, {kFloat64}).requires_grad_();
  const Tensor y = (x * w).sum();
  as_eigen<double>(x).setZero();
  expect<AutogradError>({"as_eigen"}, [&] { y.backward(); });
}

BOOST_AUTO_TEST_CASE(tensors_of_matrices) {
  Eigen::MatrixXd m(2, 3);
  m << 1, 2, 3, 4, 5, 6;
  check_close(from_eigen(m), {1, 2, 3, 4, 5, 6});
  BOOST_TEST((from_eigen(m).shape() == Shape{2, 3}));
  check_close(from_eigen(m.transpose() * 2.0), {2, 8, 4, 10, 6, 12});
  BOOST_TEST((from_eigen(m.transpose()).shape() == Shape{3, 2}));
  check_close(from_eigen(m.array().exp().log().matrix()), {1, 2, 3, 4, 5, 6});
  check_close(from_eigen(m.array() + 1), {2, 3, 4, 5, 6, 7});
  const Eigen::Vector3f v(1, 2, 3);
  BOOST_TEST((from_eigen(v).shape() == Shape{3} && from_eigen(v).dtype() == kFloat32));
  BOOST_TEST((from_eigen(Eigen::RowVectorXi::LinSpaced(4, 0, 3)).dtype() == kInt32));
  BOOST_TEST((from_eigen((m.array() > 2).matrix()).dtype() == kBool));
  BOOST_TEST((from_eigen(Eigen::MatrixXd(0, 3)).shape() == Shape{0, 3}));
}

BOOST_AUTO_TEST_CASE(rvalues_give_their_memory) {
  Eigen::MatrixXd m = Eigen::MatrixXd::Random(3, 4);
  const Eigen::MatrixXd copy = m;
  const double* data = m.data();
  const Tensor t = from_eigen(std::move(m));
  BOOST_TEST((t.shape() == Shape{3, 4}));
  BOOST_TEST(as_eigen<double>(t).data() == data);
  BOOST_TEST((as_eigen<double>(t) == copy));
  Eigen::VectorXf v = Eigen::VectorXf::Ones(5);
  const float* values = v.data();
  const Tensor u = from_eigen(std::move(v));
  BOOST_TEST((u.data<float>() == values && u.shape() == Shape{5}));
}

BOOST_AUTO_TEST_CASE(mistakes) {
  Tensor t = zeros({2, 3}, {kFloat64});
  expect_op<DTypeError>("as_eigen", {"asked for float32 of a float64 tensor"}, [&] { as_eigen<float>(t); });
  expect_op<ShapeError>("as_eigen", {"at most 2 dimensions", "(2, 3, 1)"}, [&] { as_eigen<double>(t.unsqueeze(2)); });
  expect_op<ValueError>("as_eigen", {}, [&] { as_eigen<double>(std::as_const(t).defined() ? Tensor() : t); });
  Tensor wide = t[0].expand({4, 3}), w = ones({2}, {kFloat64}).requires_grad_();
  expect_op<ValueError>("as_eigen", {"share one place", "clone()"}, [&] { as_eigen<double>(wide); });
  expect_op<AutogradError>("as_eigen", {"on the tape", "detach()"}, [&] { as_eigen<double>(w); });
  BOOST_TEST(as_eigen<double>(std::as_const(w)).sum() == 2);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(views)

BOOST_AUTO_TEST_CASE(elements_by_their_indices) {
  const Tensor t = arange(0, 24, 1, {kFloat32}).reshape({2, 3, 4});
  const auto v = as_mdspan<float, 3>(t.permute({2, 0, 1}));
  BOOST_TEST((v.rank() == 3 && v.extent(0) == 4 && v.extent(1) == 2 && v.extent(2) == 3));
  BOOST_TEST((v.stride(0) == 1 && v.stride(1) == 12 && v.stride(2) == 4));
  BOOST_TEST((v.size() == 24 && !v.empty()));
  for (std::int64_t i = 0; i < 4; ++i)
    for (std::int64_t j = 0; j < 2; ++j)
      for (std::int64_t k = 0; k < 3; ++k) {
        BOOST_TEST(v(i, j, k) == static_cast<float>(j * 12 + k * 4 + i));
        BOOST_TEST((v[{i, j, k}] == v(i, j, k)));
      }
  BOOST_TEST((as_mdspan<float, 0>(t.sum())() == 276));
  BOOST_TEST((as_mdspan<float, 2>(zeros({0, 3})).empty()));
}

BOOST_AUTO_TEST_CASE(writing_and_keeping) {
  Tensor t = zeros({2, 2}, {kInt64});
  const auto v = as_mdspan<std::int64_t, 2>(t);
  v(1, 0) = 5;
  BOOST_TEST((t.to_vector<int>() == std::vector<int>{0, 0, 5, 0}));
  const auto kept = as_mdspan<double, 1>(full({100}, 3, {kFloat64}) * 2);
  BOOST_TEST(kept(99) == 6);
  static_assert(std::is_same_v<decltype(v(0, 0)), std::int64_t&>);
  static_assert(std::is_same_v<decltype(kept(0)), const double&>);
}

BOOST_AUTO_TEST_CASE(mistakes) {
  Tensor t = zeros({2, 3});
  expect_op<ShapeError>("as_mdspan", {"(2, 3)"}, [&] { as_mdspan<float, 3>(t); });
  expect_op<DTypeError>("as_mdspan", {"float64 of a float32"}, [&] { as_mdspan<double, 2>(t); });
  Tensor wide = t.slice(0, 0, 1).expand({4, 3}), w = ones({2, 3}).requires_grad_();
  expect_op<ValueError>("as_mdspan", {"share one place"}, [&] { as_mdspan<float, 2>(wide); });
  expect_op<AutogradError>("as_mdspan", {"on the tape"}, [&] { as_mdspan<float, 2>(w); });
}

#ifdef __cpp_lib_mdspan
BOOST_AUTO_TEST_CASE(the_standard_librarys) {
  const Tensor t = arange(0, 6, 1, {kFloat32}).reshape({2, 3}).t();
  const auto v = as_mdspan<float, 2>(t);
  const decltype(v)::mdspan_type s = v;
  BOOST_TEST((s.extent(0) == 3 && s.stride(0) == 1 && s[2, 1] == 5));
}
#endif

BOOST_AUTO_TEST_SUITE_END()
