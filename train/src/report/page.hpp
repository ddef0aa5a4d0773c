#pragma once

#include <string_view>

namespace xgrad::train::detail {

// The page of train/page/, joined when building.
extern const std::string_view kReportPage;

}  // namespace xgrad::train::detail
