// Rows of <xgrad/ops/patches.hpp>.
#include "op_table.hpp"

namespace xgrad::test {
namespace {

void add_columns(Table& t) {
  const auto spread = [](auto& x) {
    return im2col(x[0], {2, 3}, {.dilation = {2, 1}, .padding = 1, .stride = {1, 2}});
  };
  t.add("im2col", [](auto& x) { return im2col(x[0], 2); })
      .on({{2, 3, 4, 5}})
      .on({{3, 4, 5}})
      .on({{0, 3, 4, 5}})
      .on({{2, 0, 4, 5}})
      .on({{2, 1, 4, 5}}, spread)
      .example("of 2 x 2", {reshape(f64({1, 2, 3, 4, 5, 6}), {1, 2, 3})}, {f64({{1, 2}, {2, 3}, {4, 5}, {5, 6}})},
               {reshape(f64({1, 2, 1, 1, 2, 1}), {1, 2, 3})})
      .bad(Wrong::shape, "exceeds the padded image",
           [] {
             (void)im2col(leaf({1, 2, 2}), 3);
           })
      .bad(Wrong::shape, "needs images of rank 4",
           [] {
             (void)im2col(leaf({2, 2}), 1);
           })
      .bad(Wrong::value, "stride must be at least 1, got 0", [] {
        (void)im2col(leaf({1, 2, 2}), 1, {.stride = 0});
      });
  const auto back = [](auto& x) {
    return col2im(x[0], {4, 5}, {2, 3}, {.dilation = {2, 1}, .padding = 1, .stride = {1, 2}});
  };
  t.add("col2im",
        [](auto& x) {
          return col2im(x[0], {3, 3}, 2);
        })
      .on({{2, 8, 4}})
      .on({{8, 4}})
      .on({{0, 8, 4}})
      .on({{2, 6, 12}}, back)
      .bad(Wrong::shape, "do not fit",
           [] {
             (void)col2im(leaf({8, 3}), {3, 3}, 2);
           })
      .bad(Wrong::value, "kernel_size must be at least 1", [] {
        (void)col2im(leaf({8, 3}), {3, 3}, 0);
      });
}

void add_shuffles(Table& t) {
  t.add("permute", [](auto& x) { return pixel_shuffle(x[0], 2); })
      .covers({"pixel_shuffle"})
      .on({{1, 8, 2, 3}})
      .on({{4, 2, 3}})
      .on({{0, 4, 2, 3}})
      .integers(Integers::same)
      .example("2", {reshape(f64({1, 2, 3, 4}), {4, 1, 1})}, {reshape(f64({1, 2, 3, 4}), {1, 2, 2})})
      .bad(Wrong::shape, "6 channels are not divisible by 2 x 2",
           [] {
             (void)pixel_shuffle(leaf({6, 1, 1}), 2);
           })
      .bad(Wrong::value, "upscale_factor must be at least 1",
           [] {
             (void)pixel_shuffle(leaf({4, 1, 1}), 0);
           })
      .bad(Wrong::shape, "needs rank 3 or more", [] {
        (void)pixel_shuffle(leaf({4, 1}), 2);
      });
  t.add("permute", [](auto& x) { return pixel_unshuffle(x[0], 2); })
      .covers({"pixel_unshuffle"})
      .on({{1, 2, 4, 6}})
      .on({{2, 2, 2}})
      .integers(Integers::same)
      .bad(Wrong::shape, "is not divisible by 2", [] {
        (void)pixel_unshuffle(leaf({1, 3, 2}), 2);
      });
  t.add("transpose", [](auto& x) { return channel_shuffle(x[0], 2); })
      .covers({"channel_shuffle"})
      .on({{1, 4, 2, 2}})
      .on({{2, 6}})
      .integers(Integers::same)
      .example("2", {f64({{1, 2, 3, 4}})}, {f64({{1, 3, 2, 4}})})
      .bad(Wrong::shape, "not divisible by 3 groups",
           [] {
             (void)channel_shuffle(leaf({1, 4}), 3);
           })
      .bad(Wrong::value, "groups must be at least 1", [] {
        (void)channel_shuffle(leaf({1, 4}), 0);
      });
}

}  // namespace

void add_patches(Table& t) {
  add_columns(t);
  add_shuffles(t);
}

}  // namespace xgrad::test
