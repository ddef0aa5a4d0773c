// LeNet-5 (LeCun et al. 1998) reads handwritten digits: shifted copies of the training images, a one-cycle learning
// rate, early stopping, checkpoints, and a look at what the first layer has learnt.
//
//   mnist_cnn                       the bundled 8x8 digits, a small network, a few seconds
//   mnist_cnn --mnist DIR           MNIST files (…-images-idx3-ubyte[.gz]), LeNet-5
//   mnist_cnn --mnist DIR --resume  goes on where an interrupted run stopped
//   mnist_cnn --fashion             70,000 pictures of clothes (scripts/setup.sh --data installs them), LeNet-5 made
//                                   wider, batch normalisation, a few minutes
//
// Writes out/mnist_cnn.svg (learning curves), out/mnist_cnn_filters.svg, out/mnist_cnn_features.svg,
// out/mnist_cnn_graph.svg, out/metrics.csv, out/mnist_cnn.safetensors (the best weights) and after every epoch
// out/mnist_cnn.checkpoint.safetensors. Ctrl-C stops after the current batch and still saves.
#include <algorithm>
#include <array>
#include <chrono>
#include <iostream>
#include <optional>

#include <xgrad/autograd.hpp>

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
  std::string fashion;  // folder
  std::string activation = "relu";
  int epochs = 0, patience = 5;
  std::int64_t batch_size = 32, shift = -1;
  double lr = 4e-3, weight_decay = 0.01, validation = 0.1;
  bool resume = false;
};

// How LeNet-5 is built: its own sizes are for images of 28 x 28 pixels and similar ones.
struct Sizes {
  std::int64_t c1 = 6, c3 = 16, kernel = 5, c5 = 120, f6 = 84;
  bool padded = false;  // the second convolution; the first one always is
  bool norm = false;    // batch normalisation after each convolution
  double dropout = 0;   // before the last two layers
};
constexpr Sizes kLeNet5{}, kSmallImages{.c1 = 16, .c3 = 32, .kernel = 3, .padded = true},
    kFashion{.c1 = 32, .c3 = 64, .kernel = 3, .c5 = 256, .f6 = 128, .padded = true, .norm = true, .dropout = 0.3};

// Pooling takes the largest value, which trains faster than the sums of 1998.
struct LeNet : nn::Layer<LeNet> {
  LeNet(std::int64_t height, std::int64_t width, const Sizes& s, bool use_tanh)
      : sizes(s),
        use_tanh(use_tanh),
        c1(register_module("c1", nn::Conv2d(1, s.c1, s.kernel, {.padding = s.kernel / 2}))),
        c3(register_module("c3", nn::Conv2d(s.c1, s.c3, s.kernel, {.padding = s.padded ? s.kernel / 2 : 0}))),
        c5(register_module("c5", nn::Linear(s.c3 * pooled(height) * pooled(width), s.c5))),
        f6(register_module("f6", nn::Linear(s.c5, s.f6))),
        out(register_module("out", nn::Linear(s.f6, 10))) {
    if (!s.norm) return;
    n1 = register_module("n1", nn::BatchNorm2d(s.c1));
    n3 = register_module("n3", nn::BatchNorm2d(s.c3));
  }
  // Of the image's side, after both convolutions and poolings.
  std::int64_t pooled(std::int64_t side) const { return (side / 2 - (sizes.padded ? 0 : sizes.kernel - 1)) / 2; }

  Tensor features(const Tensor& x) const { return activation(n1 ? (*n1)(c1(x)) : c1(x)); }
  Tensor forward(const Tensor& x) const {
    const Tensor s2 = max_pool2d(features(x), 2), maps = n3 ? (*n3)(c3(s2)) : c3(s2);
    const Tensor s4 = max_pool2d(activation(maps), 2), h5 = activation(c5(dropped(s4.flatten(1))));
    return out(dropped(activation(f6(h5))));
  }
  Tensor activation(const Tensor& x) const { return use_tanh ? tanh(x) : relu(x); }
  Tensor dropped(const Tensor& x) const { return sizes.dropout > 0 ? dropout(x, sizes.dropout, is_training()) : x; }

  Sizes sizes;
  bool use_tanh;
  nn::Conv2d c1, c3;
  nn::Linear c5, f6, out;
  std::optional<nn::BatchNorm2d> n1, n3;
};

struct Score {
  double loss = 0, accuracy = 0;
};

