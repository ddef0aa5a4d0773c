// Named checks that stand at the top of an operation, before anything is allocated or changed, and the builder of
// their messages.
#pragma once

#include <string>

#include <xgrad/tensor.hpp>

namespace xgrad {

// Collects the lines of a message and throws it as the class wanted:
//   ErrorReport("matmul", "inner sizes differ (784 and 128)", at).operand("left", a).operand("right", b).shape_error();
class XGRAD_API ErrorReport {
 public:
  ErrorReport(const char* op, const std::string& rule, Location at);
  ErrorReport& operand(const std::string& role, const Tensor& t) &;  // name, dtype and shape
  ErrorReport& line(const std::string& role, const std::string& text) &;
  ErrorReport& help(const std::string& text) &;
  // The same of a temporary, as a value.
  ErrorReport operand(const std::string& role, const Tensor& t) && { return std::move(operand(role, t)); }
  ErrorReport line(const std::string& role, const std::string& text) && { return std::move(line(role, text)); }
  ErrorReport help(const std::string& text) && { return std::move(help(text)); }
  [[noreturn]] void shape_error() const;
  [[noreturn]] void dtype_error() const;
  [[noreturn]] void index_error() const;
  [[noreturn]] void value_error() const;
  [[noreturn]] void autograd_error() const;
  [[noreturn]] void io_error() const;
  [[noreturn]] void out_of_memory_error() const;

 private:
  std::string text() const;
  std::string head_, body_, where_, help_;
};

XGRAD_API void require_defined(const char* op, const Tensor& x, Location at);   // ValueError
XGRAD_API void require_floating(const char* op, const Tensor& x, Location at);  // DTypeError
XGRAD_API void require_same_dtype(const char* op, const Tensor& a, const Tensor& b, Location at);
XGRAD_API void require_same_shape(const char* op, const Tensor& a, const Tensor& b, Location at);
XGRAD_API void require_rank(const char* op, const Tensor& x, int rank, Location at);
// Index tensors are int64 (or int32); DTypeError.
XGRAD_API void require_index_dtype(const char* op, const Tensor& x, Location at);
// A dimension of x, negative counted from the end, as 0..rank-1; rank 0 counts as rank 1. IndexError
// "dim 2 out of range [-2, 1]".
XGRAD_API int wrap_dim(const char* op, std::int64_t dim, const Tensor& x, Location at);
XGRAD_API int wrap_dim(const char* op, std::int64_t dim, int rank, Location at);
// Shape of the broadcast result; ShapeError naming both shapes and the dimension.
XGRAD_API Shape broadcast_shapes(const char* op, const Tensor& a, const Tensor& b, Location at);
XGRAD_API Shape broadcast_shapes(const char* op, const Shape& a, const Shape& b, Location at);

}  // namespace xgrad
