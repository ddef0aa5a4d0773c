// Rows of <xgrad/ops/attention.hpp>.
#include "op_table.hpp"

namespace xgrad::test {

namespace {

void add_masks(Table& t) {
  t.add("causal_upper_left", [](auto& x) { return causal_upper_left(x[0].size(0), x[0].size(1)); })
      .covers({"causal_upper_left", "causal_lower_right"})
      .not_differentiable()
      .integers(Integers::unchanged)
      .on({{3, 4}})
      .on({{3, 4}}, [](auto& x) { return causal_lower_right(x[0].size(0), x[0].size(1)); })
      .on({{4, 2}}, [](auto& x) { return causal_lower_right(x[0].size(0), x[0].size(1)); })
      .on({{0, 4}})
      .example("more keys", {zeros({2, 3}, {kFloat64})}, {tensor({{true, false, false}, {true, true, false}})})
      .bad(Wrong::shape, "sizes must not be negative", [] { causal_lower_right(-1, 2); });
}

}  // namespace

void add_attention(Table& t) {
  add_masks(t);
  t.add("softmax", [](auto& x) { return attention_weights(x[0], x[1]); })
      .covers({"attention_weights"})
      .on({{3, 2}, {4, 2}})
      .on({{2, 3, 2}, {4, 2}})
      .on({{2, 0, 2}, {2, 4, 2}})
      .on({{2, 3, 2}, {2, 4, 2}, {{3, 4}, mask()}},
          [](auto& x) {
            const Tensor first = arange(4) == 0;  // something to attend to
            return attention_weights(x[0], x[1], {.mask = logical_or(x[2], first)});
          })
      .on({{3, 2}, {3, 2}}, [](auto& x) { return attention_weights(x[0], x[1], {.is_causal = true, .scale = 0.7}); })
      .example("by hand", {tensor({{0.}}, {kFloat64}), tensor({{1.}, {2.}}, {kFloat64})},
               {tensor({{0.5, 0.5}}, {kFloat64})})
      .bad(Wrong::shape, "query has 2 features, key 3",
           [] {
             attention_weights(leaf({4, 2}), leaf({4, 3}));
           })
      .bad(Wrong::shape, "needs (..., length, features), got rank 1",
           [] {
             attention_weights(leaf({2}), leaf({4, 2}));
           })
      .bad(Wrong::value, "a mask or is_causal, not both",
           [] {
             attention_weights(leaf({2, 2}), leaf({2, 2}), {.mask = zeros({2, 2}, {kBool}), .is_causal = true});
           })
      .bad(Wrong::dtype, "mask must be bool or float64, got int64", [] {
        attention_weights(leaf({2, 2}), leaf({2, 2}), {.mask = zeros({2, 2}, {kInt64})});
      });
  t.add("scaled_dot_product_attention", [](auto& x) { return scaled_dot_product_attention(x[0], x[1], x[2]); })
      .on({{3, 2}, {4, 2}, {4, 5}})
      .on({{2, 2, 3, 2}, {2, 2, 4, 2}, {2, 2, 4, 3}})
      .on({{3, 2}, {4, 2}, {4, 3}, {3, 4}},
          [](auto& x) { return scaled_dot_product_attention(x[0], x[1], x[2], {.mask = x[3]}); })
      .on({{3, 2}, {3, 2}, {3, 2}},
          [](auto& x) { return scaled_dot_product_attention(x[0], x[1], x[2], {.is_causal = true}); })
      .bad(Wrong::shape, "value must be (..., 4, features), got (3, 2)", [] {
        scaled_dot_product_attention(leaf({3, 2}), leaf({4, 2}), leaf({3, 2}));
      });
}

}  // namespace xgrad::test
