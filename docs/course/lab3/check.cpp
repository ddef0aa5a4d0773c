// Checks engine.hpp: the graph, the way back, and the operations.
#include <string>

#include <engine.hpp>

#include <xgrad/ops.hpp>

#include "checker.hpp"
#include "graphs.hpp"

template <class V>
concept HasOperations = requires(V a) {
  { mul(a, a) } -> course::Is<V>;
  { matmul(a, a) } -> course::Is<V>;
  { tanh(a) } -> course::Is<V>;
};
template <class V>
concept GoesBack = requires(V a) {
  accumulate(a, a->value);
  { order(a) } -> course::Is<std::vector<V>>;
  backward(a);
};
static_assert(HasOperations<Var>, "lab 3: mul, matmul or tanh of Vars is missing in engine.hpp, or is another");
static_assert(GoesBack<Var>, "lab 3: accumulate, order or backward is missing in engine.hpp, or is another");

namespace {

using course::both;
using course::Graphs;
using course::some;

const course::Lab checked_lab{
    3,
    "the engine",
    "engine.hpp",
    {
        both<Graphs>({.title = "backward",
                      .formula = "L = Σ (a + b)",
                      .function = "backward",
                      .hint = "∂L/∂L is 1; then every node sends its gradient to its inputs, L first"},
                     [](auto& e) {
                       auto a = e.leaf("a", some({2, 3})), b = e.leaf("b", some({2, 3}, 2));
                       auto c = e.name("c", add(a, b));
                       return e.name("L", sum(c));
                     }),
        both<Graphs>({.title = "used twice",
                      .formula = "c = a + a, L = Σ c",
                      .function = "accumulate",
                      .hint = "the gradients of all uses are added"},
                     [](auto& e) {
                       auto a = e.leaf("a", some({3}));
                       auto c = e.name("c", add(a, a));
                       return e.name("L", sum(c));
                     }),
        both<Graphs>(
            {.title = "the order",
             .formula = "c = a + b, d = c + a, e = d + c, L = Σ (c + e)",
             .function = "order",
             .hint = "a node may send its gradient on when all of it has arrived: in order(), it stands behind all "
                     "of its inputs"},
            [](auto& e) {
              auto a = e.leaf("a", some({3})), b = e.leaf("b", some({3}, 2));
              auto c = e.name("c", add(a, b)), d = e.name("d", add(c, a));
              auto f = e.name("e", add(d, c));
              return e.name("L", sum(add(c, f)));
            }),
        both<Graphs>(
            {.title = "each node once",
             .formula = "c₁ = a + a, c₂ = c₁ + c₁, … c₃₀, L = Σ c₃₀",
             .function = "order",
             .hint = "a node that was seen already must not be visited again: there are 2³⁰ ways through this graph"},
            [](auto& e) {
              auto c = e.leaf("a", some({1}));
              for (int i = 1; i <= 30; ++i) c = e.name("c" + std::to_string(i), add(c, c));
              return e.name("L", sum(c));
            }),
        both<Graphs>({.title = "backward, twice",
                      .formula = "c = a + b, L = Σ c, two passes",
                      .function = "backward",
                      .passes = 2,
                      .leaves_add_up = true,
                      .hint = "gradients of leaves add up over the passes, those of all other nodes begin anew"},
                     [](auto& e) {
                       auto a = e.leaf("a", some({3})), b = e.leaf("b", some({3}, 2));
                       auto c = e.name("c", add(a, b));
                       return e.name("L", sum(c));
                     }),
        both<Graphs>({.title = "product", .formula = "L = Σ a b, element by element", .function = "mul"},
                     [](auto& e) {
                       auto a = e.leaf("a", some({2, 3})), b = e.leaf("b", some({3}, 2));
                       auto c = e.name("c", mul(a, b));
                       return e.name("L", sum(c));
                     }),
        both<Graphs>({.title = "matrix product", .formula = "C = A B, L = Σ C ⊙ C", .function = "matmul"},
                     [](auto& e) {
                       auto a = e.leaf("A", some({2, 3})), b = e.leaf("B", some({3, 2}, 2));
                       auto c = e.name("C", matmul(a, b));
                       return e.name("L", sum(mul(c, c)));
                     }),
        both<Graphs>({.title = "tanh", .formula = "a = tanh(z), L = Σ a", .function = "tanh"},
                     [](auto& e) {
                       auto z = e.leaf("z", some({2, 3}));
                       auto a = e.name("a", tanh(z));
                       return e.name("L", sum(a));
                     }),
        both<Graphs>(
            {.title = "a layer", .formula = "Z = X W + b, A = tanh(Z), L = Σ A ⊙ A", .function = "all of it together"},
            [](auto& e) {
              auto X = e.data("X", some({4, 3})), W = e.leaf("W", some({3, 2}, 2)), b = e.leaf("b", some({2}, 7));
              auto Z = e.name("Z", add(matmul(X, W), b));
              auto A = e.name("A", tanh(Z));
              return e.name("L", sum(mul(A, A)));
            }),
    }};

}  // namespace

int main(int argc, char** argv) { return course::run(checked_lab, argc, argv); }
