#pragma once

#include <xgrad/dtype.hpp>

namespace xgrad::detail {

// Whether v was an unsigned number above the largest int64, which its whole part cannot hold.
inline bool beyond_int64(const Scalar& v) { return v.is_integral() && v.to_double() > 0 && v.to_int64() < 0; }

}  // namespace xgrad::detail
