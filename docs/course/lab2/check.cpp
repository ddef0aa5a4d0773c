// Checks array.hpp: broadcasting, and the gradients of sums and products.

#include <array.hpp>

#include <xgrad/ops.hpp>

#include "arrays.hpp"
#include "checker.hpp"

template <class A>
concept Broadcasts = requires(A a) {
  { broadcast_shape(a.shape, a.shape) } -> course::Is<decltype(a.shape)>;
  { broadcast_to(a, a.shape) } -> course::Is<A>;
  { sum_to(a, a.shape) } -> course::Is<A>;
};
template <class A>
concept Multiplies = requires(A a) {
  { matmul(a, a) } -> course::Is<A>;
  { transpose(a) } -> course::Is<A>;
};
template <class A>
concept GoesBack = requires(A a) {
  { add_backward(a, a, a).a } -> course::Is<A>;
  { mul_backward(a, a, a).a } -> course::Is<A>;
  { matmul_backward(a, a, a).a } -> course::Is<A>;
};
static_assert(Broadcasts<Array>,
              "lab 2: broadcast_shape, broadcast_to or sum_to is missing in array.hpp, or is another");
static_assert(Multiplies<Array>, "lab 2: matmul or transpose is missing in array.hpp, or is another");
static_assert(GoesBack<Array>,
              "lab 2: add_backward, mul_backward or matmul_backward is missing in array.hpp, or is another");

