// How operations of the library hand over their attributes. They are stored beside the numbers that the backward
// function captures, so recording one costs a copy of a few bytes; they become names and values when somebody asks.
#pragma once

#include <cstddef>
#include <span>
#include <sstream>
#include <type_traits>

#include <xgrad/attributes.hpp>
#include <xgrad/record.hpp>

namespace xgrad::detail {

struct Node;

// "mean" of Reduction::mean.
template <class T>
std::string choice_text(T value) {
  std::ostringstream text;
  text << value;
  return text.str();
}

// A name as a template argument.
template <std::size_t N>
struct Text {
  char chars[N];
  consteval Text(const char (&text)[N]) {  // NOLINT: named<"dim">(d)
    for (std::size_t i = 0; i < N; ++i) chars[i] = text[i];
  }
};

template <Text Name, class T>
struct Named {
  static_assert(std::is_trivially_copyable_v<T>);
  T value;
  void add_to(Attributes& list) const {
    if constexpr (requires { add_attribute(list, Name.chars, value); })
      add_attribute(list, Name.chars, value);
    else if constexpr (std::is_enum_v<T>)
      list.add(Name.chars, choice_text(value));
    else
      list.add(Name.chars, value);
  }
};
// named<"dim">(d). The value is copied into the node: numbers, lists, a choice (Reduction), text that is a literal, an
// std::optional of these.
template <Text Name, class T>
constexpr Named<Name, T> named(T value) {
  return {value};
}

// A backward function with attributes.
template <class F, class... A>
struct Described : F, A... {
  using F::operator();
  void attributes(Attributes& list) const {
    if constexpr (DescribesItself<F>) F::attributes(list);
    (A::add_to(list), ...);
  }
};

// A backward function f(attributes, saved, gradient), for attributes that it needs itself. A is described by
// void describe(const A&, Attributes&).
template <class A, class F>
struct AttributesFirst {
  A first;
  [[no_unique_address]] F f;
  Grads operator()(const Saved& s, const Tensor& g) const
      requires(std::is_invocable_v<const F&, const A&, const Saved&, const Tensor&>) {
    return f(first, s, g);
  }
  Grads operator()(const Saved& s, std::span<const Tensor> g) const
      requires(!std::is_invocable_v<const F&, const A&, const Saved&, const Tensor&>) {
    return f(first, s, g);
  }
  void attributes(Attributes& list) const { describe(first, list); }
};

template <class A, class F>
AttributesFirst<A, F> attributes_first(const A& attributes, F f) {
  return {attributes, f};
}

// Those of a recorded operation.
Attributes attributes_of(Node& n);

}  // namespace xgrad::detail
