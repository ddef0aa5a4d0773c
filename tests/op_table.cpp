#include "op_table.hpp"

#include <cmath>
#include <deque>

namespace xgrad::test {
namespace {

// Uniform numbers in [0, 1) from a counter (SplitMix64): the same on every platform.
class Numbers {
 public:
  explicit Numbers(std::uint64_t seed) : state_(seed) {}
  std::uint64_t bits() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  double uniform() { return static_cast<double>(bits() >> 11) * 0x1p-53; }

 private:
  std::uint64_t state_;
};

constexpr double kGap = 0.1;

std::uint64_t hash(const std::string& text) {  // FNV-1a
  std::uint64_t h = 0xcbf29ce484222325;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return h;
}

std::vector<double> uniform_values(const Values& v, std::int64_t n, Numbers& numbers) {
  std::vector<double> out;
  while (static_cast<std::int64_t>(out.size()) < n) {
    const double x = static_cast<float>(v.low + (v.high - v.low) * numbers.uniform());
    bool near = false;
    for (const double k : v.kinks) near |= std::abs(x - k) < kGap;
    if (!near) out.push_back(x);
  }
  return out;
}

std::vector<double> distinct_values(std::int64_t n, Numbers& numbers) {
  std::vector<double> out;
  for (std::int64_t i = 0; i < n; ++i) out.push_back(static_cast<float>(0.125 * static_cast<double>(i - n / 2) + 0.01));
  for (std::size_t i = out.size(); i > 1; --i) std::swap(out[i - 1], out[numbers.bits() % i]);
  return out;
}

Tensor mask_values(const Shape& shape, Numbers& numbers) {
  Tensor t = zeros(shape, {kBool});
  bool* p = t.mutable_data<bool>();
  for (std::int64_t i = 0; i < t.numel(); ++i) p[i] = numbers.bits() % 5 < 3;
  return t;
}

Tensor make_input(const Arg& arg, DType dtype, Numbers& numbers) {
  const std::int64_t n = arg.shape.numel();
  switch (arg.values.kind) {
    case Values::Kind::mask:
      return mask_values(arg.shape, numbers);
    case Values::Kind::indices:
      return from_vector(arg.values.list, arg.shape);
    case Values::Kind::distinct:
      return from_vector(distinct_values(n, numbers), arg.shape).to(dtype);
    default:
      return from_vector(uniform_values(arg.values, n, numbers), arg.shape).to(dtype);
  }
}

}  // namespace

Values uniform(double low, double high) { return {.low = low, .high = high}; }
Values positive() { return uniform(0.5, 2.5); }
Values away_from(std::vector<double> kinks, double low, double high) {
  return {.low = low, .high = high, .kinks = std::move(kinks)};
}
Values distinct() { return {.kind = Values::Kind::distinct}; }
Values indices(std::vector<std::int64_t> row_major) {
  return {.kind = Values::Kind::indices, .list = std::move(row_major)};
}
Values mask() { return {.kind = Values::Kind::mask}; }
Values constant(Values v) {
  v.constant = true;
  return v;
}
Values optional(Values v) {
  v.optional = true;
  return v;
}

Row& Row::unary(const Values& v) {
  const std::vector<Shape> shapes{{3, 4}, {}, {0}, {2, 0, 3}, {1}, {2, 1, 3}, {1, 2, 1, 1, 2, 1, 1, 2}};
  for (const Shape& s : shapes) on({{s, v}});
  return on({{{5, 37}, v}}, Size::medium).on({{{300, 401}, v}}, Size::large);
}

Row& Row::binary(const Values& x, const Values& y) {
  const std::vector<std::pair<Shape, Shape>> shapes{
      {{3, 4}, {3, 4}}, {{3, 1}, {4}},    {{}, {3}},           {{2, 3}, {}}, {{}, {}},
      {{0, 3}, {3}},    {{1, 3}, {0, 3}}, {{2, 1, 3}, {4, 1}}, {{1}, {1, 1}}};
  for (const auto& [a, b] : shapes) on({{a, x}, {b, y}});
  on({{{5, 37}, x}, {{37}, y}}, Size::medium).on({{{5, 37}, x}, {{5, 1}, y}}, Size::medium);
  return on({{{300, 401}, x}, {{300, 401}, y}}, Size::large).on({{{300, 401}, x}, {{401}, y}}, Size::large);
}

Row& Row::on(Args args, Size size) {
  samples.push_back({std::move(args), call, size});
  return *this;
}
Row& Row::reference(std::function<double(double)> f) {
  reference1 = std::move(f);
  return *this;
}
Row& Row::reference(std::function<double(double, double)> f) {
  reference2 = std::move(f);
  return *this;
}
Row& Row::example(std::string label, Tensors inputs, Tensors outputs, Tensors grads) {
  examples.push_back({std::move(label), std::move(inputs), std::move(outputs), std::move(grads)});
  return *this;
}
Row& Row::integers(Integers i) {
  on_integers = i;
  return *this;
}
Row& Row::covers(std::vector<std::string> names) {
  functions = std::move(names);
  return *this;
}
Row& Row::not_differentiable() {
  differentiable = false;
  return *this;
}
Row& Row::promoting() {
  promotes = true;
  return *this;
}
Row& Row::strict_strides() {
  any_strides = false;
  return *this;
}
Row& Row::tolerance32(double rtol, double atol) {
  rtol32 = rtol;
  atol32 = atol;
  return *this;
}
Row& Row::cancels(double atol32) {
  special_atol32 = atol32;
  special_atol64 = atol32 * 0x1p-29;  // by as much as float64 is finer
  return *this;
}
Row& Row::bad_by(Wrong wrong, std::string says, std::function<void()> f, Location at) {
  bad_calls.push_back({wrong, std::move(says), std::move(f), at, true});
  return *this;
}
Row& Row::after(std::uint64_t steps) {
  bad_calls.back().steps = steps;
  return *this;
}
Row& Row::bad(Wrong wrong, std::string says, std::function<void()> f, Location at) {
  bad_calls.push_back({wrong, std::move(says), std::move(f), at});
  return *this;
}

std::ostream& operator<<(std::ostream& os, const Row& row) { return os << row.functions.front(); }

const std::deque<Row>& op_table() {
  static const Table* table = [] {
    auto* t = new Table;
    add_arithmetic(*t);
    add_math(*t);
    add_trigonometry(*t);
    add_rounding(*t);
    add_special(*t);
    add_bitwise(*t);
    add_comparison(*t);
    add_activation(*t);
    add_softmax(*t);
    add_reduce(*t);
    add_extremum(*t);
    add_view(*t);
    add_scan(*t);
    add_difference(*t);
    add_order(*t);
    add_quantile(*t);
    add_unique(*t);
    add_histogram(*t);
    add_rearrange(*t);
    add_diagonal(*t);
    add_grid(*t);
    add_grid_sample(*t);
    add_scatter(*t);
    add_indexing(*t);
    add_slice(*t);
    add_join(*t);
    add_index(*t);
    add_gather(*t);
    add_masked(*t);
    add_matmul(*t);
    add_einsum(*t);
    add_decomposition(*t);
    add_solve(*t);
    add_determinant(*t);
    add_matrix_function(*t);
    add_norm(*t);
    add_linear(*t);
    add_classification_loss(*t);
    add_regression_loss(*t);
    add_distribution_loss(*t);
    add_margin_loss(*t);
    add_ctc_loss(*t);
    add_inplace(*t);
    add_conv(*t);
    add_patches(*t);
    add_pool(*t);
    add_recurrent(*t);
    add_normalization(*t);
    add_embedding(*t);
    add_dropout(*t);
    add_pad(*t);
    add_interpolate(*t);
    add_attention(*t);
    return t;
  }();
  return table->rows();
}

bool wants_gradient(const Arg& arg) { return arg.values.floating() && !arg.values.constant; }

Tensors make_inputs(const Row& row, const Sample& sample, DType dtype) {
  Numbers numbers(hash(row.functions.front()) + static_cast<std::uint64_t>(&sample - row.samples.data()));
  Tensors inputs;
  for (const Arg& arg : sample.args) inputs.push_back(make_input(arg, dtype, numbers));
  return inputs;
}

Tensors leaves(const Sample& sample, const Tensors& inputs, unsigned subset) {
  Tensors out;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    out.push_back(inputs[i].detach());
    if (wants_gradient(sample.args[i]) && (subset >> i & 1)) out.back().requires_grad_();
  }
  return out;
}

Tensor seed_like(const Tensor& y) {
  std::vector<double> v(static_cast<std::size_t>(y.numel()));
  for (std::size_t i = 0; i < v.size(); ++i) v[i] = 0.25 + 0.5 * static_cast<double>(i * 7 % 5) - 1;
  return from_vector(v, y.shape()).to(y.dtype());
}

bool gives_gradient(const Row& row, const Sample& sample, const Tensors& inputs) {
  if (!row.differentiable) return false;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (wants_gradient(sample.args[i]) && inputs[i].requires_grad()) return true;
  return false;
}

Tensor f64(std::initializer_list<double> v) { return tensor(v, {kFloat64}); }
Tensor f64(std::initializer_list<std::initializer_list<double>> v) { return tensor(v, {kFloat64}); }
Tensor leaf(const Shape& shape, DType dtype) { return ones(shape, {dtype, is_floating(dtype)}); }

}  // namespace xgrad::test
