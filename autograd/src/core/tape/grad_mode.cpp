#include <algorithm>
#include <array>
#include <atomic>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/record.hpp>

#include "core/elementwise_loop.hpp"
#include "core/storage.hpp"
#include "core/tape/anomaly.hpp"
#include "core/tape/forward.hpp"
#include "core/thread_tape.hpp"

namespace xgrad {
namespace detail {
// What one guard asked for. Guards that are held by pointers may end in any order, and on another thread while the one
// that made them runs: a mode that has ended stays in that thread's list until all above it have ended, too.
struct GradMode {
  bool enabled = true;
  bool inference = false;
  std::atomic<bool> ended{false};
  GradMode* below = nullptr;
};
namespace {

// Where nothing may throw any more, a guard must not ask for memory: only many inside each other do.
struct Modes {
  std::array<GradMode, 32> room;
  std::size_t depth = 0;
  GradMode* newest = nullptr;
};
constinit thread_local Modes modes;

GradMode* add_mode(bool on, bool inference) {
  const bool fits = modes.depth < modes.room.size();
  GradMode* mode = fits ? &modes.room[modes.depth] : new (pool_allocate(sizeof(GradMode))) GradMode;
  mode->enabled = on;
  mode->inference = inference;
  mode->ended.store(false, std::memory_order_relaxed);
  mode->below = std::exchange(modes.newest, mode);
  ++modes.depth;
  return mode;
}

void drop_ended() {
  while (modes.newest && modes.newest->ended.load(std::memory_order_acquire)) {
    GradMode* const over = std::exchange(modes.newest, modes.newest->below);
    if (--modes.depth < modes.room.size()) continue;
    over->~GradMode();
    pool_release(over, sizeof(GradMode));
  }
}

}  // namespace
}  // namespace detail

bool grad_enabled() { return detail::thread_tape.enabled; }
bool is_inference_mode_enabled() { return detail::thread_tape.inference; }

namespace detail {

constinit thread_local ThreadTape thread_tape;

bool records_gradients() { return thread_tape.records; }

namespace {

void set_mode(bool on, bool inference) {
  ThreadTape& mode = thread_tape;
  mode.records = on && !inference;
  mode.inference = inference;
  mode.enabled = mode.records || mode.levels > 0;
}

void set_levels(int count) {
  ThreadTape& mode = thread_tape;
  mode.levels = count;
  mode.enabled = mode.records || count > 0;
}

// Of this thread, outermost first. One that another thread ended stays until those inside of it have ended, too.
struct Levels {
  std::vector<std::shared_ptr<DualLevelState>> open;
  int most = kAllLevels;
  int counting() {
    while (!open.empty() && !open.back()->alive.load(std::memory_order_acquire)) open.pop_back();
    return std::min(most, static_cast<int>(open.size()));
  }
};
Levels& levels() {
  thread_local Levels of_thread;
  return of_thread;
}

}  // namespace

std::shared_ptr<DualLevelState> begin_level() {
  auto level = std::make_shared<DualLevelState>();
  Levels& all = levels();
  level->depth = all.counting() + 1;
  // Inside of what is computed for a level, further levels would need numbers of their own.
  if (all.most < static_cast<int>(all.open.size()))
    ErrorReport("DualLevel", "a backward function or hook must not begin a level of forward mode", Location::current())
        .autograd_error();
  all.open.push_back(level);
  set_levels(all.counting());
  return level;
}

void end_level(DualLevelState& level) noexcept {
  level.alive.store(false, std::memory_order_release);
  if (level.thread != std::this_thread::get_id()) return;
  set_levels(levels().counting());
  drop_tangents_of(level);
}

std::shared_ptr<const DualLevelState> level_at(int depth) { return levels().open[static_cast<std::size_t>(depth - 1)]; }
std::shared_ptr<const DualLevelState> current_level() {
  const int count = thread_tape.levels;
  return count > 0 ? level_at(count) : nullptr;
}

LevelsUpTo::LevelsUpTo(int most) noexcept : previous_(std::exchange(levels().most, most)) {
  set_levels(levels().counting());
}
LevelsUpTo::~LevelsUpTo() {
  levels().most = previous_;
  set_levels(levels().counting());
}

}  // namespace detail

GradModeGuard::GradModeGuard(bool on) : GradModeGuard(on, detail::thread_tape.inference) {}
GradModeGuard::GradModeGuard(bool on, bool inference) : mode_(detail::add_mode(on, inference)) {
  detail::set_mode(on, inference);
}
GradModeGuard::~GradModeGuard() {
  mode_->ended.store(true, std::memory_order_release);
  detail::drop_ended();
  const detail::GradMode* now = detail::modes.newest;
  detail::set_mode(!now || now->enabled, now && now->inference);
}

DetectAnomaly::DetectAnomaly() { ++detail::thread_tape.anomaly_guards; }
DetectAnomaly::~DetectAnomaly() { --detail::thread_tape.anomaly_guards; }

namespace detail {

bool anomaly_enabled() { return thread_tape.anomaly_guards > 0; }

AnomalyOff::AnomalyOff() : guards_(std::exchange(thread_tape.anomaly_guards, 0)) {}
AnomalyOff::~AnomalyOff() { thread_tape.anomaly_guards = guards_; }

void check_anomaly(const char* op, std::span<const Tensor> outputs, const TensorRefs& inputs, Location at) {
  for (const Tensor& o : outputs) {
    if (!o.defined() || !is_floating(o.dtype()) || all_finite(o)) continue;
    ErrorReport report(op, "produced a non-finite value", at);
    for (std::size_t i = 0; i < inputs.size(); ++i)
      if (inputs[i].defined()) report.operand(fmt::format("in {}", i), inputs[i]).line("range", range_text(inputs[i]));
    report.operand("result", o).line("range", range_text(o)).value_error();
  }
}

}  // namespace detail
}  // namespace xgrad
