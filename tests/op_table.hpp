// The table behind test_ops.cpp: one row per operation, with the inputs to try it on and the calls it must refuse.
// A row is written as a chain:
//   table.add("tanh", [](auto& x) { return tanh(x[0]); }).unary(uniform(-2, 2)).reference(std::tanh);
//   table.add("sum").on({{3, 4}}, [](auto& x) { return sum(x[0], {1}); }).integers(Integers::sum);
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <xgrad/ops.hpp>

namespace xgrad::test {

using Tensors = std::vector<Tensor>;
using Call = std::function<Tensors(const Tensors&)>;

inline constexpr double kInf = std::numeric_limits<double>::infinity();
inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// How the values of an input are chosen: the same in every run, and exact in float32.
struct Values {
  enum class Kind { uniform, distinct, indices, mask } kind = Kind::uniform;
  double low = -2, high = 2;
  std::vector<double> kinks = {};  // kept at a distance of 0.1
  std::vector<std::int64_t> list = {};
  bool constant = false;  // floating, but takes no gradient
  bool optional = false;  // may be undefined
  bool floating() const { return kind == Kind::uniform || kind == Kind::distinct; }
};
Values uniform(double low, double high);
Values positive();  // 0.5 to 2.5
Values away_from(std::vector<double> kinks, double low = -2, double high = 2);
Values distinct();                                    // no two values closer than 0.1
Values indices(std::vector<std::int64_t> row_major);  // int64
Values mask();                                        // bool, a fixed mixture
Values constant(Values v);
Values optional(Values v);

// One input: its shape and values ({{3, 4}} takes the default values).
struct Arg {
  Arg(const Shape& s, Values v = {}) : shape(s), values(std::move(v)) {}                         // NOLINT
  Arg(std::initializer_list<std::int64_t> s, Values v = {}) : shape(s), values(std::move(v)) {}  // NOLINT
  Shape shape;
  Values values;
};
using Args = std::vector<Arg>;

// small: all checks. medium: too large for finite differences. large: split over threads.
enum class Size { small, medium, large };
struct Sample {
  Args args;
  Call call;
  Size size = Size::small;
};

// What an operation does with integer inputs: refuses them with a DTypeError; computes in float32; keeps their type;
// gives int64; or gives the type that it gives for float64 (bool, for a comparison).
enum class Integers { refused, fraction, same, sum, unchanged };

enum class Wrong { shape, dtype, index, value, autograd };
struct BadCall {
  Wrong wrong;
  std::string says;  // part of the message
  std::function<void()> call;
  Location at;
  bool helper = false;      // the operation is called from elsewhere in the file
  std::uint64_t steps = 0;  // operations recorded before it
};
// Exact inputs and outputs, and gradients for a seed of ones where given.
struct Example {
  std::string label;
  Tensors inputs, outputs, grads;
};

struct Row {
  std::string name;                    // as recorded
  std::vector<std::string> functions;  // the public functions it stands for
  Call call;
  std::vector<Sample> samples;
  std::vector<BadCall> bad_calls;
  std::vector<Example> examples;
  std::function<double(double)> reference1;
  std::function<double(double, double)> reference2;
  Integers on_integers = Integers::refused;
  bool differentiable = true;
  bool once = false;        // no second derivative
  bool promotes = false;    // takes inputs of different floating types
  bool any_strides = true;  // false: refuses some strides
  double rtol32 = 1e-4, atol32 = 1e-5;
  double special_atol32 = 2e-38, special_atol64 = 1e-307;  // at special values

