// What the rows of the table record.
#pragma once

#include <functional>

#include <xgrad/tape.hpp>

namespace xgrad::test {

// Calls f for every operation that the rows record, in forward passes and in two passes back.
void for_recorded_operations(const std::function<void(const tape::OpNode&)>& f);

}  // namespace xgrad::test
