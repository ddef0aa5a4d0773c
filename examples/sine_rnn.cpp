// A recurrent network learns a noisy sum of two sines from one stretch of it and goes on by itself: each number it
// predicts is its next input. Shown beside the sines without the noise, which it has never seen.
//
//   sine_rnn                        two sines
//   sine_rnn --sines 1 --noise 0.2
//
// Writes out/sine_rnn.svg (given, forecast, truth), out/sine_rnn_loss.svg, out/sine_rnn_graph.svg, out/metrics.csv and
// out/sine_rnn.safetensors. Ctrl-C stops after the current step and still saves.
#include <numbers>

#include <xgrad/autograd.hpp>

#include "common.hpp"

namespace nn = xgrad::nn;
namespace optim = xgrad::optim;
namespace train = xgrad::train;
namespace viz = xgrad::viz;
using xgrad::Tensor;

struct Settings {
  Common common;
  int sines = 2, steps = 1000;
  std::int64_t given = 600, ahead = 200, hidden = 48, window = 150, batch_size = 32;
  double noise = 0.1, lr = 1e-2;
};

// Periods of 25 and of 25 sqrt(3) samples: the sum never repeats.
Tensor sines(int how_many, std::int64_t samples) {
  const Tensor t = xgrad::arange(static_cast<double>(samples)).to(xgrad::kFloat32) * (2 * std::numbers::pi / 25);
  return how_many == 1 ? sin(t) : 0.6 * sin(t) + 0.4 * sin(t / std::numbers::sqrt3);
}

// Predicts every sample from the ones before it: x (T, N, 1) -> (T, N, 1). The state goes on from call to call.
struct Forecaster : nn::Layer<Forecaster> {
  explicit Forecaster(std::int64_t hidden)
      : lstm(register_module("lstm", nn::LSTM(1, hidden))), out(register_module("out", nn::Linear(hidden, 1))) {}
  Tensor forward(const Tensor& x) const { return step(x, {}).first; }
  std::pair<Tensor, xgrad::LSTMState> step(const Tensor& x, const xgrad::LSTMState& before) const {
    const auto [h, state] = lstm(x, before);
    return {out(h), state};
  }
  nn::LSTM lstm;
  nn::Linear out;
};

struct Batch {
  Tensor x, y;  // (T, N, 1); y is one sample later
};
Batch random_windows(const Tensor& series, const Settings& s) {
  std::vector<Tensor> x, y;
  for (const std::int64_t begin :
       xgrad::randint(0, series.size(0) - s.window, {s.batch_size}).to_vector<std::int64_t>()) {
    x.push_back(series.slice(0, begin, begin + s.window));
    y.push_back(series.slice(0, begin + 1, begin + 1 + s.window));
  }
  return {stack(x, 1).unsqueeze(-1), stack(y, 1).unsqueeze(-1)};
}

// Reads the series, then feeds back its own predictions.
std::vector<double> forecast(const Forecaster& net, const Tensor& series, std::int64_t ahead) {
  const xgrad::NoGradGuard off;
  auto [y, state] = net.step(series.reshape({-1, 1, 1}), {});
  Tensor last = y.slice(0, y.size(0) - 1);
  std::vector<double> out;
  while (static_cast<std::int64_t>(out.size()) < ahead) {
    out.push_back(last.item());
    std::tie(last, state) = net.step(last, state);
  }
  return out;
}

double root_mean_square(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return std::sqrt(sum / static_cast<double>(a.size()));
}

std::vector<double> fit(Forecaster& net, const Tensor& series, const Settings& s) {
  optim::AdamW opt(net.parameters(), {.lr = s.lr});
  optim::CosineAnnealingLR schedule(opt, s.steps);
  const train::InterruptGuard interrupt;
  train::Progress progress(s.steps, "training");
  std::vector<double> losses;
  for (int step = 0; step < s.steps && !interrupt.interrupted(); ++step) {
    const auto [x, y] = random_windows(series, s);
    opt.zero_grad();
    // The first predictions know too little to be judged.
    const std::int64_t from = s.window / 5;
    const Tensor loss = mse_loss(net(x).slice(0, from), y.slice(0, from));
    losses.push_back(checked(loss, "sine_rnn"));
    loss.backward();
    optim::clip_grad_norm_(net.parameters(), 1.0);
    opt.step();
    schedule.step();
    char note[32];
    std::snprintf(note, sizeof note, "loss=%.5f", losses.back());
    progress.update(1, note);
  }
  progress.close();
  if (interrupt.interrupted()) std::printf("interrupted after %zu steps\n", losses.size());
  return losses;
}

