// Callbacks of fit: what happens between epochs.
#pragma once

#include <concepts>
#include <functional>
#include <iosfwd>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <xgrad/by_name.hpp>
#include <xgrad/optim/scheduler_plateau.hpp>
#include <xgrad/train/early_stopping.hpp>

namespace xgrad::keras {

using xgrad::operator<<;

class Sequential;

// Values by name: loss, accuracy, val_loss, learning_rate, ...
struct Logs : std::map<std::string, double> {
  using map::map;
  // ValueError lists the names there are.
  XGRAD_API double at(const std::string& name, Location at = Location::current()) const;
};
XGRAD_API std::ostream& operator<<(std::ostream& os, const Logs& logs);  // "accuracy: 0.9812 - loss: 0.0613"

// Epochs count from 0.
class XGRAD_API Callback {
 public:
  virtual ~Callback();
  virtual void on_train_begin(Sequential& model);
  virtual void on_train_end(Sequential& model);
  virtual void on_epoch_begin(Sequential& model, std::int64_t epoch);
  // logs: of this epoch; what is added or changed is in the history.
  virtual void on_epoch_end(Sequential& model, std::int64_t epoch, Logs& logs);
};

// A callback, or a shared one, to be asked afterwards.
class CallbackPart {
 public:
  template <std::derived_from<Callback> C>
  CallbackPart(C callback) : callback_(std::make_shared<C>(std::move(callback))) {}  // NOLINT
  template <std::derived_from<Callback> C>
  CallbackPart(std::shared_ptr<C> callback) : callback_(std::move(callback)) {}  // NOLINT
  Callback* operator->() const { return callback_.get(); }

 private:
  std::shared_ptr<Callback> callback_;
};

// `monitor` names a value of the logs; ValueError when there is none of it, which lists them. mode: min or max; auto is
// max for what has "acc" or "auc" in its name, or ends in "score".

struct EarlyStoppingOptions {
  ByName by_name = ByName();
  std::string monitor = "val_loss";
  double min_delta = 0;
  std::int64_t patience = 0;
  std::string mode = "auto";
  bool restore_best_weights = false;
  std::int64_t start_from_epoch = 0;
};
// Ends training when the value has not become better by more than min_delta for `patience` epochs:
// train::EarlyStopping. NaN counts as no improvement.
class XGRAD_API EarlyStopping final : public Callback {
 public:
  explicit EarlyStopping(EarlyStoppingOptions options = {}, Location at = Location::current());
  void on_train_begin(Sequential& model) override;
  void on_epoch_end(Sequential& model, std::int64_t epoch, Logs& logs) override;
  void on_train_end(Sequential& model) override;
  std::int64_t stopped_epoch() const { return stopped_epoch_; }  // 0: it did not stop
  double best() const { return watch_.best(); }

 private:
  EarlyStoppingOptions options_;
  Location at_;
  train::EarlyStopping watch_;
  std::int64_t stopped_epoch_ = 0;
};

struct ModelCheckpointOptions {
  ByName by_name = ByName();
  std::string monitor = "val_loss";
  bool save_best_only = false;
  std::string mode = "auto";
};
// Saves the weights after each epoch, as Sequential::save_weights. The path may have {epoch:02d}, from 1, and values of
// the logs, {val_loss:.3f}. IoError.
class XGRAD_API ModelCheckpoint final : public Callback {
 public:
  explicit ModelCheckpoint(std::string filepath, ModelCheckpointOptions options = {},
                           Location at = Location::current());
  void on_train_begin(Sequential& model) override;
  void on_epoch_end(Sequential& model, std::int64_t epoch, Logs& logs) override;

 private:
  std::string filepath_;
  ModelCheckpointOptions options_;
  Location at_;
  double best_;
};

struct ReduceLROnPlateauOptions {
  ByName by_name = ByName();
  std::string monitor = "val_loss";
  double factor = 0.1;
  std::int64_t patience = 10;
  std::string mode = "auto";
  double min_delta = 1e-4;
  std::int64_t cooldown = 0;
  double min_lr = 0;
};
// Multiplies the rate by factor when the value has not become better by min_delta for `patience` epochs:
// optim::ReduceLROnPlateau, which counts one epoch more.
class XGRAD_API ReduceLROnPlateau final : public Callback {
 public:
  explicit ReduceLROnPlateau(ReduceLROnPlateauOptions options = {}, Location at = Location::current());
  void on_train_begin(Sequential& model) override;
  void on_epoch_end(Sequential& model, std::int64_t epoch, Logs& logs) override;

 private:
  ReduceLROnPlateauOptions options_;
  Location at_;
  std::shared_ptr<optim::ReduceLROnPlateau> schedule_;
};

// The rate of each epoch from its number and the rate before: [](std::int64_t epoch, double lr) { return ...; }.
class XGRAD_API LearningRateScheduler final : public Callback {
 public:
  using Schedule = std::function<double(std::int64_t epoch, double lr)>;
  explicit LearningRateScheduler(Schedule schedule) : schedule_(std::move(schedule)) {}
  void on_epoch_begin(Sequential& model, std::int64_t epoch) override;
  void on_epoch_end(Sequential& model, std::int64_t epoch, Logs& logs) override;

 private:
  Schedule schedule_;
};

struct CSVLoggerOptions {
  ByName by_name = ByName();
  char separator = ',';
  bool append = false;  // to a file that is there
};
// A line for each epoch: its number and the logs, by name. IoError.
class XGRAD_API CSVLogger final : public Callback {
 public:
  explicit CSVLogger(std::string filename, CSVLoggerOptions options = {}, Location at = Location::current());
  void on_train_begin(Sequential& model) override;
  void on_epoch_end(Sequential& model, std::int64_t epoch, Logs& logs) override;

 private:
  std::string filename_;
  CSVLoggerOptions options_;
  Location at_;
  std::vector<std::string> names_;
};

}  // namespace xgrad::keras
