#include "core/fusion_mode.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include <xgrad/fusion.hpp>

#include "core/held.hpp"

namespace xgrad {
namespace detail {
namespace {

constexpr std::int64_t kLargeForFusion = std::int64_t{1} << 16, kNeverFused = INT64_MAX, kFusionOfProcess = -1;

std::int64_t fusion_threshold_of_environment() {
  if (const char* from = std::getenv("XGRAD_FUSION_FROM"); from && *from)
    return std::max<std::int64_t>(1, std::strtoll(from, nullptr, 10));
  return kLargeForFusion;
}
bool fusion_on_by_environment() {
  const char* text = std::getenv("XGRAD_FUSION");
  const std::string_view v = text ? text : "";
  return v == "on" || v == "1" || v == "true";
}

std::int64_t fusion_threshold() {
  static const std::int64_t from = fusion_threshold_of_environment();
  return from;
}
std::int64_t fusion_of_process() {
  static const std::int64_t from = fusion_on_by_environment() ? fusion_threshold() : kNeverFused;
  return from;
}

constinit thread_local std::int64_t fusion_of_thread = kFusionOfProcess;

}  // namespace

// 0 until the first operation has asked held_from(), which reads the environment.
constinit std::atomic<std::int64_t> least_held{0};

std::int64_t held_from() noexcept {
  const std::int64_t process = fusion_of_process();
  if (std::int64_t unset = 0; least_held.load(std::memory_order_relaxed) == unset)
    least_held.compare_exchange_strong(unset, process, std::memory_order_relaxed);
  return fusion_of_thread == kFusionOfProcess ? process : fusion_of_thread;
}

namespace {

std::int64_t exchange_fusion_threshold(std::int64_t from) {
  held_from();
  std::int64_t least = least_held.load(std::memory_order_relaxed);
  while (from != kFusionOfProcess && from < least && !least_held.compare_exchange_weak(least, from)) continue;
  return std::exchange(fusion_of_thread, from);
}

std::int64_t checked_fusion_from(std::int64_t from, const Location& at) {
  if (from < 1) ErrorReport("FusionGuard", fmt::format("from must be at least 1, got {}", from), at).value_error();
  return from;
}

}  // namespace
}  // namespace detail

FusionGuard::FusionGuard(bool on, Location)
    : previous_(detail::exchange_fusion_threshold(on ? detail::fusion_threshold() : detail::kNeverFused)) {}
FusionGuard::FusionGuard(bool on, std::int64_t from, Location at)
    : previous_(detail::exchange_fusion_threshold(on ? detail::checked_fusion_from(from, at) : detail::kNeverFused)) {}
FusionGuard::~FusionGuard() { detail::fusion_of_thread = previous_; }

bool fusion_enabled() { return detail::held_from() != detail::kNeverFused; }

}  // namespace xgrad
