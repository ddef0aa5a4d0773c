// Trains a small network to read handwritten digits, shows what it learnt, and draws the graph of one training step.
//
//   digits                      the bundled 8x8 digits, a few seconds
//   digits --mnist DIR          MNIST files (…-images-idx3-ubyte[.gz]) instead
//   digits --fashion            70,000 pictures of clothes, a few minutes (scripts/setup.sh --data installs them)
//   digits --load out/digits.safetensors     scores a saved network again
//
// Writes out/report.html, which can be watched meanwhile, with out/metrics.csv and out/run.json, out/digits.svg and
// out/digits.safetensors. Ctrl-C stops after the current batch and still saves.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <sstream>

#include <xgrad/autograd.hpp>

#include "common.hpp"

namespace nn = xgrad::nn;
namespace optim = xgrad::optim;
namespace data = xgrad::data;
namespace train = xgrad::train;
using xgrad::Tensor;

struct Settings {
  int epochs = 80, patience = 40, threads = 0;
  std::int64_t batch_size = 64;
  double lr = 2e-3, dropout = 0.5, weight_decay = 0.05, validation = 0.1;
  std::vector<std::int64_t> hidden{512, 256};
  std::string optimizer = "adamw", mnist, fashion, load, out = "out", digits = "examples/data/digits.csv";
  std::uint64_t seed = 0;
  std::int64_t shift = 0;  // of training images, in pixels
  bool deterministic = false;
};

// Rows scaled to floats, in the order of the file: the first part trains, the last tests.
struct Digits {
  data::TensorDataset training, test;
};

Digits load_digits(const Settings& s) {
  if (!s.fashion.empty()) require_fashion(s.fashion);
  if (const std::string& folder = s.fashion.empty() ? s.mnist : s.fashion; !folder.empty()) {
    const bool full = std::filesystem::exists(folder + "/train-images-idx3-ubyte") ||
                      std::filesystem::exists(folder + "/train-images-idx3-ubyte.gz");
    const auto pixels = [](const data::TensorDataset& d) {
      return data::TensorDataset(d.data.to(xgrad::kFloat32).flatten(1), d.target);
    };
    if (full) return {pixels(data::read_mnist(folder, "train")), pixels(data::read_mnist(folder, "t10k"))};
    const data::TensorDataset all = pixels(data::read_mnist(folder, "t10k"));
    return {all.slice(0, all.size() - 1500), all.slice(all.size() - 1500, all.size())};
  }
  const Tensor table = data::read_csv(s.digits);
  const std::int64_t pixels = table.size(1) - 1;
  const data::TensorDataset all(table.slice(1, 0, pixels), table.select(1, pixels).to(xgrad::kInt64));
  return {all.slice(0, all.size() - 360), all.slice(all.size() - 360, all.size())};
}

nn::Sequential make_network(std::int64_t inputs, const std::vector<std::int64_t>& hidden, std::int64_t classes,
                            double dropout) {
  nn::Sequential net;
  std::int64_t width = inputs;
  for (std::size_t i = 0; i < hidden.size(); ++i) {
    const std::string n = std::to_string(i + 1);
    net.add("fc" + n, nn::Linear(width, hidden[i])).add("relu" + n, nn::ReLU());
    if (dropout > 0) net.add("drop" + n, nn::Dropout(dropout));
    width = hidden[i];
  }
  net.add("out", nn::Linear(width, classes));
  return net;
}

std::unique_ptr<optim::Optimizer> make_optimizer(const Settings& s, const nn::Sequential& net) {
  if (s.optimizer == "sgd")
    return std::make_unique<optim::SGD>(
        net.parameters(),
        optim::SGDOptions{.lr = s.lr, .momentum = 0.9, .weight_decay = s.weight_decay, .nesterov = true});
  if (s.optimizer == "adam") return std::make_unique<optim::Adam>(net.parameters(), optim::AdamOptions{.lr = s.lr});
  return std::make_unique<optim::AdamW>(net.parameters(),
                                        optim::AdamWOptions{.lr = s.lr, .weight_decay = s.weight_decay});
}

