// Rows of <xgrad/ops/distribution_loss.hpp>.
#include "op_table_losses.hpp"

namespace xgrad::test {
namespace {

void add_divergences(Table& t) {
  for (const bool logs : {false, true}) {
    const auto kl = [logs](const Tensor& x, const Tensor& y, Reduction r) {
      return kl_div(x, y,
                    r == Reduction::none  ? KlReduction::none
                    : r == Reduction::sum ? KlReduction::sum
                                          : KlReduction::mean,
                    logs);
    };
    Row& kl_row = over_pairs(t.add("kl_div"), uniform(-3, -0.1), logs ? uniform(-3, -0.2) : uniform(0.1, 0.9), kl);
    kl_row.on({{3, 4}, {{3, 4}, uniform(0.1, 0.9)}},
              [logs](auto& x) { return kl_div(x[0], x[1], KlReduction::batchmean, logs); });
  }
}

void add_likelihoods(Table& t) {
  Row& poisson = t.add("sub").covers({"poisson_nll_loss"});
  for (const Reduction r : kReductions)
    poisson
        .on({{3, 4}, {{3, 4}, away_from({1}, 0.2, 3)}},
            [=](auto& in) { return poisson_nll_loss(in[0], in[1], {.full = true, .reduction = r}); })
        .on({{{3, 4}, positive()}, {{3, 4}, uniform(0, 3)}},
            [=](auto& in) { return poisson_nll_loss(in[0], in[1], {.log_input = false, .reduction = r}); });
  poisson.bad(Wrong::shape, "differ in shape", [] { poisson_nll_loss(leaf({2}), leaf({3})); });
  Row& gauss = t.add("log").covers({"gaussian_nll_loss"});
  for (const Reduction r : kReductions)
    for (const Shape& v : std::vector<Shape>{{3, 4}, {3, 1}, {3}})
      gauss.on({{3, 4}, {3, 4}, {v, positive()}},
               [=](auto& in) { return gaussian_nll_loss(in[0], in[1], in[2], {.full = true, .reduction = r}); });
  gauss.bad(Wrong::value, "var -1 is negative", [] { gaussian_nll_loss(f64({0}), f64({0}), f64({-1})); })
      .bad(Wrong::shape, "var of shape (2) does not fit input (3)",
           [] { gaussian_nll_loss(leaf({3}), leaf({3}), leaf({2})); });
}

}  // namespace

void add_distribution_loss(Table& t) {
  add_divergences(t);
  add_likelihoods(t);
}

}  // namespace xgrad::test
