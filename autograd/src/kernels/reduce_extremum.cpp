// Largest and smallest values.
#include "kernels/extremum.hpp"

namespace xgrad::detail {
namespace {

template <bool Largest>
Tensor extremum_raw(const Tensor& x, DimSet dims, bool keepdim) {
  const TensorImpl& t = impl(x);
  Tensor y = make_tensor(reduced_shape(t.shape, dims, keepdim), t.dtype);
  if (t.dtype == DType::boolean) {  // bytes of 0 and 1
    reduce(Extremum<std::uint8_t, Largest>{data<std::uint8_t>(y), Largest ? std::uint8_t{0} : std::uint8_t{1}}, t,
           dims);
    return y;
  }
  dispatch_all(t.dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (!std::is_same_v<T, bool>) reduce(Extremum<T, Largest>{data<T>(y)}, t, dims);
  });
  return y;
}

}  // namespace

Tensor max_raw(const Tensor& x, DimSet dims, bool keepdim) { return extremum_raw<true>(x, dims, keepdim); }
Tensor min_raw(const Tensor& x, DimSet dims, bool keepdim) { return extremum_raw<false>(x, dims, keepdim); }

}  // namespace xgrad::detail
