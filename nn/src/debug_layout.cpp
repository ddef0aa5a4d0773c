// Where the pretty printers of gdb find what they show of modules; see autograd/src/core/tape/debug_layout.cpp.
#include <cstddef>
#include <cstdint>

#include "module_state.hpp"

#pragma GCC diagnostic ignored "-Winvalid-offsetof"  // conditionally supported; GCC and Clang support it

namespace xgrad::nn {

// The order is known to the printers.
const std::uint32_t Module::State::debug_layout[] = {
    1,  // the version of this table
    offsetof(State, parameters),
    offsetof(State, buffers),
    offsetof(State, children),
    offsetof(State, info),
    offsetof(State, training),
    offsetof(ModuleInfo, name),
    offsetof(ModuleInfo, label),
};

}  // namespace xgrad::nn
