// How labels show the options that are neither numbers nor bool: see OptionText.
#pragma once

#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <xgrad/nn/option_text.hpp>
#include <xgrad/shape.hpp>
#include <xgrad/tensor.hpp>

#include "extents_text.hpp"

namespace xgrad {

// "2", and "2x3" where they differ.
template <int N>
std::string option_text(const Extents<N>& e) {
  for (const std::int64_t n : e.v)
    if (n != e.v[0]) return nn::extents_text(e);
  return std::to_string(e.v[0]);
}

// As it prints, "sum".
template <class E>
requires std::is_enum_v<E> std::string option_text(E value) {
  std::ostringstream text;
  text << value;
  return text.str();
}

}  // namespace xgrad

namespace xgrad::nn {

using xgrad::option_text;  // for choices that layers declare

// The shape of a tensor that was given: "weight=(10)".
inline void add_tensor(OptionText& text, const char* name, const Tensor& t) {
  if (t.defined()) text.add(name, to_string(t.shape()));
}

template <class T>
std::string list_text(const std::vector<T>& list) {
  return list.size() == 1 ? fmt::format("{}", list[0]) : fmt::format("({})", fmt::join(list, ", "));
}

// The sizes that a layer is made for, and its options: "LayerNorm(2, 3, eps=0.1)".
inline std::string with_options(std::string label, const OptionText& options) {
  label.insert(label.size() - 1, options.text());  // before the parenthesis
  return label;
}

}  // namespace xgrad::nn
