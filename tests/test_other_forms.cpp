// Forms of operations that PyTorch has beside the usual one: types, numbers for dimensions, other names, other shapes
// in place, printed results.
#include <cmath>
#include <sstream>

#include <xgrad/autograd.hpp>
#include <xgrad/ops.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

Tensor f64(std::initializer_list<double> v) { return tensor(v, {kFloat64}); }

template <class T>
std::string printed(const T& value) {
  std::ostringstream os;
  os << value;
  return os.str();
}

}  // namespace

BOOST_AUTO_TEST_CASE(reductions_in_another_type) {
  const Tensor x = tensor({1, 2, 3}, {kInt32});
  BOOST_TEST((sum(x, kFloat64).dtype() == kFloat64));
  BOOST_TEST((x.sum(kInt32).dtype() == kInt32));
  BOOST_TEST((sum(x, {0}, true, kInt32).shape() == Shape{1}));
  BOOST_TEST(x.mean(kFloat64).item() == 2);
  BOOST_TEST((mean(x, {0}, false, kFloat32).dtype() == kFloat32));
  BOOST_TEST((x.prod(kFloat32).dtype() == kFloat32));
  BOOST_TEST(prod(x, 0, false, kInt32).item() == 6);
  BOOST_TEST((x.cumsum(0, kInt32).dtype() == kInt32));
  check_close(cumprod(x, 0, kFloat64), {1, 2, 6}, 0);
  check_close(softmax(tensor({0, 0}), 0, kFloat64), {0.5, 0.5}, 0);
  BOOST_TEST((x.log_softmax(0, kFloat32).dtype() == kFloat32));
  expect<DTypeError>({"mean"}, [&] { (void)mean(x, kInt64); });
  const Tensor y = tensor({1.f, 2.f}).requires_grad_();
  sum(y, kFloat64).backward();
  BOOST_TEST((y.grad().dtype() == kFloat32));
}

BOOST_AUTO_TEST_CASE(numbers_and_lists_of_dimensions) {
  const Tensor x = arange(6.0).reshape({1, 2, 3});
  BOOST_TEST((amax(x, 2).shape() == Shape{1, 2}));
  BOOST_TEST((aminmax(x, -1).max.shape() == Shape{1, 2}));
  BOOST_TEST((flip(x, 2).to_vector<double>() == std::vector<double>{2, 1, 0, 5, 4, 3}));
  BOOST_TEST((roll(x, 1, 2).to_vector<double>() == std::vector<double>{2, 0, 1, 5, 3, 4}));
  BOOST_TEST((roll(x, 1).to_vector<double>() == std::vector<double>{5, 0, 1, 2, 3, 4}));
  BOOST_TEST((logsumexp(x, 1, true).shape() == Shape{1, 1, 3}));
  BOOST_TEST((norm(x, 1, 2).to_vector<double>() == std::vector<double>{3, 12}));
  BOOST_TEST((count_nonzero(x, 2).to_vector<std::int64_t>() == std::vector<std::int64_t>{2, 3}));
  BOOST_TEST((nansum(x, 0).shape() == Shape{2, 3}));
  BOOST_TEST((squeeze(reshape(x, {1, 6, 1}), {0, 2}).shape() == Shape{6}));
  BOOST_TEST((reshape(x, {1, 6, 1}).squeeze({0, 1}).shape() == Shape{6, 1}));
  expect<IndexError>({"squeeze", "given twice"}, [&] { (void)squeeze(x, {0, -3}); });
  BOOST_TEST((any(x, {1, 2}).to_vector<bool>() == std::vector<bool>{true}));
  BOOST_TEST((all(x, {0, 1}).to_vector<bool>() == std::vector<bool>{false, true, true}));
  BOOST_TEST((x.all({0, 1}, true).shape() == Shape{1, 1, 3}));
}

