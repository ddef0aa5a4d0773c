// sklearn::MLPClassifier and MLPRegressor: loss curves, weights and predictions of scikit-learn 1.2.1 from the same
// first weights, its stopping rules and attributes, and what is refused.
#include <algorithm>
#include <cmath>
#include <memory>

#include <xgrad/sklearn.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

constexpr std::int64_t kSamples = 30;

// numpy: X = sin(3 i + 7 j + 1) for i < 30, j < 4
Tensor samples() {
  const Tensor i = arange(0, kSamples, 1, kFloat64).unsqueeze(1), j = arange(0, 4, 1, kFloat64);
  return sin(3 * i + 7 * j + 1);
}
Tensor three_classes() {
  std::vector<std::int64_t> y;
  for (std::int64_t k = 0; k < kSamples; ++k) y.push_back((k * k) % 3 + (k % 5 == 0));
  return from_vector(y);
}
Tensor two_classes() {
  std::vector<std::int64_t> y;
  for (std::int64_t k = 0; k < kSamples; ++k) y.push_back((k * k) % 7 < 3 ? 5 : -2);
  return from_vector(y);
}
Tensor two_targets() {
  const Tensor X = samples();
  return stack({X.select(1, 0) * X.select(1, 1), cos(X.select(1, 2))}, 1);
}

// numpy: w = 0.7 sin(1 + l + arange(r c)).reshape(r, c), b = 0.1 cos(arange(c) + l) of layer l
void know(const sklearn::BaseMultilayerPerceptron& m) {
  const std::vector<Tensor> weights = m.coefs_(), biases = m.intercepts_();
  for (std::size_t l = 0; l < weights.size(); ++l) {
    Tensor w = weights[l], b = biases[l];
    const auto first = static_cast<double>(l);
    w.copy_((0.7 * sin(1 + first + arange(0, w.numel(), 1, kFloat64))).reshape(w.shape()));
    b.copy_(0.1 * cos(arange(0, b.numel(), 1, kFloat64) + first));
  }
}

// A first epoch, whose penalty is far above all losses that follow and whose rate is close to 0, gives the estimator
// weights to overwrite.
template <class M>
M trained(const Tensor& y, const sklearn::MLPOptions& o) {
  sklearn::MLPOptions first = o;
  first.shuffle = false, first.warm_start = true, first.random_state = 0;
  first.max_iter = 1, first.alpha = 1e6, first.learning_rate_init = 1e-12;
  M m(first);
  m.fit(samples(), y);
  know(m);
  m.set_params({{"max_iter", o.max_iter}, {"alpha", o.alpha}, {"learning_rate_init", o.learning_rate_init}});
  m.fit(samples(), y);
  return m;
}
sklearn::MLPClassifier classified(const Tensor& y, const sklearn::MLPOptions& o) {
  return trained<sklearn::MLPClassifier>(y, o);
}
sklearn::MLPRegressor regressed(const Tensor& y, const sklearn::MLPOptions& o) {
  return trained<sklearn::MLPRegressor>(y, o);
}

struct Known {
  std::size_t epochs;
  std::vector<double> losses;  // of epochs 0, 1, 2, 4, the middle one and the last
  double weight, bias;         // coefs_[0][1, 2], intercepts_[-1][0]
};
void check(const sklearn::BaseMultilayerPerceptron& m, const Known& known, Location at = Location::current()) {
  std::vector<double> curve = m.loss_curve_();
  curve.erase(curve.begin());
  const std::string place = file_and_line(at);
  BOOST_REQUIRE_MESSAGE(curve.size() == known.epochs, place << ": " << curve.size() << " epochs");
  const std::vector<double> some{curve[0], curve[1], curve[2], curve[4], curve[curve.size() / 2], curve.back()};
  const auto close = [&](double got, double want) {
    BOOST_TEST(std::fabs(got - want) <= 1e-9 * std::max(1.0, std::fabs(want)),
               place << ": " << fmt::format("{} is not {}", got, want));
  };
  for (std::size_t i = 0; i < some.size(); ++i) close(some[i], known.losses[i]);
  close(m.coefs_()[0].select(0, 1).select(0, 2).item(), known.weight);
  close(m.intercepts_().back().select(0, 0).item(), known.bias);
  BOOST_TEST(m.n_iter_() == static_cast<std::int64_t>(known.epochs) + 1);
  BOOST_TEST(m.t_() == m.n_iter_() * kSamples);
  BOOST_TEST(m.loss_() == curve.back());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sklearn_mlp)