struct Score {
  double loss = 0, accuracy = 0;
};

// Mean loss and accuracy without training; counts into `confusion` when given.
Score evaluate(nn::Sequential& net, const data::TensorDataset& set, train::ConfusionMatrix* confusion = nullptr) {
  const xgrad::NoGradGuard off;
  net.eval();
  train::Mean loss, accuracy;
  for (auto& [x, y] : data::DataLoader(set, {.batch_size = 512})) {
    const Tensor scores = net(x);
    loss.add(cross_entropy(scores, y).item(), x.size(0));
    accuracy.add(train::accuracy(scores, y), x.size(0));
    if (confusion) confusion->update(scores, y);
  }
  net.train();
  return {loss.value(), accuracy.value()};
}

std::string joined(const std::vector<std::int64_t>& v) {
  std::string s;
  for (const std::int64_t n : v) s += (s.empty() ? "" : ",") + std::to_string(n);
  return s;
}

void save_network(const nn::Sequential& net, const data::Scaler& scaler, const Settings& s, const std::string& path) {
  xgrad::NamedTensors state = net.state_dict();
  state.emplace_back("scaler.center", scaler.center());
  state.emplace_back("scaler.scale", scaler.scale());
  xgrad::save_safetensors(state, path, {{"hidden", joined(s.hidden)}});
}

// The network and the scaler of a file written by save_network.
nn::Sequential load_network(const std::string& path, data::Scaler& scaler, Settings& s) {
  xgrad::SafetensorsContents file = xgrad::read_safetensors(path);
  if (!file.metadata.contains("hidden"))
    throw xgrad::IoError("xgrad: " + path + ": not saved by this program (no 'hidden' in its metadata)");
  s.hidden.clear();
  std::istringstream sizes(file.metadata["hidden"]);
  for (std::string n; std::getline(sizes, n, ',');) s.hidden.push_back(std::stoll(n));
  Tensor center, scale;
  std::erase_if(file.tensors, [&](const auto& t) {
    if (t.first == "scaler.center") center = t.second;
    if (t.first == "scaler.scale") scale = t.second;
    return t.first.starts_with("scaler.");
  });
  scaler.set(center, scale);
  nn::Sequential net = make_network(center.size(0), s.hidden, 10, s.dropout);
  net.load_state_dict(file.tensors);
  return net;
}

// The graph of one training step on a few samples, with all values and gradients.
void draw_step(nn::Sequential& net, const data::TensorDataset& set, const std::string& path) {
  const xgrad::TapeRecorder record;
  net.zero_grad();
  Tensor x = set.data.slice(0, 0, 4).clone(), y = set.target.slice(0, 0, 4).clone();
  x.set_name("pixels");
  y.set_name("labels");
  Tensor loss = cross_entropy(net(x), y);
  loss.backward();
  xgrad::viz::save(loss, path);
}

// What a batch of training images, one per row, is shown as: moved about, and clothes mirrored as well.
Tensor varied(const Tensor& x, const Settings& s) {
  if (s.shift == 0 && s.fashion.empty()) return x;
  const auto side = static_cast<std::int64_t>(std::lround(std::sqrt(static_cast<double>(x.size(1)))));
  return moved(x.reshape({-1, 1, side, side}), s.shift, !s.fashion.empty()).flatten(1);
}

// One pass over the training data; ends early when interrupted.
Score train_epoch(nn::Sequential& net, optim::Optimizer& opt, const data::DataLoader& loader, const Settings& s,
                  const train::InterruptGuard& interrupt, train::Progress& progress) {
  train::Mean loss, accuracy;
  for (auto& [x, y] : loader) {
    opt.zero_grad();
    const Tensor scores = net(varied(x, s));
    const Tensor l = cross_entropy(scores, y);
    const double value = l.item();
    if (!std::isfinite(value))
      throw xgrad::ValueError("digits: the loss became " + std::to_string(value) + "; try a smaller --lr");
    l.backward();
    opt.step();
    loss.add(value, x.size(0));
    accuracy.add(train::accuracy(scores, y), x.size(0));
    char note[32];
    std::snprintf(note, sizeof note, "loss=%.4f", loss.value());
    progress.update(1, note);
    if (interrupt.interrupted()) break;
  }
  return {loss.value(), accuracy.value()};
}

