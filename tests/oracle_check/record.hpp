// Reading records and comparing results with them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "value.hpp"

namespace oracle {

using Json = nlohmann::json;

struct Tolerance {
  double rtol = 0, atol = 0;
};
Tolerance tolerance(const Json& record, double rtol = 1e-9, double atol = 1e-11);

// ---- reading ----
double number(const Json& j);  // also "nan", "inf", "-inf"
std::vector<double> numbers(const Json& flat);
DType dtype_of(const std::string& name);  // Unsupported for a type the library does not have
Tensor tensor_from(const Json& j);        // {"dtype", "shape", "data"}
Tensor tensor_from(const Json& data, const Shape& shape, DType dtype);
// An attribute or argument; `tensors` stands behind {"$t": k}.
Value value_from(const Json& j, const std::vector<Tensor>& tensors = {});
Dict dict_from(const Json& object, const std::vector<Tensor>& tensors = {});

// ---- comparing; Mismatch says what differs and where ----
void expect(bool ok, const std::string& what);
void compare_number(double got, double want, Tolerance tol, const std::string& what);
// Values only, row-major.
void compare_data(const Tensor& got, const Json& want, Tolerance tol, const std::string& what);
// dtype, shape and values of {"dtype", "shape", "data"}.
void compare_tensor(const Tensor& got, const Json& want, Tolerance tol, const std::string& what);

// ---- operations: ops, nn, losses, opinfo ----
struct Input {
  std::string name;
  Tensor tensor;  // a leaf; requires grad if the record differentiates it
  const Json* json;
};

// One record of an operation. Its inputs are leaves; a module's parameters take the place of theirs.
class Case {
 public:
  explicit Case(const Json& record);
  const Json& record;
  std::string op;
  std::vector<Input> inputs;
  Dict attrs;

  bool has(const std::string& input) const;
  Tensor tensor(const std::string& input) const;
  std::vector<Tensor> tensors() const;
  // The tensor `parameter` stands for the input from now on, with its value.
  void bind(const std::string& input, const Tensor& parameter);
};

// Makes the parameters and buffers of m stand for the inputs of their names, in the record's dtype.
void bind_parameters(Case& c, xgrad::nn::Module& m);

// Runs the call and checks outputs, gradients, second-order products, and the derivative along the direction.
void check_operation(Case& c, const std::function<Value(Case&)>& call);

// How many of the values of a record are near the exact ones, for the line of the area.
struct NearValues {
  static constexpr double kUlps = 4;
  long near = 0, values = 0;
};
void note_near_values(const NearValues& v);

// ---- areas: each checks one record, throwing Mismatch, Unsupported or an xgrad::Error ----
void check_ops(const Json& record);
void check_nn(const Json& record);
void check_losses(const Json& record);
void check_opinfo(const Json& record);
void check_special(const Json& record);
void check_promote(const Json& record);
void check_optim(const Json& record);
void check_sched(const Json& record);
void check_higher(const Json& record);
void check_init(const Json& record);
void check_e2e(const Json& record);
void check_errors(const Json& record);
void check_semantics(const Json& record);
void check_files(const Json& record, const std::string& folder);

}  // namespace oracle
