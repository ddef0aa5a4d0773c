#include "language.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <regex>
#include <set>

#include <xgrad/autograd.hpp>

#include "functions.hpp"
#include "syntax.hpp"

namespace oracle {

namespace {

class Evaluator {
 public:
  explicit Evaluator(const std::map<std::string, Value>& variables) : variables_(variables) {}

  Value operator()(const NodePtr& n) const {
    switch (n->kind) {
      case Kind::number:
        return number(n->text);
      case Kind::string:
        return n->text;
      case Kind::name:
        return name(n->text);
      case Kind::list:
        return all(n->children);
      case Kind::dict:
        return dict(*n);
      case Kind::unary:
        return unary(*n);
      case Kind::binary:
        return binary(n->text, (*this)(n->children[0]), (*this)(n->children[1]));
      case Kind::call:
        return call(*n);
      case Kind::index:
        return index((*this)(n->children[0]), *n);
      case Kind::slice:
        return slice(*n);
      case Kind::attribute:
        return attribute((*this)(n->children[0]), n->text);
      case Kind::lambda:
        return closure(n);
      case Kind::condition:
        return (*this)(n->children[(*this)(n->children[1]).flag() ? 0 : 2]);
    }
    throw Unsupported("expression");
  }
  Value index(Value object, const Node& n) const;
  std::pair<List, Dict> arguments(const Node& call) const;
  static Value binary(const std::string& op, const Value& x, const Value& y);

 private:
  static Value number(const std::string& s) {
    if (s.find_first_of(".eE") == std::string::npos) return static_cast<std::int64_t>(std::stoll(s));
    return std::stod(s);
  }
  Value name(const std::string& s) const;
  List all(const std::vector<NodePtr>& nodes) const {
    List l;
    for (const NodePtr& n : nodes) l.push_back((*this)(n));
    return l;
  }
  Value dict(const Node& n) const {
    Dict d;
    for (std::size_t i = 0; i + 1 < n.children.size(); i += 2)
      d.emplace_back((*this)(n.children[i]).text(), (*this)(n.children[i + 1]));
    return d;
  }
  Value unary(const Node& n) const {
    const Value x = (*this)(n.children[0]);
    if (n.text == "not") return x.is_tensor() ? call_function("logical_not", {x}, {}) : Value(!x.flag());
    if (const std::int64_t* i = x.get<std::int64_t>()) return -*i;
    if (x.is_number()) return -x.real();
    return call_function("neg", {x}, {});
  }
  Value slice(const Node& n) const {
    std::optional<std::int64_t> p[3];
    for (int i = 0; i < 3; ++i)
      if (n.children[static_cast<std::size_t>(i)]) p[i] = (*this)(n.children[static_cast<std::size_t>(i)]).integer();
    return PySlice{p[0], p[1], p[2]};
  }
  Value closure(const NodePtr& n) const;
  Value call(const Node& n) const;
  Value call_method(const Node& target, List args, Dict named) const;

