// sklearn's splits, scalers, pipelines, cross-validation and searches.
#include <cmath>
#include <set>

#include <xgrad/sklearn.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

Tensor column(std::int64_t n) { return arange(0, n, 1, kFloat64).unsqueeze(1); }

// A classifier that predicts `answer` whatever it is asked: scores can be told beforehand.
class Constant final : public sklearn::Estimator {
 public:
  explicit Constant(std::int64_t answer = 0) : answer_(answer) {}
  std::string name() const override { return "Constant"; }
  std::unique_ptr<Estimator> clone() const override { return std::make_unique<Constant>(answer_); }
  sklearn::Params get_params() const override { return {{"answer", answer_}}; }
  Constant& set_params(const sklearn::Params& params, Location) override {
    for (const auto& [name, value] : params) answer_ = std::get<std::int64_t>(value.value());
    return *this;
  }
  bool is_classifier() const override { return true; }
  Constant& fit(const Tensor& X, const Tensor&, Location) override {
    fitted = X.size(0);
    return *this;
  }
  Tensor predict(const Tensor& X, Location) const override { return full({X.size(0)}, answer_); }
  double score(const Tensor& X, const Tensor& y, Location at) const override {
    return sklearn::accuracy_score(y, predict(X, at), at);
  }
  std::int64_t fitted = 0;

