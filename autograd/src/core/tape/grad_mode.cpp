#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/record.hpp>

#include "core/elementwise_loop.hpp"

namespace xgrad {
namespace {
thread_local bool enabled = true;
thread_local bool anomaly = false;
}  // namespace

bool grad_enabled() { return enabled; }
GradModeGuard::GradModeGuard(bool on) : previous_(std::exchange(enabled, on)) {}
GradModeGuard::~GradModeGuard() { enabled = previous_; }

DetectAnomaly::DetectAnomaly() : previous_(std::exchange(anomaly, true)) {}
DetectAnomaly::~DetectAnomaly() { anomaly = previous_; }

namespace detail {

bool anomaly_enabled() { return anomaly; }

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
