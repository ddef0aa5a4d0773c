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
#pragma once

#include <concepts>
#include <memory>
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

namespace xgrad::nn {

// A parameter or buffer as a member of a module: a Tensor that clone() points to the copy.
class Parameter : public Tensor {
 public:
  Parameter() = default;
  Parameter(Tensor t) : Tensor(std::move(t)) {}  // NOLINT: wherever a Tensor is
  Parameter(const Parameter& o) : Tensor(detail::counterpart(o)) {}
  Parameter(Parameter&&) noexcept = default;
  Parameter& operator=(const Parameter& o) {
    Tensor::operator=(detail::counterpart(o));
    return *this;
  }
  Parameter& operator=(Parameter&&) noexcept = default;
  ~Parameter() = default;
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
  Shared(Shared&&) noexcept = default;
  Shared& operator=(const Shared& o) {
    value_ = copied(o);
    return *this;
  }
  Shared& operator=(Shared&&) noexcept = default;
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
