// How the checker makes and reads the nodes of lab 3.
#pragma once

#include <engine.hpp>

#include "arrays.hpp"

namespace course {

struct Graphs {
  using Node = Var;
  Var leaf(const Numbers& n) { return ::leaf(array(n)); }
  Var data(const Numbers& n) { return ::leaf(array(n)); }
  void backward(const Var& L) { ::backward(L); }
  static Numbers value(const Var& v) { return course::numbers(v->value); }
  static Numbers gradient(const Var& v) { return course::numbers(v->grad); }
};

}  // namespace course
