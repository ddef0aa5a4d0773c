// special: functions against 60-digit arithmetic, in units in the last place. promote: result dtypes and shapes.
#include <bit>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "functions.hpp"
#include "record.hpp"

namespace oracle {

namespace {

// Distance in units in the last place: representable numbers between the two.
double ulps(double a, double b) {
  if (std::isnan(a) && std::isnan(b)) return 0;
  if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<double>::infinity();
  const auto ordered = [](double x) {
    const auto bits = std::bit_cast<std::int64_t>(x);
    return bits < 0 ? std::numeric_limits<std::int64_t>::min() - bits : bits;
  };
  return std::abs(static_cast<double>(ordered(a)) - static_cast<double>(ordered(b)));
}

Tensor special_function(const std::string& op, const Tensor& x) {
  if (op == "gelu_tanh") return xgrad::gelu(x, xgrad::Gelu::tanh);
  if (op == "cbrt_via_pow") return xgrad::pow(x, 1.0 / 3);
  return call_function(op, {x}, {}).tensor();
}

}  // namespace

void check_special(const Json& record) {
  const auto x = numbers(record.at("x")), value = numbers(record.at("value")),
             derivative = numbers(record.at("derivative"));
  const Tensor in = xgrad::from_vector(x).requires_grad_();
  const Tensor y = special_function(record.at("op"), in);
  y.backward(xgrad::ones_like(y));
  const auto got = y.to_vector<double>();
  const double max_ulp = record.at("max_ulp_value"), atol = record.value("atol_value", 0.0);
  for (std::size_t i = 0; i < x.size(); ++i)
    expect(ulps(got[i], value[i]) <= max_ulp || std::abs(got[i] - value[i]) <= atol,
           fmt::format("value at {}: got {}, want {} ({} ulp)", x[i], got[i], value[i], ulps(got[i], value[i])));
  const auto slope = in.grad().to_vector<double>();
  for (std::size_t i = 0; i < x.size(); ++i)
    compare_number(slope[i], derivative[i], {record.at("rtol_derivative"), record.at("atol_derivative")},
                   fmt::format("derivative at {}", x[i]));
  long near = 0;
  for (std::size_t i = 0; i < x.size(); ++i) near += ulps(got[i], value[i]) <= NearValues::kUlps;
  note_near_values({near, static_cast<long>(x.size())});
}

namespace {

// What a call gives: a dtype name, a shape, or "error". Rows of types the library lacks do not apply; the other rows of
// such a record decide about it.
template <class F>
Json outcome(const F& f) {
  try {
    return f();
  } catch (const xgrad::Error&) {
    return "error";
  }
}

Value operand(const Json& type, bool scalar_allowed, const Shape& shape = {2}) {
  const std::string name = type;
  if (scalar_allowed && name == "int") return std::int64_t{1};
  if (scalar_allowed && name == "float") return 1.5;
  if (scalar_allowed && name == "bool") return true;
  return xgrad::ones(shape, {.dtype = *parse_dtype(name)});
}

bool known_type(const Json& name) { return name == "error" || parse_dtype(name.get<std::string>()).has_value(); }

Json result_type(const std::string& op, List args) {
  return outcome([&]() -> Json {
    const Value r = call_function(op, std::move(args), {});
    return xgrad::name((r.list() ? r.list()->at(0) : r).tensor().dtype());
  });
}

void check_binary_types(const Json& record, const std::string& op, const Json& row) {
  const std::string id = record.at("id");
  const bool scalar = id.find("scalar") != std::string::npos;
  const bool rank_0 = id.find("0d") != std::string::npos || id.find("zero_dim") != std::string::npos;
  const bool scalar_right = scalar && (row[1] == "int" || row[1] == "float" || row[1] == "bool");
  if (!known_type(row[0]) || (!scalar_right && !known_type(row[1]))) return;
  List args{operand(row[0], false), operand(row[1], scalar_right, rank_0 ? Shape{} : Shape{2})};
  if (op == "where") args.insert(args.begin(), xgrad::ones({2}, {.dtype = xgrad::kBool}));
  const Json got = result_type(op, args);
  expect(got == row[2],
         fmt::format("{}({}, {}): got {}, want {}", op, row[0].dump(), row[1].dump(), got.dump(), row[2].dump()));
}

void check_shapes(const std::string& op, const Json& row) {
  const auto ones = [](const Json& s) { return xgrad::ones(Shape(s.get<std::vector<std::int64_t>>())); };
  const Json got = outcome([&]() -> Json {
    return call_function(op == "broadcast" ? "add" : op, {ones(row[0]), ones(row[1])}, {}).tensor().shape().vec();
  });
  expect(got == row[2],
         fmt::format("{} of {} and {}: got {}, want {}", op, row[0].dump(), row[1].dump(), got.dump(), row[2].dump()));
}

void check_unary_type(const Json& row) {
  if (!known_type(row[1])) return;
  static const std::map<std::string, List> kMore = {{"cumsum", {0}},      {"cumprod", {0}},   {"softmax", {0}},
                                                    {"log_softmax", {0}}, {"logsumexp", {0}}, {"pow", {2}}};
  List args{operand(row[1], false)};
  if (const auto more = kMore.find(row[0]); more != kMore.end())
    args.insert(args.end(), more->second.begin(), more->second.end());
  const Json got = result_type(row[0], args);
  expect(got == row[2],
         fmt::format("{}({}): got {}, want {}", row[0].get<std::string>(), row[1].dump(), got.dump(), row[2].dump()));
}

// Every row is tried: a wrong one counts before one of an operation the library lacks.
template <class F>
void every_row(const Json& rows, const F& check) {
  std::string wrong, missing;
  for (const Json& row : rows) {
    try {
      check(row);
    } catch (const Mismatch& e) {
      wrong += std::string(wrong.empty() ? "" : "; ") + e.what();
    } catch (const Unsupported& e) {
      if (missing.empty()) missing = e.what();
    }
  }
  if (!wrong.empty()) throw Mismatch(wrong);
  if (!missing.empty()) throw Unsupported(missing);
}

}  // namespace

void check_promote(const Json& record) {
  const std::string op = record.at("op");
  if (record.contains("op_in_result")) every_row(record["op_in_result"], check_unary_type);
  if (!record.contains("left_right_result")) return;
  const bool shapes = !record["left_right_result"].empty() && record["left_right_result"][0][0].is_array();
  every_row(record["left_right_result"],
            [&](const Json& row) { shapes ? check_shapes(op, row) : check_binary_types(record, op, row); });
}

}  // namespace oracle
