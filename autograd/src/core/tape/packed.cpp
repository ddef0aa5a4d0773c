#include "core/tape/packed.hpp"

#include <fmt/format.h>

#include <xgrad/autograd.hpp>

#include "core/tape/record.hpp"

namespace xgrad::detail {
namespace {

constinit thread_local SavedHooksScope* newest = nullptr;
constinit thread_local const std::string* disabled = nullptr;

[[noreturn]] void refuse(const Location& at) {
  ErrorReport("SavedTensorsHooks", "hooks on saved tensors are disabled: " + *disabled, at).autograd_error();
}

}  // namespace

bool saved_hooks_active() noexcept { return newest && newest->hooks(); }

SavedHooksScope::SavedHooksScope(std::shared_ptr<const SavedHooks> hooks, const Location& at)
    : hooks_(std::move(hooks)), below_(newest) {
  if (hooks_ && disabled) refuse(at);
  newest = this;
  save_by_hooks(saved_hooks_active());
}

// Scopes that are held by pointers may end in any order.
SavedHooksScope::~SavedHooksScope() {
  for (SavedHooksScope** link = &newest; *link; link = &(*link)->below_)
    if (*link == this) {
      *link = below_;
      break;
    }
  save_by_hooks(saved_hooks_active());
}

Packed::Packed(const Tensor& t, bool own_output, const char* op, const Location& at)
    : hooks_(newest->hooks()), dtype_(impl(t).dtype), shape_(impl(t).shape) {
  const std::uint32_t version = impl(t).storage->version;
  {
    const GradModeGuard off(false);
    const SavedHooksScope none(nullptr, at);
    kept_ = hooks_->pack(t, op, at);
  }
  if (impl(t).storage->version != version)
    ErrorReport(op, "a pack hook changed in place the tensor that it was to pack", at)
        .operand("saved", t)
        .help("let it work on a clone()")
        .autograd_error();
  if (own_output) return;
  if (Node* node = impl(t).grad_fn) {
    retain_node(node);
    from_ = node;
    output_ = impl(t).output_nr;
  } else if (impl(t).requires_grad) {
    leaf_ = t;
  }
}

Packed& Packed::operator=(Packed&& o) noexcept {
  std::swap(hooks_, o.hooks_);
  std::swap(kept_, o.kept_);
  std::swap(dtype_, o.dtype_);
  std::swap(shape_, o.shape_);
  std::swap(from_, o.from_);
  std::swap(output_, o.output_);
  std::swap(leaf_, o.leaf_);
  std::swap(unpacked_, o.unpacked_);
  return *this;
}

Packed::~Packed() {
  if (from_) release_node(from_);
}

Tensor Packed::unpack(bool linked, const char* op, const Location& at) {
  if (!unpacked_.defined()) {
    Tensor t;
    {
      const GradModeGuard off(false);
      const SavedHooksScope none(nullptr, at);
      t = hooks_->unpack(kept_);
    }
    if (!t.defined()) ErrorReport(op, "an unpack hook returned an undefined tensor", at).autograd_error();
    const auto differs = [&](const char* rule) {
      return ErrorReport(op, rule, at)
          .line("packed", fmt::format("{} {}", short_name(dtype_), to_string(shape_)))
          .operand("unpacked", t);
    };
    if (impl(t).dtype != dtype_)
      differs("an unpack hook returned a tensor of another type than was packed").dtype_error();
    if (!(impl(t).shape == shape_))
      differs("an unpack hook returned a tensor of another shape than was packed").shape_error();
    unpacked_ = make_alias(t);
  }
  return linked ? put_on_tape(unpacked_, at) : unpacked_;
}

Tensor Packed::put_on_tape(const Tensor& t, const Location& at) const {
  if (from_) {
    Tensor on_tape = make_alias(t);
    retain_node(from_);
    impl(on_tape).grad_fn = from_;
    impl(on_tape).output_nr = output_;
    return on_tape;
  }
  if (!leaf_.defined()) return t;
  // No other tensor can be the leaf: one that passes its gradient on to it.
  return record_ahead(
      "unpacked", make_alias(t), {leaf_}, [](const Saved&, const Tensor& g) -> Grads { return {g}; }, at);
}

}  // namespace xgrad::detail

namespace xgrad {

using detail::disabled;

DisableSavedTensorsHooks::DisableSavedTensorsHooks(std::string message, Location at)
    : message_(std::move(message)), before_(disabled) {
  disabled = &message_;
  if (!detail::saved_hooks_active()) return;
  const std::string* const mine = std::exchange(disabled, before_);
  ErrorReport("DisableSavedTensorsHooks", "there are hooks on saved tensors already: " + *mine, at).autograd_error();
}
DisableSavedTensorsHooks::~DisableSavedTensorsHooks() { disabled = before_; }

}  // namespace xgrad
