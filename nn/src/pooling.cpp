#include <fmt/format.h>

#include <xgrad/nn/pooling.hpp>

#include "extents_text.hpp"

namespace xgrad::nn {
namespace {

template <int N>
std::string label(const char* kind, const Extents<N>& size) {
  return fmt::format("{}{}d({})", kind, N, extents_text(size));
}

}  // namespace

template <int N>
MaxPoolNd<N>::MaxPoolNd(Extents<N> kernel_size, MaxPoolOptions<N> options)
    : Layer<MaxPoolNd<N>>(label("MaxPool", kernel_size)), kernel_size_(kernel_size), options_(options) {}

template <int N>
Tensor MaxPoolNd<N>::forward(const Tensor& x, Location at) const {
  if constexpr (N == 1)
    return max_pool1d(x, kernel_size_, options_, at);
  else if constexpr (N == 2)
    return max_pool2d(x, kernel_size_, options_, at);
  else
    return max_pool3d(x, kernel_size_, options_, at);
}

template <int N>
ValuesIndices MaxPoolNd<N>::forward_with_indices(const Tensor& x, Location at) const {
  const auto pool = [&](const Tensor& in) {
    if constexpr (N == 1)
      return max_pool1d_with_indices(in, kernel_size_, options_, at);
    else if constexpr (N == 2)
      return max_pool2d_with_indices(in, kernel_size_, options_, at);
    else
      return max_pool3d_with_indices(in, kernel_size_, options_, at);
  };
  return this->call_as(pool, at, x);
}

template <int N>
AvgPoolNd<N>::AvgPoolNd(Extents<N> kernel_size, AvgPoolOptions<N> options)
    : Layer<AvgPoolNd<N>>(label("AvgPool", kernel_size)), kernel_size_(kernel_size), options_(options) {}

template <int N>
Tensor AvgPoolNd<N>::forward(const Tensor& x, Location at) const {
  if constexpr (N == 1)
    return avg_pool1d(x, kernel_size_, options_, at);
  else if constexpr (N == 2)
    return avg_pool2d(x, kernel_size_, options_, at);
  else
    return avg_pool3d(x, kernel_size_, options_, at);
}

template <int N>
LPPoolNd<N>::LPPoolNd(double norm_type, Extents<N> kernel_size, LPPoolOptions<N> options)
    : Layer<LPPoolNd<N>>(label("LPPool", kernel_size)),
      norm_type_(norm_type),
      kernel_size_(kernel_size),
      options_(options) {}

template <int N>
Tensor LPPoolNd<N>::forward(const Tensor& x, Location at) const {
  if constexpr (N == 1)
    return lp_pool1d(x, norm_type_, kernel_size_, options_, at);
  else if constexpr (N == 2)
    return lp_pool2d(x, norm_type_, kernel_size_, options_, at);
  else
    return lp_pool3d(x, norm_type_, kernel_size_, options_, at);
}

template <int N>
AdaptiveAvgPoolNd<N>::AdaptiveAvgPoolNd(Extents<N> output_size)
    : Layer<AdaptiveAvgPoolNd<N>>(label("AdaptiveAvgPool", output_size)), output_size_(output_size) {}

template <int N>
Tensor AdaptiveAvgPoolNd<N>::forward(const Tensor& x, Location at) const {
  if constexpr (N == 1)
    return adaptive_avg_pool1d(x, output_size_, at);
  else if constexpr (N == 2)
    return adaptive_avg_pool2d(x, output_size_, at);
  else
    return adaptive_avg_pool3d(x, output_size_, at);
}

template <int N>
AdaptiveMaxPoolNd<N>::AdaptiveMaxPoolNd(Extents<N> output_size)
    : Layer<AdaptiveMaxPoolNd<N>>(label("AdaptiveMaxPool", output_size)), output_size_(output_size) {}

template <int N>
Tensor AdaptiveMaxPoolNd<N>::forward(const Tensor& x, Location at) const {
  if constexpr (N == 1)
    return adaptive_max_pool1d(x, output_size_, at);
  else if constexpr (N == 2)
    return adaptive_max_pool2d(x, output_size_, at);
  else
    return adaptive_max_pool3d(x, output_size_, at);
}

template <int N>
ValuesIndices AdaptiveMaxPoolNd<N>::forward_with_indices(const Tensor& x, Location at) const {
  const auto pool = [&](const Tensor& in) {
    if constexpr (N == 1)
      return adaptive_max_pool1d_with_indices(in, output_size_, at);
    else if constexpr (N == 2)
      return adaptive_max_pool2d_with_indices(in, output_size_, at);
    else
      return adaptive_max_pool3d_with_indices(in, output_size_, at);
  };
  return this->call_as(pool, at, x);
}

template class MaxPoolNd<1>;
template class MaxPoolNd<2>;
template class MaxPoolNd<3>;
template class AvgPoolNd<1>;
template class AvgPoolNd<2>;
template class AvgPoolNd<3>;
template class LPPoolNd<1>;
template class LPPoolNd<2>;
template class LPPoolNd<3>;
template class AdaptiveAvgPoolNd<1>;
template class AdaptiveAvgPoolNd<2>;
template class AdaptiveAvgPoolNd<3>;
template class AdaptiveMaxPoolNd<1>;
template class AdaptiveMaxPoolNd<2>;
template class AdaptiveMaxPoolNd<3>;

}  // namespace xgrad::nn
