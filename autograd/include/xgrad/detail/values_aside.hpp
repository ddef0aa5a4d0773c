// Other values in a leaf for a while.
#pragma once

#include <xgrad/tensor.hpp>

namespace xgrad::detail {

// While it lives, the leaf has a copy of its values, to be changed at will: its own memory is set aside and comes back
// with its version, so that graphs which have saved it can still run backward. A view keeps its memory.
class XGRAD_API ValuesAside {
 public:
  explicit ValuesAside(const Tensor& leaf);
  ~ValuesAside();
  ValuesAside(const ValuesAside&) = delete;
  ValuesAside& operator=(const ValuesAside&) = delete;

 private:
  Tensor leaf_, kept_;
};

}  // namespace xgrad::detail
