#include <atomic>
#include <utility>

#include <xgrad/module_scope.hpp>
#include <xgrad/profiler.hpp>

#include "core/profile/spans.hpp"

namespace xgrad {

std::string ModuleInfo::path() const {
  std::string p;
  for (const ModuleInfo* at = this; at->parent; at = at->parent.get()) p = p.empty() ? at->name : at->name + "." + p;
  return p;
}

std::string ModuleCall::name() const {
  std::string n = info->name;
  if (parent)
    for (const ModuleInfo* up = info->parent.get(); up; up = up->parent.get()) {
      if (up == parent->info.get()) return n;
      n = up->name + "." + n;
    }
  return info->name;  // it was not called by what it is registered in
}

std::string ModuleCall::path() const {
  std::string p = name();
  for (const ModuleCall* m = parent.get(); m; m = m->parent.get()) p = m->name() + "." + p;
  return p;
}

namespace detail {
namespace {
const std::shared_ptr<const ModuleCall> none;
// In the scope that is open. (A thread_local with a destructor would need memory in a thread's first call.)
[[gnu::tls_model("initial-exec")]] constinit thread_local const std::shared_ptr<const ModuleCall>* current = nullptr;
std::atomic<std::uint64_t> calls{0};
}  // namespace

const std::shared_ptr<const ModuleCall>& current_module() { return current ? *current : none; }

ModuleScope::ModuleScope(std::shared_ptr<const ModuleInfo> info)
    : call_(std::make_shared<const ModuleCall>(ModuleCall{std::move(info), current_module(), ++calls})),
      previous_(std::exchange(current, &call_)) {
  if (is_profiled()) [[unlikely]] {
    const ModuleInfo& m = *call_->info;
    // A root is called by its type, and once is enough.
    const bool root = m.label.starts_with(m.name) && !call_->parent;
    begin_span(this, {profiler::SpanKind::module, m.name, root ? "" : " : " + m.label});
  }
}

ModuleScope::~ModuleScope() {
  if (is_profiled()) [[unlikely]]
    end_span(this);
  current = previous_;
}

}  // namespace detail
}  // namespace xgrad
