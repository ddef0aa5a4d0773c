// A grad() that gave nothing, for the error of the operation that is given it.
#pragma once

#include <xgrad/check.hpp>

namespace xgrad::detail {

// Remembers the last one of this thread; made_by: the operation whose result was asked, null for a leaf.
void note_missing_gradient(const char* made_by, const Location& at);
// Explains an undefined tensor that was met at `at`, if such a grad() stands there or just before.
void explain_missing_gradient(ErrorReport& report, const Location& at);

}  // namespace xgrad::detail
