// Lists and dictionaries of modules and parameters: what is in them belongs to the module that registers them.
//
//   struct Net : nn::Layer<Net> {
//     nn::ModuleList<nn::Linear> layers = register_module("layers", nn::ModuleList<nn::Linear>());
//     explicit Net(int depth) {
//       for (int i = 0; i < depth; ++i) layers.push_back(nn::Linear(64, 64));
//     }
//     Tensor forward(Tensor x) const {
//       for (const nn::Linear& layer : layers) x = relu(layer(x));
//       return x;
//     }
//   };
//
// Parameters: "layers.0.weight", ... The element type is a module, or nn::AnyModule (the default) for modules of
// several kinds that are called with one tensor. Like all modules, containers are handles to shared contents.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include <xgrad/nn/module.hpp>

namespace xgrad::detail {

// i, negative from the end, as 0..size-1. IndexError.
XGRAD_API std::size_t wrap_index(const char* what, std::int64_t i, std::size_t size, Location at);
[[noreturn]] XGRAD_API void unknown_name(const char* what, const std::string& name,
                                         const std::vector<std::string>& names, Location at);
}  // namespace xgrad::detail

namespace xgrad::nn {

// An index together with the place it was written, so that an error in list[i] can name the line.
template <class T>
struct Place {
  template <class U>
  requires std::is_convertible_v<U, T> Place(const U& v, Location at = Location::current())
      : value(static_cast<T>(v)), where(at) {}  // NOLINT
  T value;
  Location where;
};

// Modules under their positions "0", "1", ...
template <class M = AnyModule>
class ModuleList : public Module {
 public:
  ModuleList() : Module("ModuleList") {}
  template <std::same_as<std::nullptr_t> Null>
  ModuleList(Null) noexcept : Module(nullptr) {}  // NOLINT: empty, as a Layer
  ModuleList(std::initializer_list<M> modules, Location where = Location::current()) : ModuleList() {
    extend(modules, where);
  }

  ModuleList& push_back(M module, Location where = Location::current()) & {
    items_->push_back(register_module(std::to_string(size()), std::move(module), where));
    return *this;
  }
  ModuleList& append(M module, Location where = Location::current()) & { return push_back(std::move(module), where); }
  template <class Range = std::initializer_list<M>>
  ModuleList& extend(const Range& modules, Location where = Location::current()) & {
    for (const M& m : modules) push_back(m, where);
    return *this;
  }
  // The same of a temporary, as a value.
  ModuleList push_back(M module, Location where = Location::current()) && {
    return std::move(push_back(std::move(module), where));
  }
  ModuleList append(M module, Location where = Location::current()) && {
    return std::move(push_back(std::move(module), where));
  }
  template <class Range = std::initializer_list<M>>
  ModuleList extend(const Range& modules, Location where = Location::current()) && {
    return std::move(extend(modules, where));
  }
  // Negative positions count from the end. IndexError.
  M& operator[](Place<std::int64_t> i) const { return at(i.value, i.where); }
  M& at(std::int64_t i, Location where = Location::current()) const {
    return (*items_)[detail::wrap_index("ModuleList", i, size(), where)];
  }
  // Another module in the place of one.
  ModuleList& replace(std::int64_t i, M module, Location where = Location::current()) {
    M& place = at(i, where);
    place = replace_module(std::to_string(&place - items_->data()), std::move(module), where);
    return *this;
  }
  std::size_t size() const { return items_->size(); }
  bool empty() const { return items_->empty(); }
  auto begin() const { return items_->begin(); }
  auto end() const { return items_->end(); }
  ModuleList* operator->() { return this; }
  const ModuleList* operator->() const { return this; }
  ModuleList clone(Location where = Location::current()) const { return nn::clone(*this, where); }

 private:
  Shared<std::vector<M>> items_;
};

// Modules under names (without dots), in the order they were added: for (auto& [name, module] : dict).
template <class M = AnyModule>
class ModuleDict : public Module {
 public:
  ModuleDict() : Module("ModuleDict") {}
  template <std::same_as<std::nullptr_t> Null>
  ModuleDict(Null) noexcept : Module(nullptr) {}  // NOLINT: empty, as a Layer
  ModuleDict(std::initializer_list<std::pair<std::string, M>> modules, Location where = Location::current())
      : ModuleDict() {
    for (const auto& [name, m] : modules) add(name, m, where);
  }

