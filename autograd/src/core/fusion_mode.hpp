// From how many elements results are held back (<xgrad/fusion.hpp>).
#pragma once

#include <cstdint>

namespace xgrad::detail {

// On this thread; INT64_MAX: never.
std::int64_t held_from() noexcept;

}  // namespace xgrad::detail
