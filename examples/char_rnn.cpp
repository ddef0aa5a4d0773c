// An LSTM learns to continue a text letter by letter, and writes some of its own.
//
//   char_rnn                                     the project's documentation
//   char_rnn --text shakespeare.txt              any text; 15 minutes for a megabyte are plenty
//   char_rnn --load out/char_rnn.safetensors --sample 500 --prompt "ROMEO:" --temperature 0.7
//
// The last tenth of the text is the test; a twentieth before it chooses the best weights. Losses are in nats per
// character. Writes out/char_rnn.svg (losses), out/char_rnn_graph.svg, out/metrics.csv and out/char_rnn.safetensors.
// Ctrl-C stops after the current step and still saves.
#include <array>
#include <chrono>
#include <fstream>
#include <sstream>

#include <xgrad/autograd.hpp>

#include "common.hpp"

namespace nn = xgrad::nn;
namespace optim = xgrad::optim;
namespace train = xgrad::train;
namespace viz = xgrad::viz;
using xgrad::Tensor;

struct Settings {
  Common common;
  std::vector<std::string> text{"README.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/adding_an_op.md"};
  std::string load, prompt;
  int steps = 2500, patience = 5;
  std::int64_t hidden = 256, embedding = 64, layers = 1, batch_size = 32, length = 64, sample = 400;
  double lr = 5e-3, clip = 1, weight_decay = 0.01, dropout = 0, temperature = 0.8;
};

std::string read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) throw xgrad::IoError("xgrad: cannot read the text " + path);
  return text.str();
}

// The bytes that occur, in order; a character's number is its place.
class Alphabet {
 public:
  explicit Alphabet(const std::string& text) {
    std::array<bool, 256> seen{};
    for (const unsigned char c : text) seen[c] = true;
    for (std::size_t c = 0; c < 256; ++c)
      if (seen[c]) bytes_ += static_cast<char>(c);
  }
  std::int64_t size() const { return static_cast<std::int64_t>(bytes_.size()); }
  const std::string& bytes() const { return bytes_; }
  char letter(std::int64_t number) const { return bytes_.at(static_cast<std::size_t>(number)); }
  Tensor encode(const std::string& text) const {  // (length) int64
    Tensor numbers = xgrad::empty({static_cast<std::int64_t>(text.size())}, {xgrad::kInt64});
    std::int64_t* p = numbers.mutable_data<std::int64_t>();
    for (const char c : text) {
      const std::size_t at = bytes_.find(c);
      if (at == std::string::npos)
        throw xgrad::ValueError(std::string("char_rnn: the text it learnt has no '") + c + "'");
      *p++ = static_cast<std::int64_t>(at);
    }
    return numbers;
  }

 private:
  std::string bytes_;
};

// Characters (T, N) -> scores of the next one (T, N, alphabet).
struct CharRnn : nn::Layer<CharRnn> {
  CharRnn(std::int64_t alphabet, const Settings& s)
      : embedding(register_module("embedding", nn::Embedding(alphabet, s.embedding))),
        lstm(register_module("lstm", nn::LSTM(s.embedding, s.hidden, {.num_layers = s.layers, .dropout = s.dropout}))),
        out(register_module("out", nn::Linear(s.hidden, alphabet))) {}
  Tensor forward(const Tensor& x) const { return step(x, {}).first; }
  std::pair<Tensor, xgrad::LSTMState> step(const Tensor& x, const xgrad::LSTMState& before) const {
    const auto [h, state] = lstm(embedding(x), before);
    return {out(h), state};
  }
  nn::Embedding embedding;
  nn::LSTM lstm;
  nn::Linear out;
};

// A text cut into N pieces that are read side by side: (positions, N).
Tensor side_by_side(const Tensor& text, std::int64_t n) {
  const std::int64_t positions = text.size(0) / n;
  return text.slice(0, 0, positions * n).reshape({n, positions}).t().contiguous();
}

Tensor loss_of(const Tensor& scores, const Tensor& next) { return cross_entropy(scores.flatten(0, 1), next.flatten()); }

// Nats per character, reading on from piece to piece.
double evaluate(CharRnn& net, const Tensor& text) {
  const xgrad::NoGradGuard off;
  net.eval();
  constexpr std::int64_t kLength = 256;
  const Tensor streams = side_by_side(text, std::clamp<std::int64_t>(text.size(0) / kLength, 1, 32));
  train::Mean mean;
  xgrad::LSTMState state;
  for (std::int64_t t = 0; t + 1 < streams.size(0); t += kLength) {
    const std::int64_t end = std::min(t + kLength, streams.size(0) - 1);
    const auto [scores, next] = net.step(streams.slice(0, t, end), state);
    state = next;
    mean.add(loss_of(scores, streams.slice(0, t + 1, end + 1)).item(), end - t);
  }
  net.train();
  return mean.value();
}

struct Parts {
  Tensor training, validation, test;
};
Parts cut(const Tensor& text) {
  const std::int64_t n = text.size(0);
  return {text.slice(0, 0, n * 85 / 100), text.slice(0, n * 85 / 100, n * 9 / 10), text.slice(0, n * 9 / 10)};
}

