// Rows of <xgrad/ops/classification_loss.hpp>.
#include <cmath>

#include "op_table_losses.hpp"

namespace xgrad::test {
namespace {

// Options with a weight per class, ignoring class 1.
template <class Options>
Options weighted(const Tensor& weight, Reduction r) {
  Options o;
  o.weight = weight;
  o.ignore_index = 1;
  o.reduction = r;
  return o;
}

template <class Options, class F>
Row& over_class_indices(Row& row, F loss) {
  const Values weights = constant(positive());
  for (const Reduction r : kReductions) {
    row.on({{3, 4}, {{3}, indices({2, 0, 3})}}, [=](auto& x) { return loss(x[0], x[1], Options{.reduction = r}); });
    row.on({{3, 4}, {{3}, indices({2, 1, 3})}, {{4}, weights}},
           [=](auto& x) { return loss(x[0], x[1], weighted<Options>(x[2], r)); });
    row.on({{2, 3, 2}, {{2, 2}, indices({2, 0, 1, 2})}},
           [=](auto& x) { return loss(x[0], x[1], Options{.reduction = r}); });
  }
  return row.on({{4}, {{}, indices({2})}}, [=](auto& x) { return loss(x[0], x[1], Options{}); })
      .on({{0, 4}, {{0}, indices({})}}, [=](auto& x) { return loss(x[0], x[1], Options{.reduction = Reduction::sum}); })
      .on(
          {{0, 4}, {{0}, indices({})}}, [=](auto& x) { return loss(x[0], x[1], Options{}); }, Size::medium)  // NaN
      .on({{2, 3}, {{2}, indices({1, 1})}},
          [=](auto& x) { return loss(x[0], x[1], Options{.ignore_index = 1, .reduction = Reduction::sum}); })
      .on({{1, 3, 2, 2}, {{1, 2, 2}, indices({2, 0, 1, 2})}, {{3}, weights}},
          [=](auto& x) { return loss(x[0], x[1], Options{.weight = x[2]}); })
      .on(
          {{6, 37}, {{6}, indices({5, 0, 36, 17, 20, 1})}}, [=](auto& x) { return loss(x[0], x[1], Options{}); },
          Size::medium)
      .bad_by(Wrong::index, "target 3 at row 1 outside 0..2",
              [=] {
                loss(leaf({2, 3}), tensor({0, 3}), Options{});
              })
      .bad_by(Wrong::index, "outside 0..2",
              [=] {
                loss(leaf({2, 3}), tensor({0, -1}), Options{});
              })
      .bad_by(Wrong::shape, "batch sizes differ",
              [=] {
                loss(leaf({2, 3}), tensor({0, 1, 2}), Options{});
              })
      .bad_by(Wrong::shape, "target must have shape",
              [=] {
                loss(leaf({2, 3}), zeros({2, 1}, {kInt64}), Options{});
              })
      .bad_by(Wrong::shape, "weight must be (3)",
              [=] {
                loss(leaf({2, 3}), tensor({0, 1}), Options{.weight = f64({1, 2})});
              })
      .bad_by(Wrong::autograd, "take no gradient",
              [=] {
                loss(leaf({2, 3}), tensor({0, 1}), Options{.weight = leaf({3})});
              })
      .bad_by(Wrong::shape, "needs a class dimension", [=] { loss(leaf({}), tensor(0), Options{}); });
}

void add_class_losses(Table& t) {
  const auto nll = [](const Tensor& x, const Tensor& y, const NllLossOptions& o) { return nll_loss(x, y, o); };
  over_class_indices<NllLossOptions>(t.add("nll_loss"), nll)
      .example("ignored by default", {f64({{1, 2}, {3, 4}}), tensor({1, -100})}, {tensor(-2, {kFloat64})},
               {f64({{0, -1}, {0, 0}})})
      .bad(Wrong::dtype, "class indices must be int64, got float64", [] {
        nll_loss(leaf({2, 3}), leaf({2}));
      });
  const auto ce = [](const Tensor& x, const Tensor& y, const CrossEntropyOptions& o) { return cross_entropy(x, y, o); };
  Row& row = over_class_indices<CrossEntropyOptions>(t.add("cross_entropy"), ce);
  for (const Reduction r : kReductions)
    row.on({{3, 4}, {{3}, indices({2, 1, 3})}, {{4}, constant(positive())}}, [r](auto& x) {
      CrossEntropyOptions o = weighted<CrossEntropyOptions>(x[2], r);
      o.label_smoothing = 0.2;
      return cross_entropy(x[0], x[1], o);
    });
  row.on({{2, 3, 2}, {{2, 2}, indices({2, 0, 1, 2})}},
         [](auto& x) { return cross_entropy(x[0], x[1], {.label_smoothing = 0.3}); })
      .on(
          {{200, 301}, {{200}, indices(std::vector<std::int64_t>(200, 7))}},
          [](auto& x) { return cross_entropy(x[0], x[1]); }, Size::large)
      .example("no overflow", {f64({{1000, 0}}), tensor({1})}, {tensor(1000, {kFloat64})}, {f64({{1, -1}})})
      .bad(Wrong::value, "label_smoothing must be in [0, 1], got 1.5",
           [] {
             cross_entropy(leaf({2, 3}), tensor({0, 1}), {.label_smoothing = 1.5});
           })
      .bad(Wrong::shape, "probabilities must have the input's shape",
           [] {
             cross_entropy(leaf({2, 3}), f64({1, 2}));
           })
      .bad(Wrong::dtype, "class indices must be int64, got bool", [] {
        cross_entropy(leaf({2, 3}), leaf({2}, kBool));
      });
  // With probabilities as target it is an operation of its own, of two tensors.
  Row& soft = t.add("cross_entropy");
  for (const Reduction r : kReductions) {
    soft.on({{3, 4}, {{3, 4}, uniform(0.1, 0.4)}},
            [r](auto& x) { return cross_entropy(x[0], x[1], {.reduction = r}); });
    soft.on({{2, 3, 2}, {{2, 3, 2}, uniform(0.1, 0.4)}, {{3}, constant(positive())}}, [r](auto& x) {
      return cross_entropy(x[0], x[1], {.weight = x[2], .reduction = r, .label_smoothing = 0.1});
    });
  }
}

void add_logits(Table& t) {
  const auto bce = [](const Tensor& x, const Tensor& y, Reduction r) {
    return binary_cross_entropy_with_logits(x, y, {.reduction = r});
  };
  Row& row = over_pairs(t.add("binary_cross_entropy_with_logits"), away_from({0}, -4, 4), uniform(0, 1), bce);
  for (const Reduction r : kReductions) {
    row.on({{{3, 4}, away_from({0}, -4, 4)}, {{3, 4}, uniform(0, 1)}, {{3, 1}, positive()}, {{4}, positive()}},
           [r](auto& x) {
             return binary_cross_entropy_with_logits(x[0], x[1], {.weight = x[2], .pos_weight = x[3], .reduction = r});
           });
    row.on({{{3, 4}, away_from({0}, -4, 4)}, {{3, 4}, uniform(0, 1)}, {{4}, positive()}},
           [r](auto& x) { return binary_cross_entropy_with_logits(x[0], x[1], {.pos_weight = x[2], .reduction = r}); });
  }
  row.example("no overflow", {f64({1000, -1000}), f64({0, 0})}, {tensor(500, {kFloat64})},
              {f64({0.5, 0}), f64({-500, 500})})
      .bad(Wrong::shape, "weight of shape (3) does not broadcast",
           [] { binary_cross_entropy_with_logits(leaf({2}), leaf({2}), {.weight = leaf({3})}); })
      .bad(Wrong::shape, "pos_weight of shape (3) does not",
           [] { binary_cross_entropy_with_logits(leaf({2}), leaf({2}), {.pos_weight = leaf({3})}); });
}

void add_probabilities(Table& t) {
  const auto bce = [](const Tensor& x, const Tensor& y, Reduction r) {
    return binary_cross_entropy(x, y, Tensor(), r);
  };
  Row& row = over_pairs(t.add("binary_cross_entropy"), uniform(0.1, 0.9), uniform(0, 1), bce);
  for (const Reduction r : kReductions)
    row.on({{{3, 4}, uniform(0.1, 0.9)}, {{3, 4}, uniform(0, 1)}, {{4}, positive()}},
           [r](auto& x) { return binary_cross_entropy(x[0], x[1], x[2], r); });
  row.example("logarithms end at -100", {f64({0, 1}), f64({1, 0})}, {tensor(100, {kFloat64})})
      .bad(Wrong::value, "input 1.5 outside [0, 1]",
           [] {
             binary_cross_entropy(f64({0, 1.5}), f64({1, 1}));
           })
      .bad(Wrong::value, "input nan outside [0, 1]", [] { binary_cross_entropy(f64({NAN}), f64({1})); })
      .bad(Wrong::shape, "weight of shape (3) does not broadcast",
           [] { binary_cross_entropy(leaf({2}), leaf({2}), leaf({3})); });
}

}  // namespace

void add_classification_loss(Table& t) {
  add_class_losses(t);
  add_logits(t);
  add_probabilities(t);
}

}  // namespace xgrad::test
