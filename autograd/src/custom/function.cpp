// What a Function does around the user's forward and backward: checks, and the node that keeps the context.
#include <algorithm>
#include <cxxabi.h>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/custom/function.hpp>
#include <xgrad/record.hpp>

#include "core/broadcast.hpp"
#include "core/elementwise_loop.hpp"
#include "core/tape/forward.hpp"
#include "core/tape/in_place.hpp"
#include "core/tape/owned_backward.hpp"
#include "core/tape/record.hpp"

namespace xgrad {
namespace detail {
namespace {

bool contains(const std::vector<Tensor>& list, const Tensor& t) {
  return std::any_of(list.begin(), list.end(), [&](const Tensor& o) { return o.is_same(t); });
}

std::string typed_shape(DType dtype, const Shape& shape) {
  return fmt::format("{} {}", short_name(dtype), to_string(shape));
}

}  // namespace

std::string short_type_name(const std::type_info& type) {
  int status = 0;
  char* text = abi::__cxa_demangle(type.name(), nullptr, nullptr, &status);
  std::string name = status == 0 ? text : type.name();
  std::free(text);
  const std::size_t arguments = name.find('<');
  const std::size_t scope = name.rfind("::", arguments);
  return scope == std::string::npos ? name : name.substr(scope + 2);
}

// The backward pass of one recorded call.
class FunctionNode : public OwnedBackward {
 public:
  FunctionNode(const FunctionSpec& spec, std::unique_ptr<Context> ctx, const FunctionInputs& inputs, const Location& at)
      : spec_(spec), ctx_(std::move(ctx)), positions_(inputs.positions), arguments_(inputs.arguments), at_(at) {
    for (const Tensor& t : inputs.tensors) inputs_.push_back(describe(t));
  }
  void describe_outputs(const std::vector<Tensor>& outputs) {
    for (const Tensor& t : outputs) outputs_.push_back(describe(t));
  }
  // A kept tensor whose dependence on the inputs is not on the tape.
  void set_intermediate(const std::string& text) { intermediate_ = text; }

  Grads run(const Saved& saved, std::span<const Tensor> grad_outputs) override {
    if (grad_enabled() && !transposes() && !intermediate_.empty()) refuse_second_derivative();
    std::vector<Tensor> grads(grad_outputs.begin(), grad_outputs.end());
    if (ctx_->materialize_)
      for (std::size_t k = 0; k < grads.size(); ++k)
        if (!grads[k].defined() && is_floating(outputs_[k].dtype))
          grads[k] = zeros_raw(outputs_[k].shape, outputs_[k].dtype);
    struct InBackward {
      Context& ctx;
      const Saved* before;
      ~InBackward() { ctx.saved_ = before; }
    } scope{*ctx_, std::exchange(ctx_->saved_, &saved)};
    std::vector<Tensor> result;
    {
      const OuterOp outer(spec_.name, "backward", at_);
      result = spec_.backward(*ctx_, grads);
    }
    return check(std::move(result), saved);
  }

 private:
  struct Description {
    bool defined = false;
    DType dtype = DType::float32;
    Shape shape;
  };
  static Description describe(const Tensor& t) {
    return t.defined() ? Description{true, t.dtype(), t.shape()} : Description{};
  }

  [[noreturn]] void refuse_second_derivative() const {
    ErrorReport(spec_.name,
                "a second derivative would be wrong: a tensor saved for backward was computed inside forward, "
                "where nothing is recorded, and is neither an input nor an output",
                at_)
        .line("saved", intermediate_)
        .help(
            "save the inputs and compute it again in backward, return it as a further output, or call "
            "ctx.mark_constant(t) if it does not depend on the inputs")
        .autograd_error();
  }

  // One gradient per tensor, of its type and of its shape (or a shape that was broadcast from it).
  std::vector<Tensor> check(std::vector<Tensor> grads, const Saved& saved) const {
    if (grads.size() != inputs_.size()) {
      if (grads.size() != arguments_)
        ErrorReport(spec_.name,
                    fmt::format("backward returned {} gradients for {} tensor inputs ({} arguments)", grads.size(),
                                inputs_.size(), arguments_),
                    at_)
            .help("return one per tensor input, or one per argument of apply(); Tensor() where there is none")
            .autograd_error();
      std::vector<Tensor> kept;
      for (const std::size_t p : positions_) kept.push_back(std::exchange(grads[p], Tensor()));
      for (std::size_t p = 0; p < grads.size(); ++p)
        if (grads[p].defined())
          ErrorReport(spec_.name, fmt::format("backward returned a gradient for argument {}, which is not a tensor", p),
                      at_)
              .operand("gradient", grads[p])
              .autograd_error();
      grads = std::move(kept);
    }
    for (std::size_t i = 0; i < grads.size(); ++i)
      if (grads[i].defined() && saved.needs(i)) check_one(i, grads[i]);
    return grads;
  }
  void check_one(std::size_t i, const Tensor& g) const {
    const Description& x = inputs_[i];
    const auto report = [&](const std::string& rule, const char* help) {
      ErrorReport(spec_.name, rule, at_)
          .line(fmt::format("input {}", i), typed_shape(x.dtype, x.shape))
          .line("gradient", typed_shape(g.dtype(), g.shape()))
          .help(help)
          .autograd_error();
    };
    if (!is_expandable_to(x.shape, g.shape()))
      report(fmt::format("backward returned a gradient of shape {} for input {} of shape {}", to_string(g.shape()), i,
                         to_string(x.shape)),
             "the gradient of an input has its shape");
    if (g.dtype() != x.dtype)
      report(fmt::format("backward returned a {} gradient for input {} of type {}", name(g.dtype()), i, name(x.dtype)),
             "convert it with to(x.dtype())");
  }