// Steps through the text with truncated backpropagation: the state goes on, the gradient stays inside `length`.
class Trainer {
 public:
  Trainer(CharRnn& net, const Parts& parts, const Settings& s)
      : net_(net),
        parts_(parts),
        s_(s),
        streams_(side_by_side(parts.training, s.batch_size)),
        opt_(net.parameters(), {.lr = s.lr, .weight_decay = s.weight_decay}),
        schedule_(opt_, s.lr, {.total_steps = s.steps + 1, .pct_start = 0.1}),
        stopping_({.patience = s.patience}) {}

  void fit() {
    const train::InterruptGuard interrupt;
    train::Progress progress(s_.steps, "training");
    // About once per pass through the text, but not all the time when it is short.
    const std::int64_t every = std::max<std::int64_t>(100, streams_.size(0) / s_.length);
    train::Mean mean;
    for (int step = 1; step <= s_.steps; ++step) {
      mean.add(one_step());
      char note[64];
      if (validations.empty())
        std::snprintf(note, sizeof note, "loss=%.3f", mean.value());
      else
        std::snprintf(note, sizeof note, "loss=%.3f, validation=%.3f", mean.value(), validations.back());
      progress.update(1, note);
      if (step % every != 0 && step != s_.steps && !interrupt.interrupted()) continue;
      const double validation = evaluate(net_, parts_.validation);
      steps.push_back(step);
      training.push_back(mean.value());
      validations.push_back(validation);
      mean = {};
      const bool enough = stopping_.step(validation, net_);
      if (!enough && !interrupt.interrupted()) continue;
      progress.close();
      std::printf(enough ? "early stop after step %d: validation no longer improves\n"
                         : "interrupted in step %d: keeping the best weights so far\n",
                  step);
      break;
    }
    stopping_.restore(net_);
  }

  std::vector<double> steps, training, validations;

 private:
  double one_step() {
    if (position_ + 1 >= streams_.size(0)) {
      position_ = 0;
      state_ = {};
    }
    const std::int64_t end = std::min(position_ + s_.length, streams_.size(0) - 1);
    opt_.zero_grad();
    const auto [scores, state] = net_.step(streams_.slice(0, position_, end), state_);
    const Tensor loss = loss_of(scores, streams_.slice(0, position_ + 1, end + 1));
    const double value = checked(loss, "char_rnn");
    loss.backward();
    optim::clip_grad_norm_(net_.parameters(), s_.clip);
    opt_.step();
    schedule_.step();
    state_ = state.detach();
    position_ = end;
    return value;
  }

  CharRnn& net_;
  const Parts& parts_;
  const Settings& s_;
  Tensor streams_;
  optim::AdamW opt_;
  optim::OneCycleLR schedule_;
  train::EarlyStopping stopping_;
  xgrad::LSTMState state_;
  std::int64_t position_ = 0;
};

// One number drawn with the given probabilities.
std::int64_t draw(const Tensor& probabilities) {
  double u = xgrad::rand({1}).item();
  const std::vector<double> p = probabilities.to_vector<double>();
  for (std::size_t i = 0; i + 1 < p.size(); ++i)
    if ((u -= p[i]) < 0) return static_cast<std::int64_t>(i);
  return static_cast<std::int64_t>(p.size()) - 1;
}

std::string write_on(CharRnn& net, const Alphabet& alphabet, const Settings& s) {
  const xgrad::NoGradGuard off;
  net.eval();
  std::string text = s.prompt.empty()
                         ? std::string(1, alphabet.bytes().find('\n') == std::string::npos ? alphabet.letter(0) : '\n')
                         : s.prompt;
  auto [scores, state] = net.step(alphabet.encode(text).unsqueeze(1), {});
  for (std::int64_t i = 0; i < s.sample; ++i) {
    const std::int64_t next = draw(softmax(scores[scores.size(0) - 1].flatten() / s.temperature, 0));
    text += alphabet.letter(next);
    std::tie(scores, state) = net.step(xgrad::full({1, 1}, next, {xgrad::kInt64}), state);
  }
  net.train();
  return text;
}

std::string to_hex(const std::string& bytes) {
  std::string s;
  for (const unsigned char c : bytes) {
    char two[3];
    std::snprintf(two, sizeof two, "%02x", c);
    s += two;
  }
  return s;
}
std::string from_hex(const std::string& hex) {
  std::string s;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) s += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return s;
}

void save_network(const CharRnn& net, const Alphabet& alphabet, const Settings& s, const std::string& path) {
  xgrad::save_safetensors(net.state_dict(), path,
                          {{"alphabet", to_hex(alphabet.bytes())},
                           {"hidden", std::to_string(s.hidden)},
                           {"embedding", std::to_string(s.embedding)},
                           {"layers", std::to_string(s.layers)}});
}

