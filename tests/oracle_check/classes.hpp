// The table of module classes, filled by several files.
#pragma once

#include <map>
#include <string>

#include "modules.hpp"

namespace oracle {

struct Class {
  const char* signature;  // see Args
  std::function<AnyModule(Args&)> make;
};
using ClassTable = std::map<std::string, Class>;

template <class M>
AnyModule any(M m) {
  return {m, [m](const Tensor& x) { return m(x); }};
}

void add_attention_classes(ClassTable& table);
void add_norm_classes(ClassTable& table);  // normalisation, padding, embedding, further activations

}  // namespace oracle
