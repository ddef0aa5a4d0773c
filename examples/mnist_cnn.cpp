// LeNet-5 (LeCun et al. 1998) reads handwritten digits: shifted copies of the training images, a one-cycle learning
// rate, early stopping, checkpoints, and a look at what the first layer has learnt.
//
//   mnist_cnn                       the bundled 8x8 digits, a small network, a few seconds
//   mnist_cnn --mnist DIR           MNIST files (…-images-idx3-ubyte[.gz]), LeNet-5
//   mnist_cnn --mnist DIR --resume  goes on where an interrupted run stopped
//
// Writes out/mnist_cnn.svg (learning curves), out/mnist_cnn_filters.svg, out/mnist_cnn_features.svg,
// out/mnist_cnn_graph.svg, out/metrics.csv, out/mnist_cnn.safetensors (the best weights) and after every epoch
// out/mnist_cnn.checkpoint.safetensors. Ctrl-C stops after the current batch and still saves.
#include <algorithm>
#include <array>
#include <chrono>
#include <iostream>

#include "common.hpp"

namespace nn = xgrad::nn;
namespace optim = xgrad::optim;
namespace data = xgrad::data;
namespace train = xgrad::train;
namespace viz = xgrad::viz;
using xgrad::Tensor;

struct Settings {
  Common common;
  DigitSource source;
  std::string activation = "relu";
  int epochs = 10, patience = 5;
  std::int64_t batch_size = 64, shift = -1;
  double lr = 4e-3, weight_decay = 0.01, validation = 0.1;
  bool resume = false;
};

// LeNet-5 for images of 28 x 28 pixels and similar ones; smaller kernels for small images. Pooling takes the largest
// value, which trains faster than the sums of 1998.
struct LeNet : nn::Layer<LeNet> {
  LeNet(std::int64_t height, std::int64_t width, bool use_tanh)
      : small(std::min(height, width) < 20),
        use_tanh(use_tanh),
        c1(register_module("c1", small ? nn::Conv2d(1, 16, 3, {.padding = 1}) : nn::Conv2d(1, 6, 5, {.padding = 2}))),
        c3(register_module("c3", small ? nn::Conv2d(16, 32, 3, {.padding = 1}) : nn::Conv2d(6, 16, 5))),
        c5(register_module("c5", nn::Linear(small ? 32 * (height / 4) * (width / 4)
                                                  : 16 * ((height / 2 - 4) / 2) * ((width / 2 - 4) / 2),
                                            120))),
        f6(register_module("f6", nn::Linear(120, 84))),
        out(register_module("out", nn::Linear(84, 10))) {}
  Tensor features(const Tensor& x) const { return activation(c1(x)); }
  Tensor forward(const Tensor& x) const {
    const Tensor s2 = max_pool2d(features(x), 2), s4 = max_pool2d(activation(c3(s2)), 2);
    return out(activation(f6(activation(c5(s4.flatten(1))))));
  }
  Tensor activation(const Tensor& x) const { return use_tanh ? tanh(x) : relu(x); }

  bool small, use_tanh;
  nn::Conv2d c1, c3;
  nn::Linear c5, f6, out;
};

// Every image moved by up to `most` pixels each way, black coming in: (N, 1, H, W) -> (N, 1, H, W).
Tensor shifted(const Tensor& images, std::int64_t most) {
  if (most == 0) return images;
  const std::int64_t n = images.size(0), height = images.size(2), width = images.size(3);
  const std::vector<std::int64_t> moves = xgrad::randint(-most, most + 1, {n, 2}).to_vector<std::int64_t>();
  const Tensor contiguous = images.contiguous();
  Tensor out = xgrad::zeros(images.shape());
  const float* from = contiguous.data<float>();
  float* to = out.mutable_data<float>();
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t dy = moves[static_cast<std::size_t>(2 * i)], dx = moves[static_cast<std::size_t>(2 * i + 1)];
    const std::int64_t left = std::max<std::int64_t>(0, dx), columns = std::max<std::int64_t>(0, width - std::abs(dx));
    for (std::int64_t y = std::max<std::int64_t>(0, dy); y < std::min(height, height + dy); ++y)
      std::copy_n(from + (i * height + y - dy) * width + left - dx, columns, to + (i * height + y) * width + left);
  }
  return out;
}

