// Checks array.hpp: broadcasting, and the gradients of sums and products.
#include <concepts>

#include <array.hpp>

#include <xgrad/ops.hpp>

#include "arrays.hpp"
#include "checker.hpp"

template <class A>
concept Broadcasts = requires(A a) {
  { broadcast_shape(a.shape, a.shape) } -> std::same_as<decltype(a.shape)>;
  { broadcast_to(a, a.shape) } -> std::same_as<A>;
  { sum_to(a, a.shape) } -> std::same_as<A>;
};
template <class A>
concept Multiplies = requires(A a) {
  { matmul(a, a) } -> std::same_as<A>;
  { transpose(a) } -> std::same_as<A>;
};
template <class A>
concept GoesBack = requires(A a) {
  { add_backward(a, a, a).a } -> std::convertible_to<A>;
  { mul_backward(a, a, a).a } -> std::convertible_to<A>;
  { matmul_backward(a, a, a).a } -> std::convertible_to<A>;
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
using course::numbers;
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
    teller.value("c", numbers(z));
    teller.forward_ended();
    const Gradients gradients = d(array(g), x, y);
    teller.gradient("c", g);
    teller.gradient("a", numbers(gradients.a));
    teller.gradient("b", numbers(gradients.b));
    teller.backward_ended();
  };
  check.library = [=](Library& e) {
    const Tensor x = e.leaf("a", a), y = e.leaf("b", b);
    return e.name("c", in_xgrad(x, y));
  };
  return check;
}

Array add_arrays(const Array& a, const Array& b) { return add(a, b); }
Array mul_arrays(const Array& a, const Array& b) { return mul(a, b); }
Array matmul_arrays(const Array& a, const Array& b) { return matmul(a, b); }
Tensor add_tensors(const Tensor& a, const Tensor& b) { return add(a, b); }
Tensor mul_tensors(const Tensor& a, const Tensor& b) { return mul(a, b); }
Tensor matmul_tensors(const Tensor& a, const Tensor& b) { return matmul(a, b); }

// Zeros of the shape that a + b has: only the shape is checked.
Array zeros_of_sum(const Array& a, const Array& b) { return Array(broadcast_shape(a.shape, b.shape), 0); }
Tensor zeros_of_sum(const Tensor& a, const Tensor& b) { return add(a, b) * 0; }
Check shape_of_sum(const std::vector<std::int64_t>& a, const std::vector<std::int64_t>& b, const std::string& formula) {
  return both<course::Arrays>(
      {.title = "broadcast_shape", .formula = formula, .function = "broadcast_shape", .backward = false}, [=](auto& e) {
        auto x = e.leaf("a", some(a)), y = e.leaf("b", some(b));
        return e.name("c", zeros_of_sum(x, y));
      });
}
Check refused() {
  return {.title = "shapes that do not fit",
          .formula = "(4) + (3)",
          .function = "broadcast_shape",
          .throws = "broadcast_shape({4}, {3}) must throw std::invalid_argument",
          .mine = [](Teller&) { broadcast_shape({4}, {3}); }};
}
Check product_refused() {
  return {.title = "matmul, shapes that do not fit",
          .formula = "(2, 3) (2, 3)",
          .function = "matmul",
          .throws = "matmul of (2, 3) and (2, 3) must throw std::invalid_argument",
          .mine = [](Teller&) {
            matmul(array(some({2, 3})), array(some({2, 3}, 2)));
          }};
}

Array broadcast(const Array& a, const xgrad::Shape& shape) {
  return broadcast_to(a, ::Shape(shape.begin(), shape.end()));
}
Tensor broadcast(const Tensor& a, const xgrad::Shape& shape) { return a.expand(shape); }
Array transposed(const Array& a) { return transpose(a); }
Tensor transposed(const Tensor& a) { return a.t(); }

// The gradient of c = broadcast(a) is the sum over what came from the same element.
Check summed(const std::vector<std::int64_t>& from, const std::vector<std::int64_t>& to, const std::string& formula) {
  const Numbers a = some(from), g = some(to, 5);
  Check check{.title = "sum_to", .formula = formula, .function = "sum_to", .seed = g};
  check.mine = [=](Teller& teller) {
    teller.value("a", a);
    teller.value("c", numbers(broadcast_to(array(a), ::Shape(to.begin(), to.end()))));
    teller.forward_ended();
    teller.gradient("c", g);
    teller.gradient("a", numbers(sum_to(array(g), array(a).shape)));
    teller.backward_ended();
  };
  check.library = [=](Library& e) {
    const Tensor x = e.leaf("a", a);
    return e.name("c", x.expand(xgrad::Shape(to)));
  };
  return check;
}

const course::Lab lab{
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
              return e.name("c", broadcast(e.leaf("a", some({3})), {2, 3}));
            }),
        both<course::Arrays>(
            {.title = "broadcast_to", .formula = "(2, 1) to (2, 3)", .function = "broadcast_to", .backward = false},
            [](auto& e) {
              return e.name("c", broadcast(e.leaf("a", some({2, 1})), {2, 3}));
            }),
        summed({3}, {2, 3}, "(2, 3) to (3)"),
        summed({2, 1}, {2, 3}, "(2, 3) to (2, 1)"),
        summed({}, {2, 3}, "(2, 3) to a number"),
        both<course::Arrays>({.title = "transpose", .formula = "c = aᵀ", .function = "transpose", .backward = false},
                             [](auto& e) {
                               return e.name("c", transposed(e.leaf("a", some({2, 3}))));
                             }),
        both<course::Arrays>(
            {.title = "matmul", .formula = "c = a b, (2, 3) (3, 4)", .function = "matmul", .backward = false},
            [](auto& e) {
              auto a = e.leaf("a", some({2, 3})), b = e.leaf("b", some({3, 4}, 2));
              return e.name("c", matmul(a, b));
            }),
        product_refused(),
        of_two({.title = "add_backward", .formula = "c = a + b", .function = "add_backward"}, some({2, 3}),
               some({2, 3}, 2), add_arrays, add_backward, add_tensors),
        of_two({.title = "add_backward", .formula = "c = a + b, (4, 3) + (3)", .function = "add_backward"},
               some({4, 3}), some({3}, 2), add_arrays, add_backward, add_tensors),
        of_two({.title = "mul_backward", .formula = "c = a b, element by element", .function = "mul_backward"},
               some({2, 3}), some({2, 3}, 2), mul_arrays, mul_backward, mul_tensors),
        of_two({.title = "mul_backward", .formula = "c = a b, (4, 1) and (3)", .function = "mul_backward"},
               some({4, 1}), some({3}, 2), mul_arrays, mul_backward, mul_tensors),
        of_two({.title = "matmul_backward", .formula = "c = a b, (2, 2) (2, 2)", .function = "matmul_backward"},
               some({2, 2}), some({2, 2}, 2), matmul_arrays, matmul_backward, matmul_tensors),
        of_two({.title = "matmul_backward", .formula = "c = a b, (4, 3) (3, 2)", .function = "matmul_backward"},
               some({4, 3}), some({3, 2}, 2), matmul_arrays, matmul_backward, matmul_tensors),
    }};

}  // namespace

int main(int argc, char** argv) { return course::run(lab, argc, argv); }