namespace {

using course::array;
using course::both;
using course::Check;
using course::Library;
using course::Numbers;
using course::some;
using course::Teller;
using xgrad::Tensor;

// c = f(a, b), and its gradients by d(g, a, b) with a given g.
template <class Forward, class Backward, class InXgrad>
Check of_two(Check check, const Numbers& a, const Numbers& b, Forward f, Backward d, InXgrad in_xgrad) {
  Library shape;  // of the result
  const Tensor c = in_xgrad(shape.leaf("a", a), shape.leaf("b", b));
  check.seed = some(course::numbers_of(c).shape, 5);
  check.mine = [=, g = check.seed](Teller& teller) {
    const Array x = array(a), y = array(b);
    teller.value("a", a);
    teller.value("b", b);
    const Array z = f(x, y);
    teller.value("c", course::numbers(z));
    teller.forward_ended();
    const Gradients gradients = d(array(g), x, y);
    teller.gradient("c", g);
    teller.gradient("a", course::numbers(gradients.a));
    teller.gradient("b", course::numbers(gradients.b));
    teller.backward_ended();
  };
  check.library = [=](Library& e) {
    const Tensor x = e.leaf("a", a), y = e.leaf("b", b);
    return e.name("c", in_xgrad(x, y));
  };
  return check;
}

// Your functions may be templates, or have other forms beside these.
const auto add_backwards = [](const Array& g, const Array& a, const Array& b) { return add_backward(g, a, b); };
const auto mul_backwards = [](const Array& g, const Array& a, const Array& b) { return mul_backward(g, a, b); };
const auto matmul_backwards = [](const Array& g, const Array& a, const Array& b) { return matmul_backward(g, a, b); };
Array add_arrays(const Array& a, const Array& b) { return add(a, b); }
Array mul_arrays(const Array& a, const Array& b) { return mul(a, b); }
Array matmul_arrays(const Array& a, const Array& b) { return matmul(a, b); }
Tensor add_tensors(const Tensor& a, const Tensor& b) { return add(a, b); }
Tensor mul_tensors(const Tensor& a, const Tensor& b) { return mul(a, b); }
Tensor matmul_tensors(const Tensor& a, const Tensor& b) { return matmul(a, b); }

// One name for your function and xgrad's. It is always written with both_ways::, so that functions of your own may have
// the same names.
namespace both_ways {
// Zeros of the shape that a + b has: only the shape is checked.
Array zeros_of_sum(const Array& a, const Array& b) { return Array(broadcast_shape(a.shape, b.shape), 0); }
Tensor zeros_of_sum(const Tensor& a, const Tensor& b) { return add(a, b) * 0; }
Array broadcast(const Array& a, const xgrad::Shape& shape) {
  return broadcast_to(a, ::Shape(shape.begin(), shape.end()));
}
Tensor broadcast(const Tensor& a, const xgrad::Shape& shape) { return a.expand(shape); }
Array transposed(const Array& a) { return transpose(a); }
Tensor transposed(const Tensor& a) { return a.t(); }
}  // namespace both_ways

Check shape_of_sum(const std::vector<std::int64_t>& a, const std::vector<std::int64_t>& b, const std::string& formula) {
  return both<course::Arrays>(
      {.title = "broadcast_shape", .formula = formula, .function = "broadcast_shape", .backward = false}, [=](auto& e) {
        auto x = e.leaf("a", some(a)), y = e.leaf("b", some(b));
        return e.name("c", both_ways::zeros_of_sum(x, y));
      });
}
Check refused() {
  return {.title = "shapes that do not fit",
          .formula = "(4) + (3)",
          .function = "broadcast_shape",
          .throws = "broadcast_shape({4}, {3}) must throw std::invalid_argument",
          .mine = [](Teller&) { (void)broadcast_shape(::Shape{4}, ::Shape{3}); }};
}
Check product_refused() {
  return {.title = "matmul, shapes that do not fit",
          .formula = "(2, 3) (2, 3)",
          .function = "matmul",
          .throws = "matmul of (2, 3) and (2, 3) must throw std::invalid_argument",
          .mine = [](Teller&) {
            (void)matmul(array(some({2, 3})), array(some({2, 3}, 2)));
          }};
}

// The gradient of c = broadcast(a) is the sum over what came from the same element.
Check summed(const std::vector<std::int64_t>& from, const std::vector<std::int64_t>& to, const std::string& formula) {
  const Numbers a = some(from), g = some(to, 5);
  Check check{.title = "sum_to", .formula = formula, .function = "sum_to", .seed = g};
  check.mine = [=](Teller& teller) {
    teller.value("a", a);
    teller.value("c", course::numbers(broadcast_to(array(a), ::Shape(to.begin(), to.end()))));
    teller.forward_ended();
    teller.gradient("c", g);
    teller.gradient("a", course::numbers(sum_to(array(g), array(a).shape)));
    teller.backward_ended();
  };
  check.library = [=](Library& e) {
    const Tensor x = e.leaf("a", a);
    return e.name("c", x.expand(xgrad::Shape(to)));
  };
  return check;
}

const course::Lab checked_lab{
    2,
    "arrays and broadcasting",
    "array.hpp",
    {
        shape_of_sum({2, 3}, {2, 3}, "(2, 3) + (2, 3)"),
        shape_of_sum({4, 3}, {3}, "(4, 3) + (3)"),
        shape_of_sum({4, 1}, {3}, "(4, 1) + (3)"),
        shape_of_sum({3}, {4, 3}, "(3) + (4, 3)"),
        shape_of_sum({4, 3}, {4, 1}, "(4, 3) + (4, 1)"),
        shape_of_sum({}, {2, 3}, "a number + (2, 3)"),
        refused(),
        both<course::Arrays>(
            {.title = "broadcast_to", .formula = "(3) to (2, 3)", .function = "broadcast_to", .backward = false},
            [](auto& e) {
              return e.name("c", both_ways::broadcast(e.leaf("a", some({3})), {2, 3}));
            }),
        both<course::Arrays>(
            {.title = "broadcast_to", .formula = "(2, 1) to (2, 3)", .function = "broadcast_to", .backward = false},
            [](auto& e) {
              return e.name("c", both_ways::broadcast(e.leaf("a", some({2, 1})), {2, 3}));
            }),
        summed({3}, {2, 3}, "(2, 3) to (3)"),
        summed({2, 1}, {2, 3}, "(2, 3) to (2, 1)"),
        summed({}, {2, 3}, "(2, 3) to a number"),
        both<course::Arrays>({.title = "transpose", .formula = "c = aᵀ", .function = "transpose", .backward = false},
                             [](auto& e) {
                               return e.name("c", both_ways::transposed(e.leaf("a", some({2, 3}))));
                             }),
        both<course::Arrays>(
            {.title = "matmul", .formula = "c = a b, (2, 3) (3, 4)", .function = "matmul", .backward = false},
            [](auto& e) {
              auto a = e.leaf("a", some({2, 3})), b = e.leaf("b", some({3, 4}, 2));
              return e.name("c", matmul(a, b));
            }),
        product_refused(),
        of_two({.title = "add_backward", .formula = "c = a + b", .function = "add_backward"}, some({2, 3}),
               some({2, 3}, 2), add_arrays, add_backwards, add_tensors),
        of_two({.title = "add_backward", .formula = "c = a + b, (4, 3) + (3)", .function = "add_backward"},
               some({4, 3}), some({3}, 2), add_arrays, add_backwards, add_tensors),
        of_two({.title = "mul_backward", .formula = "c = a b, element by element", .function = "mul_backward"},
               some({2, 3}), some({2, 3}, 2), mul_arrays, mul_backwards, mul_tensors),
        of_two({.title = "mul_backward", .formula = "c = a b, (4, 1) and (3)", .function = "mul_backward"},
               some({4, 1}), some({3}, 2), mul_arrays, mul_backwards, mul_tensors),
        of_two({.title = "matmul_backward", .formula = "c = a b, (2, 2) (2, 2)", .function = "matmul_backward"},
               some({2, 2}), some({2, 2}, 2), matmul_arrays, matmul_backwards, matmul_tensors),
        of_two({.title = "matmul_backward", .formula = "c = a b, (4, 3) (3, 2)", .function = "matmul_backward"},
               some({4, 3}), some({3, 2}, 2), matmul_arrays, matmul_backwards, matmul_tensors),
    }};

}  // namespace

int main(int argc, char** argv) { return course::run(checked_lab, argc, argv); }
