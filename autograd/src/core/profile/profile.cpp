// What a Profile has seen, span by span and summed up.
#include <algorithm>
#include <atomic>
#include <filesystem>
#include <iterator>
#include <map>
#include <ostream>
#include <unordered_map>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/profiler.hpp>

#include "core/profile/log.hpp"
#include "core/profile/spans.hpp"

namespace xgrad::profiler {
namespace {

std::atomic<const Profile*> alive{nullptr};

double microseconds(std::int64_t ns) { return static_cast<double>(ns) / 1e3; }

std::string line_of(const Location& at) {
  if (at.line() == 0) return "(unknown)";
  return fmt::format("{}:{}", std::filesystem::path(at.file_name()).filename().string(), at.line());
}

// Rows in the order of their first spans.
class Rows {
 public:
  FunctionEventAvg& of(const std::string& key) {
    const auto [known, fresh] = index_.try_emplace(key, rows_.size());
    if (fresh) rows_.emplace_back().key = key;
    return rows_[known->second];
  }
  EventList take() { return std::move(rows_); }

 private:
  EventList rows_;
  std::unordered_map<std::string, std::size_t> index_;
};

void add_self(FunctionEventAvg& row, const Event& e) {
  row.self_cpu_time_total += e.self;
  row.self_cpu_memory_usage += e.self_bytes;
}
void add_total(FunctionEventAvg& row, const Event& e) {
  row.cpu_time_total += e.duration;
  row.cpu_memory_usage += e.bytes;
}

EventList by_operation(const std::vector<Event>& events) {
  Rows rows;
  for (const Event& e : events) {
    FunctionEventAvg& row = rows.of(e.name);
    ++row.count;
    add_self(row, e);
    add_total(row, e);
  }
  return rows.take();
}

// What ran for a module is told by the paths: backward functions run outside of its calls.
EventList by_module(const std::vector<Event>& events) {
  Rows rows;
  const auto add = [&](const std::string& path, const Event& e) {
    FunctionEventAvg& row = rows.of(path);
    row.cpu_time_total += e.self;
    row.cpu_memory_usage += e.self_bytes;
  };
  for (const Event& e : events) {
    if (e.module.empty()) {
      add("(no module)", e);
    } else {
      for (auto dot = e.module.find('.'); dot != std::string::npos; dot = e.module.find('.', dot + 1))
        add(e.module.substr(0, dot), e);
      add(e.module, e);
    }
    FunctionEventAvg& row = rows.of(e.module.empty() ? "(no module)" : e.module);
    add_self(row, e);
    row.count += e.kind == SpanKind::module;
  }
  return rows.take();
}

// Where a module was called is not known: its line is that of the first operation in it.
Location line_in(const std::vector<Event>& events, std::size_t i) {
  const Event& whole = events[i];
  for (; i < events.size() && events[i].thread == whole.thread && events[i].start <= whole.start + whole.duration; ++i)
    if (events[i].at.line() != 0) return events[i].at;
  return {};
}

// A span inside of another of the same line is in its total already.
EventList by_line(const std::vector<Event>& events) {
  Rows rows;
  struct Outer {
    std::uint32_t thread;
    double end;
    std::string line;
  };
  std::vector<Outer> outer;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const Event& e = events[i];
    while (!outer.empty() && (outer.back().thread != e.thread || outer.back().end <= e.start)) outer.pop_back();
    const std::string line = line_of(line_in(events, i));
    const bool first = std::ranges::none_of(outer, [&](const Outer& o) { return o.line == line; });
    FunctionEventAvg& row = rows.of(line);
    add_self(row, e);
    if (first) {
      add_total(row, e);
      ++row.count;
    }
    outer.push_back({e.thread, e.start + e.duration, line});
  }
  return rows.take();
}

}  // namespace

struct Profile::State {
  std::int64_t start = 0;
  bool running = true;
};

Profile::Profile(Location at) : state_(std::make_unique<State>()) {
  const Profile* none = nullptr;
  if (!alive.compare_exchange_strong(none, this))
    ErrorReport("Profile", "another Profile is alive: they would share their spans", at)
        .help("let it end first, or use record_function() to tell parts of the program apart")
        .autograd_error();
  state_->start = xgrad::detail::begin_profile();
}

Profile::~Profile() {
  stop();
  alive = nullptr;
}

void Profile::stop() {
  if (std::exchange(state_->running, false)) xgrad::detail::end_profile();
}

const Profile* Profile::current() { return alive; }

std::vector<Event> Profile::events() const {
  std::vector<Event> all;
  xgrad::detail::read_spans([&](std::uint32_t thread, const std::vector<xgrad::detail::SpanRecord>& records) {
    const auto first = static_cast<std::ptrdiff_t>(all.size());
    for (const auto& r : records)
      all.push_back({*r.name, r.module ? r.module->path() : "", r.at, r.kind, r.category,
                     microseconds(r.start - state_->start), microseconds(r.end - r.start), microseconds(r.self),
                     r.bytes, r.self_bytes, thread, r.sequence});
    // Inner spans end before outer ones: of those that begin at one time the last to end is the outermost.
    std::reverse(all.begin() + first, all.end());
    std::stable_sort(all.begin() + first, all.end(), [](const Event& a, const Event& b) { return a.start < b.start; });
  });
  return all;
}

EventList Profile::key_averages(GroupBy by) const {
  const std::vector<Event> all = events();
  switch (by) {
    case GroupBy::module:
      return by_module(all);
    case GroupBy::line:
      return by_line(all);
    default:
      return by_operation(all);
  }
}

std::optional<NodeTime> Profile::node_time(std::uint64_t sequence, std::string_view op,
                                           std::uint_least32_t line) const {
  std::optional<NodeTime> time;
  xgrad::detail::read_spans([&](std::uint32_t, const std::vector<xgrad::detail::SpanRecord>& records) {
    for (const auto& r : records) {
      if (r.sequence != sequence || !r.name->starts_with(op)) continue;
      const bool backward = r.kind == SpanKind::node;
      if (r.name->size() != op.size() && !backward) continue;
      if (line != 0 && r.at.line() != 0 && r.at.line() != line && !backward) continue;
      if (!time) time.emplace();
      (backward ? time->backward : time->forward) += microseconds(r.end - r.start);
    }
  });
  return time;
}

std::ostream& operator<<(std::ostream& os, Category c) {
  return os << (c == Category::forward ? "forward" : c == Category::backward ? "backward" : "optimizer");
}

RecordFunction::RecordFunction(std::string_view name, Location at) : on_(xgrad::detail::is_profiled()) {
  if (on_) xgrad::detail::begin_span(this, {SpanKind::user, name, "", &at});
}
RecordFunction::~RecordFunction() {
  if (on_) xgrad::detail::end_span(this);
}

}  // namespace xgrad::profiler

namespace xgrad::detail {

OptimizerSpan::OptimizerSpan(const char* method, const std::string& optimizer, const Location& at)
    : on_(is_profiled()) {
  if (!on_) return;
  const std::string name = fmt::format("Optimizer.{0}#{1}.{0}", method, optimizer);
  begin_span(this, {profiler::SpanKind::optimizer, name, "", &at});
}
OptimizerSpan::~OptimizerSpan() {
  if (on_) end_span(this);
}

}  // namespace xgrad::detail
