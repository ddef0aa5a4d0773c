// Numbers at the borders of their types and options: exact, or refused at once.
#include <limits>

#include <xgrad/xgrad.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

constexpr std::int64_t kMost = INT64_MAX, kWide = (std::int64_t{1} << 53) + 1;  // no double is kWide
constexpr std::uint64_t kUnsigned = UINT64_MAX;

}  // namespace

BOOST_AUTO_TEST_SUITE(borders)

BOOST_AUTO_TEST_CASE(allclose_of_integers_is_exact) {
  const Tensor a = tensor({kWide, kMost}), b = tensor({kWide - 1, kMost});
  BOOST_TEST(allclose(a, a, 0, 0));
  BOOST_TEST(!allclose(a, b, 0, 0));
  BOOST_TEST(!allclose(b, a, 0, 0.5));
  BOOST_TEST(allclose(a, b, 0, 1));
  BOOST_TEST(!allclose(tensor({kMost}), tensor({kMost - 1}), 0, 0));
  BOOST_TEST(!allclose(tensor({kMost}), tensor({-kMost - 1}), 0, 1e18));  // the difference needs 65 bits
  BOOST_TEST(allclose(tensor({kMost}), tensor({-kMost - 1}), 0, 2e19));
  BOOST_TEST(allclose(tensor({100}), tensor({101}), 0.01, 0));
  BOOST_TEST(!allclose(tensor({100}), tensor({102}), 0.01, 0));
  BOOST_TEST(allclose(tensor({1, 0}), tensor({1, 0}).to(kBool)));
}

BOOST_AUTO_TEST_CASE(unsigned_numbers_beyond_int64) {
  expect_op<ValueError>("full", {"1.8446744073709552e+19", "int64"}, [] { full({2}, kUnsigned, {kInt64}); });
  expect_op<ValueError>("full", {"does not fit int64"}, [] { full({2}, kUnsigned); });
  expect_op<ValueError>("tensor", {"does not fit int64"}, [] { tensor(kUnsigned); });
  expect_op<ValueError>("full", {"does not fit int32"}, [] { full({2}, kUnsigned, {kInt32}); });
  Tensor x = tensor({-1, 3});
  expect_op<ValueError>("fill_", {"does not fit int64"}, [&] { x.fill_(kUnsigned); });
  expect<ValueError>({"does not fit int64"}, [&] { eq(x, kUnsigned); });
  expect<ValueError>({"does not fit int64"}, [&] { add(x, kUnsigned); });
  BOOST_TEST((x.to_vector<std::int64_t>() == std::vector<std::int64_t>{-1, 3}));
  check_close(full({1}, kUnsigned, {kFloat64}), {0x1p64}, 0);
  check_close(full({1}, std::uint64_t{5}), {5}, 0);
  BOOST_TEST(full({}, static_cast<std::uint64_t>(kMost)).item<std::int64_t>() == kMost);
}

BOOST_AUTO_TEST_CASE(powers_of_truth_values) {
  const Tensor t = tensor({true, false});
  expect_op<DTypeError>("pow", {"not defined for bool"}, [&] { pow(t, t); });
  expect_op<DTypeError>("pow", {"not defined for bool"}, [&] { pow(t, true); });
  expect_op<DTypeError>("pow", {"not defined for bool"}, [&] { pow(true, t); });
  BOOST_TEST((pow(t, 2).dtype() == kInt64));
  check_close(pow(t, tensor({2, 3})), {1, 0}, 0);
}

BOOST_AUTO_TEST_CASE(gradients_of_hardswish_at_its_kinks) {
  const Tensor x = tensor({-3.0, 3.0, -2.0, 2.0}, {kFloat64}).requires_grad_();
  hardswish(x).sum().backward();
  check_close(x.grad(), {0, 1, -1.0 / 6, 7.0 / 6}, 1e-12);
}

BOOST_AUTO_TEST_CASE(variances_that_broadcast) {
  const Tensor x = tensor({{1.0, 2.0, 4.0}, {0.0, 3.0, 5.0}}, {kFloat64}), y = zeros({2, 3}, {kFloat64});
  const auto loss = [&](const Tensor& var) { return gaussian_nll_loss(x, y, var, {.reduction = Reduction::none}); };
  const auto filled = [](const Shape& s) { return rand(s, {kFloat64}) + 0.5; };
  for (const Shape& s : {Shape{}, Shape{1}, Shape{3}, Shape{2, 1}, Shape{1, 3}, Shape{1, 1}, Shape{2, 3}}) {
    const Tensor var = filled(s).requires_grad_();
    const Tensor got = loss(var), want = loss(var.detach().expand({2, 3}).contiguous());
    check_close(got, want.to_vector<double>(), 1e-12);
    got.sum().backward();
    BOOST_TEST((var.grad().shape() == s));
  }
  const Tensor rows = filled({2});
  check_close(loss(rows), loss(rows.unsqueeze(1)).to_vector<double>(), 0);
  const Tensor square = rand({3, 3}, {kFloat64}), three = filled({3});  // a variance for each row, not for each column
  check_close(gaussian_nll_loss(square, square, three), {gaussian_nll_loss(square, square, three.unsqueeze(1)).item()},
              0);
  for (const Shape& s : {Shape{4}, Shape{3, 1}, Shape{1, 2, 3}, Shape{2, 2}})
    expect<ShapeError>({"gaussian_nll_loss", "does not fit"}, [&] { loss(ones(s, {kFloat64})); });
}

BOOST_AUTO_TEST_CASE(batches_larger_than_any_dataset) {
  const data::TensorDataset set(arange(10), arange(10));
  for (const std::int64_t size : {kMost, kMost - 1, kMost / 2 + 1, std::int64_t{10}})
    for (const int prefetch : {0, 3}) {
      data::DataLoader loader(set, {.batch_size = size, .prefetch = prefetch});
      BOOST_TEST(loader.size() == 1);
      int batches = 0;
      for (auto& [x, y] : loader) {
        check_close(x, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 0);
        BOOST_TEST(loader.state_dict().size() == 3u);
        ++batches;
      }
      BOOST_TEST(batches == 1);
    }
  BOOST_TEST(data::DataLoader(set, {.batch_size = kMost, .drop_last = true}).size() == 0);
  BOOST_TEST(data::DataLoader(set, {.batch_size = 4, .drop_last = true}).size() == 2);
  BOOST_TEST(data::DataLoader(set, {.batch_size = 4}).size() == 3);
}

BOOST_AUTO_TEST_CASE(more_workers_than_batches) {
  const data::TensorDataset set(arange(10), arange(10));
  int rows = 0;
  for (auto& [x, y] : data::DataLoader(set, {.batch_size = 4, .prefetch = INT_MAX, .workers = 100}))
    rows += static_cast<int>(x.size(0));
  BOOST_TEST(rows == 10);
  expect_op<ValueError>("DataLoader", {"workers must be in 0..1024"},
                        [&] { data::DataLoader(set, {.workers = INT_MAX}); });
}

BOOST_AUTO_TEST_CASE(windows_over_all_channels) {
  const Tensor x = rand({1, 3, 2}, {kFloat64});
  const Tensor all = local_response_norm(x, 5), more = local_response_norm(x, 1000001, 1e-4 * 1000001 / 5);
  check_close(more, all.to_vector<double>(), 1e-12);
  expect_op<ValueError>("local_response_norm", {"size"}, [&] { local_response_norm(x, kMost); });
  expect_op<ValueError>("local_response_norm", {"size"}, [&] { local_response_norm(x, 0); });
}

BOOST_AUTO_TEST_SUITE_END()
