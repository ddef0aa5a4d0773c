// Rows of <xgrad/ops/regression_loss.hpp>.
#include "op_table_losses.hpp"

namespace xgrad::test {
namespace {

void add_loss_differences(Table& t) {
  over_pairs(t.add("mse_loss"), uniform(-2, 2), uniform(-2, 2),
             [](const Tensor& x, const Tensor& y, Reduction r) { return mse_loss(x, y, r); });
  over_pairs(t.add("l1_loss"), uniform(-2, -0.1), uniform(0, 2),
             [](const Tensor& x, const Tensor& y, Reduction r) { return l1_loss(x, y, r); })
      .example("gradient 0 where equal", {f64({1, 2}), f64({1, 0})}, {tensor(1, {kFloat64})},
               {f64({0, 0.5}), f64({0, -0.5})});
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
      .example("inside and outside", {f64({1, 2.5}), f64({0.5, 0.5})}, {tensor(0.8125, {kFloat64})},
               {f64({0.25, 0.5}), f64({-0.25, -0.5})})
      .bad(Wrong::value, "beta must not be negative, got -1",
           [] { smooth_l1_loss(leaf({2}), leaf({2}), Reduction::mean, -1); });
  const auto huber = [](const Tensor& x, const Tensor& y, Reduction r) { return huber_loss(x, y, r, 0.5); };
  over_pairs(t.add("huber_loss"), left_values(), right_values(), huber)
      .on({{{3, 4}, left_values()}, {{3, 4}, right_values()}},
          [](auto& x) { return huber_loss(x[0], x[1], Reduction::mean, 5); })
      .bad(Wrong::value, "delta must be positive, got 0", [] { huber_loss(leaf({2}), leaf({2}), Reduction::mean, 0); });
}

}  // namespace

void add_regression_loss(Table& t) {
  add_loss_differences(t);
  add_huber(t);
}

}  // namespace xgrad::test
