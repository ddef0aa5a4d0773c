#include <algorithm>
#include <cstring>

#include <xgrad/detail/keep_state.hpp>

#include "core/change_log.hpp"
#include "core/draw_log.hpp"
#include "core/rematerialize.hpp"

namespace xgrad::detail {

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

  void note(const TensorImpl& t) {
    Storage* s = t.storage;
    if (std::ranges::any_of(changed, [&](const Changed& c) { return c.storage == s; })) return;
    t.memory();  // plain, whatever form the values had
    Tensor holder = make_alias(share(const_cast<TensorImpl*>(&t)));
    changed.push_back({std::move(holder), s, {s->data, s->data + s->bytes}, s->version, s->changed_by, s->changed_at});
  }
  void note_replaced(const Tensor& leaf) {
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
thread_local std::vector<ChangeLog*> change_logs;
}  // namespace

constinit thread_local bool logging_changes = false;
std::atomic<std::uint32_t> versions_taken_back = 0;

void note_change(const TensorImpl& t) {
  for (ChangeLog* log : change_logs) log->note(t);
}

void note_replaced(const Tensor& leaf) {
  for (ChangeLog* log : change_logs) log->note_replaced(leaf);
}

bool is_state_kept() noexcept { return logging_changes; }
void restore_at_end(const void* what, const std::function<void()>& restore) {
  for (ChangeLog* log : change_logs)
    if (std::ranges::find(log->others, what, &std::pair<const void*, std::function<void()>>::first) ==
        log->others.end())
      log->others.emplace_back(what, restore);
}

struct KeepState::State : ChangeLog {};

KeepState::KeepState(const std::vector<Tensor>& with_grads) : state_(std::make_unique<State>()) {
  for (const Tensor& t : with_grads) {
    const TensorImpl& of = impl(t);
    state_->grads.push_back(
        {t, of.grad ? share(of.grad) : Tensor(), of.grad_is, of.pass, of.grad_version, of.grad_uses});
  }
  change_logs.push_back(state_.get());
  begin_draw_log(state_->generators);
  logging_changes = true;
}

KeepState::~KeepState() {
  end_draw_log();
  change_logs.pop_back();
  logging_changes = !change_logs.empty();
  state_->restore();
}

}  // namespace xgrad::detail
