// Pooling: one number per window of the input, over one, two or three spatial dimensions.
//
// Input (N, C, spatial...) or (C, spatial...), float32 or float64 (DTypeError); the result is batched alike. Output
// size = (in + 2 padding - dilation (kernel - 1) - 1) / stride + 1, rounded down, or up with ceil_mode; a window that
// would start in the padding behind the input is left out. ValueError: kernel, stride or dilation below 1, padding
// negative or more than half the kernel. ShapeError: wrong rank, a kernel that exceeds the padded input, nothing to
// pool.
#pragma once

#include <concepts>
#include <optional>
#include <vector>

#include <xgrad/by_name.hpp>
#include <xgrad/ops/extents.hpp>
#include <xgrad/ops/extremum.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad {

// Distance from one window to the next: the kernel size when not given.
template <int N>
class PoolStride {
 public:
  PoolStride() : each_(0), given_(false) {}
  PoolStride(Extents<N> each) : each_(each) {}       // NOLINT: {.stride = 2}
  PoolStride(std::int64_t all) : each_(all) {}       // NOLINT
  PoolStride(int all) : each_(std::int64_t{all}) {}  // NOLINT
  template <std::floating_point T>
  PoolStride(T) = delete;  // sizes are integers: static_cast<std::int64_t>(n)
  PoolStride(std::int64_t height, std::int64_t width) requires(N == 2) : each_(height, width) {}
  PoolStride(std::int64_t depth, std::int64_t height, std::int64_t width) requires(N == 3)
      : each_(depth, height, width) {}

  Extents<N> value_or(const Extents<N>& kernel) const { return given_ ? each_ : kernel; }

 private:
  Extents<N> each_;
  bool given_ = true;
};

template <int N>
struct MaxPoolOptions {
  ByName by_name = ByName();
  PoolStride<N> stride = {};
  Extents<N> padding = 0;  // minus infinity
  Extents<N> dilation = 1;
  bool ceil_mode = false;
};

