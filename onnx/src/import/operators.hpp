// The operators that load() knows, and what each of them computes.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "import/plan.hpp"

namespace xgrad::onnx {

// One call of an operator: its inputs and attributes.
class Call {
 public:
  Call(const PlanNode& node, std::vector<Tensor> inputs, const Location& where)
      : at(where), node_(node), inputs_(std::move(inputs)) {}
  const Location at;

  std::size_t count() const { return inputs_.size(); }
  bool has(std::size_t i) const { return i < inputs_.size() && inputs_[i].defined(); }
  // Undefined when left out.
  Tensor in(std::size_t i) const { return i < inputs_.size() ? inputs_[i] : Tensor(); }
  std::vector<std::int64_t> ints_in(std::size_t i) const;  // the numbers of an input; DTypeError unless whole
  const std::vector<Tensor>& all() const { return inputs_; }
  std::size_t output_count() const { return node_.outputs.size(); }

  bool has(const char* name) const { return node_.attributes.contains(name); }
  std::int64_t i(const char* name, std::int64_t otherwise) const { return get(name, otherwise); }
  double f(const char* name, double otherwise) const { return get(name, otherwise); }
  std::string s(const char* name, const char* otherwise) const { return get(name, std::string(otherwise)); }
  std::vector<std::int64_t> ints(const char* name, std::vector<std::int64_t> otherwise = {}) const {
    return get(name, std::move(otherwise));
  }
  std::vector<double> floats(const char* name) const { return get(name, std::vector<double>()); }
  std::vector<std::string> strings(const char* name, std::vector<std::string> otherwise = {}) const {
    return get(name, std::move(otherwise));
  }
  Tensor tensor(const char* name) const { return get(name, Tensor()); }

  // Of a negative one as well. IndexError.
  int dim(std::int64_t d, std::int64_t rank) const;
  // Of a result whose sizes are numbers of the file: OutOfMemoryError, before anything is computed, where they make
  // more than 2 GiB, which is the most that a file itself can hold.
  void require_room(std::span<const std::int64_t> sizes, DType dtype) const;
  // With a border of these widths, which may be negative, but not below 0; ValueError where that is no number.
  std::int64_t bordered(std::int64_t size, std::int64_t begin, std::int64_t end) const;
  [[noreturn]] void refuse(const std::string& rule) const;        // ValueError
  [[noreturn]] void refuse_shape(const std::string& rule) const;  // ShapeError

 private:
  template <class T>
  T get(const char* name, T otherwise) const {
    const auto found = node_.attributes.find(name);
    return found == node_.attributes.end() ? otherwise : std::get<T>(found->second);
  }
  const PlanNode& node_;
  std::vector<Tensor> inputs_;
};

using Outputs = std::vector<Tensor>;

struct Operator {
  const char* name;
  std::size_t fewest_inputs, most_inputs, most_outputs;
  // Names and types of the attributes: "axis:i epsilon:f pads:I auto_pad:s value:t scales:F activations:S".
  const char* attributes;
  Outputs (*run)(const Call& c);
};

// As most_inputs or most_outputs: any number.
inline constexpr std::size_t kAnyNumber = 4096;

std::span<const Operator> elementwise_operators();
std::span<const Operator> layer_operators();
std::span<const Operator> recurrent_operators();
std::span<const Operator> reduction_operators();
std::span<const Operator> shape_operators();

const Operator* find_operator(std::string_view name);
// The letter of an attribute's type, or 0 when the operator has none of that name.
char attribute_type(const Operator& op, std::string_view name);

}  // namespace xgrad::onnx
