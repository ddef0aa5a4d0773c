// Recurrent networks: the same weights at every step, so that the unrolled graph is as deep as the sequence is long.
//
//   plain   h[t] = tanh(W_x x[t] + W_h h[t-1] + b)                     ∂h[t]/∂h[t-1] = diag(1 - h[t]²) W_h
//   LSTM    c[t] = f[t] ⊙ c[t-1] + i[t] ⊙ g[t]    h[t] = o[t] ⊙ tanh(c[t])    ∂c[t]/∂c[t-1] = diag(f[t]) + ...
//
// The memory task: of a sequence of numbers in [-1, 1] the first is marked; at the end, what was it?
//
// expect: rnn_5_r2 > 0.9
// expect: rnn_80_r2 < 0.2
// expect: lstm_5_r2 > 0.9
// expect: lstm_80_r2 > 0.8
// expect: rnn_gradient_ratio < 1e-12
// expect: rnn_gradient_ratio < lstm_gradient_ratio * 1e-6
#include "lecture.hpp"

using xgrad::Tensor;
namespace nn = xgrad::nn;
namespace optim = xgrad::optim;
namespace viz = xgrad::viz;

constexpr int kHidden = 24, kBatch = 128;

struct Sequences {
  Tensor x, y;  // (T, N, 2): number and mark; the first number (N, 1)
};
Sequences remember_the_first(std::int64_t length) {
  const Tensor numbers = 2 * xgrad::rand({length, kBatch, 1}) - 1;
  Tensor mark = xgrad::zeros({length, kBatch, 1});
  mark.select(0, 0).fill_(1);
  return {xgrad::cat({numbers, mark}, 2), numbers.select(0, 0)};
}

// The last state decides: (T, N, 2) -> (N, 1).
template <class Recurrent>
struct Reader : nn::Layer<Reader<Recurrent>> {
  Reader()
      : recurrent(this->register_module("recurrent", Recurrent(2, kHidden))),
        out(this->register_module("out", nn::Linear(kHidden, 1))) {}
  Tensor forward(const Tensor& x) const { return out(recurrent(x).output.select(0, -1)); }
  Recurrent recurrent;
  nn::Linear out;
};
template <class Recurrent>
Reader<Recurrent> make_reader() {
  xgrad::manual_seed(4);
  Reader<Recurrent> net;
  const xgrad::NoGradGuard no_grad;
  if constexpr (std::is_same_v<Recurrent, nn::LSTM>)  // an open forget gate: f = σ(5) = 0.993 (Gers et al. 2000)
    net.get_parameter("recurrent.bias_ih_l0").slice(0, kHidden, 2 * kHidden).fill_(5);
  return net;
}

// How large the gradient is that arrives at the input of each step, before any training.
template <class Recurrent>
std::vector<double> gradient_through_time(std::int64_t length) {
  const Reader<Recurrent> net = make_reader<Recurrent>();
  Sequences s = remember_the_first(length);
  s.x.requires_grad_();
  mse_loss(net(s.x), s.y).backward();
  return s.x.grad().norm(2, {1, 2}).template to_vector<double>();
}

struct Learned {
  std::vector<double> losses;
  double r2;  // 1: the number itself, 0: no better than their mean
};
template <class Recurrent>
Learned learn(std::int64_t length, int steps) {
  Reader<Recurrent> net = make_reader<Recurrent>();
  optim::Adam opt(net.parameters(), {.lr = 1e-2});
  Learned r;
  for (int step = 0; step < steps; ++step) {
    const auto [x, y] = remember_the_first(length);
    opt.zero_grad();
    const Tensor loss = mse_loss(net(x), y);
    loss.backward();
    optim::clip_grad_norm_(net.parameters(), 1.0);
    opt.step();
    r.losses.push_back(loss.item());
  }
  const xgrad::NoGradGuard no_grad;
  const auto [x, y] = remember_the_first(length);
  r.r2 = 1 - (mse_loss(net(x), y) / square(y - y.mean()).mean()).item();
  return r;
}

// The graph of 24 steps of a plain network: equal steps are folded into one, with the gradient of each in a strip.
void draw_unrolled(const std::string& file) {
  const nn::RNNCell cell(2, 3);
  const nn::Linear out(3, 1);
  const xgrad::TapeRecorder record;
  const Tensor x = xgrad::randn({24, 1, 2});
  const auto named = [](Tensor t, const char* name) { return t.set_name(name), t; };
  Tensor h = named(xgrad::zeros({1, 3}), "h[0]");
  for (int t = 0; t < 24; ++t) h = cell(named(x.select(0, t), "x[t]"), h);
  const Tensor loss = mse_loss(out(h), named(xgrad::ones({1, 1}), "y"));
  loss.backward();
  viz::save(loss, file, {.saved = false, .fold_repeats = true});
}

void lecture(const Lecture& l) {
  const int steps = l.steps(400, 250), shown = 80;
  viz::Plot gradients({.title = "Gradient that arrives at x[t], untrained",
                       .x_label = "step t",
                       .y_label = "norm",
                       .width = 430,
                       .height = 400,
                       .y_scale = viz::Scale::log});
  viz::Plot loss({.title = "Training, sequences of 80",
                  .x_label = "training step",
                  .y_label = "mean squared error",
                  .width = 430,
                  .height = 400,
                  .y_scale = viz::Scale::log});
  viz::Plot recall({.title = "Explained share of the answer, by length",
                    .x_label = "length of the sequence",
                    .y_label = "R²",
                    .width = 430,
                    .height = 400,
                    .x_scale = viz::Scale::log,
                    .y_range = viz::Range{-0.1, 1.1}});
  const std::vector<int> lengths = l.brief ? std::vector<int>{5, 80} : std::vector<int>{5, 10, 20, 40, 80};
  recall.xticks(lengths, [&] {
    std::vector<std::string> names;
    for (const int t : lengths) names.push_back(std::to_string(t));
    return names;
  }());
  const auto run = [&]<class Recurrent>(const std::string& name, const std::string& label, const char* color) {
    const std::vector<double> g = gradient_through_time<Recurrent>(shown);
    figure((name + "_gradient_ratio").c_str(), g.front() / g.back());
    gradients.line(xgrad::arange(1, shown + 1), g, {.label = label, .color = color, .width = 2.4});
    std::vector<double> explained;
    for (const int t : lengths) {
      const Learned r = learn<Recurrent>(t, steps);
      figure((name + "_" + std::to_string(t) + "_r2").c_str(), r.r2);
      explained.push_back(r.r2);
      if (t == shown) loss.line(xgrad::arange(1, steps + 1), r.losses, {.label = label, .color = color, .width = 1.8});
    }
    recall.line(lengths, explained, {.label = label, .color = color, .width = 2.4, .marker = viz::Marker::circle});
  };
  run.operator()<nn::RNN>("rnn", "plain", "#D55E00");
  run.operator()<nn::LSTM>("lstm", "LSTM", "#0072B2");
  viz::subplots({{gradients, loss, recall}}, l.picture("18_recurrent.svg"),
                {.title = "Remember the first number: a plain recurrent network and an LSTM"});
  draw_unrolled(l.picture("18_unrolled.svg"));
}

int main(int argc, char** argv) { return give_lecture(argc, argv, lecture); }
