// Products over chosen dimensions. The operands are of one type (DTypeError) and fit (ShapeError).
#pragma once

#include <concepts>
#include <string>
#include <vector>

#include <xgrad/tensor.hpp>

namespace xgrad {

// Sums of products in Einstein's notation: "ij,jk->ik" is a matrix product. Letters name dimensions; those that the
// result lacks are summed over, "..." stands for any further ones, which broadcast; a letter that one operand has twice
// takes the diagonal. Without "->" the result has the letters that occur once, in alphabetical order. Pairs of operands
// are multiplied from left to right, each as a batched matrix product. ValueError for an equation that cannot be read.
[[nodiscard]] XGRAD_API Tensor einsum(const std::string& equation, const std::vector<Tensor>& operands,
                                      Location at = Location::current());
// The equation, and the line of the call.
struct EinsumEquation {
  std::string text;
  Location at;
  EinsumEquation(const char* t, Location where = Location::current()) : text(t), at(where) {}         // NOLINT
  EinsumEquation(const std::string& t, Location where = Location::current()) : text(t), at(where) {}  // NOLINT
};
// The same with the operands one by one: einsum("ij,jk->ik", x, y).
template <std::same_as<Tensor>... More>
[[nodiscard]] Tensor einsum(const EinsumEquation& equation, const Tensor& x, const More&... more) {
  return einsum(equation.text, std::vector<Tensor>{x, more...}, equation.at);
}
// Sums over the last `dims` dimensions of x and the first of y, or over pairs of dimensions.
[[nodiscard]] XGRAD_API Tensor tensordot(const Tensor& x, const Tensor& y, std::int64_t dims = 2,
                                         Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor tensordot(const Tensor& x, const Tensor& y, const Shape& dims_x, const Shape& dims_y,
                                         Location at = Location::current());
// Over the last dimension of both; a 0-d operand multiplies.
[[nodiscard]] XGRAD_API Tensor inner(const Tensor& x, const Tensor& y, Location at = Location::current());
// Kronecker product: blocks x[i] y.
[[nodiscard]] XGRAD_API Tensor kron(const Tensor& x, const Tensor& y, Location at = Location::current());
// The vector product in three dimensions, along dim, which has size 3; the operands broadcast.
[[nodiscard]] XGRAD_API Tensor cross(const Tensor& x, const Tensor& y, std::int64_t dim = -1,
                                     Location at = Location::current());

namespace linalg {

using xgrad::cross;
// sum(x y) along dim; the operands broadcast.
[[nodiscard]] XGRAD_API Tensor vecdot(const Tensor& x, const Tensor& y, std::int64_t dim = -1,
                                      Location at = Location::current());
// The product of two or more matrices, in the order that takes the fewest multiplications; the first and the last may
// be vectors.
[[nodiscard]] XGRAD_API Tensor multi_dot(const std::vector<Tensor>& matrices, Location at = Location::current());

}  // namespace linalg

[[nodiscard]] XGRAD_API Tensor chain_matmul(const std::vector<Tensor>& matrices,
                                            Location at = Location::current());  // linalg::multi_dot

// ---- products added to a tensor: beta x + alpha product; with beta = 0 x is not read, NaN in it does not count ----
[[nodiscard]] XGRAD_API Tensor addmm(const Tensor& x, const Tensor& m1, const Tensor& m2, Scalar beta = 1,
                                     Scalar alpha = 1, Location at = Location::current());  // m1 (n, k) m2 (k, m)
[[nodiscard]] XGRAD_API Tensor addmv(const Tensor& x, const Tensor& m, const Tensor& v, Scalar beta = 1,
                                     Scalar alpha = 1, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor addr(const Tensor& x, const Tensor& v1, const Tensor& v2, Scalar beta = 1,
                                    Scalar alpha = 1, Location at = Location::current());  // v1 (n) v2 (m)^T
[[nodiscard]] XGRAD_API Tensor baddbmm(const Tensor& x, const Tensor& b1, const Tensor& b2, Scalar beta = 1,
                                       Scalar alpha = 1, Location at = Location::current());  // as bmm
[[nodiscard]] XGRAD_API Tensor addbmm(const Tensor& x, const Tensor& b1, const Tensor& b2, Scalar beta = 1,
                                      Scalar alpha = 1,
                                      Location at = Location::current());  // the products of the batch added up

}  // namespace xgrad
