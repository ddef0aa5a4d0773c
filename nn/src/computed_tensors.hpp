// Parameters of modules that are made of other tensors for every call: how parametrizations, norms of weights and
// pruning take a parameter out of a module's list and put it back.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "module_state.hpp"

namespace xgrad::detail {

struct ComputedTensors {
  using Value = std::function<Tensor(bool training, const Location&)>;

  // What the module shows, with the values for a call: computed now, and shown from now on.
  static std::vector<std::pair<Tensor, Tensor>> values(const nn::Module& m, const Location& at);
  // The value of one, with its gradient. ValueError when `name` is not computed.
  static Tensor value(const nn::Module& m, const std::string& name, const Location& at);
  static bool any(const nn::Module& m);
  static std::vector<std::string> names(const nn::Module& m);
  // The function that made it computed; null when it is none.
  static const char* maker(const nn::Module& m, const std::string& name);

  // The parameter as it stands. ValueError, in the name of op: there is none, or it is computed by another function.
  static Tensor parameter(const nn::Module& m, const std::string& name, const char* op, const Location& at);
  // Takes the parameter out of the list; members show what `value` gives.
  static void replace(const nn::Module& m, const std::string& name, const char* maker, Value value, const Location& at);
  // One more step behind those that are there.
  static void append(const nn::Module& m, const std::string& name, const std::function<Value(Value)>& more,
                     const Location& at);
  // Shows the present value.
  static void refresh(const nn::Module& m, const std::string& name, const Location& at);
  // A parameter again, with these values. ValueError, in the name of op: `name` is not computed by `maker`.
  static void require(const nn::Module& m, const std::string& name, const char* maker, const char* op,
                      const Location& at);
  static void restore(const nn::Module& m, const std::string& name, const Tensor& values, bool requires_grad,
                      const Location& at);
  // A parameter that is empty until the first call, or a state that is loaded, gives it a shape: `shape`, with
  // nn::kOpen for what is not known before.
  static nn::Parameter lazy(nn::Module& m, const std::string& name, const Shape& shape, const Location& at);
  static nn::Parameter lazy_buffer(nn::Module& m, const std::string& name, const Shape& shape, const Location& at);
  // Whether `name` is lazy and has no shape yet.
  static bool waits_for_shape(const nn::Module& m, const std::string& name);
  // The place of the penalties and constraints of a module, and of the text that it prints.
  static std::shared_ptr<nn::WeightRules>& rules(const nn::Module& m);
  static std::string& label(const nn::Module& m);
  // Out of the lists, when it is there.
  static void drop(const nn::Module& m, const std::string& name);
  static nn::Module child(const nn::Module& m, const std::string& name);  // empty when there is none

 private:
  using State = nn::Module::State;
};

}  // namespace xgrad::detail
