// Optimizers and learning-rate schedules by PyTorch's names, with options by PyTorch's names.
#include <algorithm>
#include <map>

#include "functions.hpp"
#include "language.hpp"
#include "modules.hpp"

namespace oracle {

namespace {

namespace optim = xgrad::optim;

void set(optim::Option<double>& o, const Value& v) { o = v.real(); }
void set(optim::Option<bool>& o, const Value& v) { o = v.flag(); }
void set(optim::Option<std::int64_t>& o, const Value& v) { o = v.integer(); }
void set(optim::Option<optim::LineSearch>& o, const Value& v) {
  if (v.text() != "strong_wolfe") throw Unsupported("line_search_fn " + v.text());
  o = optim::LineSearch::strong_wolfe;
}
void set(optim::Option<std::array<double, 2>>& o, const Value& v) {
  if (!v.list() || v.list()->size() != 2) throw Unsupported("two numbers from " + v.describe());
  o = {(*v.list())[0].real(), (*v.list())[1].real()};
}

template <class Options>
Options options_from(const Dict& named) {
  Options o;
  for (const auto& [name, value] : named) {
    bool known = name == "params" || value.is_none();
    Options::each(o, [&, n = name, v = value](const char* option, auto& field) {
      if (known || n != option) return;
      set(field, v);
      known = true;
    });
    if (!known) throw Unsupported("option " + name);
  }
  return o;
}

using Make = std::unique_ptr<optim::Optimizer> (*)(const std::vector<OptimizerGroup>&, const Dict&);

template <class Optimizer, class Options>
std::unique_ptr<optim::Optimizer> make(const std::vector<OptimizerGroup>& groups, const Dict& defaults) {
  if (groups.size() == 1 && groups[0].options.empty())
    return std::make_unique<Optimizer>(groups[0].params, options_from<Options>(defaults));
  std::vector<optim::ParamGroup<Options>> parsed;
  for (const OptimizerGroup& g : groups) parsed.push_back({g.params, options_from<Options>(g.options)});
  return std::make_unique<Optimizer>(parsed, options_from<Options>(defaults));
}

std::unique_ptr<optim::Optimizer> make_lbfgs(const std::vector<OptimizerGroup>& groups, const Dict& defaults) {
  if (groups.size() != 1 || !groups[0].options.empty()) throw Unsupported("LBFGS with groups");
  return std::make_unique<optim::LBFGS>(groups[0].params, options_from<optim::LBFGSOptions>(defaults));
}

const std::map<std::string, Make>& makers() {
  static const std::map<std::string, Make> table = {
      {"SGD", make<optim::SGD, optim::SGDOptions>},
      {"Adam", make<optim::Adam, optim::AdamOptions>},
      {"AdamW", make<optim::AdamW, optim::AdamWOptions>},
      {"RMSprop", make<optim::RMSprop, optim::RMSpropOptions>},
      {"Adagrad", make<optim::Adagrad, optim::AdagradOptions>},
      {"Adadelta", make<optim::Adadelta, optim::AdadeltaOptions>},
      {"Adamax", make<optim::Adamax, optim::AdamaxOptions>},
      {"NAdam", make<optim::NAdam, optim::NAdamOptions>},
      {"RAdam", make<optim::RAdam, optim::RAdamOptions>},
      {"ASGD", make<optim::ASGD, optim::ASGDOptions>},
      {"Rprop", make<optim::Rprop, optim::RpropOptions>},
      {"LBFGS", make_lbfgs},
  };
  return table;
}

struct OptimizerObject : Object {
  std::unique_ptr<optim::Optimizer> optimizer;
  Value call(const std::string& method, List args, Dict) override {
    if (method == "step" && args.empty())
      optimizer->step();
    else if (method == "zero_grad")
      optimizer->zero_grad();
    else
      throw Unsupported("method " + method + " of an optimizer");
    return None{};
  }
};

// The first argument: a list of tensors, or of dicts with 'params' and options.
std::vector<OptimizerGroup> parse_groups(const Value& params) {
  const List* l = params.list();
  if (!l) throw Unsupported("parameters " + params.describe());
  if (l->empty() || !l->front().dict()) return {{params.tensors(), {}}};
  std::vector<OptimizerGroup> groups;
  for (const Value& v : *l) {
    OptimizerGroup g;
    if (!v.dict()) throw Unsupported("a group that is not a dict");
    for (const auto& [key, value] : *v.dict()) {
      if (key == "params")
        g.params = value.tensors();
      else
        g.options.emplace_back(key, value);
    }
    groups.push_back(std::move(g));
  }
  return groups;
}

// ---- schedules ----

using optim::PerGroup;
using optim::SchedulerPart;

PerGroup per_group(const Value& v) {
  if (!v.list()) return v.real();
  std::vector<double> values;
  for (const Value& x : *v.list()) values.push_back(x.real());
  return values;
}
PerGroup per_group(Args& a, const char* name, double fallback) {
  return a.given(name) ? per_group(a[name]) : PerGroup(fallback);
}

std::vector<std::int64_t> integers(const Value& v) {
  std::vector<std::int64_t> out;
  for (const Value& x : *v.list()) out.push_back(x.integer());
  return out;
}

optim::CyclicMode cyclic_mode(const std::string& name) {
  if (name == "triangular") return optim::CyclicMode::triangular;
  if (name == "triangular2") return optim::CyclicMode::triangular2;
  if (name == "exp_range") return optim::CyclicMode::exp_range;
  throw Unsupported("mode " + name);
}

Value of_two(double (*f)(double, double)) {
  return std::make_shared<Callable>(
      [f](const List& a, const Dict&) -> Value { return f(a.at(0).real(), a.at(1).real()); });
}

// A function of the epoch, as text.
std::function<double(std::int64_t)> epoch_function(const Value& v) {
  return [text = v.text()](std::int64_t e) {
    Interpreter language;
    language.set("epoch", e);
    language.set("min", of_two([](double x, double y) { return std::min(x, y); }));
    language.set("max", of_two([](double x, double y) { return std::max(x, y); }));
    return language.evaluate(text).real();
  };
}

struct Schedule {
  const char* signature;
  std::function<SchedulerPart(optim::Optimizer&, Args&)> make;
};

SchedulerPart one_cycle(optim::Optimizer& o, Args& a) {
  optim::OneCycleLROptions c;
  c.total_steps = a.integer("total_steps", 0);
  c.epochs = a.integer("epochs", 0);
  c.steps_per_epoch = a.integer("steps_per_epoch", 0);
  c.pct_start = a.real("pct_start", c.pct_start);
  const std::string anneal = a.text("anneal_strategy", "cos");
  if (anneal != "cos" && anneal != "linear") throw Unsupported("anneal_strategy " + anneal);
  c.anneal_strategy = anneal == "cos" ? optim::Anneal::cos : optim::Anneal::linear;
  c.cycle_momentum = a.flag("cycle_momentum", true);
  c.base_momentum = per_group(a, "base_momentum", 0.85);
  c.max_momentum = per_group(a, "max_momentum", 0.95);
  c.div_factor = a.real("div_factor", c.div_factor);
  c.final_div_factor = a.real("final_div_factor", c.final_div_factor);
  c.three_phase = a.flag("three_phase");
  return optim::OneCycleLR(o, per_group(a["max_lr"]), c);
}

SchedulerPart cyclic(optim::Optimizer& o, Args& a) {
  optim::CyclicLROptions c;
  c.step_size_up = a.real("step_size_up", c.step_size_up);
  c.step_size_down = a.real("step_size_down", 0);
  c.mode = cyclic_mode(a.text("mode", "triangular"));
  c.gamma = a.real("gamma", 1);
  c.cycle_momentum = a.flag("cycle_momentum", true);
  c.base_momentum = per_group(a, "base_momentum", 0.8);
  c.max_momentum = per_group(a, "max_momentum", 0.9);
  return optim::CyclicLR(o, per_group(a["base_lr"]), per_group(a["max_lr"]), c);
}

SchedulerPart plateau(optim::Optimizer& o, Args& a) {
  optim::ReduceLROnPlateauOptions p;
  p.mode = a.text("mode", "min") == "max" ? optim::PlateauMode::max : optim::PlateauMode::min;
  p.factor = a.real("factor", p.factor);
  p.patience = a.integer("patience", p.patience);
  p.threshold = a.real("threshold", p.threshold);
  p.threshold_mode = a.text("threshold_mode", "rel") == "abs" ? optim::ThresholdMode::abs : optim::ThresholdMode::rel;
  p.cooldown = a.integer("cooldown", 0);
  p.min_lr = per_group(a, "min_lr", 0);
  p.eps = a.real("eps", p.eps);
  return optim::ReduceLROnPlateau(o, p);
}

std::vector<SchedulerPart> parts(optim::Optimizer& o, const Value& list) {
  std::vector<SchedulerPart> out;
  for (const Value& v : *list.list()) {
    const std::string text = v.text();
    const auto open = text.find('(');
    Interpreter language;
    const auto [args, named] = language.arguments(text.substr(open + 1, text.rfind(')') - open - 1));
    if (!args.empty()) throw Unsupported("schedule " + text);
    out.push_back(make_scheduler(text.substr(0, open), o, named));
  }
  return out;
}

const std::map<std::string, Schedule>& schedules() {
  using O = optim::Optimizer;
  static const std::map<std::string, Schedule> table = {
      {"StepLR",
       {"step_size gamma?",
        [](O& o, Args& a) { return optim::StepLR(o, a.integer("step_size"), {.gamma = a.real("gamma", 0.1)}); }}},
      {"MultiStepLR",
       {"milestones gamma?",
        [](O& o, Args& a) {
          return optim::MultiStepLR(o, integers(a["milestones"]), {.gamma = a.real("gamma", 0.1)});
        }}},
      {"ConstantLR",
       {"factor? total_iters?",
        [](O& o, Args& a) {
          return optim::ConstantLR(o,
                                   {.factor = a.real("factor", 1.0 / 3), .total_iters = a.integer("total_iters", 5)});
        }}},
      {"LinearLR",
       {"start_factor? end_factor? total_iters?",
        [](O& o, Args& a) {
          return optim::LinearLR(o, {.start_factor = a.real("start_factor", 1.0 / 3),
                                     .end_factor = a.real("end_factor", 1),
                                     .total_iters = a.integer("total_iters", 5)});
        }}},
      {"ExponentialLR", {"gamma", [](O& o, Args& a) { return optim::ExponentialLR(o, a.real("gamma")); }}},
      {"PolynomialLR",
       {"total_iters? power?",
        [](O& o, Args& a) {
          return optim::PolynomialLR(o, {.total_iters = a.integer("total_iters", 5), .power = a.real("power", 1)});
        }}},
      {"CosineAnnealingLR",
       {"T_max eta_min?",
        [](O& o, Args& a) {
          return optim::CosineAnnealingLR(o, a.integer("T_max"), {.eta_min = a.real("eta_min", 0)});
        }}},
      {"CosineAnnealingWarmRestarts",
       {"T_0 T_mult? eta_min?",
        [](O& o, Args& a) {
          return optim::CosineAnnealingWarmRestarts(
              o, a.integer("T_0"), {.T_mult = a.integer("T_mult", 1), .eta_min = a.real("eta_min", 0)});
        }}},
      {"LambdaLR", {"lr_lambda", [](O& o, Args& a) { return optim::LambdaLR(o, epoch_function(a["lr_lambda"])); }}},
      {"MultiplicativeLR",
       {"lr_lambda", [](O& o, Args& a) { return optim::MultiplicativeLR(o, epoch_function(a["lr_lambda"])); }}},
      {"OneCycleLR",
       {"max_lr total_steps? epochs? steps_per_epoch? pct_start? anneal_strategy? cycle_momentum? base_momentum? "
        "max_momentum? div_factor? final_div_factor? three_phase?",
        one_cycle}},
      {"CyclicLR",
       {"base_lr max_lr step_size_up? step_size_down? mode? gamma? cycle_momentum? base_momentum? max_momentum?",
        cyclic}},
      {"ReduceLROnPlateau", {"mode? factor? patience? threshold? threshold_mode? cooldown? min_lr? eps?", plateau}},
      {"SequentialLR",
       {"schedulers milestones",
        [](O& o, Args& a) {
          auto made = parts(o, a["schedulers"]);
          return optim::SequentialLR(o, std::move(made), integers(a["milestones"]));
        }}},
      {"ChainedScheduler",
       {"schedulers", [](O& o, Args& a) { return optim::ChainedScheduler(parts(o, a["schedulers"])); }}},
  };
  return table;
}

}  // namespace

std::unique_ptr<optim::Optimizer> make_optimizer(const std::string& name, const std::vector<OptimizerGroup>& groups,
                                                 const Dict& defaults) {
  const auto found = makers().find(name);
  if (found == makers().end()) throw Unsupported("optimizer " + name);
  return found->second(groups, defaults);
}

std::shared_ptr<optim::LRScheduler> make_scheduler(const std::string& name, optim::Optimizer& optimizer,
                                                   const Dict& options) {
  const auto found = schedules().find(name);
  if (found == schedules().end()) throw Unsupported("schedule " + name);
  Args args(found->second.signature, {}, options);
  auto made = found->second.make(optimizer, args);
  args.require_all_used();
  return made.scheduler;
}

void add_optimizers(FunctionTable& t) {
  static const char* const kOptions[] = {"lr",
                                         "momentum",
                                         "dampening",
                                         "weight_decay",
                                         "nesterov",
                                         "maximize",
                                         "betas",
                                         "eps",
                                         "amsgrad",
                                         "alpha",
                                         "centered",
                                         "lr_decay",
                                         "rho",
                                         "lambd",
                                         "t0",
                                         "etas",
                                         "step_sizes",
                                         "momentum_decay",
                                         "initial_accumulator_value",
                                         "max_iter",
                                         "history_size",
                                         "line_search_fn"};
  static std::string signature = "params";
  if (signature == "params")
    for (const char* o : kOptions) signature += std::string(" ") + o + "?";
  for (const auto& [name, make] : makers())
    t["optim." + name] = {signature.c_str(), [make = make](Args& a) -> Value {
                            Dict options;
                            for (const char* o : kOptions)
                              if (a.given(o)) options.emplace_back(o, a[o]);
                            auto object = std::make_shared<OptimizerObject>();
                            object->optimizer = make(parse_groups(a["params"]), options);
                            return std::static_pointer_cast<Object>(object);
                          }};
}

}  // namespace oracle
