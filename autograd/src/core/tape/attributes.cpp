#include "core/tape/attributes.hpp"

#include <algorithm>
#include <ostream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/tape/node.hpp"

namespace xgrad {

const AttributeValue* Attributes::find(std::string_view name) const {
  const auto found = std::ranges::find(list_, name, &Attribute::name);
  return found == list_.end() ? nullptr : &found->value;
}

std::string to_string(const AttributeValue& value) {
  return std::visit(
      [](const auto& v) {
        if constexpr (std::is_same_v<std::decay_t<decltype(v)>, std::string>)
          return v;
        else
          return fmt::format("{}", v);
      },
      value);
}

std::ostream& operator<<(std::ostream& os, const Attribute& a) { return os << a.name << '=' << to_string(a.value); }

std::ostream& operator<<(std::ostream& os, const Attributes& list) {
  const char* between = "";
  for (const Attribute& a : list) os << std::exchange(between, ", ") << a;
  return os;
}

namespace detail {

Attributes attributes_of(Node& n) {
  Attributes list;
  if (n.op.kind->describe) n.op.kind->describe(n.closure(), list);
  return list;
}

}  // namespace detail
}  // namespace xgrad
