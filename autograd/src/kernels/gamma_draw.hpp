// How draws from the gamma law move with its concentration.
#pragma once

namespace xgrad::detail {

// d log x / da along P(a, x) = const, P the law's distribution function (igamma), from a > 0 and log x: the derivative
// of a draw by its concentration when the uniform number behind it stays as it is (M. Figurnov et al. 2018).
double log_gamma_draw_slope(double a, double log_x);

}  // namespace xgrad::detail
