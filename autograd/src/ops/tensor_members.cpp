// Member forms of operations.
#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/ops/extremum.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/slice.hpp>
#include <xgrad/ops/view.hpp>

namespace xgrad {

Tensor Tensor::view(const Shape& shape, Location at) const { return xgrad::view(*this, shape, at); }
Tensor Tensor::reshape(const Shape& shape, Location at) const { return xgrad::reshape(*this, shape, at); }
Tensor Tensor::flatten(std::int64_t start_dim, std::int64_t end_dim, Location at) const {
  return xgrad::flatten(*this, start_dim, end_dim, at);
}
Tensor Tensor::squeeze(Location at) const { return xgrad::squeeze(*this, at); }
Tensor Tensor::squeeze(std::int64_t dim, Location at) const { return xgrad::squeeze(*this, dim, at); }
Tensor Tensor::squeeze(const Shape& dims, Location at) const { return xgrad::squeeze(*this, dims, at); }
Tensor Tensor::unsqueeze(std::int64_t dim, Location at) const { return xgrad::unsqueeze(*this, dim, at); }
Tensor Tensor::transpose(std::int64_t dim0, std::int64_t dim1, Location at) const {
  return xgrad::transpose(*this, dim0, dim1, at);
}
Tensor Tensor::t(Location at) const {
  require_defined("t", *this, at);
  const std::int64_t rank = dim();
  if (rank > 2) [[unlikely]]
    ErrorReport("t", fmt::format("needs rank 2 or less, got {}", rank), at)
        .operand("input", *this)
        .help("use transpose(dim0, dim1) or permute")
        .shape_error();
  return rank == 2 ? xgrad::transpose(*this, 0, 1, at) : xgrad::transpose(*this, 0, 0, at);
}
Tensor Tensor::permute(const Shape& dims, Location at) const { return xgrad::permute(*this, dims, at); }
Tensor Tensor::expand(const Shape& shape, Location at) const { return xgrad::expand(*this, shape, at); }
Tensor Tensor::slice(std::int64_t dim, std::int64_t start, std::int64_t stop, std::int64_t step, Location at) const {
  return xgrad::slice(*this, dim, start, stop, step, at);
}
Tensor Tensor::narrow(std::int64_t dim, std::int64_t start, std::int64_t length, Location at) const {
  return xgrad::narrow(*this, dim, start, length, at);
}
Tensor Tensor::select(std::int64_t dim, std::int64_t index, Location at) const {
  return xgrad::select(*this, dim, index, at);
}

Tensor Tensor::sum(Location at) const { return xgrad::sum(*this, at); }
Tensor Tensor::sum(const Shape& dims, bool keepdim, Location at) const { return xgrad::sum(*this, dims, keepdim, at); }
Tensor Tensor::mean(Location at) const { return xgrad::mean(*this, at); }
Tensor Tensor::mean(const Shape& dims, bool keepdim, Location at) const {
  return xgrad::mean(*this, dims, keepdim, at);
}
Tensor Tensor::argmax(Location at) const { return xgrad::argmax(*this, at); }
Tensor Tensor::argmax(std::int64_t dim, bool keepdim, Location at) const {
  return xgrad::argmax(*this, dim, keepdim, at);
}

}  // namespace xgrad
