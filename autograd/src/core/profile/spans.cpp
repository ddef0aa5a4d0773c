#include "core/profile/spans.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <new>
#include <set>
#include <string_view>
#include <utility>

#include <xgrad/call_site.hpp>

#include "core/memory_tracker.hpp"
#include "core/own_file.hpp"
#include "core/profile/log.hpp"

namespace xgrad::detail {

std::atomic<bool> profiled{false};

namespace {

using profiler::Category;
using profiler::SpanKind;

std::int64_t now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

bool same_place(const Location& a, const Location& b) {
  return a.line() == b.line() && a.column() == b.column() && a.file_name() == b.file_name();
}

// A span that has not ended.
struct Open {
  SpanRecord record;
  const void* token = nullptr;  // of a scope; null for an operation
  Location call;                // as the operation got it
  std::int64_t inner = 0;       // of time, within spans that have ended
  std::int64_t inner_bytes = 0;
  bool worked = false, likely_done = false;
};

// Spans of one thread, under its mutex: others read what has ended, and end what is over when the profile stops.
struct ThreadLog {
  std::uint64_t session = 0;
  std::uint32_t number = 0;
  std::mutex mutex;
  std::vector<SpanRecord> ended;
  std::set<std::string, std::less<>> names;
  std::vector<Open> open;
  std::map<const char*, bool> own_files;
  std::int64_t last = 0, bytes = 0;  // when it was last seen at work; of memory since the session began

