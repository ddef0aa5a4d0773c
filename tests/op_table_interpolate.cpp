// Rows of <xgrad/ops/interpolate.hpp>.
#include "op_table.hpp"

namespace xgrad::test {
namespace {

using Sizes = std::vector<std::int64_t>;

void add_resampling(Table& t) {
  using I = Interpolation;
  Row& row = t.add("interpolate", [](auto& x) { return interpolate(x[0], {.scale_factor = {2}}); });
  const auto sized = [&](const Shape& s, const Sizes& size, I mode, bool corners = false) {
    row.on({{s}}, [=](auto& x) { return interpolate(x[0], {.size = size, .mode = mode, .align_corners = corners}); });
  };
  const auto scaled = [&](const Shape& s, const std::vector<double>& f, I mode, bool corners = false) {
    row.on({{s}},
           [=](auto& x) { return interpolate(x[0], {.scale_factor = f, .mode = mode, .align_corners = corners}); });
  };
  for (const I mode : {I::nearest, I::nearest_exact, I::area}) {
    sized({1, 2, 3}, {5}, mode);
    sized({1, 1, 3, 4}, {5, 2}, mode);
    sized({1, 1, 2, 2, 3}, {3, 1, 4}, mode);
    scaled({2, 1, 3, 2}, {1.7, 2}, mode);
    scaled({0, 1, 3}, {2}, mode);
  }
  for (const bool corners : {false, true}) {
    sized({1, 2, 3}, {5}, I::linear, corners);
    sized({1, 2, 3, 4}, {5, 2}, I::bilinear, corners);
    sized({1, 1, 3, 4}, {1, 7}, I::bilinear, corners);
    sized({1, 1, 3, 4}, {5, 2}, I::bicubic, corners);
    sized({1, 1, 2, 3, 2}, {3, 2, 4}, I::trilinear, corners);
    scaled({1, 1, 4, 5}, {0.6}, I::bilinear, corners);
  }
  for (const I mode : {I::bilinear, I::bicubic})
    for (const Sizes& size : {Sizes{2, 3}, Sizes{7, 2}, Sizes{1, 1}}) {
      row.on({{1, 2, 5, 6}},
             [=](auto& x) { return interpolate(x[0], {.size = size, .mode = mode, .antialias = true}); });
      row.on({{1, 1, 5, 6}}, [=](auto& x) {
        return interpolate(x[0], {.size = size, .mode = mode, .align_corners = true, .antialias = true});
      });
    }
  row.on(
         {{{4, 9, 40, 41}}}, [](auto& x) { return interpolate(x[0], {.scale_factor = {2}, .mode = I::bilinear}); },
         Size::large)
      .example("nearest", {f64({1, 2}).reshape({1, 1, 2})}, {f64({1, 1, 2, 2}).reshape({1, 1, 4})},
               {f64({2, 2}).reshape({1, 1, 2})});
  row.bad(Wrong::value, "needs either size or scale_factor",
          [] {
            interpolate(leaf({1, 1, 3}), {});
          })
      .bad(Wrong::value, "needs either size or scale_factor",
           [] {
             interpolate(leaf({1, 1, 3}), {.size = {2}, .scale_factor = {2}});
           })
      .bad(Wrong::value, "got 2 sizes for 3 spatial dimensions",
           [] {
             interpolate(leaf({1, 1, 3, 3, 3}), {.size = {2, 2}});
           })
      .bad(Wrong::value, "sizes must be positive, got -1 from 3 in dim 2",
           [] {
             interpolate(leaf({1, 1, 3}), {.size = {-1}});
           })
      .bad(Wrong::value, "scale_factor must be positive",
           [] {
             interpolate(leaf({1, 1, 3}), {.scale_factor = {-1}});
           })
      .bad(Wrong::value, "align_corners needs a linear or cubic mode",
           [] {
             interpolate(leaf({1, 1, 3}), {.size = {2}, .align_corners = true});
           })
      .bad(Wrong::value, "antialias needs the mode bilinear or bicubic",
           [] {
             interpolate(leaf({1, 1, 3, 3}), {.size = {2}, .antialias = true});
           })
      .bad(Wrong::shape, "(N, C) and 2 spatial dimensions, got (1, 1, 3)",
           [] {
             interpolate(leaf({1, 1, 3}), {.size = {2}, .mode = Interpolation::bilinear});
           })
      .bad(Wrong::shape, "1 to 3 spatial dimensions", [] {
        interpolate(leaf({1, 3}), {.size = {2}});
      });
}

}  // namespace

void add_interpolate(Table& t) { add_resampling(t); }

}  // namespace xgrad::test
