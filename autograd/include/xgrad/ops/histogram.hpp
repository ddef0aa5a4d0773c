// Counting values in bins, and finding the bin of a value. No gradients.
#pragma once

#include <optional>
#include <utility>

#include <xgrad/tensor.hpp>

namespace xgrad {

// How often 0, 1, .. stand in a 1-D tensor of integers (int64), or the sums of their weights (of the weights' floating
// type, integers in float64); at least minlength results. ValueError for a negative number.
[[nodiscard]] XGRAD_API Tensor bincount(const Tensor& x, const Tensor& weights = {}, std::int64_t minlength = 0,
                                        Location at = Location::current());
// How many elements are in each of `bins` equal parts of [min, max], in x's type; other elements and NaN are left out.
// min == max: the range of the elements. ValueError: bins < 1, min > max, a range that is not finite; floating.
[[nodiscard]] XGRAD_API Tensor histc(const Tensor& x, std::int64_t bins = 100, double min = 0, double max = 0,
                                     Location at = Location::current());
struct Histogram {
  Tensor hist, bin_edges;
};
XGRAD_API std::ostream& operator<<(std::ostream& os, const Histogram& r);
struct HistogramOptions {
  std::optional<std::pair<double, double>> range = {};  // that of the elements when left out
  Tensor weight = {};                                   // of x's shape
  bool density = false;                                 // the integral over the bins is 1
};
// The same with the borders of the bins; or with given borders (1-D, increasing). Bins are [a, b), the last one [a, b].
[[nodiscard]] XGRAD_API Histogram histogram(const Tensor& x, std::int64_t bins, const HistogramOptions& options = {},
                                            Location at = Location::current());
[[nodiscard]] XGRAD_API Histogram histogram(const Tensor& x, const Tensor& bin_edges,
                                            const HistogramOptions& options = {}, Location at = Location::current());
// Where each value would be inserted in the last dimension of `sorted` to keep it in order: before equal elements, or
// behind them (right); int64. sorted is 1-D, or has the shape of `values` but for the last dimension. NaN goes last.
// sorter: the order in which `sorted` is sorted, as argsort gives it, of its shape; IndexError for a place outside.
[[nodiscard]] XGRAD_API Tensor searchsorted(const Tensor& sorted, const Tensor& values, bool right = false,
                                            const Tensor& sorter = {}, Location at = Location::current());
// searchsorted with a 1-D tensor of boundaries.
[[nodiscard]] XGRAD_API Tensor bucketize(const Tensor& x, const Tensor& boundaries, bool right = false,
                                         Location at = Location::current());

}  // namespace xgrad
