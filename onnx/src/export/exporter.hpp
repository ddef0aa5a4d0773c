// Turns the traces of a model into nodes of ONNX. Rules (rules.hpp) say how one operation is written; they work on an
// Op, which knows its operands, options and sizes, and which sizes follow a dynamic axis.
#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "export/builder.hpp"
#include "export/trace.hpp"

namespace xgrad::onnx {

// Sizes that may be others when the file is used: one name for each.
struct Axis {
  std::string name;
  std::size_t input = 0;  // where it can be read from
  std::int64_t dim = 0;
  std::int64_t size = 0;  // in the example
};

// A run with other sizes: of one axis, or of all when there are several.
struct Probe {
  std::vector<std::int64_t> sizes;  // of each axis
  std::optional<std::size_t> axis;
};

// A size: a number, times the sizes of some axes.
struct DynamicSize {
  std::int64_t factor = 1;
  std::vector<std::size_t> axes;
  bool fixed() const { return axes.empty(); }
};

class Exporter;

// One operation that is being written.
class Op {
 public:
  Op(Exporter& e, std::size_t index);
  const std::string& name() const { return step_.op; }
  const Step& step() const { return step_; }

  // ---- operands ----
  std::size_t count() const { return step_.operands.size(); }
  bool has(std::size_t i) const;
  std::string in(std::size_t i);               // "" when undefined
  std::string in(std::size_t i, DType dtype);  // cast where it has another type
  const Shape& shape_in(std::size_t i) const { return step_.operands[i].shape; }
  std::int64_t rank_in(std::size_t i) const { return shape_in(i).rank(); }
  DType dtype_in(std::size_t i) const { return step_.operands[i].dtype; }
  bool is_fixed(std::size_t i) const;  // no size of it follows an axis
  DynamicSize size_in(std::size_t i, std::int64_t dim) const;

  // ---- results ----
  std::size_t result_count() const { return step_.shapes.size(); }
  const Shape& shape(std::size_t k = 0) const { return step_.shapes[k]; }
  DType dtype(std::size_t k = 0) const { return step_.dtypes[k]; }
  DynamicSize size(std::int64_t dim, std::size_t k = 0) const;
  void set_result(const std::string& name, std::size_t k = 0);

  // ---- options; refused when missing, or when they follow a dynamic axis ----
  std::int64_t i(const char* name) const;
  double f(const char* name) const;
  bool flag(const char* name) const;
  std::string text(const char* name) const;
  std::vector<std::int64_t> ints(const char* name) const;
  DynamicSize size_option(const char* name) const;  // may follow an axis
  bool given(const char* name) const { return step_.attributes.find(name) != nullptr; }
  // The same step in the runs with other sizes.
  std::vector<const Step*> others() const;

  // ---- writing ----
  std::string emit(const std::string& type, const Names& inputs, const NodeAttributes& attributes = {});
  Names emit_many(const std::string& type, const Names& inputs, const NodeAttributes& attributes, std::size_t outputs);
  // emit() as the only result.
  void finish(const std::string& type, const Names& inputs, const NodeAttributes& attributes = {});
  std::string number(double v);  // of the result's type
  std::string number(double v, DType dtype);
  std::string number(const char* option, DType dtype);  // whole numbers with all digits
  std::string list(const std::vector<std::int64_t>& v);
  std::string whole(std::int64_t v);  // without dimensions
  std::string constant(const Tensor& t);
  std::string cast(const std::string& value, DType to);
  std::string sizes(const std::vector<DynamicSize>& all);  // as a list at run time
  // `value`, whose own sizes are `from`, in another shape; 0 and -1 where sizes are dynamic, if that is enough.
  std::string reshaped(const std::string& value, const std::vector<DynamicSize>& from,
                       const std::vector<DynamicSize>& to);
  std::vector<DynamicSize> sizes_in(std::size_t i) const;
  std::vector<DynamicSize> sizes_out(std::size_t k = 0) const;

  // ValueError with the operation, its line and module.
  [[noreturn]] void refuse(const std::string& rule) const;

 private:
  const AttributeValue& option(const char* name) const;
  // others: the size in each probe. Refused unless it is the same number of times the same axes in all of them.
  DynamicSize dynamic(std::int64_t size, const std::vector<std::int64_t>& others) const;

  Exporter& e_;
  std::size_t index_;
  const Step& step_;
};

using Rule = void (*)(Op& op);
struct NamedRule {
  const char* op;
  Rule rule;
};

class Exporter {
 public:
  // runs: the trace of the example, and one for each probe.
  Exporter(const std::vector<Trace>& runs, const std::vector<Axis>& axes, const std::vector<Probe>& probes,
           const std::vector<StateTensor>& state, const Location& at);
  // ValueError: names that are not unique, of another number than inputs or outputs; what Op refuses.
  wire::ModelProto& write(const SaveOptions& options);

 private:
  friend class Op;
  void name_inputs(const std::vector<std::string>& names);
  void name_outputs(std::vector<std::string> names);
  std::string value(const Operand& o, const Op* user);
  std::string constant_value(const Operand& o, std::size_t position, const Op& user);
  std::string axis_size(std::size_t axis);
  std::string size_value(const DynamicSize& s);
  // The axes that a size follows when they alone change; it is not said that it is a multiple.
  std::vector<std::size_t> axes_of(std::int64_t size, const std::vector<std::int64_t>& others) const;
  // Whether the size in each probe is s.
  bool explains(const DynamicSize& s, const std::vector<std::int64_t>& others) const;
  [[noreturn]] void refuse(const std::string& rule) const;

  const std::vector<Trace>& runs_;
  const std::vector<Axis>& axes_;
  const std::vector<Probe>& probes_;
  const std::vector<StateTensor>& state_;
  const Location& at_;
  Builder builder_;
  std::vector<std::string> input_names_;
  std::vector<std::vector<std::string>> results_;  // by step and output
  std::vector<bool> state_used_, inputs_used_;
  std::vector<std::string> axis_sizes_;
};

}  // namespace xgrad::onnx
