// Metrics with update, compute and reset. Values without another source are those of scikit-learn's documentation.
#include <sstream>

#include <xgrad/train.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;
using train::Average;

namespace {

// The same of all samples at once and of two batches.
void update_in_parts(train::Metric& m, const Tensor& predicted, const Tensor& target) {
  const std::int64_t n = target.size(0), half = n / 2;
  m.update(predicted.slice(0, 0, half), target.slice(0, 0, half));
  m.update(predicted.slice(0, half, n), target.slice(0, half, n));
}

void check(train::Metric& m, const Tensor& predicted, const Tensor& target, double want,
           Location at = Location::current()) {
  BOOST_TEST(std::isnan(m.compute()), file_and_line(at));
  update_in_parts(m, predicted, target);
  BOOST_TEST(std::fabs(m.compute() - want) < 1e-9, file_and_line(at) << ": " << m << ", expected " << want);
  m.reset();
  BOOST_TEST(std::isnan(m.compute()), file_and_line(at));
  m.update(predicted, target);
  BOOST_TEST(std::fabs(m.compute() - want) < 1e-9, file_and_line(at) << ": " << m << ", expected " << want);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(metrics)

BOOST_AUTO_TEST_CASE(precision_recall_f1) {
  const Tensor truth = tensor({0, 1, 2, 0, 1, 2}), guess = tensor({0, 2, 1, 0, 0, 1});
  // 2 of 3 predictions of class 0 are right, all of its 2 samples were found; nothing of the others.
  for (const auto& [average, precision, recall, f1] : {std::tuple(Average::macro, 2.0 / 9, 1.0 / 3, 0.8 / 3),
                                                       {Average::micro, 1.0 / 3, 1.0 / 3, 1.0 / 3},
                                                       {Average::weighted, 2.0 / 9, 1.0 / 3, 0.8 / 3}}) {
    train::Precision p(3, {.average = average});
    train::Recall r(3, {.average = average});
    train::F1Score f(3, {.average = average});
    check(p, guess, truth, precision);
    check(r, guess, truth, recall);
    check(f, guess, truth, f1);
  }
  train::Recall balanced(4);  // class 3 does not occur and does not count, class 1 was never found
  check(balanced, tensor({0, 0, 0, 0, 2}), tensor({0, 0, 0, 1, 2}), 2.0 / 3);
  train::Recall weighted(3, {.average = Average::weighted});
  check(weighted, tensor({0, 0, 0, 0, 2}), tensor({0, 0, 0, 1, 2}), 0.8);
  train::Precision undefined(2, {.zero_division = 1});  // nothing was predicted as 1
  check(undefined, tensor({0, 0}), tensor({0, 1}), 0.75);
  BOOST_TEST((undefined.per_class() == std::vector<double>{0.5, 1}));
  BOOST_TEST(undefined.confusion_matrix().compute().to_vector<std::int64_t>() ==
             (std::vector<std::int64_t>{1, 0, 1, 0}));
  train::F1Score scores(2);
  scores.update(tensor({{1., 0.}, {0., 1.}}), tensor({0, 1}));
  std::ostringstream text;
  text << scores;
  BOOST_TEST(text.str() == "F1Score 1");
  expect_op<IndexError>("F1Score", {"class 2", "0..1"}, [&] { scores.update(tensor({2}), tensor({0})); });
  BOOST_TEST(scores.compute() == 1);  // what is refused does not count
  expect_op<ValueError>("ConfusionMatrix", {"at least 1 class"}, [] { train::F1Score(0); });
}

BOOST_AUTO_TEST_CASE(accuracy_of_the_largest_scores) {
  const Tensor scores = tensor({{0.5, 0.2, 0.2}, {0.3, 0.4, 0.2}, {0.2, 0.4, 0.3}, {0.7, 0.2, 0.1}});
  const Tensor target = tensor({0, 1, 2, 2});
  train::Accuracy one, two({.top_k = 2}), all({.top_k = 3});
  check(one, scores, target, 0.5);
  check(two, scores, target, 0.75);
  check(all, scores, target, 1);
  train::Accuracy first({.top_k = 2});
  check(first, ones({2, 3}), tensor({1, 2}), 0.5);  // of equal scores the first are larger
  expect_op<ValueError>("Accuracy", {"top_k", "0"}, [] { train::Accuracy({.top_k = 0}); });
  expect_op<ValueError>("Accuracy", {"4", "3 classes"}, [&] { train::Accuracy({.top_k = 4}).update(scores, target); });
  expect_op<ValueError>("Accuracy", {"needs scores"}, [&] { two.update(target, target); });
  expect_op<ShapeError>("Accuracy", {"4 predictions", "3 targets"}, [&] { one.update(scores, tensor({0, 1, 2})); });
}

BOOST_AUTO_TEST_CASE(rankings) {
  const Tensor scores = tensor({0.1, 0.4, 0.35, 0.8}), target = tensor({0, 0, 1, 1});
  train::AUROC area;
  train::AveragePrecision precision;
  check(area, scores, target, 0.75);
  check(precision, scores, target, 0.5 + 0.5 * 2 / 3);
  train::AUROC ties;
  check(ties, tensor({0.5, 0.5, 0.5, 0.9}), tensor({false, true, false, true}), 0.75);  // 2 of 4 pairs, and 2 halves
  train::AveragePrecision tied;
  check(tied, tensor({0.5, 0.5, 0.5, 0.9}), tensor({0, 1, 0, 1}), 0.5 + 0.5 * 2 / 4);
  // Class by class against the rest: 1, 0.75 (one half of a pair, ...) and 0.5; class 3 has no sample.
  const Tensor many = tensor({{0.9, 0.1, 0.5, 0.}, {0.8, 0.6, 0.5, 0.}, {0.1, 0.7, 0.5, 0.}, {0.2, 0.3, 0.5, 0.}});
  const Tensor classes = tensor({0, 0, 1, 2});
  train::AUROC macro({.num_classes = 4}), weighted({.num_classes = 4, .average = Average::weighted});
  check(macro, many, classes, (1 + 1 + 0.5) / 3);
  check(weighted, many, classes, (2 * 1 + 1 + 0.5) / 4);
  BOOST_TEST(std::isnan(macro.per_class()[3]));
  train::AUROC same;
  same.update(scores, tensor({1, 1, 1, 1}));
  BOOST_TEST(std::isnan(same.compute()));
  expect_op<ValueError>("AUROC", {"NaN"}, [&] { area.update(tensor({NAN}), tensor({0})); });
  expect_op<IndexError>("AUROC", {"class 2", "row 0", "0..1"}, [&] { area.update(tensor({0.5}), tensor({2})); });
  expect_op<ShapeError>("AUROC", {"1 scores", "2 targets"}, [&] { area.update(tensor({0.5}), tensor({0, 1})); });
  expect_op<ValueError>("AveragePrecision", {"macro or weighted"},
                        [] { train::AveragePrecision({.num_classes = 3, .average = Average::micro}); });
  expect_op<ValueError>("AUROC", {"num_classes", "1"}, [] { train::AUROC({.num_classes = 1}); });
}

BOOST_AUTO_TEST_CASE(regressions) {
  const Tensor truth = tensor({3., -0.5, 2., 7.}), guess = tensor({2.5, 0., 2., 8.});
  train::MeanSquaredError mse, rmse({.squared = false});
  train::MeanAbsoluteError mae;
  train::R2Score r2;
  check(mse, guess, truth, 0.375);
  check(rmse, guess, truth, std::sqrt(0.375));
  check(mae, guess, truth, 0.5);
  check(r2, guess, truth, 0.9486081370449679);
  train::R2Score columns;
  check(columns, tensor({{0., 2.}, {-1., 2.}, {8., -5.}}), tensor({{0.5, 1.}, {-1., 1.}, {7., -6.}}),
        0.9368005266622779);
  // A large common offset costs no digits.
  train::R2Score far;
  far.update((guess.to(kFloat64) + 1e8), (truth.to(kFloat64) + 1e8));
  BOOST_TEST(std::fabs(far.compute() - 0.9486081370449679) < 1e-7);
  expect_op<ShapeError>("R2Score", {"1 columns", "2 before"}, [&] { columns.update(guess, truth); });
  expect_op<ShapeError>("MeanSquaredError", {"(4)", "(3)"}, [&] { mse.update(guess, ones({3})); });
  expect_op<DTypeError>("MeanAbsoluteError", {"int64"}, [&] { mae.update(tensor({1}), tensor({1})); });
}

BOOST_AUTO_TEST_CASE(perplexity) {
  train::Perplexity p({.ignore_index = -100});
  // Of scores log(1), log(3): probabilities 1/4 and 3/4.
  const std::vector<double> values{0, std::log(3.), 0, std::log(3.), 500, 500, 0, 0};
  const Tensor scores = from_vector(values).reshape({2, 2, 2});
  check(p, scores, tensor({{0, 1}, {1, -100}}), std::exp((std::log(4.) + std::log(4. / 3) + std::log(2.)) / 3));
  expect_op<IndexError>("Perplexity", {"class 2", "place 1"}, [&] { p.update(scores, tensor({{0, 2}, {0, 0}})); });
  expect_op<ShapeError>("Perplexity", {"(2, 2, 2)", "(3)"}, [&] { p.update(scores, tensor({0, 1, 0})); });
}

BOOST_AUTO_TEST_SUITE_END()
