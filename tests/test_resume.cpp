// A whole run that is stopped and gone on with is the uninterrupted one, bit for bit: with every optimizer, with every
// schedule, and when it is killed again and again. An optimizer or schedule of the headers without a row is an error.
#include <random>

#include <xgrad/xgrad.hpp>

#include "declared_classes.hpp"
#include "killed_child.hpp"
#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;
using optim::LRScheduler;
using optim::Optimizer;

namespace {

struct Net : nn::Layer<Net> {
  nn::Linear in = register_module("in", nn::Linear(3, 4));
  nn::BatchNorm1d norm = register_module("norm", nn::BatchNorm1d(4));
  nn::Dropout drop = register_module("drop", nn::Dropout(0.2));
  nn::Linear out = register_module("out", nn::Linear(4, 1));
  Tensor forward(const Tensor& x) const { return out(drop(tanh(norm(in(x))))); }
};

using MakeOptimizer = std::function<std::unique_ptr<Optimizer>(const std::vector<Tensor>&)>;
using MakeSchedule = std::function<std::unique_ptr<LRScheduler>(Optimizer&)>;

template <class O, class Options>
MakeOptimizer of(const Options& options) {
  return [options](const std::vector<Tensor>& p) { return std::make_unique<O>(p, options); };
}

const std::map<std::string, MakeOptimizer>& optimizers() {
  using namespace optim;
  static const std::map<std::string, MakeOptimizer> all{
      {"SGD", of<SGD, SGDOptions>({.lr = 0.1, .momentum = 0.9, .nesterov = true})},
      {"Adam", of<Adam, AdamOptions>({.lr = 0.1, .amsgrad = true})},
      {"AdamW", of<AdamW, AdamWOptions>({.lr = 0.1})},
      {"RMSprop", of<RMSprop, RMSpropOptions>({.lr = 0.1, .momentum = 0.5, .centered = true})},
      {"Adagrad", of<Adagrad, AdagradOptions>({.lr = 0.1, .lr_decay = 0.1})},
      {"Adadelta", of<Adadelta, AdadeltaOptions>({.lr = 0.5})},
      {"Adamax", of<Adamax, AdamaxOptions>({.lr = 0.1})},
      {"NAdam", of<NAdam, NAdamOptions>({.lr = 0.1})},
      {"RAdam", of<RAdam, RAdamOptions>({.lr = 0.1, .betas = {0.9, 0.6}})},
      {"ASGD", of<ASGD, ASGDOptions>({.lr = 0.1, .t0 = 3})},
      {"Rprop", of<Rprop, RpropOptions>({.lr = 0.1})},
      {"Lion", of<Lion, LionOptions>({.lr = 0.01})},
      {"SparseAdam", of<SparseAdam, SparseAdamOptions>({.lr = 0.1})},
      {"Adafactor", of<Adafactor, AdafactorOptions>({.lr = 0.1})},
      {"LARS", of<LARS, LARSOptions>({.lr = 0.1, .momentum = 0.9})},
      {"LAMB", of<LAMB, LAMBOptions>({.lr = 0.1})},
      {"Muon",
       [](const std::vector<Tensor>& p) {
         std::vector<Tensor> matrices;
         for (const Tensor& t : p)
           if (t.dim() == 2) matrices.push_back(t);
         return std::make_unique<Muon>(matrices, MuonOptions{.lr = 0.1});
       }},
      {"LBFGS", of<LBFGS, LBFGSOptions>({.max_iter = std::int64_t{3}, .line_search_fn = LineSearch::strong_wolfe})},
      {"LevenbergMarquardt",
       of<LevenbergMarquardt, LevenbergMarquardtOptions>({.lr = 0.5, .radius = 1, .max_iter = std::int64_t{2}})},
  };
  return all;
}

template <class S, class... A>
MakeSchedule schedule(const A&... a) {
  return [=](Optimizer& o) { return std::make_unique<S>(o, a...); };
}

constexpr std::int64_t kEpochs = 4, kBatches = 5, kSteps = kEpochs * kBatches;

const std::map<std::string, MakeSchedule>& schedules() {
  using namespace optim;
  static const std::map<std::string, MakeSchedule> all{
      {"StepLR", schedule<StepLR>(3)},
      {"MultiStepLR", schedule<MultiStepLR>(std::vector<std::int64_t>{3, 11})},
      {"ConstantLR", schedule<ConstantLR>(ConstantLROptions{.total_iters = 12})},
      {"LinearLR", schedule<LinearLR>(LinearLROptions{.total_iters = 12})},
      {"ExponentialLR", schedule<ExponentialLR>(0.9)},
      {"PolynomialLR", schedule<PolynomialLR>(PolynomialLROptions{.total_iters = 15})},
      {"CosineAnnealingLR", schedule<CosineAnnealingLR>(6)},
      {"CosineAnnealingWarmRestarts",
       schedule<CosineAnnealingWarmRestarts>(2, CosineAnnealingWarmRestartsOptions{.T_mult = 2})},
      {"InvScalingLR", schedule<InvScalingLR>()},
      {"SWALR", schedule<SWALR>(0.01, SWALROptions{.anneal_epochs = 12})},
      {"OneCycleLR", schedule<OneCycleLR>(0.3, OneCycleLROptions{.total_steps = kSteps + 1})},
      {"CyclicLR", schedule<CyclicLR>(0.01, 0.2, CyclicLROptions{.step_size_up = 3})},
      {"LambdaLR",
       [](Optimizer& o) {
         return std::make_unique<LambdaLR>(o, [](std::int64_t e) { return std::pow(0.9, static_cast<double>(e)); });
       }},
      {"MultiplicativeLR",
       [](Optimizer& o) {
         return std::make_unique<MultiplicativeLR>(o, [](std::int64_t e) { return e % 3 == 0 ? 0.8 : 1.0; });
       }},
      {"SequentialLR",
       [](Optimizer& o) {
         return std::unique_ptr<LRScheduler>(new SequentialLR(o, {LinearLR(o), CosineAnnealingLR(o, 9)}, {7}));
       }},
      {"ChainedScheduler",
       [](Optimizer& o) {
         return std::unique_ptr<LRScheduler>(new ChainedScheduler({LinearLR(o), ExponentialLR(o, 0.9)}));
       }},
      {"ReduceLROnPlateau", schedule<ReduceLROnPlateau>(ReduceLROnPlateauOptions{.factor = 0.5, .patience = 1})},
      {"AdaptiveLR", schedule<AdaptiveLR>(AdaptiveLROptions{.n_iter_no_change = 1})},
  };
  return all;
}

data::TensorDataset examples() {
  manual_seed(5);
  const Tensor x = randn({37, 3});
  return {x, sin(x.sum({1}, true))};
}

// A run with everything that has a state.
struct Run {
  Net net;
  std::unique_ptr<Optimizer> opt;
  std::unique_ptr<LRScheduler> schedule;
  data::DataLoader loader;
  std::vector<double> losses;

