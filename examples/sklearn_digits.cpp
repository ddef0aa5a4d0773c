// Handwritten digits with scikit-learn's names: a pipeline, a search over its parameters, the curves of the solvers.
//
//   sklearn_digits               the bundled 8x8 digits, under a minute
//   sklearn_digits --epochs 50   fewer epochs
//
// Writes out/sklearn_search.svg (the score of every choice) and out/sklearn_curves.svg (the loss of each solver).
#include <iostream>

#include <xgrad/sklearn.hpp>

#include "common.hpp"

namespace sklearn = xgrad::sklearn;
using xgrad::Tensor;

int main(int argc, char** argv) {
  CLI::App app("Handwritten digits with scikit-learn's names");
  Common common;
  std::int64_t epochs = 100;
  std::string file = "examples/data/digits.csv";
  add_common_options(app, common);
  app.add_option("--epochs", epochs, "of each network")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--digits", file, "64 pixels and the label in each row")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  return guarded([&] {
    start(common);
    const auto seed = static_cast<std::int64_t>(common.seed);
    const Tensor table = xgrad::data::read_csv(file, {.dtype = xgrad::kFloat64});
    const Tensor X = table.slice(1, 0, 64), y = table.select(1, 64).to(xgrad::kInt64);
    const auto [X_train, X_test, y_train, y_test] =
        sklearn::train_test_split(X, y, {.random_state = seed, .stratify = y});

    const std::vector<sklearn::ParamValue> alphas{1e-4, 0.1, 1, 10}, sizes{{8}, {32}, {64, 32}};
    sklearn::GridSearchCV search(
        sklearn::Pipeline(
            {{"scale", sklearn::MinMaxScaler()},
             {"mlp", sklearn::MLPClassifier({.solver = "lbfgs", .max_iter = epochs, .random_state = seed})}}),
        {{"mlp__alpha", alphas}, {"mlp__hidden_layer_sizes", sizes}}, {.cv = 3});
    search.fit(X_train, y_train);
    std::cout << "best of " << search.cv_results_().size() << ":";
    for (const auto& [name, value] : search.best_params_()) std::cout << " " << name << "=" << value;
    std::printf("\nthree folds %.3f, test %.3f\n", search.best_score_(), search.score(X_test, y_test));

    std::vector<double> scores, row_places, column_places;
    std::vector<std::string> rows, columns;
    for (const auto& result : search.cv_results_()) scores.push_back(result.mean_test_score);
    for (std::size_t i = 0; i < alphas.size(); ++i) row_places.push_back(static_cast<double>(i));
    for (std::size_t i = 0; i < sizes.size(); ++i) column_places.push_back(static_cast<double>(i));
    for (const auto& v : alphas) rows.push_back(v.text());
    for (const auto& v : sizes) columns.push_back(v.text());
    xgrad::viz::Plot grid({.title = "Accuracy in three folds", .x_label = "hidden_layer_sizes", .y_label = "alpha"});
    grid.imshow(
        xgrad::from_vector(scores, {static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(columns.size())}),
        {.numbers = true});
    grid.xticks(column_places, columns).yticks(row_places, rows);
    grid.save(common.out + "/sklearn_search.svg");

    xgrad::viz::Plot curves(
        {.title = "Loss of an epoch", .x_label = "epoch", .y_label = "loss", .y_scale = xgrad::viz::Scale::log});
    const Tensor scaled = sklearn::MinMaxScaler().fit_transform(X_train);
    for (const auto& [label, options] : std::vector<std::pair<std::string, sklearn::MLPOptions>>{
             {"adam", {}},
             {"sgd", {.solver = "sgd", .learning_rate_init = 0.1}},
             {"sgd, invscaling",
              {.solver = "sgd", .learning_rate = "invscaling", .learning_rate_init = 0.5, .power_t = 0.2}},
             {"sgd, no momentum", {.solver = "sgd", .learning_rate_init = 0.1, .momentum = 0}}}) {
      sklearn::MLPOptions o = options;
      o.hidden_layer_sizes = {32}, o.max_iter = epochs, o.random_state = seed;
      sklearn::MLPClassifier clf(o);
      const std::vector<double> loss = clf.fit(scaled, y_train).loss_curve_();
      std::vector<double> epoch;
      for (std::size_t i = 1; i <= loss.size(); ++i) epoch.push_back(static_cast<double>(i));
      curves.line(epoch, loss, {.label = label});
      std::printf("%-17s %3lld epochs, loss %.4f\n", label.c_str(), static_cast<long long>(clf.n_iter_()), clf.loss_());
    }
    curves.save(common.out + "/sklearn_curves.svg");
  });
}
