#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/checkpoint.hpp>
#include <xgrad/detail/keep_state.hpp>
#include <xgrad/nn/option_check.hpp>
#include <xgrad/nn/weight_options.hpp>
#include <xgrad/ops.hpp>

#include "computed_tensors.hpp"
#include "option_text.hpp"
#include "weight_rules.hpp"

namespace xgrad::nn {
namespace {

using xgrad::detail::ComputedTensors;

constexpr double kEpsilon = 1e-7;  // keras.config.epsilon()

Tensor norms(const Tensor& w, std::vector<std::int64_t> dims) {
  if (dims.empty()) {
    dims.resize(static_cast<std::size_t>(std::max<std::int64_t>(w.dim() - 1, w.dim() == 1)));
    std::iota(dims.begin(), dims.end(), w.dim() == 1 ? 0 : 1);
  }
  return sqrt(sum(square(w), dims, true));
}

std::string with_dims(std::string text, const std::vector<std::int64_t>& dims) {
  OptionText t;
  if (!dims.empty()) t.add("dims", list_text(dims));
  return with_options(std::move(text), t);
}

}  // namespace

Initializer::Initializer(Tensor& (*f)(Tensor&, Location)) : fill_([f](Tensor& t) { f(t, Location()); }) {}
Initializer::Initializer(Tensor& (*f)(Tensor&, const std::optional<Generator>&, Location))
    : fill_([f](Tensor& t) { f(t, {}, Location()); }) {}
Initializer::Initializer(Tensor& (*f)(Tensor&, double, const std::optional<Generator>&, Location))
    : fill_([f](Tensor& t) { f(t, 1, {}, Location()); }) {}
Initializer::Initializer(Tensor& (*f)(Tensor&, double, init::FanMode, init::Nonlinearity,
                                      const std::optional<Generator>&, Location))
    : fill_([f](Tensor& t) { f(t, 0, init::FanMode::fan_in, init::Nonlinearity::relu, {}, Location()); }) {}

Tensor initial_values(const Initializer& f, const Tensor& t, const char* op, const char* option, const Location& at) {
  const NoGradGuard off;
  Tensor values = t.detach().clone();
  f(values);
  if (!values.defined() || !(values.shape() == t.shape())) {
    ErrorReport report(op, fmt::format("{} gave another shape than the parameter has", option), at);
    report.operand("parameter", t);
    if (values.defined()) report.operand("given", values);
    report.shape_error();
  }
  return values;
}

// ---- penalties ----
Regularizer L1(double l1, Location at) {
  OptionCheck("L1", at).at_least_zero("l1", l1);
  return {[l1](const Tensor& x) { return l1 * sum(abs(x)); }, fmt::format("L1({})", l1)};
}
Regularizer L2(double l2, Location at) {
  OptionCheck("L2", at).at_least_zero("l2", l2);
  return {[l2](const Tensor& x) { return l2 * sum(square(x)); }, fmt::format("L2({})", l2)};
}
Regularizer L1L2(double l1, double l2, Location at) {
  const OptionCheck check("L1L2", at);
  check.at_least_zero("l1", l1);
  check.at_least_zero("l2", l2);
  return {[l1, l2](const Tensor& x) { return l1 * sum(abs(x)) + l2 * sum(square(x)); },
          fmt::format("L1L2(l1={}, l2={})", l1, l2)};
}

// ---- constraints ----
Constraint MaxNorm(double max_value, std::vector<std::int64_t> dims, Location at) {
  OptionCheck("MaxNorm", at).at_least_zero("max_value", max_value);
  std::string text = with_dims(fmt::format("MaxNorm({})", max_value), dims);
  return {[=](const Tensor& w) {
            const Tensor n = norms(w, dims);
            return w * (clamp(n, 0, max_value) / (n + kEpsilon));
          },
          std::move(text)};
}
Constraint NonNeg() {
  return {[](const Tensor& w) { return relu(w); }, "NonNeg"};
}
Constraint UnitNorm(std::vector<std::int64_t> dims) {
  std::string text = dims.empty() ? "UnitNorm" : fmt::format("UnitNorm(dims={})", list_text(dims));
  return {[dims](const Tensor& w) { return w / (norms(w, dims) + kEpsilon); }, std::move(text)};
}
Constraint MinMaxNorm(MinMaxNormOptions o, Location at) {
  const OptionCheck check("MinMaxNorm", at);
  check.at_least_zero("min_value", o.min_value);
  check.at_least_zero("max_value", o.max_value);
  check.probability("rate", o.rate);
  if (o.min_value > o.max_value)
    check.fail(fmt::format("min_value must not exceed max_value, got {} and {}", o.min_value, o.max_value));
  OptionText rate;
  rate.add("rate", o.rate, 1);
  std::string text = with_options(with_dims(fmt::format("MinMaxNorm({}, {})", o.min_value, o.max_value), o.dims), rate);
  return {[o](const Tensor& w) {
            const Tensor n = norms(w, o.dims);
            return w * ((o.rate * clamp(n, o.min_value, o.max_value) + (1 - o.rate) * n) / (n + kEpsilon));
          },
          std::move(text)};
}

namespace {

Tensor own_parameter(const Module& m, const std::string& name) {
  for (const auto& [key, t] : m.named_parameters(false))
    if (key == name) return t;
  return Tensor();
}
bool is_computed(const Module& m, const std::string& name) {
  return std::ranges::count(ComputedTensors::names(m), name) > 0;
}

Tensor one_number(const Module& m, const char* what, const Tensor& penalty, const Location& at) {
  if (!penalty.defined() || penalty.numel() != 1) {
    ErrorReport report(m.label().c_str(), fmt::format("{} must give one number", what), at);
    if (penalty.defined()) report.operand("given", penalty);
    report.value_error();
  }
  return penalty.reshape({});
}

std::shared_ptr<const ModuleCall> outermost_call() {
  std::shared_ptr<const ModuleCall> call = xgrad::detail::current_module();
  while (call && call->parent) call = call->parent;
  return call;
}

std::vector<std::pair<Tensor, std::uint32_t>> versions_of(const Module& m) {
  std::vector<std::pair<Tensor, std::uint32_t>> versions;
  for (const Tensor& p : m.parameters()) versions.emplace_back(p, p.version());
  return versions;
}

// Before this thread's call changes: a KeepState puts it back.
void note_last_call(const std::shared_ptr<WeightRules>& rules) {
  if (!xgrad::detail::is_state_kept()) return;
  const auto thread = std::this_thread::get_id();
  std::optional<PenalisedCall> before;
  {
    const std::scoped_lock lock(rules->lock);
    if (const auto found = rules->last_calls.find(thread); found != rules->last_calls.end()) before = found->second;
  }
  xgrad::detail::restore_at_end(rules.get(), [rules, thread, before] {
    const std::scoped_lock lock(rules->lock);
    if (before)
      rules->last_calls.insert_or_assign(thread, *before);
    else
      rules->last_calls.erase(thread);
  });
}

// Runs behind each call.
void keep_penalty(const Module& m, const Tensor& result) {
  const std::shared_ptr<WeightRules> rules = ComputedTensors::rules(m);
  if (!rules) return;
  const Location at;
  const Tensor penalty = one_number(m, "activity_regularizer", rules->options.activity_regularizer(result), at);
  if (xgrad::detail::recomputing()) return;  // it is there from the first time
  std::shared_ptr<const ModuleCall> outermost = outermost_call();
  note_last_call(rules);
  const std::scoped_lock lock(rules->lock);
  PenalisedCall& last = rules->last_calls[std::this_thread::get_id()];
  if (!outermost || last.outermost != outermost || last.recorded != grad_enabled())
    last = {std::move(outermost), grad_enabled(), {}, result.grad_fn(), versions_of(m)};
  last.penalties.push_back(penalty);
}

// Whether a backward pass has been through here, or can go through no more: looks at the nearest operation that keeps
// tensors.
bool is_used_up(GraphNode node) {
  while (node && node.saved_count() == 0) {
    GraphNode next;
    for (const auto& [below, output] : node.next_functions())
      if (below) {
        next = below;
        break;
      }
    node = std::move(next);
  }
  if (!node) return false;
  try {
    node.saved_tensor(0);
  } catch (const AutogradError&) {
    return true;
  }
  return false;
}

// Why the penalties of this call do not belong to a loss of now; null when they do.
const char* reason_against(const PenalisedCall& last) {
  if (grad_enabled() && !last.recorded) return "was made while nothing was recorded";
  if (last.recorded && is_used_up(last.made_by)) return "has been differentiated already";
  for (const auto& [p, version] : last.parameters)
    if (p.version() != version) return "came before the parameters changed";
  return nullptr;
}

// The penalties of results that this thread has not asked for yet.
class ResultPenalties {
 public:
  void find(const std::shared_ptr<WeightRules>& rules) {
    if (!rules->options.activity_regularizer) return;
    any_ = true;
    const std::scoped_lock lock(rules->lock);
    const auto found = rules->last_calls.find(std::this_thread::get_id());
    if (found == rules->last_calls.end()) return;
    if (const char* reason = reason_against(found->second))
      reason_ = reason;
    else
      found_.emplace_back(rules, found->second);
  }
  // ValueError when there are penalties, and none of the last call.
  void require(const Module& net, const Location& at) const {
    if (!any_ || !found_.empty()) return;
    ErrorReport report("regularization_loss", "activity_regularizer is of the results of a call, and there is none",
                       at);
    report.line("module", net.label());
    report.line("call", reason_ ? fmt::format("the last one {}", reason_) : "there was none since this was asked for");
    report.help(
        "call the net first, in a statement of its own (C++ may compute the right side of a + first): "
        "Tensor y = net(x); Tensor loss = cross_entropy(y, t) + nn::regularization_loss(net);");
    report.value_error();
  }
  // Each call counts once.
  std::vector<Tensor> take() {
    std::vector<Tensor> all;
    for (const auto& [rules, call] : found_) {
      if (is_latest(call)) all.insert(all.end(), call.penalties.begin(), call.penalties.end());
      note_last_call(rules);
      const std::scoped_lock lock(rules->lock);
      rules->last_calls.erase(std::this_thread::get_id());
    }
    return all;
  }

