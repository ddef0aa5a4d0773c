// Rows of <xgrad/ops/embedding.hpp>.
#include "op_table.hpp"

namespace xgrad::test {
namespace {

void add_lookups(Table& t) {
  t.add("embedding", [](auto& x) { return embedding(x[0], x[1]); })
      .on({{{4}, indices({2, 0, 2, 1})}, {3, 2}})
      .on({{{2, 2}, indices({2, 0, 2, 1})}, {3, 2}})
      .on({{{}, indices({2})}, {3, 2}})
      .on({{{0}, indices({})}, {3, 2}})
      .on({{{3}, indices({2, 0, 2})}, {{3}}})
      .on({{{3}, indices({2, 0, 2})}, {3, 2, 2}})
      .on({{{2000}, indices(std::vector<std::int64_t>(2000, 7))}, {50, 33}}, Size::large)
      .integers(Integers::same)
      .bad(Wrong::index, "index 4 out of range for 4 rows",
           [] {
             embedding(tensor({0, 4}), leaf({4, 2}));
           })
      .bad(Wrong::index, "index -1 out of range",
           [] {
             embedding(tensor({0, -1}), leaf({4, 2}));
           })
      .bad(Wrong::index, "padding_idx 4 out of range for 4 rows",
           [] {
             embedding(tensor({0}), leaf({4, 2}), {.padding_idx = 4});
           })
      .bad(Wrong::dtype, "int64",
           [] {
             embedding(f64({0}), leaf({4, 2}));
           })
      .bad(Wrong::shape, "weight must be (rows, size)", [] { embedding(tensor({0}), leaf({})); });
}

void add_embedding_bag(Table& t) {
  const Tensor ends = tensor({0, 2, 2});
  Row& sums = t.add("embedding_bag", [](auto& x) { return embedding_bag(x[0], x[1]); });
  Row& row = t.add("embedding", [](auto& x) { return embedding_bag(x[0], x[1], {.mode = BagMode::max}); });
  row.covers({"embedding_bag"});
  sums.bad(Wrong::index, "index 4 out of range for 4 rows", [] { embedding_bag(tensor({{4}}), leaf({4, 2})); });
  sums.on({{{2, 3}, indices({2, 0, 2, 1, 3, 0})}, {{4, 2, 2}, distinct()}},
          [](auto& x) { return embedding_bag(x[0], x[1], {.mode = BagMode::sum, .padding_idx = 2}); });
  for (const BagMode mode : {BagMode::mean, BagMode::sum, BagMode::max})
    (mode == BagMode::max ? row : sums)
        .on({{{2, 3}, indices({2, 0, 2, 1, 3, 0})}, {{4, 2}, distinct()}},
            [=](auto& x) { return embedding_bag(x[0], x[1], {.mode = mode}); })
        .on({{{5}, indices({2, 0, 2, 1, 3})}, {{4, 2}, distinct()}},
            [=](auto& x) { return embedding_bag(x[0], x[1], {.offsets = ends, .mode = mode}); });
  const Tensor with_end = tensor({0, 0, 2, 4});
  for (const BagMode mode : {BagMode::mean, BagMode::sum, BagMode::max})
    (mode == BagMode::max ? row : sums).on({{{5}, indices({2, 0, 1, 2, 3})}, {{4, 2}, distinct()}}, [=](auto& x) {
      const EmbeddingBagOptions o{.offsets = with_end, .mode = mode, .include_last_offset = true, .padding_idx = -2};
      return embedding_bag(x[0], x[1], o);
    });
  row.on({{{5}, indices({2, 0, 2, 1, 3})}, {4, 2}, {5}},
         [=](auto& x) {
           const EmbeddingBagOptions o{
               .offsets = ends, .per_sample_weights = x[2], .mode = BagMode::sum, .padding_idx = 0};
           return embedding_bag(x[0], x[1], o);
         })
      .on({{{0}, indices({})}, {4, 2}, {{0}}}, [](auto& x) {
        const EmbeddingBagOptions o{.offsets = tensor({0, 0}), .per_sample_weights = x[2], .mode = BagMode::sum};
        return embedding_bag(x[0], x[1], o);
      });
  row.on({{{2, 3}, indices({2, 0, 2, 1, 3, 0})}, {4, 2}, {2, 3}},
         [](auto& x) { return embedding_bag(x[0], x[1], {.per_sample_weights = x[2], .mode = BagMode::sum}); })
      .bad(Wrong::shape, "a 1-D input needs offsets",
           [] {
             embedding_bag(tensor({0}), leaf({4, 2}));
           })
      .bad(Wrong::shape, "without offsets",
           [] {
             embedding_bag(tensor({{0}}), leaf({4, 2}), {.offsets = tensor({0})});
           })
      .bad(Wrong::value, "offset 1 at 0 must begin at 0",
           [] {
             embedding_bag(tensor({0}), leaf({4, 2}), {.offsets = tensor({1})});
           })
      .bad(Wrong::value, "include_last_offset needs at least one offset",
           [] {
             embedding_bag(tensor({0}), leaf({4, 2}), {.offsets = zeros({0}, kInt64), .include_last_offset = true});
           })
      .bad(Wrong::value, "mode max does not take scale_grad_by_freq",
           [] {
             embedding_bag(tensor({{0}}), leaf({4, 2}), {.mode = BagMode::max, .scale_grad_by_freq = true});
           })
      .bad(Wrong::value, "need mode sum",
           [] {
             embedding_bag(tensor({{0}}), leaf({4, 2}), {.per_sample_weights = leaf({1, 1})});
           })
      .bad(Wrong::index, "index 4 out of range for 4 rows", [] {
        embedding_bag(tensor({{4}}), leaf({4, 2}));
      });
}

}  // namespace

void add_embedding(Table& t) {
  add_lookups(t);
  add_embedding_bag(t);
}

}  // namespace xgrad::test
