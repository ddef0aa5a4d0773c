// Growing and cropping images and sequences.
#pragma once

#include <ostream>
#include <vector>

#include <xgrad/tensor.hpp>

namespace xgrad {

// reflect: c b | a b c | b a; replicate: a a | a b c | c c; circular: b c | a b c | a b.
enum class PadMode { constant, reflect, replicate, circular };
inline std::ostream& operator<<(std::ostream& os, PadMode v) {
  return detail::print_choice(os, static_cast<int>(v), {"constant", "reflect", "replicate", "circular"});
}
// x with elements added: `sizes` holds (before, after) of the last dimension, then of the one before, and so on;
// negative numbers crop. value: what is put there (constant mode). Any dtype in constant mode, else floating.
// ShapeError: an odd number of sizes or too many, a negative result, padding that reflects over the whole dimension
// ("padding 3 must be less than size 3 of dim 2") or wraps around more than once.
[[nodiscard]] XGRAD_API Tensor pad(const Tensor& x, const std::vector<std::int64_t>& sizes,
                                   PadMode mode = PadMode::constant, Scalar value = 0,
                                   Location at = Location::current());

}  // namespace xgrad
