#pragma once

#include <string>

#include <xgrad/export.hpp>

namespace xgrad::detail {

// Text as a field of a CSV file (RFC 4180): in quotes, those within doubled, where it has a delimiter, a quote, a line
// end, or a blank at an end.
XGRAD_API std::string csv_field(const std::string& text, char delimiter = ',');

}  // namespace xgrad::detail
