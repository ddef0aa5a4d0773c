// Norms and distances, float32 or float64 (DTypeError). p may be any number: infinity is the largest |x|, -infinity the
// smallest, 0 how many are not 0. Nothing overflows on the way. The gradient is 0 where x or the norm is 0 and shared
// evenly among equal extremes. dims: none given = all. IndexError for a dimension out of range or given twice;
// ShapeError for the smallest or largest of no elements.
#pragma once

#include <optional>
#include <string>

#include <xgrad/tensor.hpp>

namespace xgrad {
namespace linalg {

// (sum |x|^ord)^(1/ord) over dims.
[[nodiscard]] XGRAD_API Tensor vector_norm(const Tensor& x, double ord = 2, const Shape& dims = {},
                                           bool keepdim = false, Location at = Location::current());
// Of matrices in two dimensions. "fro": root of the sum of squares; "nuc": sum of the singular values; infinity and
// -infinity: largest and smallest sum of |x| of a row; 1 and -1: of a column; 2 and -2: largest and smallest singular
// value. ValueError for others.
[[nodiscard]] XGRAD_API Tensor matrix_norm(const Tensor& x, const std::string& ord = "fro",
                                           const Shape& dims = {-2, -1}, bool keepdim = false,
                                           Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor matrix_norm(const Tensor& x, double ord, const Shape& dims = {-2, -1},
                                           bool keepdim = false, Location at = Location::current());
// Without ord the 2-norm of all elements in dims. With it, of a vector or one dimension the vector norm, of a matrix or
// two dimensions the matrix norm.
[[nodiscard]] XGRAD_API Tensor norm(const Tensor& x, const Shape& dims = {}, bool keepdim = false,
                                    Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor norm(const Tensor& x, double ord, const Shape& dims = {}, bool keepdim = false,
                                    Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor norm(const Tensor& x, const std::string& ord, const Shape& dims = {},
                                    bool keepdim = false, Location at = Location::current());

}  // namespace linalg

// torch.norm: with a number always the vector norm, also over two dimensions; "fro" and "nuc" as above.
[[nodiscard]] XGRAD_API Tensor norm(const Tensor& x, double p = 2, const Shape& dims = {}, bool keepdim = false,
                                    Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor norm(const Tensor& x, const std::string& p, const Shape& dims = {}, bool keepdim = false,
                                    Location at = Location::current());
template <detail::Dimension D>
[[nodiscard]] Tensor norm(const Tensor& x, double p, D dim, bool keepdim = false, Location at = Location::current()) {
  return norm(x, p, Shape{static_cast<std::int64_t>(dim)}, keepdim, at);
}
template <class... More>
Tensor norm(const Tensor&, std::initializer_list<std::int64_t>, const More&...)  // the order first: norm(x, 2, {1})
    = delete;
// The p-norm of x - y, which broadcast, as one number.
[[nodiscard]] XGRAD_API Tensor dist(const Tensor& x, const Tensor& y, double p = 2, Location at = Location::current());
// Every part of x along dim whose p-norm is above max_norm is scaled down to it.
[[nodiscard]] XGRAD_API Tensor renorm(const Tensor& x, double p, std::int64_t dim, double max_norm,
                                      Location at = Location::current());
// The p-norms of all differences of rows: x (..., n, d) and y (..., m, d), which broadcast, to (..., n, m). p >= 0.
[[nodiscard]] XGRAD_API Tensor cdist(const Tensor& x, const Tensor& y, double p = 2, Location at = Location::current());
// Of the rows of one matrix (n, d), each pair i < j once: n (n - 1) / 2.
[[nodiscard]] XGRAD_API Tensor pdist(const Tensor& x, double p = 2, Location at = Location::current());
// x / max(|x|_p, eps) along dim.
[[nodiscard]] XGRAD_API Tensor normalize(const Tensor& x, double p = 2, std::int64_t dim = 1, double eps = 1e-12,
                                         Location at = Location::current());
// The p-norm of x - y + eps along the last dimension; the operands broadcast.
[[nodiscard]] XGRAD_API Tensor pairwise_distance(const Tensor& x, const Tensor& y, double p = 2, double eps = 1e-6,
                                                 bool keepdim = false, Location at = Location::current());
// x . y / (max(|x|, eps) max(|y|, eps)) along dim; the operands broadcast.
[[nodiscard]] XGRAD_API Tensor cosine_similarity(const Tensor& x, const Tensor& y, std::int64_t dim = 1,
                                                 double eps = 1e-8, Location at = Location::current());

}  // namespace xgrad