  bool is_inner_place(const Location& at) {
    const auto [known, fresh] = own_files.try_emplace(at.file_name(), false);
    if (fresh) known->second = is_own_file(at.file_name());
    return known->second;
  }
  const std::string* intern(std::string_view name) {
    const auto known = names.find(name);
    return known != names.end() ? &*known : &*names.emplace(name).first;
  }
  bool on_operation() const { return !open.empty() && !open.back().token; }
};

struct Registry {
  std::mutex mutex;
  std::vector<std::shared_ptr<ThreadLog>> logs;
  std::uint64_t session = 0;
};
// Never destroyed: threads may outlive everything else.
Registry& registry() {
  static Registry* r = new Registry;
  return *r;
}
std::vector<std::shared_ptr<ThreadLog>> all_logs() {
  Registry& r = registry();
  const std::lock_guard lock(r.mutex);
  return r.logs;
}
std::atomic<std::uint64_t> session{0};

// When the thread ends, so do its operations: nothing follows that would tell.
struct OwnLog {
  std::shared_ptr<ThreadLog> log;
  ~OwnLog();
};
thread_local OwnLog own;

// Of this thread in this session; with `make`, also where it had no span so far.
ThreadLog* log_of_thread(bool make) {
  const std::uint64_t current = session.load(std::memory_order_acquire);
  if (own.log && own.log->session == current) return own.log.get();
  if (!make) return nullptr;
  auto fresh = std::make_shared<ThreadLog>();
  Registry& r = registry();
  const std::lock_guard lock(r.mutex);
  fresh->session = r.session;
  fresh->number = static_cast<std::uint32_t>(r.logs.size()) + 1;
  r.logs.push_back(fresh);
  own.log = std::move(fresh);
  return own.log.get();
}

// Ends the innermost span.
void close(ThreadLog& log, std::int64_t end) {
  Open& o = log.open.back();
  SpanRecord& r = o.record;
  r.end = std::max(end, r.start + o.inner);
  r.self = r.end - r.start - o.inner;
  r.bytes = log.bytes - r.bytes;
  r.self_bytes = r.bytes - o.inner_bytes;
  const std::int64_t time = r.end - r.start, bytes = r.bytes;
  log.ended.push_back(std::move(r));
  log.open.pop_back();
  if (log.open.empty()) return;
  Open& outer = log.open.back();
  outer.inner += time;
  outer.inner_bytes += bytes;
  outer.worked = true;
}

// An operation that nobody saw the end of: when it was last seen at work. One that did nothing was a check of its own,
// of a size or an option.
void close_operation(ThreadLog& log) {
  const Open& o = log.open.back();
  if (!o.worked && !o.likely_done)
    log.open.pop_back();
  else
    close(log, std::max(log.last, o.record.start));
}

void close_operations(ThreadLog& log) {
  while (log.on_operation()) close_operation(log);
}

SpanRecord started(ThreadLog& log, const SpanStart& s, std::int64_t time) {
  SpanRecord r;
  r.name = log.intern(s.name);
  if (!s.suffix.empty()) r.name = log.intern(std::string(s.name).append(s.suffix));
  r.kind = s.kind;
  r.start = time;
  r.bytes = log.bytes;
  r.module = s.module ? *s.module : current_module();
  r.sequence = s.sequence;
  const Open* outer = log.open.empty() ? nullptr : &log.open.back();
  r.category = s.kind == SpanKind::pass || s.kind == SpanKind::node ? Category::backward
               : s.kind == SpanKind::optimizer                      ? Category::optimizer
               : outer                                              ? outer->record.category
                                                                    : Category::forward;
  if (s.at) r.at = user_line(*s.at);
  // A line of the library says nothing to the program: the one that led there.
  if (s.kind != SpanKind::module && (r.at.line() == 0 || log.is_inner_place(r.at)))
    r.at = outer ? outer->record.at : Location();
  return r;
}

// Runs f, which may need memory.
template <class F>
void without_throwing(const F& f) noexcept {
  try {
    f();
  } catch (const std::bad_alloc&) {  // the span is lost
  }
}

OwnLog::~OwnLog() {
  if (!log) return;
  without_throwing([this] {
    const std::lock_guard lock(log->mutex);
    close_operations(*log);
  });
  log.reset();
}

}  // namespace

namespace {

// Ends the operations that are over when `op` begins. False: `op` is what runs already.
bool make_way(ThreadLog& log, const char* op, const Location& at) {
  const auto scope = std::find_if(log.open.rbegin(), log.open.rend(), [](const Open& o) { return o.token; });
  if (scope != log.open.rend()) {
    const bool checks_input =
        scope->record.kind == SpanKind::module && scope->record.module->info->label.starts_with(op);
    if (checks_input || (same_place(scope->call, at) && *scope->record.name == op)) {
      close_operations(log);
      return false;
    }
  }
  while (log.on_operation()) {
    const Open& o = log.open.back();
    const bool same = same_place(o.call, at);
    if (same && *o.record.name == op && !o.worked && !o.likely_done) return false;  // one more check of it
    if (!o.likely_done && ((same && *o.record.name != op) || (!same && log.is_inner_place(at)))) break;
    close_operation(log);
  }
  return true;
}

void open_span(ThreadLog& log, const void* token, const SpanStart& start) {
  Open o;
  o.token = token;
  if (start.at) o.call = *start.at;
  const std::int64_t time = now();
  o.record = started(log, start, time);
  log.last = time;
  log.open.push_back(std::move(o));
}

}  // namespace

void span_of_check(const char* op, const Location& at) noexcept {
  without_throwing([&] {
    ThreadLog& log = *log_of_thread(true);
    const std::lock_guard lock(log.mutex);
    if (make_way(log, op, at)) open_span(log, nullptr, {SpanKind::operation, op, "", &at});
  });
}

bool begin_operation(const void* token, const char* op, const Location& at) noexcept {
  bool begun = false;
  without_throwing([&] {
    ThreadLog& log = *log_of_thread(true);
    const std::lock_guard lock(log.mutex);
    const Open* last = log.on_operation() ? &log.open.back() : nullptr;
    if (last && same_place(last->call, at) && *last->record.name == op && !last->worked && !last->likely_done)
      log.open.back().token = token;  // a check has begun it
    else if (make_way(log, op, at))
      open_span(log, token, {SpanKind::operation, op, "", &at});
    else
      return;
    begun = true;
  });
  return begun;
}

namespace {

void go_on(ThreadLog& log, bool likely_done) {
  if (!log.on_operation()) return;
  log.last = now();
  Open& o = log.open.back();
  o.worked = true;
  o.likely_done |= likely_done;
}

}  // namespace

void span_goes_on(bool likely_done) noexcept {
  ThreadLog* log = log_of_thread(false);
  if (!log) return;
  const std::lock_guard lock(log->mutex);
  go_on(*log, likely_done);
}

void span_recorded(const char* op, const Location& at, std::uint64_t sequence) noexcept {
  ThreadLog* log = log_of_thread(false);
  if (!log) return;
  const std::lock_guard lock(log->mutex);
  if (log->open.empty() || log->open.back().record.kind != SpanKind::operation) return;
  without_throwing([&] {
    // Steps of it that nobody saw the end of.
    const auto whole = std::find_if(log->open.rbegin(), log->open.rend(), [&](const Open& o) {
      return o.record.kind != SpanKind::operation || (same_place(o.call, at) && *o.record.name == op);
    });
    if (whole != log->open.rend() && whole->record.kind == SpanKind::operation) {
      const auto depth = static_cast<std::size_t>(log->open.rend() - whole);
      while (log->open.size() > depth && log->on_operation()) close_operation(*log);
    }
    Open& o = log->open.back();
    if (!same_place(o.call, at) && *o.record.name != op) return;  // a step of it that has no check
    o.record.name = log->intern(op);
    o.record.sequence = sequence;
    log->last = now();
    if (!o.token) close(*log, log->last);
  });
}

void span_memory(std::int64_t bytes) noexcept {
  ThreadLog* log = log_of_thread(false);
  if (!log) return;
  const std::lock_guard lock(log->mutex);
  log->bytes += bytes;
  if (bytes > 0) go_on(*log, false);
}

void begin_span(const void* token, const SpanStart& start) noexcept {
  without_throwing([&] {
    ThreadLog& log = *log_of_thread(true);
    const std::lock_guard lock(log.mutex);
    // A check that stood before its scope.
    if (log.on_operation() && start.at && same_place(log.open.back().call, *start.at) &&
        *log.open.back().record.name == start.name)
      log.open.pop_back();
    close_operations(log);
    open_span(log, token, start);
  });
}

void end_span(const void* token) noexcept {
  ThreadLog* log = log_of_thread(false);
  if (!log) return;
  const std::lock_guard lock(log->mutex);
  const auto known = std::ranges::find(log->open, token, &Open::token);
  if (known == log->open.end()) return;
  without_throwing([&] {
    const auto outer = static_cast<std::size_t>(known - log->open.begin());
    while (log->open.size() > outer + 1) log->on_operation() ? close_operation(*log) : close(*log, log->last);
    log->last = now();
    close(*log, log->last);
  });
}

std::int64_t begin_profile() {
  watch_memory(true);
  Registry& r = registry();
  const std::lock_guard lock(r.mutex);
  r.logs.clear();
  session.store(++r.session, std::memory_order_release);
  profiled.store(true, std::memory_order_relaxed);
  return now();
}

void end_profile() noexcept {
  profiled.store(false, std::memory_order_relaxed);
  watch_memory(false);
  // Operations end when they were last seen at work, and spans of this thread that are open here; of scopes of other
  // threads nobody but they may know.
  without_throwing([] {
    const ThreadLog* here = log_of_thread(false);
    for (const auto& log : all_logs()) {
      const std::lock_guard lock(log->mutex);
      close_operations(*log);
      if (log.get() != here) continue;
      const std::int64_t time = now();
      while (!log->open.empty()) log->on_operation() ? close_operation(*log) : close(*log, time);
    }
  });
}

void read_spans(const std::function<void(std::uint32_t thread, const std::vector<SpanRecord>&)>& f) {
  for (const auto& log : all_logs()) {
    const std::lock_guard lock(log->mutex);
    f(log->number, log->ended);
  }
}

}  // namespace xgrad::detail