struct Score {
  double loss = 0, accuracy = 0;
};

// Mean loss and accuracy without training; counts into `confusion` when given.
Score evaluate(LeNet& net, const data::TensorDataset& set, train::ConfusionMatrix* confusion = nullptr) {
  const xgrad::NoGradGuard off;
  train::Mean loss, accuracy;
  for (auto& [x, y] : data::DataLoader(set, {.batch_size = 500})) {
    const Tensor scores = net(x);
    loss.add(cross_entropy(scores, y).item(), x.size(0));
    accuracy.add(train::accuracy(scores, y), x.size(0));
    if (confusion) confusion->update(scores, y);
  }
  return {loss.value(), accuracy.value()};
}

// Training with everything that must survive an interruption.
class Run {
 public:
  Run(LeNet& net, const data::TensorDataset& training, const data::TensorDataset& validation, const Settings& s)
      : net_(net),
        validation_(validation),
        s_(s),
        loader_(training, {.batch_size = s.batch_size, .shuffle = true}),
        opt_(net.parameters(), {.lr = s.lr, .weight_decay = s.weight_decay}),
        schedule_(opt_, s.lr, {.epochs = s.epochs, .steps_per_epoch = loader_.size()}),
        best_weights_(copies(net.state_dict())) {}

  void fit() {
    const train::InterruptGuard interrupt;
    train::Progress progress(loader_.size() * (s_.epochs - static_cast<int>(history.size())), "training");
    while (static_cast<int>(history.size()) < s_.epochs) {
      const int epoch = static_cast<int>(history.size()) + 1;
      progress.set_label("epoch " + std::to_string(epoch) + "/" + std::to_string(s_.epochs));
      const Score training = train_epoch(interrupt, progress);
      if (interrupt.interrupted()) {
        progress.close();
        std::printf("interrupted in epoch %d: --resume starts it again\n", epoch);
        break;
      }
      const Score validation = evaluate(net_, validation_);
      history.push_back({training, validation});
      if (best_epoch_ < 0 || validation.accuracy > history[static_cast<std::size_t>(best_epoch_)][1].accuracy) {
        best_epoch_ = epoch - 1;
        best_weights_ = copies(net_.state_dict());
      }
      save_checkpoint();
      if (epoch - 1 - best_epoch_ < s_.patience) continue;
      progress.close();
      std::printf("early stop after epoch %d: best validation accuracy in epoch %d\n", epoch, best_epoch_ + 1);
      break;
    }
    net_.load_state_dict(best_weights_);
  }

  std::string checkpoint() const { return s_.common.out + "/mnist_cnn.checkpoint.safetensors"; }

  // All or nothing: a file of another network or of another program changes nothing and says why.
  void resume() {
    const train::LoadedCheckpoint at =
        train::load_checkpoint(checkpoint(), {.model = net_, .optimizer = opt_, .scheduler = schedule_});
    std::vector<double> scores;
    best_weights_.clear();
    for (const auto& [name, t] : at.extra) {
      if (name == "history")
        scores = t.to_vector<double>();
      else if (name == "best_epoch")
        best_epoch_ = t.item<int>();
      else if (name.starts_with(kBest))
        best_weights_.emplace_back(name.substr(kBest.size()), t);
    }
    for (std::size_t i = 0; i + 3 < scores.size(); i += 4)
      history.push_back({Score{scores[i], scores[i + 1]}, Score{scores[i + 2], scores[i + 3]}});
    if (static_cast<std::int64_t>(history.size()) != at.epoch || best_epoch_ < 0 || best_weights_.empty())
      throw xgrad::IoError("xgrad: " + checkpoint() + ": not a checkpoint of this program");
    std::printf("resumed after epoch %zu\n", history.size());
  }

