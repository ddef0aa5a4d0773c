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
      .on({{5, 2}}, [](auto& x) { return split(x[0], 2).back(); })
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

void add_more_parts(Table& t) {
  using Sizes = std::vector<std::int64_t>;
  t.add("tensor_split", [](auto& x) { return tensor_split(x[0], 3, 1); })
      .on({{2, 5}})
      .on({{2, 2}})
      .integers(Integers::same)
      .bad(Wrong::value, "sections must be > 0, got 0", [] { tensor_split(leaf({5}), 0); })
      .bad(Wrong::shape, "rank 0", [] { tensor_split(leaf({}), 2); });
  t.add("slice",
        [](auto& x) {
          return tensor_split(x[0], Sizes{2, 4, 3}, -1);
        })
      .covers({"tensor_split"})
      .on({{2, 5}})
      .integers(Integers::same)
      .bad(Wrong::index, "dim 1 out of range [-1, 0]", [] { tensor_split(leaf({5}), Sizes{1}, 1); });
  t.add("tensor_split", [](auto& x) { return hsplit(x[0], 2); })
      .covers({"hsplit"})
      .on({{3, 4}})
      .on({{4}})
      .integers(Integers::same)
      .bad(Wrong::shape, "cannot be cut into 2 equal sections", [] { hsplit(leaf({5}), 2); })
      .bad(Wrong::shape, "needs rank 1 or more, got 0", [] { hsplit(leaf({}), 2); });
  t.add("tensor_split", [](auto& x) { return vsplit(x[0], 2); })
      .covers({"vsplit"})
      .on({{4, 3}})
      .integers(Integers::same)
      .bad(Wrong::shape, "needs rank 2 or more, got 1", [] { vsplit(leaf({4}), Sizes{1}); });
  t.add("slice", [](auto& x) { return dsplit(x[0], Sizes{1}); })
      .covers({"dsplit"})
      .on({{2, 2, 3}})
      .integers(Integers::same)
      .bad(Wrong::shape, "needs rank 3 or more, got 2", [] {
        dsplit(leaf({4, 2}), 2);
      });
  t.add("select_scatter", [](auto& x) { return select_scatter(x[0], x[1], 1, -1); })
      .on({{3, 4}, {3}})
      .on({{3}, {}}, [](auto& x) { return select_scatter(x[0], x[1], 0, 1); })
      .integers(Integers::same)
      .bad(Wrong::shape, "src has shape (2), the part (3)",
           [] {
             select_scatter(leaf({2, 3}), leaf({2}), 0, 1);
           })
      .bad(Wrong::index, "index 2 out of range", [] {
        select_scatter(leaf({2, 3}), leaf({3}), 0, 2);
      });
  t.add("slice_scatter", [](auto& x) { return slice_scatter(x[0], x[1], 1, 1, 4, 2); })
      .on({{3, 5}, {3, 2}})
      .on({{3, 5}, {0, 5}}, [](auto& x) { return slice_scatter(x[0], x[1], 0, 2, 1); })
      .integers(Integers::same)
      .bad(Wrong::shape, "src has shape (2), the part (3)", [] { slice_scatter(leaf({3}), leaf({2})); })
      .bad(Wrong::value, "step must be positive", [] { slice_scatter(leaf({3}), leaf({3}), 0, 0, 3, 0); });
}

}  // namespace

void add_slice(Table& t) {
  add_pieces(t);
  add_splits(t);
  add_more_parts(t);
}

}  // namespace xgrad::test
