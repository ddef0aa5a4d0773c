#include <cmath>
#include <cstdio>
#include <optional>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/data/safetensors.hpp>
#include <xgrad/keras/sequential.hpp>
#include <xgrad/ops.hpp>
#include <xgrad/train/metrics.hpp>
#include <xgrad/train/progress.hpp>

#include "keras/modes.hpp"
#include "keras/names.hpp"
#include "keras/samples.hpp"
#include "update_rules.hpp"

namespace xgrad::keras {

struct Sequential::State {
  std::vector<Layer> layers;
  nn::Sequential net = nullptr;  // once the shape of the input is known
  Shape input;
  std::optional<CompileOptions> compiled;
  std::unique_ptr<optim::Optimizer> optimizer;
  std::int64_t steps = 0;
  bool stop = false;

  bool takes_indices() const;
  void build(const Shape& shape, const Location& at);
  void require_compiled(const char* op, const Location& at) const;
  // Samples of this shape; the network is built for it.
  void require_samples(const char* op, const Shape& shape, const Location& at);
  // x as the first layer takes it, after the network was built for it.
  Tensor prepared(const char* op, const Tensor& x, const Location& at);
  Samples samples(const char* op, const Tensor& x, const Tensor& y, const Tensor& weight, const Location& at);
  double train_batch(const Samples& batch, const Location& at);
  void reset_metrics() const;
  void add_metrics(Logs& logs, const std::string& prefix) const;
  Logs evaluate(const Samples& samples, std::int64_t batch_size, const std::string& prefix, const Location& at);
};

bool Sequential::State::takes_indices() const {
  for (const Layer& layer : layers)
    if (!layer.input_shape()) return layer.takes_indices();
  return false;
}

void Sequential::State::build(const Shape& shape, const Location& at) {
  if (net) return;
  const detail::CallSite site(at);
  if (layers.empty()) refuse("keras::Sequential", "there are no layers", at);
  const NoGradGuard off;
  nn::Sequential built;
  std::map<std::string, int> seen;
  Tensor x = sample_of_zeros(shape, takes_indices());
  for (const Layer& layer : layers) {
    if (layer.input_shape()) continue;
    const int number = seen[layer.kind()]++;
    const std::string name = number == 0 ? layer.kind() : fmt::format("{}_{}", layer.kind(), number);
    built.add(name, layer.make(sample_shape(layer.kind(), x, at)), at);
    built.eval();
    x = built[static_cast<std::int64_t>(built.size()) - 1](x, at);
  }
  if (built.size() > 0) sample_shape(built[static_cast<std::int64_t>(built.size()) - 1].name(), x, at);
  built.train();
  net = built;
  input = shape;
}

void Sequential::State::require_compiled(const char* op, const Location& at) const {
  if (!compiled)
    ErrorReport(op, "the model is not compiled", at)
        .help("call compile({.optimizer = ..., .loss = ...})")
        .value_error();
}

void Sequential::State::require_samples(const char* op, const Shape& shape, const Location& at) {
  build(shape, at);
  if (!(shape == input))
    ErrorReport(op, fmt::format("samples must be of shape {}, got {}", to_string(input), to_string(shape)), at)
        .shape_error();
}

Tensor Sequential::State::prepared(const char* op, const Tensor& x, const Location& at) {
  require_defined(op, x, at);
  if (x.dim() < 1 || x.size(0) == 0) ErrorReport(op, "x has no samples", at).operand("x", x).shape_error();
  require_samples(op, Shape(std::vector<std::int64_t>(x.shape().begin() + 1, x.shape().end())), at);
  return x.detach().to(takes_indices() ? kInt64 : kFloat32);
}

Samples Sequential::State::samples(const char* op, const Tensor& x, const Tensor& y, const Tensor& weight,
                                   const Location& at) {
  const Tensor inputs = prepared(op, x, at);
  require_defined(op, y, at);
  if (y.dim() < 1 || y.size(0) != x.size(0))
    ErrorReport(op, "x and y have different numbers of samples", at).operand("x", x).operand("y", y).shape_error();
  return {inputs, y, checked_weights(op, x, weight, at)};
}

double Sequential::State::train_batch(const Samples& batch, const Location& at) {
  optimizer->zero_grad();
  const Tensor out = net(batch.x, at);
  const Tensor loss = compiled->loss(batch.y, out, batch.weight, at) + nn::regularization_loss(net);
  loss.backward();
  ++steps;
  if (compiled->optimizer.before_step()) compiled->optimizer.before_step()(*optimizer, steps);
  optimizer->step();
  nn::apply_constraints(net);
  const NoGradGuard off;
  for (const MetricChoice& metric : compiled->metrics) metric.metric().update(out.detach(), batch.y, at);
  return loss.item();
}

void Sequential::State::reset_metrics() const {
  for (const MetricChoice& metric : compiled->metrics) metric.metric().reset();
}
void Sequential::State::add_metrics(Logs& logs, const std::string& prefix) const {
  for (const MetricChoice& metric : compiled->metrics) logs[prefix + metric.name()] = metric.metric().compute();
}

Logs Sequential::State::evaluate(const Samples& samples, std::int64_t batch_size, const std::string& prefix,
                                 const Location& at) {
  const NoGradGuard off;
  const Evaluating mode(net);
  reset_metrics();
  train::Mean mean;
  Batches(samples, batch_size, false, at).each([&](const Samples& batch) {
    const Tensor out = net(batch.x, at);
    const Tensor loss = compiled->loss(batch.y, out, batch.weight, at) + nn::regularization_loss(net);
    mean.add(loss.item(), batch.x.size(0));
    for (const MetricChoice& metric : compiled->metrics) metric.metric().update(out, batch.y, at);
  });
  Logs logs{{prefix + "loss", mean.value()}};
  add_metrics(logs, prefix);
  return logs;
}

Sequential::Sequential(std::vector<Layer> layers, Location at) : state_(std::make_shared<State>()) {
  for (Layer& layer : layers) add(std::move(layer), at);
}

Sequential& Sequential::add(Layer layer, Location at) {
  if (state_->net) refuse("keras::Sequential", "add: the model has been called already", at);
  if (layer.input_shape() && !state_->layers.empty()) refuse("keras::Sequential", "an Input must be first", at);
  state_->layers.push_back(std::move(layer));
  return *this;
}

nn::Sequential Sequential::net(Location at) {
  State& s = *state_;
  if (!s.net && !s.layers.empty() && s.layers.front().input_shape()) s.build(*s.layers.front().input_shape(), at);
  if (!s.net)
    ErrorReport("keras::Sequential", "the shape of the input is not known", at)
        .help("begin with keras::Input(shape), or call the model first")
        .value_error();
  return s.net;
}

void Sequential::compile(CompileOptions options, Location at) {
  State& s = *state_;
  const bool known = s.net || (!s.layers.empty() && s.layers.front().input_shape());
  std::unique_ptr<optim::Optimizer> made;
  if (known) made = options.optimizer.make(net(at).parameters(), at);
  s.compiled.emplace(std::move(options));
  s.optimizer = std::move(made);
  s.steps = 0;
}

optim::Optimizer& Sequential::optimizer(Location at) {
  State& s = *state_;
  s.require_compiled("keras::Sequential", at);
  if (!s.optimizer) s.optimizer = s.compiled->optimizer.make(net(at).parameters(), at);
  return *s.optimizer;
}

void Sequential::set_learning_rate(double lr, Location at) {
  fronts::change_rate(optimizer(at), [&] { optimizer(at).set_lr(lr, at); });
}
void Sequential::stop_training() { state_->stop = true; }

namespace {

// However training ends, no gradients stay behind.
class GradientsUntilHere {
 public:
  // (A callback may compile the model again.)
  explicit GradientsUntilHere(const std::unique_ptr<optim::Optimizer>& optimizer) : optimizer_(optimizer) {}
  ~GradientsUntilHere() { optimizer_->zero_grad(); }
  GradientsUntilHere(const GradientsUntilHere&) = delete;
  GradientsUntilHere& operator=(const GradientsUntilHere&) = delete;

