#include <algorithm>

#include <fmt/format.h>

#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/optim/scheduler_compose.hpp>
#include <xgrad/optim/scheduler_plateau.hpp>

namespace xgrad::optim {
namespace {

// The states of the parts under "0.", "1.", ... behind `out`.
void append_states(const std::vector<SchedulerPart>& parts, NamedTensors& out) {
  for (std::size_t i = 0; i < parts.size(); ++i)
    for (auto& [key, t] : parts[i].scheduler->state_dict()) out.emplace_back(fmt::format("{}.{}", i, key), t);
}

// The entries of part i (without its prefix), or with no i those of no part.
NamedTensors state_of(const NamedTensors& state, std::size_t parts, std::size_t i) {
  NamedTensors out;
  for (const auto& [key, t] : state) {
    std::size_t owner = 0;
    std::string rest = key;
    for (; owner < parts; ++owner)
      if (const std::string prefix = fmt::format("{}.", owner); key.starts_with(prefix)) {
        rest = key.substr(prefix.size());
        break;
      }
    if (owner == i) out.emplace_back(rest, t);
  }
  return out;
}

// prepare_state_dict() of the whole, from that of its own numbers.
std::function<void()> with_parts(std::function<void()> own, const std::vector<SchedulerPart>& parts,
                                 const NamedTensors& state, const Location& at) {
  std::vector<std::function<void()>> all{std::move(own)};
  for (std::size_t i = 0; i < parts.size(); ++i)
    all.push_back(parts[i].scheduler->prepare_state_dict(state_of(state, parts.size(), i), at));
  return [all = std::move(all)] {
    for (const auto& take_over : all) take_over();
  };
}

// A step of parts of which the first may have stepped when the second throws.
template <class F>
void all_or_nothing(LRScheduler& s, const Location& at, const F& step) {
  const detail::CallSite site(at);
  const std::function<void()> undo = s.prepare_state_dict(s.state_dict());
  Optimizer& optimizer = s.optimizer();
  std::vector<double> rates;
  for (std::size_t g = 0; g < optimizer.num_groups(); ++g) rates.push_back(optimizer.lr(g));
  try {
    step();
  } catch (...) {
    undo();
    for (std::size_t g = 0; g < rates.size(); ++g) optimizer.set_lr(g, rates[g]);
    throw;
  }
}

Optimizer& optimizer_of(const std::vector<SchedulerPart>& parts, const char* op, const Location& at) {
  if (parts.empty()) ErrorReport(op, "no schedules", at).value_error();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (!parts[i].scheduler) ErrorReport(op, fmt::format("schedule {} is null", i), at).value_error();
    if (dynamic_cast<const ReduceLROnPlateau*>(parts[i].scheduler.get()))
      ErrorReport(op, fmt::format("schedule {} is a ReduceLROnPlateau, whose step() needs a value", i), at)
          .help("step it separately")
          .value_error();
    if (&parts[i].scheduler->optimizer() != &parts[0].scheduler->optimizer())
      ErrorReport(op, fmt::format("schedule {} belongs to another optimizer than schedule 0", i), at).value_error();
  }
  return parts[0].scheduler->optimizer();
}

}  // namespace

SequentialLR::SequentialLR(Optimizer& optimizer, std::vector<SchedulerPart> schedulers,
                           std::vector<std::int64_t> milestones, Location at)
    : LRScheduler(optimizer, "SequentialLR", at), parts_(std::move(schedulers)), milestones_(std::move(milestones)) {
  const detail::CallSite site(at);
  if (&optimizer_of(parts_, "SequentialLR", at) != &optimizer) invalid("the schedules belong to another optimizer", at);
  if (milestones_.size() + 1 != parts_.size())
    invalid(
        fmt::format("{} milestones for {} schedules, needs {}", milestones_.size(), parts_.size(), parts_.size() - 1),
        at);
  if (!std::ranges::is_sorted(milestones_)) invalid("the milestones are not in order", at);
  if (!milestones_.empty() && milestones_.front() < 0)
    invalid(fmt::format("milestones must be >= 0, got {}", milestones_.front()), at);
  for (std::size_t g = 0; g < optimizer.num_groups(); ++g) base_lrs_.push_back(optimizer.initial_lr(g));
  jump(0);
}

