#include "mlp_options.hpp"

#include <algorithm>
#include <initializer_list>

#include <fmt/format.h>

#include <xgrad/nn/option_check.hpp>

#include "checks.hpp"

namespace xgrad::sklearn {
namespace {

template <class Options, class F>
void each(Options& o, F f) {
  f("hidden_layer_sizes", o.hidden_layer_sizes), f("activation", o.activation), f("solver", o.solver);
  f("alpha", o.alpha), f("batch_size", o.batch_size), f("learning_rate", o.learning_rate);
  f("learning_rate_init", o.learning_rate_init), f("power_t", o.power_t), f("max_iter", o.max_iter);
  f("shuffle", o.shuffle), f("random_state", o.random_state), f("tol", o.tol), f("verbose", o.verbose);
  f("warm_start", o.warm_start), f("momentum", o.momentum), f("nesterovs_momentum", o.nesterovs_momentum);
  f("early_stopping", o.early_stopping), f("validation_fraction", o.validation_fraction);
  f("beta_1", o.beta_1), f("beta_2", o.beta_2), f("epsilon", o.epsilon);
  f("n_iter_no_change", o.n_iter_no_change), f("max_fun", o.max_fun);
}

// What is None in scikit-learn, or "auto".
ParamValue value_of(const std::optional<std::int64_t>& v) { return v ? ParamValue(*v) : ParamValue(nullptr); }
template <class T>
ParamValue value_of(const T& v) {
  return v;
}

// False when the value is of another kind.
template <class T>
bool take(T& option, const ParamValue& v) {
  const auto* same = std::get_if<T>(&v.value());
  if (same) option = *same;
  return same != nullptr;
}
bool take(double& option, const ParamValue& v) {
  const auto* real = std::get_if<double>(&v.value());
  const auto* whole = std::get_if<std::int64_t>(&v.value());
  if (real) option = *real;
  if (whole) option = static_cast<double>(*whole);
  return real || whole;
}
bool take(std::optional<std::int64_t>& option, const ParamValue& v) {
  const auto* whole = std::get_if<std::int64_t>(&v.value());
  const auto* text = std::get_if<std::string>(&v.value());
  const bool none = std::holds_alternative<std::nullptr_t>(v.value()) || (text && *text == "auto");
  if (whole) option = *whole;
  if (none) option.reset();
  return whole || none;
}
bool take(std::vector<std::int64_t>& option, const ParamValue& v) {
  const auto* sizes = std::get_if<std::vector<std::int64_t>>(&v.value());
  const auto* whole = std::get_if<std::int64_t>(&v.value());
  if (sizes) option = *sizes;
  if (whole) option = {*whole};
  return sizes || whole;
}

using Check = nn::OptionCheck;

void one_of(const Check& check, const char* name, const std::string& value, std::initializer_list<const char*> known) {
  if (std::ranges::none_of(known, [&](const char* k) { return value == k; }))
    check.fail(fmt::format("{} must be one of {}, got '{}'", name, fmt::join(known, ", "), value));
}
void at_least(const Check& check, const char* name, std::int64_t value, std::int64_t least) {
  if (value < least) check.fail(fmt::format("{} must be at least {}, got {}", name, least, value));
}
void below_one(const Check& check, const char* name, double value) {
  if (!(value >= 0 && value < 1)) check.fail(fmt::format("{} must be in [0, 1), got {}", name, value));
}

}  // namespace

Params params_of(const MLPOptions& options) {
  Params out;
  each(options, [&](const char* name, const auto& v) { out.emplace(name, value_of(v)); });
  return out;
}

MLPOptions changed(const std::string& op, MLPOptions options, const Params& params, const Location& at) {
  for (const auto& [name, value] : params) {
    bool known = false, fits = false;
    std::vector<std::string> names;
    each(options, [&, &name = name, &value = value](const char* option, auto& v) {
      names.emplace_back(option);
      if (name != option) return;
      known = true;
      fits = take(v, value);
    });
    if (!known) refuse(op, fmt::format("no parameter '{}'; there are {}", name, fmt::join(names, ", ")), at);
    if (!fits) refuse(op, fmt::format("{} cannot be {}", name, value.text()), at);
  }
  require_in_range(op, options, at);
  return options;
}

void require_in_range(const std::string& op, const MLPOptions& o, const Location& at) {
  const Check check(op, at);
  for (const std::int64_t size : o.hidden_layer_sizes)
    if (size < 1)
      check.fail(fmt::format("hidden_layer_sizes must be positive, got ({})", fmt::join(o.hidden_layer_sizes, ", ")));
  one_of(check, "activation", o.activation, {"identity", "logistic", "tanh", "relu"});
  one_of(check, "solver", o.solver, {"lbfgs", "sgd", "adam"});
  one_of(check, "learning_rate", o.learning_rate, {"constant", "invscaling", "adaptive"});
  check.at_least_zero("alpha", o.alpha);
  if (o.batch_size) at_least(check, "batch_size", *o.batch_size, 1);
  check.positive("learning_rate_init", o.learning_rate_init);
  check.at_least_zero("power_t", o.power_t);
  at_least(check, "max_iter", o.max_iter, 1);
  if (o.random_state) at_least(check, "random_state", *o.random_state, 0);
  check.at_least_zero("tol", o.tol);
  check.probability("momentum", o.momentum);
  below_one(check, "validation_fraction", o.validation_fraction);
  if (o.early_stopping) check.positive("validation_fraction", o.validation_fraction);
  below_one(check, "beta_1", o.beta_1);
  below_one(check, "beta_2", o.beta_2);
  check.positive("epsilon", o.epsilon);
  at_least(check, "n_iter_no_change", o.n_iter_no_change, 1);
  at_least(check, "max_fun", o.max_fun, 1);
}

}  // namespace xgrad::sklearn
