// Rows of <xgrad/ops/rearrange.hpp>.
#include "op_table.hpp"

namespace xgrad::test {
namespace {

void add_turned(Table& t) {
  t.add("flip",
        [](auto& x) {
          return flip(x[0], {0, -1});
        })
      .on({{2, 3, 4}})
      .on({{5}}, [](auto& x) { return flip(x[0], {0}); })
      .on({{}}, [](auto& x) { return flip(x[0], {0}); })
      .on({{2, 3}}, [](auto& x) { return flip(x[0], {}); })
      .on({{2, 0}})
      .on({{300, 401}}, Size::large)
      .integers(Integers::same)
      .example("both ways", {f64({{1, 2}, {3, 4}})}, {f64({{4, 3}, {2, 1}})})
      .bad(Wrong::index, "dim 2 out of range [-2, 1]",
           [] {
             flip(leaf({2, 3}), {2});
           })
      .bad(Wrong::index, "dim -1 given twice", [] {
        flip(leaf({2, 3}), {1, -1});
      });
  t.add("flip", [](auto& x) { return fliplr(x[0]); })
      .covers({"fliplr"})
      .on({{2, 3}})
      .integers(Integers::same)
      .bad(Wrong::shape, "needs rank 2 or more, got 1", [] { fliplr(leaf({2})); });
  t.add("flip", [](auto& x) { return flipud(x[0]); })
      .covers({"flipud"})
      .on({{2, 3}})
      .integers(Integers::same)
      .bad(Wrong::shape, "needs rank 1 or more, got 0", [] { flipud(leaf({})); });
  t.add("flip", [](auto& x) { return rot90(x[0]); })
      .covers({"rot90"})
      .on({{2, 3}})
      .on({{2, 3, 4}},
          [](auto& x) {
            return rot90(x[0], -1, {2, 0});
          })
      .on({{2, 3}}, [](auto& x) { return rot90(x[0], 6); })
      .on({{2, 3}}, [](auto& x) { return rot90(x[0], 4); })
      .integers(Integers::same)
      .example("a quarter", {f64({{1, 2}, {3, 4}})}, {f64({{2, 4}, {1, 3}})})
      .bad(Wrong::value, "2 dims",
           [] {
             rot90(leaf({2, 3}), 1, {0});
           })
      .bad(Wrong::index, "given twice",
           [] {
             rot90(leaf({2, 3}), 1, {0, -2});
           })
      .bad(Wrong::shape, "needs rank 2 or more, got 1", [] { rot90(leaf({2})); });
  t.add("roll",
        [](auto& x) {
          return roll(x[0], {1, -2}, {0, 1});
        })
      .on({{3, 4}})
      .on({{3, 4}}, [](auto& x) { return roll(x[0], {5}); })
      .on({{3, 4}},
          [](auto& x) {
            return roll(x[0], {1, 3}, {1, 1});
          })
      .on({{}}, [](auto& x) { return roll(x[0], {2}, {0}); })
      .on({{2, 0}})
      .on({{300, 401}}, Size::large)
      .integers(Integers::same)
      .example("both ways", {f64({{1, 2, 3}, {4, 5, 6}})}, {f64({{6, 4, 5}, {3, 1, 2}})})
      .bad(Wrong::value, "2 shifts for 1 dims",
           [] {
             roll(leaf({2, 3}), {1, 2});
           })
      .bad(Wrong::index, "dim 2 out of range [-2, 1]", [] {
        roll(leaf({2, 3}), {1}, {2});
      });
}

void add_repeats(Table& t) {
  t.add("repeat",
        [](auto& x) {
          return repeat(x[0], {2, 3});
        })
      .on({{2, 3}})
      .on({{3}})
      .on({{}})
      .on({{2, 1}})
      .on({{2, 3}},
          [](auto& x) {
            return repeat(x[0], {2, 1, 2});
          })
      .on({{2, 3}},
          [](auto& x) {
            return repeat(x[0], {0, 2});
          })
      .on({{2, 0}})
      .on({{1, 2, 1, 1, 2, 1, 1, 2}},
          [](auto& x) {
            return repeat(x[0], {2, 2, 2, 1, 2, 1, 1, 2});
          })
      .on(
          {{30, 41}},
          [](auto& x) {
            return repeat(x[0], {20, 5});
          },
          Size::large)
      .integers(Integers::same)
      .bad(Wrong::shape, "1 numbers given for a tensor of rank 2",
           [] {
             repeat(leaf({2, 3}), {2});
           })
      .bad(Wrong::value, "negative number -1", [] { repeat(leaf({2}), {-1}); });
  t.add("repeat", [](auto& x) { return tile(x[0], {2}); })
      .covers({"tile"})
      .on({{2, 3}})
      .on({{2, 3}}, [](auto& x) { return tile(x[0], {}); })
      .on({{3}},
          [](auto& x) {
            return tile(x[0], {2, 2});
          })
      .integers(Integers::same)
      .bad(Wrong::value, "negative number -1", [] { tile(leaf({2}), {-1}); });
  t.add("expand", [](auto& x) { return repeat_interleave(x[0], 2, 1); })
      .covers({"repeat_interleave"})
      .on({{2, 3}})
      .on({{2, 3}}, [](auto& x) { return repeat_interleave(x[0], 3); })
      .on({{}}, [](auto& x) { return repeat_interleave(x[0], 3); })
      .on({{2, 3}}, [](auto& x) { return repeat_interleave(x[0], tensor({2}), 0); })
      .integers(Integers::same)
      .bad(Wrong::value, "repeats must not be negative, got -1", [] { repeat_interleave(leaf({2}), -1); })
      .bad(Wrong::index, "dim 1 out of range [-1, 0]", [] { repeat_interleave(leaf({2}), 2, 1); });
  t.add("index_select", [](auto& x) { return repeat_interleave(x[0], x[1], 1); })
      .covers({"repeat_interleave"})
      .on({{2, 3}, {{3}, indices({1, 0, 2})}})
      .on({{3}, {{3}, indices({1, 0, 2})}}, [](auto& x) { return repeat_interleave(x[0], x[1]); })
      .integers(Integers::same)
      .example("each its own", {f64({{5, 6, 7}}), tensor({1, 0, 2})}, {f64({{5, 7, 7}})})
      .bad(Wrong::value, "not negative, got -2",
           [] {
             repeat_interleave(leaf({2}), tensor({1, -2}), 0);
           })
      .bad(Wrong::shape, "a number for each of 3 elements",
           [] {
             repeat_interleave(leaf({3}), tensor({1, 2}), 0);
           })
      .bad(Wrong::dtype, "must be int64", [] { repeat_interleave(leaf({3}), leaf({3}), 0); });
}

}  // namespace

void add_rearrange(Table& t) {
  add_turned(t);
  add_repeats(t);
}

}  // namespace xgrad::test