// Mean loss and accuracy without training; counts into `confusion` when given.
Score evaluate(LeNet& net, const data::TensorDataset& set, train::ConfusionMatrix* confusion = nullptr) {
  const xgrad::NoGradGuard off;
  net.eval();
  train::Mean loss, accuracy;
  for (auto& [x, y] : data::DataLoader(set, {.batch_size = 500})) {
    const Tensor scores = net(x);
    loss.add(cross_entropy(scores, y).item(), x.size(0));
    accuracy.add(train::accuracy(scores, y), x.size(0));
    if (confusion) confusion->update(scores, y);
  }
  net.train();
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
      if (best_epoch_ < 0 || validation.loss < history[static_cast<std::size_t>(best_epoch_)][1].loss) {
        best_epoch_ = epoch - 1;
        best_weights_ = copies(net_.state_dict());
      }
      save_checkpoint();
      if (epoch - 1 - best_epoch_ < s_.patience) continue;
      progress.close();
      std::printf("early stop after epoch %d: lowest validation loss in epoch %d\n", epoch, best_epoch_ + 1);
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
    train::Mean loss, accuracy;
    for (auto& [x, y] : loader_) {
      opt_.zero_grad();
      const Tensor scores = net_(moved(x, s_.shift, !s_.fashion.empty()));
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

// The filters of the first layer, and what they make of a few images.
void draw_filters(LeNet& net, const Tensor& images, const char* noun, const std::string& file) {
  const xgrad::NoGradGuard off;
  net.eval();
  viz::image_grid(
      net.c1.weight, file + "_filters.svg",
      {.columns = 8, .tile = 60, .title = "Filters of the first layer (green: positive, purple: negative)"});
  std::vector<Tensor> rows;
  const Tensor maps = net.features(images);
  for (std::int64_t i = 0; i < images.size(0); ++i)
    rows.push_back(xgrad::cat({images[i], maps[i] / amax(abs(maps[i]))}));
  viz::image_grid(rows, file + "_features.svg",
                  {.title = std::string(noun) + ", and what each filter of the first layer sees in them"});
  net.train();
}

void draw_curves(const std::vector<std::array<Score, 2>>& history, const char* noun, const std::string& file) {
  std::vector<double> epochs, training, validation;
  for (const auto& [t, v] : history) {
    epochs.push_back(static_cast<double>(epochs.size() + 1));
    training.push_back(100 * (1 - t.accuracy));
    validation.push_back(100 * (1 - v.accuracy));
  }
  viz::Plot({.title = std::string("Misread ") + noun, .x_label = "epoch", .y_label = "%", .y_scale = viz::Scale::log})
      .line(epochs, training, {.label = "training (shifted images)", .marker = viz::Marker::circle})
      .line(epochs, validation, {.label = "validation", .marker = viz::Marker::square})
      .save(file);
}

void report(const char* name, const Score& s, std::int64_t n, const char* noun) {
  std::printf("%-11s loss %.4f  accuracy %.4f  (%lld %s)\n", name, s.loss, s.accuracy, static_cast<long long>(n), noun);
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

void run(Settings s) {
  start(s.common);
  const bool fashion = !s.fashion.empty();
  if (fashion) require_fashion(s.fashion);
  const DigitImages digits = load_digit_images(fashion ? s.fashion : s.source.mnist, s.source.digits);
  const std::int64_t height = digits.test.data.size(2), width = digits.test.data.size(3);
  const bool small = std::min(height, width) < 20;
  LeNet net(height, width, fashion ? kFashion : small ? kSmallImages : kLeNet5, s.activation == "tanh");
  std::cout << train::summary(net, digits.test.data.slice(0, 0, s.batch_size)).str() << std::flush;
  if (s.epochs == 0) s.epochs = small ? 40 : 10;
  if (s.shift < 0) s.shift = small ? 1 : 2;
  const std::int64_t all = digits.training.size(), held_out = std::llround(s.validation * static_cast<double>(all));
  const auto [training_set, validation_set] = data::random_split(digits.training, {all - held_out, held_out});
  Run training(net, training_set, validation_set, s);
  if (s.resume) training.resume();
  const auto begin = std::chrono::steady_clock::now();
  training.fit();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();

  const char* noun = fashion ? "pictures" : "digits";
  train::ConfusionMatrix confusion(10);
  const Score test = evaluate(net, digits.test, &confusion);
  report("train", evaluate(net, training_set), training_set.size(), noun);
  report("validation", evaluate(net, validation_set), validation_set.size(), noun);
  report("test", test, digits.test.size(), noun);
  std::cout << confusion.str(fashion ? fashion_names() : std::vector<std::string>()) << std::flush;

  const std::string file = s.common.out + "/mnist_cnn";
  xgrad::save_safetensors(net.state_dict(), file + ".safetensors");
  save_metrics(training, test, s.common.out + "/metrics.csv");
  draw_curves(training.history, noun, file + ".svg");
  draw_filters(net, digits.test.data.slice(0, 0, 5), fashion ? "Pictures" : "Digits", file);
  draw_step(net, training_set, file + "_graph.svg");
  std::printf(
      "trained for %.1f s; wrote %s.svg, _filters.svg, _features.svg, _graph.svg, .safetensors and %s/metrics.csv\n",
      seconds, file.c_str(), s.common.out.c_str());
}

// Settings for clothes; what the command line says goes before.
void choose_for_fashion(const CLI::App& app, Settings& s) {
  prefer(app, "--epochs", s.epochs, 20);
  prefer(app, "--batch-size", s.batch_size, 128);
  prefer(app, "--lr", s.lr, 3e-3);
  prefer(app, "--shift", s.shift, 1);
  prefer(app, "--validation", s.validation, 0.05);
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
  add_fashion_option(app, s.fashion);
  add_common_options(app, s.common);
  CLI11_PARSE(app, argc, argv);
  if (!s.fashion.empty()) choose_for_fashion(app, s);
  return guarded([&] { run(s); });
}
