// Multi-layer perceptrons: sklearn::MLPClassifier and sklearn::MLPRegressor.
//
//   sklearn::MLPClassifier clf({.hidden_layer_sizes = {64, 32}, .alpha = 1e-3, .random_state = 0});
//   clf.fit(X, y);
//   Tensor labels = clf.predict(X_new), p = clf.predict_proba(X_new);
#pragma once

#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <xgrad/by_name.hpp>
#include <xgrad/sklearn/estimator.hpp>

namespace xgrad::sklearn {

// The parameters of sklearn.neural_network.MLPClassifier and MLPRegressor, with their defaults.
struct MLPOptions {
  ByName by_name = ByName();
  std::vector<std::int64_t> hidden_layer_sizes = {100};
  std::string activation = "relu";  // identity, logistic, tanh, relu
  std::string solver = "adam";      // lbfgs, sgd, adam
  double alpha = 1e-4;              // strength of the L2 term alpha / (2 n) sum w^2, n: samples in the batch
  std::optional<std::int64_t> batch_size = {};  // left out: min(200, samples), "auto"
  std::string learning_rate = "constant";       // constant, invscaling, adaptive; of sgd
  double learning_rate_init = 1e-3;
  double power_t = 0.5;  // of invscaling
  std::int64_t max_iter = 200;
  bool shuffle = true;
  std::optional<std::int64_t> random_state = {};  // left out: the default generator
  double tol = 1e-4;
  bool verbose = false;     // a line for each epoch on standard output
  bool warm_start = false;  // fit goes on from what was learnt
  double momentum = 0.9;    // of sgd, here and below
  bool nesterovs_momentum = true;
  bool early_stopping = false;  // stops on the score of a part of the data that is set aside, not on the loss
  double validation_fraction = 0.1;
  double beta_1 = 0.9, beta_2 = 0.999, epsilon = 1e-8;  // of adam
  std::int64_t n_iter_no_change = 10;
  std::int64_t max_fun = 15000;  // evaluations of the loss, of lbfgs
};

// What both share. Weights and biases start uniform in +-sqrt(c / (inputs + outputs)), c = 2 for logistic, else 6
// (Glorot & Bengio 2010). The loss of a batch is its mean loss plus the L2 term; an epoch's is the mean over samples.
// It stops when the loss of an epoch has not been below the best by tol (with early_stopping: the score above it) more
// than n_iter_no_change times in a row; adaptive divides the rate by 5 then, until it is 1e-6 or less. lbfgs stops when
// no gradient exceeds tol, or at a relative change of the loss of 2.2e-9. Training in the type of X. ValueError when it
// ends in weights that are not finite. Differences:
// parameters are checked when the estimator is made; lbfgs searches along lines as optim::LBFGS does.
class XGRAD_API BaseMultilayerPerceptron : public Estimator {
 public:
  ~BaseMultilayerPerceptron() override;
  Params get_params() const override;
  const MLPOptions& params() const { return options_; }

  // ---- what fit learnt (NotFittedError before) ----
  // Weights (inputs, outputs) and biases of each layer, views of the network's own: a change of one is one of the
  // network.
  std::vector<Tensor> coefs_(Location at = Location::current()) const;
  std::vector<Tensor> intercepts_(Location at = Location::current()) const;
  // The loss of each epoch; ValueError for lbfgs, which has none.
  std::vector<double> loss_curve_(Location at = Location::current()) const;
  // The score of each epoch, and the best; ValueError unless fitted with early_stopping.
  std::vector<double> validation_scores_(Location at = Location::current()) const;
  double best_validation_score_(Location at = Location::current()) const;
  double loss_(Location at = Location::current()) const;       // of the last epoch, or at the end of lbfgs
  double best_loss_(Location at = Location::current()) const;  // the least of an epoch; ValueError as for loss_curve_
  std::int64_t n_iter_(Location at = Location::current()) const;
  std::int64_t n_layers_(Location at = Location::current()) const;  // with that of the inputs
  std::int64_t n_outputs_(Location at = Location::current()) const;
  std::int64_t n_features_in_(Location at = Location::current()) const;
  std::int64_t t_(Location at = Location::current()) const;              // samples seen
  std::string out_activation_(Location at = Location::current()) const;  // identity, logistic, softmax
  // False when the last fit stopped at max_iter or max_fun. It then says so in a line on standard error,
  // "ConvergenceWarning: ...", with the line of the call.
  bool converged(Location at = Location::current()) const;

