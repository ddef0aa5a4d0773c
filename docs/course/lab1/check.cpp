// Checks scalar.hpp, your tape for numbers.
#include <memory>

#include <scalar.hpp>

#include <xgrad/ops.hpp>

#include "checker.hpp"

template <class V>
concept Multiplies = requires(V a) {
  { mul(a, a) } -> course::Is<V>;
};
template <class V>
concept Divides = requires(V a) {
  { div(a, a) } -> course::Is<V>;
};
template <class V>
concept HasFunctions = requires(V a) {
  { exp(a) } -> course::Is<V>;
  { tanh(a) } -> course::Is<V>;
};
static_assert(Multiplies<Value>, "lab 1: Value mul(Value, Value) is missing in scalar.hpp");
static_assert(Divides<Value>, "lab 1: Value div(Value, Value) is missing in scalar.hpp");
static_assert(HasFunctions<Value>, "lab 1: Value exp(Value) or Value tanh(Value) is missing in scalar.hpp");

namespace {

// How the checker makes and reads what is on your tape.
struct Scalars {
  using Node = Value;
  std::unique_ptr<Tape> tape = std::make_unique<Tape>();
  Value leaf(const course::Numbers& n) { return ::leaf(*tape, n.data.at(0)); }
  void backward(Value L) { ::backward(L); }
  static course::Numbers value(Value v) { return {{}, {v.value()}}; }
  static course::Numbers gradient(Value v) { return {{}, {v.grad()}}; }
};

course::Numbers number(double v) { return {{}, {v}}; }

const course::Lab checked_lab{
    1,
    "a tape for numbers",
    "scalar.hpp",
    {
        course::both<Scalars>({.title = "backward", .formula = "L = a + b", .function = "backward"},
                              [](auto& e) {
                                auto a = e.leaf("a", number(2)), b = e.leaf("b", number(-3));
                                return e.name("L", add(a, b));
                              }),
        course::both<Scalars>(
            {.title = "a chain",
             .formula = "c = a + b, d = c + b, L = d + a",
             .function = "backward",
             .hint = "a line may send its gradient on when all of it has arrived: go from the last line "
                     "of the tape to the first"},
            [](auto& e) {
              auto a = e.leaf("a", number(2)), b = e.leaf("b", number(-3));
              auto c = e.name("c", add(a, b)), d = e.name("d", add(c, b));
              return e.name("L", add(d, a));
            }),
        course::both<Scalars>({.title = "used twice",
                               .formula = "c = a + b, L = c + c",
                               .function = "backward",
                               .hint = "the gradients of all uses are added"},
                              [](auto& e) {
                                auto a = e.leaf("a", number(2)), b = e.leaf("b", number(-3));
                                auto c = e.name("c", add(a, b));
                                return e.name("L", add(c, c));
                              }),
        course::both<Scalars>({.title = "backward, twice",
                               .formula = "c = a + b, L = c + a, two passes",
                               .function = "backward",
                               .passes = 2,
                               .hint = "what the first pass left in grad must not count in the second"},
                              [](auto& e) {
                                auto a = e.leaf("a", number(2)), b = e.leaf("b", number(-3));
                                auto c = e.name("c", add(a, b));
                                return e.name("L", add(c, a));
                              }),
        course::both<Scalars>({.title = "not the last line",
                               .formula = "L = a + b; c = L + L is of no account",
                               .function = "backward",
                               .hint = "begin with 1 at L, which is not always the last line of the tape"},
                              [](auto& e) {
                                auto a = e.leaf("a", number(2)), b = e.leaf("b", number(-3));
                                auto L = e.name("L", add(a, b));
                                [[maybe_unused]] auto c = add(L, L);
                                return L;
                              }),
        course::both<Scalars>({.title = "product", .formula = "L = a b", .function = "mul"},
                              [](auto& e) {
                                auto a = e.leaf("a", number(2)), b = e.leaf("b", number(-3));
                                return e.name("L", mul(a, b));
                              }),
        course::both<Scalars>({.title = "quotient", .formula = "L = a / b", .function = "div"},
                              [](auto& e) {
                                auto a = e.leaf("a", number(2)), b = e.leaf("b", number(-4));
                                return e.name("L", div(a, b));
                              }),
        course::both<Scalars>({.title = "exponential", .formula = "L = exp(a)", .function = "exp"},
                              [](auto& e) { return e.name("L", exp(e.leaf("a", number(0.5)))); }),
        course::both<Scalars>({.title = "tanh", .formula = "L = tanh(a)", .function = "tanh"},
                              [](auto& e) { return e.name("L", tanh(e.leaf("a", number(0.5)))); }),
        course::both<Scalars>({.title = "a neuron",
                               .formula = "z = w₁ x₁ + w₂ x₂ + b, a = tanh(z), L = (a + a) / exp(a)",
                               .function = "all of it together"},
                              [](auto& e) {
                                auto x1 = e.leaf("x₁", number(0.5)), w1 = e.leaf("w₁", number(-1.5));
                                auto x2 = e.leaf("x₂", number(2)), w2 = e.leaf("w₂", number(0.8));
                                auto b = e.leaf("b", number(-0.3));
                                auto z = e.name("z", add(add(mul(w1, x1), mul(w2, x2)), b));
                                auto a = e.name("a", tanh(z));
                                return e.name("L", div(add(a, a), exp(a)));
                              }),
    }};

}  // namespace

int main(int argc, char** argv) { return course::run(checked_lab, argc, argv); }
