// The checker of the labs: computes one expression with your code and with xgrad, and says where the two part.
//
// Your code runs in a process of its own, which may crash, throw or never end, and tells node by node what it found.
// The first node that is wrong is marked in a picture of the graph that xgrad computed.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <xgrad/tensor.hpp>

namespace course {

// What a node holds, in rows. The shape {} is that of a single number; numbers that do not fill the shape are none.
struct Numbers {
  std::vector<std::int64_t> shape;
  std::vector<double> data;
};
Numbers numbers_of(const xgrad::Tensor& t);

// In your process: sends what your code found to the checker.
class Teller {
 public:
  explicit Teller(int descriptor) : descriptor_(descriptor) {}
  void value(const std::string& node, const Numbers& n) { send('v', node, n); }     // as soon as it is computed
  void again(const std::string& node, const Numbers& n) { send('a', node, n); }     // the same value, read later
  void gradient(const std::string& node, const Numbers& n) { send('g', node, n); }  // after backward
  void forward_ended() { send('f', "", {}); }
  void backward_ended() { send('b', "", {}); }
  void send(char kind, const std::string& text, const Numbers& n);

 private:
  int descriptor_;
};

// xgrad's side: makes the nodes of an expression and knows them by name.
class Library {
 public:
  xgrad::Tensor leaf(const std::string& node, const Numbers& n);  // with a gradient
  xgrad::Tensor data(const std::string& node, const Numbers& n);  // without
  xgrad::Tensor classes(const std::string& node, const std::vector<int>& y);
  xgrad::Tensor name(const std::string& node, const xgrad::Tensor& t);
  const std::vector<std::pair<std::string, xgrad::Tensor>>& nodes() const { return nodes_; }

 private:
  std::vector<std::pair<std::string, xgrad::Tensor>> nodes_;  // in the order they were computed
};

struct Check {
  std::string title, formula;  // "product", "L = a b"
  std::string function;        // what to look at when it fails: "mul"
  // Functions that compute the gradient of a node, where that is not `function`.
  std::map<std::string, std::string> gradient_by = {};
  int passes = 1;              // backward passes, one after the other
  bool leaves_add_up = false;  // over the passes; else each begins at 0
  bool backward = true;        // false: only values are compared
  Numbers seed = {};           // what backward begins with, where the result is not a number
  std::string throws = {};     // your code must refuse this, by std::invalid_argument; "" where it must not
  std::string hint = {};       // what to think of, when nothing better is known
  std::function<void(Teller&)> mine = {};
  std::function<xgrad::Tensor(Library&)> library = {};  // returns the result
};

struct Lab {
  int number;
  std::string title, file;  // "a tape for numbers", "scalar.hpp"
  std::vector<Check> checks;
};

// Runs all checks: prints a line for each, more about the first that is wrong, and draws that one. 0: all pass.
// Arguments of the program: the file for the picture (.svg, .png, .pdf), without it "lab1.svg".
int run(const Lab& lab, int argc, char** argv);

// What your functions give back: a V, also a constant one, or a reference.
template <class T, class V>
concept Is = std::same_as<std::remove_cvref_t<T>, V>;

// Your side of an expression that is written once for both. Tape says how a lab's nodes are made and read:
//   Node leaf(const Numbers&); void backward(Node); Numbers value(Node), gradient(Node);
template <class Tape>
class Mine {
 public:
  using Node = typename Tape::Node;
  explicit Mine(Teller& teller) : teller_(teller) {}

  Node leaf(const std::string& node, const Numbers& n) { return name(node, tape_.leaf(n)); }
  auto data(const std::string& node, const Numbers& n) {
    without_gradient_.insert(node);
    auto made = tape_.data(n);
    return name(node, made);
  }
  std::vector<int> classes(const std::string&, const std::vector<int>& y) { return y; }
  template <class T>
  T name(const std::string& node, const T& n) {
    teller_.value(node, Tape::value(n));
    if constexpr (std::is_same_v<T, Node>) nodes_.emplace_back(node, n);
    return n;
  }
  void check(const Node& result, int passes) {
    read_again();
    teller_.forward_ended();
    for (int i = 0; i < passes; ++i) tape_.backward(result);
    for (const auto& [node, n] : nodes_)
      if (!without_gradient_.contains(node)) teller_.gradient(node, Tape::gradient(n));
    read_again();
    teller_.backward_ended();
  }
  void forward_only() {
    read_again();
    teller_.forward_ended();
    teller_.backward_ended();
  }

 private:
  void read_again() {
    for (const auto& [node, n] : nodes_) teller_.again(node, Tape::value(n));
  }
  Teller& teller_;
  Tape tape_;
  std::vector<std::pair<std::string, Node>> nodes_;
  std::set<std::string> without_gradient_;
};

// The check of an expression: [](auto& e) { auto a = e.leaf("a", {{}, {2}}); return e.name("L", mul(a, a)); }
template <class Tape, class Expression>
Check both(Check c, Expression expression) {
  c.mine = [expression, passes = c.passes, backward = c.backward](Teller& teller) {
    Mine<Tape> e(teller);
    const auto result = expression(e);
    if (backward)
      e.check(result, passes);
    else
      e.forward_only();
  };
  c.library = [expression](Library& e) { return expression(e); };
  return c;
}

}  // namespace course