 private:
  // A later call of the same net may have passed by a layer.
  bool is_latest(const PenalisedCall& call) const {
    return std::ranges::none_of(found_, [&](const auto& f) {
      const auto& other = f.second.outermost;
      return other && call.outermost && other->info == call.outermost->info && other->id > call.outermost->id;
    });
  }

  bool any_ = false;
  const char* reason_ = nullptr;
  std::vector<std::pair<std::shared_ptr<WeightRules>, PenalisedCall>> found_;
};

void add_to(Tensor& sum, const Tensor& penalty) { sum = sum.defined() ? sum + penalty : penalty; }

// What a weight that is computed stands for: the factors of LoRA, else its value.
std::vector<Tensor> penalised(const Module& m, const std::string& name, const Location& at) {
  std::vector<Tensor> factors;
  if (const Module all = ComputedTensors::child(m, "parametrizations"); all)
    if (const Module own = ComputedTensors::child(all, name); own)
      for (const auto& [key, t] : own.named_parameters())
        if (key.ends_with("lora_A") || key.ends_with("lora_B")) factors.push_back(t);
  if (factors.empty()) factors.push_back(ComputedTensors::value(m, name, at));
  return factors;
}

void add_weights(Tensor& sum, const Module& m, const WeightOptions& o, const Location& at) {
  const std::pair<const char*, const Regularizer*> all[] = {{"weight", &o.kernel_regularizer},
                                                            {"lora_A", &o.kernel_regularizer},
                                                            {"lora_B", &o.kernel_regularizer},
                                                            {"bias", &o.bias_regularizer}};
  for (const auto& [name, penalty] : all) {
    if (!*penalty) continue;
    const std::vector<Tensor> weights =
        is_computed(m, name) ? penalised(m, name, at) : std::vector<Tensor>{own_parameter(m, name)};
    const bool of_bias = penalty == &o.bias_regularizer;
    const char* what = of_bias ? "bias_regularizer" : "kernel_regularizer";
    for (const Tensor& w : weights) {
      if (!w.defined() || !w.requires_grad()) continue;
      if (ComputedTensors::waits_for_shape(m, "weight"))
        ErrorReport("regularization_loss", fmt::format("{} is of '{}', which has no values yet", what, name), at)
            .line("module", m.label())
            .help("call the net first, in a statement of its own: the first call gives a lazy layer its weights")
            .value_error();
      if (w.numel() > 0) add_to(sum, one_number(m, what, (*penalty)(w), at));
    }
  }
}

}  // namespace

Tensor regularization_loss(const Module& net, Location at) {
  const xgrad::detail::CallSite site(at);
  Tensor sum;
  ResultPenalties of_results;
  for (const Module& m : net.modules()) {
    const std::shared_ptr<WeightRules> rules = ComputedTensors::rules(m);
    if (!rules) continue;
    add_weights(sum, m, rules->options, at);
    of_results.find(rules);
  }
  of_results.require(net, at);
  for (const Tensor& penalty : of_results.take()) add_to(sum, penalty);
  return sum.defined() ? sum : zeros({});
}

void apply_constraints(const Module& net, Location at) {
  const xgrad::detail::CallSite site(at);
  const NoGradGuard off;
  std::vector<std::pair<Tensor, Tensor>> changes;
  for (const Module& m : net.modules()) {
    const std::shared_ptr<WeightRules> rules = ComputedTensors::rules(m);
    if (!rules) continue;
    const std::pair<const char*, const Constraint*> all[] = {{"weight", &rules->options.kernel_constraint},
                                                             {"bias", &rules->options.bias_constraint}};
    for (const auto& [name, constraint] : all) {
      const Tensor w = own_parameter(m, name);
      if (!*constraint || !w.defined() || !w.requires_grad() || w.numel() == 0) continue;
      Tensor to = (*constraint)(w.detach());
      if (!to.defined() || !(to.shape() == w.shape())) {
        ErrorReport report(m.label().c_str(), fmt::format("the constraint of '{}' gave another shape", name), at);
        report.operand("parameter", w);
        if (to.defined()) report.operand("given", to);
        report.value_error();
      }
      changes.emplace_back(w, std::move(to));
    }
  }
  for (auto& [w, to] : changes) w.copy_(to, at);
}

}  // namespace xgrad::nn