  FunctionSpec spec_;
  std::unique_ptr<Context> ctx_;
  std::vector<Description> inputs_, outputs_;
  std::vector<std::size_t> positions_;
  std::size_t arguments_;
  Location at_;
  std::string intermediate_;
};

FunctionRun::FunctionRun(const FunctionSpec& spec, FunctionInputs inputs, std::unique_ptr<Context> ctx,
                         const Location& at)
    : spec_(spec), inputs_(std::move(inputs)), ctx_(std::move(ctx)), at_(at), outer_(spec.name, "forward", at) {
  ctx_->op_ = spec.name;
  ctx_->at_ = at;
  ctx_->needs_.resize(inputs_.arguments);
  for (std::size_t i = 0; i < inputs_.tensors.size(); ++i) {
    const Tensor& t = inputs_.tensors[i];
    ctx_->needs_[inputs_.positions[i]] = grad_enabled() && t.defined() && wants_grad(t);
    versions_.push_back(t.defined() ? t.version() : 0);
  }
  if (thread_tape.levels > 0) no_tangents_ = std::make_unique<LevelsUpTo>(0);
}
FunctionRun::~FunctionRun() = default;

bool FunctionRun::is_dirty(std::size_t input) const { return contains(ctx_->dirty_, inputs_.tensors[input]); }

void FunctionRun::check_inputs_unchanged() const {
  for (std::size_t i = 0; i < inputs_.tensors.size(); ++i) {
    const Tensor& t = inputs_.tensors[i];
    if (!t.defined() || t.version() == versions_[i]) continue;
    const auto shares = [&](const Tensor& d) { return impl(d).storage == impl(t).storage; };
    if (std::any_of(ctx_->dirty_.begin(), ctx_->dirty_.end(), shares)) continue;
    ErrorReport(spec_.name, fmt::format("forward changed input {} in place without mark_dirty()", i), at_)
        .operand(fmt::format("input {}", i), t)
        .help("work on a clone(), or call ctx.mark_dirty(x) in forward and return x")
        .autograd_error();
  }
}

void FunctionRun::check_dirty(const std::vector<Tensor>& outputs) const {
  for (const Tensor& t : ctx_->dirty_) {
    const char* rule = !contains(inputs_.tensors, t) ? "mark_dirty() was given a tensor that is not an input"
                       : !contains(outputs, t)       ? "an input was marked dirty but not returned"
                                                     : nullptr;
    if (rule) ErrorReport(spec_.name, rule, at_).operand("tensor", t).autograd_error();
  }
}

// An output has no history and is no view: one that does, or that is an input itself, is replaced by an alias.
void FunctionRun::detach_outputs(std::vector<Tensor>& outputs) const {
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    Tensor& y = outputs[k];
    if (!y.defined())
      ErrorReport(spec_.name, fmt::format("forward returned an undefined tensor as output {}", k), at_).value_error();
    if (contains(ctx_->dirty_, y)) continue;
    const TensorImpl& t = impl(y);
    const bool repeated = std::any_of(outputs.begin(), outputs.begin() + static_cast<std::ptrdiff_t>(k),
                                      [&](const Tensor& o) { return o.is_same(y); });
    if (t.grad_fn || t.requires_grad || t.has_tangent || t.base || repeated || contains(inputs_.tensors, y)) {
      const bool plain = contains(ctx_->non_differentiable_, y);
      y = make_alias(y);
      if (plain) ctx_->non_differentiable_.push_back(y);
    }
  }
}

std::vector<Tensor> FunctionRun::finish(std::vector<Tensor> outputs) {
  no_tangents_.reset();
  if (outputs.empty()) ErrorReport(spec_.name, "forward returned no tensor", at_).value_error();
  check_dirty(outputs);
  check_inputs_unchanged();
  const std::vector<Tensor> returned = outputs;
  detach_outputs(outputs);
  for (Tensor& kept : ctx_->kept_)  // by the handle that goes on the tape
    for (std::size_t k = 0; k < outputs.size(); ++k)
      if (kept.is_same(returned[k]) && !contains(inputs_.tensors, kept)) kept = outputs[k];
  if (anomaly_enabled()) check_anomaly(spec_.name, outputs, inputs_.tensors, at_);
  const bool any_differentiable = std::any_of(outputs.begin(), outputs.end(), [&](const Tensor& y) {
    return y.is_floating_point() && !contains(ctx_->non_differentiable_, y);
  });
  if (any_differentiable && needs_tape(inputs_.tensors)) outputs = record_call(std::move(outputs));
  return outputs;
}

std::vector<Tensor> FunctionRun::record_call(std::vector<Tensor> outputs) {
  std::vector<Tensor> dirty, inputs = inputs_.tensors, recorded = outputs;
  std::vector<std::size_t> dirty_output;
  std::vector<std::unique_ptr<InPlace>> changes;
  dirty.reserve(outputs.size());  // InPlace refers to its elements
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    if (!contains(ctx_->dirty_, outputs[k])) continue;
    dirty.push_back(outputs[k]);
    dirty_output.push_back(k);
    changes.push_back(std::make_unique<InPlace>(spec_.name, dirty.back(), at_));
    for (Tensor& x : inputs)
      if (x.is_same(outputs[k])) x = changes.back()->old();
    recorded[k] = make_alias(outputs[k]);
    for (Tensor& kept : ctx_->kept_)
      if (kept.is_same(outputs[k])) kept = recorded[k];
  }
  std::vector<Tensor> saved = std::exchange(ctx_->kept_, {});
  std::string intermediate;
  for (const Tensor& t : saved)
    if (t.defined() && t.is_floating_point() && !contains(inputs, t) && !contains(recorded, t) &&
        !contains(ctx_->constants_, t))
      intermediate = typed_shape(t.dtype(), t.shape());
  ctx_->constants_.clear();
  ctx_->dirty_.clear();
  const std::vector<Tensor> plain = std::exchange(ctx_->non_differentiable_, {});
  ctx_->n_saved_ = saved.size();