  const std::map<std::string, Value>& variables_;
};

Value Evaluator::name(const std::string& s) const {
  if (const auto v = variables_.find(s); v != variables_.end()) return v->second;
  if (s == "...") return Ellipsis{};
  if (s == "True" || s == "true") return true;
  if (s == "False" || s == "false") return false;
  if (s == "None" || s == "none") return None{};
  if (s == "inf") return std::numeric_limits<double>::infinity();
  if (s == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (s == "pi") return std::acos(-1.0);
  if (s == "torch") return Namespace{""};
  if (s == "F") return Namespace{"nn.functional"};
  if (s == "nn" || s == "optim" || s == "float" || s == "len" || s == "setattr" || find_function(s))
    return Namespace{s};
  throw Unsupported("name " + s);
}

Value reals(const std::string& op, double x, double y) {
  if (op == "<") return x < y;
  if (op == "<=") return x <= y;
  if (op == ">") return x > y;
  if (op == ">=") return x >= y;
  if (op == "==") return x == y;
  if (op == "!=") return x != y;
  if (op == "and") return x != 0 && y != 0;
  if (op == "or") return x != 0 || y != 0;
  if (op == "//") return std::floor(x / y);
  if (op == "+") return x + y;
  if (op == "-") return x - y;
  if (op == "*" || op == "juxtapose") return x * y;
  if (op == "/") return x / y;
  if (op == "**") return std::pow(x, y);
  throw Unsupported("operator " + op + " of numbers");
}

Value integers(const std::string& op, std::int64_t x, std::int64_t y) {
  if (op == "+") return x + y;
  if (op == "-") return x - y;
  if (op == "*" || op == "juxtapose") return x * y;
  if (op == "**" && y >= 0) {
    std::int64_t r = 1;
    for (std::int64_t i = 0; i < y; ++i) r *= x;
    return r;
  }
  if (op == "//" && y != 0) return (x - ((x % y) + y) % y) / y;
  if (op == "%" && y != 0) return ((x % y) + y) % y;
  return reals(op, static_cast<double>(x), static_cast<double>(y));
}

// x y of two matrices or a matrix and a vector is the matrix product.
bool is_matrix_product(const Value& x, const Value& y) {
  const Tensor *a = x.get<Tensor>(), *b = y.get<Tensor>();
  return a && b && a->dim() + b->dim() >= 3 && a->dim() >= 1 && b->dim() >= 1;
}

Value Evaluator::binary(const std::string& op, const Value& x, const Value& y) {
  if (x.get<std::int64_t>() && y.get<std::int64_t>())
    return integers(op, *x.get<std::int64_t>(), *y.get<std::int64_t>());
  if (x.is_number() && y.is_number()) return reals(op, x.real(), y.real());
  static const std::map<std::string, const char*> kNames = {
      {"+", "add"},        {"-", "sub"},           {"*", "mul"},       {"/", "div"}, {"**", "pow"},
      {"@", "matmul"},     {"//", "floor_divide"}, {"%", "remainder"}, {"==", "eq"}, {"!=", "ne"},
      {"<", "lt"},         {"<=", "le"},           {">", "gt"},        {">=", "ge"}, {"and", "logical_and"},
      {"or", "logical_or"}};
  if (op == "juxtapose") return call_function(is_matrix_product(x, y) ? "matmul" : "mul", {x, y}, {});
  return call_function(kNames.at(op), {x, y}, {});
}

Value Evaluator::closure(const NodePtr& n) const {
  auto captured = std::make_shared<std::map<std::string, Value>>(variables_);
  Callable f = [captured, n](const List& args, const Dict&) {
    if (args.size() != n->names.size()) throw Unsupported("lambda of other arity");
    std::map<std::string, Value> scope = *captured;
    for (std::size_t i = 0; i < args.size(); ++i) scope[n->names[i]] = args[i];
    return Evaluator(scope)(n->children[0]);
  };
  return std::make_shared<Callable>(std::move(f));
}

std::pair<List, Dict> Evaluator::arguments(const Node& n) const {
  List args;
  Dict named;
  for (std::size_t i = 1; i < n.children.size(); ++i) {
    const std::string& key = n.names[i - 1];
    const Node& argument = *n.children[i];
    static const std::set<std::string> kSwitches = {"retain_graph", "create_graph",  "batch_first",
                                                    "norm_first",   "bidirectional", "add_zero_attn"};
    const bool is_switch = argument.kind == Kind::name && kSwitches.contains(argument.text);
    if (is_switch && key.empty() && !variables_.contains(argument.text))
      named.emplace_back(argument.text, true);
    else if (key.empty())
      args.push_back((*this)(n.children[i]));
    else
      named.emplace_back(key, (*this)(n.children[i]));
  }
  return {std::move(args), std::move(named)};
}

Value length(const Value& v) {
  if (const auto* o = v.get<std::shared_ptr<Object>>()) return (*o)->call("__len__", {}, {});
  if (const List* l = v.list()) return static_cast<std::int64_t>(l->size());
  return v.tensor().size(0);
}

Value Evaluator::call(const Node& n) const {
  auto [args, named] = arguments(n);
  const Node& target = *n.children[0];
  if (target.kind == Kind::attribute) return call_method(target, std::move(args), std::move(named));
  const Value f = (*this)(n.children[0]);
  if (const auto* c = f.get<std::shared_ptr<Callable>>()) return (**c)(args, named);
  if (const auto* o = f.get<std::shared_ptr<Object>>()) return (*o)->call("__call__", args, named);
  // x (1 - y): a product after all.
  if ((f.is_tensor() || f.is_number()) && args.size() == 1 && named.empty()) return binary("juxtapose", f, args[0]);
  const Namespace* name = f.get<Namespace>();
  if (!name) throw Unsupported("call of " + f.describe());
  if (name->path == "float" && args.size() == 1 && args[0].get<std::string>()) return args[0].real();
  if (name->path == "len" && args.size() == 1) return length(args[0]);
  if (name->path == "setattr" && args.size() == 3 && args[0].is_tensor() && args[1].text() == "grad") {
    Tensor t = args[0].tensor();
    t.set_grad(args[2].is_none() ? Tensor() : args[2].tensor());
    return None{};
  }
  return call_function(name->path, std::move(args), std::move(named));
}

Value Evaluator::call_method(const Node& target, List args, Dict named) const {
  const Value object = (*this)(target.children[0]);
  if (const Namespace* n = object.get<Namespace>())
    return call_function(n->path.empty() ? target.text : n->path + "." + target.text, std::move(args),
                         std::move(named));
  if (const auto* o = object.get<std::shared_ptr<Object>>())
    return (*o)->call(target.text, std::move(args), std::move(named));
  if (object.is_tensor() && target.text == "size" && args.size() <= 1) {
    const Tensor t = object.tensor();
    return args.empty() ? attribute(object, "shape") : Value(t.size(args[0].integer()));
  }
  args.insert(args.begin(), object);
  return call_function(target.text, std::move(args), std::move(named));
}

// x[..] with integers, slices, None, ..., index tensors and masks.
Value Evaluator::index(Value object, const Node& n) const {
  List keys;
  for (std::size_t i = 1; i < n.children.size(); ++i) {
    const Value k = (*this)(n.children[i]);
    if (k.list() && n.children.size() == 2 && n.children[i]->kind == Kind::list)
      keys = *k.list();
    else
      keys.push_back(k);
  }
  if (const List* l = object.list()) return l->at(static_cast<std::size_t>(keys.at(0).integer()));
  return xgrad::index(object.tensor(), indices_from(keys));
}

void trim(std::string& s) {
  s.erase(0, s.find_first_not_of(" \t\n"));
  s.erase(s.find_last_not_of(" \t\n") + 1);
}

// Position of a lone '=' outside brackets, or npos.
std::size_t assignment(const std::string& s) {
  int depth = 0;
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (s[i] == '(' || s[i] == '[' || s[i] == '{') ++depth;
    if (s[i] == ')' || s[i] == ']' || s[i] == '}') --depth;
    if (depth == 0 && s[i] == '=' && (i + 1 == s.size() || s[i + 1] != '=') &&
        (i == 0 || std::string("=!<>").find(s[i - 1]) == std::string::npos))
      return i;
  }
  return std::string::npos;
}

// What `target op= value` calls.
Value update(const std::string& op, const Value& target, const Value& value) {
  static const std::map<std::string, const char*> kNames = {{"+", "add_"}, {"-", "sub_"}, {"*", "mul_"}, {"/", "div_"}};
  if (!target.is_tensor()) return Evaluator::binary(op, target, value);
  return call_function(kNames.at(op), {target, value}, {});
}

}  // namespace

Value attribute(const Value& object, const std::string& name) {
  if (const Namespace* n = object.get<Namespace>()) {
    if (const auto d = parse_dtype(name)) return *d;
    if (name == "inf") return std::numeric_limits<double>::infinity();
    if (name == "nan") return std::numeric_limits<double>::quiet_NaN();
    return Namespace{n->path.empty() ? name : n->path + "." + name};
  }
  if (const Tensor* t = object.get<Tensor>()) {
    if (name == "grad") return t->grad().defined() ? Value(t->grad()) : Value(None{});
    if (name == "requires_grad") return t->requires_grad();
    if (name == "is_leaf") return t->is_leaf();
    if (name == "dtype") return t->dtype();
    if (name == "data") return t->detach();
    if (name == "ndim") return t->dim();
    if (name == "T") return t->t();
    if (name == "shape") {
      List l;
      for (const std::int64_t n : t->shape()) l.push_back(n);
      return l;
    }
    return call_function(name, {object}, {});  // mT and its like
  }
  if (const auto* o = object.get<std::shared_ptr<Object>>()) return (*o)->attribute(name);
  throw Unsupported("attribute " + name + " of " + object.describe());
}

const Value& Interpreter::get(const std::string& name) const {
  const auto v = variables_.find(name);
  if (v == variables_.end()) throw Unsupported("name " + name);
  return v->second;
}

Value Interpreter::evaluate(const std::string& expression) {
  return Evaluator(variables_)(parse_expression(expression, true));
}

std::pair<List, Dict> Interpreter::arguments(const std::string& text) {
  return Evaluator(variables_).arguments(*parse_expression("f(" + text + ")", false));
}

void Interpreter::run(const std::string& program) {
  std::string part;
  for (std::size_t i = 0; i <= program.size(); ++i) {
    if (i < program.size() && program[i] != ';' && program[i] != '\n') {
      part += program[i];
      continue;
    }
    trim(part);
    if (!part.empty()) statement(part);
    part.clear();
  }
}

void Interpreter::statement(std::string s) {
  std::smatch m;
  static const std::regex kTimes(R"(^(\d+) times:?\s+(.*)$)"), kNoGrad(R"(^(?:with )?no_grad(?:\(\))?:\s*(.*)$)");
  if (std::regex_match(s, m, kTimes)) {
    const std::string body = m[2];
    for (int i = std::stoi(m[1]); i > 0; --i) statement(body);
    return;
  }
  if (std::regex_match(s, m, kNoGrad)) {
    const xgrad::NoGradGuard guard;
    return statement(m[1]);
  }
  const std::size_t eq = assignment(s);
  if (eq == std::string::npos) {
    variables_["_"] = Evaluator(variables_)(parse_expression(s, false));
    return;
  }
  const bool in_place = eq > 0 && std::string("+-*/").find(s[eq - 1]) != std::string::npos;
  std::string left = s.substr(0, in_place ? eq - 1 : eq);
  trim(left);
  const Evaluator evaluate(variables_);
  const NodePtr target = parse_expression(left, false);
  Value value = evaluate(parse_expression(s.substr(eq + 1), false));
  if (in_place) value = update(std::string(1, s[eq - 1]), evaluate(target), value);
  if (target->kind == Kind::name) {
    variables_[target->text] = value;
    variables_["_"] = value;
  } else if (target->kind == Kind::attribute && target->text == "grad") {
    evaluate(target->children[0]).tensor().set_grad(value.is_none() ? Tensor() : value.tensor());
  } else if (target->kind == Kind::index) {
    if (!in_place) call_function(value.is_tensor() ? "copy_" : "fill_", {evaluate(target), value}, {});
  } else {
    throw Unsupported("assignment to " + left);
  }
}

}  // namespace oracle
