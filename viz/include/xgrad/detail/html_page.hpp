// Pages of HTML in one file: the frame that cmake/page.cmake joins, with a title and data.
#pragma once

#include <string>
#include <string_view>

#include <xgrad/error.hpp>

namespace xgrad::detail {

// &, <, > and quotes as entities; what is no UTF-8 as U+FFFD, control characters as spaces.
XGRAD_API std::string html_text(std::string_view text);
// The page with @@TITLE@@ and @@DATA@@ replaced. json: any JSON text; what could end the script is escaped.
XGRAD_API std::string html_page(std::string_view page, std::string_view title, std::string_view json);

}  // namespace xgrad::detail
