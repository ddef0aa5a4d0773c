// Rows of <xgrad/ops/pad.hpp>.
#include "op_table.hpp"

namespace xgrad::test {
namespace {

void add_all_modes(Table& t) {
  Row& row = t.add("pad", [](auto& x) { return pad(x[0], {1, 2}); });
  row.on({{{2, 3}}})
      .on({{{2, 3}}},
          [](auto& x) {
            return pad(x[0], {1, 2, 0, 1}, PadMode::constant, 1.5);
          })
      .on({{{2, 3, 4}}},
          [](auto& x) {
            return pad(x[0], {-1, 2, 0, -1, 1, 0});
          })
      .on({{{2, 3}}},
          [](auto& x) {
            return pad(x[0], {-3, 1});
          })
      .on({{{2, 3}}}, [](auto& x) { return pad(x[0], {}); })
      .on({{{0, 3}}})
      .on({{{2, 0}}});
  for (const PadMode m : {PadMode::reflect, PadMode::replicate, PadMode::circular}) {
    row.on({{{2, 3}}},
           [m](auto& x) {
             return pad(x[0], {2, 1}, m);
           })
        .on({{{2, 1, 3, 4}}},
            [m](auto& x) {
              return pad(x[0], {1, 3, 2, 1}, m);
            })
        .on({{{1, 2, 3, 4}}},
            [m](auto& x) {
              return pad(x[0], {-1, 3, 2, -1, 1, 1}, m);
            })
        .on({{{3}}},
            [m](auto& x) {
              return pad(x[0], {2, 2}, m);
            })
        .on({{{0, 3}}},
            [m](auto& x) {
              return pad(x[0], {2, 1}, m);
            })
        .on(
            {{{30, 40, 41}}},
            [m](auto& x) {
              return pad(x[0], {3, 2, 1, 4}, m);
            },
            Size::large);
  }
  t.add("pad",
        [](auto& x) {
          return pad(x[0], {-1, 2}, PadMode::circular);
        })
      .on({{{4}}})
      .example("what negative padding leaves is what wraps around", {f64({1, 2, 3, 4})}, {f64({2, 3, 4, 2, 3})},
               {f64({0, 2, 2, 1})})
      .bad(Wrong::shape, "padding 3 must not exceed size 2 of dim 0 to wrap",
           [] {
             pad(leaf({4}), {-2, 3}, PadMode::circular);
           })
      .bad(Wrong::shape, "padding (-5, 4) of size 3 of dim 0 gives no valid size", [] {
        pad(leaf({3}), {-5, 4});
      });
  row.example("a row", {f64({1, 2, 3})}, {f64({0, 1, 2, 3, 0, 0})}, {f64({1, 1, 1})})
      .integers(Integers::same)
      .bad(Wrong::shape, "needs pairs of sizes", [] { pad(leaf({3}), {1}); })
      .bad(Wrong::shape, "at most 1, got 4",
           [] {
             pad(leaf({3}), {1, 1, 1, 1});
           })
      .bad(Wrong::shape, "padding (-2, -2) of size 3 of dim 0 gives no valid size",
           [] {
             pad(leaf({3}), {-2, -2});
           })
      .bad(Wrong::shape, "padding 3 must be less than size 3 of dim 2 to reflect",
           [] {
             pad(leaf({1, 1, 3}), {3, 0}, PadMode::reflect);
           })
      .bad(Wrong::shape, "padding 4 must not exceed size 3 of dim 1",
           [] {
             pad(leaf({1, 3}), {0, 4}, PadMode::circular);
           })
      .bad(Wrong::shape, "dim 1 is empty",
           [] {
             pad(leaf({1, 0}), {0, 4}, PadMode::replicate);
           })
      .bad(Wrong::dtype, "floating", [] {
        pad(leaf({3}, kInt64), {1, 1}, PadMode::reflect);
      });
}

}  // namespace

void add_pad(Table& t) { add_all_modes(t); }

}  // namespace xgrad::test