// All parts have set their first rates when they were made: back to the start, and only one begins.
void SequentialLR::jump(std::int64_t epoch) {
  set_rates(base_lrs_);
  begin();
  while (last_epoch_ < epoch) advance();
}

void SequentialLR::begin() {
  for (const SchedulerPart& p : parts_) p.scheduler->last_epoch_ = -1;
  last_epoch_ = 0;
  LRScheduler& now = *parts_[part_at(0)].scheduler;
  now.begin();
  last_lr_ = now.last_lr();
}

std::size_t SequentialLR::part_at(std::int64_t epoch) const {
  return static_cast<std::size_t>(std::ranges::upper_bound(milestones_, epoch) - milestones_.begin());
}

void SequentialLR::advance() {
  ++last_epoch_;
  const std::size_t i = part_at(last_epoch_);
  LRScheduler& now = *parts_[i].scheduler;
  if (i > 0 && milestones_[i - 1] == last_epoch_)
    now.jump(0);
  else
    now.advance();
  last_lr_ = now.last_lr();
}

NamedTensors SequentialLR::state_dict() const {
  NamedTensors out = LRScheduler::state_dict();
  append_states(parts_, out);
  return out;
}
void SequentialLR::check_state_dict(const NamedTensors& state, Location at) const {
  LRScheduler::check_state_dict(state_of(state, parts_.size(), parts_.size()), at);
  for (std::size_t i = 0; i < parts_.size(); ++i)
    parts_[i].scheduler->check_state_dict(state_of(state, parts_.size(), i), at);
}
std::function<void()> SequentialLR::prepare_state_dict(const NamedTensors& state, Location at) {
  return with_parts(LRScheduler::prepare_state_dict(state_of(state, parts_.size(), parts_.size()), at), parts_, state,
                    at);
}
void SequentialLR::step(Location at) {
  all_or_nothing(*this, at, [&] { LRScheduler::step(at); });
}

ChainedScheduler::ChainedScheduler(std::vector<SchedulerPart> schedulers, Location at)
    : LRScheduler(optimizer_of(schedulers, "ChainedScheduler", at), "ChainedScheduler", at),
      parts_(std::move(schedulers)) {
  for (std::size_t g = 0; g < optimizer().num_groups(); ++g) {
    base_lrs_.push_back(optimizer().initial_lr(g));
    last_lr_.push_back(optimizer().lr(g));
  }
  last_epoch_ = 0;
}

void ChainedScheduler::jump(std::int64_t epoch) {
  set_rates(base_lrs_);
  begin();
  while (last_epoch_ < epoch) advance();
}

void ChainedScheduler::begin() {
  for (const SchedulerPart& p : parts_) p.scheduler->begin();
  last_epoch_ = 0;
  last_lr_ = from_present([](double lr) { return lr; });
}

void ChainedScheduler::advance() {
  for (const SchedulerPart& p : parts_) p.scheduler->advance();
  ++last_epoch_;
  last_lr_ = from_present([](double lr) { return lr; });
}

NamedTensors ChainedScheduler::state_dict() const {
  NamedTensors out = LRScheduler::state_dict();
  append_states(parts_, out);
  return out;
}
void ChainedScheduler::check_state_dict(const NamedTensors& state, Location at) const {
  LRScheduler::check_state_dict(state_of(state, parts_.size(), parts_.size()), at);
  for (std::size_t i = 0; i < parts_.size(); ++i)
    parts_[i].scheduler->check_state_dict(state_of(state, parts_.size(), i), at);
}
std::function<void()> ChainedScheduler::prepare_state_dict(const NamedTensors& state, Location at) {
  return with_parts(LRScheduler::prepare_state_dict(state_of(state, parts_.size(), parts_.size()), at), parts_, state,
                    at);
}
void ChainedScheduler::step(Location at) {
  all_or_nothing(*this, at, [&] { LRScheduler::step(at); });
}

}  // namespace xgrad::optim