BOOST_AUTO_TEST_CASE(adam_goes_scikit_learns_way) {
  const auto m = classified(three_classes(),
                            {.hidden_layer_sizes = {5}, .batch_size = 8, .learning_rate_init = 0.01, .max_iter = 12});
  check(m, {12,
            {1.07411026582, 1.01235351479, 0.966594438168, 0.906738116921, 0.877613044376, 0.85765858748},
            0.812913059315,
            -0.16179046918});
  BOOST_TEST(m.out_activation_() == "softmax");
  BOOST_TEST((m.n_layers_() == 3 && m.n_outputs_() == 3 && m.n_features_in_() == 4));
  BOOST_TEST(m.best_loss_() == m.loss_());
  BOOST_TEST(!m.converged());
  check_close(m.predict_proba(samples()).sum(1), std::vector<double>(kSamples, 1.0));
  check_close(exp(m.predict_log_proba(samples())), m.predict_proba(samples()).to_vector<double>());
}

BOOST_AUTO_TEST_CASE(sgd_with_nesterov_and_invscaling) {
  check(classified(three_classes(), {.hidden_layer_sizes = {5, 4},
                                     .activation = "tanh",
                                     .solver = "sgd",
                                     .batch_size = 8,
                                     .learning_rate = "invscaling",
                                     .learning_rate_init = 0.5,
                                     .power_t = 0.3,
                                     .max_iter = 12}),
        {12,
         {1.03606971034, 0.92010316374, 0.928569070373, 0.896802277263, 0.882691158444, 0.871419486071},
         0.792838566308,
         -0.358798586455});
}

BOOST_AUTO_TEST_CASE(adaptive_rates_stop_where_scikit_learn_stops) {
  const auto m = classified(two_classes(), {.hidden_layer_sizes = {5},
                                            .activation = "logistic",
                                            .solver = "sgd",
                                            .alpha = 0.01,
                                            .batch_size = 7,
                                            .learning_rate = "adaptive",
                                            .learning_rate_init = 0.5,
                                            .max_iter = 60,
                                            .tol = 1e-3,
                                            .nesterovs_momentum = false,
                                            .n_iter_no_change = 2});
  check(m, {37,
            {0.64869531866, 0.735056408415, 0.617432255298, 0.627755388663, 0.580083728039, 0.580290381848},
            0.285770404573,
            0.848370218567});
  BOOST_TEST(std::fabs(m.best_loss_() - 0.580044790423) < 1e-9);
  BOOST_TEST(m.converged());
  BOOST_TEST(m.out_activation_() == "logistic");
  check_close(m.predict_proba(samples().slice(0, 0, 2)), {0.2637823, 0.7362177, 0.24025077, 0.75974923}, 1e-6);
  check_close(m.predict(samples().slice(0, 0, 2)), {5, 5});
  check_close(m.classes_(), {-2, 5});
}

BOOST_AUTO_TEST_CASE(regression_of_two_targets) {
  const auto m = regressed(
      two_targets(),
      {.hidden_layer_sizes = {6}, .alpha = 0.1, .batch_size = 10, .learning_rate_init = 0.02, .max_iter = 15});
  check(m, {15,
            {0.490186558873, 0.205900581653, 0.0887307985039, 0.110525048059, 0.0643268693131, 0.0441988445558},
            0.337819133225,
            0.145343722779});
  check_close(m.predict(samples().slice(0, 0, 2)), {0.81352532, 0.74827946, 0.67843631, 0.75472047}, 1e-7);
  BOOST_TEST(std::fabs(m.score(samples(), two_targets()) - 0.6954436652926163) < 1e-8);
}

