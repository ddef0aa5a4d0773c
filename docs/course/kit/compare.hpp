// What your code told, against what xgrad computed.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "checker.hpp"
#include "child.hpp"

namespace course {

// One use of a node in the graph: what this use alone sends back.
struct Use {
  std::string node, by;  // the node, and the one that was computed from it ("" where it has no name)
  std::string op;        // the operation that made that: "mul"
  Numbers sent;          // may be without numbers: not known
};

// What is right, from xgrad's run.
struct Truth {
  std::string result;              // name of the last node
  std::vector<std::string> nodes;  // as they were computed
  std::map<std::string, Numbers> values, gradients;
  std::map<std::string, std::string> ops;  // that computed a node; none of a leaf
  std::vector<Use> uses;
};

struct Verdict {
  enum class Kind { right, todo, wrong };
  Kind kind = Kind::right;
  std::string node;            // the first that is wrong
  std::string what = "value";  // or "gradient", of it
  Numbers expected, found;     // found is without numbers where your code did not get so far
  std::string sentence;        // "∂L/∂a is 2, must be −3"
  std::string function;        // to look at
  std::string hint;            // or ""
};

Verdict judge(const Check& check, const Truth& truth, const ChildEnd& mine);

// "1.5", "[1, 2]"; of many the first.
std::string text_of(const Numbers& n);
std::string text_of(double v);
std::string text_of_shape(const std::vector<std::int64_t>& shape);  // "2×3", "a single number"
bool close(double expected, double found);
// The numbers of `found` that are not close; all, when the shapes differ.
std::vector<std::size_t> differing(const Numbers& expected, const Numbers& found);
std::string index_text(const std::vector<std::int64_t>& shape, std::size_t flat);  // "[1][0]"

}  // namespace course
