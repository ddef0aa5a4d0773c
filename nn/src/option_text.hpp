// Options as labels show them: those that differ from their defaults, ", stride=2, bias=false".
#pragma once

#include <string>
#include <type_traits>

#include <fmt/format.h>

#include "extents_text.hpp"

namespace xgrad::nn {

class OptionText {
 public:
  template <class T>
  OptionText& add(const char* name, const T& value, const std::type_identity_t<T>& usual) {
    if (!(value == usual)) text_ += fmt::format(", {}={}", name, value);
    return *this;
  }
  template <int N>
  OptionText& add(const char* name, const Extents<N>& value, const Extents<N>& usual) {
    if (!(value == usual)) text_ += fmt::format(", {}={}", name, shown(value));
    return *this;
  }
  template <int N>
  OptionText& add(const char* name, const Extents<N>& value, std::int64_t usual) {
    return add(name, value, Extents<N>(usual));
  }
  OptionText& add(const char* name, const std::string& value) {  // whatever it is
    text_ += fmt::format(", {}={}", name, value);
    return *this;
  }
  const std::string& text() const { return text_; }

 private:
  template <int N>
  static std::string shown(const Extents<N>& e) {
    for (const std::int64_t n : e.v)
      if (n != e.v[0]) return extents_text(e);
    return std::to_string(e.v[0]);
  }
  std::string text_;
};

}  // namespace xgrad::nn
