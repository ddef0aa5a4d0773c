// Rows of <xgrad/ops/pool.hpp>.
#include <cmath>
#include <limits>

#include "op_table.hpp"

namespace xgrad::test {
namespace {

Tensor image(std::initializer_list<std::initializer_list<double>> rows) {
  const Tensor x = f64(rows);
  return x.view({1, x.size(0), x.size(1)});
}

void add_max_pool2d(Table& t) {
  Row& row = t.add("max_pool2d", [](auto& x) { return max_pool2d(x[0], 2); });
  row.covers({"max_pool2d", "max_pool2d_with_indices"})
      .on({{{2, 2, 4, 6}, distinct()}})
      .on({{{1, 1, 5, 5}, distinct()}}, [](auto& x) { return max_pool2d(x[0], 3, {.stride = 2, .padding = 1}); })
      .on({{{1, 1, 5, 5}, distinct()}}, [](auto& x) { return max_pool2d(x[0], 2, {.stride = 1, .dilation = 2}); })
      .on({{{2, 5, 7}, distinct()}},
          [](auto& x) {
            return max_pool2d(x[0], {2, 3}, {.stride = {3, 2}, .padding = {1, 0}, .ceil_mode = true});
          })
      .on({{{1, 1, 4, 4}, distinct()}},
          [](auto& x) { return max_pool2d_with_indices(x[0], 3, {.stride = 1, .padding = 1}); })
      .on({{{1, 2, 5, 7}, distinct()}})  // a row and a column are left over
      .on({{{0, 2, 4, 4}, distinct()}})
      .on({{{2, 0, 4, 4}, distinct()}})
      .on(
          {{3, 8, 28, 28}}, [](auto& x) { return max_pool2d(x[0], 2); }, Size::medium)
      .on(
          {{3, 8, 15, 17}}, [](auto& x) { return max_pool2d(x[0], 3, {.stride = 2, .padding = 1}); }, Size::medium)
      .on(
          {{32, 16, 28, 28}}, [](auto& x) { return max_pool2d(x[0], 2); }, Size::large);
  row.example("the first of equal elements", {image({{1, 1}, {1, 1}})}, {image({{1}})}, {image({{1, 0}, {0, 0}})})
      .example("NaN wins", {image({{1, NAN, 3, 4}, {NAN, 2, -kInf, kInf}})}, {image({{NAN, kInf}})},
               {image({{0, 0, 0, 0}, {1, 0, 0, 1}})})
      .example("minus infinity", {image({{-kInf, -kInf}, {-kInf, -kInf}})}, {image({{-kInf}})},
               {image({{1, 0}, {0, 0}})})
      .bad(Wrong::value, "padding 2 exceeds half of kernel 2",
           [] {
             max_pool2d(leaf({1, 1, 4, 4}), 2, {.padding = 2});
           })
      .bad(Wrong::value, "stride must be positive, got 0",
           [] {
             max_pool2d(leaf({1, 1, 4, 4}), 2, {.stride = 0});
           })
      .bad(Wrong::value, "kernel_size must be positive, got 0",
           [] {
             max_pool2d(leaf({1, 1, 4, 4}), {2, 0});
           })
      .bad(Wrong::value, "dilation must be positive, got 0",
           [] {
             max_pool2d(leaf({1, 1, 4, 4}), 2, {.dilation = 0});
           })
      .bad(Wrong::value, "padding must be >= 0, got -1",
           [] {
             max_pool2d(leaf({1, 1, 4, 4}), 2, {.padding = -1});
           })
      .bad(Wrong::shape, "kernel 5 exceeds padded input 4",
           [] {
             max_pool2d(leaf({1, 1, 4, 4}), 5);
           })
      .bad(Wrong::shape, "kernel 3 (dilation 2: 5) exceeds padded input 4",
           [] {
             max_pool2d(leaf({1, 1, 4, 4}), 3, {.dilation = 2});
           })
      .bad(Wrong::shape, "input must be (N, C, H, W) or (C, H, W), got (4, 4)",
           [] {
             max_pool2d(leaf({4, 4}), 2);
           })
      .bad(Wrong::shape, "dimension 2 is empty", [] {
        max_pool2d(leaf({1, 1, 0, 4}), 2);
      });
}

void add_other_max_pools(Table& t) {
  t.add("max_pool1d", [](auto& x) { return max_pool1d(x[0], 3, {.stride = 2}); })
      .covers({"max_pool1d", "max_pool1d_with_indices"})
      .on({{{2, 2, 6}, distinct()}})
      .on({{{3, 7}, distinct()}},
          [](auto& x) { return max_pool1d_with_indices(x[0], 3, {.padding = 1, .ceil_mode = true}); })
      .bad(Wrong::shape, "input must be (N, C, L) or (C, L), got ()", [] { max_pool1d(leaf({}), 2); });
  t.add("max_pool3d", [](auto& x) { return max_pool3d(x[0], 2); })
      .covers({"max_pool3d", "max_pool3d_with_indices"})
      .on({{{1, 2, 4, 2, 4}, distinct()}})
      .on({{{2, 3, 3, 4}, distinct()}}, [](auto& x) {
        return max_pool3d_with_indices(x[0], {2, 2, 3}, {.stride = {1, 2, 1}, .padding = {1, 1, 0}});
      });
  t.add("adaptive_max_pool1d", [](auto& x) { return adaptive_max_pool1d(x[0], 3); })
      .covers({"adaptive_max_pool1d", "adaptive_max_pool1d_with_indices"})
      .on({{{2, 2, 7}, distinct()}})
      .on({{{2, 4}, distinct()}}, [](auto& x) { return adaptive_max_pool1d_with_indices(x[0], 1); });
  t.add("adaptive_max_pool2d",
        [](auto& x) {
          return adaptive_max_pool2d(x[0], {2, 3});
        })
      .covers({"adaptive_max_pool2d", "adaptive_max_pool2d_with_indices"})
      .on({{{1, 2, 5, 4}, distinct()}})
      .on({{{2, 5, 4}, distinct()}},
          [](auto& x) {
            return adaptive_max_pool2d_with_indices(x[0], {kKeepSize, 7});
          })
      .on({{5, 8, 17, 19}}, Size::medium)
      .bad(Wrong::value, "output_size must be >= 0, got -2", [] {
        adaptive_max_pool2d(leaf({1, 1, 4, 4}), {2, -2});
      });
  t.add("adaptive_max_pool3d",
        [](auto& x) {
          return adaptive_max_pool3d(x[0], {2, 1, 2});
        })
      .covers({"adaptive_max_pool3d", "adaptive_max_pool3d_with_indices"})
      .on({{{1, 2, 3, 2, 3}, distinct()}})
      .on({{{1, 3, 2, 3}, distinct()}}, [](auto& x) { return adaptive_max_pool3d_with_indices(x[0], 2); });
}

void add_average_pools(Table& t) {
  t.add("avg_pool1d", [](auto& x) { return avg_pool1d(x[0], 3, {.stride = 2, .padding = 1}); })
      .on({{1, 2, 5}})
      .on({{2, 9}}, [](auto& x) {
        return avg_pool1d(x[0], 3, {.stride = 2, .padding = 1, .ceil_mode = true, .count_include_pad = false});
      });
  t.add("avg_pool2d", [](auto& x) { return avg_pool2d(x[0], 3, {.stride = 2, .padding = 1}); })
      .on({{1, 2, 4, 4}})
      .on({{2, 5, 4}}, [](auto& x) { return avg_pool2d(x[0], 2, {.ceil_mode = true}); })
      .on({{1, 1, 4, 4}}, [](auto& x) { return avg_pool2d(x[0], 2, {.divisor_override = -3}); })
      .on({{1, 1, 5, 4}},
          [](auto& x) {
            return avg_pool2d(x[0], {3, 2},
                              {.stride = {3, 1}, .padding = {1, 0}, .ceil_mode = true, .count_include_pad = false});
          })
      .on({{1, 1, 5, 6}}, [](auto& x) { return avg_pool2d(x[0], 4, {.stride = 3, .padding = 2, .ceil_mode = true}); })
      .on({{0, 2, 4, 4}})
      .on(
          {{3, 8, 28, 28}}, [](auto& x) { return avg_pool2d(x[0], 2); }, Size::medium)
      .on({{32, 16, 28, 28}}, Size::large)
      .bad(Wrong::value, "divisor_override must not be 0",
           [] {
             avg_pool2d(leaf({1, 1, 4, 4}), 2, {.divisor_override = 0});
           })
      .bad(Wrong::value, "padding 2 exceeds half of kernel 3",
           [] {
             avg_pool2d(leaf({1, 1, 4, 4}), 3, {.padding = 2});
           })
      .bad(Wrong::shape, "kernel 5 exceeds padded input 4", [] {
        avg_pool2d(leaf({1, 1, 4, 4}), 5);
      });
  t.add("avg_pool3d", [](auto& x) { return avg_pool3d(x[0], 2); })
      .on({{1, 1, 2, 4, 2}})
      .on({{1, 3, 3, 3}}, [](auto& x) {
        return avg_pool3d(x[0], {2, 1, 3}, {.stride = 1, .padding = {1, 0, 1}});
      });
  t.add("adaptive_avg_pool1d", [](auto& x) { return adaptive_avg_pool1d(x[0], 3); }).on({{1, 2, 7}});
  t.add("adaptive_avg_pool2d",
        [](auto& x) {
          return adaptive_avg_pool2d(x[0], {3, 4});
        })
      .on({{1, 2, 5, 7}})
      .on({{1, 2, 2, 3}})  // more outputs than inputs
      .on({{2, 5, 3}},
          [](auto& x) {
            return adaptive_avg_pool2d(x[0], {1, kKeepSize});
          })
      .on({{2, 5, 3}}, [](auto& x) { return adaptive_avg_pool2d(x[0], 0); })
      .on({{5, 8, 17, 19}}, Size::medium)
      .bad(Wrong::shape, "input must be (N, C, H, W) or (C, H, W), got (2)", [] { adaptive_avg_pool2d(leaf({2}), 1); });
  t.add("adaptive_avg_pool3d", [](auto& x) { return adaptive_avg_pool3d(x[0], {1, 2, 2}); }).on({{1, 2, 2, 3, 4}});
}

void add_unpooling(Table& t) {
  t.add("max_unpool1d", [](auto& x) {
     return max_unpool1d(x[0], x[1], 5);
   }).on({{2, 2}, {{2, 2}, indices({0, 3, 4, 1})}});
  t.add("max_unpool2d",
        [](auto& x) {
          return max_unpool2d(x[0], x[1], {3, 4});
        })
      .on({{1, 2, 2, 2}, {{1, 2, 2, 2}, indices({0, 3, 8, 11, 5, 6, 1, 2})}})
      .bad(Wrong::index, "index 12 out of range for 12 elements",
           [] {
             max_unpool2d(leaf({1, 1, 1}), tensor(12).view({1, 1, 1}), {3, 4});
           })
      .bad(Wrong::shape, "shapes (1, 1, 1) and (1, 2, 1) differ",
           [] {
             max_unpool2d(leaf({1, 1, 1}), zeros({1, 2, 1}, {kInt64}), {3, 4});
           })
      .bad(Wrong::dtype, "float64", [] {
        max_unpool2d(leaf({1, 1, 1}), leaf({1, 1, 1}), {3, 4});
      });
  t.add("max_unpool3d", [](auto& x) {
     return max_unpool3d(x[0], x[1], 2);
   }).on({{1, 1, 1, 2}, {{1, 1, 1, 2}, indices({7, 2})}});
}

void add_power_pools(Table& t) {
  t.add("where", [](auto& x) { return lp_pool1d(x[0], 2, 3, {.stride = 2}); })
      .covers({"lp_pool1d"})
      .on({{{1, 2, 7}, positive()}})
      .on({{{1, 2, 6}, positive()}}, [](auto& x) { return lp_pool1d(x[0], 3, 4, {.ceil_mode = true}); });
  t.add("where", [](auto& x) { return lp_pool1d(x[0], 2, 2); })
      .covers({"lp_pool1d"})
      .on({{{1, 1, 4}, positive()}})
      .example("5 = |(3, 4)|; no slope at 0", {tensor({{{3., 4., 0., 0.}}}, {kFloat64})},
               {tensor({{{5., 0.}}}, {kFloat64})}, {tensor({{{0.6, 0.8, 0., 0.}}}, {kFloat64})});
  t.add("where", [](auto& x) { return lp_pool2d(x[0], 2, 2); })
      .covers({"lp_pool2d"})
      .on({{{1, 2, 4, 5}, positive()}})
      .on({{{2, 3, 3}, positive()}},
          [](auto& x) {
            return lp_pool2d(x[0], 1.5, {2, 1}, {.stride = 1});
          })
      .bad(Wrong::value, "norm_type must be positive and finite, got 0",
           [] {
             lp_pool2d(leaf({1, 1, 4, 4}), 0, 2);
           })
      .bad(Wrong::value, "got inf", [] {
        lp_pool2d(leaf({1, 1, 4, 4}), INFINITY, 2);
      });
  t.add("where", [](auto& x) { return lp_pool3d(x[0], 2, 2); })
      .covers({"lp_pool3d"})
      .on({{{1, 1, 2, 4, 2}, positive()}});
}

// Windows of 3 at 0, 2 and 4 of 7, for samples in the middle; of 2 at 0, 1 and 3 of 5.
Tensor samples(std::int64_t images, std::int64_t channels, std::int64_t n, const Tensor& like) {
  return full({images, channels, n}, 0.5, {.dtype = like.dtype()});
}

void add_fractional_pools(Table& t) {
  t.add("reshape",
        [](auto& x) {
          return fractional_max_pool2d(x[0], {2, 3},
                                       {.output_size = Extents<2>(3), .random_samples = samples(2, 2, 2, x[0])});
        })
      .covers({"fractional_max_pool2d", "fractional_max_pool2d_with_indices"})
      .on({{{2, 2, 5, 7}, distinct()}})
      .on({{{2, 5, 7}, distinct()}},
          [](auto& x) {
            return fractional_max_pool2d_with_indices(
                x[0], 2, {.output_ratio = {0.6, 0.5}, .random_samples = samples(1, 2, 2, x[0])});
          })
      .on({{{0, 2, 5, 7}, distinct()}},
          [](auto& x) {
            return fractional_max_pool2d(x[0], 2,
                                         {.output_size = Extents<2>(1, 2), .random_samples = samples(0, 2, 2, x[0])});
          })
      .bad(Wrong::value, "needs either output_size or output_ratio",
           [] {
             fractional_max_pool2d(leaf({1, 1, 4, 4}), 2, {});
           })
      .bad(Wrong::value, "output_ratio must be between 0 and 1, got 1",
           [] {
             fractional_max_pool2d(leaf({1, 1, 4, 4}), 2, {.output_ratio = {1}});
           })
      .bad(Wrong::value, "sizes must be positive",
           [] {
             fractional_max_pool2d(leaf({1, 1, 4, 4}), 0, {.output_ratio = {0.5}});
           })
      .bad(Wrong::shape, "4 windows of 2 elements do not fit into 4",
           [] {
             fractional_max_pool2d(leaf({1, 1, 4, 4}), 2, {.output_size = Extents<2>(4)});
           })
      .bad(Wrong::shape, "random_samples must have shape (1, 1, 2)",
           [] {
             fractional_max_pool2d(leaf({1, 1, 4, 4}), 2,
                                   {.output_size = Extents<2>(2), .random_samples = leaf({1, 2})});
           })
      .bad(Wrong::shape, "input must be (N, C, H, W) or (C, H, W)", [] {
        fractional_max_pool2d(leaf({4, 4}), 2, {.output_size = Extents<2>(2)});
      });
  t.add("reshape",
        [](auto& x) {
          return fractional_max_pool3d(x[0], 2,
                                       {.output_size = Extents<3>(1, 2, 2), .random_samples = samples(1, 2, 3, x[0])});
        })
      .covers({"fractional_max_pool3d", "fractional_max_pool3d_with_indices"})
      .on({{{1, 2, 2, 3, 4}, distinct()}})
      .on({{{2, 2, 3, 4}, distinct()}},
          [](auto& x) {
            return fractional_max_pool3d_with_indices(
                x[0], 2, {.output_size = Extents<3>(1, 2, 3), .random_samples = samples(1, 2, 3, x[0])});
          })
      .bad(Wrong::value, "got 2 ratios for 3 spatial dimensions", [] {
        fractional_max_pool3d(leaf({1, 1, 4, 4, 4}), 2, {.output_ratio = {0.5, 0.5}});
      });
}

}  // namespace

void add_pool(Table& t) {
  add_max_pool2d(t);
  add_other_max_pools(t);
  add_average_pools(t);
  add_unpooling(t);
  add_power_pools(t);
  add_fractional_pools(t);
}

}  // namespace xgrad::test
