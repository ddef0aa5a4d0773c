// init: gains, fans, and the laws of first values, checked by sampling.
#include <algorithm>
#include <cmath>
#include <regex>
#include <sstream>

#include <fmt/format.h>

#include "language.hpp"
#include "modules.hpp"
#include "record.hpp"

namespace oracle {

namespace {

namespace nn = xgrad::nn;

nn::init::Nonlinearity nonlinearity(const std::string& name) {
  using N = nn::init::Nonlinearity;
  static const std::map<std::string, N> table = {{"linear", N::linear},
                                                 {"conv1d", N::linear},
                                                 {"conv2d", N::linear},
                                                 {"conv3d", N::linear},
                                                 {"conv_transpose1d", N::linear},
                                                 {"conv_transpose2d", N::linear},
                                                 {"conv_transpose3d", N::linear},
                                                 {"sigmoid", N::sigmoid},
                                                 {"tanh", N::tanh},
                                                 {"relu", N::relu},
                                                 {"leaky_relu", N::leaky_relu},
                                                 {"selu", N::selu}};
  const auto found = table.find(name);
  if (found == table.end()) throw Unsupported("nonlinearity " + name);
  return found->second;
}

// "kaiming_uniform_(a=sqrt5)", "trunc_normal_(0,1,-2,2)", "kaiming_normal_(fan_out,relu)".
struct InitCall {
  std::string name;
  std::vector<double> numbers;
  double a = 0, gain = 1;
  nn::init::FanMode mode = nn::init::FanMode::fan_in;
  nn::init::Nonlinearity nonlinearity = nn::init::Nonlinearity::leaky_relu;
};

double init_number(const std::string& text) {
  if (text.starts_with("sqrt")) return std::sqrt(std::stod(text.substr(text.find_first_of("0123456789"))));
  Interpreter language;
  return language.evaluate(text).real();
}

InitCall parse_init(const std::string& text) {
  InitCall c;
  const std::size_t open = text.find('(');
  c.name = text.substr(0, open);
  if (open == std::string::npos) return c;
  std::istringstream args(text.substr(open + 1, text.rfind(')') - open - 1));
  for (std::string arg; std::getline(args, arg, ',');) {
    arg.erase(0, arg.find_first_not_of(' '));
    const std::size_t eq = arg.find('=');
    const std::string key = eq == std::string::npos ? "" : arg.substr(0, eq),
                      value = arg.substr(eq == std::string::npos ? 0 : eq + 1);
    if (key == "gain")
      c.gain = init_number(value);
    else if (key == "groups")
      c.numbers.push_back(init_number(value));
    else if (key == "a")
      c.a = init_number(value);
    else if (value == "fan_in")
      c.mode = nn::init::FanMode::fan_in;
    else if (value == "fan_out")
      c.mode = nn::init::FanMode::fan_out;
    else if (key == "nonlinearity" || (key.empty() && std::isalpha(static_cast<unsigned char>(value[0]))))
      c.nonlinearity = nonlinearity(value);
    else
      c.numbers.push_back(init_number(value));
  }
  return c;
}

void apply_init(const InitCall& c, Tensor& t) {
  const auto n = [&](std::size_t i, double fallback) { return i < c.numbers.size() ? c.numbers[i] : fallback; };
  if (c.name == "uniform_")
    nn::init::uniform_(t, n(0, 0), n(1, 1));
  else if (c.name == "normal_")
    nn::init::normal_(t, n(0, 0), n(1, 1));
  else if (c.name == "trunc_normal_")
    nn::init::trunc_normal_(t, n(0, 0), n(1, 1), n(2, -2), n(3, 2));
  else if (c.name == "constant_")
    nn::init::constant_(t, n(0, 0));
  else if (c.name == "zeros_")
    nn::init::zeros_(t);
  else if (c.name == "ones_")
    nn::init::ones_(t);
  else if (c.name == "eye_")
    nn::init::eye_(t);
  else if (c.name == "orthogonal_")
    nn::init::orthogonal_(t, c.gain);
  else if (c.name == "dirac_")
    nn::init::dirac_(t, static_cast<std::int64_t>(n(0, 1)));
  else if (c.name == "xavier_uniform_")
    nn::init::xavier_uniform_(t, c.gain);
  else if (c.name == "xavier_normal_")
    nn::init::xavier_normal_(t, c.gain);
  else if (c.name == "kaiming_uniform_")
    nn::init::kaiming_uniform_(t, c.a, c.mode, c.nonlinearity);
  else if (c.name == "kaiming_normal_")
    nn::init::kaiming_normal_(t, c.a, c.mode, c.nonlinearity);
  else
    throw Unsupported("init " + c.name);
}

double normal_cdf(double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }

// The distribution function of the law at x; `scale` is the standard deviation before any cut.
double cdf(const Json& law, double scale, double x) {
  const std::string kind = law.at("kind");
  if (kind == "uniform") {
    const double low = number(law.at("low")), high = number(law.at("high"));
    return std::clamp((x - low) / (high - low), 0.0, 1.0);
  }
  const double mean = number(law.at("mean"));
  const double p = normal_cdf((x - mean) / scale);
  if (kind == "normal") return p;
  if (kind != "truncated_normal") throw Unsupported("law " + kind);
  const double low = normal_cdf((number(law.at("low")) - mean) / scale),
               high = normal_cdf((number(law.at("high")) - mean) / scale);
  return (p - low) / (high - low);
}

// Mean within 5 s/sqrt(n), standard deviation within 5 %, all inside the bounds, Kolmogorov-Smirnov below 1.95/sqrt(n).
void check_law(const Json& law, double scale, std::vector<double> v) {
  const double n = static_cast<double>(v.size());
  double mean = 0, square = 0;
  for (const double x : v) mean += x / n;
  for (const double x : v) square += (x - mean) * (x - mean) / n;
  const bool uniform = law.at("kind") == "uniform";
  const double want_mean = uniform ? 0.5 * (number(law.at("low")) + number(law.at("high"))) : number(law.at("mean"));
  const double want_std =
      uniform ? (number(law.at("high")) - number(law.at("low"))) / std::sqrt(12.0) : number(law.at("std"));
  compare_number(mean, want_mean, {0, 5 * want_std / std::sqrt(n)}, "mean");
  compare_number(std::sqrt(square), want_std, {0.05, 0}, "standard deviation");
  std::sort(v.begin(), v.end());
  if (law.contains("low"))
    expect(v.front() >= number(law["low"]) && v.back() <= number(law["high"]), "a value outside the bounds");
  double distance = 0;
  for (std::size_t i = 0; i < v.size(); ++i) {
    const double f = cdf(law, scale, v[i]);
    distance =
        std::max({distance, std::abs(f - static_cast<double>(i) / n), std::abs(f - static_cast<double>(i + 1) / n)});
  }
  expect(distance < 1.95 / std::sqrt(n), fmt::format("Kolmogorov-Smirnov distance {}", distance));
}

// "module default: Linear(300,200).weight": the parameter of freshly made modules.
Tensor default_parameter(const std::string& text) {
  static const std::regex kText(R"(module default: (\w+)\((.*)\)\.([\w.]+).*)");
  std::smatch m;
  if (!std::regex_match(text, m, kText)) throw Unsupported(text);
  Interpreter language;
  const auto [args, named] = language.arguments(m[2]);
  const auto module = make_module(m[1], args, named);
  if (!module) throw Unsupported("no module " + m[1].str());
  for (const auto& [name, p] : module->module.named_parameters())
    if (name == m[3].str()) return p;
  throw Unsupported("no parameter " + m[3].str());
}

void check_init_law(const Json& record) {
  const std::string text = record.at("init");
  const bool is_default = text.starts_with("module default");
  const InitCall call = is_default ? InitCall{} : parse_init(text);
  std::vector<double> values;
  while (values.size() < 20000) {
    Tensor t = is_default ? default_parameter(text)
                          : xgrad::empty(Shape(record.at("shape").get<std::vector<std::int64_t>>()),
                                         {.dtype = xgrad::kFloat64});
    if (!is_default) apply_init(call, t);
    const auto v = t.to_vector<double>();
    values.insert(values.end(), v.begin(), v.end());
  }
  const Json& law = record.at("law");
  const bool cut = law.at("kind") == "truncated_normal";
  check_law(law,
            cut                   ? (call.numbers.size() > 1 ? call.numbers[1] : 1)
            : law.contains("std") ? number(law["std"])
                                  : 1,
            values);
}

// "BatchNorm/LayerNorm weight": first values of modules. False when the text is another kind of constant.
bool check_module_constant(const Json& record) {
  static const std::map<std::string, const char*> kModules = {
      {"BatchNorm", "BatchNorm2d(4)"}, {"BatchNorm1d", "BatchNorm1d(4)"}, {"BatchNorm2d", "BatchNorm2d(4)"},
      {"LayerNorm", "LayerNorm(4)"},   {"GroupNorm", "GroupNorm(2,4)"},   {"PReLU", "PReLU(4)"}};
  static const std::regex kText(R"(^([A-Z][\w/]*) (\w+)$)");
  const std::string text = record.at("what");
  std::smatch m;
  if (!std::regex_match(text, m, kText)) return false;
  std::stringstream names(m[1]);
  for (std::string name; std::getline(names, name, '/');) {
    const auto found = kModules.find(name);
    if (found == kModules.end()) throw Unsupported("no module " + name);
    const auto state = parse_layer(found->second).module.state_dict();
    const auto entry = std::ranges::find(state, m[2].str(), [](const auto& e) { return e.first; });
    if (entry == state.end()) throw Unsupported(name + " has no " + m[2].str());
    for (const double v : entry->second.to_vector<double>()) compare_number(v, number(record.at("value")), {}, text);
  }
  return true;
}

// Q Q' = gain^2 I for the smaller side.
void check_orthogonal(const Json& record) {
  Tensor t = xgrad::empty(Shape(record.at("shape").get<std::vector<std::int64_t>>()), {.dtype = xgrad::kFloat64});
  const double gain = number(record.at("gain"));
  nn::init::orthogonal_(t, gain);
  Tensor q = xgrad::reshape(t, {t.size(0), -1});
  if (q.size(0) > q.size(1)) q = q.t();
  const auto products = xgrad::matmul(q, q.t()).to_vector<double>();
  const auto n = static_cast<std::size_t>(q.size(0));
  for (std::size_t i = 0; i < n * n; ++i)
    compare_number(products[i], i % (n + 1) == 0 ? gain * gain : 0, {0, 1e-12}, fmt::format("product {}", i));
}

}  // namespace

void check_init(const Json& record) {
  const std::string kind = record.at("kind");
  if (kind == "gain") {
    const auto n = nonlinearity(record.at("nonlinearity"));
    const double gain = record.at("param").is_null() ? nn::init::calculate_gain(n)
                                                     : nn::init::calculate_gain(n, number(record["param"]));
    compare_number(gain, number(record.at("gain")), {1e-12, 0}, "gain");
  } else if (kind == "fan") {
    const auto [in, out] = nn::init::calculate_fan_in_and_fan_out(
        xgrad::empty(Shape(record.at("shape").get<std::vector<std::int64_t>>())));
    expect(in == record.at("fan_in") && out == record.at("fan_out"), fmt::format("fan {}, {}", in, out));
  } else if (kind == "law") {
    check_init_law(record);
  } else if (kind == "exact") {
    const Json& want = record.at("tensor");
    Tensor t = xgrad::full(Shape(want.at("shape").get<std::vector<std::int64_t>>()), 7.5,
                           {.dtype = dtype_of(want.at("dtype"))});
    apply_init(parse_init(record.at("init")), t);
    compare_tensor(t, want, {}, record.at("init"));
  } else if (kind == "orthogonal") {
    check_orthogonal(record);
  } else if (kind == "const" && check_module_constant(record)) {
    return;
  } else if (kind == "const") {
    Tensor t = xgrad::full({3, 4}, 7.5);
    apply_init(parse_init(record.at("what")), t);
    for (const double v : t.to_vector<double>()) compare_number(v, number(record.at("value")), {}, record.at("what"));
  } else {
    throw Unsupported("init " + kind + " " + record.value("what", ""));
  }
}

}  // namespace oracle
