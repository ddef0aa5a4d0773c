// Values of the small language in which the records speak: what an argument, an attribute or an expression can be, and
// the binding of arguments to the parameters of a function.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <xgrad/xgrad.hpp>

namespace oracle {

using xgrad::DType;
using xgrad::Scalar;
using xgrad::Shape;
using xgrad::Tensor;

// The library does not offer what the record asks for.
struct Unsupported : std::runtime_error {
  using std::runtime_error::runtime_error;
};
// The library offers it and the result is not what the record says.
struct Mismatch : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Value;
using List = std::vector<Value>;
using Dict = std::vector<std::pair<std::string, Value>>;

struct None {};
struct Ellipsis {};
struct PySlice {
  std::optional<std::int64_t> start, stop, step;
};
// "torch", "torch.nn": a name whose members are functions.
struct Namespace {
  std::string path;
};
using Callable = std::function<Value(List, Dict)>;
// A module or an optimizer.
struct Object {
  virtual ~Object() = default;
  virtual Value call(const std::string& method, List args, Dict named) = 0;
  virtual Value attribute(const std::string& name);
};

class Value {
 public:
  using Variant =
      std::variant<None, bool, std::int64_t, double, std::string, Tensor, DType, PySlice, Ellipsis, Namespace,
                   std::shared_ptr<List>, std::shared_ptr<Dict>, std::shared_ptr<Callable>, std::shared_ptr<Object>>;
  Value() = default;
  template <class T>
  requires std::is_constructible_v<Variant, T&&> Value(T&& v)
      : v_(std::forward<T>(v)) {}                              // NOLINT: values are made from whatever they hold
  Value(int v) : v_(std::int64_t{v}) {}                        // NOLINT
  Value(List v) : v_(std::make_shared<List>(std::move(v))) {}  // NOLINT
  Value(Dict v) : v_(std::make_shared<Dict>(std::move(v))) {}  // NOLINT
  Value(const std::vector<Tensor>& v) : Value(List(v.begin(), v.end())) {}  // NOLINT

  template <class T>
  const T* get() const {
    return std::get_if<T>(&v_);
  }
  const List* list() const { return get<std::shared_ptr<List>>() ? get<std::shared_ptr<List>>()->get() : nullptr; }
  const Dict* dict() const { return get<std::shared_ptr<Dict>>() ? get<std::shared_ptr<Dict>>()->get() : nullptr; }
  bool is_none() const { return get<None>() != nullptr; }
  bool is_tensor() const { return get<Tensor>() != nullptr; }
  bool is_number() const { return get<bool>() || get<std::int64_t>() || get<double>(); }

  // Conversions; Unsupported when the value is something else.
  Tensor tensor() const;  // numbers become 0-d tensors
  std::int64_t integer() const;
  double real() const;
  bool flag() const;
  std::string text() const;
  Scalar scalar() const;
  Shape shape() const;                  // an integer counts as a list of one
  std::vector<Tensor> tensors() const;  // a tensor, or a (nested) list of them, flattened

  std::string describe() const;

 private:
  Variant v_;
};

// The type new tensors get when nothing says otherwise: float32 as in the library and PyTorch, float64 where the
// records were made with that default.
DType default_dtype();
class DefaultDType {
 public:
  explicit DefaultDType(DType d);
  ~DefaultDType();
  DefaultDType(const DefaultDType&) = delete;
  DefaultDType& operator=(const DefaultDType&) = delete;

 private:
  DType previous_;
};

// "float64" -> kFloat64; nothing for a type the library does not have.
std::optional<DType> parse_dtype(const std::string& name);

// Arguments of one call by parameter name. A signature is "input|x dim? keepdim? *sizes": parameters in order, other
// names after '|', '?' for optional ones, '*' for one that takes all remaining positional arguments (or one list).
class Args {
 public:
  // Named arguments are bound first, positional ones fill what is left, in order. Unsupported for an argument that the
  // signature does not know.
  Args(const char* signature, List positional, Dict named);

  bool given(const char* name) const;  // there and not None
  const Value& operator[](const char* name);
  Tensor tensor(const char* name) { return (*this)[name].tensor(); }
  std::int64_t integer(const char* name) { return (*this)[name].integer(); }
  std::int64_t integer(const char* name, std::int64_t fallback) { return given(name) ? integer(name) : fallback; }
  double real(const char* name) { return (*this)[name].real(); }
  double real(const char* name, double fallback) { return given(name) ? real(name) : fallback; }
  bool flag(const char* name, bool fallback = false) { return given(name) ? (*this)[name].flag() : fallback; }
  std::string text(const char* name, const char* fallback) { return given(name) ? (*this)[name].text() : fallback; }
  Shape shape(const char* name) { return (*this)[name].shape(); }
  Shape shape(const char* name, const Shape& fallback) { return given(name) ? shape(name) : fallback; }
  DType dtype(const char* name, DType fallback);
  Tensor optional_tensor(const char* name) { return given(name) ? tensor(name) : Tensor(); }
  // Unsupported when an argument was given and never looked at: it would change the result.
  void require_all_used() const;

 private:
  struct Parameter {
    std::vector<std::string> names;
    bool optional = false, rest = false;
    std::optional<Value> value;
    bool used = false;
  };
  Parameter* find(const std::string& name);
  const Parameter* find(const std::string& name) const { return const_cast<Args*>(this)->find(name); }
  void parse(const char* signature);
  void bind_positional(List positional);
  std::vector<Parameter> parameters_;
};

}  // namespace oracle