  // The usual shapes for one input, and for two that broadcast.
  Row& unary(const Values& v);
  Row& binary(const Values& x, const Values& y);
  Row& on(Args args, Size size = Size::small);
  template <class F>
  Row& on(Args args, F f, Size size = Size::small);
  Row& reference(std::function<double(double)> f);
  Row& reference(std::function<double(double, double)> f);
  Row& example(std::string label, Tensors inputs, Tensors outputs, Tensors grads = {});
  Row& integers(Integers i);
  Row& covers(std::vector<std::string> names);  // instead of the recorded name alone
  Row& not_differentiable();
  Row& promoting();
  Row& strict_strides();
  Row& tolerance32(double rtol, double atol);
  Row& cancels(double atol32);  // near 0 the result is a difference of larger numbers
  Row& bad(Wrong wrong, std::string says, std::function<void()> f, Location at = Location::current());
  // The same, for a call made by a function that was passed in.
  Row& bad_by(Wrong wrong, std::string says, std::function<void()> f, Location at = Location::current());
  Row& after(std::uint64_t steps);  // of the last bad call
};
std::ostream& operator<<(std::ostream& os, const Row& row);

namespace detail {
inline Tensors as_list(Tensor t) { return {std::move(t)}; }
inline Tensors as_list(Tensors t) { return t; }
inline Tensors as_list(ValuesIndices t) { return {std::move(t.values), std::move(t.indices)}; }
}  // namespace detail

template <class F>
Call make_call(F f) {
  return [f](const Tensors& x) { return detail::as_list(f(x)); };
}

template <class F>
Row& Row::on(Args args, F f, Size size) {
  samples.push_back({std::move(args), make_call(f), size});
  return *this;
}

class Table {
 public:
  Row& add(const std::string& name) { return rows_.emplace_back(Row{.name = name, .functions = {name}}); }
  template <class F>
  Row& add(const std::string& name, F f) {
    Row& row = add(name);
    row.call = make_call(f);
    return row;
  }
  const std::deque<Row>& rows() const { return rows_; }

 private:
  std::deque<Row> rows_;  // stay where they are: a row is written further after others were added
};

// add_X: the rows of <xgrad/ops/X.hpp>, in op_table_X.cpp.
void add_arithmetic(Table& t);
void add_math(Table& t);
void add_trigonometry(Table& t);
void add_rounding(Table& t);
void add_special(Table& t);
void add_bitwise(Table& t);
void add_comparison(Table& t);
void add_activation(Table& t);
void add_softmax(Table& t);
void add_reduce(Table& t);
void add_extremum(Table& t);
void add_view(Table& t);
void add_scan(Table& t);
void add_difference(Table& t);
void add_order(Table& t);
void add_quantile(Table& t);
void add_unique(Table& t);
void add_histogram(Table& t);
void add_rearrange(Table& t);
void add_diagonal(Table& t);
void add_grid(Table& t);
void add_grid_sample(Table& t);
void add_scatter(Table& t);
void add_indexing(Table& t);
void add_slice(Table& t);
void add_join(Table& t);
void add_index(Table& t);
void add_gather(Table& t);
void add_masked(Table& t);
void add_matmul(Table& t);
void add_einsum(Table& t);
void add_decomposition(Table& t);
void add_solve(Table& t);
void add_determinant(Table& t);
void add_matrix_function(Table& t);
void add_norm(Table& t);
void add_linear(Table& t);
void add_classification_loss(Table& t);
void add_regression_loss(Table& t);
void add_distribution_loss(Table& t);
void add_margin_loss(Table& t);
void add_ctc_loss(Table& t);
void add_inplace(Table& t);
void add_conv(Table& t);
void add_patches(Table& t);
void add_pool(Table& t);
void add_recurrent(Table& t);
void add_normalization(Table& t);
void add_embedding(Table& t);
void add_dropout(Table& t);
void add_pad(Table& t);
void add_interpolate(Table& t);
void add_attention(Table& t);

const std::deque<Row>& op_table();

// Inputs of a sample, floating ones of type `dtype`, none requiring grad. `number` tells samples apart.
Tensors make_inputs(const Row& row, const Sample& sample, DType dtype);
bool wants_gradient(const Arg& arg);
// Leaves over the memory of the inputs; those with a bit in `subset` require grad where they can.
Tensors leaves(const Sample& sample, const Tensors& inputs, unsigned subset = ~0u);
// Whether these leaves give a result with a gradient.
bool gives_gradient(const Row& row, const Sample& sample, const Tensors& inputs);
// A gradient for y, with values that tell its elements apart.
Tensor seed_like(const Tensor& y);

// For bad calls and examples: a float64 tensor from values; a leaf of ones that requires grad if floating.
Tensor f64(std::initializer_list<double> v);
Tensor f64(std::initializer_list<std::initializer_list<double>> v);
Tensor leaf(const Shape& shape, DType dtype = kFloat64);

}  // namespace xgrad::test
