// What operations on batches of matrices share: checks, the way to LAPACK's columns and back.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <xgrad/check.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad::detail {

// Sizes of x as matrices: `count` of m rows and n columns, in batches of shape `lead`.
struct Matrices {
  Shape lead;
  std::int64_t count = 1, m = 0, n = 0;
  Shape shape(std::int64_t rows, std::int64_t columns) const;  // lead + {rows, columns}
  Shape shape(std::int64_t size) const;                        // lead + {size}
};

// ShapeError unless rank >= 2 (and square), DTypeError unless floating.
Matrices require_matrices(const char* op, const Tensor& x, const Location& at);
Matrices require_square(const char* op, const Tensor& x, const Location& at);
// Also of one type with `x`.
Matrices require_matrices_like(const char* op, const Tensor& y, const Tensor& x, const Location& at);
// LAPACK's iterations need not end for NaN and infinity: ValueError.
void require_finite_matrices(const char* op, const Tensor& x, const Location& at);

// x^-1, recorded; a singular matrix is reported as of `op`. (solve.cpp)
Tensor inverse_for(const char* op, const Tensor& x, const Location& at);

// A copy whose memory holds each matrix column by column; its shape is (..., columns, rows). Off the tape.
Tensor to_columns(const Tensor& x);
// And back: (..., rows, columns), contiguous, off the tape.
Tensor from_columns(const Tensor& columns);

// info of every matrix, and what it says of the batch.
class Outcomes {
 public:
  explicit Outcomes(std::int64_t count);  // OutOfMemoryError
  std::int32_t* data() { return info_.data(); }
  bool failed() const { return first() >= 0; }
  std::int64_t first() const;  // matrix that failed, -1 when none did
  std::int32_t info() const { return info_[static_cast<std::size_t>(first())]; }
  Tensor as_tensor(const Shape& lead) const;    // int32
  std::string matrix(const Shape& lead) const;  // " (matrix 3 of the batch)", "" without a batch

 private:
  std::vector<std::int32_t> info_;
};

// Both with the same batch shape. ShapeError when they do not broadcast. Off the tape.
std::pair<Tensor, Tensor> broadcast_matrices(const char* op, const Tensor& x, const Tensor& y, const Location& at);

double epsilon(DType dtype);  // of a floating type
// Where singular values end to count as 0, as one option for each matrix: the larger of atol and rtol times the largest
// value; without rtol eps max(m, n), or 0 beside a positive atol.
struct Tolerance {
  std::optional<double> atol = {}, rtol = {};
};
void require_tolerance(const char* op, const Tolerance& t, const Location& at);  // ValueError: negative or NaN
// values: (..., k), the result (..., 1); off the tape.
Tensor least_that_counts(const Tensor& values, const Matrices& size, const Tolerance& t);

Tensor mT(const Tensor& x);  // transposed matrices, a view
// bool (m, n): true on the diagonal.
Tensor on_diagonal(std::int64_t m, std::int64_t n);
// The matrices P (m, m) that LAPACK's pivots (..., min(m, n)), contiguous int32 from 1 on, stand for: A = P L U.
Tensor permutation_of(const Tensor& pivots, const Matrices& size, DType dtype);
Tensor identity_matrices(const Matrices& size, std::int64_t n, DType dtype);

}  // namespace xgrad::detail
