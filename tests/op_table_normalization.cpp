// Rows of <xgrad/ops/normalization.hpp>.
#include <cmath>

#include "op_table.hpp"

namespace xgrad::test {
namespace {

// Functions: the table is filled before constants of this file would be.
Values weight_values() { return optional(uniform(0.5, 2)); }
Values bias_values() { return optional(uniform(-1, 1)); }
Values mean_values() { return constant(uniform(-1, 1)); }
Values var_values() { return constant(positive()); }

Tensor trained(const Tensor& x, const Tensor& w = Tensor(), const Tensor& b = Tensor(), double eps = 1e-5) {
  return batch_norm(x, Tensor(), Tensor(), w, b, true, 0.1, eps);
}
Tensor evaluated(const Tensors& x) { return batch_norm(x[0], x[3], x[4], x[1], x[2]); }

void add_batch_norm(Table& t) {
  const auto affine = [](auto& x) { return trained(x[0], x[1], x[2]); };
  Row& row = t.add("batch_norm", affine);
  for (const Shape& s : std::vector<Shape>{{4, 3}, {2, 3, 4}, {2, 3, 5, 4}, {0, 3}, {2, 3, 0}, {3, 3, 2, 1, 2}})
    row.on({s, {{3}, weight_values()}, {{3}, bias_values()}}).on({{s}}, [](auto& x) { return trained(x[0]); });
  for (const Shape& s : std::vector<Shape>{{4, 3}, {1, 3}, {2, 3, 20}, {0, 3}})
    row.on({s, {{3}, weight_values()}, {{3}, bias_values()}, {{3}, mean_values()}, {{3}, var_values()}}, evaluated)
        .on({s, {{3}, mean_values()}, {{3}, var_values()}}, [](auto& x) { return batch_norm(x[0], x[1], x[2]); });
  row.on({{4, 3}, {{3}, weight_values()}}, [](auto& x) { return trained(x[0], x[1]); })
      .on({{4, 3}, {{3}, bias_values()}}, [](auto& x) { return trained(x[0], Tensor(), x[1], 0.1); })
      .on({{{0}}}, [](auto& x) { return trained(x[0]); })
      .on({{70, 37}, {{37}, weight_values()}, {{37}, bias_values()}}, Size::medium)
      .on({{3, 5, 67}, {{5}, weight_values()}, {{5}, bias_values()}}, Size::medium)
      .on({{3, 70, 3}, {{70}, weight_values()}, {{70}, bias_values()}}, Size::medium)
      .on({{300, 401}, {{401}, weight_values()}, {{401}, bias_values()}}, Size::large)
      .on({{20, 7, 31, 33}, {{7}, weight_values()}, {{7}, bias_values()}}, Size::large)
      .on({{20, 7, 31, 33}, {{7}, weight_values()}, {{7}, bias_values()}, {{7}, mean_values()}, {{7}, var_values()}},
          evaluated, Size::large)
      .tolerance32(1e-3, 1e-4)
      .bad(Wrong::value, "more than 1 value per channel needed in training",
           [] {
             batch_norm(leaf({1, 3}), {}, {}, {}, {}, true);
           })
      .bad(Wrong::value, "running_mean and running_var are needed",
           [] {
             batch_norm(leaf({2, 3}), {}, {});
           })
      .bad(Wrong::shape, "input must be (N, C, ...), got (3)", [] { batch_norm(leaf({3}), {}, {}, {}, {}, true); })
      .bad(Wrong::shape, "weight must be (3), got (4)",
           [] {
             batch_norm(leaf({2, 3}), {}, {}, leaf({4}), {}, true);
           })
      .bad(Wrong::shape, "bias must be (3), got (3, 1)",
           [] {
             batch_norm(leaf({2, 3}), {}, {}, {}, leaf({3, 1}), true);
           })
      .bad(Wrong::shape, "running_mean must be (3), got (2)",
           [] {
             batch_norm(leaf({2, 3}), f64({1, 2}), f64({1, 2, 3}));
           })
      .bad(Wrong::dtype, "dtype", [] {
        batch_norm(leaf({2, 3}), {}, {}, leaf({3}, kFloat32), {}, true);
      });
}

void add_row_norms(Table& t) {
  t.add("layer_norm", [](auto& x) { return layer_norm(x[0], x[1].shape(), x[1], x[2]); })
      .on({{2, 4}, {{4}, weight_values()}, {{4}, bias_values()}},
          [](auto& x) { return layer_norm(x[0], {4}, x[1], x[2]); })
      .on({{3, 2, 4}, {{2, 4}, weight_values()}, {{2, 4}, bias_values()}})
      .on({{5}, {{5}, weight_values()}, {{5}, bias_values()}})
      .on({{0, 4}, {{4}, weight_values()}, {{4}, bias_values()}})
      .on({{2, 3, 4}},
          [](auto& x) {
            return layer_norm(x[0], {3, 4});
          })
      .on({{2, 3, 4}, {{4}, bias_values()}}, [](auto& x) { return layer_norm(x[0], {4}, Tensor(), x[1], 0.1); })
      .on({{2, 3, 4}, {{3, 4}, weight_values()}},
          [](auto& x) {
            return layer_norm(x[0], {3, 4}, x[1]);
          })
      .on({{2, 0}}, [](auto& x) { return layer_norm(x[0], {0}); })
      .on({{70, 37}, {{37}, weight_values()}, {{37}, bias_values()}}, Size::medium)
      .on({{3, 5000}, {{5000}, weight_values()}, {{5000}, bias_values()}}, Size::medium)
      .on({{300, 401}, {{401}, weight_values()}, {{401}, bias_values()}}, Size::large)
      .tolerance32(1e-3, 1e-4)
      .bad(Wrong::shape, "normalized_shape [4] is not the end of the input's shape [2, 3]",
           [] {
             layer_norm(leaf({2, 3}), {4});
           })
      .bad(Wrong::shape, "normalized_shape [] is not",
           [] {
             layer_norm(leaf({2, 3}), {});
           })
      .bad(Wrong::shape, "weight must be (3), got (2, 3)",
           [] {
             layer_norm(leaf({2, 3}), {3}, leaf({2, 3}));
           })
      .bad(Wrong::dtype, "dtype", [] {
        layer_norm(leaf({2, 3}), {3}, leaf({3}, kFloat32));
      });
  t.add("mul", [](auto& x) { return rms_norm(x[0], x[1].shape(), x[1]); })
      .covers({"rms_norm"})
      .on({{2, 4}, {{4}, weight_values()}})
      .on({{3, 2, 4}, {{2, 4}, weight_values()}})
      .on({{3, 4}}, [](auto& x) { return rms_norm(x[0], {4}, Tensor(), 0.1); })
      .on({{0, 4}, {{4}, weight_values()}})
      .example("3 4", {f64({3, 4}), f64({1, 2})}, {f64({3 / std::sqrt(12.5), 8 / std::sqrt(12.5)})})
      .bad(Wrong::shape, "normalized_shape [4] is not the end of the input's shape [2, 3]",
           [] {
             rms_norm(leaf({2, 3}), {4});
           })
      .bad(Wrong::shape, "weight must be (3), got (2)", [] {
        rms_norm(leaf({2, 3}), {3}, leaf({2}));
      });
  t.add("group_norm", [](auto& x) { return group_norm(x[0], 2, x[1], x[2]); })
      .on({{2, 4, 3}, {{4}, weight_values()}, {{4}, bias_values()}})
      .on({{3, 4}, {{4}, weight_values()}, {{4}, bias_values()}})
      .on({{2, 4, 5, 4}, {{4}, weight_values()}, {{4}, bias_values()}})
      .on({{0, 4, 3}, {{4}, weight_values()}, {{4}, bias_values()}})
      .on({{2, 4, 3}}, [](auto& x) { return group_norm(x[0], 1); })
      .on({{2, 4, 5}, {{4}, bias_values()}}, [](auto& x) { return group_norm(x[0], 2, Tensor(), x[1], 0.1); })
      .on({{9, 6, 37}, {{6}, weight_values()}, {{6}, bias_values()}}, Size::medium)
      .on({{70, 6, 5}, {{6}, weight_values()}, {{6}, bias_values()}}, Size::medium)
      .on({{20, 8, 31, 33}, {{8}, weight_values()}, {{8}, bias_values()}}, Size::large)
      .on({{300, 400, 2}, {{400}, weight_values()}, {{400}, bias_values()}}, Size::large)
      .tolerance32(1e-3, 1e-4)
      .bad(Wrong::shape, "3 channels are not divisible by 2 groups",
           [] {
             group_norm(leaf({2, 3}), 2);
           })
      .bad(Wrong::value, "num_groups must be positive, got 0",
           [] {
             group_norm(leaf({2, 3}), 0);
           })
      .bad(Wrong::shape, "bias must be (4), got (2)", [] {
        group_norm(leaf({2, 4}), 2, Tensor(), leaf({2}));
      });
  const auto plain = [](auto& x) { return instance_norm(x[0], {}, {}, x[1], x[2]); };
  t.add("instance_norm", plain)
      .on({{2, 3, 4}, {{3}, weight_values()}, {{3}, bias_values()}})
      .on({{1, 3, 5, 4}, {{3}, weight_values()}, {{3}, bias_values()}})
      .on({{0, 3, 4}, {{3}, weight_values()}, {{3}, bias_values()}})
      .on({{2, 3, 4}}, [](auto& x) { return instance_norm(x[0]); })
      .on({{2, 3, 4}, {{3}, weight_values()}, {{3}, bias_values()}, {{3}, mean_values()}, {{3}, var_values()}},
          [](auto& x) { return instance_norm(x[0], x[3], x[4], x[1], x[2], false); })
      .on({{20, 8, 31, 33}, {{8}, weight_values()}, {{8}, bias_values()}}, Size::large)
      .tolerance32(1e-3, 1e-4)
      .bad(Wrong::value, "more than 1 value per channel and sample",
           [] {
             instance_norm(leaf({2, 3, 1}));
           })
      .bad(Wrong::value, "are needed outside training", [] {
        instance_norm(leaf({2, 3, 4}), {}, {}, {}, {}, false);
      });
  t.add("pow", [](auto& x) { return local_response_norm(x[0], 3, 0.5, 0.75, 1.5); })
      .covers({"local_response_norm"})
      .on({{{2, 5, 3}}})
      .on({{{1, 4}}}, [](auto& x) { return local_response_norm(x[0], 2, 1); })
      .on({{{2, 2, 3}}}, [](auto& x) { return local_response_norm(x[0], 7, 1); })
      .bad(Wrong::value, "size must be positive, got 0",
           [] {
             local_response_norm(leaf({2, 3}), 0);
           })
      .bad(Wrong::shape, "input must be (N, C, ...)", [] { local_response_norm(leaf({3}), 2); });
}

}  // namespace

void add_normalization(Table& t) {
  add_batch_norm(t);
  add_row_norms(t);
}

}  // namespace xgrad::test
