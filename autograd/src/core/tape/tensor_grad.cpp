// The side of a Tensor that belongs to the tape: its gradient, hooks and node, and its end, which lets go of them.
#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/detail/raw_bytes.hpp>

#include "core/change_log.hpp"
#include "core/elementwise_loop.hpp"
#include "core/missing_gradient.hpp"
#include "core/rematerialize.hpp"
#include "core/tape/record.hpp"

namespace xgrad {
namespace detail {

void destroy(TensorImpl* p) {
  if (p->retains_grad && p->grad_fn && p->grad_fn->extra)
    std::erase_if(p->grad_fn->extra->retain, [p](const auto& r) { return r.second == p; });
  Node* node = p->grad_fn;
  Tensor grad = p->grad ? adopt(p->grad) : Tensor();
  Tensor base = p->base ? adopt(p->base) : Tensor();
  Storage* storage = p->storage;
  if (p->weak.load(std::memory_order_acquire) == 1) {
    p->~TensorImpl();
    pool_release(p, sizeof(TensorImpl));
  } else {  // type, shape and name stay
    p->grad_fn = nullptr;
    p->grad = p->base = nullptr;
    p->storage = nullptr;
    if (p->extra) {
      p->extra->hooks.clear();
      p->extra->post_accumulate_hooks.clear();
      p->extra->tangents.clear();
    }
    release_weak(p);
  }
  if (storage) storage->release();
  if (node) release_node(node);
}

namespace {

// A hook is kept by the tensor: one that holds the tensor would keep both for ever. Copies of the hook copy what it
// holds, so the references to the tensor become more with each.
template <class F>
void require_no_cycle(const char* op, const TensorImpl& t, const F& fn, const Location& at) {
  if (!fn) ErrorReport(op, "the hook is empty", at).value_error();
  const std::uint32_t before = t.refs.load();
  const auto first = fn;
  const std::uint32_t one = t.refs.load();
  const auto second = fn;
  if (one <= before || t.refs.load() <= one) return;  // twice: another thread may have copied a handle
  ErrorReport(op, "the hook holds the tensor it is registered with, and neither would ever be freed", at)
      .line("tensor", fmt::format("{} {}", short_name(t.dtype), to_string(t.shape)))
      .help("let it hold what it needs of the tensor: its name, its values by detach(), or a reference")
      .value_error();
}

}  // namespace
}  // namespace detail

using detail::checked;
using detail::TensorImpl;

void* detail::own_pointer(Tensor& t, DType type, const Location& at) {
  void* p = const_cast<void*>(TensorAccess::raw(t, type, at));
  if (records_gradients() && wants_grad(t))
    ErrorReport("mutable_data", "writing the memory of a tensor on the tape would make its gradient wrong", at)
        .operand("tensor", t)
        .help("detach() first, or wrap the change in a NoGradGuard")
        .autograd_error();
  note_change_of(impl(t));
  before_change_of(impl(t));
  impl(t).storage->changed("mutable_data", at);
  return p;
}

void* Tensor::raw_mutable(DType want, Location at) {
  void* p = detail::own_pointer(*this, want, at);
  detail::impl(*this).storage->shared_at = at;
  return p;
}

bool Tensor::requires_grad(Location at) const {
  checked(*this, "requires_grad", at);
  return detail::requires_grad(*this);
}

Tensor& Tensor::requires_grad_(bool on, Location at) & {
  TensorImpl& t = checked(*this, "requires_grad_", at);
  if (on && !is_floating(t.dtype))
    ErrorReport("requires_grad_", fmt::format("only floating tensors take gradients, got {}", xgrad::name(t.dtype)), at)
        .operand("tensor", *this)
        .dtype_error();
  if (detail::current_node(*this)) {
    if (!on)
      ErrorReport("requires_grad_", "cannot be unset on a result of a recorded operation", at)
          .operand("tensor", *this)
          .help("use detach()")
          .autograd_error();
    return *this;
  }
  if (on && t.inference && !is_inference_mode_enabled())
    ErrorReport("requires_grad_", "a tensor made in InferenceMode cannot require grad outside the mode", at)
        .operand("tensor", *this)
        .help("clone() it first")
        .autograd_error();
  t.requires_grad = on;
  return *this;
}

bool Tensor::is_leaf(Location at) const { return !(requires_grad(at) && detail::current_node(*this)); }

Tensor Tensor::grad(Location at) const {
  TensorImpl& t = checked(*this, "grad", at);
  if (!t.grad) {
    detail::note_missing_gradient(t.grad_fn ? t.grad_fn->op.name : nullptr, at);
    return Tensor();
  }
  detail::retain(t.grad);
  return detail::adopt(t.grad);
}

void Tensor::set_grad(const Tensor& g, Location at) {
  TensorImpl& t = checked(*this, "set_grad", at);
  if (g.defined()) {
    if (!(g.shape() == t.shape))
      ErrorReport(
          "set_grad",
          fmt::format("gradient shape {} differs from the tensor's {}", to_string(g.shape()), to_string(t.shape)), at)
          .operand("tensor", *this)
          .operand("grad", g)
          .shape_error();
    if (g.dtype() != t.dtype)
      ErrorReport("set_grad", "gradient dtype differs from the tensor's", at)
          .operand("tensor", *this)
          .operand("grad", g)
          .dtype_error();
  }
  Tensor copy = g;
  Tensor old = t.grad ? detail::adopt(t.grad) : Tensor();
  t.grad = detail::release(std::move(copy));
  t.grad_is = TensorImpl::GradIs::unknown;
}

void Tensor::zero_grad(bool set_to_none, Location at) {
  TensorImpl& t = checked(*this, "zero_grad", at);
  if (!t.grad) return;
  if (set_to_none) {
    detail::adopt(std::exchange(t.grad, nullptr));
    return;
  }
  Tensor g = grad();
  if (detail::wants_grad(g)) {
    set_grad(detail::make_alias(g));
    g = grad();
  }
  detail::note_change_of(detail::impl(g));
  detail::before_change_of(detail::impl(g));
  detail::fill_raw(g, 0);
  detail::impl(g).storage->changed("zero_grad", at);
  t.grad_is = TensorImpl::GradIs::zero;
  t.grad_version = detail::impl(g).storage->version;
}

void Tensor::backward(const Tensor& gradient, BackwardOptions options, Location at) const {
  require_defined("backward", *this, at);
  xgrad::backward({*this}, gradient.defined() ? std::vector<Tensor>{gradient} : std::vector<Tensor>{},
                  std::move(options), at);
}
void Tensor::backward(BackwardOptions options, Location at) const { backward(Tensor(), std::move(options), at); }

void Tensor::retain_grad(Location at) {
  TensorImpl& t = checked(*this, "retain_grad", at);
  if (!detail::requires_grad(*this))
    ErrorReport("retain_grad", "the tensor does not require grad", at).operand("tensor", *this).autograd_error();
  detail::Node* node = detail::current_node(*this);
  if (!node || t.retains_grad) return;
  node->get_extra().retain.emplace_back(t.output_nr, &t);
  t.retains_grad = true;
}

bool Tensor::retains_grad(Location at) const { return checked(*this, "retains_grad", at).retains_grad; }

HookHandle Tensor::register_hook(std::function<Tensor(const Tensor&)> fn, Location at) {
  TensorImpl& t = checked(*this, "register_hook", at);
  if (!detail::requires_grad(*this))
    ErrorReport("register_hook", "the tensor does not require grad", at).operand("tensor", *this).autograd_error();
  detail::require_no_cycle("register_hook", t, fn, at);
  if (detail::Node* node = detail::current_node(*this))
    return node->get_extra().hooks.add({t.output_nr, std::move(fn)});
  if (!t.extra) t.extra = std::make_unique<TensorImpl::Extra>();
  return t.extra->hooks.add(std::move(fn));
}

HookHandle Tensor::register_post_accumulate_grad_hook(std::function<void(Tensor&)> fn, Location at) {
  constexpr const char* kOp = "register_post_accumulate_grad_hook";
  TensorImpl& t = checked(*this, kOp, at);
  if (!detail::requires_grad(*this))
    ErrorReport(kOp, "the tensor does not require grad", at).operand("tensor", *this).autograd_error();
  if (detail::current_node(*this))
    ErrorReport(kOp, "only a leaf accumulates a gradient, and this is a result of an operation", at)
        .operand("tensor", *this)
        .help("register_hook() sees the gradient of a result")
        .autograd_error();
  detail::require_no_cycle(kOp, t, fn, at);
  if (!t.extra) t.extra = std::make_unique<TensorImpl::Extra>();
  return t.extra->post_accumulate_hooks.add(std::move(fn));
}

const char* Tensor::grad_fn_name(Location at) const {
  checked(*this, "grad_fn_name", at);
  const detail::Node* node = detail::current_node(*this);
  return node ? node->op.name : "";
}

Tensor& Tensor::set_name(std::string name, Location at) & {
  TensorImpl& t = checked(*this, "set_name", at);
  if (!t.extra) t.extra = std::make_unique<TensorImpl::Extra>();
  t.extra->name = std::move(name);
  if (detail::Node* node = detail::current_node(*this)) detail::name_output(*node, t.output_nr, t.extra->name);
  return *this;
}

BackwardInputs::BackwardInputs() = default;
BackwardInputs BackwardInputs::every_leaf() {
  BackwardInputs all;
  all.all_ = true;
  return all;
}
BackwardInputs::BackwardInputs(std::initializer_list<Tensor> only) : only_(only) {}
BackwardInputs::BackwardInputs(std::vector<Tensor> only) : only_(std::move(only)) {}
BackwardInputs::BackwardInputs(const Tensor& only) : only_{only} {}
BackwardInputs::BackwardInputs(const BackwardInputs&) = default;
BackwardInputs::BackwardInputs(BackwardInputs&&) noexcept = default;
BackwardInputs& BackwardInputs::operator=(const BackwardInputs&) = default;
BackwardInputs& BackwardInputs::operator=(BackwardInputs&&) noexcept = default;
BackwardInputs::~BackwardInputs() = default;

}  // namespace xgrad
