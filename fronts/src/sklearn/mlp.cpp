#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/data/loader.hpp>
#include <xgrad/ops.hpp>
#include <xgrad/optim/adam.hpp>
#include <xgrad/optim/lbfgs.hpp>
#include <xgrad/sklearn/mlp.hpp>
#include <xgrad/train/early_stopping.hpp>
#include <xgrad/train/metrics.hpp>

#include "checks.hpp"
#include "mlp_options.hpp"
#include "mlp_state.hpp"
#include "splits.hpp"
#include "update_rules.hpp"
#include "warnings.hpp"

namespace xgrad::sklearn {
namespace {

constexpr double kFactr = 2.220446049250313e-09;  // scipy's ftol of L-BFGS-B
constexpr std::int64_t kMemory = 10;              // and its number of corrections

struct Converged {};

double largest_gradient(const optim::Optimizer& opt) {
  double most = 0;
  for (const Tensor& p : opt.params(0)) most = std::max(most, abs(p.grad()).max().item());
  return most;
}

Tensor activated(const std::string& output, const Tensor& z) {
  if (output == "softmax") return softmax(z, 1);
  return output == "logistic" ? sigmoid(z) : z;
}

}  // namespace

// One call of fit or partial_fit.
struct BaseMultilayerPerceptron::Training {
  const MLPOptions& o;
  Fitted& f;
  Generator generator;
  const std::string name;
  const Location& at;

  void lbfgs(const Tensor& X, const Tensor& y) const;
  void stochastic(Tensor X, Tensor y, bool incremental) const;

