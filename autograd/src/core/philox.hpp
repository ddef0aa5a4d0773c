// The numbers of Philox4x32, the counter-based generator behind all randomness.
#pragma once

#include <cstdint>

namespace xgrad::detail {

inline constexpr std::uint32_t kPhiloxM0 = 0xD2511F53u, kPhiloxM1 = 0xCD9E8D57u;  // multipliers
inline constexpr std::uint32_t kPhiloxW0 = 0x9E3779B9u, kPhiloxW1 = 0xBB67AE85u;  // increments of the key

}  // namespace xgrad::detail