 private:
  const std::unique_ptr<optim::Optimizer>& optimizer_;
};

void check_fit(const FitOptions& o, const Location& at) {
  if (o.batch_size < 1) refuse("fit", fmt::format("batch_size must be positive, got {}", o.batch_size), at);
  if (o.epochs < 1) refuse("fit", fmt::format("epochs must be positive, got {}", o.epochs), at);
  if (o.initial_epoch < 0) refuse("fit", fmt::format("initial_epoch must be >= 0, got {}", o.initial_epoch), at);
  if (!(o.validation_split >= 0 && o.validation_split < 1))
    refuse("fit", fmt::format("validation_split must be in [0, 1), got {}", o.validation_split), at);
  if (o.verbose < 0 || o.verbose > 2) refuse("fit", fmt::format("verbose must be 0, 1 or 2, got {}", o.verbose), at);
  if (o.validation_split > 0 && o.validation_data.x.defined())
    refuse("fit", "validation_split and validation_data exclude each other", at);
  if (o.validation_data.x.defined() != o.validation_data.y.defined())
    refuse("fit", fmt::format("validation_data has no {}", o.validation_data.x.defined() ? "y" : "x"), at);
  if (o.sample_weight.defined() && !o.class_weight.empty())
    refuse("fit", "sample_weight and class_weight exclude each other", at);
}

void report(const FitOptions& o, std::int64_t epoch, const Logs& logs) {
  if (o.verbose == 0) return;
  std::string line = fmt::format("Epoch {}/{}", epoch + 1, o.epochs);
  for (const auto& [name, value] : logs) line += fmt::format(" - {}: {:.4g}", name, value);
  std::fprintf(o.verbose == 1 ? stderr : stdout, "%s\n", line.c_str());
}

}  // namespace

History Sequential::fit(const Tensor& x, const Tensor& y, const FitOptions& o, Location at) {
  const detail::CallSite site(at);
  State& s = *state_;
  s.require_compiled("fit", at);
  check_fit(o, at);
  Samples training = s.samples("fit", x, y, o.sample_weight, at), validation;
  if (o.validation_data.x.defined()) {
    const auto& [val_x, val_y, val_weight] = o.validation_data;
    validation = s.samples("fit", val_x, val_y, val_weight, at);
  } else if (o.validation_split > 0) {
    const std::int64_t n = x.size(0);
    const auto cut = static_cast<std::int64_t>(std::floor(static_cast<double>(n) * (1 - o.validation_split)));
    if (cut == 0)
      refuse("fit", fmt::format("validation_split {} leaves none of {} samples", o.validation_split, n), at);
    validation = training.slice(cut, n);
    training = training.slice(0, cut);
  }
  if (!o.class_weight.empty()) training.weight = weights_of_classes(training.y, o.class_weight, at);
  optimizer(at);  // is made
  const GradientsUntilHere gradients(s.optimizer);
  const GradModeGuard record(true);
  const Batches batches(training, o.batch_size, o.shuffle, at);
  History history;
  s.stop = false;
  for (const CallbackPart& callback : o.callbacks) callback->on_train_begin(*this);
  for (std::int64_t epoch = o.initial_epoch; epoch < o.epochs && !s.stop; ++epoch) {
    for (const CallbackPart& callback : o.callbacks) callback->on_epoch_begin(*this, epoch);
    s.net.train();
    s.reset_metrics();
    train::Mean loss;
    std::optional<train::Progress> bar;
    if (o.verbose == 1) bar.emplace(batches.size(), fmt::format("Epoch {}/{}", epoch + 1, o.epochs));
    batches.each([&](const Samples& batch) {
      loss.add(s.train_batch(batch, at), batch.x.size(0));
      if (bar) bar->update(1, fmt::format("loss: {:.4g}", loss.value()));
    });
    if (bar) bar->close();
    Logs logs{{"loss", loss.value()}};
    s.add_metrics(logs, "");
    if (validation.x.defined()) logs.merge(s.evaluate(validation, o.batch_size, "val_", at));
    for (const CallbackPart& callback : o.callbacks) callback->on_epoch_end(*this, epoch, logs);
    report(o, epoch, logs);
    history.epoch.push_back(epoch);
    for (const auto& [name, value] : logs) history.history[name].push_back(value);
  }
  for (const CallbackPart& callback : o.callbacks) callback->on_train_end(*this);
  return history;
}

Logs Sequential::evaluate(const Tensor& x, const Tensor& y, const EvaluateOptions& o, Location at) {
  const detail::CallSite site(at);
  state_->require_compiled("evaluate", at);
  if (o.batch_size < 1) refuse("evaluate", fmt::format("batch_size must be positive, got {}", o.batch_size), at);
  return state_->evaluate(state_->samples("evaluate", x, y, o.sample_weight, at), o.batch_size, "", at);
}

Tensor Sequential::predict(const Tensor& x, PredictOptions o, Location at) {
  const detail::CallSite site(at);
  if (o.batch_size < 1) refuse("predict", fmt::format("batch_size must be positive, got {}", o.batch_size), at);
  const Tensor inputs = state_->prepared("predict", x, at);
  nn::Sequential& net = state_->net;
  const NoGradGuard off;
  const Evaluating mode(net);
  std::vector<Tensor> parts;
  for (std::int64_t i = 0; i < inputs.size(0); i += o.batch_size)
    parts.push_back(net(inputs.slice(0, i, std::min(i + o.batch_size, inputs.size(0))), at));
  return cat(parts, 0);
}

Tensor Sequential::operator()(const Tensor& x, Location at) {
  const Tensor inputs = state_->prepared("keras::Sequential", x, at);
  return state_->net(inputs, at);
}

KerasTensor Sequential::operator()(const KerasTensor& x, Location at) {
  const detail::CallSite site(at);
  state_->require_samples("keras::Sequential", x.shape(), at);
  const auto make = [net = state_->net](const Shape&) { return nn::AnyModule(net); };
  return (state_->takes_indices() ? Layer::of_indices("model", make) : Layer("model", make))(x, at);
}

train::Summary Sequential::summary(Location at) {
  const nn::Sequential built = net(at);
  return train::summary(built, sample_of_zeros(state_->input, state_->takes_indices()));
}

void Sequential::save_weights(const std::string& path, Location at) {
  save_safetensors(net(at).state_dict(at), path, {}, at);
}
void Sequential::load_weights(const std::string& path, Location at) {
  net(at).load_state_dict(load_safetensors(path, at), true, at);
}

const std::vector<double>& History::at(const std::string& name, Location at) const {
  return named(history, "History", "value", name, at);
}

}  // namespace xgrad::keras
