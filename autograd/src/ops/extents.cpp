#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/ops/extents.hpp>

namespace xgrad {

template <int N>
void Extents<N>::wrong_count(const Shape& s, int wanted, const Location& at) {
  ErrorReport("Extents", fmt::format("{} takes 1 or {} numbers, got {}", to_string(s), wanted, s.rank()), at)
      .shape_error();
}
template void Extents<1>::wrong_count(const Shape&, int, const Location&);
template void Extents<2>::wrong_count(const Shape&, int, const Location&);
template void Extents<3>::wrong_count(const Shape&, int, const Location&);

}  // namespace xgrad