// The last epoch.
int fit(nn::Sequential& net, const data::TensorDataset& training_set, const data::TensorDataset& validation_set,
        const Settings& s, train::Report& run) {
  const std::unique_ptr<optim::Optimizer> opt = make_optimizer(s, net);
  train::EarlyStopping stopping({.patience = s.patience});
  const train::InterruptGuard interrupt;
  const data::DataLoader loader(training_set, {.batch_size = s.batch_size, .shuffle = true});
  train::Progress progress(loader.size() * s.epochs, "training");
  int epoch = 1;
  for (; epoch <= s.epochs; ++epoch) {
    progress.set_label("epoch " + std::to_string(epoch) + "/" + std::to_string(s.epochs));
    opt->set_lr(s.lr * 0.5 * (1 + std::cos(3.14159265358979 * (epoch - 1) / s.epochs)));
    const Score training = train_epoch(net, *opt, loader, s, interrupt, progress);
    const Score validation = evaluate(net, validation_set);
    for (const auto& [split, score] : {std::pair("train", training), std::pair("validation", validation)}) {
      run.add(epoch, split, "loss", score.loss);
      run.add(epoch, split, "accuracy", score.accuracy);
    }
    run.learning_rate(epoch, *opt).norms(epoch, net).write();
    const bool enough = stopping.step(validation.loss, net);
    if (interrupt.interrupted()) {
      progress.close();
      std::printf("interrupted in epoch %d: keeping the best weights so far\n", epoch);
      break;
    }
    if (enough) {
      progress.close();
      std::printf("early stop after epoch %d: no better validation loss than %.4f (epoch %d)\n", epoch, stopping.best(),
                  stopping.best_step() + 1);
      break;
    }
  }
  stopping.restore(net);
  return std::min(epoch, s.epochs);
}

std::vector<std::string> class_names(const Settings& s) {
  return s.fashion.empty() ? std::vector<std::string>() : fashion_names();
}

void report(const char* name, const Score& s, std::int64_t n, const Settings& settings) {
  const char* noun = settings.fashion.empty() ? "digits" : "pictures";
  std::printf("%-11s loss %.4f  accuracy %.4f  (%lld %s)\n", name, s.loss, s.accuracy, static_cast<long long>(n), noun);
}

// Each pixel's own range; clothes move over all of them and have one range for all.
void fit(data::Scaler& scaler, const Tensor& pixels, const Settings& s) {
  if (s.fashion.empty())
    scaler.fit(pixels);
  else
    scaler.set(xgrad::zeros({pixels.size(1)}), xgrad::full({pixels.size(1)}, 255.0));
}

