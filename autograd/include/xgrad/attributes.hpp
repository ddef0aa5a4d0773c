// What an operation was told beside its tensors: dim, keepdim, eps, stride, ... by PyTorch's names. Of recorded
// operations, from GraphNode::attributes() and tape::OpNode.
#pragma once

#include <concepts>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <xgrad/export.hpp>

namespace xgrad {

using AttributeValue = std::variant<std::int64_t, double, bool, std::string, std::vector<std::int64_t>>;

struct Attribute {
  std::string name;
  AttributeValue value;
  bool operator==(const Attribute&) const = default;
};

// In the order of the operation's arguments. What was None is absent; dimensions are counted from the front.
class XGRAD_API Attributes {
 public:
  // Integers, floating numbers, bool, text, lists of integers; of an empty std::optional nothing is added.
  template <class T>
  void add(std::string_view name, const T& value) {
    if constexpr (requires { value.has_value(); }) {
      if (value) add(name, *value);
    } else {
      list_.push_back({std::string(name), stored(value)});
    }
  }

  // nullptr when there is none of that name.
  const AttributeValue* find(std::string_view name) const;
  // The value, when it is there and is a T. An integer is given as a double as well.
  template <class T>
  std::optional<T> get(std::string_view name) const {
    const AttributeValue* v = find(name);
    if (!v) return std::nullopt;
    if (const T* t = std::get_if<T>(v)) return *t;
    if constexpr (std::is_same_v<T, double>)
      if (const auto* n = std::get_if<std::int64_t>(v)) return static_cast<double>(*n);
    return std::nullopt;
  }

  std::size_t size() const { return list_.size(); }
  bool empty() const { return list_.empty(); }
  const Attribute& operator[](std::size_t i) const { return list_[i]; }
  auto begin() const { return list_.begin(); }
  auto end() const { return list_.end(); }
  bool operator==(const Attributes&) const = default;

 private:
  template <class T>
  static AttributeValue stored(const T& value) {
    if constexpr (std::is_same_v<T, bool>)
      return value;
    else if constexpr (std::integral<T>)
      return static_cast<std::int64_t>(value);
    else if constexpr (std::floating_point<T>)
      return static_cast<double>(value);
    else if constexpr (std::is_convertible_v<const T&, std::string_view>)
      return std::string(std::string_view(value));
    else
      return std::vector<std::int64_t>(value.begin(), value.end());
  }

  std::vector<Attribute> list_;
};

// "1", "0.5", "true", "mean", "[1, 1]"
XGRAD_API std::string to_string(const AttributeValue& value);
// "dim=1"; "dim=[1], keepdim=true"
XGRAD_API std::ostream& operator<<(std::ostream& os, const Attribute& a);
XGRAD_API std::ostream& operator<<(std::ostream& os, const Attributes& list);

}  // namespace xgrad