void draw_forecast(const Tensor& given, const Tensor& truth, const std::vector<double>& ahead, const Settings& s,
                   const std::string& file) {
  const std::int64_t shown = std::min<std::int64_t>(s.given, s.ahead);  // the last part of what was given
  const auto time = [](std::int64_t from, std::int64_t to) {
    return xgrad::arange(static_cast<double>(from), static_cast<double>(to));
  };
  viz::Plot plot({.title = "Given samples, and how the network goes on",
                  .x_label = "sample",
                  .y_label = "value",
                  .width = 860,
                  .height = 360});
  plot.line(time(s.given - shown, s.given + s.ahead), truth.slice(0, s.given - shown),
            {.label = "truth, without noise", .color = "#9AA3AD", .width = 4});
  plot.points(time(s.given - shown, s.given), given.slice(0, s.given - shown),
              {.label = "given", .color = "#0072B2", .size = 2.2});
  plot.line(time(s.given, s.given + s.ahead), ahead, {.label = "forecast, fed back", .color = "#D55E00"});
  plot.vertical(static_cast<double>(s.given), "from here on its own");
  plot.save(file);
}

// The graph of one training step.
void draw_step(Forecaster& net, const Tensor& series, const Settings& s, const std::string& file) {
  const xgrad::TapeRecorder record;
  net.zero_grad();
  auto [x, y] = random_windows(series, s);
  x.set_name("samples");
  y.set_name("next samples");
  const Tensor loss = mse_loss(net(x), y);
  loss.backward();
  viz::save(loss, file);
}

void run(const Settings& s) {
  start(s.common);
  if (s.given <= s.window)
    throw xgrad::ValueError("sine_rnn: --given " + std::to_string(s.given) + " must be more than --window " +
                            std::to_string(s.window));
  const Tensor truth = sines(s.sines, s.given + s.ahead),
               series = truth.slice(0, 0, s.given) + s.noise * xgrad::randn({s.given});
  Forecaster net(s.hidden);
  std::printf("%lld parameters\n", static_cast<long long>(net.num_parameters()));
  const std::vector<double> losses = fit(net, series, s);
  const std::vector<double> ahead = forecast(net, series, s.ahead),
                            wanted = truth.slice(0, s.given).to_vector<double>();
  const double error = root_mean_square(ahead, wanted),
               size = root_mean_square(wanted, std::vector<double>(wanted.size()));
  std::printf("forecast of %lld samples: error %.4f (root mean square; the sines themselves %.4f, the noise %.4f)\n",
              static_cast<long long>(s.ahead), error, size, s.noise);

  const std::string file = s.common.out + "/sine_rnn";
  draw_forecast(series, truth, ahead, s, file + ".svg");
  viz::Plot({.title = "Training", .x_label = "step", .y_label = "mean squared error", .y_scale = viz::Scale::log})
      .line(xgrad::arange(static_cast<double>(losses.size())), losses, {.width = 1.2})
      .horizontal(s.noise * s.noise, "the noise, which nobody can predict")
      .save(file + "_loss.svg");
  draw_step(net, series, s, file + "_graph.svg");
  train::MetricsLog log;
  for (std::size_t i = 0; i < losses.size(); ++i) log.add(static_cast<std::int64_t>(i), "train", "loss", losses[i]);
  log.add(0, "test", "rmse", error);
  log.save(s.common.out + "/metrics.csv");
  xgrad::save_safetensors(net.state_dict(), file + ".safetensors");
  std::printf("wrote %s.svg, _loss.svg, _graph.svg, .safetensors and %s/metrics.csv\n", file.c_str(),
              s.common.out.c_str());
}

int main(int argc, char** argv) {
  Settings s;
  CLI::App app("A recurrent network learns a noisy sine and goes on by itself");
  app.add_option("--sines", s.sines, "1 or 2")->capture_default_str()->check(CLI::Range(1, 2));
  app.add_option("--noise", s.noise, "standard deviation")->capture_default_str()->check(CLI::NonNegativeNumber);
  app.add_option("--given", s.given, "samples to learn from")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--ahead", s.ahead, "samples to forecast")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--steps", s.steps, "training steps")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--window", s.window, "samples in a training sequence")
      ->capture_default_str()
      ->check(CLI::Range(5, 100000));
  app.add_option("--batch-size", s.batch_size, "sequences per step")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--hidden", s.hidden, "size of the LSTM")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--lr", s.lr, "learning rate at the start; falls to 0 along a cosine")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  add_common_options(app, s.common);
  CLI11_PARSE(app, argc, argv);
  return guarded([&] { run(s); });
}
