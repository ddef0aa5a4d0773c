#include "value.hpp"

#include <limits>
#include <sstream>

#include <fmt/format.h>

namespace oracle {

namespace {

thread_local DType current_default = xgrad::kFloat32;

[[noreturn]] void wrong(const char* wanted, const Value& v) {
  throw Unsupported(fmt::format("{} expected, got {}", wanted, v.describe()));
}

}  // namespace

DType default_dtype() { return current_default; }
DefaultDType::DefaultDType(DType d) : previous_(current_default) { current_default = d; }
DefaultDType::~DefaultDType() { current_default = previous_; }

std::optional<DType> parse_dtype(const std::string& name) {
  for (const DType d : {xgrad::kFloat32, xgrad::kFloat64, xgrad::kInt64, xgrad::kInt32, xgrad::kUInt8, xgrad::kBool})
    if (name == xgrad::name(d)) return d;
  if (name == "float") return xgrad::kFloat32;
  if (name == "double") return xgrad::kFloat64;
  if (name == "long") return xgrad::kInt64;
  if (name == "int") return xgrad::kInt32;
  return std::nullopt;
}

Tensor Value::tensor() const {
  if (const Tensor* t = get<Tensor>()) return *t;
  if (const bool* b = get<bool>()) return xgrad::tensor(Scalar(*b));
  if (const std::int64_t* i = get<std::int64_t>()) return xgrad::tensor(Scalar(*i));
  if (const double* d = get<double>()) return xgrad::tensor(Scalar(*d), {.dtype = default_dtype()});
  if (const List* l = list(); l && l->size() == 1) return l->front().tensor();
  if (const List* l = list()) {  // numbers
    std::vector<double> v;
    for (const Value& e : *l) v.push_back(e.real());
    return xgrad::from_vector(v).to(default_dtype());
  }
  wrong("a tensor", *this);
}

Value Object::attribute(const std::string& name) { throw Unsupported("attribute " + name); }

std::int64_t Value::integer() const {
  if (const std::int64_t* i = get<std::int64_t>()) return *i;
  if (const bool* b = get<bool>()) return *b;
  if (const double* d = get<double>(); d && *d == static_cast<double>(static_cast<std::int64_t>(*d)))
    return static_cast<std::int64_t>(*d);
  if (const Tensor* t = get<Tensor>(); t && !t->is_floating_point() && t->numel() == 1) return t->item<std::int64_t>();
  wrong("an integer", *this);
}

double Value::real() const {
  if (const double* d = get<double>()) return *d;
  if (const std::int64_t* i = get<std::int64_t>()) return static_cast<double>(*i);
  if (const bool* b = get<bool>()) return *b ? 1 : 0;
  if (const std::string* s = get<std::string>()) {
    if (*s == "inf") return std::numeric_limits<double>::infinity();
    if (*s == "-inf") return -std::numeric_limits<double>::infinity();
    if (*s == "nan") return std::numeric_limits<double>::quiet_NaN();
  }
  if (const Tensor* t = get<Tensor>(); t && t->numel() == 1) return t->item();
  wrong("a number", *this);
}

bool Value::flag() const {
  if (const bool* b = get<bool>()) return *b;
  if (const std::int64_t* i = get<std::int64_t>()) return *i != 0;
  wrong("a bool", *this);
}

std::string Value::text() const {
  if (const std::string* s = get<std::string>()) return *s;
  wrong("a string", *this);
}

Scalar Value::scalar() const {
  if (const bool* b = get<bool>()) return *b;
  if (const std::int64_t* i = get<std::int64_t>()) return *i;
  return real();
}

Shape Value::shape() const {
  if (const List* l = list()) {
    std::vector<std::int64_t> v;
    for (const Value& e : *l) v.push_back(e.integer());
    return Shape(v);
  }
  return Shape{integer()};
}

std::vector<Tensor> Value::tensors() const {
  if (const List* l = list()) {
    std::vector<Tensor> all;
    for (const Value& e : *l)
      for (Tensor& t : e.tensors()) all.push_back(std::move(t));
    return all;
  }
  return {tensor()};
}

std::string Value::describe() const {
  if (is_none()) return "None";
  if (const bool* b = get<bool>()) return *b ? "True" : "False";
  if (const std::int64_t* i = get<std::int64_t>()) return std::to_string(*i);
  if (const double* d = get<double>()) return fmt::format("{}", *d);
  if (const std::string* s = get<std::string>()) return "'" + *s + "'";
  if (const Tensor* t = get<Tensor>())
    return t->defined() ? fmt::format("tensor {} {}", xgrad::name(t->dtype()), to_string(t->shape()))
                        : "undefined tensor";
  if (const DType* d = get<DType>()) return xgrad::name(*d);
  if (const Namespace* n = get<Namespace>()) return "name " + n->path;
  if (const List* l = list()) return fmt::format("list of {}", l->size());
  if (dict()) return "dict";
  if (get<PySlice>()) return "slice";
  if (get<Ellipsis>()) return "...";
  return "object";
}

Args::Args(const char* signature, List positional, Dict named) {
  parse(signature);
  for (auto& [name, value] : named) {
    if (name == "device" || name == "pin_memory" || name == "inplace") continue;  // these change no value
    Parameter* p = find(name);
    if (!p) throw Unsupported(fmt::format("no argument '{}'", name));
    p->value = std::move(value);
  }
  bind_positional(std::move(positional));
  for (const Parameter& p : parameters_)
    if (!p.value && !p.optional && !p.rest) throw Unsupported(fmt::format("argument '{}' is missing", p.names.front()));
}

void Args::parse(const char* signature) {
  std::istringstream words(signature);
  for (std::string word; words >> word;) {
    Parameter p;
    if (word.front() == '*') {
      p.rest = true;
      word.erase(0, 1);
    }
    if (word.back() == '?') {
      p.optional = true;
      word.pop_back();
    }
    std::istringstream names(word);
    for (std::string name; std::getline(names, name, '|');) p.names.push_back(name);
    parameters_.push_back(std::move(p));
  }
}

void Args::bind_positional(List positional) {
  std::size_t next = 0;
  for (Parameter& p : parameters_) {
    if (p.value) continue;
    if (p.rest) {
      List rest(positional.begin() + static_cast<std::ptrdiff_t>(std::min(next, positional.size())), positional.end());
      next = positional.size();
      if (rest.size() == 1 && rest.front().list())
        p.value = rest.front();
      else if (!rest.empty() || !p.optional)
        p.value = std::move(rest);
    } else if (next < positional.size()) {
      p.value = positional[next++];
    }
  }
  if (next < positional.size()) throw Unsupported(fmt::format("{} arguments, {} known", positional.size(), next));
}

Args::Parameter* Args::find(const std::string& name) {
  for (Parameter& p : parameters_)
    for (const std::string& n : p.names)
      if (n == name) return &p;
  return nullptr;
}

bool Args::given(const char* name) const {
  const Parameter* p = find(name);
  return p && p->value && !p->value->is_none();
}

const Value& Args::operator[](const char* name) {
  Parameter* p = find(name);
  if (!p || !p->value) throw Unsupported(fmt::format("argument '{}' is missing", name));
  p->used = true;
  return *p->value;
}

DType Args::dtype(const char* name, DType fallback) {
  if (!given(name)) return fallback;
  const Value& v = (*this)[name];
  if (const DType* d = v.get<DType>()) return *d;
  if (const std::string* s = v.get<std::string>())
    if (const auto d = parse_dtype(*s)) return *d;
  throw Unsupported("dtype " + v.describe());
}

void Args::require_all_used() const {
  for (const Parameter& p : parameters_)
    if (p.value && !p.value->is_none() && !p.used) throw Unsupported(fmt::format("argument '{}'", p.names.front()));
}

}  // namespace oracle
