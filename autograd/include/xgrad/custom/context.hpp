// Context: what the forward pass of a Function leaves for its backward pass.
#pragma once

#include <any>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <typeinfo>
#include <utility>
#include <vector>

#include <xgrad/call_site.hpp>
#include <xgrad/record.hpp>

namespace xgrad {
namespace detail {
class FunctionRun;
class FunctionNode;
class LevelsUpTo;
}  // namespace detail

class XGRAD_API Context {
 public:
  Context() = default;
  virtual ~Context() = default;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  // ---- in forward ----
  // Keeps inputs and outputs for saved(), in order; a further call appends. Anything else computed in forward may be
  // kept as well, but rules out a second derivative (AutogradError then), unless mark_constant() says that it does not
  // depend on the inputs.
  template <class... T>
  requires((std::is_same_v<T, Tensor>)&&...) void save_for_backward(const T&... t) { (keep(t), ...); }
  template <class... T>
  requires(!(std::is_convertible_v<const T&, Tensor> && ...) &&
           !(std::is_convertible_v<const T&, std::vector<Tensor>> && ...))  //
      void save_for_backward(const T&...) = delete;  // tensors only; other values by name: ctx.save("alpha", alpha)
  void save_for_backward(const std::vector<Tensor>& list) {
    for (const Tensor& t : list) keep(t);
  }
  // Kept tensors without a derivative of their own, such as a random mask.
  template <class... T>
  requires((std::is_same_v<T, Tensor>)&&...) void mark_constant(const T&... t) { (constants_.push_back(t), ...); }
  // Outputs that carry no gradient.
  template <class... T>
  requires((std::is_same_v<T, Tensor>)&&...) void mark_non_differentiable(const T&... t) {
    (non_differentiable_.push_back(t), ...);
  }
  // Inputs that forward changes in place and returns.
  template <class... T>
  requires((std::is_same_v<T, Tensor>)&&...) void mark_dirty(const T&... t) { (dirty_.push_back(t), ...); }
  // true (the default): backward sees zeros for outputs without a gradient; false: undefined tensors.
  void set_materialize_grads(bool on) { materialize_ = on; }
  // Any value under a name, for get() in backward.
  template <class T>
  void save(const std::string& name, T value) {
    static_assert(!std::is_same_v<T, Tensor>, "xgrad: tensors go through save_for_backward()");
    values_[name] = std::move(value);
  }

  // ---- in backward ----
  // The tensors kept by save_for_backward(). AutogradError when one was changed in place since, when the graph was
  // freed, or outside backward.
  std::vector<Tensor> saved() const;
  Tensor saved(std::size_t i) const;

  // ---- in both ----
  // Whether argument i, counted as in apply(), wants a gradient. IndexError.
  bool needs_input_grad(std::size_t i) const;
  // ValueError when nothing of that name and type was saved.
  template <class T>
  const T& get(const std::string& name) const {
    const auto it = values_.find(name);
    const T* v = it == values_.end() ? nullptr : std::any_cast<T>(&it->second);
    if (!v) no_value(name, it != values_.end());
    return *v;
  }

 private:
  friend class detail::FunctionRun;
  friend class detail::FunctionNode;
  void keep(const Tensor& t);
  [[noreturn]] void no_value(const std::string& name, bool of_other_type) const;

  const char* op_ = "";
  Location at_;
  std::vector<bool> needs_;                                            // by argument
  std::vector<Tensor> kept_, constants_, non_differentiable_, dirty_;  // in forward only
  std::size_t n_saved_ = 0;
  const Saved* saved_ = nullptr;  // in backward only
  bool materialize_ = true;
  std::map<std::string, std::any> values_;
};

namespace detail {

using FunctionBackward = std::vector<Tensor> (*)(Context& ctx, const std::vector<Tensor>& grads);

struct FunctionSpec {
  const char* name;
  FunctionBackward backward;
  bool once_differentiable;
};

// The tensors among the arguments of a call.
struct FunctionInputs {
  std::vector<Tensor> tensors;
  std::vector<std::size_t> positions;  // of each among all arguments
  std::size_t arguments = 0;

  void add(const Tensor& t) {
    tensors.push_back(t);
    positions.push_back(arguments++);
  }
  void add(const std::vector<Tensor>& list) {
    for (const Tensor& t : list) add(t);
  }
  template <class A>
  requires(!std::is_convertible_v<const A&, const Tensor&> &&
           !std::is_convertible_v<const A&, const std::vector<Tensor>&>) void add(const A&) {
    ++arguments;
  }
};

// One call of a Function: construct it, run forward, and hand the results to finish().
class XGRAD_API FunctionRun {
 public:
  FunctionRun(const FunctionSpec& spec, FunctionInputs inputs, std::unique_ptr<Context> ctx, const Location& at);
  ~FunctionRun();
  FunctionRun(const FunctionRun&) = delete;
  FunctionRun& operator=(const FunctionRun&) = delete;

  // Checks what forward did and puts the operation on the tape. The results as the caller shall see them.
  std::vector<Tensor> finish(std::vector<Tensor> outputs);

 private:
  bool is_dirty(std::size_t input) const;
  void check_inputs_unchanged() const;
  void check_dirty(const std::vector<Tensor>& outputs) const;
  void detach_outputs(std::vector<Tensor>& outputs) const;
  std::vector<Tensor> record_call(std::vector<Tensor> outputs);

  FunctionSpec spec_;
  FunctionInputs inputs_;
  std::unique_ptr<Context> ctx_;
  Location at_;
  OuterOp outer_;
  std::vector<std::uint32_t> versions_;
  std::unique_ptr<LevelsUpTo> no_tangents_;  // in forward
};

}  // namespace detail
}  // namespace xgrad
