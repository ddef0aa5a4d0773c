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
// What one guard asked for. Guards that are held by pointers may end in any order, on any thread: a mode that has ended
// stays in the list of the thread that made it until all above it have ended, too.
struct GradMode {
  bool enabled;
  std::atomic<bool> ended{false};
  GradMode* below;
};
namespace {
thread_local GradMode* newest = nullptr;
}  // namespace
}  // namespace detail

bool grad_enabled() { return enabled; }

GradModeGuard::GradModeGuard(bool on)
    : mode_(new (detail::pool_allocate(sizeof(detail::GradMode))) detail::GradMode{on, false, detail::newest}) {
  detail::newest = mode_;
  enabled = on;
}
GradModeGuard::~GradModeGuard() {
  mode_->ended.store(true, std::memory_order_release);
  while (detail::newest && detail::newest->ended.load(std::memory_order_acquire)) {
    detail::GradMode* const over = std::exchange(detail::newest, detail::newest->below);
    over->~GradMode();
    detail::pool_release(over, sizeof(detail::GradMode));
  }
  enabled = !detail::newest || detail::newest->enabled;
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
