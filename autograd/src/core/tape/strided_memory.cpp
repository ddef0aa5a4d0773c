#include <fmt/format.h>

#include <xgrad/detail/strided_memory.hpp>

#include "core/overlap.hpp"
#include "core/rematerialize.hpp"
#include "core/tape/record.hpp"

namespace xgrad::detail {

const void* strided_memory(const char* op, const Tensor& x, DType want, const Location& at) {
  const TensorImpl& t = checked(x, op, at);
  if (t.dtype != want)
    ErrorReport(op, fmt::format("asked for {} of a {} tensor", name(want), name(t.dtype)), at)
        .operand("tensor", x)
        .dtype_error();
  if (t.storage->owner) keep_values_of(*t.storage);
  return t.memory();
}

void* writable_memory(const char* op, const Tensor& x, DType want, const Location& at) {
  void* p = const_cast<void*>(strided_memory(op, x, want, at));
  const TensorImpl& t = impl(x);
  if (records_gradients() && wants_grad(x))
    ErrorReport(op, "writing the memory of a tensor on the tape would make its gradient wrong", at)
        .operand("tensor", x)
        .help("detach() first, pass std::as_const(t) to read, or wrap the change in a NoGradGuard")
        .autograd_error();
  if (repeats_elements(t))
    ErrorReport(op, "several elements share one place in memory, so writing one changes others", at)
        .operand("tensor", x)
        .help("clone() it first, or pass std::as_const(t) to read")
        .value_error();
  before_change_of(t);
  t.storage->changed(op, at);
  t.storage->shared_at = at;
  return p;
}

}  // namespace xgrad::detail
