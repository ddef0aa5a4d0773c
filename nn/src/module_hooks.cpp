#include <atomic>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/ops/view.hpp>

#include "module_state.hpp"

namespace xgrad::nn {
namespace {

std::uint64_t next_key() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

// The same values as a result of its own, with a gradient of its own.
Tensor alias(const Tensor& t) { return view(t, t.shape()); }

// The modules of which handles were copied on this thread, while one of these lives.
thread_local std::vector<const void*>* copied = nullptr;

class CopiedModules {
 public:
  CopiedModules() : before_(std::exchange(copied, &states_)) {}
  ~CopiedModules() { copied = before_; }
  CopiedModules(const CopiedModules&) = delete;
  CopiedModules& operator=(const CopiedModules&) = delete;
  const std::vector<const void*>& states() const { return states_; }

 private:
  std::vector<const void*> states_;
  std::vector<const void*>* before_;
};

}  // namespace

void note_copy(const void* state) {
  if (copied) [[unlikely]]
    copied->push_back(state);
}

// Copying the hook copies the modules it holds.
template <class Hook>
void Module::require_no_cycle(const char* op, const Hook& hook, const Location& at) const {
  if (!hook) ErrorReport(op, "the hook is empty", at).value_error();
  const CopiedModules held;
  const Hook copy = hook;
  for (const void* module : held.states())
    visit(*static_cast<const State*>(module), "", [&](const std::string&, const State& s) {
      if (&s != state_.get()) return;
      ErrorReport(op, "the hook holds the module it is registered with, and neither would ever be freed", at)
          .line("module", state_->info->label)
          .help("use the module that the hook is called with, or capture a reference")
          .value_error();
    });
}

std::uint64_t Module::register_forward_hook(ForwardHook hook, Location at) {
  require_no_cycle("register_forward_hook", hook, at);
  state_->hooks.emplace_back(next_key(), std::move(hook));
  return state_->hooks.back().first;
}
std::uint64_t Module::register_forward_pre_hook(ForwardPreHook hook, Location at) {
  require_no_cycle("register_forward_pre_hook", hook, at);
  state_->pre_hooks.emplace_back(next_key(), std::move(hook));
  return state_->pre_hooks.back().first;
}
std::uint64_t Module::register_full_backward_hook(BackwardHook hook, Location at) {
  require_no_cycle("register_full_backward_hook", hook, at);
  state_->backward_hooks.emplace_back(next_key(), std::move(hook));
  return state_->backward_hooks.back().first;
}

void Module::remove_hook(std::uint64_t key) {
  const auto has_key = [key](const auto& h) { return h.first == key; };
  std::erase_if(state_->hooks, has_key);
  std::erase_if(state_->pre_hooks, has_key);
  std::erase_if(state_->backward_hooks, has_key);
}

bool Module::has_hooks() const {
  return !state_->hooks.empty() || !state_->pre_hooks.empty() || !state_->backward_hooks.empty();
}

Tensor Module::run_pre_hooks(Tensor input) const {
  const auto hooks = state_->pre_hooks;  // a hook may remove itself
  for (const auto& [key, hook] : hooks)
    if (Tensor r = hook(*this, input); r.defined()) input = r;
  // What else uses the input must not count for this call.
  if (!state_->backward_hooks.empty() && grad_enabled() && input.defined() && input.requires_grad())
    input = alias(input);
  return input;
}

namespace {

using Hooks = std::vector<std::pair<std::uint64_t, Module::BackwardHook>>;

// Hooks on the tensors around one call: first the gradient of the output arrives, then that of the input.
Tensor watched(const Module& module, const Hooks& hooks, const Tensor& input, Tensor output) {
  if (output.is_same(input) || output.is_leaf()) output = alias(output);
  if (!output.requires_grad()) return output;  // under NoGradGuard, for a tangent alone
  if (!input.defined() || !input.requires_grad()) {
    output.register_hook([module, hooks](const Tensor& g) {
      for (const auto& [key, hook] : hooks) hook(module, Tensor(), g);
      return Tensor();
    });
    return output;
  }
  auto arrived = std::make_shared<Tensor>();
  output.register_hook([arrived](const Tensor& g) {
    *arrived = g;
    return Tensor();
  });
  Tensor(input).register_hook([module, hooks, arrived](const Tensor& g) {
    // Not kept: with create_graph it leads back to this hook.
    const Tensor grad_output = std::exchange(*arrived, Tensor());
    Tensor result = g;
    for (const auto& [key, hook] : hooks)
      if (Tensor r = hook(module, result, grad_output); r.defined()) result = r;
    return result.is_same(g) ? Tensor() : result;
  });
  return output;
}

}  // namespace

Tensor Module::run_hooks(const Tensor& input, Tensor output) const {
  const auto hooks = state_->hooks;  // a hook may remove itself
  if (!state_->backward_hooks.empty() && grad_enabled() && output.requires_grad())
    output = watched(*this, state_->backward_hooks, input, std::move(output));
  for (const auto& [key, hook] : hooks)
    if (Tensor r = hook(*this, input, output); r.defined()) output = r;
  return output;
}

}  // namespace xgrad::nn
