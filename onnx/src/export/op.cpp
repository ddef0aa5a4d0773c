#include <algorithm>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/ops/factory.hpp>

#include "export/exporter.hpp"
#include "file/tensor_proto.hpp"

namespace xgrad::onnx {

Op::Op(Exporter& e, std::size_t index) : e_(e), index_(index), step_(e.runs_[0].steps[index]) {}

bool Op::has(std::size_t i) const { return i < count() && step_.operands[i].from != Operand::From::nothing; }

std::string Op::in(std::size_t i) {
  if (!has(i)) return "";
  const Operand& o = step_.operands[i];
  return o.from == Operand::From::constant ? e_.constant_value(o, i, *this) : e_.value(o, this);
}
std::string Op::in(std::size_t i, DType dtype) {
  const std::string name = in(i);
  return name.empty() || dtype_in(i) == dtype ? name : cast(name, dtype);
}

std::vector<const Step*> Op::others() const {
  std::vector<const Step*> all;
  for (std::size_t p = 0; p < e_.probes_.size(); ++p) all.push_back(&e_.runs_[1 + p].steps[index_]);
  return all;
}

DynamicSize Op::dynamic(std::int64_t size, const std::vector<std::int64_t>& others) const {
  DynamicSize s{size, e_.axes_of(size, others)};
  bool multiple = true;
  for (const std::size_t a : s.axes) {
    multiple = multiple && s.factor % e_.axes_[a].size == 0;
    s.factor /= e_.axes_[a].size;
  }
  if (multiple && e_.explains(s, others)) return s;
  if (s.axes.empty()) refuse(fmt::format("a size of it, {}, follows dynamic axes when all of them change", size));
  const Axis& axis = e_.axes_[s.axes[0]];
  refuse(fmt::format("a size of it, {}, follows the dynamic axis '{}' (size {}), but is no multiple of it", size,
                     axis.name, axis.size));
}

DynamicSize Op::size(std::int64_t dim, std::size_t k) const {
  std::vector<std::int64_t> sizes;
  for (const Step* s : others()) sizes.push_back(s->shapes[k][dim]);
  return dynamic(shape(k)[dim], sizes);
}
DynamicSize Op::size_in(std::size_t i, std::int64_t dim) const {
  std::vector<std::int64_t> sizes;
  for (const Step* s : others()) sizes.push_back(s->operands[i].shape[dim]);
  return dynamic(shape_in(i)[dim], sizes);
}
std::vector<DynamicSize> Op::sizes_in(std::size_t i) const {
  std::vector<DynamicSize> all;
  for (std::int64_t d = 0; d < rank_in(i); ++d) all.push_back(size_in(i, d));
  return all;
}
std::vector<DynamicSize> Op::sizes_out(std::size_t k) const {
  std::vector<DynamicSize> all;
  for (std::int64_t d = 0; d < shape(k).rank(); ++d) all.push_back(size(d, k));
  return all;
}
bool Op::is_fixed(std::size_t i) const {
  return std::ranges::all_of(others(), [&](const Step* s) { return s->operands[i].shape == shape_in(i); });
}

const AttributeValue& Op::option(const char* name) const {
  const AttributeValue* v = step_.attributes.find(name);
  if (!v) refuse(fmt::format("the recorded operation does not tell its {}", name));
  for (const Step* s : others()) {
    const AttributeValue* w = s->attributes.find(name);
    if (!w || !same_option(*w, *v)) refuse(fmt::format("its {} follows a dynamic axis", name));
  }
  return *v;
}
std::int64_t Op::i(const char* name) const {
  const AttributeValue& v = option(name);
  if (const auto* n = std::get_if<std::int64_t>(&v)) return *n;
  refuse(fmt::format("its {} is no whole number", name));
}
double Op::f(const char* name) const {
  const AttributeValue& v = option(name);
  if (const auto* x = std::get_if<double>(&v)) return *x;
  return static_cast<double>(i(name));
}
bool Op::flag(const char* name) const {
  const auto* b = std::get_if<bool>(&option(name));
  if (!b) refuse(fmt::format("its {} is neither true nor false", name));
  return *b;
}
std::string Op::text(const char* name) const {
  const auto* s = std::get_if<std::string>(&option(name));
  if (!s) refuse(fmt::format("its {} is no text", name));
  return *s;
}
std::vector<std::int64_t> Op::ints(const char* name) const {
  const AttributeValue& v = option(name);
  if (const auto* list = std::get_if<std::vector<std::int64_t>>(&v)) return *list;
  return {i(name)};
}

DynamicSize Op::size_option(const char* name) const {
  std::vector<std::int64_t> sizes;
  for (const Step* s : others()) sizes.push_back(s->attributes.get<std::int64_t>(name).value_or(0));
  return dynamic(step_.attributes.get<std::int64_t>(name).value_or(0), sizes);
}

std::string Op::emit(const std::string& type, const Names& inputs, const NodeAttributes& attributes) {
  return emit_many(type, inputs, attributes, 1)[0];
}
Names Op::emit_many(const std::string& type, const Names& inputs, const NodeAttributes& attributes,
                    std::size_t outputs) {
  return e_.builder_.add_node(type, inputs, attributes, outputs);
}
void Op::finish(const std::string& type, const Names& inputs, const NodeAttributes& attributes) {
  set_result(emit(type, inputs, attributes));
}
void Op::set_result(const std::string& name, std::size_t k) { e_.results_[index_][k] = name; }

std::string Op::number(double v, DType dtype) { return constant(full({}, Scalar(v), TensorOptions{dtype})); }
std::string Op::number(const char* name, DType dtype) {
  const auto* whole = std::get_if<std::int64_t>(&option(name));
  return whole ? constant(full({}, Scalar(*whole), TensorOptions{dtype})) : number(f(name), dtype);
}
std::string Op::number(double v) { return number(v, dtype()); }
std::string Op::list(const std::vector<std::int64_t>& v) { return constant(from_vector(v)); }
std::string Op::whole(std::int64_t v) { return constant(tensor(Scalar(v))); }
std::string Op::constant(const Tensor& t) { return e_.builder_.constant(t); }
std::string Op::cast(const std::string& value, DType to) {
  return emit("Cast", {value}, {{"to", std::int64_t{element_type_of(to)}}});
}

std::string Op::sizes(const std::vector<DynamicSize>& all) {
  if (std::ranges::all_of(all, &DynamicSize::fixed)) {
    std::vector<std::int64_t> fixed;
    for (const DynamicSize& s : all) fixed.push_back(s.factor);
    return list(fixed);
  }
  Names parts;
  for (const DynamicSize& s : all) parts.push_back(e_.size_value(s));
  return parts.size() == 1 ? parts[0] : emit("Concat", parts, {{"axis", std::int64_t{0}}});
}

std::string Op::reshaped(const std::string& value, const std::vector<DynamicSize>& from,
                         const std::vector<DynamicSize>& to) {
  const auto same = [](const DynamicSize& a, const DynamicSize& b) { return a.factor == b.factor && a.axes == b.axes; };
  std::vector<std::int64_t> wanted;
  int open = 0;
  bool zero = false;
  for (std::size_t d = 0; d < to.size(); ++d) {
    zero |= to[d].factor == 0;
    if (to[d].fixed())
      wanted.push_back(to[d].factor);
    else if (d < from.size() && same(from[d], to[d]))
      wanted.push_back(0);  // as it is
    else
      wanted.push_back(open++ ? -2 : -1);
  }
  const bool dynamic = std::ranges::any_of(to, [](const DynamicSize& s) { return !s.fixed(); });
  if (zero && !dynamic) return emit("Reshape", {value, list(wanted)}, {{"allowzero", std::int64_t{1}}});
  if (open > 1 || zero) return emit("Reshape", {value, sizes(to)}, {{"allowzero", std::int64_t{1}}});
  return emit("Reshape", {value, list(wanted)});
}

void Op::refuse(const std::string& rule) const {
  ErrorReport report("onnx::save", fmt::format("{}: {}", step_.op, rule), e_.at_);
  add_step(report, step_).value_error();
}

}  // namespace xgrad::onnx
