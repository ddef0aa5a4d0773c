// Special functions, element by element, under the names of torch and torch.special. Integers are computed in float32;
// all but erf are computed in double, whatever the type. All can be differentiated any number of times unless it says
// otherwise. DTypeError for types they do not take.
#pragma once

#include <cstdint>
#include <optional>

#include <xgrad/tensor.hpp>

namespace xgrad {

// ---- error function and normal distribution ----
[[nodiscard]] XGRAD_API Tensor erf(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor erfc(const Tensor& x, Location at = Location::current());    // 1 - erf(x), exact far out
[[nodiscard]] XGRAD_API Tensor erfcx(const Tensor& x, Location at = Location::current());   // exp(x^2) erfc(x)
[[nodiscard]] XGRAD_API Tensor erfinv(const Tensor& x, Location at = Location::current());  // NaN outside of -1 to 1
// P(normal < x) = erfc(-x / sqrt(2)) / 2.
[[nodiscard]] XGRAD_API Tensor ndtr(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor ndtri(const Tensor& x, Location at = Location::current());     // the inverse of ndtr
[[nodiscard]] XGRAD_API Tensor log_ndtr(const Tensor& x, Location at = Location::current());  // log(ndtr(x))

// ---- gamma function ----
// log |gamma(x)|, infinite at 0, -1, -2 and so on.
[[nodiscard]] XGRAD_API Tensor lgamma(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor digamma(const Tensor& x, Location at = Location::current());  // derivative of lgamma
// The n-th derivative of digamma. ValueError for n < 0.
[[nodiscard]] XGRAD_API Tensor polygamma(std::int64_t n, const Tensor& x, Location at = Location::current());
// log of the multivariate gamma function of dimension p: p (p - 1) / 4 log(pi) + sum_i lgamma(x - i / 2), i < p.
// ValueError for p < 1.
[[nodiscard]] XGRAD_API Tensor mvlgamma(const Tensor& x, std::int64_t p, Location at = Location::current());
// The regularised incomplete gamma functions, lower P(x, y) and upper Q = 1 - P, of x >= 0 and y >= 0, else NaN. They
// can be differentiated by y; AutogradError when x takes a gradient.
[[nodiscard]] XGRAD_API Tensor igamma(const Tensor& x, const Tensor& y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor igammac(const Tensor& x, const Tensor& y, Location at = Location::current());
// Hurwitz' zeta function, the sum of (y + k)^-x over k >= 0, for x > 1; infinite for x = 1 and at y = 0, -1, ..., NaN
// for x < 1, and below y = 0 unless x is whole. Differentiated by y; AutogradError when x takes a gradient.
[[nodiscard]] XGRAD_API Tensor zeta(const Tensor& x, const Tensor& y, Location at = Location::current());

// ---- Bessel functions ----
// Modified, of the first kind and orders 0 and 1; the forms in e are times e^-|x|.
[[nodiscard]] XGRAD_API Tensor i0(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor i0e(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor i1(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor i1e(const Tensor& x, Location at = Location::current());
// Modified, of the second kind; the scaled forms are times e^x. NaN below 0.
[[nodiscard]] XGRAD_API Tensor modified_bessel_k0(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor modified_bessel_k1(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor scaled_modified_bessel_k0(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor scaled_modified_bessel_k1(const Tensor& x, Location at = Location::current());
// Of the first kind (j) and of the second (y, NaN below 0); spherical_bessel_j0 is sin(x) / x.
[[nodiscard]] XGRAD_API Tensor bessel_j0(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor bessel_j1(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor bessel_y0(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor bessel_y1(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor spherical_bessel_j0(const Tensor& x, Location at = Location::current());

// ---- entropies and odds ----
// -x log x, 0 at 0, -infinity below.
[[nodiscard]] XGRAD_API Tensor entr(const Tensor& x, Location at = Location::current());
// log(x / (1 - x)), NaN outside of 0 to 1; with eps, of x clamped to eps .. 1 - eps, and gradient 0 beyond.
[[nodiscard]] XGRAD_API Tensor logit(const Tensor& x, std::optional<double> eps = {},
                                     Location at = Location::current());
// x log(y) and x log(1 + y); 0 where x = 0, unless y is NaN. There the gradient for x is 0 if y <= 0, or y <= -1; at
// y = infinity it is infinite.
[[nodiscard]] XGRAD_API Tensor xlogy(const Tensor& x, const Tensor& y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor xlogy(const Tensor& x, Scalar y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor xlogy(Scalar x, const Tensor& y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor xlog1py(const Tensor& x, const Tensor& y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor xlog1py(const Tensor& x, Scalar y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor xlog1py(Scalar x, const Tensor& y, Location at = Location::current());

}  // namespace xgrad
