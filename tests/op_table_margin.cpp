// Rows of <xgrad/ops/margin_loss.hpp> and the losses of pairs that have kinks.
#include <cmath>

#include "op_table.hpp"

namespace xgrad::test {
namespace {

constexpr Reduction kAll[] = {Reduction::mean, Reduction::sum, Reduction::none};

// loss(x, y, reduction) over pairs of equal shapes.
template <class F>
Row& over_pairs(Row& row, const Values& x, const Values& y, F loss) {
  for (const Reduction r : kAll) {
    for (const Shape& s : std::vector<Shape>{{3, 4}, {}, {2, 1, 3}})
      row.on({{s, x}, {s, y}}, [=](auto& in) { return loss(in[0], in[1], r); });
    row.on(
        {{{5, 37}, x}, {{5, 37}, y}}, [=](auto& in) { return loss(in[0], in[1], r); }, Size::medium);
    row.on(
        {{{300, 401}, x}, {{300, 401}, y}}, [=](auto& in) { return loss(in[0], in[1], r); }, Size::large);
  }
  return row.bad_by(Wrong::shape, "input and target differ in shape", [=] {
    loss(leaf({2}), leaf({2, 1}), Reduction::mean);
  });
}

// Away from one another by no multiple of 0.5.
// Functions: the table is filled before constants of this file would be.
Values left_values() { return uniform(-2, -1.2); }
Values right_values() { return uniform(0.1, 0.6); }

void add_huber(Table& t) {
  const auto smooth = [](double beta) {
    return [beta](const Tensor& x, const Tensor& y, Reduction r) { return smooth_l1_loss(x, y, r, beta); };
  };
  Row& row = over_pairs(t.add("smooth_l1_loss"), left_values(), right_values(), smooth(1));
  row.on({{{3, 4}, left_values()}, {{3, 4}, right_values()}},
         [](auto& x) { return smooth_l1_loss(x[0], x[1], Reduction::mean, 5); })
      .on({{{3, 4}, left_values()}, {{3, 4}, right_values()}},
          [](auto& x) { return smooth_l1_loss(x[0], x[1], Reduction::sum, 0); })
      .promoting()
      .example("inside and outside", {f64({1, 2.5}), f64({0.5, 0.5})}, {tensor(0.8125, {kFloat64})},
               {f64({0.25, 0.5}), f64({-0.25, -0.5})})
      .bad(Wrong::value, "beta must not be negative, got -1",
           [] { smooth_l1_loss(leaf({2}), leaf({2}), Reduction::mean, -1); });
  const auto huber = [](const Tensor& x, const Tensor& y, Reduction r) { return huber_loss(x, y, r, 0.5); };
  over_pairs(t.add("huber_loss"), left_values(), right_values(), huber)
      .on({{{3, 4}, left_values()}, {{3, 4}, right_values()}},
          [](auto& x) { return huber_loss(x[0], x[1], Reduction::mean, 5); })
      .promoting()
      .bad(Wrong::value, "delta must be positive, got 0", [] { huber_loss(leaf({2}), leaf({2}), Reduction::mean, 0); });
}

void add_divergences(Table& t) {
  const auto bce = [](const Tensor& x, const Tensor& y, Reduction r) {
    return binary_cross_entropy(x, y, Tensor(), r);
  };
  Row& row = over_pairs(t.add("binary_cross_entropy"), uniform(0.1, 0.9), uniform(0, 1), bce);
  for (const Reduction r : kAll)
    row.on({{{3, 4}, uniform(0.1, 0.9)}, {{3, 4}, uniform(0, 1)}, {{4}, positive()}},
           [r](auto& x) { return binary_cross_entropy(x[0], x[1], x[2], r); });
  row.promoting()
      .example("logarithms end at -100", {f64({0, 1}), f64({1, 0})}, {tensor(100, {kFloat64})})
      .bad(Wrong::value, "input 1.5 outside [0, 1]",
           [] {
             binary_cross_entropy(f64({0, 1.5}), f64({1, 1}));
           })
      .bad(Wrong::value, "input nan outside [0, 1]", [] { binary_cross_entropy(f64({NAN}), f64({1})); })
      .bad(Wrong::shape, "weight of shape (3) does not broadcast",
           [] { binary_cross_entropy(leaf({2}), leaf({2}), leaf({3})); });
  for (const bool logs : {false, true}) {
    const auto kl = [logs](const Tensor& x, const Tensor& y, Reduction r) {
      return kl_div(x, y,
                    r == Reduction::none  ? KlReduction::none
                    : r == Reduction::sum ? KlReduction::sum
                                          : KlReduction::mean,
                    logs);
    };
    Row& kl_row = over_pairs(t.add("kl_div"), uniform(-3, -0.1), logs ? uniform(-3, -0.2) : uniform(0.1, 0.9), kl);
    kl_row.promoting().on({{3, 4}, {{3, 4}, uniform(0.1, 0.9)}},
                          [logs](auto& x) { return kl_div(x[0], x[1], KlReduction::batchmean, logs); });
  }
}

void add_signed(Table& t) {
  const Values x = away_from({1}, 0.2, 2);
  const Tensor signs = f64({{1, -1, 1, -1}, {-1, 1, 1, -1}, {1, 1, -1, -1}});
  const auto over = [&](Row& row, auto loss) -> Row& {
    for (const Reduction r : kAll)
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
  for (const Reduction r : kAll)
    ranking
        .on({{{3, 4}, uniform(0.5, 1)}, {{3, 4}, uniform(-1, 0.3)}},
            [=](auto& in) { return margin_ranking_loss(in[0], in[1], signs.to(in[0].dtype()), 0, r); })
        .on({{{3, 4}, uniform(0.5, 1)}, {{4}, uniform(-1, 0.3)}},
            [=](auto& in) { return margin_ranking_loss(in[0], in[1], signs.to(in[0].dtype()), 2.5, r); });
  ranking.bad(Wrong::shape, "broadcast", [] { margin_ranking_loss(leaf({2}), leaf({3}), leaf({2})); });
  Row& cosine = t.add("where").covers({"cosine_embedding_loss"});
  const Tensor three = f64({1, -1, -1});
  for (const Reduction r : kAll)
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
    for (const Reduction r : kAll)
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
    for (const Reduction r : kAll)
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
  for (const Reduction r : kAll)
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
  for (const Reduction r : kAll)
    soft.on({{3, 4}, {{3, 4}, uniform(0, 1)}},
            [=](auto& in) { return multilabel_soft_margin_loss(in[0], in[1], Tensor(), r); })
        .on({{3, 4}, {{3, 4}, uniform(0, 1)}, {{4}, positive()}},
            [=](auto& in) { return multilabel_soft_margin_loss(in[0], in[1], in[2], r); });
  soft.bad(Wrong::shape, "differ in shape", [] { multilabel_soft_margin_loss(leaf({2}), leaf({3})); });
}

void add_likelihoods(Table& t) {
  Row& poisson = t.add("sub").covers({"poisson_nll_loss"});
  for (const Reduction r : kAll)
    poisson
        .on({{3, 4}, {{3, 4}, away_from({1}, 0.2, 3)}},
            [=](auto& in) { return poisson_nll_loss(in[0], in[1], {.full = true, .reduction = r}); })
        .on({{{3, 4}, positive()}, {{3, 4}, uniform(0, 3)}},
            [=](auto& in) { return poisson_nll_loss(in[0], in[1], {.log_input = false, .reduction = r}); });
  poisson.bad(Wrong::shape, "differ in shape", [] { poisson_nll_loss(leaf({2}), leaf({3})); });
  Row& gauss = t.add("log").covers({"gaussian_nll_loss"});
  for (const Reduction r : kAll)
    for (const Shape& v : std::vector<Shape>{{3, 4}, {3, 1}, {3}})
      gauss.on({{3, 4}, {3, 4}, {v, positive()}},
               [=](auto& in) { return gaussian_nll_loss(in[0], in[1], in[2], {.full = true, .reduction = r}); });
  gauss.bad(Wrong::value, "var -1 is negative", [] { gaussian_nll_loss(f64({0}), f64({0}), f64({-1})); })
      .bad(Wrong::shape, "var of shape (2) does not fit input (3)",
           [] { gaussian_nll_loss(leaf({3}), leaf({3}), leaf({2})); });
}

}  // namespace

void add_margin_losses(Table& t) {
  add_huber(t);
  add_divergences(t);
  add_signed(t);
  add_class_margins(t);
  add_likelihoods(t);
}

}  // namespace xgrad::test
