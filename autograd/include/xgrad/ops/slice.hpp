// Parts of a tensor, as views that share its memory.
#pragma once

#include <concepts>
#include <vector>

#include <xgrad/tensor.hpp>

namespace xgrad {

[[nodiscard]] XGRAD_API Tensor slice(const Tensor& x, std::int64_t dim, std::int64_t start = 0,
                                     std::int64_t stop = Slice::kEnd, std::int64_t step = 1,
                                     Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor narrow(const Tensor& x, std::int64_t dim, std::int64_t start, std::int64_t length,
                                      Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor select(const Tensor& x, std::int64_t dim, std::int64_t index,
                                      Location at = Location::current());
// One tensor per index along dim.
[[nodiscard]] XGRAD_API std::vector<Tensor> unbind(const Tensor& x, std::int64_t dim = 0,
                                                   Location at = Location::current());
// Views of `size` along dim, the last one shorter; or of the given sizes, which must sum to the dimension.
[[nodiscard]] XGRAD_API std::vector<Tensor> split(const Tensor& x, std::int64_t size, std::int64_t dim = 0,
                                                  Location at = Location::current());
[[nodiscard]] XGRAD_API std::vector<Tensor> split(const Tensor& x, const std::vector<std::int64_t>& sizes,
                                                  std::int64_t dim = 0, Location at = Location::current());
template <std::floating_point F, class... More>
std::vector<Tensor> split(const Tensor&, F, const More&...) = delete;  // a size is an integer
// At most `chunks` views of equal size ceil(n / chunks).
[[nodiscard]] XGRAD_API std::vector<Tensor> chunk(const Tensor& x, std::int64_t chunks, std::int64_t dim = 0,
                                                  Location at = Location::current());
template <std::floating_point F, class... More>
std::vector<Tensor> chunk(const Tensor&, F, const More&...) = delete;  // a size is an integer

}  // namespace xgrad
