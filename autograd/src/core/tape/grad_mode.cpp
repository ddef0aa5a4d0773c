#include <array>
#include <atomic>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/record.hpp>

#include "core/elementwise_loop.hpp"
#include "core/storage.hpp"

namespace xgrad {
namespace {
thread_local bool enabled = true;
thread_local int anomaly_guards = 0;
}  // namespace

namespace detail {
// What one guard asked for. Guards that are held by pointers may end in any order, and on another thread while the one
// that made them runs: a mode that has ended stays in that thread's list until all above it have ended, too.
struct GradMode {
  bool enabled = true;
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

GradMode* add_mode(bool on) {
  const bool fits = modes.depth < modes.room.size();
  GradMode* mode = fits ? &modes.room[modes.depth] : new (pool_allocate(sizeof(GradMode))) GradMode;
  mode->enabled = on;
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

bool grad_enabled() { return enabled; }

GradModeGuard::GradModeGuard(bool on) : mode_(detail::add_mode(on)) { enabled = on; }
GradModeGuard::~GradModeGuard() {
  mode_->ended.store(true, std::memory_order_release);
  detail::drop_ended();
  enabled = !detail::modes.newest || detail::modes.newest->enabled;
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
