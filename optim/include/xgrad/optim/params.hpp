// What an optimizer is made from: a list of parameters, or groups of them with options of their own.
#pragma once

#include <concepts>
#include <initializer_list>
#include <utility>
#include <vector>

#include <xgrad/tensor.hpp>

namespace xgrad {

// The parameters of two modules.
template <std::same_as<std::vector<Tensor>> T>
T operator+(const T&, const T&) = delete;  // all.insert(all.end(), b.begin(), b.end())

}  // namespace xgrad

namespace xgrad::optim {

class Optimizer;

// Parameters that share options: {net.fc.parameters(), {.lr = 1e-4}}.
template <class Options>
struct ParamGroup {
  std::vector<Tensor> params;
  Options options = {};
};

// The first argument of every optimizer: net.parameters(), {w, b}, or groups {{{w}, {.lr = 0.1}}, {{b}}}.
template <class Options>
class Params {
 public:
  Params() = default;                                                              // {}, which optimizers refuse
  Params(std::initializer_list<Tensor> list) : groups_(1, {list}) {}               // NOLINT
  Params(std::initializer_list<ParamGroup<Options>> groups) : groups_(groups) {}   // NOLINT
  Params(std::vector<ParamGroup<Options>> groups) : groups_(std::move(groups)) {}  // NOLINT
  template <std::convertible_to<std::vector<Tensor>> List>
  Params(const List& list) : groups_(1, {list}) {}  // NOLINT
  // A tensor, a module, named parameters.
  template <class T>
  Params(const T&) = delete;  // parameters are a list: net.parameters(), {w, b}
  template <std::derived_from<Optimizer> T>
  Params(const T&) = delete;  // one optimizer has the state: pass Optimizer&, keep several as std::unique_ptr

  const std::vector<ParamGroup<Options>>& groups() const { return groups_; }

 private:
  std::vector<ParamGroup<Options>> groups_;
};

}  // namespace xgrad::optim
