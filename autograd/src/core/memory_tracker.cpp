#include "core/memory_tracker.hpp"

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <new>
#include <ostream>
#include <tuple>
#include <unordered_map>

#include <fmt/format.h>

#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/memory_report.hpp>
#include <xgrad/module_scope.hpp>

#include "core/blocked.hpp"
#include "core/profile/spans.hpp"
#include "core/running_op.hpp"
#include "core/storage.hpp"

namespace xgrad::detail {

std::atomic<bool> memory_tracked{false}, memory_rows{false};

namespace {

struct Block {
  std::int64_t bytes = 0;
  std::string op;
  Location at;
  std::shared_ptr<const ModuleCall> module;
  std::uint32_t saved = 0;  // by so many nodes
  bool gradient = false, parameter = false;
};

struct Registry {
  std::mutex mutex;
  std::unordered_map<const Storage*, Block> blocks;
  int trackers = 0;
  bool used = false;
  bool watched = false;  // by a Profile
};
// Never destroyed: tensors in static storage may outlive everything else.
Registry& registry() {
  static Registry* r = new Registry;
  return *r;
}

// With the lock.
void note_whether_tracked(const Registry& r) noexcept {
  const bool rows = r.trackers > 0 || !r.blocks.empty();
  memory_rows.store(rows, std::memory_order_relaxed);
  memory_tracked.store(rows || r.watched, std::memory_order_relaxed);
}

// Calls f with the block of s, if it is known.
template <class F>
void with_block(const Storage* s, F f) {
  if (!memory_rows.load(std::memory_order_relaxed)) return;
  Registry& r = registry();
  const std::lock_guard lock(r.mutex);
  if (const auto known = r.blocks.find(s); known != r.blocks.end()) f(known->second);
}

MemoryRow::Reason reason_of(const Block& b) {
  if (b.parameter) return MemoryRow::Reason::parameter;
  if (b.saved > 0) return MemoryRow::Reason::saved;
  return b.gradient ? MemoryRow::Reason::gradient : MemoryRow::Reason::result;
}

std::string place(const Location& at) {
  if (at.line() == 0) return "(unknown)";
  return fmt::format("{}:{}", std::filesystem::path(at.file_name()).filename().string(), at.line());
}

}  // namespace

namespace {

std::int64_t blocked_bytes(const Storage* s) {
  return s->blocked ? s->blocked->layout.numel() * std::int64_t{sizeof(float)} : 0;
}

}  // namespace

void watch_memory(bool on) noexcept {
  Registry& r = registry();
  const std::lock_guard lock(r.mutex);
  r.watched = on;
  note_whether_tracked(r);
}

void track_memory(const Storage* s, std::size_t bytes) {
  // What is laid out was there in blocks before.
  if (is_profiled()) span_memory(static_cast<std::int64_t>(bytes) - (s->data ? blocked_bytes(s) : 0));
  if (!memory_rows.load(std::memory_order_relaxed)) return;
  Registry& r = registry();
  const std::lock_guard lock(r.mutex);
  const auto known = r.blocks.find(s);
  if (known != r.blocks.end()) {  // a blocked form was laid out
    known->second.bytes = static_cast<std::int64_t>(bytes);
    return;
  }
  if (r.trackers == 0) return;
  const RunningOp op = running_backward ? *running_backward : running_op;
  try {
    Block b{static_cast<std::int64_t>(bytes), running_op_name(), user_line(op.at), current_module()};
    b.gradient = op.backward;
    r.blocks.emplace(s, std::move(b));
  } catch (const std::bad_alloc&) {  // the tensor is there, and goes without a row
  }
}

void forget_memory(const Storage* s) noexcept {
  if (is_profiled() && !s->is_foreign())
    span_memory(-(s->data ? static_cast<std::int64_t>(s->bytes) : blocked_bytes(s)));
  if (!memory_rows.load(std::memory_order_relaxed)) return;
  Registry& r = registry();
  const std::lock_guard lock(r.mutex);
  r.blocks.erase(s);
  note_whether_tracked(r);
}

void describe_memory(const Storage* s, const char* op, const Location& at) {
  with_block(s, [&](Block& b) {
    b.op = op;
    b.at = user_line(at);
    b.module = current_module();
  });
}
void count_saved_memory(const Storage* s, bool more) noexcept {
  with_block(s, [&](Block& b) {
    if (more)
      ++b.saved;
    else if (b.saved > 0)
      --b.saved;
  });
}
void note_parameter_memory(const Storage* s) noexcept {
  with_block(s, [](Block& b) { b.parameter = true; });
}

}  // namespace xgrad::detail