  std::vector<std::array<Score, 2>> history;  // per epoch: training, validation

 private:
  inline static const std::string kBest = "best.";
  static xgrad::NamedTensors copies(const xgrad::NamedTensors& tensors) {
    xgrad::NamedTensors out;
    for (const auto& [name, t] : tensors) out.emplace_back(name, t.detach().clone());
    return out;
  }

  Score train_epoch(const train::InterruptGuard& interrupt, train::Progress& progress) {
    const std::int64_t most = s_.shift >= 0 ? s_.shift : net_.small ? 1 : 2;
    train::Mean loss, accuracy;
    for (auto& [x, y] : loader_) {
      opt_.zero_grad();
      const Tensor scores = net_(shifted(x, most));
      const Tensor l = cross_entropy(scores, y);
      loss.add(checked(l, "mnist_cnn"), x.size(0));
      l.backward();
      opt_.step();
      schedule_.step();
      accuracy.add(train::accuracy(scores, y), x.size(0));
      char note[48];
      std::snprintf(note, sizeof note, "loss=%.4f, accuracy=%.3f", loss.value(), accuracy.value());
      progress.update(1, note);
      if (interrupt.interrupted()) break;
    }
    return {loss.value(), accuracy.value()};
  }

  void save_checkpoint() {
    std::vector<double> scores;
    for (const auto& [training, validation] : history)
      scores.insert(scores.end(), {training.loss, training.accuracy, validation.loss, validation.accuracy});
    xgrad::NamedTensors extra{{"history", xgrad::from_vector(scores)}, {"best_epoch", xgrad::tensor(best_epoch_)}};
    for (const auto& [name, t] : best_weights_) extra.emplace_back(kBest + name, t);
    train::save_checkpoint(checkpoint(), {.model = net_,
                                          .optimizer = opt_,
                                          .scheduler = schedule_,
                                          .epoch = static_cast<std::int64_t>(history.size()),
                                          .extra = extra});
  }

  LeNet& net_;
  const data::TensorDataset& validation_;
  const Settings& s_;
  data::DataLoader loader_;
  optim::AdamW opt_;
  optim::OneCycleLR schedule_;
  int best_epoch_ = -1;
  xgrad::NamedTensors best_weights_;
};

// The graph of one training step on a few samples.
void draw_step(LeNet& net, const data::TensorDataset& set, const std::string& file) {
  const xgrad::TapeRecorder record;
  net.zero_grad();
  Tensor x = set.data.slice(0, 0, 4).clone(), y = set.target.slice(0, 0, 4).clone();
  x.set_name("images");
  y.set_name("labels");
  const Tensor loss = cross_entropy(net(x), y);
  loss.backward();
  viz::save(loss, file);
}

// The filters of the first layer, and what they make of a few digits.
void draw_filters(const LeNet& net, const Tensor& digits, const std::string& file) {
  const xgrad::NoGradGuard off;
  viz::image_grid(net.c1.weight, file + "_filters.svg",
                  {.tile = 60, .title = "Filters of the first layer (green: positive, purple: negative)"});
  std::vector<Tensor> rows;
  std::vector<std::string> labels;
  const Tensor maps = net.features(digits);
  for (std::int64_t i = 0; i < digits.size(0); ++i)
    rows.push_back(xgrad::cat({digits[i], maps[i] / amax(abs(maps[i]))}));
  viz::image_grid(rows, file + "_features.svg",
                  {.title = "Digits, and what each filter of the first layer sees in them"});
}

void draw_curves(const std::vector<std::array<Score, 2>>& history, const std::string& file) {
  std::vector<double> epochs, training, validation;
  for (const auto& [t, v] : history) {
    epochs.push_back(static_cast<double>(epochs.size() + 1));
    training.push_back(100 * (1 - t.accuracy));
    validation.push_back(100 * (1 - v.accuracy));
  }
  viz::Plot({.title = "Misread digits", .x_label = "epoch", .y_label = "%", .y_scale = viz::Scale::log})
      .line(epochs, training, {.label = "training (shifted images)", .marker = viz::Marker::circle})
      .line(epochs, validation, {.label = "validation", .marker = viz::Marker::square})
      .save(file);
}

