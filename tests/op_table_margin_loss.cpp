// Rows of <xgrad/ops/margin_loss.hpp>.
#include <cmath>

#include "op_table_losses.hpp"

namespace xgrad::test {
namespace {

void add_signed(Table& t) {
  const Values x = away_from({1}, 0.2, 2);
  const Tensor signs = f64({{1, -1, 1, -1}, {-1, 1, 1, -1}, {1, 1, -1, -1}});
  const auto over = [&](Row& row, auto loss) -> Row& {
    for (const Reduction r : kReductions)
      row.on({{{3, 4}, x}}, [=](auto& in) { return loss(in[0], signs.to(in[0].dtype()), r); });
    return row;
  };
  over(t.add("where").covers({"hinge_embedding_loss"}), [](const Tensor& v, const Tensor& y, Reduction r) {
    return hinge_embedding_loss(v, y, 1, r);
  }).bad(Wrong::shape, "differ in shape", [] { hinge_embedding_loss(leaf({2}), leaf({3})); });
  over(t.add("log_sigmoid").covers({"soft_margin_loss"}), [](const Tensor& v, const Tensor& y, Reduction r) {
    return soft_margin_loss(v, y, r);
  }).on({{3, 4}, {3, 4}}, [](auto& in) {
      return soft_margin_loss(in[0], in[1]);
    }).bad(Wrong::shape, "differ in shape", [] { soft_margin_loss(leaf({2}), leaf({3})); });
  Row& ranking = t.add("clamp").covers({"margin_ranking_loss"});
  for (const Reduction r : kReductions)
    ranking
        .on({{{3, 4}, uniform(0.5, 1)}, {{3, 4}, uniform(-1, 0.3)}},
            [=](auto& in) { return margin_ranking_loss(in[0], in[1], signs.to(in[0].dtype()), 0, r); })
        .on({{{3, 4}, uniform(0.5, 1)}, {{4}, uniform(-1, 0.3)}},
            [=](auto& in) { return margin_ranking_loss(in[0], in[1], signs.to(in[0].dtype()), 2.5, r); });
  ranking.bad(Wrong::shape, "broadcast", [] { margin_ranking_loss(leaf({2}), leaf({3}), leaf({2})); });
  Row& cosine = t.add("where").covers({"cosine_embedding_loss"});
  const Tensor three = f64({1, -1, -1});
  for (const Reduction r : kReductions)
    cosine.on({{{3, 4}, uniform(0.5, 1)}, {{3, 4}, uniform(0.2, 1)}},
              [=](auto& in) { return cosine_embedding_loss(in[0], in[1], three.to(in[0].dtype()), -0.2, r); });
  cosine
      .on({{{4}, uniform(0.5, 1)}, {{4}, uniform(0.2, 1)}},
          [](auto& in) { return cosine_embedding_loss(in[0], in[1], tensor(1, {kFloat64})); })
      .bad(Wrong::shape, "inputs must be (N, D) with target (N)", [] {
        cosine_embedding_loss(leaf({2, 3}), leaf({2, 3}), leaf({3}));
      });
  Row& triplet = t.add("clamp").covers({"triplet_margin_loss"});
  const Args three_points{{{3, 4}, uniform(0, 1)}, {{3, 4}, uniform(1.5, 2.5)}, {{3, 4}, uniform(-1, -0.2)}};
  for (const double p : {0.5, 1.0, 1.5, 2.0, 3.0, -1.0, double(INFINITY)})
    for (const Reduction r : kReductions)
      triplet.on(three_points, [=](auto& in) {
        return triplet_margin_loss(in[0], in[1], in[2], {.margin = 3, .p = p, .reduction = r});
      });
  triplet
      .on(three_points, [](auto& in) { return triplet_margin_loss(in[0], in[1], in[2], {.margin = 3, .swap = true}); })
      .bad(Wrong::value, "p must be a number",
           [] { triplet_margin_loss(leaf({2}), leaf({2}), leaf({2}), {.p = NAN}); });
}

void add_class_margins(Table& t) {
  const Values x = distinct();
  Row& multi = t.add("clamp").covers({"multi_margin_loss"});
  for (const int p : {1, 2})
    for (const Reduction r : kReductions)
      multi.on({{{3, 4}, x}, {{3}, indices({2, 0, 3})}},
               [=](auto& in) { return multi_margin_loss(in[0], in[1], {.p = p, .margin = 0.9, .reduction = r}); });
  multi
      .on({{{3, 4}, x}, {{3}, indices({2, 0, 3})}, {{4}, constant(positive())}},
          [](auto& in) { return multi_margin_loss(in[0], in[1], {.margin = 0.9, .weight = in[2]}); })
      .on({{{4}, x}, {{}, indices({2})}},
          [](auto& in) { return multi_margin_loss(in[0], in[1], {.margin = 0.9, .reduction = Reduction::none}); })
      .bad(Wrong::index, "target 3 at row 1 outside 0..2",
           [] {
             multi_margin_loss(leaf({2, 3}), tensor({0, 3}));
           })
      .bad(Wrong::value, "p must be 1 or 2, got 3",
           [] {
             multi_margin_loss(leaf({2, 3}), tensor({0, 1}), {.p = 3});
           })
      .bad(Wrong::shape, "target must have shape (2)",
           [] {
             multi_margin_loss(leaf({2, 3}), tensor({0, 1, 2}));
           })
      .bad(Wrong::shape, "weight must be (3)", [] {
        multi_margin_loss(leaf({2, 3}), tensor({0, 1}), {.weight = f64({1})});
      });
  Row& labels = t.add("clamp").covers({"multilabel_margin_loss"});
  for (const Reduction r : kReductions)
    labels.on({{{2, 4}, x}, {{2, 4}, indices({3, 0, -1, 1, 2, -1, 0, 0})}},
              [=](auto& in) { return multilabel_margin_loss(in[0], in[1], r); });
  labels.on({{{3}, x}, {{3}, indices({1, -1, 0})}}, [](auto& in) { return multilabel_margin_loss(in[0], in[1]); })
      .bad(Wrong::index, "target 4 at row 0 outside 0..1",
           [] {
             multilabel_margin_loss(leaf({1, 2}), tensor({{4, -1}}));
           })
      .bad(Wrong::shape, "target must have shape (1, 2)", [] {
        multilabel_margin_loss(leaf({1, 2}), tensor({1, -1}));
      });
  Row& soft = t.add("binary_cross_entropy_with_logits").covers({"multilabel_soft_margin_loss"});
  for (const Reduction r : kReductions)
    soft.on({{3, 4}, {{3, 4}, uniform(0, 1)}},
            [=](auto& in) { return multilabel_soft_margin_loss(in[0], in[1], Tensor(), r); })
        .on({{3, 4}, {{3, 4}, uniform(0, 1)}, {{4}, positive()}},
            [=](auto& in) { return multilabel_soft_margin_loss(in[0], in[1], in[2], r); });
  soft.bad(Wrong::shape, "differ in shape", [] { multilabel_soft_margin_loss(leaf({2}), leaf({3})); });
}

}  // namespace

void add_margin_loss(Table& t) {
  add_signed(t);
  add_class_margins(t);
}

}  // namespace xgrad::test