 protected:
  explicit BaseMultilayerPerceptron(MLPOptions options);
  BaseMultilayerPerceptron(const BaseMultilayerPerceptron&) = default;
  BaseMultilayerPerceptron& operator=(const BaseMultilayerPerceptron&) = default;
  struct Fitted;
  struct Training;
  void check_options(const MLPOptions& options, const Location& at) const;
  void assign_params(const Params& params, const Location& at);
  // Learns from y, the targets as the classes below encode them, (samples, outputs).
  void learn(const Tensor& X, const Tensor& y, const char* output, const Tensor& classes, const Strings& names,
             bool incremental, const Location& at);
  const Fitted& fitted(const Location& at) const;
  Tensor scores(const char* op, const Tensor& X, const Location& at) const;  // before the output's activation
  const Tensor& known_classes(const Location& at) const;
  const Strings& known_names(const Location& at) const;
  bool is_fitted() const { return fitted_ != nullptr; }
  bool goes_on(bool incremental) const { return fitted_ && (incremental || options_.warm_start); }

 private:
  MLPOptions options_;
  std::shared_ptr<Fitted> fitted_;
};

// Labels y (n): integers, bool or strings, of two classes (one logistic output) or more (softmax), trained on the cross
// entropy; or (n, labels) of 0 and 1, each a logistic output. ValueError: fewer than two classes, other values in (n,
// labels), with warm_start other classes than in the last fit.
class XGRAD_API MLPClassifier final : public BaseMultilayerPerceptron {
 public:
  explicit MLPClassifier(MLPOptions options = {}, Location at = Location::current());
  std::string name() const override { return "MLPClassifier"; }
  std::unique_ptr<Estimator> clone() const override;
  MLPClassifier& set_params(const Params& params, Location at = Location::current()) override;
  bool is_classifier() const override { return true; }

  MLPClassifier& fit(const Tensor& X, const Tensor& y, Location at = Location::current()) override;
  // One epoch, from what was learnt so far. classes: all labels there will be, needed in the first call when y lacks
  // some. ValueError: solver lbfgs; a label that is not among the classes.
  MLPClassifier& partial_fit(const Tensor& X, const Tensor& y, const Tensor& classes = Tensor(),
                             Location at = Location::current());
  // Strings, as Estimator says.
  MLPClassifier& fit(const Tensor& X, const Strings& y, Location at = Location::current()) override;
  MLPClassifier& partial_fit(const Tensor& X, const Strings& y, const Strings& classes = {},
                             Location at = Location::current());
  double score(const Tensor& X, const Strings& y, Location at = Location::current()) const override;
  using Estimator::predict;
  // The most probable class, (n) int64, or (n, labels) int64.
  Tensor predict(const Tensor& X, Location at = Location::current()) const override;
  // (n, classes), columns in the order of classes_.
  Tensor predict_proba(const Tensor& X, Location at = Location::current()) const override;
  Tensor predict_log_proba(const Tensor& X, Location at = Location::current()) const;
  double score(const Tensor& X, const Tensor& y, Location at = Location::current()) const override;  // accuracy_score
  // The labels, sorted, int64; of (n, labels) 0, 1, ... labels - 1.
  Tensor classes_(Location at = Location::current()) const;
  // The same of strings; ValueError after a fit to numbers.
  template <std::same_as<std::string> Label>
  Strings classes_(Location at = Location::current()) const {
    return class_names(at);
  }

 private:
  Strings predict_strings(const Tensor& X, const Location& at) const override;
  const Strings& class_names(const Location& at) const;
  // names: those of the classes 0, 1, ..., none of numbers.
  void train(const Tensor& X, const Tensor& y, const Tensor& classes, const Strings& names, bool incremental,
             const Location& at);
};

// Targets y (n) or (n, outputs), floating or integer, trained on half the mean squared error.
class XGRAD_API MLPRegressor final : public BaseMultilayerPerceptron {
 public:
  explicit MLPRegressor(MLPOptions options = {}, Location at = Location::current());
  std::string name() const override { return "MLPRegressor"; }
  std::unique_ptr<Estimator> clone() const override;
  MLPRegressor& set_params(const Params& params, Location at = Location::current()) override;

  using BaseMultilayerPerceptron::fit;
  using BaseMultilayerPerceptron::score;
  MLPRegressor& fit(const Tensor& X, const Tensor& y, Location at = Location::current()) override;
  MLPRegressor& partial_fit(const Tensor& X, const Tensor& y, Location at = Location::current());
  Tensor predict(const Tensor& X, Location at = Location::current()) const override;  // of the shape of y
  double score(const Tensor& X, const Tensor& y, Location at = Location::current()) const override;  // r2_score

 private:
  void train(const Tensor& X, const Tensor& y, bool incremental, const Location& at);
};

}  // namespace xgrad::sklearn
