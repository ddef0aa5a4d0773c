// Errors of arguments.
#pragma once

#include <string>

#include <xgrad/check.hpp>

namespace xgrad::data {

// ValueError of the operation or class `what`.
[[noreturn]] inline void refuse(const char* what, const std::string& rule, const Location& at) {
  ErrorReport(what, rule, at).value_error();
}

}  // namespace xgrad::data
