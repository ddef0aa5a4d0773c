// Over- and underfitting: 80 points of two moons to learn from, 2,000 to see what was learned. A straight line is too
// little, 2 -> 100 -> 100 -> 1 learns the noise by heart; what helps is
//
//   L2:               J(θ) + λ/2 |θ|²
//   dropout:          a[l] <- a[l] ⊙ mask / (1 - p), each unit absent with probability p, in training only
//   early stopping:   the weights of the epoch with the lowest validation loss
//
// expect: line_training > overfit_training * 5
// expect: overfit_training < 0.05
// expect: overfit_validation > overfit_training * 5
// expect: l2_validation < overfit_validation * 0.7
// expect: dropout_validation < overfit_validation * 0.7
// expect: early_validation < overfit_validation * 0.7
// expect: early_validation < line_validation
// expect: best_of_lambda < smallest_lambda
// expect: best_of_lambda < largest_lambda
#include "lecture.hpp"

using xgrad::Tensor;
namespace nn = xgrad::nn;
namespace optim = xgrad::optim;
namespace train = xgrad::train;
namespace viz = xgrad::viz;

struct Method {
  const char *name, *title;
  std::int64_t hidden = 100;  // 0: a straight line
  double lambda = 0, dropout = 0;
  bool early = false;
};
const std::vector<Method> kMethods{{"line", "underfit: a line", 0},
                                   {"overfit", "overfit: 2-100-100-1"},
                                   {"l2", "L2, λ = 0.01", 100, 0.01},
                                   {"dropout", "dropout, p = 0.5", 100, 0, 0.5},
                                   {"early", "early stopping", 100, 0, 0, true}};

nn::Sequential network(const Method& m) {
  if (m.hidden == 0) return nn::Sequential(nn::Linear(2, 1));
  return nn::Sequential(nn::Linear(2, m.hidden), nn::ReLU(), nn::Dropout(m.dropout), nn::Linear(m.hidden, m.hidden),
                        nn::ReLU(), nn::Dropout(m.dropout), nn::Linear(m.hidden, 1));
}

double loss_of(nn::Sequential& net, const Points& p) {
  const xgrad::NoGradGuard no_grad;
  net.eval();
  const double loss = binary_cross_entropy_with_logits(net(p.x), p.y.unsqueeze(1)).item();
  net.train();
  return loss;
}

struct Run {
  nn::Sequential net;
  std::vector<double> epoch, training, validation;  // every tenth epoch
  int stopped = -1;                                 // the epoch whose weights were kept
};

Run learn(const Method& m, const Points& training, const Points& validation, int epochs) {
  xgrad::manual_seed(4);
  Run run{network(m)};
  optim::Adam opt(run.net.parameters(), {.lr = 0.005, .weight_decay = m.lambda});
  train::EarlyStopping best({.patience = epochs});  // remembers the best weights; the curves go on to the end
  for (int epoch = 0; epoch <= epochs; ++epoch) {
    if (epoch % 10 == 0) {
      run.epoch.push_back(epoch);
      run.training.push_back(loss_of(run.net, training));
      run.validation.push_back(loss_of(run.net, validation));
      best.step(run.validation.back(), run.net);
    }
    opt.zero_grad();
    binary_cross_entropy_with_logits(run.net(training.x), training.y.unsqueeze(1)).backward();
    opt.step();
  }
  if (m.early) {
    best.restore(run.net);
    run.stopped = 10 * best.best_step();
  }
  return run;
}

viz::Plot panel(const char* title, const char* x, double lowest, viz::Scale x_scale = viz::Scale::linear) {
  return viz::Plot({.title = title,
                    .x_label = x,
                    .y_label = "loss",
                    .width = 430,
                    .height = 380,
                    .x_scale = x_scale,
                    .y_scale = viz::Scale::log,
                    .y_range = viz::Range{lowest, 3}});
}

void lecture(const Lecture& l) {
  const int epochs = l.steps(600, 300);
  const Points training = two_moons(40, 0.4), validation = two_moons(1000, 0.4);
  const viz::Range across{-2.2, 3.2}, up{-1.8, 2.3};
  viz::Plot gap = panel("The gap: 2-100-100-1 without help", "epoch", 0.01),
            helped = panel("Validation loss", "epoch", 0.2),
            lambdas = panel("Loss at the end by λ", "λ", 0.01, viz::Scale::log);
  std::vector<viz::Plot> maps;
  std::printf("%-22s training  validation\n", "");
  for (const Method& m : kMethods) {
    Run run = learn(m, training, validation, epochs);
    const std::string name = m.name;
    const double seen = loss_of(run.net, training), unseen = loss_of(run.net, validation);
    std::printf("%-22s %.4f    %.4f\n", m.title, seen, unseen);
    figure((name + "_training").c_str(), seen);
    figure((name + "_validation").c_str(), unseen);
    viz::Plot map({.title = m.title, .width = 255, .height = 260, .x_range = across, .y_range = up, .legend = false});
    run.net.eval();
    draw_decision(map, run.net, across, up);
    draw_points(map, training);
    maps.push_back(map);
    if (m.early) {
      figure("stopped_at_epoch", run.stopped);
      gap.vertical(run.stopped, "lowest");
    } else {
      const std::string title = m.title;
      helped.line(run.epoch, run.validation, {.label = title.substr(0, title.find_first_of(":,")), .width = 2.2});
    }
    if (name == "overfit")
      gap.line(run.epoch, run.training, {.label = "training", .width = 2.2})
          .line(run.epoch, run.validation, {.label = "validation", .width = 2.2, .dashed = true});
  }

  // The same network with more and more L2: from over- to underfitting.
  const std::vector<double> strengths{1e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1};
  std::vector<double> seen, unseen;
  for (const double lambda : strengths) {
    Run run = learn({"", "", 100, lambda}, training, validation, epochs);
    seen.push_back(loss_of(run.net, training));
    unseen.push_back(loss_of(run.net, validation));
  }
  lambdas.line(strengths, seen, {.label = "training", .width = 2.2, .marker = viz::Marker::circle})
      .line(strengths, unseen, {.label = "validation", .width = 2.2, .dashed = true, .marker = viz::Marker::square});
  figure("smallest_lambda", unseen.front());
  figure("best_of_lambda", *std::min_element(unseen.begin(), unseen.end()));
  figure("largest_lambda", unseen.back());
  viz::subplots({maps, {gap, helped, lambdas}}, l.picture("13_overfitting.svg"),
                {.title = "Too little, too much, and three remedies: 80 points of two moons"});
}

int main(int argc, char** argv) { return give_lecture(argc, argv, lecture); }
