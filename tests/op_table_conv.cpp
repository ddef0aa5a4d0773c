// Rows of <xgrad/ops/conv.hpp>.
#include "op_table.hpp"

namespace xgrad::test {
namespace {

template <int N>
using Convolve = Tensor (*)(const Tensor&, const Tensor&, const Tensor&, const ConvOptions<N>&, Location);
template <int N>
using Transpose = Tensor (*)(const Tensor&, const Tensor&, const Tensor&, const ConvTransposeOptions<N>&, Location);

// Adds a sample of input, weight and, if its shape is not empty, bias.
template <class F, class Options>
void sample(Row& row, F f, const Shape& x, const Shape& w, const Shape& b, const Options& o, Size size = Size::small) {
  const Location here = Location::current();
  if (b.empty())
    row.on(
        {x, w}, [=](auto& t) { return f(t[0], t[1], Tensor(), o, here); }, size);
  else
    row.on(
        {x, w, Arg(b, optional(uniform(-2, 2)))}, [=](auto& t) { return f(t[0], t[1], t.at(2), o, here); }, size);
}

void add_conv1d(Table& t) {
  using O = ConvOptions<1>;
  Row& row = t.add("conv1d");
  sample(row, &conv1d, {2, 3, 6}, {4, 3, 3}, {4}, O{});
  sample(row, &conv1d, {2, 3, 6}, {4, 3, 3}, {}, O{.stride = 2, .padding = 1});
  sample(row, &conv1d, {4, 7}, {6, 2, 2}, {6}, O{.padding = 1, .dilation = 3, .groups = 2});
  sample(row, &conv1d, {1, 2, 5}, {2, 2, 4}, {2}, O{.padding = "same"});
  sample(row, &conv1d, {0, 2, 5}, {3, 2, 2}, {3}, O{});
  sample(row, &conv1d, {3, 8, 40}, {9, 8, 5}, {9}, O{.padding = 2}, Size::medium);
  row.bad(Wrong::shape, "input must be (N, C, L) or (C, L), got (3)", [] { conv1d(leaf({3}), leaf({1, 1, 1})); });
}

void add_conv2d_refusals(Row& row) {
  row.bad(Wrong::shape, "expected 4 input channels, got 3",
          [] {
            conv2d(leaf({1, 3, 4, 4}), leaf({2, 4, 3, 3}));
          })
      .bad(Wrong::shape, "kernel 3 exceeds padded input 2",
           [] {
             conv2d(leaf({1, 1, 2, 2}), leaf({1, 1, 3, 3}));
           })
      .bad(Wrong::shape, "kernel 2 (dilation 4: 5) exceeds padded input 4",
           [] {
             conv2d(leaf({1, 1, 2, 4}), leaf({1, 1, 1, 2}), {}, {.dilation = {1, 4}});
           })
      .bad(Wrong::value, "stride must be positive, got 0",
           [] {
             conv2d(leaf({1, 1, 4, 4}), leaf({1, 1, 2, 2}), {}, {.stride = 0});
           })
      .bad(Wrong::value, "dilation must be positive, got -1",
           [] {
             conv2d(leaf({1, 1, 4, 4}), leaf({1, 1, 2, 2}), {}, {.dilation = {1, -1}});
           })
      .bad(Wrong::value, "padding must be >= 0, got -1",
           [] {
             conv2d(leaf({1, 1, 4, 4}), leaf({1, 1, 2, 2}), {}, {.padding = -1});
           })
      .bad(Wrong::value, "groups must be positive, got 0",
           [] {
             conv2d(leaf({1, 1, 4, 4}), leaf({1, 1, 2, 2}), {}, {.groups = 0});
           })
      .bad(Wrong::shape, "3 channels not divisible by groups 2",
           [] {
             conv2d(leaf({1, 3, 4, 4}), leaf({2, 1, 3, 3}), {}, {.groups = 2});
           })
      .bad(Wrong::shape, "output: 3 channels not divisible by groups 2",
           [] {
             conv2d(leaf({1, 2, 4, 4}), leaf({3, 1, 3, 3}), {}, {.groups = 2});
           })
      .bad(Wrong::shape, "bias must be (2), got (3)",
           [] {
             conv2d(leaf({1, 1, 4, 4}), leaf({2, 1, 3, 3}), leaf({3}));
           })
      .bad(Wrong::shape, "weight must be (out, in / groups, kH, kW), got (1, 1, 2)",
           [] {
             conv2d(leaf({1, 1, 4, 4}), leaf({1, 1, 2}));
           })
      .bad(Wrong::shape, "input must be (N, C, H, W) or (C, H, W), got (4, 4)",
           [] {
             conv2d(leaf({4, 4}), leaf({1, 1, 2, 2}));
           })
      .bad(Wrong::shape, "kernel sizes must be positive, got 0",
           [] {
             conv2d(leaf({1, 1, 4, 4}), leaf({1, 1, 0, 2}));
           })
      .bad(Wrong::shape, "exceeds padded input 0",
           [] {
             conv2d(leaf({1, 1, 0, 4}), leaf({1, 1, 1, 1}));
           })
      .bad(Wrong::value, "padding \"same\" needs stride 1, got 2",
           [] {
             conv2d(leaf({1, 1, 4, 4}), leaf({1, 1, 2, 2}), {}, {.stride = 2, .padding = "same"});
           })
      .bad(Wrong::dtype, "dtypes differ (float64 and float32)", [] {
        conv2d(leaf({1, 1, 4, 4}), leaf({1, 1, 2, 2}, kFloat32));
      });
}

void add_conv2d(Table& t) {
  using O = ConvOptions<2>;
  Row& row = t.add("conv2d");
  sample(row, &conv2d, {2, 3, 4, 5}, {2, 3, 3, 2}, {2}, O{});
  sample(row, &conv2d, {2, 2, 4, 4}, {3, 2, 3, 3}, {}, O{.padding = 1});
  sample(row, &conv2d, {1, 2, 5, 6}, {4, 2, 3, 2}, {4}, O{.stride = {2, 3}, .padding = {1, 2}});
  sample(row, &conv2d, {1, 4, 5, 5}, {4, 2, 2, 2}, {4}, O{.padding = "valid", .dilation = {2, 1}, .groups = 2});
  sample(row, &conv2d, {3, 4, 4}, {6, 1, 3, 3}, {6}, O{.stride = 2, .padding = 1, .groups = 3});  // depthwise
  sample(row, &conv2d, {1, 1, 5, 5}, {2, 1, 2, 2}, {2}, O{.stride = 3});
  sample(row, &conv2d, {2, 3, 3, 4}, {4, 3, 1, 1}, {4}, O{});  // one tap
  sample(row, &conv2d, {2, 3, 4, 4}, {4, 3, 1, 1}, {4}, O{.stride = 2});
  sample(row, &conv2d, {1, 2, 4, 5}, {2, 2, 2, 4}, {2}, O{.padding = "same", .dilation = {1, 2}});
  sample(row, &conv2d, {1, 1, 2, 2}, {1, 1, 2, 2}, {1}, O{.padding = 3});  // windows of padding only
  sample(row, &conv2d, {0, 2, 4, 4}, {3, 2, 2, 2}, {3}, O{});
  sample(row, &conv2d, {2, 0, 4, 4}, {3, 0, 2, 2}, {3}, O{});
  sample(row, &conv2d, {1, 2, 4, 4}, {0, 2, 2, 2}, {}, O{});
  sample(row, &conv2d, {5, 3, 12, 13}, {16, 3, 5, 5}, {16}, O{.padding = 2}, Size::medium);
  sample(row, &conv2d, {5, 1, 14, 14}, {6, 1, 5, 5}, {6}, O{}, Size::medium);
  sample(row, &conv2d, {3, 8, 9, 9}, {12, 4, 3, 3}, {12}, O{.stride = 2, .padding = 1, .groups = 2}, Size::medium);
  sample(row, &conv2d, {3, 8, 9, 9}, {8, 1, 3, 3}, {8}, O{.padding = 1, .groups = 8}, Size::medium);
  sample(row, &conv2d, {2, 6, 11, 10}, {8, 6, 3, 4}, {8}, O{.padding = "same", .dilation = {2, 1}}, Size::medium);
  sample(row, &conv2d, {19, 8, 20, 20}, {16, 8, 3, 3}, {16}, O{.padding = 1}, Size::large);
  sample(row, &conv2d, {19, 1, 28, 28}, {6, 1, 5, 5}, {6}, O{}, Size::large);
  row.tolerance32(1e-4, 1e-4);
  add_conv2d_refusals(row);
}

void add_conv3d(Table& t) {
  using O = ConvOptions<3>;
  Row& row = t.add("conv3d");
  sample(row, &conv3d, {1, 2, 3, 3, 4}, {2, 1, 2, 2, 2}, {2}, O{.stride = 2, .padding = 1, .groups = 2});
  sample(row, &conv3d, {2, 3, 3, 3}, {2, 2, 2, 2, 1}, {2}, O{.stride = {1, 2, 1}, .padding = {0, 1, 0}});
  sample(row, &conv3d, {2, 4, 6, 7, 8}, {8, 4, 3, 3, 3}, {8}, O{.padding = 1}, Size::medium);
}

void add_transposed(Table& t) {
  using O1 = ConvTransposeOptions<1>;
  using O2 = ConvTransposeOptions<2>;
  using O3 = ConvTransposeOptions<3>;
  Row& one = t.add("conv_transpose1d");
  sample(one, &conv_transpose1d, {1, 2, 3}, {2, 3, 3}, {3}, O1{.stride = 2, .padding = 1, .output_padding = 1});
  sample(one, &conv_transpose1d, {2, 4}, {2, 1, 2}, {}, O1{.dilation = 2});
  Row& row = t.add("conv_transpose2d");
  sample(row, &conv_transpose2d, {1, 2, 3, 2}, {2, 2, 3, 3}, {2}, O2{.stride = 2, .padding = 1, .output_padding = 1});
  sample(row, &conv_transpose2d, {1, 4, 2, 2}, {4, 1, 2, 2}, {2}, O2{.groups = 2});
  sample(row, &conv_transpose2d, {2, 3, 2}, {2, 3, 2, 3}, {3},
         O2{.stride = {1, 2}, .output_padding = {2, 0}, .dilation = {3, 1}});
  sample(row, &conv_transpose2d, {2, 3, 3, 3}, {3, 2, 1, 1}, {2}, O2{});
  sample(row, &conv_transpose2d, {0, 3, 3, 3}, {3, 2, 2, 2}, {2}, O2{});
  sample(row, &conv_transpose2d, {1, 0, 3, 3}, {0, 2, 2, 2}, {2}, O2{});
  sample(row, &conv_transpose2d, {3, 16, 7, 7}, {16, 8, 4, 4}, {8}, O2{.stride = 2, .padding = 1}, Size::medium);
  sample(row, &conv_transpose2d, {3, 8, 7, 6}, {8, 4, 3, 3}, {8},
         O2{.stride = 2, .padding = 1, .output_padding = 1, .groups = 2}, Size::medium);
  sample(row, &conv_transpose2d, {9, 16, 12, 12}, {16, 8, 4, 4}, {8}, O2{.stride = 2, .padding = 1}, Size::large);
  row.tolerance32(1e-4, 1e-4)
      .bad(Wrong::shape, "expected 3 input channels, got 2",
           [] {
             conv_transpose2d(leaf({1, 2, 3, 3}), leaf({3, 2, 2, 2}));
           })
      .bad(Wrong::shape, "3 channels not divisible by groups 2",
           [] {
             conv_transpose2d(leaf({1, 3, 3, 3}), leaf({3, 2, 2, 2}), {}, {.groups = 2});
           })
      .bad(Wrong::shape, "bias must be (4), got (2)",
           [] {
             conv_transpose2d(leaf({1, 2, 3, 3}), leaf({2, 2, 2, 2}), leaf({2}), {.groups = 2});
           })
      .bad(Wrong::value, "output_padding 2 must be smaller than stride 2 or dilation 1",
           [] {
             conv_transpose2d(leaf({1, 2, 3, 3}), leaf({2, 2, 2, 2}), {}, {.stride = 2, .output_padding = 2});
           })
      .bad(Wrong::shape, "output size 0 is too small: padding 2 is too large",
           [] {
             conv_transpose2d(leaf({1, 2, 3, 3}), leaf({2, 2, 2, 2}), {}, {.padding = 2});
           })
      .bad(Wrong::shape, "weight must be (in, out / groups, kH, kW), got (2)", [] {
        conv_transpose2d(leaf({1, 2, 3, 3}), leaf({2}));
      });
  Row& three = t.add("conv_transpose3d");
  sample(three, &conv_transpose3d, {1, 1, 2, 2, 2}, {1, 2, 2, 2, 2}, {2}, O3{.stride = 2});
}

}  // namespace

void add_conv(Table& t) {
  add_conv1d(t);
  add_conv2d(t);
  add_conv3d(t);
  add_transposed(t);
}

}  // namespace xgrad::test