// Without a hidden layer the loss has one minimum.
BOOST_AUTO_TEST_CASE(lbfgs_finds_the_minimum) {
  sklearn::MLPClassifier m({.hidden_layer_sizes = {}, .solver = "lbfgs", .alpha = 0.5, .max_iter = 1000, .tol = 1e-9});
  m.fit(samples(), three_classes());
  BOOST_TEST(m.converged());
  BOOST_TEST(std::fabs(m.loss_() - 0.888442999) < 1e-8);
  check_close(m.coefs_()[0],
              {-0.08392006, 0.31900931, -0.2350924, -0.04340219, 0.1501265, -0.10672529, 0.01847874, -0.09265411,
               0.07416854, 0.07126433, -0.28982755, 0.21856147},
              1e-4);
  check_close(m.predict_proba(samples().slice(0, 0, 1)), {0.19986082, 0.72002231, 0.08011687}, 1e-4);
  expect<ValueError>({"lbfgs has no loss_curve_"}, [&] { m.loss_curve_(); });
  // At its limits it stops and says so.
  m.set_params({{"max_iter", 2}}).fit(samples(), three_classes());
  BOOST_TEST((m.n_iter_() == 2 && !m.converged()));
  m.set_params({{"max_iter", 1000}, {"max_fun", 3}}).fit(samples(), three_classes());
  BOOST_TEST((m.n_iter_() <= 3 && !m.converged()));
}

BOOST_AUTO_TEST_CASE(early_stopping_keeps_the_best_weights) {
  const Tensor X = samples(), y = (X.select(1, 0) > 0).to(kInt64);
  sklearn::MLPClassifier m({.learning_rate_init = 0.01,
                            .max_iter = 300,
                            .random_state = 1,
                            .early_stopping = true,
                            .validation_fraction = 0.3,
                            .n_iter_no_change = 5});
  m.fit(X, y);
  const std::vector<double> scores = m.validation_scores_();
  BOOST_TEST(std::ssize(scores) == m.n_iter_());
  BOOST_TEST(m.best_validation_score_() == *std::ranges::max_element(scores));
  BOOST_TEST(m.converged());
  // The best came n_iter_no_change + 1 epochs before the end.
  const auto best = std::ranges::max_element(scores) - scores.begin();
  BOOST_TEST(std::ssize(scores) == best + 1 + 6);
  expect<ValueError>({"best_validation_score_"}, [&] { m.best_loss_(); });
  sklearn::MLPClassifier plain({.max_iter = 2, .random_state = 1});
  plain.fit(X, y);
  expect<ValueError>({"early_stopping"}, [&] { plain.validation_scores_(); });
}

BOOST_AUTO_TEST_CASE(first_weights_have_their_bounds) {
  for (const auto& [activation, factor] : {std::pair("relu", 6.0), std::pair("logistic", 2.0)}) {
    // A rate so small that the first weights stay.
    sklearn::MLPClassifier m({.hidden_layer_sizes = {200},
                              .activation = activation,
                              .learning_rate_init = 1e-12,
                              .max_iter = 1,
                              .random_state = 3});
    m.fit(samples(), three_classes());
    const double bound = std::sqrt(factor / 204);
    for (const Tensor& t : {m.coefs_()[0], m.intercepts_()[0]}) {
      BOOST_TEST(abs(t).max().item() < bound + 1e-9);
      BOOST_TEST(abs(t).max().item() > 0.97 * bound);
    }
  }
}