namespace xgrad::detail {
namespace {

void show_rules(nn::OptionText& text, const nn::WeightOptions& o) {
  const std::pair<const char*, const nn::Regularizer*> penalties[] = {
      {"kernel_regularizer", &o.kernel_regularizer},
      {"bias_regularizer", &o.bias_regularizer},
      {"activity_regularizer", &o.activity_regularizer}};
  for (const auto& [name, r] : penalties)
    if (*r) text.add(name, r->text());
  const std::pair<const char*, const nn::Constraint*> constraints[] = {{"kernel_constraint", &o.kernel_constraint},
                                                                       {"bias_constraint", &o.bias_constraint}};
  for (const auto& [name, c] : constraints)
    if (*c) text.add(name, c->text());
}

}  // namespace

void set_weight_options(nn::Module& m, nn::WeightOptions o, const Location& at) {
  const CallSite site(at);
  if (!m) empty_module(typeid(nn::Module), at);
  const auto refuse = [&](const std::string& rule) {
    ErrorReport("with_weight_options", fmt::format("{} {}", m.label(), rule), at).value_error();
  };
  if (ComputedTensors::rules(m)) refuse("has such options already");
  const bool of_bias = o.bias_initializer || o.bias_regularizer || o.bias_constraint;
  std::vector<std::pair<Tensor, Tensor>> fills;  // all made before the first parameter changes
  for (const char* name : {"weight", "bias"}) {
    if (name == std::string("bias") && !of_bias) continue;
    Tensor p = nn::own_parameter(m, name);
    if (!p.defined() && !nn::is_computed(m, name)) refuse(fmt::format("has no parameter '{}'", name));
    const bool is_bias = name == std::string("bias");
    if (const nn::Initializer& fill = is_bias ? o.bias_initializer : o.kernel_initializer; fill) {
      if (!p.defined()) refuse(fmt::format("computes '{}' from other parameters: fill these", name));
      if (p.dim() == 1 && p.numel() == 0) refuse(fmt::format("has no shape for '{}' before the first call", name));
      const char* option = is_bias ? "bias_initializer" : "kernel_initializer";
      fills.emplace_back(p, nn::initial_values(fill, p, "with_weight_options", option, at));
    }
  }
  {
    const NoGradGuard off;
    for (auto& [p, values] : fills) p.copy_(values, at);
  }
  nn::OptionText text;
  show_rules(text, o);
  std::string& label = ComputedTensors::label(m);
  label = label.ends_with(')') ? nn::with_options(label, text) : text.label(label);
  const bool of_results = static_cast<bool>(o.activity_regularizer);
  ComputedTensors::rules(m) = std::make_shared<nn::WeightRules>(std::move(o));
  if (of_results)
    m.register_forward_hook(
        [](const nn::Module& called, const Tensor&, const Tensor& result) { nn::keep_penalty(called, result); }, at);
}

}  // namespace xgrad::detail
