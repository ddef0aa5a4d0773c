#include <algorithm>
#include <charconv>
#include <cstring>
#include <dirent.h>
#include <memory>
#include <mutex>
#include <unistd.h>

#include <fmt/format.h>

#include <xgrad/call_site.hpp>
#include <xgrad/detail/keep_state.hpp>

#include "core/change_log.hpp"
#include "core/draw_log.hpp"
#include "core/own_file.hpp"
#include "core/rematerialize.hpp"
#include "core/running_op.hpp"

namespace xgrad::detail {
namespace {

std::mutex logs_mutex;  // of the list, and of what all logs hold

// The threads of this process, by their numbers, in order. Empty where that cannot be read.
std::vector<pid_t> threads_now() {
  std::vector<pid_t> all;
  DIR* folder = opendir("/proc/self/task");
  if (!folder) return all;
  while (const dirent* entry = readdir(folder)) {
    const std::string_view name = entry->d_name;
    pid_t number = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), number).ec == std::errc()) all.push_back(number);
  }
  closedir(folder);
  std::ranges::sort(all);
  return all;
}

// Numbers of threads as the logs know them, which are never used twice.
std::uint64_t own_number() {
  static std::atomic<std::uint64_t> last = 0;
  thread_local const std::uint64_t number = ++last;
  return number;
}

}  // namespace

// What is noted, and how it was.
struct ChangeLog {
  struct Changed {
    Tensor tensor;  // keeps the storage
    Storage* storage;
    std::vector<char> values;
    std::uint32_t version;
    const char* changed_by;
    Location changed_at;
  };
  struct Replaced {
    Tensor leaf, before;  // before: an alias, in the memory that the leaf had
  };
  struct Grad {
    Tensor of, grad;
    TensorImpl::GradIs is;
    std::uint32_t pass, version;
    std::uint8_t uses;
  };
  std::vector<Changed> changed;
  std::vector<Replaced> replaced;
  std::vector<Grad> grads;
  std::vector<std::pair<const void*, std::function<void()>>> others;
  GeneratorStates generators;
  const std::uint64_t owner = own_number();
  std::vector<pid_t> running_before;  // threads; of the outermost log of a thread
  std::string unseen;                 // what threads changed that ran before

  bool knows(const Storage* s) const {
    return std::ranges::any_of(changed, [&](const Changed& c) { return c.storage == s; });
  }
  // The copy is made without the lock, which what makes the values may need: whoever is first to put it into the list
  // made it before anybody who is noted wrote.
  void note(const TensorImpl& t) {
    Storage* s = t.storage;
    {
      const std::scoped_lock lock(logs_mutex);
      if (knows(s)) return;
    }
    t.memory();  // plain, whatever form the values had
    Changed c{make_alias(share(const_cast<TensorImpl*>(&t))),
              s,
              {s->data, s->data + s->bytes},
              s->version,
              s->changed_by,
              s->changed_at};
    const std::scoped_lock lock(logs_mutex);
    if (!knows(s)) changed.push_back(std::move(c));
  }
  void note_draw(const Generator& g) {
    const std::array<std::uint64_t, 2> state = g.get_state();
    const std::scoped_lock lock(logs_mutex);
    if (std::ranges::none_of(generators, [&](const auto& known) { return known.first == g; }))
      generators.emplace_back(g, state);
  }
  void note_replaced(const Tensor& leaf) {
    const std::scoped_lock lock(logs_mutex);
    if (std::ranges::any_of(replaced, [&](const Replaced& r) { return r.leaf.is_same(leaf); })) return;
    replaced.push_back({leaf, make_alias(leaf)});
  }
  void restore() noexcept {
    if (!changed.empty()) versions_taken_back.fetch_add(1, std::memory_order_relaxed);
    for (const Replaced& r : replaced) take_memory_of(impl(r.leaf), impl(r.before));
    for (const Changed& c : changed) restore(c);
    for (const Grad& g : grads) restore(g);
    for (const auto& [generator, at] : generators) generator.set_state(at);
    for (const auto& [what, put_back] : others) try {
        put_back();
      } catch (const std::exception&) {  // no memory: it stays as it is
      }
  }
  static void restore(const Changed& c) {
    try {
      before_change_of(impl(c.tensor));
      impl(c.tensor).memory();
    } catch (const std::exception&) {  // no memory for what is made of the values: they stay, with their own version
      return;
    }
    if (!c.values.empty()) std::memcpy(c.storage->data, c.values.data(), c.values.size());
    c.storage->version = c.version;
    c.storage->changed_by = c.changed_by;
    c.storage->changed_at = c.changed_at;
  }
  static void restore(const Grad& g) {
    TensorImpl& t = impl(g.of);
    const Tensor old = t.grad ? adopt(t.grad) : Tensor();
    Tensor before = g.grad;
    t.grad = before.defined() ? release(std::move(before)) : nullptr;
    t.grad_is = g.is;
    t.pass = g.pass;
    t.grad_version = g.version;
    t.grad_uses = g.uses;
  }
};