BOOST_AUTO_TEST_CASE(partial_fit_is_one_epoch) {
  const Tensor X = samples(), y = three_classes();
  sklearn::MLPClassifier whole({.batch_size = 10, .max_iter = 3, .shuffle = false, .random_state = 2});
  whole.fit(X, y);
  sklearn::MLPClassifier steps(whole.params());
  for (int i = 0; i < 3; ++i) steps.partial_fit(X, y);
  check_close(steps.coefs_()[0], whole.coefs_()[0].to_vector<double>(), 1e-12);
  BOOST_TEST((steps.n_iter_() == 3 && steps.loss_curve_() == whole.loss_curve_()));
  // A copy learns on alone.
  sklearn::MLPClassifier copy = steps;
  copy.partial_fit(X, y);
  BOOST_TEST((copy.n_iter_() == 4 && steps.n_iter_() == 3));
  // Classes that come later are named in the first call.
  sklearn::MLPClassifier later(whole.params());
  later.partial_fit(X.slice(0, 0, 1), y.slice(0, 0, 1), tensor({0, 1, 2}));
  later.partial_fit(X, y);
  BOOST_TEST(later.predict_proba(X).size(1) == 3);
  expect<ValueError>({"label 8 is not among the classes 0, 1, 2"}, [&] { later.partial_fit(X, y + 7); });
  BOOST_TEST(later.n_iter_() == 2);
  sklearn::MLPClassifier lbfgs({.solver = "lbfgs"});
  expect<ValueError>({"MLPClassifier.partial_fit", "lbfgs"}, [&] { lbfgs.partial_fit(X, y); });
}

BOOST_AUTO_TEST_CASE(seeds_repeat) {
  const Tensor X = samples(), y = three_classes();
  const sklearn::MLPOptions o{.max_iter = 3, .random_state = 5};
  const Tensor p = sklearn::MLPClassifier(o).fit(X, y).predict_proba(X);
  BOOST_TEST(equal(p, sklearn::MLPClassifier(o).fit(X, y).predict_proba(X)));
  BOOST_TEST(!equal(p, sklearn::MLPClassifier({.max_iter = 3, .random_state = 6}).fit(X, y).predict_proba(X)));
  // The default generator is left alone.
  manual_seed(1);
  const Tensor next = rand({3});
  manual_seed(1);
  sklearn::MLPClassifier(o).fit(X, y);
  BOOST_TEST(equal(next, rand({3})));
}

BOOST_AUTO_TEST_CASE(labels_in_columns) {
  const Tensor X = samples(), y = stack({X.select(1, 0) > 0, X.select(1, 1) > 0}, 1).to(kInt64);
  sklearn::MLPClassifier m({.solver = "lbfgs", .max_iter = 500, .random_state = 0});
  m.fit(X, y);
  BOOST_TEST(m.score(X, y) == 1);
  BOOST_TEST((m.predict(X).shape() == y.shape() && m.predict_proba(X).shape() == y.shape()));
  expect<ValueError>({"must be 0 or 1"}, [&] { m.fit(X, y + 1); });
  // One column is a list of labels.
  const Tensor column = three_classes().unsqueeze(1);
  BOOST_TEST((m.fit(X, column).predict(X).dim() == 1 && m.classes_().numel() == 3));
  BOOST_TEST(m.score(X, column) == m.score(X, three_classes()));
}

BOOST_AUTO_TEST_CASE(types_are_kept) {
  sklearn::MLPClassifier m({.max_iter = 1});
  BOOST_TEST((m.fit(samples().to(kFloat32), three_classes()).predict_proba(samples()).dtype() == kFloat32));
  BOOST_TEST((m.fit((100 * samples()).to(kInt64), three_classes()).coefs_()[0].dtype() == kFloat64));
  sklearn::MLPRegressor r({.max_iter = 1});
  r.fit(samples(), two_targets().select(1, 0));
  BOOST_TEST(r.predict(samples()).dim() == 1);
}

