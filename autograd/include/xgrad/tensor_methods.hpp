// The operations of <xgrad/ops.hpp> as methods: x.pow(2) is pow(x, 2), whose header says what it does.
// What a tensor is, its data and its views, stands in <xgrad/tensor.hpp>, which includes this.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include <xgrad/dtype.hpp>
#include <xgrad/error.hpp>
#include <xgrad/shape.hpp>
#include <xgrad/size.hpp>

namespace xgrad {

class Tensor;
class Generator;
class Index;
enum class Rounding;
struct CovOptions;
struct MantissaExponent;
struct MinMax;
struct SortOptions;
struct StdMean;
struct UniqueResult;
struct ValuesIndices;
struct VarMean;
namespace linalg {
struct QR;
struct SlogDet;
}  // namespace linalg

namespace detail {
template <class T>
concept NoDimension = std::floating_point<T> || std::same_as<T, bool>;
template <class T>
concept Dimension = std::integral<T> && !std::same_as<T, bool>;
}  // namespace detail

// A dimension. A fraction or a truth value does not compile: x.max(0.) and x.unique(true) mean something else
// elsewhere.
class Dim {
 public:
  template <std::integral D>
  requires(!std::same_as<D, bool>) constexpr Dim(D dim) noexcept : dim_(static_cast<std::int64_t>(dim)) {}  // NOLINT
  template <detail::NoDimension T>
  Dim(T) = delete;                                                   // a dimension is an integer
  constexpr operator std::int64_t() const noexcept { return dim_; }  // NOLINT

