#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/optim/scheduler.hpp>

#include "state_fields.hpp"

namespace xgrad::optim {

LRScheduler::LRScheduler(Optimizer& optimizer, std::string name, Location)
    : name_(std::move(name)), optimizer_(&optimizer), alive_(optimizer.alive()) {}
LRScheduler::~LRScheduler() = default;

void LRScheduler::invalid(const std::string& rule, const Location& at) const {
  ErrorReport(name_.c_str(), rule, at).value_error();
}

Optimizer& LRScheduler::optimizer(Location at) const {
  if (alive_.expired()) [[unlikely]]
    invalid("the optimizer whose rates it sets is gone: it must live as long as the schedule", at);
  return *optimizer_;
}

void LRScheduler::start(Location at) {
  const detail::CallSite site(at);
  if (base_lrs_.empty())
    for (std::size_t g = 0; g < optimizer().num_groups(); ++g) {
      if (std::isnan(optimizer().initial_lr(g))) optimizer().set_initial_lr(g, optimizer().lr(g));
      base_lrs_.push_back(optimizer().initial_lr(g));
    }
  advance();
}

void LRScheduler::step(Location at) {
  const detail::CallSite site(at);
  advance();
}

void LRScheduler::begin() {
  last_epoch_ = -1;
  advance();
}

void LRScheduler::advance() {
  ++last_epoch_;
  try {
    set_rates(get_lr());
  } catch (...) {
    --last_epoch_;
    throw;
  }
}

void LRScheduler::jump(std::int64_t epoch) {
  const std::int64_t before = std::exchange(last_epoch_, epoch);
  try {
    set_rates(get_closed_form_lr());
  } catch (...) {
    last_epoch_ = before;
    throw;
  }
}

void LRScheduler::set_rates(std::vector<double> rates) {
  // A rate that the optimizer refuses must be refused before any rate has changed.
  for (std::size_t g = 0; g < rates.size(); ++g)
    if (!(rates[g] >= 0 && std::isfinite(rates[g]))) optimizer().set_lr(g, rates[g]);
  for (std::size_t g = 0; g < rates.size(); ++g) optimizer().set_lr(g, rates[g]);
  last_lr_ = std::move(rates);
}

std::vector<double> LRScheduler::from_present(const std::function<double(double lr)>& f) const {
  std::vector<double> out;
  for (std::size_t g = 0; g < base_lrs_.size(); ++g) out.push_back(f(optimizer().lr(g)));
  return out;
}
std::vector<double> LRScheduler::from_base(const std::function<double(double base)>& f) const {
  std::vector<double> out;
  for (const double base : base_lrs_) out.push_back(f(base));
  return out;
}

std::vector<StateField> LRScheduler::all_fields() {
  std::vector<StateField> all{{"last_epoch", &last_epoch_}, {"base_lrs", &base_lrs_}, {"last_lr", &last_lr_}};
  for (StateField& f : fields()) all.push_back(std::move(f));
  return all;
}

NamedTensors LRScheduler::state_dict() const {
  NamedTensors out;
  // The fields only point at the numbers; saving does not change them.
  save_fields(const_cast<LRScheduler*>(this)->all_fields(), "", out);
  return out;
}

std::vector<StateCopy> LRScheduler::read(const NamedTensors& state, const Location& at) const {
  const std::vector<StateField> all = const_cast<LRScheduler*>(this)->all_fields();
  std::vector<StateCopy> values;
  for (const StateField& f : all) values.push_back(value_of(f));
  std::vector<bool> found(all.size());
  std::vector<std::string> missing, unexpected, misfit;
  for (const auto& [key, t] : state) {
    const auto f = std::ranges::find(all, key, &StateField::name);
    if (f == all.end()) {
      unexpected.push_back(key);
      continue;
    }
    const auto i = static_cast<std::size_t>(f - all.begin());
    found[i] = true;
    if (const std::string problem = read_field(*f, t, values[i]); !problem.empty())
      misfit.push_back(fmt::format("{}: {}", key, problem));
  }
  for (std::size_t i = 0; i < all.size(); ++i)
    if (!found[i]) missing.push_back(all[i].name);
  if (missing.empty() && unexpected.empty() && misfit.empty()) return values;
  ErrorReport error(name_.c_str(), "the state does not fit the schedule; nothing was loaded", at);
  if (!missing.empty()) error.line("missing:", fmt::format("{}", fmt::join(missing, ", ")));
  if (!unexpected.empty()) error.line("unexpected:", fmt::format("{}", fmt::join(unexpected, ", ")));
  if (!misfit.empty()) error.line("misfit:", fmt::format("{}", fmt::join(misfit, "; ")));
  error.value_error();
}

void LRScheduler::check_state_dict(const NamedTensors& state, Location at) const { read(state, at); }

std::function<void()> LRScheduler::prepare_state_dict(const NamedTensors& state, Location at) {
  const auto values = std::make_shared<std::vector<StateCopy>>(read(state, at));
  return [all = all_fields(), values] {
    for (std::size_t i = 0; i < all.size(); ++i) swap(all[i], (*values)[i]);
  };
}

void LRScheduler::load_state_dict(const NamedTensors& state, Location at) { prepare_state_dict(state, at)(); }

std::ostream& operator<<(std::ostream& os, const LRScheduler& s) {
  return os << fmt::format("{}(epoch {}, lr={})", s.name(), s.last_epoch(), fmt::join(s.last_lr(), ", "));
}

}  // namespace xgrad::optim
