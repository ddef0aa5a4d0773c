// Deep copies of modules, and the members that follow them.
//
//   Net copy = nn::clone(net);
//
// gives a module of the same type whose parameters and buffers are copies. Modules are handles, and so are the tensors
// in them; for a copy to be independent, everything in it must be pointed to its own parameters. clone() copies the C++
// object, and while it does so, each Module and each nn::Parameter that is copied looks up its counterpart. So members
// that hold parameters or buffers are declared nn::Parameter:
//
//   struct Scale : nn::Layer<Scale> {
//     nn::Parameter factor = register_parameter("factor", ones({1}));
//     Tensor forward(const Tensor& x) const { return x * factor; }
//   };
//
// A member declared Tensor would still show the original's parameter: clone() notices and refuses. What a module holds
// through pointers of its own, or as unregistered modules, stays shared.
//
// Assigning to a registered member, decoder.weight = embedding.weight, would leave the tensor that the module lists,
// and an optimizer changes, to nobody: the next call of the module, or of one that contains it, says so, and so do
// parameters(), state_dict() and zero_grad(). Weights are shared when the module is made: nn::Linear::from_weight().
#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <xgrad/tensor.hpp>

namespace xgrad::detail {

// The counterpart while a clone is being made, t itself otherwise.
XGRAD_API const Tensor& counterpart(const Tensor& t);
// While a clone is being made: the copy of *p that was made before, or the one that `copy` makes. p itself otherwise.
XGRAD_API std::shared_ptr<void> counterpart(const std::shared_ptr<void>& p,
                                            std::shared_ptr<void> (*copy)(const std::shared_ptr<void>&));
}  // namespace xgrad::detail

namespace xgrad::detail {

// One entry in a module's list of parameters and buffers: held by the module and by every nn::Parameter that shows it.
struct Registration : std::enable_shared_from_this<Registration> {
  bool replaced = false;    // the last Parameter that showed it was made to show something else,
  std::string replaced_by;  // of this name
};

}  // namespace xgrad::detail

namespace xgrad::nn {

// A parameter or buffer as a member of a module: a Tensor that clone() points to the copy.
class XGRAD_API Parameter : public Tensor {
 public:
  Parameter() = default;
  Parameter(Tensor) = delete;  // the module would not know it: use register_parameter() or register_buffer()
  Parameter(const Parameter& o);
  Parameter(Parameter&&) noexcept = default;
  Parameter& operator=(const Parameter& o);
  Parameter& operator=(Parameter&& o) noexcept;
  ~Parameter() = default;

 private:
  friend class Module;
  Parameter(Tensor t, std::shared_ptr<detail::Registration> entry) : Tensor(std::move(t)), entry_(std::move(entry)) {}

  std::shared_ptr<detail::Registration> entry_;
};

// A structure of tensors as a member of a module: all of them follow as a Parameter does.
//   Following<RecurrentWeights, &RecurrentWeights::weight_ih, &RecurrentWeights::weight_hh> weights;
template <class T, Tensor T::*... tensors>
class Following : public T {
 public:
  Following() = default;
  Following(T value) : T(std::move(value)) {}  // NOLINT: wherever a T is
  Following(const Following& o) : T(o) { follow(); }
  Following(Following&&) noexcept = default;
  Following& operator=(const Following& o) {
    T::operator=(o);
    follow();
    return *this;
  }
  Following& operator=(Following&&) noexcept = default;
  ~Following() = default;

 private:
  void follow() { ((this->*tensors = Tensor(detail::counterpart(this->*tensors))), ...); }
};

// Contents that all handles of a container share, and that a clone has a copy of.
template <class T>
class Shared {
 public:
  Shared() : value_(std::make_shared<T>()) {}
  Shared(const Shared& o) : value_(copied(o)) {}
  Shared(Shared&& o) noexcept : value_(o.value_) {}  // what was moved from stays usable
  Shared& operator=(const Shared& o) {
    value_ = copied(o);
    return *this;
  }
  Shared& operator=(Shared&& o) noexcept {
    value_ = o.value_;
    return *this;
  }
  ~Shared() = default;
  T& operator*() const { return *value_; }
  T* operator->() const { return value_.get(); }

 private:
  static std::shared_ptr<T> copied(const Shared& o) {
    return std::static_pointer_cast<T>(
        detail::counterpart(o.value_, [](const std::shared_ptr<void>& p) -> std::shared_ptr<void> {
          return std::make_shared<T>(*static_cast<const T*>(p.get()));
        }));
  }
  std::shared_ptr<T> value_;
};

}  // namespace xgrad::nn
