// Rows of <xgrad/ops/slice.hpp>.
#include "op_table.hpp"

namespace xgrad::test {
namespace {

void add_pieces(Table& t) {
  t.add("slice", [](auto& x) { return slice(x[0], 1, 1, 4, 2); })
      .on({{3, 5}})
      .on({{5}}, [](auto& x) { return x[0].slice(0, -3); })
      .on({{3, 4}}, [](auto& x) { return slice(x[0], 0, 2, 1); })
      .on({{3, 4}}, [](auto& x) { return slice(slice(x[0], -1, 0, 100, 3), 0, 1); })
      .on({{0, 2}}, [](auto& x) { return slice(x[0], 0); })
      .on(
          {{300, 401}}, [](auto& x) { return slice(x[0], 0, 1, 299, 2); }, Size::large)
      .integers(Integers::same)
      .bad(Wrong::index, "dim 2 out of range [-2, 1]",
           [] {
             slice(leaf({2, 3}), 2);
           })
      .bad(Wrong::value, "step must be positive, got 0",
           [] {
             slice(leaf({2, 3}), 0, 0, 2, 0);
           })
      .bad(Wrong::index, "rank 0", [] { slice(leaf({}), 0); });
  t.add("narrow", [](auto& x) { return narrow(x[0], 1, 1, 2); })
      .on({{3, 4}})
      .on({{3, 4}}, [](auto& x) { return x[0].narrow(0, -2, 1); })
      .on({{3, 4}}, [](auto& x) { return narrow(x[0], 0, 3, 0); })
      .integers(Integers::same)
      .bad(Wrong::index, "out of range",
           [] {
             narrow(leaf({2, 3}), 1, 2, 2);
           })
      .bad(Wrong::value, "length must not be negative", [] {
        narrow(leaf({2, 3}), 1, 0, -1);
      });
  t.add("select", [](auto& x) { return select(x[0], 1, 2); })
      .on({{3, 4}})
      .on({{3}}, [](auto& x) { return x[0].select(0, -1); })
      .on({{2, 3, 2}}, [](auto& x) { return x[0][1][2]; })
      .on({{2, 0, 3}}, [](auto& x) { return select(x[0], 2, 1); })
      .integers(Integers::same)
      .bad(Wrong::index, "index 3 out of range for size 3",
           [] {
             select(leaf({2, 3}), 1, 3);
           })
      .bad(Wrong::index, "index -3 out of range for size 2",
           [] {
             leaf({2, 3})[-3];
           })
      .bad(Wrong::index, "too many indices",
           [] {
             leaf({2, 3})[0][0][0];
           })
      .after(2);
  t.add("unbind", [](auto& x) { return unbind(x[0]); })
      .on({{3, 2}})
      .on({{2, 3}}, [](auto& x) { return unbind(x[0], -1); })
      .on({{3, 2}}, [](auto& x) { return unbind(x[0])[1]; })
      .on({{3}})
      .integers(Integers::same)
      .example("of nothing", {zeros({0, 2})}, {})
      .bad(Wrong::index, "dim 2 out of range [-2, 1]", [] {
        unbind(leaf({2, 3}), 2);
      });
}

void add_splits(Table& t) {
  t.add("split", [](auto& x) { return split(x[0], 2, 1); })
      .on({{2, 5}})
      .on({{5, 2}},
          [](auto& x) {
            return split(x[0], std::vector<std::int64_t>{2, 0, 3});
          })
      .on({{5, 2}}, [](auto& x) { return split(x[0], 2)[1]; })
      .on({{2, 0}})
      .integers(Integers::same)
      .bad(Wrong::shape, "sizes sum to 4, dimension 0 has 5",
           [] {
             split(leaf({5}), std::vector<std::int64_t>{2, 2});
           })
      .bad(Wrong::value, "size must be positive, got 0", [] { split(leaf({5}), 0); })
      .bad(Wrong::index, "dim 1 out of range [-1, 0]", [] { split(leaf({5}), 1, 1); });
  t.add("chunk", [](auto& x) { return chunk(x[0], 2, 1); })
      .on({{2, 5}})
      .on({{5, 2}}, [](auto& x) { return chunk(x[0], 4); })
      .on({{2, 0}})
      .integers(Integers::same)
      .bad(Wrong::value, "chunks must be > 0, got 0", [] { chunk(leaf({5}), 0); })
      .bad(Wrong::shape, "rank 0", [] { chunk(leaf({}), 2); });
}

}  // namespace

void add_slice(Table& t) {
  add_pieces(t);
  add_splits(t);
}

}  // namespace xgrad::test
