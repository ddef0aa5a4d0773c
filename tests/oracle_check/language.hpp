// The expressions and short programs in the records: Python as in `torch.zeros(2, 3).reshape(4, 2)`, with what
// mathematicians write besides (`2x`, `x^3`, `x0 x1`), and statements separated by semicolons.
#pragma once

#include <map>
#include <string>

#include "value.hpp"

namespace oracle {

class Interpreter {
 public:
  // Defines a name.
  void set(const std::string& name, Value v) { variables_[name] = std::move(v); }
  bool has(const std::string& name) const { return variables_.contains(name); }
  const Value& get(const std::string& name) const;

  // The value of one expression. Unsupported when it cannot be understood or names what is not there.
  Value evaluate(const std::string& expression);
  // The arguments of a call, "8, 16, 3, groups=4".
  std::pair<List, Dict> arguments(const std::string& text);
  // Statements: assignments (also `y *= 3`, `y[0] = 5`), expressions, `no_grad: y = 2x`, `1000 times s = 2 s`.
  void run(const std::string& program);

 private:
  void statement(std::string text);
  std::map<std::string, Value> variables_;
};

// attribute of a value, as in x.grad or x.shape; None for a gradient that is not there.
Value attribute(const Value& object, const std::string& name);

}  // namespace oracle
