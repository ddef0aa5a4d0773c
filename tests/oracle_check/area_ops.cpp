// ops and opinfo: one operation each. The table of functions does the work; here are the names and arguments that
// differ from PyTorch's call.
#include <algorithm>
#include <map>
#include <regex>

#include "functions.hpp"
#include "language.hpp"
#include "record.hpp"

namespace oracle {

namespace {

using Call = std::function<Value(Case&)>;

List all_inputs(const Case& c) {
  const auto t = c.tensors();
  return List(t.begin(), t.end());
}

// The attributes by name, the inputs in order for what is left.
Value call_by_name(const std::string& function, Case& c) { return call_function(function, all_inputs(c), c.attrs); }

Call named(const char* function) {
  return [function](Case& c) { return call_by_name(function, c); };
}
// All inputs as one list.
Call joined(const char* function) {
  return [function](Case& c) { return call_function(function, {all_inputs(c)}, c.attrs); };
}
// Makes a tensor from attributes alone; the input is only there because every record has one.
Call factory(const char* function) {
  return [function](Case& c) { return call_function(function, {}, c.attrs); };
}

Value slice(Case& c) {
  // "1:3" is a slice, "2" an index.
  Interpreter language;
  language.set("x", c.inputs.at(0).tensor);
  std::string subscripts;
  for (const Json& s : c.record.at("attrs").at("slices"))
    subscripts += (subscripts.empty() ? "" : ", ") + (s.is_string() ? s.get<std::string>() : s.dump());
  return language.evaluate("x[" + subscripts + "]");
}

// The condition is the bool among the inputs.
Value where(Case& c) {
  List args = all_inputs(c);
  std::stable_partition(args.begin(), args.end(), [](const Value& v) { return v.tensor().dtype() == xgrad::kBool; });
  return call_function("where", args, c.attrs);
}

// Of a record that says in words what is computed: from factors with arbitrary signs, or of a symmetric matrix.
Value abs_qr(Case& c) {
  const xgrad::linalg::QR r = xgrad::linalg::qr(c.inputs.at(0).tensor);
  return List{abs(r.Q), abs(r.R)};
}
Value squares_of_svd(Case& c) {
  const xgrad::linalg::SVD r = xgrad::linalg::svd(c.inputs.at(0).tensor, false);
  return List{square(r.U), r.S, square(r.Vh)};
}
Tensor symmetric(Case& c) {
  const Tensor& x = c.inputs.at(0).tensor;
  return x + transpose(x, -2, -1);
}
Value squares_of_eigh(Case& c) {
  const xgrad::linalg::Eigh r = xgrad::linalg::eigh(symmetric(c));
  return List{r.eigenvalues, square(r.eigenvectors)};
}
Value eigvalsh(Case& c) { return xgrad::linalg::eigvalsh(symmetric(c)); }
Value solve_lower(Case& c) {
  return xgrad::linalg::solve_triangular(tril(c.inputs.at(0).tensor), c.inputs.at(1).tensor, {.upper = false});
}

const std::map<std::string, Call>& calls_in_words() {
  static const std::map<std::string, Call> table = {
      {"qr", abs_qr},         {"svd", squares_of_svd},           {"eigh", squares_of_eigh},
      {"eigvalsh", eigvalsh}, {"solve_triangular", solve_lower},
  };
  return table;
}

const std::map<std::string, Call>& special_calls() {
  static const std::map<std::string, Call> table = {
      {"max_all", named("max")},
      {"min_all", named("min")},
      {"max_dim", named("max")},
      {"min_dim", named("min")},
      {"meshgrid", joined("meshgrid")},
      {"mode",  // values alone
       [](Case& c) { return call_by_name("mode", c).list()->at(0); }},
      {"cat", joined("cat")},
      {"multi_dot", joined("linalg.multi_dot")},
      {"unfold_im2col", named("nn.functional.unfold")},
      {"fold_col2im", named("nn.functional.fold")},
      {"inv", named("linalg.inv")},
      {"solve", named("linalg.solve")},
      {"svdvals", named("linalg.svdvals")},
      {"lstsq", [](Case& c) { return call_by_name("linalg.lstsq", c).list()->at(0); }},
      {"stack", joined("stack")},
      {"arange", factory("arange")},
      {"linspace", factory("linspace")},
      {"eye", factory("eye")},
      {"zeros", factory("zeros")},
      {"ones", factory("ones")},
      {"full", factory("full")},
      {"slice", slice},
      {"where", where},
  };
  return table;
}

// Records about a dtype ("float32", "int64") name their operation at the start of the variant, "sum_stays_int".
std::string dtype_operation(const Case& c) {
  const std::string id = c.record.at("id");
  const std::string variant = id.substr(id.rfind('/') + 1);
  if (variant.starts_with("floor_div")) return "div";  // with a rounding_mode
  for (std::size_t end = variant.size(); end != std::string::npos && end > 0; end = variant.rfind('_', end - 1))
    if (find_function(variant.substr(0, end))) return variant.substr(0, end);
  throw Unsupported("no expression for " + variant);
}

// The expression in `torch` over the inputs, or "200 times: x = ...".
Value evaluate(Case& c, const std::string& expression) {
  Interpreter language;
  for (const Input& i : c.inputs) language.set(i.name, i.tensor);
  static const std::regex kLoop(R"(^\d+ times.*)");
  if (!std::regex_match(expression, kLoop)) return language.evaluate(expression);
  language.run(expression);
  return language.get("_");
}

Value call_op(Case& c) {
  if (const auto s = calls_in_words().find(c.op); s != calls_in_words().end()) return s->second(c);
  if (c.record.contains("torch")) return evaluate(c, c.record["torch"]);
  if (parse_dtype(c.op)) return call_by_name(dtype_operation(c), c);
  if (const auto s = special_calls().find(c.op); s != special_calls().end()) return s->second(c);
  return call_by_name(c.op, c);
}

}  // namespace

void check_ops(const Json& record) {
  const DefaultDType float64(xgrad::kFloat64);  // the records' default
  Case c(record);
  check_operation(c, call_op);
}

void check_opinfo(const Json& record) {
  const DefaultDType float64(xgrad::kFloat64);
  if (!find_function(record.at("op"))) throw Unsupported("no function " + record.at("op").get<std::string>());
  Case c(record);
  check_operation(c, [](Case& op) {
    List args;
    for (const Json& a : op.record.at("args")) args.push_back(value_from(a, op.tensors()));
    // Methods are called on the first argument; where(x, condition, other) keeps its receiver's place.
    if (op.op == "where" && args.size() == 3 && args[1].is_tensor() && args[1].tensor().dtype() == xgrad::kBool)
      std::swap(args[0], args[1]);
    return call_function(op.op, std::move(args), dict_from(op.record.value("kwargs", Json::object()), op.tensors()));
  });
}

}  // namespace oracle
