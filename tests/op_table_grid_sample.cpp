// Rows of <xgrad/ops/grid_sample.hpp>.
#include "op_table.hpp"

namespace xgrad::test {
namespace {

using M = GridMode;
using P = GridPadding;

// Places in and around images of 3 x 4 and volumes of 2 x 3 x 2, none of them at an element or an edge, where the
// derivative jumps.
Tensor places(const Tensor& like, double shift) { return (like * 0.03 + shift).clamp(-1.9, 1.9); }

void add_sampled_reading(Table& t) {
  Row& row = t.add("grid_sample", [](auto& x) { return grid_sample(x[0], x[1]); });
  for (const M mode : {M::bilinear, M::bicubic})
    for (const P padding : {P::zeros, P::border, P::reflection})
      for (const bool corners : {false, true})
        for (const double shift : {0.1, -1.37, 1.41})
          row.on({{2, 2, 3, 4}, {2, 1, 2, 2}}, [=](auto& x) {
            return grid_sample(x[0], places(x[1], shift),
                               {.mode = mode, .padding_mode = padding, .align_corners = corners});
          });
  for (const P padding : {P::zeros, P::border, P::reflection})
    row.on({{1, 2, 2, 3, 2}, {1, 1, 2, 1, 3}},
           [=](auto& x) { return grid_sample(x[0], places(x[1], 0.1), {.padding_mode = padding}); });
  row.on({{1, 0, 3, 4}, {1, 1, 2, 2}}).on({{1, 2, 3, 4}, {1, 0, 2, 2}}).on({{0, 2, 3, 4}, {0, 1, 2, 2}});
  const Tensor image = f64({{1, 2}, {3, 4}}).reshape({1, 1, 2, 2});
  row.example("the middle, an edge, outside", {image, f64({{0, 0}, {1, 1}, {3, 0}}).reshape({1, 1, 3, 2})},
              {f64({2.5, 1, 0}).reshape({1, 1, 1, 3})});
  row.example("NaN is -1, infinity outside",
              {image, f64({{NAN, -1}, {INFINITY, 0}, {-INFINITY, 0}}).reshape({1, 1, 3, 2})},
              {f64({0.25, 0, 0}).reshape({1, 1, 1, 3})});
  row.bad(Wrong::shape, "the grid must be (1, H, W, 2)",
          [] {
            grid_sample(leaf({1, 1, 2, 2}), leaf({1, 2, 2, 3}));
          })
      .bad(Wrong::shape, "needs images (N, C, H, W) or volumes",
           [] {
             grid_sample(leaf({1, 2, 2}), leaf({1, 2, 2}));
           })
      .bad(Wrong::shape, "the input has size 0",
           [] {
             grid_sample(leaf({1, 1, 0, 2}), leaf({1, 2, 2, 2}));
           })
      .bad(Wrong::value, "bicubic is for images",
           [] {
             grid_sample(leaf({1, 1, 2, 2, 2}), leaf({1, 2, 2, 2, 3}), {.mode = M::bicubic});
           })
      .bad(Wrong::dtype, "dtype", [] {
        grid_sample(leaf({1, 1, 2, 2}), leaf({1, 2, 2, 2}, kFloat32));
      });
  Row& nearest = t.add("grid_sample", [](auto& x) { return grid_sample(x[0], x[1], {.mode = M::nearest}); });
  for (const P padding : {P::zeros, P::border, P::reflection})
    for (const bool corners : {false, true})
      nearest.on({{2, 2, 3, 4}, {2, 1, 2, 2}}, [=](auto& x) {
        return grid_sample(x[0], places(x[1], 0.9),
                           {.mode = M::nearest, .padding_mode = padding, .align_corners = corners});
      });
  nearest.example("halves go to the even element", {image, f64({{0, -0.5}, {0.4, 0.4}}).reshape({1, 1, 2, 2})},
                  {f64({1, 4}).reshape({1, 1, 1, 2})});
  nearest.bad(Wrong::shape, "the grid must be (1, H, W, 2)", [] {
    grid_sample(leaf({1, 1, 2, 2}), leaf({2, 2, 2, 2}), {.mode = M::nearest});
  });
}

void add_sampling_grids(Table& t) {
  t.add("reshape",
        [](auto& x) {
          return affine_grid(x[0], {2, 1, 3, 2});
        })
      .covers({"affine_grid"})
      .on({{2, 2, 3}})
      .on({{2, 3, 4}},
          [](auto& x) {
            return affine_grid(x[0], {2, 1, 2, 1, 3}, true);
          })
      .on({{1, 2, 3}},
          [](auto& x) {
            return affine_grid(x[0], {1, 5, 1, 1});
          })
      .example(
          "of nothing changed", {f64({1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0}).reshape({2, 2, 3})},
          {(stack({f64({{-0.5, 0.5}, {-0.5, 0.5}, {-0.5, 0.5}}), f64({{-2. / 3, -2. / 3}, {0, 0}, {2. / 3, 2. / 3}})},
                  -1))
               .expand({2, 3, 2, 2})})
      .bad(Wrong::shape, "theta must be (2, 2, 3) for size (2, 1, 3, 2)",
           [] {
             affine_grid(leaf({1, 2, 3}), {2, 1, 3, 2});
           })
      .bad(Wrong::shape, "size must be (N, C, H, W)",
           [] {
             affine_grid(leaf({1, 2, 3}), {1, 2, 2});
           })
      .bad(Wrong::value, "sizes must be positive", [] {
        affine_grid(leaf({1, 2, 3}), {1, 1, 0, 2});
      });
}

}  // namespace

void add_grid_sample(Table& t) {
  add_sampled_reading(t);
  add_sampling_grids(t);
}

}  // namespace xgrad::test
