// The learning rate η: too small, right, too large; and rates that change on the way. One network, 2 -> 16 -> 1 with
// tanh, trained on two moons from the same weights by plain gradient descent on mini-batches.
//
// expect: too_small > right * 3
// expect: too_large > right * 3
// expect: right < 0.2
// expect: cosine < constant
// expect: step < constant
#include <functional>

#include "lecture.hpp"

using xgrad::Tensor;
namespace data = xgrad::data;
namespace nn = xgrad::nn;
namespace optim = xgrad::optim;
namespace viz = xgrad::viz;

// What is called after each epoch with its loss; makes the schedule of an optimizer.
using EpochEnd = std::function<void(double)>;
using MakeSchedule = std::function<EpochEnd(optim::SGD&, int epochs)>;

struct Run {
  std::vector<double> loss, rate;  // of each epoch
};

nn::Sequential network() { return nn::Sequential(nn::Linear(2, 16), nn::Tanh(), nn::Linear(16, 1)); }

Run train(const Points& moons, double eta, int epochs, const MakeSchedule& make) {
  xgrad::manual_seed(3);
  nn::Sequential net = network();
  optim::SGD opt(net.parameters(), {.lr = eta});
  const EpochEnd epoch_end = make(opt, epochs);
  data::DataLoader loader(data::TensorDataset(moons.x, moons.y.unsqueeze(1)), {.batch_size = 20, .shuffle = true});
  Run run;
  for (int epoch = 0; epoch < epochs; ++epoch) {
    run.rate.push_back(opt.lr());
    for (auto& [x, y] : loader) {
      opt.zero_grad();
      binary_cross_entropy_with_logits(net(x), y).backward();
      opt.step();
    }
    const xgrad::NoGradGuard no_grad;
    run.loss.push_back(binary_cross_entropy_with_logits(net(moons.x), moons.y.unsqueeze(1)).item());
    epoch_end(run.loss.back());
  }
  return run;
}

// The mean loss of the last five epochs: a rate that is too large makes single ones good or bad by chance.
double at_the_end(const Run& run) {
  double sum = 0;
  for (std::size_t i = run.loss.size() - 5; i < run.loss.size(); ++i) sum += run.loss[i];
  return sum / 5;
}

EpochEnd constant(optim::SGD&, int) {
  return [](double) {};
}
// A schedule S, kept alive by the function that steps it.
template <class S>
EpochEnd stepping(std::shared_ptr<S> schedule) {
  return [schedule](double) { schedule->step(); };
}
template <class S>
EpochEnd watching(std::shared_ptr<S> schedule) {
  return [schedule](double loss) { schedule->step(loss); };
}

const std::vector<std::pair<const char*, MakeSchedule>> kSchedules{
    {"constant", constant},
    {"step",
     [](optim::SGD& o, int n) {
       return stepping(std::make_shared<optim::StepLR>(o, n / 3, optim::StepLROptions{.gamma = 0.3}));
     }},
    {"cosine", [](optim::SGD& o, int n) { return stepping(std::make_shared<optim::CosineAnnealingLR>(o, n)); }},
    {"invscaling", [](optim::SGD& o, int) { return stepping(std::make_shared<optim::InvScalingLR>(o)); }},
    {"adaptive",
     [](optim::SGD& o, int) {
       return watching(std::make_shared<optim::AdaptiveLR>(o, optim::AdaptiveLROptions{.n_iter_no_change = 4}));
     }},
    {"plateau",
     [](optim::SGD& o, int) {
       return watching(std::make_shared<optim::ReduceLROnPlateau>(
           o, optim::ReduceLROnPlateauOptions{.factor = 0.5, .patience = 3}));
     }},
};

void lecture(const Lecture& l) {
  const Points moons = two_moons(100, 0.25);
  const int epochs = l.steps(90, 60);
  const Tensor numbers = xgrad::arange(1, epochs + 1);

  viz::Plot rates({.title = "Too small, right, too large",
                   .x_label = "epoch",
                   .y_label = "loss",
                   .width = 520,
                   .height = 420,
                   .y_scale = viz::Scale::log});
  for (const auto& [name, label, eta] :
       {std::tuple{"too_small", "η = 0.003", 0.003}, {"right", "η = 1", 1.0}, {"too_large", "η = 60", 60.0}}) {
    const Run run = train(moons, eta, epochs, constant);
    rates.line(numbers, run.loss, {.label = label, .width = 2.4});
    figure(name, at_the_end(run));
  }

  // From a rate that is too bold to stay at.
  viz::Plot losses({.title = "Schedules from η = 6: loss",
                    .x_label = "epoch",
                    .y_label = "loss",
                    .width = 520,
                    .height = 420,
                    .y_scale = viz::Scale::log});
  viz::Plot schedules({.title = "Schedules: rate",
                       .x_label = "epoch",
                       .y_label = "η",
                       .width = 520,
                       .height = 420,
                       .y_scale = viz::Scale::log});
  for (const auto& [name, make] : kSchedules) {
    const Run run = train(moons, 6, epochs, make);
    losses.line(numbers, run.loss, {.label = name, .width = 2.2});
    schedules.line(numbers, run.rate, {.label = name, .width = 2.2});
    figure(name, at_the_end(run));
  }
  viz::subplots({{rates, losses, schedules}}, l.picture("09_learning_rate.svg"), {.title = "The learning rate"});
}

int main(int argc, char** argv) { return give_lecture(argc, argv, lecture); }