  Run(const data::TensorDataset& set, const MakeOptimizer& optimizer, const MakeSchedule& rate)
      : opt(optimizer(net.parameters())), schedule(rate(*opt)), loader(set, {.batch_size = 8, .shuffle = true}) {}

  train::Checkpoint parts(std::int64_t epoch = 0) {
    return {.model = net, .optimizer = *opt, .scheduler = *schedule, .loader = loader, .epoch = epoch};
  }
  // As each optimizer wants it.
  Tensor step(const Tensor& x, const Tensor& y) {
    if (dynamic_cast<optim::LevenbergMarquardt*>(opt.get())) return opt->step([&] { return net(x) - y; });
    const auto closure = [&] {
      opt->zero_grad();
      Tensor loss = mse_loss(net(x), y);
      loss.backward();
      return loss;
    };
    return opt->step(closure);
  }
  void step_schedule(double loss) {
    if (auto* plateau = dynamic_cast<optim::ReduceLROnPlateau*>(schedule.get()))
      plateau->step(loss);
    else if (auto* adaptive = dynamic_cast<optim::AdaptiveLR*>(schedule.get()))
      adaptive->step(loss);
    else
      schedule->step();
  }
  void epochs(std::int64_t first, const std::function<void(std::int64_t epoch)>& after_step = {}) {
    for (std::int64_t e = first; e < kEpochs; ++e)
      for (auto& [x, y] : loader) {
        losses.push_back(step(x, y).item());
        step_schedule(losses.back());
        if (after_step) after_step(e);
      }
  }
  bool same(const Run& o) const {
    return same_bits(net.state_dict(), o.net.state_dict()) && same_bits(opt->state_dict(), o.opt->state_dict()) &&
           same_bits(schedule->state_dict(), o.schedule->state_dict());
  }
};

// Stopped after 8 of 20 steps, in the middle of an epoch, and gone on with by objects that were elsewhere.
void check_resume(const std::string& name, const MakeOptimizer& optimizer, const MakeSchedule& rate) {
  const TempDir dir;
  const data::TensorDataset set = examples();
  manual_seed(11);
  Run whole(set, optimizer, rate);
  constexpr std::size_t kStop = 8;
  whole.epochs(0, [&](std::int64_t e) {
    if (whole.losses.size() == kStop) train::save_checkpoint(dir / "run", whole.parts(e));
  });
  const auto generator = default_generator().get_state();

  manual_seed(999);
  Run resumed(set, optimizer, rate);
  resumed.step(randn({8, 3}), randn({8, 1}));
  const train::LoadedCheckpoint at = train::load_checkpoint(dir / "run", resumed.parts());
  resumed.epochs(at.epoch);
  BOOST_REQUIRE(whole.losses.size() == static_cast<std::size_t>(kSteps));
  const std::vector<double> rest(whole.losses.begin() + kStop, whole.losses.end());
  BOOST_CHECK_MESSAGE(resumed.losses == rest, name << ": other losses after resuming");
  BOOST_CHECK_MESSAGE(resumed.same(whole), name << ": another end after resuming");
  BOOST_CHECK_MESSAGE(default_generator().get_state() == generator, name << ": other random numbers");
  const bool moved = std::ranges::all_of(whole.losses, [](double l) { return std::isfinite(l); }) &&
                     whole.losses.front() != whole.losses.back();
  BOOST_CHECK_MESSAGE(moved, name << " did not train");
}

template <class Table>
void require_rows(const Names& declared, const Table& table, const char* what) {
  for (const auto& [name, text] : declared)
    BOOST_CHECK_MESSAGE(table.contains(name), what << ' ' << name << " of the headers has no row here");
  for (const auto& [name, make] : table)
    BOOST_CHECK_MESSAGE(declared.contains(name), "there is a row for " << name << ", which no header declares");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(resume)

BOOST_AUTO_TEST_CASE(every_optimizer_and_schedule_of_the_headers_has_a_row) {
  require_rows(declared_optimizers(), optimizers(), "optimizer");
  require_rows(declared_schedules(), schedules(), "schedule");
}

BOOST_AUTO_TEST_CASE(every_optimizer) {
  for (const auto& [name, make] : optimizers()) check_resume(name, make, schedules().at("SequentialLR"));
}

BOOST_AUTO_TEST_CASE(every_schedule) {
  for (const auto& [name, make] : schedules())
    for (const char* optimizer : {"SGD", "AdamW"})
      check_resume(name + " of " + optimizer, optimizers().at(optimizer), make);
}

// The process that trains and saves after every step is killed at random moments and started again, until it is done.
BOOST_AUTO_TEST_CASE(a_run_that_is_killed_again_and_again) {
  const int threads = get_num_threads();
  set_num_threads(1);  // children of fork()
  const TempDir dir;
  const std::string path = dir / "run";
  const data::TensorDataset set = examples();
  const MakeOptimizer& optimizer = optimizers().at("AdamW");
  const MakeSchedule& rate = schedules().at("OneCycleLR");
  manual_seed(11);
  Run whole(set, optimizer, rate);
  whole.epochs(0);

  const auto train_on = [&](const std::function<void()>& saved) {
    manual_seed(11);
    Run run(set, optimizer, rate);
    std::int64_t first = 0;
    if (std::filesystem::exists(path)) first = train::load_checkpoint(path, run.parts()).epoch;
    run.epochs(first, [&](std::int64_t e) {
      train::save_checkpoint(path, run.parts(e));
      saved();
    });
  };
  std::mt19937 random(1);
  int kills = 0;
  while (!killed_child(train_on, random() % 3, std::chrono::microseconds(random() % 3000))) ++kills;
  BOOST_TEST_MESSAGE(kills << " kills");
  BOOST_TEST(kills > 0);
  manual_seed(999);
  Run end(set, optimizer, rate);
  const train::LoadedCheckpoint at = train::load_checkpoint(path, end.parts());
  BOOST_TEST(at.epoch == kEpochs - 1);
  BOOST_TEST(end.same(whole));
  set_num_threads(threads);
}

BOOST_AUTO_TEST_SUITE_END()
