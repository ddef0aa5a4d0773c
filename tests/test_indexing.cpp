// Indexing as in Python, which results are views, and gradients through changes of those views.
#include <xgrad/autograd.hpp>
#include <xgrad/gradcheck.hpp>
#include <xgrad/ops.hpp>

#include "unit_test.hpp"

using namespace xgrad;

namespace {

Tensor numbers(const Shape& shape) { return arange(0, shape.numel(), 1, {kFloat64}).reshape(shape); }

Shape shape_of(const Shape& shape, const std::vector<Index>& indices) { return index(numbers(shape), indices).shape(); }

BOOST_AUTO_TEST_CASE(dimensions_of_index_tensors_go_where_pytorch_puts_them) {
  const Tensor i = tensor({0, 1}), j = tensor({{0}, {1}, {0}}), flag = tensor({true, false, true});
  BOOST_TEST(shape_of({3, 4, 5}, {Slice{}, i}) == Shape({3, 2, 5}));
  BOOST_TEST(shape_of({3, 4, 5}, {Slice{}, i, j}) == Shape({3, 3, 2}));
  BOOST_TEST(shape_of({3, 4, 5}, {i, Slice{}, j}) == Shape({3, 2, 4}));
  BOOST_TEST(shape_of({3, 4, 5}, {i, None, j}) == Shape({3, 2, 1, 5}));
  BOOST_TEST(shape_of({3, 4, 5}, {0, Slice{}, i}) == Shape({4, 2}));  // a number is no index tensor here
  BOOST_TEST(shape_of({3, 4, 5}, {Ellipsis, i}) == Shape({3, 4, 2}));
  BOOST_TEST(shape_of({3, 4, 5}, {flag}) == Shape({2, 4, 5}));
  BOOST_TEST(shape_of({3, 4, 5}, {flag, Slice{0, 4, 2}, -1}) == Shape({2, 2}));
  BOOST_TEST(shape_of({3, 4, 5}, {tensor(true)}) == Shape({1, 3, 4, 5}));
  BOOST_TEST(shape_of({3, 4, 5}, {tensor(false)}) == Shape({0, 3, 4, 5}));
  BOOST_TEST(shape_of({3, 4, 5}, {tensor(1)}) == Shape({4, 5}));
  BOOST_TEST(shape_of({3, 4, 5}, {}) == Shape({3, 4, 5}));
  BOOST_TEST(shape_of({3, 4, 5}, {from_vector(std::vector<std::int64_t>{}, {0})}) == Shape({0, 4, 5}));
}

BOOST_AUTO_TEST_CASE(elements_are_those_that_the_index_names) {
  const Tensor x = numbers({3, 4});
  BOOST_TEST(allclose(index(x, {tensor({2, 0}), tensor({-1, 1})}), tensor({11., 1.}, {kFloat64})));
  BOOST_TEST(allclose(index(x, {x > 9}), tensor({10., 11.}, {kFloat64})));
  BOOST_TEST(allclose(index(x, {Slice{1, 3}, -1}), tensor({7., 11.}, {kFloat64})));
  BOOST_TEST(allclose(index(x.t(), {tensor({3, 0}), 1}), tensor({7., 4.}, {kFloat64})));
}

BOOST_AUTO_TEST_CASE(writing_at_an_index_is_reading_there) {
  const Tensor x = numbers({3, 4, 2}), i = tensor({2, 0}), j = tensor({0, 1});
  const std::vector<std::vector<Index>> all{{i},     {Slice{}, i},  {i, Slice{1, 3}, j},   {0, Ellipsis, j.to(kInt32)},
                                            {x > 5}, {Ellipsis, 1}, {None, Slice{0, 3, 2}}};
  for (const auto& at : all) {
    const Tensor part = index(x, at), y = index_put(x, at, -1 - part);
    BOOST_TEST(allclose(index(y, at), -1 - part));
    BOOST_TEST((y < 0).to(kInt64).sum().item<std::int64_t>() == part.numel());
    const Tensor twice = index_put(x, at, part, true);
    BOOST_TEST(allclose(index(twice, at), 2 * part));
  }
}

BOOST_AUTO_TEST_CASE(a_view_shares_memory) {
  Tensor x = zeros({3, 4}, {kFloat64});
  Tensor d = diagonal(x), m = movedim(x, 0, 1), u = unflatten(x, 1, {2, 2}), w = unfold(x, 1, 2, 2);
  Tensor b = broadcast_to(x, {2, 3, 4}), p = index(x, {Slice{1, 2}, None, -1}), s = tensor_split(x, 2)[1];
  x.fill_(3);
  for (const Tensor& view : {d, m, u, w, b, p, s, meshgrid({x[0]})[0], ravel(x[1]), atleast_3d(x)})
    BOOST_TEST((view == 3).to(kInt64).sum().item<std::int64_t>() == view.numel());
  d.fill_(1);
  BOOST_TEST(x.sum().item() == 3 * 12 - 2 * 3);
}

BOOST_AUTO_TEST_CASE(gradients_pass_changes_of_a_view) {
  const auto through = [](auto change) {
    gradcheck(
        [change](const std::vector<Tensor>& in) {
          Tensor y = in[0] * 1;
          change(y);
          return std::vector<Tensor>{y * y};
        },
        {(numbers({3, 4}) / 7 + 0.3).detach().requires_grad_()});
  };
  through([](Tensor& y) { diagonal(y).mul_(2.); });
  through([](Tensor& y) { index(y, {Slice{1, 3}, 2}).mul_(3.); });
  through([](Tensor& y) { unflatten(y, 1, {2, 2}).select(1, 0).mul_(3.); });
  through([](Tensor& y) { movedim(y, 0, 1).select(0, 1).mul_(0.5); });
  through([](Tensor& y) { unfold(y, 1, 2, 2).select(1, 1).mul_(0.5); });
}

// Windows that overlap, read after their base changed: each element of the base gets the gradients of all its windows.
BOOST_AUTO_TEST_CASE(overlapping_windows_of_a_base_that_changed) {
  gradcheck(
      [](const std::vector<Tensor>& in) {
        Tensor y = in[0] * 1;
        const Tensor windows = unfold(y, 0, 3, 1);
        y.mul_(2.);
        return std::vector<Tensor>{windows * windows};
      },
      {(numbers({6}) / 7 + 0.3).detach().requires_grad_()});
}

BOOST_AUTO_TEST_CASE(positions_of_triangles) {
  const auto listed = [](const Tensor& t) { return t.to_vector<std::int64_t>(); };
  const std::vector<std::int64_t> below{0, 1, 1, 0, 0, 1}, above{0, 0, 1, 1, 2, 2};
  BOOST_TEST(listed(tril_indices(2, 3)) == below, boost::test_tools::per_element());
  BOOST_TEST(listed(triu_indices(2, 3, 1)) == above, boost::test_tools::per_element());
  BOOST_TEST(tril_indices(0, 3).shape() == Shape({2, 0}));
  for (const std::int64_t offset : {-9, -3, -2, -1, 0, 1, 2, 4, 9})
    for (const Shape& s : {Shape{3, 4}, Shape{4, 3}, Shape{1, 5}, Shape{5, 1}}) {
      const Tensor full = ones(s);
      BOOST_TEST((tril_indices(s[0], s[1], offset) == nonzero(tril(full, offset)).t()).to(kInt64).sum().item() ==
                 2 * count_nonzero(tril(full, offset)).item());
      BOOST_TEST((triu_indices(s[0], s[1], offset) == nonzero(triu(full, offset)).t()).to(kInt64).sum().item() ==
                 2 * count_nonzero(triu(full, offset)).item());
    }
  BOOST_TEST(triu_indices(INT64_MAX, 0).shape() == Shape({2, 0}));
  BOOST_TEST(triu_indices(INT64_MAX, 2).shape() == Shape({2, 3}));
  BOOST_CHECK_THROW(tril_indices(INT64_MAX, INT64_MAX), ShapeError);
  BOOST_CHECK_THROW(triu_indices(-1, 2), ShapeError);
}

BOOST_AUTO_TEST_CASE(one_hot_of_nothing_has_no_classes_to_need) {
  BOOST_TEST(one_hot(zeros({0}, kInt64), 0).shape() == Shape({0, 0}));
  BOOST_TEST(one_hot(zeros({0, 2}, kInt64), 3).shape() == Shape({0, 2, 3}));
}

BOOST_AUTO_TEST_CASE(sorting_many_elements_in_any_dimension) {
  const Tensor x = (arange(0, 70000, 1, {kFloat64}) * 7919).reshape({70, 1000});
  const Tensor y = x - div(x, 10007., Rounding::floor) * 10007;
  for (const int dim : {0, 1}) {
    const ValuesIndices r = sort(y, dim);
    BOOST_TEST(allclose(gather(y, dim, r.indices), r.values));
    BOOST_TEST(all(diff(r.values, 1, dim) >= 0).item<bool>());
    BOOST_TEST(allclose(topk(y, 5, dim).values, sort(y, dim, true).values.narrow(dim, 0, 5)));
    BOOST_TEST(allclose(kthvalue(y, 7, dim).values, r.values.select(dim, 6)));
  }
}

}  // namespace
