// Results of several parts, as structures with names, that also take what PyTorch's tuples take: std::get<0>(r) and
// std::tie(y, state) = r. (auto [y, state] = r works for every structure.)
//
//   struct RNNOutput {
//     Tensor output, h;
//     template <class... T>
//     operator std::tuple<T&...>() && { return detail::tie_parts<T...>(output, h); }
//   };
//   namespace detail { template <> inline constexpr bool has_parts<RNNOutput> = true; }
#pragma once

#include <cstddef>
#include <tuple>
#include <type_traits>

namespace xgrad::detail {

template <class R>
inline constexpr bool has_parts = false;
template <class R>
concept Parts = has_parts<std::remove_cvref_t<R>>;

template <class T, class P>
T& part_as(P& part) {
  if constexpr (std::is_same_v<std::remove_const_t<T>, std::remove_const_t<decltype(std::ignore)>>)
    return std::ignore;
  else
    return part;
}
template <class... T, class... P>
std::tuple<T&...> tie_parts(P&... parts) {
  static_assert(sizeof...(T) == sizeof...(P), "xgrad: std::tie of as many variables as the result has parts");
  return {part_as<T>(parts)...};
}
// Of two parts, the most that results have.
template <std::size_t I, class R>
auto& get_part(R& r) {
  static_assert(I < 2, "xgrad: the result has two parts: std::get<0>(r), std::get<1>(r)");
  auto& [first, second] = r;
  if constexpr (I == 0)
    return first;
  else
    return second;
}

}  // namespace xgrad::detail

// Programs for libtorch ask tuples for their parts. (Strictly, only the standard library declares functions in std;
// this one takes xgrad's own types alone.)
namespace std {

template <size_t I, class R>
requires xgrad::detail::Parts<R>
decltype(auto) get(R&& r) {
  auto& part = xgrad::detail::get_part<I>(r);
  if constexpr (is_lvalue_reference_v<R>)
    return (part);
  else
    return remove_cvref_t<decltype(part)>(std::move(part));
}

}  // namespace std
