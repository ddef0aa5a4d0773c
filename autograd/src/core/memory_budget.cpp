#include <ostream>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/memory_budget.hpp>

#include "core/rematerialize.hpp"

namespace xgrad {

MemoryBudget::MemoryBudget(std::int64_t bytes, Location at) : bytes_(bytes) {
  if (bytes <= 0)
    ErrorReport("MemoryBudget", fmt::format("needs a limit above 0 bytes, got {}", bytes), at).value_error();
  state_ = detail::begin_budget(bytes);
}

MemoryBudget::~MemoryBudget() { detail::end_budget(state_); }

MemoryBudgetReport MemoryBudget::report() const {
  const detail::BudgetCounts c = detail::counts_of(*state_);
  return {bytes_, c.peak, c.dropped, c.dropped_bytes, c.recomputed, c.seconds};
}

std::ostream& operator<<(std::ostream& os, const MemoryBudgetReport& r) {
  const auto mb = [](std::int64_t bytes) { return static_cast<double>(bytes) / 1e6; };
  return os << fmt::format("{:.1f} MB of {:.1f} MB; {} values ({:.1f} MB) given up, {} computed again in {:.3f} s",
                           mb(r.peak), mb(r.limit), r.dropped, mb(r.dropped_bytes), r.recomputed, r.seconds);
}

}  // namespace xgrad