BOOST_AUTO_TEST_CASE(options_that_operations_have) {
  const Tensor x = zeros({3}, {kFloat64});
  const Tensor source = f64({1, 2}).requires_grad_();
  const Tensor y = index_add(x, 0, tensor({2, 0}), source, -2);
  check_close(y, {-4, 0, -2}, 0);
  y.sum().backward();
  check_close(source.grad(), {-2, -2}, 0);
  expect<DTypeError>({"index_add"}, [&] { (void)index_add(tensor({1}), 0, tensor({0}), tensor({1}), 0.5); });

  const Tensor unsorted = f64({3, 1, 2});
  BOOST_TEST((searchsorted(unsorted, f64({2.5, 0}), false, argsort(unsorted)).to_vector<std::int64_t>() ==
              std::vector<std::int64_t>{2, 0}));
  expect<IndexError>({"searchsorted", "index 3 out of range"}, [&] {
    (void)searchsorted(unsorted, f64({1}), false, tensor({0, 1, 3}));
  });
  expect<ShapeError>({"searchsorted", "shape of sorted"}, [&] {
    (void)searchsorted(unsorted, f64({1}), false, tensor({0, 1}));
  });
  BOOST_TEST((topk(unsorted, 2, 0, true, false).values.to_vector<double>() == std::vector<double>{3, 2}));

  check_close(logspace(0, 3, 4), {1, 10, 100, 1000}, 0);
  check_close(logspace(-1, 1, 3, 2, {kFloat64}), {0.5, 1, 2}, 0);
  expect<ValueError>({"logspace", "steps must not be negative"}, [] { (void)logspace(0, 1, -1); });
  expect<ValueError>({"logspace", "does not fit uint8"}, [] { (void)logspace(0, 3, 4, 10, {kUInt8}); });
  BOOST_TEST((eye(2, {.dtype = kInt64}).dtype() == kInt64));
  BOOST_TEST((eye(2, 3, kFloat64).shape() == Shape{2, 3}));
  BOOST_TEST((eye(2, kBool).to_vector<bool>() == std::vector<bool>{true, false, false, true}));
  BOOST_TEST((combinations(f64({1, 2}), 0).shape() == Shape{0}));

  // Queries that follow kept keys see all of these.
  BOOST_TEST((causal_lower_right(2, 3).to_vector<bool>() == std::vector<bool>{true, true, false, true, true, true}));
}

BOOST_AUTO_TEST_CASE(other_names) {
  const Tensor x = f64({-1, 2}), y = f64({4, 2});
  check_close(absolute(x), {1, 2}, 0);
  check_close(x.negative(), {1, -2}, 0);
  check_close(multiply(x, y), {-4, 4}, 0);
  check_close(x.multiply(3), {-3, 6}, 0);
  check_close(divide(x, y), {-0.25, 1}, 0);
  check_close(divide(y, 3, Rounding::floor), {1, 0}, 0);
  check_close(y.true_divide(2), {2, 1}, 0);
  check_close(subtract(x, y, 2), {-9, -2}, 0);
  check_close(x.subtract(1), {-2, 1}, 0);
  BOOST_TEST((greater(y, x).to_vector<bool>() == std::vector<bool>{true, false}));
  BOOST_TEST((y.greater_equal(x).to_vector<bool>() == std::vector<bool>{true, true}));
  BOOST_TEST((less(x, 0).to_vector<bool>() == std::vector<bool>{true, false}));
  BOOST_TEST((x.less_equal(2).to_vector<bool>() == std::vector<bool>{true, true}));
  BOOST_TEST((not_equal(x, y).to_vector<bool>() == std::vector<bool>{true, false}));
  check_close(arcsin(f64({1})), {M_PI / 2}, 1e-15);
  check_close(f64({0}).arccos(), {M_PI / 2}, 1e-15);
  check_close(arctan2(f64({1}), f64({1})), {M_PI / 4}, 1e-15);
  check_close(clip(x, -0.5, 1), {-0.5, 1}, 0);
  check_close(x.clip(f64({0, 0}), f64({1, 1})), {0, 1}, 0);
  check_close(concat({x, y}), {-1, 2, 4, 2}, 0);
  check_close(x.max(y), {4, 2}, 0);
  check_close(x.min(y), {-1, 2}, 0);
  check_close(tensor({7, -7}) % 3, {1, 2}, 0);
  check_close(7 % tensor({4, -4}), {3, -1}, 0);
  check_close(x.index(x > 0), {2}, 0);
  check_close(x.index(tensor({1, 1})), {2, 2}, 0);
}