  // ValueError: a name that is there, empty, or has a dot.
  ModuleDict& add(const std::string& name, M module, Location where = Location::current()) & {
    M child = register_module(name, std::move(module), where);
    items_->emplace_back(name, std::move(child));
    return *this;
  }
  ModuleDict add(const std::string& name, M module, Location where = Location::current()) && {
    return std::move(add(name, std::move(module), where));
  }
  // IndexError names those there are.
  M& operator[](const Place<std::string>& name) const { return at(name.value, name.where); }
  M& at(const std::string& name, Location where = Location::current()) const {
    for (auto& [key, m] : *items_)
      if (key == name) return m;
    detail::unknown_name("ModuleDict", name, keys(), where);
  }
  // Another module in the place of one.
  ModuleDict& replace(const std::string& name, M module, Location where = Location::current()) {
    M& place = at(name, where);
    place = replace_module(name, std::move(module), where);
    return *this;
  }
  bool contains(const std::string& name) const {
    for (const auto& [key, m] : *items_)
      if (key == name) return true;
    return false;
  }
  std::vector<std::string> keys() const {
    std::vector<std::string> out;
    for (const auto& [key, m] : *items_) out.push_back(key);
    return out;
  }
  std::size_t size() const { return items_->size(); }
  bool empty() const { return items_->empty(); }
  auto begin() const { return items_->begin(); }
  auto end() const { return items_->end(); }
  ModuleDict* operator->() { return this; }
  const ModuleDict* operator->() const { return this; }
  ModuleDict clone(Location where = Location::current()) const { return nn::clone(*this, where); }

 private:
  Shared<std::vector<std::pair<std::string, M>>> items_;
};

// Parameters under their positions "0", "1", ...
class XGRAD_API ParameterList : public Module {
 public:
  ParameterList();
  ParameterList(std::initializer_list<Tensor> parameters, Location where = Location::current());

  // Registers it: it wants a gradient from now on.
  ParameterList& push_back(const Tensor& parameter, Location where = Location::current()) &;
  ParameterList& append(const Tensor& parameter, Location where = Location::current()) & {
    return push_back(parameter, where);
  }
  ParameterList push_back(const Tensor& parameter, Location where = Location::current()) && {
    return std::move(push_back(parameter, where));
  }
  ParameterList append(const Tensor& parameter, Location where = Location::current()) && {
    return std::move(push_back(parameter, where));
  }
  Parameter& operator[](Place<std::int64_t> i) const { return at(i.value, i.where); }
  Parameter& at(std::int64_t i, Location where = Location::current()) const;
  std::size_t size() const { return items_->size(); }
  bool empty() const { return items_->empty(); }
  auto begin() const { return items_->begin(); }
  auto end() const { return items_->end(); }

 private:
  Shared<std::vector<Parameter>> items_;
};

// Parameters under names, in the order they were added.
class XGRAD_API ParameterDict : public Module {
 public:
  ParameterDict();
  ParameterDict(std::initializer_list<std::pair<std::string, Tensor>> parameters, Location where = Location::current());

  ParameterDict& add(const std::string& name, const Tensor& parameter, Location where = Location::current()) &;
  ParameterDict add(const std::string& name, const Tensor& parameter, Location where = Location::current()) && {
    return std::move(add(name, parameter, where));
  }
  Parameter& operator[](const Place<std::string>& name) const { return at(name.value, name.where); }
  Parameter& at(const std::string& name, Location where = Location::current()) const;
  bool contains(const std::string& name) const;
  std::vector<std::string> keys() const;
  std::size_t size() const { return items_->size(); }
  bool empty() const { return items_->empty(); }
  auto begin() const { return items_->begin(); }
  auto end() const { return items_->end(); }

 private:
  Shared<std::vector<std::pair<std::string, Parameter>>> items_;
};

}  // namespace xgrad::nn