void report(const char* name, const Score& s, std::int64_t n) {
  std::printf("%-11s loss %.4f  accuracy %.4f  (%lld digits)\n", name, s.loss, s.accuracy, static_cast<long long>(n));
}

void save_metrics(const Run& run, const Score& test, const std::string& path) {
  train::MetricsLog log;
  for (std::size_t i = 0; i < run.history.size(); ++i)
    for (const std::size_t part : {0u, 1u}) {
      const char* split = part ? "validation" : "train";
      log.add(static_cast<std::int64_t>(i + 1), split, "loss", run.history[i][part].loss);
      log.add(static_cast<std::int64_t>(i + 1), split, "accuracy", run.history[i][part].accuracy);
    }
  log.add(0, "test", "loss", test.loss);
  log.add(0, "test", "accuracy", test.accuracy);
  log.save(path);
}

void run(const Settings& s) {
  start(s.common);
  const DigitImages digits = load_digit_images(s.source.mnist, s.source.digits);
  LeNet net(digits.test.data.size(2), digits.test.data.size(3), s.activation == "tanh");
  std::cout << train::summary(net, digits.test.data.slice(0, 0, s.batch_size)).str() << std::flush;
  const data::Split parts = data::random_split(digits.training, s.validation);
  Run training(net, parts.first, parts.second, s);
  if (s.resume) training.resume();
  const auto begin = std::chrono::steady_clock::now();
  training.fit();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();

  train::ConfusionMatrix confusion(10);
  const Score test = evaluate(net, digits.test, &confusion);
  report("train", evaluate(net, parts.first), parts.first.size());
  report("validation", evaluate(net, parts.second), parts.second.size());
  report("test", test, digits.test.size());
  std::cout << confusion.str() << std::flush;

  const std::string file = s.common.out + "/mnist_cnn";
  xgrad::save_safetensors(net.state_dict(), file + ".safetensors");
  save_metrics(training, test, s.common.out + "/metrics.csv");
  draw_curves(training.history, file + ".svg");
  draw_filters(net, digits.test.data.slice(0, 0, 5), file);
  draw_step(net, parts.first, file + "_graph.svg");
  std::printf(
      "trained for %.1f s; wrote %s.svg, _filters.svg, _features.svg, _graph.svg, .safetensors and %s/metrics.csv\n",
      seconds, file.c_str(), s.common.out.c_str());
}

int main(int argc, char** argv) {
  Settings s;
  CLI::App app("LeNet-5 reads handwritten digits");
  app.add_option("--epochs", s.epochs, "most passes over the training data")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--lr", s.lr, "highest learning rate of the cycle")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--batch-size", s.batch_size, "samples per step")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--activation", s.activation, "relu or tanh")
      ->capture_default_str()
      ->check(CLI::IsMember({"relu", "tanh"}));
  app.add_option("--shift", s.shift, "pixels by which training images move at most; -1: 2, or 1 for small images")
      ->capture_default_str()
      ->check(CLI::Range(-1, 100));
  app.add_option("--weight-decay", s.weight_decay, "of AdamW")->capture_default_str()->check(CLI::NonNegativeNumber);
  app.add_option("--validation", s.validation, "share of the training data kept for early stopping")
      ->capture_default_str()
      ->check(CLI::Range(0.01, 0.9));
  app.add_option("--patience", s.patience, "epochs without improvement before stopping")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_flag("--resume", s.resume, "go on from the checkpoint in --out, with the same other options");
  add_digit_options(app, s.source);
  add_common_options(app, s.common);
  CLI11_PARSE(app, argc, argv);
  return guarded([&] { run(s); });
}