BOOST_AUTO_TEST_CASE(tensors_of_the_same_type) {
  const Tensor x = f64({1, 2});
  BOOST_TEST((x.new_zeros({2, 3}).dtype() == kFloat64));
  BOOST_TEST((x.new_empty({2}, kInt64).dtype() == kInt64));
  check_close(x.new_ones({2}), {1, 1}, 0);
  check_close(x.new_full({2}, 7), {7, 7}, 0);
  BOOST_TEST((tensor({1}).type_as(x).dtype() == kFloat64));
  BOOST_TEST(x.equal(x.clone()));
  BOOST_TEST(!x.equal(f64({1})));
  check_close(x.polygamma(1), {M_PI * M_PI / 6, M_PI * M_PI / 6 - 1}, 1e-12);
  const Tensor m = tensor({{4., 2.}, {2., 3.}}, {kFloat64});
  BOOST_TEST(std::abs(m.slogdet().logabsdet.item() - std::log(8)) < 1e-14);
  BOOST_TEST(allclose(matmul(m.qr().Q, m.qr().R), m));
  BOOST_TEST(allclose(matmul(m.cholesky(), m.cholesky().t()), m));
  BOOST_TEST((x.multinomial(4, true).shape() == Shape{4}));
}

BOOST_AUTO_TEST_CASE(comparisons_and_shapes_in_place) {
  Tensor x = f64({1, 2, 3});
  check_close(x.eq_(2), {0, 1, 0}, 0);
  BOOST_TEST((x.dtype() == kFloat64));
  check_close(f64({1, 2}).ge_(f64({2, 2})), {0, 1}, 0);

  Tensor m = arange(6.0).reshape({2, 3});
  const Tensor same = m, view = m[0];
  m.t_();
  BOOST_TEST((m.shape() == Shape{3, 2}));
  BOOST_TEST((same.shape() == Shape{3, 2}));
  BOOST_TEST((view.shape() == Shape{3}));
  BOOST_TEST((m.to_vector<double>() == std::vector<double>{0, 3, 1, 4, 2, 5}));
  m.unsqueeze_(0).squeeze_().transpose_(0, 1);
  BOOST_TEST((m.to_vector<double>() == std::vector<double>{0, 1, 2, 3, 4, 5}));
  m.unsqueeze_(-1).squeeze_({-1});
  BOOST_TEST((m.shape() == Shape{2, 3}));
  expect<IndexError>({"unsqueeze"}, [&] { m.unsqueeze_(5); });
  BOOST_TEST((m.shape() == Shape{2, 3}));

  Tensor w = ones({2, 3}, {kFloat64, true});
  expect<AutogradError>({"t_"}, [&] { w.t_(); });
  Tensor y = w * 2;
  expect<AutogradError>({"squeeze_", "cannot change in place"}, [&] { y.squeeze_(); });
  // What a backward pass needs is not turned under it.
  const Tensor v = ones({3, 3}, {kFloat64, true});
  Tensor c = arange(9.0).reshape({3, 3}).to(kFloat64);
  const Tensor product = v * c;
  c.t_();
  expect<AutogradError>({"t_"}, [&] { product.sum().backward(); });

  check_close(zeros({2, 2}).fill_diagonal_(3), {3, 0, 0, 3}, 0);
  check_close(zeros({4, 2}).fill_diagonal_(1), {1, 0, 0, 1, 0, 0, 0, 0}, 0);
  check_close(zeros({5, 2}).fill_diagonal_(1, true), {1, 0, 0, 1, 0, 0, 1, 0, 0, 1}, 0);
  expect<ShapeError>({"fill_diagonal_"}, [] { zeros({2, 2, 3}).fill_diagonal_(1); });
  check_close(f64({5, -5}).div_(2, Rounding::trunc), {2, -2}, 0);
  check_close(f64({5, -5}).clamp_(f64({0, -1}), f64({1, 1})), {1, -1}, 0);
  check_close(f64({5, -5}).fill_(tensor(2.0)), {2, 2}, 0);
}

