#include <array>
#include <atomic>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/record.hpp>

#include "core/elementwise_loop.hpp"
#include "core/modes.hpp"
#include "core/storage.hpp"

namespace xgrad {
namespace {
thread_local int anomaly_guards = 0;
}  // namespace

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

bool grad_enabled() { return detail::thread_modes.grad; }
bool is_inference_mode_enabled() { return detail::thread_modes.inference; }

GradModeGuard::GradModeGuard(bool on) : GradModeGuard(on, detail::thread_modes.inference) {}
GradModeGuard::GradModeGuard(bool on, bool inference) : mode_(detail::add_mode(on, inference)) {
  detail::thread_modes = {on && !inference, inference};
}
GradModeGuard::~GradModeGuard() {
  mode_->ended.store(true, std::memory_order_release);
  detail::drop_ended();
  const detail::GradMode* now = detail::modes.newest;
  const bool inference = now && now->inference;
  detail::thread_modes = {(!now || now->enabled) && !inference, inference};
}

DetectAnomaly::DetectAnomaly() { ++anomaly_guards; }
DetectAnomaly::~DetectAnomaly() { --anomaly_guards; }

namespace detail {

bool anomaly_enabled() { return anomaly_guards > 0; }

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
