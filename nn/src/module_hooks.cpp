#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/ops/view.hpp>

#include "module_state.hpp"

namespace xgrad::nn {
namespace {

// The same values as a result of its own, with a gradient of its own.
Tensor alias(const Tensor& t, const Location& at) { return view(t, t.shape(), at); }

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

HookHandle Module::register_forward_hook(ForwardHook hook, Location at) {
  require_no_cycle("register_forward_hook", hook, at);
  return state_->hooks.add(std::move(hook));
}
HookHandle Module::register_forward_pre_hook(ForwardPreHook hook, Location at) {
  require_no_cycle("register_forward_pre_hook", hook, at);
  return state_->pre_hooks.add(std::move(hook));
}
HookHandle Module::register_full_backward_hook(BackwardHook hook, Location at) {
  require_no_cycle("register_full_backward_hook", hook, at);
  return state_->backward_hooks.add(std::move(hook));
}
HookHandle Module::register_full_backward_pre_hook(BackwardPreHook hook, Location at) {
  require_no_cycle("register_full_backward_pre_hook", hook, at);
  return state_->backward_pre_hooks.add(std::move(hook));
}

bool Module::has_hooks() const {
  return !state_->hooks.empty() || !state_->pre_hooks.empty() || !state_->backward_hooks.empty() ||
         !state_->backward_pre_hooks.empty();
}

Tensor Module::run_pre_hooks(Tensor input, const Location& at) const {
  for (const auto& hook : state_->pre_hooks.all())
    if (Tensor r = hook(*this, input); r.defined()) input = r;
  // What else uses the input must not count for this call.
  if (!state_->backward_hooks.empty() && grad_enabled() && input.defined() && input.requires_grad())
    input = alias(input, at);
  return input;
}

namespace {

// Hooks on the tensors around one call: first the gradient of the output arrives, then that of the input.
Tensor watched(const Module& module, const std::vector<Module::BackwardHook>& hooks, const Tensor& input, Tensor output,
               const Location& at) {
  if (output.is_same(input) || output.is_leaf()) output = alias(output, at);
  if (!output.requires_grad()) return output;  // under NoGradGuard, for a tangent alone
  if (!input.defined() || !input.requires_grad()) {
    output.register_hook([module, hooks](const Tensor& g) {
      for (const auto& hook : hooks) hook(module, Tensor(), g);
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
    for (const auto& hook : hooks)
      if (Tensor r = hook(module, result, grad_output); r.defined()) result = r;
    return result.is_same(g) ? Tensor() : result;
  });
  return output;
}

// The gradient of the output goes through the hooks before anything else sees it.
Tensor watched_before(const Module& module, const std::vector<Module::BackwardPreHook>& hooks, const Tensor& input,
                      Tensor output, const Location& at) {
  if (output.is_same(input) || output.is_leaf()) output = alias(output, at);
  if (!output.requires_grad()) return output;
  output.register_hook([module, hooks](const Tensor& g) {
    Tensor result = g;
    for (const auto& hook : hooks)
      if (Tensor r = hook(module, result); r.defined()) result = r;
    return result.is_same(g) ? Tensor() : result;
  });
  return output;
}

}  // namespace

Tensor Module::run_hooks(const Tensor& input, Tensor output, const Location& at) const {
  if (!state_->backward_pre_hooks.empty() && grad_enabled() && output.requires_grad())
    output = watched_before(*this, state_->backward_pre_hooks.all(), input, std::move(output), at);
  if (!state_->backward_hooks.empty() && grad_enabled() && output.requires_grad())
    output = watched(*this, state_->backward_hooks.all(), input, std::move(output), at);
  for (const auto& hook : state_->hooks.all())
    if (Tensor r = hook(*this, input, output); r.defined()) output = r;
  return output;
}

}  // namespace xgrad::nn
