// Special functions of single numbers, in double. What they are is in <xgrad/ops/special.hpp>.
#pragma once

#include <cstdint>

namespace xgrad::detail {

// ---- special_erf.cpp ----
double erfcx_of(double x);
double erfinv_of(double x);
double ndtri_of(double x);
double log_ndtr_of(double x);

// ---- special_erf_rows.cpp: of n numbers, to the precision of float32 ----
void erfinv_row(const float* x, std::int64_t n, float* y);

// ---- special_gamma.cpp ----
double lgamma_of(double x);
double polygamma_of(double n, double x);  // n whole, at least 0
double igamma_of(double a, double x);
double igammac_of(double a, double x);
// x^(a - 1) e^-x / gamma(a): the derivative of igamma by x.
double igamma_density_of(double a, double x);
double zeta_of(double s, double q);

// ---- special_gamma_rows.cpp: of n numbers, to the precision of float32 ----
void lgamma_row(const float* x, std::int64_t n, float* y);
void digamma_row(const float* x, std::int64_t n, float* y);

// ---- special_bessel.cpp ----
double i0_of(double x);
double i0e_of(double x);
double i1_of(double x);
double i1e_of(double x);
double k0_of(double x);
double k0e_of(double x);
double k1_of(double x);
double k1e_of(double x);
double j0_of(double x);
double j1_of(double x);
double y0_of(double x);
double y1_of(double x);

// ---- special_sinc.cpp ----
// The k-th derivatives of sin(pi x) / (pi x) and of sin(x) / x.
double sinc_of(double k, double x);
double spherical_j0_of(double k, double x);

}  // namespace xgrad::detail
