// How results of several tensors are printed.
#pragma once

#include <initializer_list>
#include <ostream>

#include <xgrad/tensor.hpp>

namespace xgrad::detail {

struct NamedPart {
  const char* name;
  const Tensor& value;
};

// "values=tensor(...),", one part below the other.
inline std::ostream& print_parts(std::ostream& os, std::initializer_list<NamedPart> parts) {
  const char* between = "";
  for (const NamedPart& part : parts) {
    os << between << part.name << '=' << part.value;
    between = ",\n";
  }
  return os;
}

}  // namespace xgrad::detail
