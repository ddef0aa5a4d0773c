// Tensors as tables: numbers on coloured cells, or a line of statistics.
#pragma once

#include <array>
#include <string>

#include <xgrad/tensor.hpp>

namespace xgrad::viz {

// "0", "0.28", "−0.050", "1.3e-05": about three digits, with a real minus sign.
std::string short_number(double v);
std::string escape(const std::string& text);  // for HTML-like labels and quoted strings

using Rgb = std::array<double, 3>;
std::string hex(const Rgb& c);  // "#1B7837"
// Purple below 0, white, green above 0, at full strength where |v| = largest; red when v is not finite.
Rgb signed_colour(double v, double largest);

// HTML-like table of at most 16 cells, coloured on a signed scale by the largest |value|.
// masks: minus infinity is no alarm, but as negative as can be.
std::string cells(const Tensor& t, bool masks = false);
// "mean 0.012  std 0.98  range −3.1 … 2.9".
std::string stats(const Tensor& t);
bool has_nonfinite(const Tensor& t, const char*& word, bool masks = false);  // word: "NaN" or "Inf"
bool has_minus_infinity(const Tensor& t);

}  // namespace xgrad::viz
