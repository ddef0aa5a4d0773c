// errors: calls that must be refused. semantics: short programs on the tape.
#include <regex>

#include <xgrad/autograd.hpp>
#include <xgrad/record.hpp>

#include "language.hpp"
#include "modules.hpp"
#include "record.hpp"

namespace oracle {

void check_errors(const Json& record) {
  Interpreter language;
  try {
    language.run(record.at("torch"));
  } catch (const xgrad::Error&) {
    return;  // a typed exception is what is asked for
  }
  throw Mismatch("accepted: " + record.at("wrong").get<std::string>());
}

namespace {

// A user's operation with a backward function of its own, which must be the one that runs.
Tensor tripled_square(const Tensor& t) {
  Tensor y;
  {
    const xgrad::NoGradGuard guard;
    y = t * t;
  }
  return xgrad::record("tripled_square", y, {t}, {t},
                       [](const xgrad::Saved& s, const Tensor& g) -> xgrad::Grads { return {3 * g * s[0]}; });
}

// Statements that are words rather than code. True when it was one.
bool worded_statement(Interpreter& language, const std::string& s) {
  // "bn=BatchNorm1d(3) (defaults)", "train: bn(X)", "eval: y=bn(X)": modules and their modes.
  static const std::regex kModule(R"(^(\w+)=([A-Z]\w*\(.*?\))(?: \(defaults\))?$)"),
      kMode(R"(^(train|eval): ((?:\w+=)?(\w+)\(.*\))$)");
  std::smatch m;
  if (std::regex_match(s, m, kModule)) {
    language.run(m[1].str() + " = nn." + m[2].str());
    language.run(m[1].str() + ".double()");
    language.set("_module", language.get(m[1]));
    return true;
  }
  if (std::regex_match(s, m, kMode)) {
    language.run(m[3].str() + "." + m[1].str() + "()");
    language.run(m[2]);
    return true;
  }
  static const std::regex kRemark(R"(^(?:read .*|\w+ leaf\b.*|(?:\w+ )?leaf unused)$)"),
      kTogether(R"(^backward from (.*) and (.*) together$)");
  if (std::regex_match(s, kRemark)) return true;
  if (s == "backward" || s == "backward()") {
    language.get("_").tensor().backward();
    return true;
  }
  if (std::regex_match(s, m, kTogether)) {
    xgrad::backward({language.evaluate(m[1]).tensor(), language.evaluate(m[2]).tensor()});
    return true;
  }
  if (s == "custom op t*t whose backward returns 3*g*t") {
    language.set("_", tripled_square(language.get("x").tensor()));
    return true;
  }
  // A name by itself that nothing has defined: the gradient at this point.
  static const std::regex kName(R"(^[a-z]\w*$)");
  if (std::regex_match(s, kName) && !language.has(s)) {
    language.set(s, language.evaluate("x.grad"));
    return true;
  }
  if (s.starts_with("sum().")) {
    language.run("_." + s);
    return true;
  }
  return false;
}

void run_program(Interpreter& language, const std::string& program) {
  static const std::regex kSeparator(R"(\s*;\s*)");
  for (std::sregex_token_iterator it(program.begin(), program.end(), kSeparator, -1), end; it != end; ++it) {
    const std::string s = *it;
    if (!s.empty() && !worded_statement(language, s)) language.run(s);
  }
}

// A result like "raises": whether the program must be refused.
bool is_refusal(const std::string& result) {
  return result.find("raise") != std::string::npos || result.find("error") != std::string::npos;
}
bool expects_refusal(const Json& results) {
  for (const auto& [name, value] : results.items())
    if (is_refusal(name)) return true;
  return false;
}

void check_result(Interpreter& language, const std::string& name, const Json& want, Tolerance tol) {
  static const std::string kNone = "_is_none";
  if (name.ends_with(kNone)) {
    const bool none = language.evaluate(name.substr(0, name.size() - kNone.size())).is_none();
    return expect(none == want.get<bool>(), name);
  }
  const bool of_module = !language.has(name) && language.has("_module") && name.find('.') == std::string::npos;
  const Value got = language.evaluate(of_module ? "_module." + name : name);
  if (want.is_boolean()) return expect(got.flag() == want.get<bool>(), name);
  if (want.is_object()) return compare_tensor(got.tensor(), want, tol, name);
  if (want.is_number())
    return compare_number(got.get<Tensor>() ? got.tensor().item() : got.real(), number(want), tol, name);
  throw Unsupported("result " + name);
}

}  // namespace

namespace {

// "Sequential(...): state_dict keys in order, parameter count".
bool check_structure(const Json& record) {
  static const std::regex kText(R"(^(Sequential\(.*\)): state_dict keys.*)");
  std::smatch m;
  const std::string program = record.at("program");
  if (!std::regex_match(program, m, kText)) return false;
  Interpreter language;
  static const std::regex kClass(R"(\b((?!True\b|False\b|None\b)[A-Z]\w*))");
  const AnyModule net = module_of(language.evaluate(std::regex_replace(m[1].str(), kClass, "nn.$1")));
  const Json& want = record.at("results");
  std::vector<std::string> keys;
  for (const auto& [key, tensor] : net.module.state_dict()) keys.push_back(key);
  if (want.contains("keys")) expect(want["keys"] == keys, "keys " + Json(keys).dump());
  if (want.contains("n_params")) expect(want["n_params"] == net.module.num_parameters(), "number of parameters");
  if (want.contains("n_modules")) expect(want["n_modules"] == net.module.named_modules().size(), "number of modules");
  return true;
}

}  // namespace

void check_semantics(const Json& record) {
  if (check_structure(record)) return;
  const DefaultDType float64(xgrad::kFloat64);
  Interpreter language;
  const Json& results = record.at("results");
  // x is the leaf of these programs; others are leaves when the results speak of their gradients.
  const bool differentiates = record.at("program").get<std::string>().find("backward") != std::string::npos;
  for (const auto& [name, json] : record.at("inputs").items()) {
    Tensor t = tensor_from(json);
    bool leaf = name == "x" && t.is_floating_point();
    for (const auto& [result, value] : results.items()) leaf |= differentiates && result.starts_with(name + ".grad");
    language.set(name, t.requires_grad_(leaf));
  }
  bool refused = false;
  try {
    run_program(language, record.at("program"));
  } catch (const xgrad::Error&) {
    refused = true;
    if (!expects_refusal(results)) throw;
  }
  for (const auto& [name, want] : results.items()) {
    if (is_refusal(name))
      expect(refused == (want.is_boolean() ? want.get<bool>() : true), name);
    else
      check_result(language, name, want, tolerance(record, 1e-12, 1e-13));
  }
}

}  // namespace oracle
