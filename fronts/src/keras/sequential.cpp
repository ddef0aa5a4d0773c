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

#include "keras/graph.hpp"
#include "keras/masks.hpp"
#include "keras/modes.hpp"
#include "keras/names.hpp"
#include "keras/samples.hpp"
#include "update_rules.hpp"

namespace xgrad::keras {

struct Sequential::State {
  // What the model makes of a batch, and the masks of it.
  struct Result {
    std::vector<Tensor> values, masks;
  };
  std::vector<Layer> layers;
  std::shared_ptr<GraphModule> graph;  // of a keras::Model, in the place of layers
  nn::Sequential net = nullptr;        // once the shapes of the inputs are known
  std::vector<Shape> inputs;
  std::optional<CompileOptions> compiled;
  std::unique_ptr<optim::Optimizer> optimizer;
  std::int64_t steps = 0;
  bool stop = false;

  std::size_t input_count() const { return graph ? graph->inputs.size() : 1; }
  std::size_t output_count() const { return graph ? graph->outputs.size() : 1; }
  bool takes_indices(std::size_t input) const;
  void build(const Shape& shape, const Location& at);
  void require_compiled(const char* op, const Location& at) const;
  // Samples of this shape; the network is built for it.
  void require_samples(const char* op, std::size_t input, const Shape& shape, const Location& at);
  // x as the first layers take it, after the network was built for it.
  std::vector<Tensor> prepared(const char* op, const TensorList& x, const Location& at);
  Samples samples(const char* op, const TensorList& x, const TensorList& y, const Tensor& weight, const Location& at);
  Result call(const std::vector<Tensor>& x, const Location& at) const;
  const Loss& loss_of(std::size_t output) const {
    return compiled->losses.empty() ? compiled->loss : compiled->losses[output];
  }
  const std::vector<MetricChoice>& metrics_of(std::size_t output) const {
    return compiled->output_metrics.empty() ? compiled->metrics : compiled->output_metrics[output];
  }
  void check_compiled(const CompileOptions& o, const Location& at) const;
  // The loss with its penalties; adds to the means of the losses of the outputs, and to the metrics.
  Tensor objective(const Samples& batch, std::vector<train::Mean>& means, const Location& at) const;
  double train_batch(const Samples& batch, std::vector<train::Mean>& means, const Location& at);
  void reset_metrics() const;
  void add_values(Logs& logs, const std::string& prefix, const std::vector<train::Mean>& means) const;
  Logs evaluate(const Samples& samples, std::int64_t batch_size, const std::string& prefix, const Location& at);
};

bool Sequential::State::takes_indices(std::size_t input) const {
  if (graph) return graph->takes_indices[input];
  for (const Layer& layer : layers)
    if (!layer.input_shape()) return layer.takes_indices();
  return false;
}

void Sequential::State::build(const Shape& shape, const Location& at) {
  if (net) return;
  const detail::CallSite site(at);
  if (layers.empty()) refuse("keras::Sequential", "there are no layers", at);
  const NoGradGuard off;
  const MaskScope masks;
  nn::Sequential built;
  std::map<std::string, int> seen;
  Tensor x = sample_of_zeros(shape, takes_indices(0));
  for (const Layer& layer : layers) {
    if (layer.input_shape()) continue;
    const int number = seen[layer.kind()]++;
    const std::string name = number == 0 ? layer.kind() : fmt::format("{}_{}", layer.kind(), number);
    built.add(name, layer.make(sample_shape(layer.kind(), x, at)), at);
    built.eval();
    x = first_result(layer, built[static_cast<std::int64_t>(built.size()) - 1], x, at);
  }
  if (built.size() > 0) sample_shape(built[static_cast<std::int64_t>(built.size()) - 1].name(), x, at);
  built.train();
  net = built;
  inputs = {shape};
}

void Sequential::State::require_compiled(const char* op, const Location& at) const {
  if (!compiled)
    ErrorReport(op, "the model is not compiled", at)
        .help("call compile({.optimizer = ..., .loss = ...})")
        .value_error();
}

void Sequential::State::require_samples(const char* op, std::size_t input, const Shape& shape, const Location& at) {
  const bool open = !net && (layers.empty() || !layers.front().input_shape());
  const Shape wanted = net ? inputs[input] : open ? shape : *layers.front().input_shape();
  if (shape == wanted) return build(shape, at);
  const std::string which = inputs.size() > 1 ? fmt::format(" of input {}", input) : "";
  ErrorReport(op, fmt::format("samples{} must be of shape {}, got {}", which, to_string(wanted), to_string(shape)), at)
      .shape_error();
}

namespace {

void require_count(const char* op, const char* what, std::size_t wanted, std::size_t got, const Location& at) {
  if (wanted != got)
    refuse(op,
           fmt::format("the model has {} {}{}, got {} tensor{}", wanted, what, wanted == 1 ? "" : "s", got,
                       got == 1 ? "" : "s"),
           at);
}

}  // namespace

std::vector<Tensor> Sequential::State::prepared(const char* op, const TensorList& x, const Location& at) {
  require_count(op, "input", input_count(), x.all().size(), at);
  for (const Tensor& t : x.all()) {
    require_defined(op, t, at);
    if (t.dim() < 1 || t.size(0) == 0) ErrorReport(op, "x has no samples", at).operand("x", t).shape_error();
    if (t.size(0) != x.all()[0].size(0))
      ErrorReport(op, "inputs have different numbers of samples", at)
          .operand("first", x.all()[0])
          .operand("other", t)
          .shape_error();
  }
  std::vector<Tensor> out;
  for (const Tensor& t : x.all()) {
    const std::size_t input = out.size();
    require_samples(op, input, Shape(std::vector<std::int64_t>(t.shape().begin() + 1, t.shape().end())), at);
    out.push_back(t.detach().to(takes_indices(input) ? kInt64 : kFloat32));
  }
  return out;
}

Samples Sequential::State::samples(const char* op, const TensorList& x, const TensorList& y, const Tensor& weight,
                                   const Location& at) {
  const std::vector<Tensor> inputs_of_samples = prepared(op, x, at);
  const Tensor& first = x.all()[0];
  require_count(op, "output", output_count(), y.all().size(), at);
  for (const Tensor& t : y.all()) {
    require_defined(op, t, at);
    if (t.dim() < 1 || t.size(0) != first.size(0))
      ErrorReport(op, "x and y have different numbers of samples", at)
          .operand("x", first)
          .operand("y", t)
          .shape_error();
  }
  return {inputs_of_samples, y.all(), checked_weights(op, first, weight, at)};
}

Sequential::State::Result Sequential::State::call(const std::vector<Tensor>& x, const Location& at) const {
  const MaskScope masks;
  Result r;
  if (input_count() == 1 && output_count() == 1)
    r.values = {net(x[0], at)};
  else
    r.values = (*graph)(x, at);
  for (const Tensor& y : r.values) r.masks.push_back(mask_of(y));
  return r;
}

namespace {

// What a loss and metrics are told of one output.
struct Told {
  Tensor y, p, weight;
};

// The steps that count. Targets that do not have these steps are for the loss to refuse.
Told without_masked(const Told& all, const Tensor& mask) {
  const std::int64_t steps = mask.size(1);
  if (all.y.dim() < 2 || all.y.size(0) != mask.size(0) || all.y.size(1) != steps) return all;
  Tensor weight = all.weight;
  if (weight.defined() && weight.dim() == 1) weight = weight.unsqueeze(1);
  if (weight.defined()) {
    if (weight.size(1) == 1) weight = weight.expand({mask.size(0), steps});
    if (weight.size(1) != steps) return all;
    weight = rows_that_count(weight, mask);
  }
  return {rows_that_count(all.y, mask), rows_that_count(all.p, mask), weight};
}

}  // namespace

Tensor Sequential::State::objective(const Samples& batch, std::vector<train::Mean>& means, const Location& at) const {
  const Result out = call(batch.x, at);
  Tensor total;
  for (std::size_t i = 0; i < out.values.size(); ++i) {
    Told told{batch.y[i], out.values[i], batch.weight};
    if (out.masks[i].defined()) told = without_masked(told, out.masks[i]);
    const bool nothing = told.p.size(0) == 0;  // every step is masked
    Tensor loss = nothing ? told.p.sum() : loss_of(i)(told.y, told.p, told.weight, at);
    means[i].add(loss.item(), batch.size());
    if (!compiled->loss_weights.empty()) loss = loss * compiled->loss_weights[i];
    total = total.defined() ? total + loss : loss;
    const NoGradGuard off;
    if (!nothing)
      for (const MetricChoice& metric : metrics_of(i)) metric.metric().update(told.p.detach(), told.y, at);
  }
  return total + nn::regularization_loss(net);
}

double Sequential::State::train_batch(const Samples& batch, std::vector<train::Mean>& means, const Location& at) {
  optimizer->zero_grad();
  const Tensor loss = objective(batch, means, at);
  loss.backward();
  ++steps;
  if (compiled->optimizer.before_step()) compiled->optimizer.before_step()(*optimizer, steps);
  optimizer->step();
  nn::apply_constraints(net);
  return loss.item();
}

void Sequential::State::reset_metrics() const {
  for (std::size_t i = 0; i < output_count(); ++i)
    for (const MetricChoice& metric : metrics_of(i)) metric.metric().reset();
}
void Sequential::State::add_values(Logs& logs, const std::string& prefix, const std::vector<train::Mean>& means) const {
  for (std::size_t i = 0; i < output_count(); ++i) {
    const std::string output = output_count() > 1 ? prefix + graph->output_names[i] + "_" : prefix;
    if (output_count() > 1) logs[output + "loss"] = means[i].value();
    for (const MetricChoice& metric : metrics_of(i)) logs[output + metric.name()] = metric.metric().compute();
  }
}

Logs Sequential::State::evaluate(const Samples& samples, std::int64_t batch_size, const std::string& prefix,
                                 const Location& at) {
  const NoGradGuard off;
  const Evaluating mode(net);
  reset_metrics();
  train::Mean mean;
  std::vector<train::Mean> means(output_count());
  Batches(samples, batch_size, false, at).each([&](const Samples& batch) {
    mean.add(objective(batch, means, at).item(), batch.size());
  });
  Logs logs{{prefix + "loss", mean.value()}};
  add_values(logs, prefix, means);
  return logs;
}

void Sequential::State::check_compiled(const CompileOptions& o, const Location& at) const {
  const std::size_t n = output_count();
  const auto require = [&](const char* option, std::size_t size) {
    if (size != 0 && size != n)
      refuse("compile", fmt::format("{} has {} entries, the model has {} output{}", option, size, n, n == 1 ? "" : "s"),
             at);
  };
  require("losses", o.losses.size());
  require("loss_weights", o.loss_weights.size());
  require("output_metrics", o.output_metrics.size());
  for (const double w : o.loss_weights)
    if (!std::isfinite(w)) refuse("compile", fmt::format("loss_weights must be finite, got {}", w), at);
  if (!o.metrics.empty() && (n > 1 || !o.output_metrics.empty()))
    ErrorReport("compile", fmt::format("metrics of which of the {} outputs?", n), at)
        .help("output_metrics has a list for each output")
        .value_error();
}

Sequential::Sequential(std::vector<Layer> layers, Location at) : state_(std::make_shared<State>()) {
  for (Layer& layer : layers) add(std::move(layer), at);
}

Sequential::Sequential(std::shared_ptr<GraphModule> graph) : state_(std::make_shared<State>()) {
  state_->net = nn::Sequential().add("functional", nn::AnyModule(*graph));
  state_->inputs = graph->inputs;
  state_->graph = std::move(graph);
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
  s.check_compiled(options, at);
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
  if (o.validation_split > 0 && !o.validation_data.x.empty())
    refuse("fit", "validation_split and validation_data exclude each other", at);
  if (o.validation_data.x.empty() != o.validation_data.y.empty())
    refuse("fit", fmt::format("validation_data has no {}", o.validation_data.x.empty() ? "x" : "y"), at);
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

History Sequential::fit(const TensorList& x, const TensorList& y, const FitOptions& o, Location at) {
  const detail::CallSite site(at);
  State& s = *state_;
  s.require_compiled("fit", at);
  check_fit(o, at);
  Samples training = s.samples("fit", x, y, o.sample_weight, at), validation;
  if (!o.validation_data.x.empty()) {
    const auto& [val_x, val_y, val_weight] = o.validation_data;
    validation = s.samples("fit", val_x, val_y, val_weight, at);
  } else if (o.validation_split > 0) {
    const std::int64_t n = training.size();
    const auto cut = static_cast<std::int64_t>(std::floor(static_cast<double>(n) * (1 - o.validation_split)));
    if (cut == 0)
      refuse("fit", fmt::format("validation_split {} leaves none of {} samples", o.validation_split, n), at);
    validation = training.slice(cut, n);
    training = training.slice(0, cut);
  }
  if (!o.class_weight.empty()) {
    if (s.output_count() > 1)
      refuse("fit", fmt::format("class_weight: the model has {} outputs, with classes of their own", s.output_count()),
             at);
    training.weight = weights_of_classes(training.y[0], o.class_weight, at);
  }
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
    std::vector<train::Mean> means(s.output_count());
    std::optional<train::Progress> bar;
    if (o.verbose == 1) bar.emplace(batches.size(), fmt::format("Epoch {}/{}", epoch + 1, o.epochs));
    batches.each([&](const Samples& batch) {
      loss.add(s.train_batch(batch, means, at), batch.size());
      if (bar) bar->update(1, fmt::format("loss: {:.4g}", loss.value()));
    });
    if (bar) bar->close();
    Logs logs{{"loss", loss.value()}};
    s.add_values(logs, "", means);
    if (!validation.x.empty()) logs.merge(s.evaluate(validation, o.batch_size, "val_", at));
    for (const CallbackPart& callback : o.callbacks) callback->on_epoch_end(*this, epoch, logs);
    report(o, epoch, logs);
    history.epoch.push_back(epoch);
    for (const auto& [name, value] : logs) history.history[name].push_back(value);
  }
  for (const CallbackPart& callback : o.callbacks) callback->on_train_end(*this);
  return history;
}

Logs Sequential::evaluate(const TensorList& x, const TensorList& y, const EvaluateOptions& o, Location at) {
  const detail::CallSite site(at);
  state_->require_compiled("evaluate", at);
  if (o.batch_size < 1) refuse("evaluate", fmt::format("batch_size must be positive, got {}", o.batch_size), at);
  return state_->evaluate(state_->samples("evaluate", x, y, o.sample_weight, at), o.batch_size, "", at);
}

std::vector<Tensor> Sequential::predict_all(const TensorList& x, PredictOptions o, Location at) {
  const detail::CallSite site(at);
  const State& s = *state_;
  if (o.batch_size < 1) refuse("predict", fmt::format("batch_size must be positive, got {}", o.batch_size), at);
  const Samples all{state_->prepared("predict", x, at), {}, {}};
  const NoGradGuard off;
  const Evaluating mode(s.net);
  std::vector<std::vector<Tensor>> parts(s.output_count());
  for (std::int64_t i = 0; i < all.size(); i += o.batch_size) {
    const State::Result r = s.call(all.slice(i, std::min(i + o.batch_size, all.size())).x, at);
    for (std::size_t k = 0; k < parts.size(); ++k) parts[k].push_back(r.values[k]);
  }
  std::vector<Tensor> out;
  for (const std::vector<Tensor>& of_output : parts) out.push_back(cat(of_output, 0));
  return out;
}

Tensor Sequential::predict(const TensorList& x, PredictOptions o, Location at) {
  if (state_->output_count() > 1)
    ErrorReport("predict", fmt::format("the model has {} outputs", state_->output_count()), at)
        .help("predict_all(x) gives a tensor for each")
        .value_error();
  return predict_all(x, o, at)[0];
}

Tensor Sequential::operator()(const Tensor& x, Location at) {
  require_count("keras::Sequential", "output", state_->output_count(), 1, at);
  return state_->call(state_->prepared("keras::Sequential", x, at), at).values[0];
}

KerasTensor Sequential::operator()(const KerasTensor& x, Location at) {
  const detail::CallSite site(at);
  require_count("keras::Sequential", "input", state_->input_count(), 1, at);
  require_count("keras::Sequential", "output", state_->output_count(), 1, at);
  state_->require_samples("keras::Sequential", 0, x.shape(), at);
  const auto make = [net = state_->net](const Shape&) { return nn::AnyModule(net); };
  Layer layer = state_->takes_indices(0) ? Layer::of_indices("model", make) : Layer("model", make);
  return layer.set_masks(Layer::Masks::own)(x, at);
}

std::vector<std::string> Sequential::output_names(Location at) {
  if (state_->graph) return state_->graph->output_names;
  const nn::Sequential built = net(at);
  const auto names = built.named_children();
  return {names.empty() ? "input" : names.back().first};
}

train::Summary Sequential::summary(Location at) {
  const nn::Sequential built = net(at);
  require_count("summary", "input", state_->input_count(), 1, at);
  require_count("summary", "output", state_->output_count(), 1, at);
  const MaskScope masks;
  return train::summary(built, sample_of_zeros(state_->inputs[0], state_->takes_indices(0)));
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