// The largest element of each window. NaN wins. The first of equal elements, in row-major order, gets the gradient.
[[nodiscard]] XGRAD_API Tensor max_pool1d(const Tensor& x, Extents<1> kernel_size,
                                          const MaxPoolOptions<1>& options = {}, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor max_pool2d(const Tensor& x, Extents<2> kernel_size,
                                          const MaxPoolOptions<2>& options = {}, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor max_pool3d(const Tensor& x, Extents<3> kernel_size,
                                          const MaxPoolOptions<3>& options = {}, Location at = Location::current());
// In PyTorch's order: max_pool2d(x, 2, 2), max_pool2d(x, 3, 2, 1). (Templates, so that {} stays options.)
namespace detail {
template <class Options, int N>
Options pool_options(const PoolStride<N>& stride, const Extents<N>& padding) {
  Options o;
  o.stride = stride;
  o.padding = padding;
  return o;
}
}  // namespace detail
template <class = void>
[[nodiscard]] Tensor max_pool1d(const Tensor& x, Extents<1> kernel_size, PoolStride<1> stride, Extents<1> padding = 0,
                                Location at = Location::current()) {
  return max_pool1d(x, kernel_size, detail::pool_options<MaxPoolOptions<1>>(stride, padding), at);
}
template <class = void>
[[nodiscard]] Tensor max_pool2d(const Tensor& x, Extents<2> kernel_size, PoolStride<2> stride, Extents<2> padding = 0,
                                Location at = Location::current()) {
  return max_pool2d(x, kernel_size, detail::pool_options<MaxPoolOptions<2>>(stride, padding), at);
}
template <class = void>
[[nodiscard]] Tensor max_pool3d(const Tensor& x, Extents<3> kernel_size, PoolStride<3> stride, Extents<3> padding = 0,
                                Location at = Location::current()) {
  return max_pool3d(x, kernel_size, detail::pool_options<MaxPoolOptions<3>>(stride, padding), at);
}
// The same with the positions (int64) within each flattened image of the input.
[[nodiscard]] XGRAD_API ValuesIndices max_pool1d_with_indices(const Tensor& x, Extents<1> kernel_size,
                                                              const MaxPoolOptions<1>& options = {},
                                                              Location at = Location::current());
[[nodiscard]] XGRAD_API ValuesIndices max_pool2d_with_indices(const Tensor& x, Extents<2> kernel_size,
                                                              const MaxPoolOptions<2>& options = {},
                                                              Location at = Location::current());
[[nodiscard]] XGRAD_API ValuesIndices max_pool3d_with_indices(const Tensor& x, Extents<3> kernel_size,
                                                              const MaxPoolOptions<3>& options = {},
                                                              Location at = Location::current());

template <int N>
struct AvgPoolOptions {
  ByName by_name = ByName();
  PoolStride<N> stride = {};
  Extents<N> padding = 0;
  bool ceil_mode = false;
  bool count_include_pad = true;                                // padding counts as zeros that are averaged
  std::optional<std::int64_t> divisor_override = std::nullopt;  // instead of the count; not 0 (ValueError)
};

// The mean of each window. Its derivative spreads g / count over the window.
[[nodiscard]] XGRAD_API Tensor avg_pool1d(const Tensor& x, Extents<1> kernel_size,
                                          const AvgPoolOptions<1>& options = {}, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor avg_pool2d(const Tensor& x, Extents<2> kernel_size,
                                          const AvgPoolOptions<2>& options = {}, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor avg_pool3d(const Tensor& x, Extents<3> kernel_size,
                                          const AvgPoolOptions<3>& options = {}, Location at = Location::current());
template <class = void>
[[nodiscard]] Tensor avg_pool1d(const Tensor& x, Extents<1> kernel_size, PoolStride<1> stride, Extents<1> padding = 0,
                                Location at = Location::current()) {
  return avg_pool1d(x, kernel_size, detail::pool_options<AvgPoolOptions<1>>(stride, padding), at);
}
template <class = void>
[[nodiscard]] Tensor avg_pool2d(const Tensor& x, Extents<2> kernel_size, PoolStride<2> stride, Extents<2> padding = 0,
                                Location at = Location::current()) {
  return avg_pool2d(x, kernel_size, detail::pool_options<AvgPoolOptions<2>>(stride, padding), at);
}
template <class = void>
[[nodiscard]] Tensor avg_pool3d(const Tensor& x, Extents<3> kernel_size, PoolStride<3> stride, Extents<3> padding = 0,
                                Location at = Location::current()) {
  return avg_pool3d(x, kernel_size, detail::pool_options<AvgPoolOptions<3>>(stride, padding), at);
}

template <int N>
struct LPPoolOptions {
  ByName by_name = ByName();
  PoolStride<N> stride = {};
  bool ceil_mode = false;
};

// (sum of x^norm_type over each window)^(1 / norm_type): 1 sums. norm_type must be positive and
// finite (ValueError). A window that ceil_mode lets reach over the edge counts as full of its mean. The gradient of a
// window that sums to 0 is 0.
[[nodiscard]] XGRAD_API Tensor lp_pool1d(const Tensor& x, double norm_type, Extents<1> kernel_size,
                                         const LPPoolOptions<1>& options = {}, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor lp_pool2d(const Tensor& x, double norm_type, Extents<2> kernel_size,
                                         const LPPoolOptions<2>& options = {}, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor lp_pool3d(const Tensor& x, double norm_type, Extents<3> kernel_size,
                                         const LPPoolOptions<3>& options = {}, Location at = Location::current());

// Windows that share the input out: window i of n reaches from floor(i in / n) to ceil((i + 1) in / n). A size may be
// kKeepSize: that of the input.
inline constexpr std::int64_t kKeepSize = -1;
[[nodiscard]] XGRAD_API Tensor adaptive_avg_pool1d(const Tensor& x, Extents<1> output_size,
                                                   Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor adaptive_avg_pool2d(const Tensor& x, Extents<2> output_size,
                                                   Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor adaptive_avg_pool3d(const Tensor& x, Extents<3> output_size,
                                                   Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor adaptive_max_pool1d(const Tensor& x, Extents<1> output_size,
                                                   Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor adaptive_max_pool2d(const Tensor& x, Extents<2> output_size,
                                                   Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor adaptive_max_pool3d(const Tensor& x, Extents<3> output_size,
                                                   Location at = Location::current());
[[nodiscard]] XGRAD_API ValuesIndices adaptive_max_pool1d_with_indices(const Tensor& x, Extents<1> output_size,
                                                                       Location at = Location::current());
[[nodiscard]] XGRAD_API ValuesIndices adaptive_max_pool2d_with_indices(const Tensor& x, Extents<2> output_size,
                                                                       Location at = Location::current());
[[nodiscard]] XGRAD_API ValuesIndices adaptive_max_pool3d_with_indices(const Tensor& x, Extents<3> output_size,
                                                                       Location at = Location::current());

template <int N>
struct FractionalPoolOptions {
  ByName by_name = ByName();
  std::optional<Extents<N>> output_size = {};
  std::vector<double> output_ratio = {};  // instead of it, in (0, 1): one for each dimension, or one for all
  Tensor random_samples = {};             // (N, C, 2) or (N, C, 3) in [0, 1), of x's type; drawn when left out
};

// The largest element of windows that begin at random places, almost evenly spaced, so that sizes need not divide. A
// sample u of an image and dimension puts window i at floor((i + u) a) - floor(u a), a = (in - kernel) / (out - 1), and
// the last one at the end. The samples of an image are for W and H, those of a volume for D, H and W, as in PyTorch.
// B. Graham 2014. ValueError: not exactly one of size and ratio; ShapeError: windows that exceed the input.
[[nodiscard]] XGRAD_API Tensor fractional_max_pool2d(const Tensor& x, Extents<2> kernel_size,
                                                     const FractionalPoolOptions<2>& options,
                                                     Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor fractional_max_pool3d(const Tensor& x, Extents<3> kernel_size,
                                                     const FractionalPoolOptions<3>& options,
                                                     Location at = Location::current());
[[nodiscard]] XGRAD_API ValuesIndices fractional_max_pool2d_with_indices(const Tensor& x, Extents<2> kernel_size,
                                                                         const FractionalPoolOptions<2>& options,
                                                                         Location at = Location::current());
[[nodiscard]] XGRAD_API ValuesIndices fractional_max_pool3d_with_indices(const Tensor& x, Extents<3> kernel_size,
                                                                         const FractionalPoolOptions<3>& options,
                                                                         Location at = Location::current());

// Puts each element back at its index (int64, as max_pool*_with_indices gives them) into zeros with the given spatial
// sizes. Where an index occurs twice the last one stays. IndexError for an index outside the image.
[[nodiscard]] XGRAD_API Tensor max_unpool1d(const Tensor& x, const Tensor& indices, Extents<1> output_size,
                                            Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor max_unpool2d(const Tensor& x, const Tensor& indices, Extents<2> output_size,
                                            Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor max_unpool3d(const Tensor& x, const Tensor& indices, Extents<3> output_size,
                                            Location at = Location::current());

}  // namespace xgrad