 private:
  std::int64_t answer_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(sklearn_search)

BOOST_AUTO_TEST_CASE(splits) {
  const Tensor X = column(10), y = arange(10);
  const auto [a, b, c, d] = sklearn::train_test_split(X, y, {.random_state = 0});
  BOOST_TEST((a.size(0) == 7 && b.size(0) == 3 && c.size(0) == 7 && d.size(0) == 3));  // 2.5, rounded up
  BOOST_TEST(equal(a.flatten().to(kInt64), c));
  std::set<std::int64_t> all;
  for (const Tensor& part : {c, d})
    for (const std::int64_t i : part.to_vector<std::int64_t>()) all.insert(i);
  BOOST_TEST(all.size() == 10);
  BOOST_TEST(equal(sklearn::train_test_split(X, y, {.random_state = 0}).y_test, d));
  const auto in_order = sklearn::train_test_split(X, y, {.test_size = 0.4, .shuffle = false});
  check_close(in_order.y_test, {6, 7, 8, 9});
  expect<ValueError>({"train_test_split", "test_size must be in (0, 1), got 1"},
                     [&] { sklearn::train_test_split(X, y, {.test_size = 1}); });
  expect<ValueError>({"leaves none to train"}, [&] { sklearn::train_test_split(X.slice(0, 0, 1), y.slice(0, 0, 1)); });
  expect<ShapeError>({"different numbers of samples"}, [&] { sklearn::train_test_split(X, y.slice(0, 0, 5)); });
}

BOOST_AUTO_TEST_CASE(stratified_splits) {
  std::vector<std::int64_t> labels(100, 0);
  for (std::size_t i = 0; i < 30; ++i) labels[i] = 1;
  for (std::size_t i = 30; i < 40; ++i) labels[i] = 4;
  const Tensor y = from_vector(labels);
  const auto parts = sklearn::train_test_split(column(100), y, {.test_size = 0.2, .random_state = 1, .stratify = y});
  check_close(unique(parts.y_test).counts, {12, 6, 2});
  check_close(unique(parts.y_train).counts, {48, 24, 8});
  const Tensor rare = tensor({0, 0, 0, 0, 1});
  expect<ValueError>({"class 1 has a single sample"},
                     [&] { sklearn::train_test_split(column(5), rare, {.stratify = rare}); });
  expect<ValueError>({"stratify needs shuffle"},
                     [&] { sklearn::train_test_split(column(100), y, {.shuffle = false, .stratify = y}); });
}

BOOST_AUTO_TEST_CASE(folds_are_those_of_data) {
  const auto folds = sklearn::KFold({.n_splits = 3}).split(column(7));
  BOOST_TEST((folds.size() == 3 && folds[0].val == std::vector<std::int64_t>{0, 1, 2}));
  const auto drawn = sklearn::KFold({.n_splits = 3, .shuffle = true, .random_state = 4}).split(column(7));
  BOOST_TEST(
      (drawn[0].val == sklearn::KFold({.n_splits = 3, .shuffle = true, .random_state = 4}).split(column(7))[0].val));
  expect<ValueError>({"KFold: random_state has no effect without shuffle", next_line()},
                     [] { sklearn::KFold({.random_state = 1}); });
  expect<ValueError>({"StratifiedKFold: random_state has"}, [] { sklearn::StratifiedKFold({.random_state = 1}); });
  expect<ValueError>({"n_splits must be at least 2"}, [] { sklearn::KFold({.n_splits = 1}); });
}

BOOST_AUTO_TEST_CASE(scalers) {
  const Tensor X = tensor({{1., 10.}, {3., 10.}});
  sklearn::StandardScaler standard;
  expect<sklearn::NotFittedError>({"StandardScaler.transform: not fitted yet"}, [&] { standard.transform(X); });
  check_close(standard.fit_transform(X), {-1, 0, 1, 0});
  check_close(standard.mean_(), {2, 10});
  check_close(standard.scale_(), {1, 1});
  check_close(standard.inverse_transform(standard.transform(X)), {1, 10, 3, 10});
  expect<ShapeError>({"X has 1 features, 2 were fitted"}, [&] { standard.transform(column(3)); });
  sklearn::MinMaxScaler range;
  check_close(range.fit_transform(column(3)), {0, 0.5, 1});
  check_close(range.data_range_(), {2});
}

BOOST_AUTO_TEST_CASE(labels_become_columns) {
  sklearn::LabelBinarizer many, two;
  const Tensor y = tensor({7, -1, 3, 7});
  check_close(many.fit_transform(y), {0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1});
  check_close(many.inverse_transform(many.transform(y)), {7, -1, 3, 7});
  check_close(two.fit_transform(tensor({5, 2, 5})), {1, 0, 1});
  check_close(two.inverse_transform(tensor({{0.2}, {0.7}})), {2, 5});
  expect<ValueError>({"label 9 was not there in fit"}, [&] { many.transform(tensor({9})); });
}

BOOST_AUTO_TEST_CASE(pipelines) {
  const Tensor X = cat({column(20) * 100, -column(20)}, 1), y = (column(20) > 9).to(kInt64).flatten();
  sklearn::Pipeline model(
      {{"scale", sklearn::StandardScaler()}, {"mlp", sklearn::MLPClassifier({.solver = "lbfgs", .random_state = 0})}});
  BOOST_CHECK_THROW(model.predict(X), sklearn::NotFittedError);
  BOOST_TEST(model.fit(X, y).score(X, y) == 1);
  BOOST_TEST(model.is_classifier());
  BOOST_TEST(model.predict_proba(X).size(1) == 2);
  check_close(model.as<sklearn::StandardScaler>("scale").mean_(), {950, -9.5});
  model.set_params({{"mlp__alpha", 0.5}});
  BOOST_TEST(model.as<sklearn::MLPClassifier>("mlp").params().alpha == 0.5);
  // The last step goes on where it has warm_start.
  sklearn::Pipeline warm({{"scale", sklearn::StandardScaler()},
                          {"mlp", sklearn::MLPClassifier({.max_iter = 2, .random_state = 0, .warm_start = true})}});
  warm.fit(X, y).fit(X, y);
  BOOST_TEST(warm.as<sklearn::MLPClassifier>("mlp").n_iter_() == 4);
  expect<ValueError>({"warm_start: y has classes"}, [&] { warm.fit(X, y + 1); });
  BOOST_TEST(warm.as<sklearn::MLPClassifier>("mlp").n_iter_() == 4);
  // A copy is a model of its own, not fitted.
  sklearn::Pipeline copy = model;
  copy.set_params({{"mlp__alpha", 0.1}});
  BOOST_TEST(model.get_params().at("mlp__alpha").text() == "0.5");
  expect<ValueError>({"no parameter 'alpha'", "mlp__"}, [&] { model.set_params({{"alpha", 1}}); });
  expect<ValueError>({"no step 'svm'; there are scale, mlp"}, [&] { model.set_params({{"svm__C", 1}}); });
  expect<ValueError>({"step 'mlp' is a MLPClassifier"}, [&] { model.as<sklearn::MLPRegressor>("mlp"); });
  expect<ValueError>({"two steps are called 'a'"}, [] {
    sklearn::Pipeline({{"a", sklearn::StandardScaler()}, {"a", sklearn::MinMaxScaler()}});
  });
  const auto made = sklearn::make_pipeline(sklearn::StandardScaler(), sklearn::StandardScaler(), Constant());
  BOOST_TEST((made.step("standardscaler-2").name() == "StandardScaler" && made.step("constant").name() == "Constant"));
}

BOOST_AUTO_TEST_CASE(cross_validation) {
  const Tensor y = tensor({0, 0, 0, 0, 1, 1, 1, 1});
  const std::vector<double> halves = sklearn::cross_val_score(Constant(1), column(8), y, {2});
  BOOST_TEST((halves == std::vector<double>{0.5, 0.5}));  // stratified
  const std::vector<double> plain =
      sklearn::cross_val_score(Constant(1), column(8), y, {sklearn::KFold({.n_splits = 2})});
  BOOST_TEST((plain == std::vector<double>{0, 1}));
  expect<ValueError>({"number of folds must be at least 2"},
                     [&] { sklearn::cross_val_score(Constant(1), column(8), y, {1}); });
}

BOOST_AUTO_TEST_CASE(grids) {
  const Tensor y = tensor({0, 0, 2, 2, 2, 2, 1, 1, 1});
  sklearn::GridSearchCV search(Constant(), {{"answer", {0, 1, 2, 3}}}, {.cv = sklearn::KFold({.n_splits = 3})});
  expect<sklearn::NotFittedError>({"GridSearchCV: not fitted"}, [&] { search.best_score_(); });
  search.fit(column(9), y);
  const auto& results = search.cv_results_();
  BOOST_TEST(results.size() == 4);
  BOOST_TEST((results[2].split_test_score == std::vector<double>{1.0 / 3, 1, 0}));
  BOOST_TEST(std::fabs(results[2].mean_test_score - 4.0 / 9) < 1e-12);
  BOOST_TEST(std::fabs(results[2].std_test_score - std::sqrt(14.0 / 81)) < 1e-12);  // of 3/9, 9/9, 0
  BOOST_TEST((results[0].rank_test_score == 3 && results[1].rank_test_score == 2 && results[3].rank_test_score == 4));
  BOOST_TEST((search.best_index_() == 2 && search.best_params_().at("answer").text() == "2"));
  BOOST_TEST(dynamic_cast<Constant&>(search.best_estimator_()).fitted == 9);
  check_close(search.predict(column(1)), {2});
  expect<ValueError>({"Constant has no parameter 'C'; there are answer"}, [] {
    sklearn::GridSearchCV(Constant(), {{"C", {1, 2}}});
  });
  expect<ValueError>({"no values for 'answer'"}, [] { sklearn::GridSearchCV(Constant(), {{"answer", {}}}); });
  sklearn::GridSearchCV only(Constant(), {{"answer", {0, 1}}}, {.cv = 2, .refit = false});
  only.fit(column(4), tensor({0, 0, 1, 1}));
  expect<ValueError>({".refit = false"}, [&] { only.predict(column(1)); });
}

BOOST_AUTO_TEST_CASE(combinations_of_a_network) {
  const Tensor X = cat({column(30), 30 - column(30)}, 1), y = (column(30) > 14).to(kInt64).flatten();
  sklearn::GridSearchCV search(
      sklearn::make_pipeline(sklearn::StandardScaler(), sklearn::MLPClassifier({.solver = "lbfgs", .random_state = 0})),
      {{"mlpclassifier__alpha", {1e-4, 10.}}, {"mlpclassifier__hidden_layer_sizes", {{4}, {8, 4}}}},
      {.cv = sklearn::StratifiedKFold({.n_splits = 3, .shuffle = true, .random_state = 0})});
  search.fit(X, y);
  BOOST_TEST(search.cv_results_().size() == 4);
  BOOST_TEST(search.cv_results_()[1].params.at("mlpclassifier__hidden_layer_sizes").text() == "(8, 4)");
  BOOST_TEST(search.best_score_() > 0.9);
  BOOST_TEST(search.score(X, y) > 0.9);
}

BOOST_AUTO_TEST_CASE(random_choices) {
  const Tensor y = tensor({0, 0, 1, 1});
  sklearn::RandomizedSearchCV lists(Constant(), {{"answer", {0, 1, 2, 3, 4}}},
                                    {.n_iter = 8, .random_state = 0, .cv = 2});
  lists.fit(column(4), y);
  std::set<std::string> seen;
  for (const auto& r : lists.cv_results_()) seen.insert(r.params.at("answer").text());
  BOOST_TEST((lists.cv_results_().size() == 5 && seen.size() == 5));
  sklearn::RandomizedSearchCV drawn(Constant(), {{"answer", sklearn::randint(0, 3)}},
                                    {.n_iter = 20, .random_state = 0, .cv = 2});
  drawn.fit(column(4), y);
  BOOST_TEST(drawn.cv_results_().size() == 20);
  const Generator g(1);
  for (int i = 0; i < 100; ++i) {
    const double u = std::get<double>(sklearn::uniform(2, 3).draw(g).value());
    const double l = std::get<double>(sklearn::loguniform(1e-4, 1e-1).draw(g).value());
    BOOST_TEST((u >= 2 && u < 5 && l >= 1e-4 && l <= 1e-1));
  }
  expect<ValueError>({"loguniform: a must be positive"}, [] { sklearn::loguniform(0, 1); });
  expect<ValueError>({"randint: low must be below high"}, [] { sklearn::randint(3, 3); });
  expect<ValueError>({"RandomizedSearchCV: n_iter must be at least 1"}, [] {
    sklearn::RandomizedSearchCV(Constant(), {{"answer", {1}}}, {.n_iter = 0});
  });
}

// Labels that are strings, through splits, pipelines, cross-validation and searches.
BOOST_AUTO_TEST_CASE(strings_as_labels) {
  manual_seed(4);
  const Tensor X = randn({60, 2}), right = (X.select(1, 0) > 0).to(kInt64);
  sklearn::Strings y;
  for (const std::int64_t k : right.to_vector<std::int64_t>()) y.push_back(k ? "east" : "west");
  const auto parts = sklearn::train_test_split(X, y, {.test_size = 0.25, .random_state = 1, .stratify = right});
  const auto numbers = sklearn::train_test_split(X, right, {.test_size = 0.25, .random_state = 1, .stratify = right});
  BOOST_TEST(same_bits(parts.X_test, numbers.X_test));
  BOOST_TEST(parts.y_test.size() == 15);
  for (std::int64_t i = 0; i < 15; ++i)
    BOOST_TEST((parts.y_test[static_cast<std::size_t>(i)] == "east") ==
               (numbers.y_test.select(0, i).item<std::int64_t>() == 1));

  const sklearn::MLPClassifier mlp({.hidden_layer_sizes = {8}, .solver = "lbfgs", .random_state = 0});
  sklearn::Pipeline pipe = sklearn::make_pipeline(sklearn::StandardScaler(), mlp);
  pipe.fit(parts.X_train, parts.y_train);
  BOOST_TEST(pipe.score(parts.X_test, parts.y_test) > 0.8);
  const sklearn::Strings told = pipe.predict<std::string>(parts.X_test);
  BOOST_TEST(pipe.score(parts.X_test, parts.y_test) == sklearn::accuracy_score(parts.y_test, told));
  BOOST_TEST(
      (pipe.as<sklearn::MLPClassifier>("mlpclassifier").classes_<std::string>() == sklearn::Strings{"east", "west"}));

  BOOST_TEST(sklearn::cross_val_score(mlp, X, y, {.cv = 3}) == sklearn::cross_val_score(mlp, X, 1 - right, {.cv = 3}));
  sklearn::GridSearchCV search(pipe, {{"mlpclassifier__alpha", {1e-4, 1e-1}}}, {.cv = 3});
  search.fit(X, y);
  BOOST_TEST(search.score(X, y) > 0.9);
  BOOST_TEST(search.predict<std::string>(X).size() == 60);
  sklearn::RandomizedSearchCV drawn(mlp, {{"alpha", {1e-4, 1e-1}}}, {.n_iter = 2, .random_state = 0, .cv = 3});
  drawn.fit(X, y);
  BOOST_TEST((drawn.predict<std::string>(X.slice(0, 0, 1))[0] == y[0]));

  sklearn::GridSearchCV of_values(sklearn::MLPRegressor(), {{"alpha", {1e-4}}});
  expect<ValueError>({"GridSearchCV", "MLPRegressor takes no strings"}, [&] { of_values.fit(X, y); });
  expect<ValueError>({"cross_val_score", "MLPRegressor takes no strings"},
                     [&] { sklearn::cross_val_score(sklearn::MLPRegressor(), X, y); });
  expect<ShapeError>({"train_test_split"}, [&] { sklearn::train_test_split(X, sklearn::Strings{"a"}); });
  sklearn::Pipeline scaler = sklearn::make_pipeline(sklearn::StandardScaler());
  expect<ValueError>({"StandardScaler", "no strings"}, [&] { scaler.fit(X, y); });
}

BOOST_AUTO_TEST_SUITE_END()
