#include "record.hpp"

#include <cmath>
#include <limits>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/record.hpp>

namespace oracle {

Tolerance tolerance(const Json& record, double rtol, double atol) {
  return {record.value("rtol", rtol), record.value("atol", atol)};
}

double number(const Json& j) {
  if (j.is_number()) return j.get<double>();
  if (j.is_boolean()) return j.get<bool>() ? 1 : 0;
  if (j == "inf") return std::numeric_limits<double>::infinity();
  if (j == "-inf") return -std::numeric_limits<double>::infinity();
  if (j == "nan") return std::numeric_limits<double>::quiet_NaN();
  throw Unsupported("number " + j.dump());
}

namespace {

void collect(const Json& j, std::vector<double>& out) {
  if (!j.is_array())
    out.push_back(number(j));
  else
    for (const Json& e : j) collect(e, out);
}

template <class T>
Tensor integers_from(const Json& data, const Shape& shape) {
  std::vector<T> v;
  for (const Json& e : data) v.push_back(e.is_number_integer() ? e.get<T>() : static_cast<T>(number(e)));
  return xgrad::from_vector(v, shape);
}

}  // namespace

std::vector<double> numbers(const Json& flat) {
  std::vector<double> v;
  collect(flat, v);
  return v;
}

DType dtype_of(const std::string& name) {
  const auto d = parse_dtype(name);
  if (!d) throw Unsupported("dtype " + name);
  return *d;
}

Tensor tensor_from(const Json& data, const Shape& shape, DType dtype) {
  switch (dtype) {
    case xgrad::kInt64:
      return integers_from<std::int64_t>(data, shape);
    case xgrad::kInt32:
      return integers_from<std::int32_t>(data, shape);
    case xgrad::kUInt8:
      return integers_from<std::uint8_t>(data, shape);
    default:
      return xgrad::from_vector(numbers(data), shape).to(dtype);
  }
}

Tensor tensor_from(const Json& j) {
  return tensor_from(j.at("data"), Shape(j.at("shape").get<std::vector<std::int64_t>>()), dtype_of(j.at("dtype")));
}

Value value_from(const Json& j, const std::vector<Tensor>& tensors) {
  if (j.is_null()) return None{};
  if (j.is_boolean()) return j.get<bool>();
  if (j.is_number_integer()) return j.get<std::int64_t>();
  if (j.is_number()) return j.get<double>();
  if (j.is_string()) return j.get<std::string>();
  if (j.is_array()) {
    List l;
    for (const Json& e : j) l.push_back(value_from(e, tensors));
    return l;
  }
  if (j.contains("$t")) return tensors.at(j["$t"].get<std::size_t>());
  if (j.contains("$f")) return number(j["$f"]);
  if (j.contains("$dtype")) return dtype_of(j["$dtype"]);
  if (j.contains("$ellipsis")) return Ellipsis{};
  if (j.contains("$slice")) {
    const auto part = [&](std::size_t i) {
      return j["$slice"][i].is_null() ? std::nullopt : std::optional(j["$slice"][i].get<std::int64_t>());
    };
    return PySlice{part(0), part(1), part(2)};
  }
  if (j.contains("dtype") && j.contains("data")) return tensor_from(j);
  return dict_from(j, tensors);
}

Dict dict_from(const Json& object, const std::vector<Tensor>& tensors) {
  Dict d;
  for (const auto& [key, value] : object.items()) d.emplace_back(key, value_from(value, tensors));
  return d;
}

void expect(bool ok, const std::string& what) {
  if (!ok) throw Mismatch(what);
}

namespace {

bool is_close(double got, double want, Tolerance tol) {
  if (std::isnan(want) || std::isnan(got)) return std::isnan(want) && std::isnan(got);
  if (std::isinf(want) || std::isinf(got)) return got == want;
  return std::abs(got - want) <= tol.atol + tol.rtol * std::abs(want);
}

}  // namespace

void compare_number(double got, double want, Tolerance tol, const std::string& what) {
  if (!is_close(got, want, tol)) throw Mismatch(fmt::format("{}: got {}, want {}", what, got, want));
}

void compare_data(const Tensor& got, const Json& want, Tolerance tol, const std::string& what) {
  if (!got.defined()) throw Mismatch(what + ": undefined");
  const std::vector<double> w = numbers(want);
  if (got.numel() != static_cast<std::int64_t>(w.size()))
    throw Mismatch(fmt::format("{}: {} elements, want {}", what, got.numel(), w.size()));
  if (!got.is_floating_point()) tol = {};
  if (got.dtype() == xgrad::kInt64) {  // beyond 2^53 a double would not tell them apart
    const auto g = got.to_vector<std::int64_t>();
    const Json& flat = want;
    for (std::size_t i = 0; i < g.size(); ++i)
      if (flat.is_array() && flat[i].is_number_integer() ? g[i] != flat[i].get<std::int64_t>()
                                                         : static_cast<double>(g[i]) != w[i])
        throw Mismatch(fmt::format("{}[{}]: got {}, want {}", what, i, g[i], w[i]));
    return;
  }
  const auto g = got.to_vector<double>();
  for (std::size_t i = 0; i < w.size(); ++i)
    if (!is_close(g[i], w[i], tol)) throw Mismatch(fmt::format("{}[{}]: got {}, want {}", what, i, g[i], w[i]));
}

void compare_tensor(const Tensor& got, const Json& want, Tolerance tol, const std::string& what) {
  if (!got.defined()) throw Mismatch(what + ": undefined");
  const Shape shape(want.at("shape").get<std::vector<std::int64_t>>());
  if (!(got.shape() == shape))
    throw Mismatch(fmt::format("{}: shape {}, want {}", what, to_string(got.shape()), to_string(shape)));
  if (xgrad::name(got.dtype()) != want.at("dtype").get<std::string>())
    throw Mismatch(
        fmt::format("{}: dtype {}, want {}", what, xgrad::name(got.dtype()), want.at("dtype").get<std::string>()));
  compare_data(got, want.at("data"), tol, what);
}

Case::Case(const Json& r) : record(r), op(r.at("op")) {
  for (const Json& j : r.at("inputs")) {
    Tensor t = tensor_from(j);
    if (j.contains("grad")) t.requires_grad_();
    inputs.push_back({j.value("name", ""), t, &j});
  }
  if (r.contains("attrs")) attrs = dict_from(r["attrs"], tensors());
}

bool Case::has(const std::string& input) const {
  for (const Input& i : inputs)
    if (i.name == input) return true;
  return false;
}

Tensor Case::tensor(const std::string& input) const {
  for (const Input& i : inputs)
    if (i.name == input) return i.tensor;
  throw Unsupported("no input " + input);
}

std::vector<Tensor> Case::tensors() const {
  std::vector<Tensor> all;
  for (const Input& i : inputs) all.push_back(i.tensor);
  return all;
}

void Case::bind(const std::string& input, const Tensor& parameter) {
  for (Input& i : inputs) {
    if (i.name != input) continue;
    Tensor t = parameter;
    expect(t.shape() == i.tensor.shape(), "shape of parameter " + input);
    expect(t.dtype() == i.tensor.dtype(), "dtype of parameter " + input);
    const xgrad::NoGradGuard guard;
    t.copy_(i.tensor);
    i.tensor = t;
    return;
  }
  throw Unsupported("no input for parameter " + input);
}

}  // namespace oracle