void run(Settings s) {
  if (s.threads > 0) xgrad::set_num_threads(s.threads);
  xgrad::set_deterministic(s.deterministic);
  xgrad::manual_seed(s.seed);
  Digits digits = load_digits(s);
  data::MinMaxScaler scaler;
  train::ConfusionMatrix confusion(10);
  if (!s.load.empty()) {
    nn::Sequential net = load_network(s.load, scaler, s);
    digits.test.data = scaler.transform(digits.test.data);
    report("test", evaluate(net, digits.test, &confusion), digits.test.size(), s);
    std::cout << confusion.str(class_names(s));
    return;
  }
  std::filesystem::create_directories(s.out);
  fit(scaler, digits.training.data, s);
  digits.training.data = scaler.transform(digits.training.data);
  digits.test.data = scaler.transform(digits.test.data);
  nn::Sequential net = make_network(digits.training.data.size(1), s.hidden, 10, s.dropout);
  std::cout << train::summary(net, digits.test.data.slice(0, 0, s.batch_size)).str() << std::flush;

  const std::int64_t all = digits.training.size(), held_out = std::llround(s.validation * static_cast<double>(all));
  const auto [training_set, validation_set] = data::random_split(digits.training, {all - held_out, held_out});
  train::Report run({.name = "digits", .folder = s.out});
  const auto start = std::chrono::steady_clock::now();
  const int last = fit(net, training_set, validation_set, s, run);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();

  const Score training = evaluate(net, training_set), validation = evaluate(net, validation_set),
              test = evaluate(net, digits.test, &confusion);
  report("train", training, training_set.size(), s);
  report("validation", validation, validation_set.size(), s);
  report("test", test, digits.test.size(), s);
  std::cout << confusion.str(class_names(s));
  run.add(last, "test", "loss", test.loss).add(last, "test", "accuracy", test.accuracy);
  run.confusion(confusion, class_names(s)).filters("first layer", net.parameters()[0]).finish();

  draw_step(net, training_set, s.out + "/digits.svg");
  save_network(net, scaler, s, s.out + "/digits.safetensors");
  std::printf("trained for %.1f s; wrote %s/report.html, metrics.csv, digits.svg and digits.safetensors\n", seconds,
              s.out.c_str());
}

// Settings for clothes; what the command line says goes before.
void choose_for_fashion(const CLI::App& app, Settings& s) {
  prefer(app, "--hidden", s.hidden, {1024, 512});
  prefer(app, "--epochs", s.epochs, 40);
  prefer(app, "--batch-size", s.batch_size, 128);
  prefer(app, "--lr", s.lr, 1e-3);
  prefer(app, "--weight-decay", s.weight_decay, 0.01);
  prefer(app, "--dropout", s.dropout, 0.1);
  prefer(app, "--shift", s.shift, 1);
  prefer(app, "--validation", s.validation, 0.05);
}

int main(int argc, char** argv) {
  Settings s;
  CLI::App app("Trains a small network to read handwritten digits");
  app.add_option("--epochs", s.epochs, "most passes over the training data")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--lr", s.lr, "learning rate at the start; falls to 0 along a cosine")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  app.add_option("--batch-size", s.batch_size, "samples per step")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--hidden", s.hidden, "sizes of the hidden layers")
      ->delimiter(',')
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--optimizer", s.optimizer, "sgd, adam or adamw")
      ->capture_default_str()
      ->check(CLI::IsMember({"sgd", "adam", "adamw"}));
  app.add_option("--weight-decay", s.weight_decay, "for sgd and adamw")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  app.add_option("--dropout", s.dropout, "share of hidden units dropped in training")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--validation", s.validation, "share of the training data kept for early stopping")
      ->capture_default_str()
      ->check(CLI::Range(0.01, 0.9));
  app.add_option("--patience", s.patience, "epochs without improvement before stopping")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  app.add_option("--seed", s.seed, "of everything random")->capture_default_str();
  app.add_option("--threads", s.threads, "0: as many as there are cores")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  app.add_flag("--deterministic", s.deterministic, "the same bits for every number of threads");
  app.add_option("--digits", s.digits, "the bundled data")->capture_default_str();
  app.add_option("--mnist", s.mnist, "folder with MNIST's IDX files, plain or .gz");
  add_fashion_option(app, s.fashion);
  app.add_option("--shift", s.shift, "pixels by which training images move at most")
      ->capture_default_str()
      ->check(CLI::Range(0, 100));
  app.add_option("--load", s.load, "score this saved network instead of training");
  app.add_option("--out", s.out, "folder for the results")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  if (!s.fashion.empty()) choose_for_fashion(app, s);
  if (!s.mnist.empty()) prefer(app, "--shift", s.shift, 1);
  return guarded([&] { run(s); });
}
