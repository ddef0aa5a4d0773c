// Options are written by name.
#pragma once

#include <concepts>
#include <iosfwd>
#include <string_view>
#include <type_traits>

namespace xgrad {

// The first member of every aggregate of options with more than one member. It cannot be made from a number or a list,
// so {.stride = 2} is the only form that compiles. Without it conv2d(x, w, b, {2, 2}) would read as stride 2 and
// padding 2, where programs for other libraries mean a stride of 2 in both directions.
struct ByName {
  explicit ByName() = default;
};

namespace detail {
// Of one member they have no by_name; all are called SomethingOptions.
template <class T>
constexpr bool ends_with_options() {
  return std::string_view(__PRETTY_FUNCTION__).ends_with("Options]");
}
template <class T>
concept Options = std::is_aggregate_v<T> &&(ends_with_options<T>() || requires(const T& t) {
  { t.by_name } -> std::same_as<const ByName&>;
});
}  // namespace detail
template <detail::Options T>
std::ostream& operator<<(std::ostream&, const T&) = delete;  // options have no text: print the members you want
namespace nn {
using xgrad::operator<<;
}
namespace optim {
using xgrad::operator<<;
}
namespace viz {
using xgrad::operator<<;
}

}  // namespace xgrad