 private:
  double epoch(const data::DataLoader& batches) const;
  double validate(const Tensor& X, const Tensor& y) const;
  void fade(std::int64_t samples) const;
};

void BaseMultilayerPerceptron::Training::lbfgs(const Tensor& X, const Tensor& y) const {
  const std::vector<nn::Linear> layers = f.layers();
  optim::LBFGS opt(f.net.parameters(), {.max_iter = 1,
                                        .tolerance_grad = 0.0,
                                        .tolerance_change = 0.0,
                                        .history_size = kMemory,
                                        .line_search_fn = optim::LineSearch::strong_wolfe});
  double last = std::numeric_limits<double>::infinity();
  std::int64_t evaluations = 0, iterations = 0;
  bool first = true;  // the evaluation where the last step ended
  const auto closure = [&] {
    opt.zero_grad();
    const Loss loss = batch_loss(f.net, layers, f.output, X, y, o.alpha);
    loss.objective.backward();
    if (std::exchange(first, false)) {
      const double now = loss.objective.item();
      f.loss = loss.reported;
      if (o.verbose && iterations > 0) fmt::print("Iteration {}, loss = {:.8f}\n", iterations, now);
      const double size = std::max({std::fabs(last), std::fabs(now), 1.0});
      if (largest_gradient(opt) <= o.tol || (std::isfinite(last) && last - now <= kFactr * size)) throw Converged();
      last = now;
    }
    return loss.objective;
  };
  f.converged = false;
  try {
    while (true) {
      first = true;
      // At the limit, only to know the loss.
      if (iterations == o.max_iter || evaluations >= o.max_fun) {
        closure();
        break;
      }
      opt.step(closure);
      ++iterations;
      evaluations += opt.result().evaluations - 1;  // the first one was made at the end of the last step
      if (opt.result().end == optim::LBFGSEnd::no_decrease) throw Converged();  // as low as the type can tell
    }
  } catch (const Converged&) {
    f.converged = true;
  }
  opt.zero_grad();
  f.epochs = iterations;
  if (!f.converged)
    fronts::warn(name,
                 fmt::format("ConvergenceWarning: lbfgs stopped after {} iterations and {} evaluations before it "
                             "converged; raise max_iter or scale the data",
                             iterations, evaluations),
                 at);
}

double BaseMultilayerPerceptron::Training::epoch(const data::DataLoader& batches) const {
  const std::vector<nn::Linear> layers = f.layers();
  auto* adam = dynamic_cast<optim::Adam*>(f.optimizer.get());
  train::Mean mean;
  for (const auto& [x, y] : batches) {
    f.optimizer->zero_grad();
    const Loss loss = batch_loss(f.net, layers, f.output, x, y, o.alpha);
    loss.objective.backward();
    ++f.steps;
    if (adam) fronts::use_epsilon_hat(*adam, o.epsilon, f.steps);
    f.optimizer->step();
    mean.add(loss.reported, x.size(0));
  }
  return mean.value();
}

double BaseMultilayerPerceptron::Training::validate(const Tensor& X, const Tensor& y) const {
  const NoGradGuard off;
  const Tensor z = f.net(X);
  if (f.output == "identity") return r2_score(y, z);
  if (f.output == "softmax") return accuracy_score(y, argmax(z, 1));
  return accuracy_score(y, (z > 0).to(y.dtype()));
}

// scikit-learn counts samples, not epochs.
void BaseMultilayerPerceptron::Training::fade(std::int64_t samples) const {
  NamedTensors state = f.fading->state_dict();
  for (auto& [key, t] : state)
    if (key == "last_epoch") t = full({}, samples - 1);
  f.fading->load_state_dict(state);
  f.fading->step();
}

void BaseMultilayerPerceptron::Training::stochastic(Tensor X, Tensor y, bool incremental) const {
  const bool early = o.early_stopping && !incremental;
  f.early_stopping = early;
  Tensor X_val, y_val;
  if (early) {
    const bool by_class = f.output == "softmax" || (f.output == "logistic" && y.size(1) == 1);
    const Parts parts = split_samples(name + ": validation_fraction", X.size(0), o.validation_fraction, true,
                                      by_class ? y.flatten().to(kInt64) : Tensor(), generator, at);
    X_val = rows(X, parts.test), y_val = rows(y, parts.test);
    X = rows(X, parts.train), y = rows(y, parts.train);
  }
  const std::int64_t n = X.size(0), wanted = o.batch_size.value_or(200);
  if (o.batch_size && wanted > n)
    fronts::warn(name, fmt::format("batch_size {} is more than there are samples; batches have {}", wanted, n), at);
  const data::DataLoader batches(data::TensorDataset(X, y),
                                 {.batch_size = std::min(wanted, n), .shuffle = o.shuffle, .generator = generator});
  train::EarlyStopping best({.patience = std::numeric_limits<int>::max(), .maximize = true});
  const std::int64_t most = incremental ? 1 : o.max_iter;
  f.converged = incremental;
  for (std::int64_t i = 0; i < most; ++i) {
    f.loss = epoch(batches);
    ++f.epochs;
    f.samples_seen += n;
    f.loss_curve.push_back(f.loss);
    if (o.verbose) fmt::print("Iteration {}, loss = {:.8f}\n", f.epochs, f.loss);
    if (early) {
      f.validation_scores.push_back(validate(X_val, y_val));
      best.step(f.validation_scores.back(), f.net, at);
      if (o.verbose) fmt::print("Validation score: {:f}\n", f.validation_scores.back());
    }
    bool over = false;
    fronts::change_rate(*f.optimizer, [&] {
      if (f.fading) fade(f.samples_seen);
      over = f.rule->step(early ? -f.validation_scores.back() : f.loss);
    });
    if (over) {
      f.converged = true;
      break;
    }
  }
  f.rule_state = f.rule->state_dict();
  if (early) best.restore(f.net, at);
  f.optimizer->zero_grad();
  if (!f.converged)
    fronts::warn(
        name,
        fmt::format("ConvergenceWarning: {} epochs (max_iter) were not enough for the loss to settle", o.max_iter), at);
}

BaseMultilayerPerceptron::BaseMultilayerPerceptron(MLPOptions options) : options_(std::move(options)) {}
BaseMultilayerPerceptron::~BaseMultilayerPerceptron() = default;

Params BaseMultilayerPerceptron::get_params() const { return params_of(options_); }

void BaseMultilayerPerceptron::check_options(const MLPOptions& o, const Location& at) const {
  require_in_range(name(), o, at);
}

void BaseMultilayerPerceptron::assign_params(const Params& params, const Location& at) {
  options_ = changed(name(), options_, params, at);
}

void BaseMultilayerPerceptron::learn(const Tensor& X, const Tensor& y, const char* output, const Tensor& classes,
                                     const Strings& names, bool incremental, const Location& at) {
  const detail::CallSite site(at);
  std::vector<std::int64_t> sizes{X.size(1)};
  sizes.insert(sizes.end(), options_.hidden_layer_sizes.begin(), options_.hidden_layer_sizes.end());
  sizes.push_back(y.dim() == 1 ? classes.numel() : y.size(1));
  const Generator generator =
      options_.random_state ? Generator(static_cast<std::uint64_t>(*options_.random_state)) : default_generator();
  const bool on = goes_on(incremental);
  std::shared_ptr<Fitted> next;
  if (on) {
    if (sizes != fitted_->sizes)
      refuse(name(),
             fmt::format("layers of sizes ({}) were fitted, this needs ({}); fit anew without warm_start",
                         fmt::join(fitted_->sizes, ", "), fmt::join(sizes, ", ")),
             at);
    if (fitted_->output != output)
      refuse(name(), "labels in columns and classes in one list cannot follow each other; fit anew", at);
    next = fitted_->copy(options_);
  } else {
    next = std::make_shared<Fitted>();
    next->net = make_net(sizes, options_, X.dtype(), generator);
    next->output = output;
    next->classes = classes;
    next->names = names;
    next->dtype = X.dtype();
    next->sizes = sizes;
  }
  next->stochastic = options_.solver != "lbfgs";
  const Tensor x = X.to(next->dtype), targets = y.is_floating_point() ? y.to(next->dtype) : y;
  const Training training{options_, *next, generator, name(), at};
  const GradModeGuard record(true);
  if (!next->stochastic) {
    training.lbfgs(x, targets);
  } else {
    if (!next->optimizer || !incremental) next->make_optimizer(options_);
    training.stochastic(x, targets, incremental);
  }
  for (const Tensor& p : next->net.parameters())
    if (!all(isfinite(p)).item<bool>())
      ErrorReport(name().c_str(), "training ended in weights that are not finite", at)
          .help("scale X and the targets (StandardScaler), or lower learning_rate_init")
          .value_error();
  fitted_ = std::move(next);
}

const BaseMultilayerPerceptron::Fitted& BaseMultilayerPerceptron::fitted(const Location& at) const {
  if (!fitted_) not_fitted(name(), at);
  return *fitted_;
}

Tensor BaseMultilayerPerceptron::scores(const char* op, const Tensor& X, const Location& at) const {
  const detail::CallSite site(at);
  const Fitted& f = fitted(at);
  const Tensor x = checked_samples(name() + "." + op, X, f.sizes.front(), at);
  const NoGradGuard off;
  return activated(f.output, f.net(x.to(f.dtype)));
}

const Tensor& BaseMultilayerPerceptron::known_classes(const Location& at) const { return fitted(at).classes; }
const Strings& BaseMultilayerPerceptron::known_names(const Location& at) const { return fitted(at).names; }

std::vector<Tensor> BaseMultilayerPerceptron::coefs_(Location at) const {
  std::vector<Tensor> out;
  for (const nn::Linear& layer : fitted(at).layers()) out.push_back(layer.weight.detach().transpose(0, 1));
  return out;
}
std::vector<Tensor> BaseMultilayerPerceptron::intercepts_(Location at) const {
  std::vector<Tensor> out;
  for (const nn::Linear& layer : fitted(at).layers()) out.push_back(layer.bias.detach());
  return out;
}
std::vector<double> BaseMultilayerPerceptron::loss_curve_(Location at) const {
  if (!fitted(at).stochastic) refuse(name(), "solver lbfgs has no loss_curve_", at);
  return fitted_->loss_curve;
}
std::vector<double> BaseMultilayerPerceptron::validation_scores_(Location at) const {
  if (!fitted(at).early_stopping) refuse(name(), "validation scores need early_stopping", at);
  return fitted_->validation_scores;
}
double BaseMultilayerPerceptron::best_validation_score_(Location at) const {
  if (!fitted(at).early_stopping) refuse(name(), "validation scores need early_stopping", at);
  return -fitted_->best();
}
double BaseMultilayerPerceptron::loss_(Location at) const { return fitted(at).loss; }
double BaseMultilayerPerceptron::best_loss_(Location at) const {
  const Fitted& f = fitted(at);
  if (!f.stochastic) refuse(name(), "solver lbfgs has no best_loss_", at);
  if (f.early_stopping) refuse(name(), "with early_stopping there is best_validation_score_, no best_loss_", at);
  return f.best();
}
std::int64_t BaseMultilayerPerceptron::n_iter_(Location at) const { return fitted(at).epochs; }
std::int64_t BaseMultilayerPerceptron::n_layers_(Location at) const {
  return static_cast<std::int64_t>(fitted(at).sizes.size());
}
std::int64_t BaseMultilayerPerceptron::n_outputs_(Location at) const { return fitted(at).sizes.back(); }
std::int64_t BaseMultilayerPerceptron::n_features_in_(Location at) const { return fitted(at).sizes.front(); }
std::int64_t BaseMultilayerPerceptron::t_(Location at) const { return fitted(at).samples_seen; }
std::string BaseMultilayerPerceptron::out_activation_(Location at) const { return fitted(at).output; }
bool BaseMultilayerPerceptron::converged(Location at) const { return fitted(at).converged; }

}  // namespace xgrad::sklearn