 private:
  std::int64_t dim_;
};

// Dimensions, as a number or a list: x.amax(1), x.amax({0, 1}).
class Dims : public Shape {
 public:
  template <std::integral D>
  requires(!std::same_as<D, bool>) Dims(D dim)  // NOLINT
      : Shape({static_cast<std::int64_t>(dim)}) {}
  Dims(std::initializer_list<std::int64_t> dims, Location at = Location::current()) : Shape(dims, at) {}  // NOLINT
  template <detail::Sizes R>
  Dims(const R& dims, Location at = Location::current()) : Shape(dims, at) {}  // NOLINT
  template <detail::NoDimension T>
  Dims(T) = delete;  // dimensions are integers; of all dimensions: {}, as in sum(x, {}, true)
  template <detail::NoDimension T>
  Dims(std::initializer_list<T>) = delete;  // dimensions are integers
  Dims(const Shape& dims) : Shape(dims) {}  // NOLINT
};

// The base of Tensor, and of nothing else.
class XGRAD_API TensorMethods {
 public:
  // ---- elementwise ----
  [[nodiscard]] Tensor abs(Location at = Location::current()) const;
  [[nodiscard]] Tensor neg(Location at = Location::current()) const;
  [[nodiscard]] Tensor sign(Location at = Location::current()) const;
  [[nodiscard]] Tensor sgn(Location at = Location::current()) const;
  [[nodiscard]] Tensor positive(Location at = Location::current()) const;
  [[nodiscard]] Tensor square(Location at = Location::current()) const;
  [[nodiscard]] Tensor sqrt(Location at = Location::current()) const;
  [[nodiscard]] Tensor rsqrt(Location at = Location::current()) const;
  [[nodiscard]] Tensor reciprocal(Location at = Location::current()) const;
  [[nodiscard]] Tensor exp(Location at = Location::current()) const;
  [[nodiscard]] Tensor exp2(Location at = Location::current()) const;
  [[nodiscard]] Tensor expm1(Location at = Location::current()) const;
  [[nodiscard]] Tensor log(Location at = Location::current()) const;
  [[nodiscard]] Tensor log2(Location at = Location::current()) const;
  [[nodiscard]] Tensor log10(Location at = Location::current()) const;
  [[nodiscard]] Tensor log1p(Location at = Location::current()) const;
  [[nodiscard]] Tensor pow(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor pow(Scalar y, Location at = Location::current()) const;
  [[nodiscard]] Tensor float_power(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor float_power(Scalar y, Location at = Location::current()) const;
  [[nodiscard]] Tensor sin(Location at = Location::current()) const;
  [[nodiscard]] Tensor cos(Location at = Location::current()) const;
  [[nodiscard]] Tensor tan(Location at = Location::current()) const;
  [[nodiscard]] Tensor asin(Location at = Location::current()) const;
  [[nodiscard]] Tensor acos(Location at = Location::current()) const;
  [[nodiscard]] Tensor atan(Location at = Location::current()) const;
  [[nodiscard]] Tensor atan2(const Tensor& x, Location at = Location::current()) const;
  [[nodiscard]] Tensor sinh(Location at = Location::current()) const;
  [[nodiscard]] Tensor cosh(Location at = Location::current()) const;
  [[nodiscard]] Tensor asinh(Location at = Location::current()) const;
  [[nodiscard]] Tensor acosh(Location at = Location::current()) const;
  [[nodiscard]] Tensor atanh(Location at = Location::current()) const;
  [[nodiscard]] Tensor hypot(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor sinc(Location at = Location::current()) const;
  [[nodiscard]] Tensor deg2rad(Location at = Location::current()) const;
  [[nodiscard]] Tensor rad2deg(Location at = Location::current()) const;
  [[nodiscard]] Tensor erf(Location at = Location::current()) const;
  [[nodiscard]] Tensor erfc(Location at = Location::current()) const;
  [[nodiscard]] Tensor erfinv(Location at = Location::current()) const;
  [[nodiscard]] Tensor lgamma(Location at = Location::current()) const;
  [[nodiscard]] Tensor digamma(Location at = Location::current()) const;
  [[nodiscard]] Tensor igamma(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor igammac(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor i0(Location at = Location::current()) const;
  [[nodiscard]] Tensor logit(std::optional<double> eps = {}, Location at = Location::current()) const;
  [[nodiscard]] Tensor xlogy(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor xlogy(Scalar y, Location at = Location::current()) const;
  [[nodiscard]] Tensor floor(Location at = Location::current()) const;
  [[nodiscard]] Tensor ceil(Location at = Location::current()) const;
  [[nodiscard]] Tensor round(Location at = Location::current()) const;
  [[nodiscard]] Tensor round(Size decimals, Location at = Location::current()) const;
  [[nodiscard]] Tensor trunc(Location at = Location::current()) const;
  [[nodiscard]] Tensor fix(Location at = Location::current()) const;
  [[nodiscard]] Tensor frac(Location at = Location::current()) const;
  [[nodiscard]] Tensor floor_divide(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor floor_divide(Scalar y, Location at = Location::current()) const;
  [[nodiscard]] Tensor remainder(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor remainder(Scalar y, Location at = Location::current()) const;
  [[nodiscard]] Tensor fmod(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor fmod(Scalar y, Location at = Location::current()) const;
  [[nodiscard]] MantissaExponent frexp(Location at = Location::current()) const;
  [[nodiscard]] Tensor ldexp(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor nextafter(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor copysign(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor copysign(Scalar y, Location at = Location::current()) const;
  [[nodiscard]] Tensor nan_to_num(double nan = 0, std::optional<double> posinf = {}, std::optional<double> neginf = {},
                                  Location at = Location::current()) const;
  [[nodiscard]] Tensor add(const Tensor& y, Scalar alpha = 1, Location at = Location::current()) const;
  [[nodiscard]] Tensor add(Scalar y, Location at = Location::current()) const;
  [[nodiscard]] Tensor sub(const Tensor& y, Scalar alpha = 1, Location at = Location::current()) const;
  [[nodiscard]] Tensor sub(Scalar y, Location at = Location::current()) const;
  [[nodiscard]] Tensor mul(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor mul(Scalar y, Location at = Location::current()) const;
  [[nodiscard]] Tensor div(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor div(Scalar y, Location at = Location::current()) const;
  [[nodiscard]] Tensor div(const Tensor& y, Rounding rounding, Location at = Location::current()) const;
  [[nodiscard]] Tensor div(Scalar y, Rounding rounding, Location at = Location::current()) const;
  [[nodiscard]] Tensor lerp(const Tensor& y, const Tensor& weight, Location at = Location::current()) const;
  [[nodiscard]] Tensor lerp(const Tensor& y, Scalar weight, Location at = Location::current()) const;
  [[nodiscard]] Tensor addcmul(const Tensor& a, const Tensor& b, Scalar value = 1,
                               Location at = Location::current()) const;
  [[nodiscard]] Tensor addcdiv(const Tensor& a, const Tensor& b, Scalar value = 1,
                               Location at = Location::current()) const;
  [[nodiscard]] Tensor logaddexp(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor logaddexp2(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor heaviside(const Tensor& values, Location at = Location::current()) const;
  [[nodiscard]] Tensor bitwise_and(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor bitwise_and(Scalar y, Location at = Location::current()) const;
  [[nodiscard]] Tensor bitwise_or(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor bitwise_or(Scalar y, Location at = Location::current()) const;
  [[nodiscard]] Tensor bitwise_xor(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor bitwise_xor(Scalar y, Location at = Location::current()) const;
  [[nodiscard]] Tensor bitwise_not(Location at = Location::current()) const;
  [[nodiscard]] Tensor bitwise_left_shift(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor bitwise_left_shift(Scalar y, Location at = Location::current()) const;
  [[nodiscard]] Tensor bitwise_right_shift(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor bitwise_right_shift(Scalar y, Location at = Location::current()) const;
  [[nodiscard]] Tensor gcd(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor lcm(const Tensor& y, Location at = Location::current()) const;
  // ---- comparisons and choices ----
  [[nodiscard]] Tensor eq(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor eq(Scalar y, Location at = Location::current()) const;
  [[nodiscard]] Tensor ne(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor ne(Scalar y, Location at = Location::current()) const;
  [[nodiscard]] Tensor lt(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor lt(Scalar y, Location at = Location::current()) const;
  [[nodiscard]] Tensor le(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor le(Scalar y, Location at = Location::current()) const;
  [[nodiscard]] Tensor gt(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor gt(Scalar y, Location at = Location::current()) const;
  [[nodiscard]] Tensor ge(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor ge(Scalar y, Location at = Location::current()) const;
  [[nodiscard]] Tensor isclose(const Tensor& y, double rtol = 1e-5, double atol = 1e-8, bool equal_nan = false,
                               Location at = Location::current()) const;
  [[nodiscard]] bool allclose(const Tensor& y, double rtol = 1e-5, double atol = 1e-8, bool equal_nan = false,
                              Location at = Location::current()) const;
  [[nodiscard]] Tensor isnan(Location at = Location::current()) const;
  [[nodiscard]] Tensor isinf(Location at = Location::current()) const;
  [[nodiscard]] Tensor isfinite(Location at = Location::current()) const;
  [[nodiscard]] Tensor isposinf(Location at = Location::current()) const;
  [[nodiscard]] Tensor isneginf(Location at = Location::current()) const;
  [[nodiscard]] Tensor signbit(Location at = Location::current()) const;
  [[nodiscard]] Tensor logical_and(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor logical_or(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor logical_xor(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor logical_not(Location at = Location::current()) const;
  [[nodiscard]] Tensor maximum(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor minimum(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor fmax(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor fmin(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor clamp(Scalar min, Scalar max, Location at = Location::current()) const;
  [[nodiscard]] Tensor clamp(const Tensor& min, const Tensor& max, Location at = Location::current()) const;
  // The lower bound alone.
  [[nodiscard]] Tensor clamp(Scalar min, Location at = Location::current()) const;
  [[nodiscard]] Tensor clamp(const Tensor& min, Location at = Location::current()) const;
  [[nodiscard]] Tensor clamp_min(Scalar min, Location at = Location::current()) const;
  [[nodiscard]] Tensor clamp_min(const Tensor& min, Location at = Location::current()) const;
  [[nodiscard]] Tensor clamp_max(Scalar max, Location at = Location::current()) const;
  [[nodiscard]] Tensor clamp_max(const Tensor& max, Location at = Location::current()) const;
  // ---- activations ----
  [[nodiscard]] Tensor relu(Location at = Location::current()) const;
  [[nodiscard]] Tensor sigmoid(Location at = Location::current()) const;
  [[nodiscard]] Tensor tanh(Location at = Location::current()) const;
  [[nodiscard]] Tensor prelu(const Tensor& weight, Location at = Location::current()) const;
  [[nodiscard]] Tensor hardshrink(double lambd = 0.5, Location at = Location::current()) const;
  [[nodiscard]] Tensor softmax(Dim dim, Location at = Location::current()) const;
  [[nodiscard]] Tensor softmax(Dim dim, DType dtype, Location at = Location::current()) const;
  [[nodiscard]] Tensor log_softmax(Dim dim, Location at = Location::current()) const;
  [[nodiscard]] Tensor log_softmax(Dim dim, DType dtype, Location at = Location::current()) const;
  // ---- reductions and order ----
  [[nodiscard]] Tensor prod(Location at = Location::current()) const;
  [[nodiscard]] Tensor prod(Dim dim, bool keepdim = false, Location at = Location::current()) const;
  [[nodiscard]] Tensor prod(Dim dim, bool keepdim, DType dtype, Location at = Location::current()) const;
  [[nodiscard]] Tensor sum(const Dims& dims, bool keepdim, DType dtype, Location at = Location::current()) const;
  [[nodiscard]] Tensor mean(const Dims& dims, bool keepdim, DType dtype, Location at = Location::current()) const;
  // Of all elements. (Templates, so that {} stays a list of dimensions.)
  template <std::same_as<DType> D>
  [[nodiscard]] Tensor prod(D dtype, Location at = Location::current()) const;
  template <std::same_as<DType> D>
  [[nodiscard]] Tensor sum(D dtype, Location at = Location::current()) const;
  template <std::same_as<DType> D>
  [[nodiscard]] Tensor mean(D dtype, Location at = Location::current()) const;
  [[nodiscard]] Tensor any(Location at = Location::current()) const;
  [[nodiscard]] Tensor any(const Dims& dims, bool keepdim = false, Location at = Location::current()) const;
  [[nodiscard]] Tensor all(Location at = Location::current()) const;
  [[nodiscard]] Tensor all(const Dims& dims, bool keepdim = false, Location at = Location::current()) const;
  [[nodiscard]] Tensor var(Location at = Location::current()) const;
  [[nodiscard]] Tensor var(const Dims& dims, double correction = 1, bool keepdim = false,
                           Location at = Location::current()) const;
  [[nodiscard]] Tensor std(Location at = Location::current()) const;
  [[nodiscard]] Tensor std(const Dims& dims, double correction = 1, bool keepdim = false,
                           Location at = Location::current()) const;
  [[nodiscard]] VarMean var_mean(const Dims& dims = {}, double correction = 1, bool keepdim = false,
                                 Location at = Location::current()) const;
  [[nodiscard]] StdMean std_mean(const Dims& dims = {}, double correction = 1, bool keepdim = false,
                                 Location at = Location::current()) const;
  [[nodiscard]] Tensor logsumexp(const Dims& dims, bool keepdim = false, Location at = Location::current()) const;
  [[nodiscard]] Tensor nansum(const Dims& dims = {}, bool keepdim = false, Location at = Location::current()) const;
  [[nodiscard]] Tensor nanmean(const Dims& dims = {}, bool keepdim = false, Location at = Location::current()) const;
  [[nodiscard]] Tensor count_nonzero(const Dims& dims = {}, Location at = Location::current()) const;
  [[nodiscard]] Tensor max(Location at = Location::current()) const;
  [[nodiscard]] ValuesIndices max(Dim dim, bool keepdim = false, Location at = Location::current()) const;
  [[nodiscard]] Tensor max(const Tensor& y, Location at = Location::current()) const;  // maximum
  [[nodiscard]] Tensor min(Location at = Location::current()) const;
  [[nodiscard]] ValuesIndices min(Dim dim, bool keepdim = false, Location at = Location::current()) const;
  [[nodiscard]] Tensor min(const Tensor& y, Location at = Location::current()) const;  // minimum
  [[nodiscard]] Tensor amax(const Dims& dims = {}, bool keepdim = false, Location at = Location::current()) const;
  [[nodiscard]] Tensor amin(const Dims& dims = {}, bool keepdim = false, Location at = Location::current()) const;
  [[nodiscard]] MinMax aminmax(const Dims& dims = {}, bool keepdim = false, Location at = Location::current()) const;
  [[nodiscard]] Tensor argmin(Location at = Location::current()) const;
  [[nodiscard]] Tensor argmin(Dim dim, bool keepdim = false, Location at = Location::current()) const;
  [[nodiscard]] Tensor norm(Location at = Location::current()) const;
  [[nodiscard]] Tensor norm(const Shape& dims, bool keepdim = false, Location at = Location::current()) const;
  template <Arithmetic P>  // of order p; a number is never a dimension here, a list never an order
  [[nodiscard]] Tensor norm(P p, const Dims& dims = {}, bool keepdim = false, Location at = Location::current()) const;
  [[nodiscard]] Tensor norm(const char* p, const Dims& dims = {}, bool keepdim = false,
                            Location at = Location::current()) const;  // "fro", "nuc"
  [[nodiscard]] Tensor dist(const Tensor& y, double p = 2, Location at = Location::current()) const;
  [[nodiscard]] Tensor renorm(double p, Dim dim, double max_norm, Location at = Location::current()) const;
  [[nodiscard]] Tensor median(Location at = Location::current()) const;
  [[nodiscard]] ValuesIndices median(Dim dim, bool keepdim = false, Location at = Location::current()) const;
  [[nodiscard]] Tensor nanmedian(Location at = Location::current()) const;
  [[nodiscard]] ValuesIndices nanmedian(Dim dim, bool keepdim = false, Location at = Location::current()) const;
  [[nodiscard]] ValuesIndices mode(Dim dim = -1, bool keepdim = false, Location at = Location::current()) const;
  [[nodiscard]] Tensor quantile(double q, std::optional<std::int64_t> dim = {}, bool keepdim = false,
                                const std::string& interpolation = "linear", Location at = Location::current()) const;
  [[nodiscard]] Tensor quantile(const Tensor& q, std::optional<std::int64_t> dim = {}, bool keepdim = false,
                                const std::string& interpolation = "linear", Location at = Location::current()) const;
  [[nodiscard]] Tensor nanquantile(double q, std::optional<std::int64_t> dim = {}, bool keepdim = false,
                                   const std::string& interpolation = "linear",
                                   Location at = Location::current()) const;
  [[nodiscard]] Tensor nanquantile(const Tensor& q, std::optional<std::int64_t> dim = {}, bool keepdim = false,
                                   const std::string& interpolation = "linear",
                                   Location at = Location::current()) const;
  [[nodiscard]] Tensor cumsum(Dim dim, Location at = Location::current()) const;
  [[nodiscard]] Tensor cumsum(Dim dim, DType dtype, Location at = Location::current()) const;
  [[nodiscard]] Tensor cumprod(Dim dim, Location at = Location::current()) const;
  [[nodiscard]] Tensor cumprod(Dim dim, DType dtype, Location at = Location::current()) const;
  [[nodiscard]] ValuesIndices cummax(Dim dim, Location at = Location::current()) const;
  [[nodiscard]] ValuesIndices cummin(Dim dim, Location at = Location::current()) const;
  [[nodiscard]] Tensor logcumsumexp(Dim dim, Location at = Location::current()) const;
  [[nodiscard]] Tensor diff(Size n = 1, Dim dim = -1, Location at = Location::current()) const;
  [[nodiscard]] Tensor diff(Size n, Dim dim, const Tensor& prepend, const Tensor& append,
                            Location at = Location::current()) const;
  [[nodiscard]] ValuesIndices sort(Dim dim = -1, bool descending = false, Location at = Location::current()) const;
  [[nodiscard]] Tensor argsort(Dim dim = -1, bool descending = false, Location at = Location::current()) const;
  [[nodiscard]] ValuesIndices sort(SortOptions o, Location at = Location::current()) const;
  [[nodiscard]] Tensor argsort(SortOptions o, Location at = Location::current()) const;
  [[nodiscard]] ValuesIndices topk(Size k, Dim dim = -1, bool largest = true, bool sorted = true,
                                   Location at = Location::current()) const;
  [[nodiscard]] ValuesIndices kthvalue(Size k, Dim dim = -1, bool keepdim = false,
                                       Location at = Location::current()) const;
  [[nodiscard]] Tensor msort(Location at = Location::current()) const;
  [[nodiscard]] UniqueResult unique(Location at = Location::current()) const;
  [[nodiscard]] UniqueResult unique(Dim dim, Location at = Location::current()) const;
  [[nodiscard]] UniqueResult unique_consecutive(Location at = Location::current()) const;
  [[nodiscard]] UniqueResult unique_consecutive(Dim dim, Location at = Location::current()) const;
  [[nodiscard]] Tensor bincount(Location at = Location::current()) const;
  [[nodiscard]] Tensor bincount(const Tensor& weights, Size minlength = 0, Location at = Location::current()) const;
  [[nodiscard]] Tensor histc(Size bins = 100, double min = 0, double max = 0, Location at = Location::current()) const;
  // ---- shape and order of elements ----
  [[nodiscard]] Tensor unflatten(Dim dim, const Shape& sizes, Location at = Location::current()) const;
  [[nodiscard]] Tensor ravel(Location at = Location::current()) const;
  [[nodiscard]] Tensor movedim(const Dims& source, const Dims& destination, Location at = Location::current()) const;
  [[nodiscard]] Tensor moveaxis(const Dims& source, const Dims& destination, Location at = Location::current()) const;
  [[nodiscard]] Tensor swapaxes(Dim axis0, Dim axis1, Location at = Location::current()) const;
  [[nodiscard]] Tensor swapdims(Dim dim0, Dim dim1, Location at = Location::current()) const;
  [[nodiscard]] Tensor broadcast_to(const Shape& shape, Location at = Location::current()) const;
  [[nodiscard]] Tensor unfold(Dim dim, Size size, Size step, Location at = Location::current()) const;
  [[nodiscard]] Tensor sum_to_size(const Shape& shape, Location at = Location::current()) const;
  [[nodiscard]] Tensor repeat(const Shape& repeats, Location at = Location::current()) const;
  [[nodiscard]] Tensor tile(const Shape& repeats, Location at = Location::current()) const;
  template <std::integral... N>
  Tensor repeat(N...) const = delete;  // numbers in braces: x.repeat({2, 3})
  template <std::integral... N>
  Tensor tile(N...) const = delete;  // numbers in braces: x.tile({2, 3})
  [[nodiscard]] Tensor repeat_interleave(Size repeats, std::optional<std::int64_t> dim = {},
                                         Location at = Location::current()) const;
  [[nodiscard]] Tensor repeat_interleave(const Tensor& repeats, std::optional<std::int64_t> dim = {},
                                         Location at = Location::current()) const;
  [[nodiscard]] Tensor flip(const Dims& dims, Location at = Location::current()) const;
  [[nodiscard]] Tensor fliplr(Location at = Location::current()) const;
  [[nodiscard]] Tensor flipud(Location at = Location::current()) const;
  [[nodiscard]] Tensor roll(const Dims& shifts, const Dims& dims = {}, Location at = Location::current()) const;
  [[nodiscard]] Tensor rot90(Size k = 1, const Dims& dims = {0, 1}, Location at = Location::current()) const;
  [[nodiscard]] Tensor diagonal(Size offset = 0, Dim dim1 = 0, Dim dim2 = 1, Location at = Location::current()) const;
  [[nodiscard]] Tensor diag(Size offset = 0, Location at = Location::current()) const;
  [[nodiscard]] Tensor diag_embed(Size offset = 0, Dim dim1 = -2, Dim dim2 = -1,
                                  Location at = Location::current()) const;
  [[nodiscard]] Tensor diagflat(Size offset = 0, Location at = Location::current()) const;
  [[nodiscard]] Tensor diagonal_scatter(const Tensor& src, Size offset = 0, Dim dim1 = 0, Dim dim2 = 1,
                                        Location at = Location::current()) const;
  [[nodiscard]] Tensor tril(Size offset = 0, Location at = Location::current()) const;
  [[nodiscard]] Tensor triu(Size offset = 0, Location at = Location::current()) const;
  [[nodiscard]] Tensor select_scatter(const Tensor& src, Dim dim, Size index, Location at = Location::current()) const;
  [[nodiscard]] Tensor slice_scatter(const Tensor& src, Dim dim = 0, Size start = 0, Size stop = INT64_MAX,
                                     Size step = 1, Location at = Location::current()) const;
  [[nodiscard]] std::vector<Tensor> split(Size size, Dim dim = 0, Location at = Location::current()) const;
  [[nodiscard]] std::vector<Tensor> split(const std::vector<std::int64_t>& sizes, Dim dim = 0,
                                          Location at = Location::current()) const;
  [[nodiscard]] std::vector<Tensor> chunk(Size chunks, Dim dim = 0, Location at = Location::current()) const;
  [[nodiscard]] std::vector<Tensor> unbind(Dim dim = 0, Location at = Location::current()) const;
  [[nodiscard]] std::vector<Tensor> tensor_split(Size sections, Dim dim = 0, Location at = Location::current()) const;
  [[nodiscard]] std::vector<Tensor> tensor_split(const std::vector<std::int64_t>& indices, Dim dim = 0,
                                                 Location at = Location::current()) const;
  [[nodiscard]] std::vector<Tensor> hsplit(Size sections, Location at = Location::current()) const;
  [[nodiscard]] std::vector<Tensor> hsplit(const std::vector<std::int64_t>& indices,
                                           Location at = Location::current()) const;
  [[nodiscard]] std::vector<Tensor> vsplit(Size sections, Location at = Location::current()) const;
  [[nodiscard]] std::vector<Tensor> vsplit(const std::vector<std::int64_t>& indices,
                                           Location at = Location::current()) const;
  [[nodiscard]] std::vector<Tensor> dsplit(Size sections, Location at = Location::current()) const;
  [[nodiscard]] std::vector<Tensor> dsplit(const std::vector<std::int64_t>& indices,
                                           Location at = Location::current()) const;
  // ---- elements by place ----
  [[nodiscard]] Tensor index(const std::vector<Index>& indices, Location at = Location::current()) const;
  // A mask or a list of rows without braces. (A template, so that {mask} stays a list.)
  template <std::derived_from<Tensor> T>
  [[nodiscard]] Tensor index(const T& mask, Location at = Location::current()) const;
  [[nodiscard]] Tensor index_put(const std::vector<Index>& indices, const Tensor& values, bool accumulate = false,
                                 Location at = Location::current()) const;
  [[nodiscard]] Tensor index_put(const std::vector<Index>& indices, Scalar value, bool accumulate = false,
                                 Location at = Location::current()) const;
  [[nodiscard]] Tensor index_select(Dim dim, const Tensor& index, Location at = Location::current()) const;
  [[nodiscard]] Tensor index_add(Dim dim, const Tensor& index, const Tensor& source, Scalar alpha = 1,
                                 Location at = Location::current()) const;
  [[nodiscard]] Tensor index_copy(Dim dim, const Tensor& index, const Tensor& source,
                                  Location at = Location::current()) const;
  [[nodiscard]] Tensor index_fill(Dim dim, const Tensor& index, Scalar value, Location at = Location::current()) const;
  [[nodiscard]] Tensor index_fill(Dim dim, const Tensor& index, const Tensor& value,
                                  Location at = Location::current()) const;
  [[nodiscard]] Tensor index_reduce(Dim dim, const Tensor& index, const Tensor& source, const std::string& reduce,
                                    bool include_self = true, Location at = Location::current()) const;
  [[nodiscard]] Tensor take(const Tensor& index, Location at = Location::current()) const;
  [[nodiscard]] Tensor take_along_dim(const Tensor& index, std::optional<std::int64_t> dim = {},
                                      Location at = Location::current()) const;
  [[nodiscard]] Tensor put(const Tensor& index, const Tensor& source, bool accumulate = false,
                           Location at = Location::current()) const;
  [[nodiscard]] Tensor gather(Dim dim, const Tensor& index, Location at = Location::current()) const;
  [[nodiscard]] Tensor scatter(Dim dim, const Tensor& index, const Tensor& src,
                               Location at = Location::current()) const;
  [[nodiscard]] Tensor scatter(Dim dim, const Tensor& index, Scalar value, Location at = Location::current()) const;
  [[nodiscard]] Tensor scatter_add(Dim dim, const Tensor& index, const Tensor& src,
                                   Location at = Location::current()) const;
  [[nodiscard]] Tensor scatter_reduce(Dim dim, const Tensor& index, const Tensor& src, const std::string& reduce,
                                      bool include_self = true, Location at = Location::current()) const;
  [[nodiscard]] Tensor masked_select(const Tensor& mask, Location at = Location::current()) const;
  [[nodiscard]] Tensor masked_fill(const Tensor& mask, Scalar value, Location at = Location::current()) const;
  [[nodiscard]] Tensor masked_fill(const Tensor& mask, const Tensor& value, Location at = Location::current()) const;
  [[nodiscard]] Tensor masked_scatter(const Tensor& mask, const Tensor& source,
                                      Location at = Location::current()) const;
  [[nodiscard]] Tensor nonzero(Location at = Location::current()) const;
  [[nodiscard]] Tensor argwhere(Location at = Location::current()) const;
  // ---- matrices ----
  [[nodiscard]] Tensor matmul(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor mm(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor mv(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor bmm(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor dot(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor outer(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor inner(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor kron(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor cross(const Tensor& y, Dim dim = -1, Location at = Location::current()) const;
  [[nodiscard]] Tensor addmm(const Tensor& m1, const Tensor& m2, Scalar beta = 1, Scalar alpha = 1,
                             Location at = Location::current()) const;
  [[nodiscard]] Tensor addmv(const Tensor& m, const Tensor& v, Scalar beta = 1, Scalar alpha = 1,
                             Location at = Location::current()) const;
  [[nodiscard]] Tensor addr(const Tensor& v1, const Tensor& v2, Scalar beta = 1, Scalar alpha = 1,
                            Location at = Location::current()) const;
  [[nodiscard]] Tensor baddbmm(const Tensor& b1, const Tensor& b2, Scalar beta = 1, Scalar alpha = 1,
                               Location at = Location::current()) const;
  [[nodiscard]] Tensor addbmm(const Tensor& b1, const Tensor& b2, Scalar beta = 1, Scalar alpha = 1,
                              Location at = Location::current()) const;
  [[nodiscard]] Tensor trace(Location at = Location::current()) const;
  [[nodiscard]] Tensor logdet(Location at = Location::current()) const;
  [[nodiscard]] Tensor inverse(Location at = Location::current()) const;
  [[nodiscard]] Tensor pinverse(double rcond = 1e-15, Location at = Location::current()) const;
  [[nodiscard]] Tensor cholesky_solve(const Tensor& L, bool upper = false, Location at = Location::current()) const;
  [[nodiscard]] Tensor cholesky_inverse(bool upper = false, Location at = Location::current()) const;
  [[nodiscard]] Tensor cov(Location at = Location::current()) const;
  [[nodiscard]] Tensor cov(const CovOptions& options, Location at = Location::current()) const;
  [[nodiscard]] Tensor corrcoef(Location at = Location::current()) const;
  [[nodiscard]] Tensor where(const Tensor& condition, const Tensor& other,
                             Location at = Location::current()) const;  // x where the condition holds
  [[nodiscard]] Tensor where(const Tensor& condition, Scalar other, Location at = Location::current()) const;
  [[nodiscard]] Tensor expand_as(const Tensor& other, Location at = Location::current()) const;
  [[nodiscard]] Tensor view_as(const Tensor& other, Location at = Location::current()) const;
  [[nodiscard]] Tensor reshape_as(const Tensor& other, Location at = Location::current()) const;
  [[nodiscard]] Tensor det(Location at = Location::current()) const;
  [[nodiscard]] Tensor matrix_exp(Location at = Location::current()) const;
  [[nodiscard]] Tensor matrix_power(Size n, Location at = Location::current()) const;
  [[nodiscard]] linalg::SlogDet slogdet(Location at = Location::current()) const;
  [[nodiscard]] linalg::QR qr(Location at = Location::current()) const;
  [[nodiscard]] Tensor cholesky(bool upper = false, Location at = Location::current()) const;
  void T() const = delete;      // x.t() transposes a matrix, x.transpose(0, 1) two dimensions
  void numpy() const = delete;  // x.to_vector<float>() copies the numbers, x.data<float>() points to them
  // PyTorch's method gives V, linalg::svd gives Vh.
  template <class... Options>
  void svd(Options...) const = delete;  // linalg::svd(x, false) gives U, S and Vh, the transpose of V
  // ---- tensors of the same type, and types ----
  [[nodiscard]] Tensor new_empty(const Shape& shape, std::optional<DType> dtype = {},
                                 Location at = Location::current()) const;
  [[nodiscard]] Tensor new_zeros(const Shape& shape, std::optional<DType> dtype = {},
                                 Location at = Location::current()) const;
  [[nodiscard]] Tensor new_ones(const Shape& shape, std::optional<DType> dtype = {},
                                Location at = Location::current()) const;
  [[nodiscard]] Tensor new_full(const Shape& shape, Scalar value, std::optional<DType> dtype = {},
                                Location at = Location::current()) const;
  [[nodiscard]] Tensor type_as(const Tensor& other, Location at = Location::current()) const;
  [[nodiscard]] bool equal(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor polygamma(Size n, Location at = Location::current()) const;
  [[nodiscard]] Tensor multinomial(Size num_samples, bool replacement = false, Location at = Location::current()) const;
  template <std::same_as<Generator> G>
  [[nodiscard]] Tensor multinomial(Size num_samples, const G& generator, Location at = Location::current()) const;
  template <std::same_as<Generator> G>
  [[nodiscard]] Tensor multinomial(Size num_samples, bool replacement, const G& generator,
                                   Location at = Location::current()) const;
  // ---- PyTorch's other names ----
  [[nodiscard]] Tensor absolute(Location at = Location::current()) const;
  [[nodiscard]] Tensor negative(Location at = Location::current()) const;
  [[nodiscard]] Tensor arcsin(Location at = Location::current()) const;
  [[nodiscard]] Tensor arccos(Location at = Location::current()) const;
  [[nodiscard]] Tensor arctan(Location at = Location::current()) const;
  [[nodiscard]] Tensor arcsinh(Location at = Location::current()) const;
  [[nodiscard]] Tensor arccosh(Location at = Location::current()) const;
  [[nodiscard]] Tensor arctanh(Location at = Location::current()) const;
  [[nodiscard]] Tensor arctan2(const Tensor& x, Location at = Location::current()) const;
  [[nodiscard]] Tensor clip(Scalar min, Scalar max, Location at = Location::current()) const;
  [[nodiscard]] Tensor clip(const Tensor& min, const Tensor& max, Location at = Location::current()) const;
  [[nodiscard]] Tensor multiply(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor multiply(Scalar y, Location at = Location::current()) const;
  [[nodiscard]] Tensor divide(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor divide(Scalar y, Location at = Location::current()) const;
  [[nodiscard]] Tensor true_divide(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor true_divide(Scalar y, Location at = Location::current()) const;
  [[nodiscard]] Tensor subtract(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor subtract(Scalar y, Location at = Location::current()) const;
  [[nodiscard]] Tensor greater(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor greater(Scalar y, Location at = Location::current()) const;
  [[nodiscard]] Tensor greater_equal(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor greater_equal(Scalar y, Location at = Location::current()) const;
  [[nodiscard]] Tensor less(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor less(Scalar y, Location at = Location::current()) const;
  [[nodiscard]] Tensor less_equal(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor less_equal(Scalar y, Location at = Location::current()) const;
  [[nodiscard]] Tensor not_equal(const Tensor& y, Location at = Location::current()) const;
  [[nodiscard]] Tensor not_equal(Scalar y, Location at = Location::current()) const;

 protected:
  ~TensorMethods() = default;

 private:
  Tensor index_by(const Tensor& mask, const Location& at) const;
};

}  // namespace xgrad
