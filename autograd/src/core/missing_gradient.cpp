#include "core/missing_gradient.hpp"

#include <string_view>

#include <fmt/format.h>

#include <xgrad/call_site.hpp>

namespace xgrad::detail {
namespace {

constexpr std::uint_least32_t kNearLines = 2;

struct Missing {
  const char* made_by = nullptr;
  Location at;
  bool any = false;
};
thread_local Missing last;

}  // namespace

void note_missing_gradient(const char* made_by, const Location& at) { last = {made_by, at, true}; }

void explain_missing_gradient(ErrorReport& report, const Location& at) {
  const Location here = user_line(at);
  if (!last.any || std::string_view(here.file_name()) != last.at.file_name()) return;
  if (here.line() < last.at.line() || here.line() > last.at.line() + kNearLines) return;
  if (last.made_by)
    report
        .line("grad()",
              fmt::format("of a result of {} in line {}: only leaves keep a gradient", last.made_by, last.at.line()))
        .help(
            "change a parameter in place, w -= lr * w.grad() beside a NoGradGuard; w = w - ... is no leaf any more. "
            "Gradients of results: retain_grad()");
  else
    report.line("grad()", fmt::format("of a leaf in line {}: no gradient has arrived", last.at.line()))
        .help("requires_grad_() when the tensor is made, and backward() before grad()");
}

}  // namespace xgrad::detail
