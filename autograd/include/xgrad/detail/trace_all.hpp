// Recording for exporters: everything that depends on given tensors is put on the tape, whatever its type.
#pragma once

#include <xgrad/tensor.hpp>

namespace xgrad::detail {

// While alive on this thread, operations on integers and bools are recorded like those on floating tensors, and so are
// the common ones that have no derivative (comparisons, logic, casts, argmax). Such graphs are for collect() only.
class XGRAD_API TraceAll {
 public:
  [[nodiscard("a scope without a name ends at once")]] TraceAll();
  ~TraceAll();
  TraceAll(const TraceAll&) = delete;
  TraceAll& operator=(const TraceAll&) = delete;

 private:
  bool previous_;
};

// A copy, off the tape, that operations are recorded for, although it may be of a type without gradients.
XGRAD_API Tensor traced_input(const Tensor& t);

}  // namespace xgrad::detail
