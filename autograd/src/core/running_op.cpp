#include "core/running_op.hpp"

#include <array>
#include <dlfcn.h>

#include <fmt/format.h>

#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>

#include "core/own_file.hpp"

namespace xgrad::detail {

constinit thread_local RunningOp running_op;
constinit thread_local const RunningOp* running_backward = nullptr;

namespace {

std::string size_text(std::size_t bytes) {
  constexpr std::array kUnits{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double size = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  for (; size >= 1024 && unit + 1 < kUnits.size(); ++unit) size /= 1024;
  return fmt::format("cannot allocate {:.4g} {} ({} bytes)", size, kUnits[unit], bytes);
}

// Names are literals, which last, or texts that a caller made up for one check, which may be gone.
bool lasts(const char* name) {
  Dl_info unused;
  return dladdr(name, &unused) != 0;
}

}  // namespace

std::string running_op_name() {
  if (running_backward) return running_backward->name;
  const RunningOp op = running_op;
  return op.name && (op.backward || lasts(op.name)) ? op.name : "";
}

void out_of_memory(std::size_t bytes, const std::string& result) {
  const RunningOp op = running_op;
  const bool named = op.name && (op.backward || lasts(op.name));
  Location at = named ? user_line(op.at) : Location();
  if (is_own_file(at.file_name())) at = Location();
  ErrorReport report(named ? op.name : "memory", size_text(bytes) + (named && op.backward ? " in its backward" : ""),
                     at);
  if (!result.empty()) report.line("result", result);
  report.out_of_memory_error();
}

}  // namespace xgrad::detail