BOOST_AUTO_TEST_CASE(mistakes_are_named) {
  const Tensor X = samples(), y = three_classes();
  sklearn::MLPClassifier m;
  expect<sklearn::NotFittedError>({"MLPClassifier: not fitted yet", "call fit", next_line()},  //
                                  [&] { m.predict(X); });
  expect<sklearn::NotFittedError>({"not fitted"}, [&] { m.coefs_(); });
  expect<ShapeError>({"MLPClassifier.fit", "(samples, features), got 1 dimensions"}, [&] { m.fit(X.flatten(), y); });
  expect<ShapeError>({"different numbers of samples", "(30, 4)", "(29)"}, [&] { m.fit(X, y.slice(0, 0, 29)); });
  expect<ShapeError>({"no samples"}, [&] { m.fit(zeros({0, 4}), zeros({0}, kInt64)); });
  expect<ValueError>({"NaN or infinity"}, [&] { m.fit(X / zeros({4}, kFloat64), y); });
  expect<DTypeError>({"labels must be integers", "y.to(kInt64)"}, [&] { m.fit(X, y.to(kFloat32)); });
  expect<ValueError>({"at least two classes"}, [&] { m.fit(X, zeros({kSamples}, kInt64)); });
  BOOST_CHECK_THROW(m.predict(X), sklearn::NotFittedError);
  m.set_params({{"max_iter", 1}}).fit(X, y);
  expect<ShapeError>({"MLPClassifier.predict: X has 3 features, 4 were fitted"}, [&] { m.predict(X.slice(1, 0, 3)); });
  sklearn::MLPClassifier warm({.hidden_layer_sizes = {3}, .max_iter = 1, .warm_start = true});
  warm.fit(X, y);
  expect<ValueError>({"warm_start: y has classes 0, 1, the last fit had 0, 1, 2", next_line()},
                     [&] { warm.fit(X, y.clamp(0, 1)); });
  expect<ValueError>({"labels in columns and classes"}, [&] { warm.fit(X, one_hot(y, 3)); });
  expect<ValueError>({"label 2 is not among the classes 0, 1", "partial_fit(X, y, classes)"}, [&] {
    sklearn::MLPClassifier part;
    part.partial_fit(X, y.clamp(0, 1)).partial_fit(X, y);
  });
  expect<ValueError>({"MLPRegressor.fit: y contains NaN or infinity", next_line()},  //
                     [&] { sklearn::MLPRegressor().fit(X, y.to(kFloat64) / 0); });
  sklearn::MLPRegressor wild({.solver = "sgd", .learning_rate_init = 1e200, .max_iter = 5});
  expect<ValueError>({"weights that are not finite", "StandardScaler"}, [&] { wild.fit(X, two_targets()); });
  BOOST_CHECK_THROW(wild.predict(X), sklearn::NotFittedError);
  expect<ValueError>({"validation_fraction", "stratify"},
                     [&] { sklearn::MLPClassifier({.early_stopping = true}).fit(X.slice(0, 0, 9), y.slice(0, 0, 9)); });
  expect<ValueError>({"(4, 3, 3) were fitted", "(3, 3, 3)"}, [&] { warm.fit(X.slice(1, 0, 3), y); });
}

BOOST_AUTO_TEST_CASE(parameters_are_checked) {
  using Options = sklearn::MLPOptions;
  const auto refused = [](const std::string& fact, const Options& o) {
    expect<ValueError>({"MLPClassifier: ", fact}, [&] { sklearn::MLPClassifier{o}; });
  };
  refused("activation must be one of identity, logistic, tanh, relu, got 'gelu'", {.activation = "gelu"});
  refused("solver must be one of", {.solver = "newton"});
  refused("learning_rate must be one of", {.learning_rate = "cosine"});
  refused("hidden_layer_sizes must be positive, got (10, 0)", {.hidden_layer_sizes = {10, 0}});
  refused("alpha must be >= 0", {.alpha = -1});
  refused("batch_size must be at least 1", {.batch_size = 0});
  refused("learning_rate_init must be positive", {.learning_rate_init = 0});
  refused("max_iter must be at least 1", {.max_iter = 0});
  refused("momentum must be in [0, 1]", {.momentum = 1.5});
  refused("validation_fraction must be in [0, 1)", {.validation_fraction = 1});
  refused("beta_1 must be in [0, 1)", {.beta_1 = 1});
  refused("epsilon must be positive", {.epsilon = 0});
  refused("n_iter_no_change must be at least 1", {.n_iter_no_change = 0});
  refused("max_fun must be at least 1", {.max_fun = 0});
  refused("tol must be", {.tol = std::nan("")});
  sklearn::MLPRegressor m;
  expect<ValueError>({"MLPRegressor: no parameter 'alfa'; there are hidden_layer_sizes"}, [&] {
    m.set_params({{"alfa", 1}});
  });
  expect<ValueError>({"alpha cannot be big"}, [&] { m.set_params({{"tol", 1}, {"alpha", "big"}}); });
  BOOST_TEST(m.params().tol == 1e-4);
  m.set_params({{"hidden_layer_sizes", {3, 2}}, {"batch_size", "auto"}, {"alpha", 1}, {"random_state", nullptr}});
  BOOST_TEST(m.get_params().at("hidden_layer_sizes").text() == "(3, 2)");
  BOOST_TEST((m.params().alpha == 1 && m.get_params().size() == 23));
  BOOST_TEST(m.clone()->get_params().at("alpha").text() == "1");
}

