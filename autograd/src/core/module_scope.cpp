#include <xgrad/module_scope.hpp>

#include <atomic>

namespace xgrad::detail {
namespace {
thread_local std::shared_ptr<const ModuleCall> current;
std::atomic<std::uint64_t> calls{0};
}  // namespace

std::string ModuleCall::path() const {
  std::string p = info->name;
  for (const ModuleCall* m = parent.get(); m; m = m->parent.get()) p = m->info->name + "." + p;
  return p;
}

const std::shared_ptr<const ModuleCall>& current_module() { return current; }

ModuleScope::ModuleScope(std::shared_ptr<const ModuleInfo> info) : previous_(current) {
  current = std::make_shared<const ModuleCall>(ModuleCall{std::move(info), previous_, ++calls});
}

ModuleScope::~ModuleScope() { current = std::move(previous_); }

}  // namespace xgrad::detail