namespace xgrad {

MemoryTracker::MemoryTracker() {
  detail::Registry& r = detail::registry();
  const std::lock_guard lock(r.mutex);
  ++r.trackers;
  r.used = true;
  detail::note_whether_tracked(r);
}
MemoryTracker::~MemoryTracker() {
  detail::Registry& r = detail::registry();
  const std::lock_guard lock(r.mutex);
  --r.trackers;
  detail::note_whether_tracked(r);
}

const char* name(MemoryRow::Reason reason) {
  switch (reason) {
    case MemoryRow::Reason::saved:
      return "saved for backward";
    case MemoryRow::Reason::gradient:
      return "gradient";
    case MemoryRow::Reason::parameter:
      return "parameter";
    default:
      return "result";
  }
}

std::vector<MemoryRow> memory_report(Location at) {
  using Place = std::tuple<std::string_view, std::uint_least32_t, std::string, std::string, MemoryRow::Reason>;
  detail::Registry& r = detail::registry();
  std::vector<MemoryRow> rows;
  {
    const std::lock_guard lock(r.mutex);
    if (!r.used)
      ErrorReport("memory_report", "no MemoryTracker has lived: nothing is known of where memory comes from", at)
          .help("const xgrad::MemoryTracker watch; before the part of the program to look at")
          .value_error();
    for (const auto& [s, b] : r.blocks)
      if (b.bytes > 0)  // a MemoryBudget may have given the values up
        rows.push_back({b.at, b.op, b.module ? b.module->path() : "", b.bytes, 1, detail::reason_of(b)});
  }
  const auto place = [](const MemoryRow& m) {
    return Place(m.at.file_name(), m.at.line(), m.operation, m.module, m.reason);
  };
  std::ranges::sort(rows, {}, place);
  std::size_t n = 0;
  for (MemoryRow& m : rows) {
    if (n > 0 && place(rows[n - 1]) == place(m)) {
      rows[n - 1].bytes += m.bytes;
      rows[n - 1].blocks += m.blocks;
    } else {
      if (&rows[n] != &m) rows[n] = std::move(m);
      ++n;
    }
  }
  rows.resize(n);
  std::ranges::stable_sort(rows, std::greater(), &MemoryRow::bytes);
  return rows;
}

namespace {

// "1.5 MiB"
std::string size_text(std::int64_t bytes) {
  constexpr const char* kUnits[] = {"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double n = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  for (; n >= 1023.95 && unit + 1 < std::size(kUnits); ++unit) n /= 1024;
  return fmt::format("{:.1f} {}", n, kUnits[unit]);
}

// Rows of a report that differ in nothing but the module, as those of equal layers do: one line of the table.
struct Alike {
  const MemoryRow* first;
  std::int64_t rows = 1;
  bool holds(const MemoryRow& m) const {
    const auto rest = [](const MemoryRow& r) {
      return std::tuple(r.bytes, r.blocks, r.reason, std::string_view(r.operation), std::string_view(r.at.file_name()),
                        r.at.line());
    };
    return rest(*first) == rest(m);
  }
};

}  // namespace

std::ostream& operator<<(std::ostream& os, const std::vector<MemoryRow>& report) {
  std::vector<Alike> lines;
  for (const MemoryRow& m : report) {
    const auto known = std::ranges::find_if(lines, [&](const Alike& a) { return a.holds(m); });
    if (known == lines.end())
      lines.push_back({&m});
    else
      ++known->rows;
  }
  std::ranges::stable_sort(lines, std::greater(), [](const Alike& a) { return a.first->bytes * a.rows; });
  const auto row = [&](const std::string& size, const auto& n, const std::string& reason, const std::string& op,
                       const std::string& where, const std::string& module) {
    std::string line = fmt::format("{:>16}  {:>6}  {:<18}  {:<16}  {:<24}  {}", size, n, reason, op, where, module);
    line.erase(line.find_last_not_of(' ') + 1);
    os << line << '\n';
  };
  row("memory", "blocks", "reason", "operation", "line", "module");
  std::int64_t bytes = 0, blocks = 0;
  for (const auto& [m, rows] : lines) {
    const std::string each = size_text(m->bytes);
    row(rows == 1 ? each : fmt::format("{} x {}", rows, each), m->blocks * rows, name(m->reason), m->operation,
        detail::place(m->at), rows == 1 ? m->module : fmt::format("{} and {} more", m->module, rows - 1));
    bytes += m->bytes * rows;
    blocks += m->blocks * rows;
  }
  row(size_text(bytes), blocks, "in all", "", "", "");
  return os;
}

}  // namespace xgrad
