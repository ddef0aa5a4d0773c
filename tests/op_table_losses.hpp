// What the rows of losses share.
#pragma once

#include "op_table.hpp"

namespace xgrad::test {

inline constexpr Reduction kReductions[] = {Reduction::mean, Reduction::sum, Reduction::none};

// loss(x, y, reduction) over pairs of equal shapes. at: a line of the file that has `loss`.
template <class F>
Row& over_pairs(Row& row, const Values& x, const Values& y, F loss, Location at = Location::current()) {
  for (const Reduction r : kReductions) {
    for (const Shape& s : std::vector<Shape>{{3, 4}, {}, {0, 2}, {2, 1, 3}})
      row.on({{s, x}, {s, y}}, [=](auto& in) { return loss(in[0], in[1], r); });
    row.on(
        {{{5, 37}, x}, {{5, 37}, y}}, [=](auto& in) { return loss(in[0], in[1], r); }, Size::medium);
    row.on(
        {{{300, 401}, x}, {{300, 401}, y}}, [=](auto& in) { return loss(in[0], in[1], r); }, Size::large);
  }
  return row.promoting().bad_by(
      Wrong::shape, "input and target differ in shape ((2) and (2, 1))",
      [=] {
        loss(leaf({2}), leaf({2, 1}), Reduction::mean);
      },
      at);
}

}  // namespace xgrad::test