  auto node = std::make_unique<FunctionNode>(spec_, std::move(ctx_), inputs_, at_);
  node->describe_outputs(recorded);
  node->set_intermediate(intermediate);
  OwnedBackward* owned = node.get();
  const OpInfo op{spec_.name, &owned_backward(spec_.once_differentiable)};
  if (record_node(op, recorded, inputs, saved, &owned, at_)) {
    node.release();                        // the node on the tape owns it now
    if (!recorded[0].is_floating_point())  // the node's first reference belongs to output 0, which does not hold it
      for (const Tensor& y : recorded)
        if (Node* n = impl(y).grad_fn) {
          release_node(n);
          break;
        }
  }
  for (std::size_t k = 0; k < recorded.size(); ++k) {
    if (!contains(plain, recorded[k])) continue;
    if (Node* n = std::exchange(impl(recorded[k]).grad_fn, nullptr)) release_node(n);
    drop_tangents(impl(recorded[k]));
  }
  for (std::size_t i = 0; i < changes.size(); ++i) changes[i]->prepare(recorded[dirty_output[i]]);
  for (std::size_t i = 0; i < changes.size(); ++i) {
    changes[i]->rebase();
    recorded[dirty_output[i]] = dirty[i];
  }
  return recorded;
}

}  // namespace detail

void Context::keep(const Tensor& t) {
  if (saved_) ErrorReport(op_, "save_for_backward() can be called in forward only", at_).autograd_error();
  kept_.push_back(t);
}

std::vector<Tensor> Context::saved() const {
  std::vector<Tensor> list;
  for (std::size_t i = 0; i < n_saved_; ++i) list.push_back(saved(i));
  if (!saved_) saved(0);
  return list;
}

Tensor Context::saved(std::size_t i) const {
  if (!saved_) ErrorReport(op_, "saved() can be called in backward only", at_).autograd_error();
  if (i >= n_saved_) ErrorReport(op_, fmt::format("saved({}): {} tensors were saved", i, n_saved_), at_).index_error();
  return (*saved_)[i];
}

bool Context::needs_input_grad(std::size_t i) const {
  if (i >= needs_.size())
    ErrorReport(op_, fmt::format("needs_input_grad({}): the call had {} arguments", i, needs_.size()), at_)
        .index_error();
  return needs_[i];
}

void Context::no_value(const std::string& name, bool of_other_type) const {
  if (of_other_type)
    ErrorReport(op_, fmt::format("the value \"{}\" was saved with another type", name), at_)
        .help("get<T>() takes exactly the type that save() was given")
        .value_error();
  ErrorReport(op_, fmt::format("no value \"{}\" was saved", name), at_).value_error();
}

}  // namespace xgrad
