// Choosing hyper-parameters: η and the number of hidden units, by the accuracy in three folds of 450 digits.
//
//   grid      every pair of 7 learning rates and 6 sizes, 18 epochs each
//   random    as many pairs, drawn on logarithmic scales
//   halving   27 random pairs for 2 epochs; the best third for 6; the best third of these for 18
//
// What each costs is counted in epochs of one network. The last one's winner is tested on the other 1,347 digits.
//
// expect: grid_best > 0.88
// expect: random_best > grid_best * 0.97
// expect: halving_best > grid_best * 0.95
// expect: halving_epochs < grid_epochs * 0.3
// expect: test_accuracy > 0.85
#include <algorithm>
#include <span>

#include "lecture.hpp"

using xgrad::Tensor;
namespace data = xgrad::data;
namespace nn = xgrad::nn;
namespace optim = xgrad::optim;
namespace viz = xgrad::viz;

struct Choice {
  double eta;
  int hidden;
  double score = 0;  // the mean accuracy on the parts left out
};
struct Table {
  Tensor x, y;
  Table rows(const std::vector<std::int64_t>& which) const {
    const Tensor i = xgrad::tensor(which);
    return {x.index({i}), y.index({i})};
  }
};
nn::Sequential network(int hidden) {
  return nn::Sequential(nn::Linear(64, hidden), nn::ReLU(), nn::Linear(hidden, 10));
}
nn::Sequential fit(const Choice& c, const Table& t, int epochs) {
  xgrad::manual_seed(1);
  nn::Sequential net = network(c.hidden);
  optim::SGD opt(net.parameters(), {.lr = c.eta, .momentum = 0.9});
  data::DataLoader loader(data::TensorDataset(t.x, t.y), {.batch_size = 30, .shuffle = true});
  for (int epoch = 0; epoch < epochs; ++epoch)
    for (auto& [x, y] : loader) {
      opt.zero_grad();
      cross_entropy(net(x), y).backward();
      opt.step();
    }
  return net;
}
double accuracy(const nn::Sequential& net, const Table& t) {
  const xgrad::NoGradGuard no_grad;
  return xgrad::train::accuracy(net(t.x).nan_to_num(), t.y);  // what diverged says 0
}
struct Search {
  const Table& table;
  int epochs = 0;
  void score(Choice& c, int e) {
    xgrad::train::Mean mean;
    for (const auto& [train, val] : data::StratifiedKFold(3).split(table.y))
      mean.add(accuracy(fit(c, table.rows(train), e), table.rows(val)));
    c.score = mean.value();
    epochs += 3 * e;
  }
};
Choice draw_one(const xgrad::Generator& dice) {
  const auto u = xgrad::rand({2}, {.generator = dice}).to_vector<double>();
  return {std::pow(10, -3 + 3 * u[0]), static_cast<int>(std::lround(std::exp2(1 + 5 * u[1])))};
}
std::string number(double v) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", v);
  return text;
}
bool better(const Choice& a, const Choice& b) { return a.score > b.score; }
std::span<const Choice> top(std::span<const Choice> sorted, std::size_t part) {
  return sorted.first(sorted.size() / part);
}
std::string title(const std::string& name, const Choice& best, const Search& search) {
  figure((name + "_best").c_str(), best.score);
  figure((name + "_epochs").c_str(), search.epochs);
  return name + ": " + number(std::round(1000 * best.score) / 10) + " % right, " + std::to_string(search.epochs) +
         " epochs";
}

viz::Plot draw_choices(const std::string& title, const std::vector<std::span<const Choice>>& rungs) {
  viz::Plot plot({.title = title,
                  .x_label = "learning rate η",
                  .y_label = "hidden units",
                  .width = 400,
                  .height = 400,
                  .x_scale = viz::Scale::log,
                  .y_scale = viz::Scale::log});
  const char* colors[] = {"#9AA3AD", "#E69F00", "#D55E00"};
  const char* labels[] = {"tried", "best third", "best ninth"};
  for (std::size_t r = 0; r < rungs.size(); ++r) {
    std::vector<double> eta, hidden;
    for (const Choice& c : rungs[r]) eta.push_back(c.eta), hidden.push_back(c.hidden);
    plot.points(eta, hidden, {.label = labels[r], .color = colors[r], .size = 4.0 + static_cast<double>(r)});
  }
  return plot;
}
viz::Plot draw_grid(const std::string& title, const std::vector<Choice>& tried, std::int64_t columns) {
  std::vector<double> scores;
  std::vector<std::string> etas, sizes;
  for (std::size_t i = 0; i < tried.size(); ++i) {
    scores.push_back(std::round(100 * tried[i].score));
    if (i < static_cast<std::size_t>(columns)) etas.push_back(number(tried[i].eta));
    if (i % static_cast<std::size_t>(columns) == 0) sizes.push_back(number(tried[i].hidden));
  }
  viz::Plot map({.title = title, .x_label = "learning rate η", .y_label = "hidden units", .width = 520, .height = 400});
  map.imshow(xgrad::tensor(scores).reshape({-1, columns}), {.colorbar = false, .numbers = true});
  map.xticks(xgrad::arange(columns), etas).yticks(xgrad::arange(static_cast<double>(sizes.size())), sizes);
  return map;
}

void lecture(const Lecture& l) {
  const Tensor all = data::read_csv("examples/data/digits.csv"), x = all.slice(1, 0, 64) / 16;
  const Tensor digit = all.select(1, 64).to(xgrad::kInt64);
  const Table table{x.slice(0, 0, 450), digit.slice(0, 0, 450)}, test{x.slice(0, 450), digit.slice(0, 450)};
  const std::vector<double> etas{0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1};
  const std::vector<int> sizes{64, 32, 16, 8, 4, 2};
  Search grid{table}, by_chance{table}, halving{table};
  std::vector<Choice> pairs, random, rung;
  for (const int hidden : sizes)
    for (const double eta : etas) grid.score(pairs.emplace_back(Choice{eta, hidden}), 18);
  const xgrad::Generator dice(3);
  for (std::size_t i = 0; i < pairs.size(); ++i) by_chance.score(random.emplace_back(draw_one(dice)), 18);
  for (int i = 0; i < 27; ++i) rung.push_back(draw_one(dice));
  std::vector<std::vector<Choice>> rungs;
  for (const int epochs : {2, 6, 18}) {
    for (Choice& c : rung) halving.score(c, epochs);
    std::ranges::sort(rung, better);
    rungs.push_back(rung);
    rung.resize(rung.size() / 3, rung[0]);
  }
  std::vector<Choice> sorted = pairs;
  for (std::vector<Choice>* choices : {&sorted, &random}) std::ranges::sort(*choices, better);
  const viz::Plot map = draw_grid(title("grid", sorted[0], grid), pairs, static_cast<std::int64_t>(etas.size())),
                  chance =
                      draw_choices(title("random", random[0], by_chance), {random, top(random, 3), top(random, 9)}),
                  halves = draw_choices(title("halving", rung[0], halving), {rungs[0], rungs[1], rungs[2]});
  std::printf("halving: η = %.3g with %d hidden units\n", rung[0].eta, rung[0].hidden);
  figure("test_accuracy", accuracy(fit(rung[0], table, 18), test));
  viz::subplots({{map, chance, halves}}, l.picture("21_hyperparameters.svg"));
}

int main(int argc, char** argv) { return give_lecture(argc, argv, lecture); }