namespace {

sklearn::Strings names_of(const Tensor& labels, const sklearn::Strings& names) {
  sklearn::Strings out;
  for (const std::int64_t i : labels.to_vector<std::int64_t>()) out.push_back(names[static_cast<std::size_t>(i)]);
  return out;
}

}  // namespace

// The same fit as to the places of the strings in the sorted list of all.
BOOST_AUTO_TEST_CASE(labels_that_are_strings) {
  const Tensor X = samples(), y = three_classes();
  const Tensor wanted = unique(y).inverse;
  const sklearn::Strings names{"ash", "birch", "\xc3\xbclme", "zelkova"}, labels = names_of(wanted, names);
  const sklearn::MLPOptions o{.learning_rate_init = 0.02, .max_iter = 60, .random_state = 0};
  sklearn::MLPClassifier numbers(o), strings(o);
  numbers.fit(X, wanted);
  strings.fit(X, labels);
  const sklearn::Strings all = strings.classes_<std::string>();
  BOOST_TEST(std::is_sorted(all.begin(), all.end()));
  BOOST_TEST(all.size() == static_cast<std::size_t>(unique(y).values.numel()));
  BOOST_TEST((strings.classes_().to_vector<std::int64_t>() == arange(std::ssize(all)).to_vector<std::int64_t>()));
  BOOST_TEST(same_bits(strings.predict_proba(X), numbers.predict_proba(X)));
  BOOST_TEST((strings.predict<std::string>(X) == names_of(numbers.predict(X), all)));
  BOOST_TEST(same_bits(strings.predict(X), numbers.predict(X)));
  BOOST_TEST(strings.score(X, labels) == numbers.score(X, wanted));
  BOOST_TEST(strings.score(X, labels) == sklearn::accuracy_score(labels, strings.predict<std::string>(X)));
  sklearn::Strings strange = labels;
  strange[0] = "yew";  // was never there: wrong
  const bool first_right = strings.predict<std::string>(X)[0] == labels[0];
  BOOST_TEST(std::fabs(strings.score(X, labels) - strings.score(X, strange) - (first_right ? 1.0 / kSamples : 0)) <
             1e-12);

  // Copies know them, another fit forgets them.
  const sklearn::MLPClassifier copy = strings;
  strings.fit(X, wanted);
  BOOST_TEST((copy.classes_<std::string>() == all));
  expect<ValueError>({"fitted to numbers", "predict(X) gives the numbers"}, [&] { strings.predict<std::string>(X); });
  expect<ValueError>({"fitted to numbers"}, [&] { strings.score(X, labels); });
  expect<sklearn::NotFittedError>({"not fitted"}, [&] { sklearn::MLPClassifier().predict<std::string>(X); });

  // Two classes, and step by step.
  const sklearn::Strings two = names_of(two_classes() == 5, {"no", "yes"});
  sklearn::MLPClassifier pair(o);
  pair.fit(X, two);
  BOOST_TEST(pair.out_activation_() == "logistic");
  BOOST_TEST((pair.classes_<std::string>() == sklearn::Strings{"no", "yes"}));
  BOOST_TEST(pair.score(X, two) > 0.6);
  sklearn::MLPClassifier steps(o);
  steps.partial_fit(X, two, {"yes", "perhaps", "no"});
  BOOST_TEST((steps.classes_<std::string>() == sklearn::Strings{"no", "perhaps", "yes"}));
  steps.partial_fit(X, two);
  sklearn::MLPOptions warm = o;
  warm.warm_start = true;
  sklearn::MLPClassifier again(warm);
  again.fit(X, two).fit(X, two);

  expect<ValueError>({"MLPClassifier.partial_fit", "'birch'", "no, perhaps, yes"},
                     [&] { steps.partial_fit(X, labels); });
  expect<ValueError>({"classes differ"}, [&] { steps.partial_fit(X, two, {"no", "yes"}); });
  expect<ValueError>({"labels are numbers", "before were strings"}, [&] { steps.partial_fit(X, two_classes()); });
  expect<ValueError>({"warm_start", "ash", "no, yes"}, [&] { again.fit(X, labels); });
  expect<ValueError>({"labels are numbers"}, [&] { again.fit(X, two_classes()); });
  expect<ValueError>({"at least two classes", "got 1"},
                     [&] { sklearn::MLPClassifier().fit(X, sklearn::Strings(kSamples, "one")); });
  expect<ShapeError>({"different numbers of samples"}, [&] {
    sklearn::MLPClassifier().fit(X, sklearn::Strings{"a", "b"});
  });
  expect<ShapeError>({"different numbers of samples"}, [&] { sklearn::MLPClassifier().fit(X, sklearn::Strings{}); });
  sklearn::MLPRegressor values;
  expect<ValueError>({"MLPRegressor", "no strings"}, [&] { static_cast<sklearn::Estimator&>(values).fit(X, two); });
}

