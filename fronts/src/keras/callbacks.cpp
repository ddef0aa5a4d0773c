#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <ostream>

#include <fmt/args.h>
#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/keras/callbacks.hpp>
#include <xgrad/keras/sequential.hpp>
#include <xgrad/nn/option_check.hpp>

#include "keras/names.hpp"
#include "update_rules.hpp"

namespace xgrad::keras {
namespace {

bool maximizes(const char* callback, const std::string& monitor, const std::string& mode, const Location& at) {
  if (mode != "auto" && mode != "min" && mode != "max")
    refuse(callback, fmt::format("mode must be auto, min or max, got '{}'", mode), at);
  if (mode != "auto") return mode == "max";
  return monitor.find("acc") != std::string::npos || monitor.find("auc") != std::string::npos ||
         monitor.ends_with("score") || monitor.ends_with("Score");
}

double watched(const char* callback, const std::string& monitor, const Logs& logs, const Location& at) {
  const auto found = logs.find(monitor);
  if (found != logs.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [name, value] : logs) names.push_back(name);
  refuse(callback, fmt::format("no '{}' to monitor; there are {}", monitor, fmt::join(names, ", ")), at);
}

void at_least_zero(const char* callback, const char* option, std::int64_t value, const Location& at) {
  if (value < 0) refuse(callback, fmt::format("{} must be >= 0, got {}", option, value), at);
}

train::EarlyStopping watch(const EarlyStoppingOptions& o, const Location& at) {
  return train::EarlyStopping({.patience = static_cast<int>(std::min<std::int64_t>(o.patience, 1 << 30)),
                               .min_delta = std::fabs(o.min_delta),
                               .maximize = maximizes("EarlyStopping", o.monitor, o.mode, at)},
                              at);
}

}  // namespace

double Logs::at(const std::string& name, Location at) const { return watched("Logs", name, *this, at); }
std::ostream& operator<<(std::ostream& os, const Logs& logs) {
  const char* between = "";
  for (const auto& [name, value] : logs) os << std::exchange(between, " - ") << fmt::format("{}: {:.4g}", name, value);
  return os;
}

Callback::~Callback() = default;
void Callback::on_train_begin(Sequential&) {}
void Callback::on_train_end(Sequential&) {}
void Callback::on_epoch_begin(Sequential&, std::int64_t) {}
void Callback::on_epoch_end(Sequential&, std::int64_t, Logs&) {}

// ---- EarlyStopping ----

EarlyStopping::EarlyStopping(EarlyStoppingOptions o, Location at)
    : options_(std::move(o)), at_(at), watch_(keras::watch(options_, at)) {
  at_least_zero("EarlyStopping", "patience", options_.patience, at);
}
void EarlyStopping::on_train_begin(Sequential&) {
  watch_ = keras::watch(options_, at_);
  stopped_epoch_ = 0;
}
void EarlyStopping::on_epoch_end(Sequential& model, std::int64_t epoch, Logs& logs) {
  if (epoch < options_.start_from_epoch) return;
  const double value = watched("EarlyStopping", options_.monitor, logs, at_);
  const bool maximize = maximizes("EarlyStopping", options_.monitor, options_.mode, at_);
  const double worst = maximize ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
  if (!watch_.step(std::isnan(value) ? worst : value, model.net(at_), at_)) return;
  stopped_epoch_ = epoch;
  model.stop_training();
}
void EarlyStopping::on_train_end(Sequential& model) {
  nn::Sequential net = model.net(at_);
  if (options_.restore_best_weights) watch_.restore(net, at_);
}

// ---- ModelCheckpoint ----

ModelCheckpoint::ModelCheckpoint(std::string filepath, ModelCheckpointOptions o, Location at)
    : filepath_(std::move(filepath)), options_(std::move(o)), at_(at), best_(0) {
  maximizes("ModelCheckpoint", options_.monitor, options_.mode, at);
  if (filepath_.empty()) refuse("ModelCheckpoint", "the path is empty", at);
}
void ModelCheckpoint::on_train_begin(Sequential&) { best_ = std::numeric_limits<double>::quiet_NaN(); }
void ModelCheckpoint::on_epoch_end(Sequential& model, std::int64_t epoch, Logs& logs) {
  if (options_.save_best_only) {
    const double value = watched("ModelCheckpoint", options_.monitor, logs, at_);
    const bool maximize = maximizes("ModelCheckpoint", options_.monitor, options_.mode, at_);
    const bool better = std::isnan(best_) ? !std::isnan(value) : maximize ? value > best_ : value < best_;
    if (!better) return;
    best_ = value;
  }
  fmt::dynamic_format_arg_store<fmt::format_context> args;
  args.push_back(fmt::arg("epoch", epoch + 1));
  for (const auto& [name, value] : logs) args.push_back(fmt::arg(name.c_str(), value));
  std::string path;
  try {
    path = fmt::vformat(filepath_, args);
  } catch (const fmt::format_error& e) {
    refuse("ModelCheckpoint", fmt::format("the path '{}' has a field that is not in the logs: {}", filepath_, e.what()),
           at_);
  }
  model.save_weights(path, at_);
}

// ---- ReduceLROnPlateau ----

ReduceLROnPlateau::ReduceLROnPlateau(ReduceLROnPlateauOptions o, Location at) : options_(std::move(o)), at_(at) {
  const nn::OptionCheck check("ReduceLROnPlateau", at);
  maximizes("ReduceLROnPlateau", options_.monitor, options_.mode, at);
  if (!(options_.factor >= 0 && options_.factor < 1))
    check.fail(fmt::format("factor must be in [0, 1), got {}", options_.factor));
  at_least_zero("ReduceLROnPlateau", "patience", options_.patience, at);
  at_least_zero("ReduceLROnPlateau", "cooldown", options_.cooldown, at);
  check.at_least_zero("min_delta", options_.min_delta);
  check.at_least_zero("min_lr", options_.min_lr);
}
// Keras reduces with the patience-th bad epoch, optim with the one behind; likewise the end of a cooldown.
void ReduceLROnPlateau::on_train_begin(Sequential& model) {
  const bool maximize = maximizes("ReduceLROnPlateau", options_.monitor, options_.mode, at_);
  schedule_ = std::make_shared<optim::ReduceLROnPlateau>(
      model.optimizer(at_),
      optim::ReduceLROnPlateauOptions{.mode = maximize ? optim::PlateauMode::max : optim::PlateauMode::min,
                                      .factor = options_.factor,
                                      .patience = std::max<std::int64_t>(options_.patience - 1, 0),
                                      .threshold = options_.min_delta,
                                      .threshold_mode = optim::ThresholdMode::abs,
                                      .cooldown = std::max<std::int64_t>(options_.cooldown - 1, 0),
                                      .min_lr = options_.min_lr,
                                      .eps = 0},
      at_);
}
void ReduceLROnPlateau::on_epoch_end(Sequential& model, std::int64_t, Logs& logs) {
  const double value = watched("ReduceLROnPlateau", options_.monitor, logs, at_);
  logs["learning_rate"] = model.learning_rate(at_);
  fronts::change_rate(model.optimizer(at_), [&] { schedule_->step(value, at_); });
}

// ---- LearningRateScheduler ----

void LearningRateScheduler::on_epoch_begin(Sequential& model, std::int64_t epoch) {
  model.set_learning_rate(schedule_(epoch, model.learning_rate()));
}
void LearningRateScheduler::on_epoch_end(Sequential& model, std::int64_t, Logs& logs) {
  logs["learning_rate"] = model.learning_rate();
}

// ---- CSVLogger ----

CSVLogger::CSVLogger(std::string filename, CSVLoggerOptions o, Location at)
    : filename_(std::move(filename)), options_(o), at_(at) {}

namespace {

void write_line(const std::string& path, std::ios::openmode mode, const std::string& line, const Location& at) {
  std::ofstream out(path, mode);
  out << line << '\n';
  out.close();
  if (!out) ErrorReport("CSVLogger", fmt::format("cannot write to '{}'", path), at).io_error();
}

}  // namespace

void CSVLogger::on_train_begin(Sequential&) {
  names_.clear();
  if (!options_.append) std::ofstream(filename_, std::ios::trunc);
}
void CSVLogger::on_epoch_end(Sequential&, std::int64_t epoch, Logs& logs) {
  const std::string by(1, options_.separator);
  if (names_.empty()) {
    for (const auto& [name, value] : logs) names_.push_back(name);
    std::ifstream old(filename_);
    const bool fresh = old.peek() == std::ifstream::traits_type::eof();
    if (fresh) write_line(filename_, std::ios::app, fmt::format("epoch{}{}", by, fmt::join(names_, by)), at_);
  }
  std::string line = fmt::format("{}", epoch);
  for (const std::string& name : names_) {
    const auto found = logs.find(name);
    line += by + (found == logs.end() ? "NA" : fmt::format("{}", found->second));
  }
  write_line(filename_, std::ios::app, line, at_);
}

}  // namespace xgrad::keras
