// Where the pretty printers of gdb (autograd/gdb/xgrad-gdb.py) find what they show: a program's own debug information
// does not tell, and the library's is seldom installed. They read this table, from a core file as well.
#include <cstddef>
#include <cstdint>

#include "core/tape/node.hpp"

#pragma GCC diagnostic ignored "-Winvalid-offsetof"  // conditionally supported; GCC and Clang support it

namespace xgrad::detail {

constexpr std::size_t kPlace = sizeof(TensorImpl) - sizeof(char*);  // place_, its last member, is private

}  // namespace xgrad::detail

extern "C" {
// The order is known to the printers.
XGRAD_API extern const std::uint32_t xgrad_debug_layout[];
const std::uint32_t xgrad_debug_layout[] = {
    1,  // the version of this table
    offsetof(xgrad::detail::TensorImpl, dtype),
    offsetof(xgrad::detail::TensorImpl, contiguous) - 1,  // the bits requires_grad and has_tangent
    offsetof(xgrad::detail::TensorImpl, storage),
    offsetof(xgrad::detail::TensorImpl, numel),
    offsetof(xgrad::detail::TensorImpl, shape),
    offsetof(xgrad::detail::TensorImpl, strides),
    offsetof(xgrad::detail::TensorImpl, grad_fn),
    offsetof(xgrad::detail::TensorImpl, grad),
    offsetof(xgrad::detail::TensorImpl, extra),
    xgrad::detail::kPlace,
    offsetof(xgrad::detail::TensorImpl::Extra, name),
    offsetof(xgrad::detail::Storage, data),
    offsetof(xgrad::detail::Node, op) + offsetof(xgrad::detail::OpInfo, name),
};
}
