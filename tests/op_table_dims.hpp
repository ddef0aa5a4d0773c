// What the rows of reductions share.
#pragma once

#include "op_table.hpp"

namespace xgrad::test {

// f(x, dims, keepdim) over every kind of dimension list; f(x) with all of them reduced.
template <class F>
Row& over_dims(Row& row, const Values& v, F f) {
  row.on({{{3, 4}, v}}, [f](auto& x) { return f(x[0], Shape{}, false); });
  row.on({{{}, v}}, [f](auto& x) { return f(x[0], Shape{}, false); });
  row.on({{{}, v}}, [f](auto& x) { return f(x[0], Shape{-1}, true); });
  row.on({{{1}, v}}, [f](auto& x) { return f(x[0], Shape{0}, false); });
  row.on({{{3, 4}, v}}, [f](auto& x) { return f(x[0], Shape{0}, false); });
  row.on({{{3, 4}, v}}, [f](auto& x) { return f(x[0], Shape{-1}, true); });
  row.on({{{2, 3, 2}, v}}, [f](auto& x) { return f(x[0], Shape{0, 2}, false); });
  row.on({{{2, 3, 2}, v}}, [f](auto& x) { return f(x[0], Shape{2, -2}, true); });
  row.on({{{2, 1, 2, 1, 3}, v}}, [f](auto& x) { return f(x[0], Shape{1, 2}, false); });
  row.on({{{2, 0, 3}, v}}, [f](auto& x) { return f(x[0], Shape{2}, false); });
  row.on(
      {{{5, 37}, v}}, [f](auto& x) { return f(x[0], Shape{}, false); }, Size::medium);
  row.on(
      {{{37, 5}, v}}, [f](auto& x) { return f(x[0], Shape{0}, false); }, Size::medium);
  row.on(
      {{{300, 401}, v}}, [f](auto& x) { return f(x[0], Shape{}, false); }, Size::large);
  row.on(
      {{{300, 401}, v}}, [f](auto& x) { return f(x[0], Shape{1}, false); }, Size::large);
  row.on(
      {{{401, 300}, v}}, [f](auto& x) { return f(x[0], Shape{0}, true); }, Size::large);
  return row;
}

// at: a line of the file that has f.
template <class F>
Row& bad_dims(Row& row, F f, Location at = Location::current()) {
  row.bad_by(
      Wrong::index, "dim 2 out of range [-2, 1]",
      [f] {
        f(leaf({2, 3}), Shape{2}, false);
      },
      at);
  row.bad_by(
      Wrong::index, "dim -3 out of range [-2, 1]",
      [f] {
        f(leaf({2, 3}), Shape{-3}, false);
      },
      at);
  row.bad_by(
      Wrong::index, "dim 1 out of range [-1, 0]", [f] { f(leaf({}), Shape{1}, false); }, at);
  return row.bad_by(
      Wrong::index, "given twice",
      [f] {
        f(leaf({2, 3}), Shape{1, -1}, false);
      },
      at);
}

}  // namespace xgrad::test