// Writes on with a network saved by save_network.
void sample_only(Settings s) {
  const xgrad::SafetensorsContents file = xgrad::read_safetensors(s.load);
  const auto entry = [&](const char* key) {
    const auto found = file.metadata.find(key);
    if (found == file.metadata.end())
      throw xgrad::IoError("xgrad: " + s.load + ": not saved by this program (no '" + key + "' in its metadata)");
    return found->second;
  };
  const Alphabet alphabet(from_hex(entry("alphabet")));
  s.hidden = std::stoll(entry("hidden"));
  s.embedding = std::stoll(entry("embedding"));
  s.layers = std::stoll(entry("layers"));
  CharRnn net(alphabet.size(), s);
  net.load_state_dict(file.tensors);
  std::printf("%s\n", write_on(net, alphabet, s).c_str());
}

// The graph of one short training step.
void draw_step(CharRnn& net, const Tensor& text, const std::string& file) {
  const xgrad::TapeRecorder record;
  net.zero_grad();
  const Tensor streams = side_by_side(text.slice(0, 0, 34), 2);
  Tensor x = streams.slice(0, 0, 16).clone(), y = streams.slice(0, 1, 17).clone();
  x.set_name("characters");
  y.set_name("next characters");
  const Tensor loss = loss_of(net(x), y);
  loss.backward();
  viz::save(loss, file);
}

void run(const Settings& s) {
  start(s.common);
  if (!s.load.empty()) return sample_only(s);
  std::string all;
  for (const std::string& path : s.text) all += read_text(path);
  const Alphabet alphabet(all);
  const Parts parts = cut(alphabet.encode(all));
  if (parts.training.size(0) < 2 * s.batch_size || parts.validation.size(0) < 2)
    throw xgrad::ValueError("char_rnn: " + std::to_string(all.size()) + " characters are too few for --batch-size " +
                            std::to_string(s.batch_size));
  CharRnn net(alphabet.size(), s);
  std::printf("%zu characters, %lld different ones; %lld parameters\n", all.size(),
              static_cast<long long>(alphabet.size()), static_cast<long long>(net.num_parameters()));
  std::fflush(stdout);

  Trainer trainer(net, parts, s);
  const auto begin = std::chrono::steady_clock::now();
  trainer.fit();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(),
               test = evaluate(net, parts.test);
  std::printf("last tenth of the text: %.4f nats per character (%.2f bits); trained for %.0f s\n", test,
              test / std::log(2.0), seconds);

  const std::string file = s.common.out + "/char_rnn";
  save_network(net, alphabet, s, file + ".safetensors");
  train::MetricsLog log;
  for (std::size_t i = 0; i < trainer.steps.size(); ++i) {
    log.add(static_cast<std::int64_t>(trainer.steps[i]), "train", "loss", trainer.training[i]);
    log.add(static_cast<std::int64_t>(trainer.steps[i]), "validation", "loss", trainer.validations[i]);
  }
  log.add(0, "test", "loss", test);
  log.save(s.common.out + "/metrics.csv");
  viz::Plot({.title = "Losses", .x_label = "step", .y_label = "nats per character"})
      .line(trainer.steps, trainer.training, {.label = "training", .marker = viz::Marker::circle})
      .line(trainer.steps, trainer.validations, {.label = "validation", .marker = viz::Marker::square})
      .save(file + ".svg");
  draw_step(net, parts.training, file + "_graph.svg");
  std::printf("wrote %s.svg, _graph.svg, .safetensors and %s/metrics.csv\n", file.c_str(), s.common.out.c_str());
  if (s.sample > 0) std::printf("---\n%s\n", write_on(net, alphabet, s).c_str());
}

int main(int argc, char** argv) {
  Settings s;
  CLI::App app("An LSTM learns to continue a text letter by letter");
  app.add_option("--text", s.text, "files to learn from, one after the other")->capture_default_str();
  app.add_option("--load", s.load, "write on with this saved network instead of training");
  app.add_option("--sample", s.sample, "characters to write")->capture_default_str()->check(CLI::NonNegativeNumber);
  app.add_option("--prompt", s.prompt, "how they begin");
  app.add_option("--temperature", s.temperature, "below 1: safer, above: bolder")
      ->capture_default_str()
      ->check(CLI::Range(0.01, 100.0));
  app.add_option("--steps", s.steps, "most training steps")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--patience", s.patience, "validations without improvement before stopping")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  app.add_option("--hidden", s.hidden, "size of the LSTM")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--embedding", s.embedding, "size of a character's vector")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--layers", s.layers, "of the LSTM")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--dropout", s.dropout, "between layers")->capture_default_str()->check(CLI::Range(0.0, 1.0));
  app.add_option("--batch-size", s.batch_size, "pieces of the text read side by side")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--length", s.length, "characters through which a gradient flows back")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--lr", s.lr, "highest learning rate of a cycle")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--weight-decay", s.weight_decay, "of AdamW")->capture_default_str()->check(CLI::NonNegativeNumber);
  app.add_option("--clip", s.clip, "largest norm of the gradient")->capture_default_str()->check(CLI::PositiveNumber);
  add_common_options(app, s.common);
  CLI11_PARSE(app, argc, argv);
  return guarded([&] { run(s); });
}
