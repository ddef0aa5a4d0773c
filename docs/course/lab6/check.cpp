// Checks conv.hpp, your convolution.

#include <conv.hpp>

#include <xgrad/ops.hpp>

#include "checker.hpp"
#include "graphs.hpp"

template <class A>
concept Convolves = requires(A a) {
  { conv_forward(a, a, a, 1, 0) } -> course::Is<A>;
  { conv_grad_x(a, a, a, 1, 0) } -> course::Is<A>;
  { conv_grad_w(a, a, a, 1, 0) } -> course::Is<A>;
  { conv_grad_b(a) } -> course::Is<A>;
};
static_assert(Convolves<Array>,
              "lab 6: conv_forward, conv_grad_x, conv_grad_w or conv_grad_b is missing in conv.hpp, or is another");

namespace {

using Sizes = std::vector<std::int64_t>;
using xgrad::Tensor;

// One name for your function and xgrad's. It is always written with both_ways::, so that functions of your own may have
// the same names.
namespace both_ways {
Var convolved(const Var& x, const Var& w, const Var& b, int stride, int padding) {
  return conv2d(x, w, b, stride, padding);
}
// The sums without a bias, by for_each_product() alone.
Array products(const Array& x, const Array& w, int stride, int padding) {
  Array y({x.shape[0], w.shape[0], places(x.shape[2], w.shape[2], stride, padding),
           places(x.shape[3], w.shape[3], stride, padding)},
          0);
  for_each_product(y.shape, x.shape, w.shape, stride, padding,
                   [&](int n, int o, int c, int i, int j, int u, int v, int row, int column) {
                     at(y, n, o, i, j) += at(w, o, c, u, v) * at(x, n, c, row, column);
                   });
  return y;
}
Tensor products(const Tensor& x, const Tensor& w, int stride, int padding) {
  return conv2d(x, w, Tensor(), {.stride = stride, .padding = padding});
}

// Zeros in as many rows as there are places.
Array rows(const Array& x, int kernel, int stride, int padding) {
  return Array({places(x.shape[0], kernel, stride, padding)}, 0);
}
Tensor rows(const Tensor& x, int kernel, int stride, int padding) {
  const Tensor w = xgrad::ones({1, 1, kernel}, {xgrad::kFloat64});
  return conv1d(x.reshape({1, 1, -1}), w, Tensor(), {.stride = stride, .padding = padding}).reshape({-1}) * 0;
}
Tensor convolved(const Tensor& x, const Tensor& w, const Tensor& b, int stride, int padding) {
  return conv2d(x, w, b, {.stride = stride, .padding = padding});
}
}  // namespace both_ways

course::Check number_of_places(const std::string& formula, std::int64_t n, int kernel, int stride, int padding) {
  return course::both<course::Arrays>(
      {.title = "places", .formula = formula, .function = "places", .backward = false},
      [=](auto& e) { return e.name("y", both_ways::rows(e.leaf("x", course::some({n})), kernel, stride, padding)); });
}

course::Check all_products(const std::string& formula, const Sizes& x, const Sizes& w, int stride, int padding) {
  return course::both<course::Arrays>(
      {.title = "the products", .formula = formula, .function = "for_each_product", .backward = false}, [=](auto& e) {
        auto input = e.leaf("x", course::some(x)), kernel = e.leaf("w", course::some(w, 3));
        return e.name("y", both_ways::products(input, kernel, stride, padding));
      });
}

course::Check convolution(const std::string& title, const std::string& formula, const Sizes& x, const Sizes& w,
                          int stride, int padding) {
  course::Check c{.title = title, .formula = formula, .function = "conv_forward"};
  c.gradient_by = {{"x", "conv_grad_x"}, {"w", "conv_grad_w"}, {"b", "conv_grad_b"}};
  return course::both<course::Graphs>(c, [=](auto& e) {
    auto input = e.leaf("x", course::some(x)), kernel = e.leaf("w", course::some(w, 3));
    auto bias = e.leaf("b", course::some({w[0]}, 8));
    auto y = e.name("y", both_ways::convolved(input, kernel, bias, stride, padding));
    return e.name("L", sum(mul(y, y)));
  });
}

const course::Lab checked_lab{
    6,
    "a convolution",
    "conv.hpp",
    {
        number_of_places("6 pixels, kernel 3", 6, 3, 1, 0),
        number_of_places("5 pixels, kernel 2, stride 2: rounded down", 5, 2, 2, 0),
        number_of_places("5 pixels, kernel 3, padding 1", 5, 3, 1, 1),
        number_of_places("7 pixels, kernel 3, stride 3, padding 1: rounded down once", 7, 3, 3, 1),
        all_products("3×3, kernel 2×2", {1, 1, 3, 3}, {1, 1, 2, 2}, 1, 0),
        all_products("2 pictures, 2 channels in, 3 out, stride 2, padding 1", {2, 2, 6, 5}, {3, 2, 3, 2}, 2, 1),
        convolution("one picture", "3×3, kernel 2×2", {1, 1, 3, 3}, {1, 1, 2, 2}, 1, 0),
        convolution("another kernel", "3×4, kernel 1×3", {1, 1, 3, 4}, {1, 1, 1, 3}, 1, 0),
        convolution("padding", "2×2, kernel 3×3, padding 1", {1, 1, 2, 2}, {1, 1, 3, 3}, 1, 1),
        convolution("stride", "4×4, kernel 2×2, stride 2", {1, 1, 4, 4}, {1, 1, 2, 2}, 2, 0),
        convolution("channels", "2 channels in, 3 out", {1, 2, 3, 3}, {3, 2, 2, 2}, 1, 0),
        convolution("a batch", "3 pictures", {3, 1, 3, 3}, {2, 1, 2, 2}, 1, 0),
        convolution("all of it", "2 pictures, 2 channels in, 3 out, stride 2, padding 1", {2, 2, 6, 5}, {3, 2, 3, 2}, 2,
                    1),
    }};

}  // namespace

int main(int argc, char** argv) { return course::run(checked_lab, argc, argv); }
