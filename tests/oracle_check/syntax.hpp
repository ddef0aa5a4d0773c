// Syntax tree of the expressions in the records.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace oracle {

struct Node;
using NodePtr = std::shared_ptr<Node>;

enum class Kind {
  number,     // text
  string,     // text
  name,       // text
  list,       // children (also tuples)
  dict,       // children: key, value, key, value ...
  unary,      // text: - or not
  binary,     // text: the operator; "juxtapose" for a product without a sign
  call,       // children[0] (arguments); names[i] is the name of argument i or ""
  index,      // children[0] [children[1..]]
  slice,      // children: start, stop, step, null where left out
  attribute,  // children[0] . text
  lambda,     // names: parameters; children[0]
  condition,  // children[0] if children[1] else children[2]
};

struct Node {
  Kind kind;
  std::string text;
  std::vector<NodePtr> children;
  std::vector<std::string> names;
};

// Throws Unsupported for what it cannot read. With `remarks`, what follows a comma outside brackets is not looked at:
// "x + y, y 0-d float64".
NodePtr parse_expression(const std::string& text, bool remarks);

}  // namespace oracle
