#include "export/probes.hpp"

#include <algorithm>
#include <limits>

#include <xgrad/ops.hpp>

namespace xgrad::onnx {
namespace {

// The part of [least, greatest] that is drawn from, and the sign.
Tensor drawn(const Tensor& x, Variation how) {
  const Tensor elements = how == Variation::spread || how == Variation::beyond ? roll(x, 1) : x;
  const Tensor finite = isfinite(x);
  if (!any(finite).item<bool>()) return elements;
  double least = amin(where(finite, x, Scalar(std::numeric_limits<double>::infinity()))).item<double>();
  double greatest = amax(where(finite, x, Scalar(-std::numeric_limits<double>::infinity()))).item<double>();
  if (least == greatest) (least > 0 ? least : greatest) = least == 0 ? 1 : least / 2;
  const double middle = least / 2 + greatest / 2;
  if (how == Variation::lower) greatest = middle;
  if (how == Variation::upper) least = middle;
  const Tensor place = rand(x.shape(), TensorOptions{x.dtype()});
  Tensor y = add(mul(place, Scalar(greatest - least)), Scalar(least));
  if (how == Variation::beyond) y = neg(y);
  return where(isfinite(elements), y, elements);
}

Tensor one_switched(const Tensor& x) {
  const bool some = any(x).item<bool>();
  const std::int64_t place = argmax((some ? x : logical_not(x)).to(kInt64).reshape({-1})).item<std::int64_t>();
  const Tensor there = eq(arange(Scalar(x.numel())), Scalar(place)).reshape(x.shape());
  return some ? logical_and(x, logical_not(there)) : logical_or(x, there);
}

Tensor whole(const Tensor& x, Variation how) {
  const auto least = amin(x).item<std::int64_t>(), greatest = amax(x).item<std::int64_t>();
  if (least == greatest) {
    if (how == Variation::beyond) return add(x, Scalar(1));
    return how == Variation::lower && least > 0 ? sub(x, Scalar(1)) : x.clone();
  }
  // Of 64 bits, so that uint8 has signs; halves are rounded towards the bound.
  const Tensor wide = x.to(kInt64);
  const auto halved = [](const Tensor& distance) { return div(distance, Scalar(2), Rounding::trunc); };
  if (how == Variation::lower) return add(halved(sub(wide, Scalar(least))), Scalar(least)).to(x.dtype());
  if (how == Variation::upper) return rsub(halved(rsub(wide, Scalar(greatest))), Scalar(greatest)).to(x.dtype());
  return roll(x, 1);
}

}  // namespace

Tensor other_values(const Tensor& example, Variation how) {
  const Tensor x = example.detach();
  if (x.numel() == 0) return x;
  if (is_floating(x.dtype())) return drawn(x, how);
  if (x.dtype() != kBool) return whole(x, how);
  return how == Variation::spread || how == Variation::beyond ? roll(x, 1) : one_switched(x);
}

Tensor other_size(const Tensor& x, std::int64_t dim, std::int64_t size) {
  const Tensor places = remainder(arange(Scalar(size)), Scalar(x.size(dim)));
  return index_select(x.detach(), dim, places);
}

std::vector<std::int64_t> larger_sizes(std::int64_t n) {
  std::vector<std::int64_t> all;
  for (const std::int64_t size : {n + 1, 2 * n, 2 * n + 1, 3 * n + 2, 3 * n, 4 * n, 5 * n})
    if (std::ranges::find(all, size) == all.end()) all.push_back(size);
  return all;
}
std::vector<std::int64_t> smaller_sizes(std::int64_t n) {
  std::vector<std::int64_t> all;
  for (const std::int64_t size : {n - 1, n - 2, n / 2})
    if (size > 0 && std::ranges::find(all, size) == all.end()) all.push_back(size);
  return all;
}

}  // namespace xgrad::onnx