namespace {

std::vector<std::shared_ptr<ChangeLog>> change_logs;  // of all threads, by the time they began

// Whose KeepState this thread was started under; 0: none that is known.
constinit thread_local std::uint64_t started_by = 0;

// A thread that was not there when the only KeepState began was started by what runs under it.
void find_who_started_this() {
  std::uint64_t found = 0;
  const pid_t self = gettid();
  for (const auto& log : change_logs) {
    if (log->running_before.empty() || std::ranges::binary_search(log->running_before, self)) continue;
    if (found && found != log->owner) return;
    found = log->owner;
  }
  started_by = found;
}

// The logs of this thread, and of the one that started it.
std::vector<std::shared_ptr<ChangeLog>> logs_of_this_thread() {
  const std::uint64_t self = own_number();
  std::vector<std::shared_ptr<ChangeLog>> all;
  const auto gather = [&] {
    std::ranges::copy_if(change_logs, std::back_inserter(all),
                         [&](const auto& log) { return log->owner == self || log->owner == started_by; });
  };
  gather();
  if (all.empty() && started_by == 0) {
    find_who_started_this();
    gather();
  }
  return all;
}

// No log is this thread's: nobody knows whether the change belongs to what runs under one of them.
void tell_others() {
  const Location at = user_line(running_op.at);
  std::string text = running_op_name();
  if (text.empty()) text = "an operation";
  if (at.line() && !is_own_file(at.file_name())) text += fmt::format(" at {}:{}", at.file_name(), at.line());
  const std::scoped_lock lock(logs_mutex);
  for (const auto& log : change_logs)
    if (log->unseen.empty()) log->unseen = text;
}

template <class F>
void for_each_log(F&& note) {
  std::vector<std::shared_ptr<ChangeLog>> logs;
  {
    const std::scoped_lock lock(logs_mutex);
    logs = logs_of_this_thread();
  }
  for (const auto& log : logs) note(*log);
}

}  // namespace

constinit std::atomic<int> states_kept = 0;
std::atomic<std::uint32_t> versions_taken_back = 0;

void note_change(const TensorImpl& t) {
  bool seen = false;
  for_each_log([&](ChangeLog& log) { seen = true, log.note(t); });
  if (!seen) tell_others();
}

void note_replaced(const Tensor& leaf) {
  for_each_log([&](ChangeLog& log) { log.note_replaced(leaf); });
}
void note_drawn(const Generator& g) {
  for_each_log([&](ChangeLog& log) { log.note_draw(g); });
}

bool is_state_kept() noexcept {
  if (states_kept.load(std::memory_order_relaxed) == 0) return false;
  const std::scoped_lock lock(logs_mutex);
  return !logs_of_this_thread().empty();
}
void restore_at_end(const void* what, const std::function<void()>& restore) {
  for_each_log([&](ChangeLog& log) {
    const std::scoped_lock lock(logs_mutex);
    if (std::ranges::find(log.others, what, &std::pair<const void*, std::function<void()>>::first) == log.others.end())
      log.others.emplace_back(what, restore);
  });
}

struct KeepState::State {
  std::shared_ptr<ChangeLog> log = std::make_shared<ChangeLog>();
};

KeepState::KeepState(const std::vector<Tensor>& with_grads) : state_(std::make_unique<State>()) {
  ChangeLog& log = *state_->log;
  for (const Tensor& t : with_grads) {
    const TensorImpl& of = impl(t);
    log.grads.push_back({t, of.grad ? share(of.grad) : Tensor(), of.grad_is, of.pass, of.grad_version, of.grad_uses});
  }
  const std::scoped_lock lock(logs_mutex);
  if (std::ranges::none_of(change_logs, [&](const auto& other) { return other->owner == log.owner; }))
    log.running_before = threads_now();
  change_logs.push_back(state_->log);
  states_kept.fetch_add(1, std::memory_order_relaxed);
}

KeepState::~KeepState() {
  {
    const std::scoped_lock lock(logs_mutex);
    std::erase(change_logs, state_->log);
  }
  states_kept.fetch_sub(1, std::memory_order_relaxed);
  state_->log->restore();
}

std::string KeepState::unseen() const {
  const std::scoped_lock lock(logs_mutex);
  return state_->log->unseen;
}

}  // namespace xgrad::detail