BOOST_AUTO_TEST_CASE(encoders_and_counts) {
  sklearn::LabelEncoder encoder;
  const sklearn::Strings y{"b", "a", "", "b"};
  check_close(encoder.fit_transform(y), {2, 1, 0, 2});
  BOOST_TEST((encoder.classes_() == sklearn::Strings{"", "a", "b"}));
  BOOST_TEST((encoder.inverse_transform(tensor({1, 1, 0})) == sklearn::Strings{"a", "a", ""}));
  BOOST_TEST(encoder.transform({}).numel() == 0);
  BOOST_TEST(encoder.inverse_transform(zeros({0}, kInt64)).empty());
  const Tensor far = tensor({0, 3}), floating = tensor({0.0, 1.0});
  expect<ValueError>({"LabelEncoder.transform", "'c'", ", a, b"}, [&] { encoder.transform({"a", "c"}); });
  expect<IndexError>({"LabelEncoder.inverse_transform", "3 is not in 0..2"}, [&] { encoder.inverse_transform(far); });
  expect<DTypeError>({"integers"}, [&] { encoder.inverse_transform(floating); });
  expect<ValueError>({"no labels"}, [&] { encoder.fit({}); });
  expect<sklearn::NotFittedError>({"not fitted"}, [] { sklearn::LabelEncoder().classes_(); });

  // scikit-learn's documentation has these two.
  check_close(sklearn::confusion_matrix(tensor({2, 0, 2, 2, 0, 1}), tensor({0, 0, 2, 2, 0, 2})),
              {2, 0, 0, 0, 0, 1, 1, 0, 2});
  check_close(sklearn::confusion_matrix({"cat", "ant", "cat", "cat", "ant", "bird"},
                                        {"ant", "ant", "cat", "cat", "ant", "cat"}),
              {2, 0, 0, 0, 0, 1, 1, 0, 2});
  BOOST_TEST((sklearn::confusion_matrix(sklearn::Strings{}, sklearn::Strings{}).shape() == Shape{0, 0}));
  BOOST_TEST((sklearn::confusion_matrix(sklearn::Strings{"a"}, sklearn::Strings{"b"}).shape() == Shape{2, 2}));
  const Tensor one = tensor({1}), two = tensor({1, 2});
  expect<ShapeError>({"confusion_matrix", "1 labels, y_pred 2"}, [&] { sklearn::confusion_matrix(one, two); });
  expect<DTypeError>({"integers"}, [&] { sklearn::confusion_matrix(floating, two); });
  expect<ShapeError>({"accuracy_score"}, [&] { sklearn::accuracy_score(y, sklearn::Strings{"a"}); });
  BOOST_TEST(sklearn::accuracy_score(y, {"b", "b", "", "c"}) == 0.5);
}

BOOST_AUTO_TEST_SUITE_END()
