// Options are written by name.
#pragma once

namespace xgrad {

// The first member of every aggregate of options with more than one member. It cannot be made from a number or a list,
// so {.stride = 2} is the only form that compiles. Without it conv2d(x, w, b, {2, 2}) would read as stride 2 and
// padding 2, where programs for other libraries mean a stride of 2 in both directions.
struct ByName {
  explicit ByName() = default;
};

}  // namespace xgrad
