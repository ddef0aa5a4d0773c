// Row of <xgrad/ops/ctc_loss.hpp>.
#include "op_table.hpp"

namespace xgrad::test {
namespace {

Tensor lengths(std::initializer_list<std::int64_t> v) { return from_vector(std::vector<std::int64_t>(v)); }

}  // namespace

void add_ctc_loss(Table& t) {
  const auto row = [](Reduction r) {
    return [r](const Tensors& x) { return ctc_loss(x[0], x[1], lengths({5, 4}), lengths({3, 2}), {.reduction = r}); };
  };
  const Values labels = indices({1, 2, 2, 3, 1, 0});
  Row& ctc = t.add("ctc_loss", row(Reduction::mean));
  ctc.on({{{5, 2, 4}, uniform(-3, -0.5)}, {{2, 3}, labels}})
      .on({{{5, 2, 4}, uniform(-3, -0.5)}, {{2, 3}, labels}}, row(Reduction::none))
      .on({{{5, 2, 4}, uniform(-3, -0.5)}, {{2, 3}, labels}}, row(Reduction::sum))
      .on({{{3, 4}, uniform(-3, -0.5)}, {{2}, indices({2, 2})}},
          [](auto& x) { return ctc_loss(x[0], x[1], lengths({3}), lengths({2}), {.blank = 3}); })
      .on({{{3, 2, 3}, uniform(-3, -0.5)}, {{3}, indices({1, 2, 1})}},  // in a row
          [](auto& x) {
            return ctc_loss(x[0], x[1], lengths({3, 2}), lengths({1, 2}));
          })
      .on({{{3, 1, 3}, uniform(-3, -0.5)}, {{1, 0}, indices({})}},
          [](auto& x) { return ctc_loss(x[0], x[1], lengths({3}), lengths({0})); })
      .bad(Wrong::value, "input_lengths 6 outside 0..5",
           [] {
             ctc_loss(leaf({5, 1, 3}), zeros({1, 2}, {kInt64}), lengths({6}), lengths({2}));
           })
      .bad(Wrong::value, "target_lengths 3 outside 0..2",
           [] {
             ctc_loss(leaf({5, 1, 3}), zeros({1, 2}, {kInt64}), lengths({5}), lengths({3}));
           })
      .bad(Wrong::index, "target 3 outside 0..2",
           [] {
             ctc_loss(leaf({5, 1, 3}), full({1, 2}, 3, {kInt64}), lengths({5}), lengths({2}));
           })
      .bad(Wrong::index, "blank 3 outside 0..2",
           [] {
             ctc_loss(leaf({5, 1, 3}), zeros({1, 2}, {kInt64}), lengths({5}), lengths({2}), {.blank = 3});
           })
      .bad(Wrong::shape, "targets must be (2, S) or 1-D, one sequence after the other, got (1, 2)",
           [] {
             ctc_loss(leaf({5, 2, 3}), zeros({1, 2}, {kInt64}), lengths({5, 5}), lengths({2, 2}));
           })
      .bad(Wrong::shape, "add up to more than the 3 targets",
           [] {
             ctc_loss(leaf({5, 2, 3}), zeros({3}, {kInt64}), lengths({5, 5}), lengths({2, 2}));
           })
      .bad(Wrong::dtype, "index must be int64", [] {
        ctc_loss(leaf({5, 1, 3}), leaf({1, 2}), lengths({5}), lengths({2}));
      });
  ctc.once = true;
}

}  // namespace xgrad::test