BOOST_AUTO_TEST_CASE(results_of_several_tensors_are_printed) {
  const Tensor x = tensor({{4., 2.}, {2., 3.}}, {kFloat64});
  const auto has = [](const std::string& text, std::initializer_list<const char*> names) {
    for (const char* name : names) BOOST_TEST(text.find(std::string(name) + "=tensor(") != std::string::npos, text);
  };
  has(printed(unique(x)), {"values", "inverse", "counts"});
  has(printed(aminmax(x)), {"min", "max"});
  has(printed(var_mean(x)), {"var", "mean"});
  has(printed(std_mean(x)), {"std", "mean"});
  has(printed(linalg::svd(x)), {"U", "S", "Vh"});
  has(printed(linalg::qr(x)), {"Q", "R"});
  has(printed(linalg::eigh(x)), {"eigenvalues", "eigenvectors"});
  has(printed(linalg::lstsq(x, x)), {"solution", "residuals", "rank", "singular_values"});
  has(printed(slogdet(x)), {"sign", "logabsdet"});
  has(printed(frexp(x)), {"mantissa", "exponent"});
  has(printed(histogram(f64({1, 2}), 2)), {"hist", "bin_edges"});
  has(printed(x.max(0)), {"values", "indices"});
}

BOOST_AUTO_TEST_CASE(dropout_for_selu_keeps_mean_and_variance) {
  manual_seed(3);
  const Tensor x = selu(randn({400, 500}, {kFloat64}));
  for (const Tensor& y : {alpha_dropout(x, 0.3, true), feature_alpha_dropout(x, 0.3, true)}) {
    BOOST_TEST(std::abs(y.mean().item()) < 0.02);
    BOOST_TEST(std::abs(var(y).item() - 1) < 0.02);
  }
  BOOST_TEST(alpha_dropout(x, 0.3).is_same(x));
  check_close(alpha_dropout(f64({1, 2}), 1, true), {0, 0}, 0);
  // A channel is kept as a whole, or not.
  const Tensor y = feature_alpha_dropout(ones({20, 20, 3}, {kFloat64}), 0.5, true);
  BOOST_TEST((y.amax(2) == y.amin(2)).to(kInt64).sum().item() == 400);
}

BOOST_AUTO_TEST_CASE(fractional_pools_draw_their_windows) {
  manual_seed(5);
  const Tensor x = rand({2, 3, 9, 10}, {kFloat64});
  const ValuesIndices r = fractional_max_pool2d_with_indices(x, 2, {.output_ratio = {0.6, 0.5}});
  BOOST_TEST((r.values.shape() == Shape{2, 3, 5, 5}));
  BOOST_TEST(equal(gather(x.reshape({2, 3, 90}), 2, r.indices.reshape({2, 3, 25})).reshape({2, 3, 5, 5}), r.values));
  // Windows of 1 that begin at 0, 1 and 3 of 4 for the sample 0.5: floor((i + 0.5) 1.5) - 0, the last at the end.
  const Tensor row = f64({5, 1, 7, 2}).reshape({1, 1, 4});
  const FractionalPoolOptions<2> options{.output_size = Extents<2>(1, 3),
                                         .random_samples = full({1, 1, 2}, 0.5, kFloat64)};
  check_close(fractional_max_pool2d(row, 1, options), {5, 7, 2}, 0);
}

BOOST_AUTO_TEST_CASE(operands_of_einsum_one_by_one) {
  const Tensor x = xgrad::rand({2, 3}), y = xgrad::rand({3, 4}), z = xgrad::rand({4});
  BOOST_TEST(equal(einsum("ij,jk->ik", x, y), einsum("ij,jk->ik", {x, y})));
  BOOST_TEST(equal(einsum(std::string("ij,jk,k->i"), x, y, z), einsum("ij,jk,k->i", {x, y, z})));
  BOOST_TEST(equal(einsum("ij->ji", {x}), x.t()));
  expect<ValueError>({"einsum", "the equation has 2 operands, 1 were given", "test_other_forms.cpp"},
                     [&] { einsum("ij,jk", x); });
}
