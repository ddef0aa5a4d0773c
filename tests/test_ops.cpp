// Every row of the table through every check: types, values, first and second derivatives, which inputs want a
// gradient, strides, special values, integers, wrong inputs, threads.
#include <cmath>
#include <filesystem>
#include <limits>
#include <set>
#include <typeinfo>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/gradcheck.hpp>
#include <xgrad/memory.hpp>
#include <xgrad/parallel.hpp>
#include <xgrad/tape.hpp>

#include "op_table.hpp"
#include "unit_test.hpp"

namespace data = boost::unit_test::data;

namespace xgrad::test {
namespace {

// ---- comparing ----
bool close(double a, double b, double rtol, double atol) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  if (std::isinf(a) || std::isinf(b)) return a == b;
  return std::abs(a - b) <= atol + rtol * std::abs(b);
}

// "" when equal, else what differs first.
std::string value_difference(const Tensor& got, const Tensor& want, double rtol, double atol) {
  if (!(got.shape() == want.shape()))
    return fmt::format("has shape {}, expected {}", to_string(got.shape()), to_string(want.shape()));
  const std::vector<double> a = got.to_vector<double>(), b = want.to_vector<double>();
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!close(a[i], b[i], rtol, atol)) return fmt::format("element {} is {:.17g}, expected {:.17g}", i, a[i], b[i]);
  return "";
}

std::string difference(const Tensor& got, const Tensor& want, double rtol = 0, double atol = 0) {
  if (got.dtype() != want.dtype()) return fmt::format("is {}, expected {}", name(got.dtype()), name(want.dtype()));
  return value_difference(got, want, rtol, atol);
}

void check_same(const std::string& what, const Tensors& got, const Tensors& want, double rtol = 0, double atol = 0) {
  BOOST_REQUIRE_MESSAGE(got.size() == want.size(),
                        fmt::format("{}: {} tensors, expected {}", what, got.size(), want.size()));
  for (std::size_t i = 0; i < got.size(); ++i) {
    const std::string d = difference(got[i], want[i], rtol, atol);
    BOOST_CHECK_MESSAGE(d.empty(), fmt::format("{} {} {}", what, i, d));
  }
}

// ---- running ----
std::string row_label(const Row& row, const Sample& sample) {
  std::string shapes;
  for (const Arg& a : sample.args) shapes += (shapes.empty() ? "" : ", ") + to_string(a.shape);
  return fmt::format("{}[{}]({})", row.functions.front(), &sample - row.samples.data(), shapes);
}

struct Result {
  Tensors outputs;  // detached
  Tensors grads;    // of the inputs that require grad; zeros where nothing flows
};

Result run(const Sample& sample, const Tensors& inputs, const std::function<Tensor(const Tensor&)>& seed = seed_like) {
  Result result;
  Tensors roots, seeds, wanted;
  for (const Tensor& y : sample.call(inputs)) {
    result.outputs.push_back(y.detach());
    if (!y.requires_grad()) continue;
    roots.push_back(y);
    seeds.push_back(seed(y));
  }
  for (const Tensor& x : inputs)
    if (x.requires_grad()) wanted.push_back(x);
  if (roots.empty()) {
    for (const Tensor& x : wanted) result.grads.push_back(zeros_like(x));
    return result;
  }
  result.grads = grad(roots, wanted, seeds, {.allow_unused = true});
  for (std::size_t i = 0; i < wanted.size(); ++i)
    if (!result.grads[i].defined()) result.grads[i] = zeros_like(wanted[i]);
  return result;
}

void add_names(const Tensor& root, std::set<std::string>& names) {
  for (const tape::OpNode& n : tape::collect(root).nodes) names.insert(n.op);
}

// Number that the next recorded operation gets.
std::uint64_t next_sequence() {
  const Tensor x = ones({}, {kFloat64, true});
  return tape::collect(x * 2).nodes.back().sequence;
}

// ---- float32 and float64 ----
BOOST_DATA_TEST_CASE(types_and_values, boost::unit_test::data::make(op_table()), row) {
  for (const Sample& sample : row.samples) {
    const Tensors wide = leaves(sample, make_inputs(row, sample, kFloat64));
    const Tensors narrow = leaves(sample, make_inputs(row, sample, kFloat32));
    const std::string what = row_label(row, sample);
    std::set<std::string> names;
    for (const Tensor& y : sample.call(wide)) {
      const bool expected = gives_gradient(row, sample, wide) && y.is_floating_point();
      BOOST_CHECK_MESSAGE(y.requires_grad() == expected, what << ": requires_grad is " << y.requires_grad());
      add_names(y, names);
    }
    if (gives_gradient(row, sample, wide))
      BOOST_CHECK_MESSAGE(names.contains(row.name), what << " does not record " << row.name);
    const Result a = run(sample, wide), b = run(sample, narrow);
    for (std::size_t k = 0; k < a.outputs.size(); ++k) {
      const DType want = a.outputs[k].is_floating_point() ? kFloat32 : a.outputs[k].dtype();
      BOOST_CHECK_MESSAGE(b.outputs[k].dtype() == want,
                          what << ": output " << k << " is " << name(b.outputs[k].dtype()));
      const std::string d = value_difference(b.outputs[k], a.outputs[k], row.rtol32, row.atol32);
      BOOST_CHECK_MESSAGE(d.empty(), what << ": float32 output " << k << " " << d);
    }
    for (std::size_t i = 0; i < a.grads.size(); ++i) {
      BOOST_CHECK(a.grads[i].dtype() == kFloat64);
      BOOST_CHECK_MESSAGE(b.grads[i].dtype() == kFloat32,
                          what << ": gradient " << i << " is " << name(b.grads[i].dtype()));
      const std::string d = value_difference(b.grads[i], a.grads[i], row.rtol32, row.atol32);
      BOOST_CHECK_MESSAGE(d.empty(), what << ": float32 gradient " << i << " " << d);
    }
  }
}

// ---- derivatives ----
// Of all rows, printed at the end.
struct LargestError {
  static inline double error = 0;
  static inline std::string where;
  static void note(double e, const std::string& row) {
    if (!(e <= error)) error = e, where = row;
  }
  ~LargestError() {
    if (!where.empty()) fmt::print("largest relative error of a derivative: {:.2g} in {}\n", error, where);
  }
};
BOOST_TEST_GLOBAL_FIXTURE(LargestError);

template <class Check>
void check_derivative(const Row& row, Check check) {
  if (!row.differentiable) return;
  for (const Sample& sample : row.samples) {
    const Tensors inputs = leaves(sample, make_inputs(row, sample, kFloat64));
    if (sample.size != Size::small || !gives_gradient(row, sample, inputs)) continue;
    try {
      GradcheckReport found;
      check(sample.call, inputs, GradcheckOptions{.report = &found});
      LargestError::note(found.largest_error, row_label(row, sample));
    } catch (const std::exception& e) {
      BOOST_ERROR(row_label(row, sample) << ": " << e.what());
    }
  }
}

BOOST_DATA_TEST_CASE(first_derivative, boost::unit_test::data::make(op_table()), row) {
  check_derivative(row, [](const auto& f, const Tensors& x, GradcheckOptions o) { gradcheck(f, x, o); });
}

BOOST_DATA_TEST_CASE(second_derivative, boost::unit_test::data::make(op_table()), row) {
  if (row.once) return;
  check_derivative(row, [](const auto& f, const Tensors& x, GradcheckOptions o) { gradgradcheck(f, x, o); });
}

// ---- which inputs require grad ----
// Gradients by backward() into .grad.
Tensors accumulated(const Sample& sample, const Tensors& inputs) {
  Tensors roots, seeds, grads;
  for (const Tensor& y : sample.call(inputs)) {
    if (!y.requires_grad()) continue;
    roots.push_back(y);
    seeds.push_back(seed_like(y));
  }
  if (!roots.empty()) backward(roots, seeds);
  for (const Tensor& x : inputs)
    if (x.requires_grad()) grads.push_back(x.grad().defined() ? x.grad() : zeros_like(x));
  return grads;
}

BOOST_DATA_TEST_CASE(every_subset_of_inputs, boost::unit_test::data::make(op_table()), row) {
  for (const Sample& sample : row.samples) {
    if (sample.size == Size::large) continue;
    const std::string what = row_label(row, sample);
    const Tensors inputs = make_inputs(row, sample, kFloat64);
    const Tensors all = leaves(sample, inputs);
    const Result full = run(sample, all);
    for (unsigned subset = 0; subset < 1u << inputs.size(); ++subset) {
      const Tensors x = leaves(sample, inputs, subset);
      Tensors want;
      for (std::size_t i = 0, k = 0; i < x.size(); ++i)
        if (all[i].requires_grad()) {
          if (x[i].requires_grad()) want.push_back(full.grads[k]);
          ++k;
        }
      check_same(fmt::format("{}: subset {:b}: gradient", what, subset), accumulated(sample, x), want, 1e-13, 1e-13);
      if (want.empty()) {
        const std::uint64_t before = next_sequence();
        check_same(what + ": without gradients: output", sample.call(x), full.outputs);
        BOOST_CHECK_MESSAGE(next_sequence() == before + 1, what << ": recorded although nothing requires grad");
      }
    }
    const NoGradGuard off;
    for (const Tensor& y : sample.call(all))
      BOOST_CHECK_MESSAGE(!y.requires_grad(), what << ": recorded under NoGradGuard");
  }
}

BOOST_DATA_TEST_CASE(same_tensor_twice, boost::unit_test::data::make(op_table()), row) {
  for (const Sample& sample : row.samples)
    for (std::size_t i = 0; i < sample.args.size() && sample.size != Size::large; ++i)
      for (std::size_t j = i + 1; j < sample.args.size(); ++j) {
        const Arg &a = sample.args[i], &b = sample.args[j];
        if (!wants_gradient(a) || !wants_gradient(b) || !(a.shape == b.shape)) continue;
        Tensors apart = make_inputs(row, sample, kFloat64);
        // Values that suit both inputs: away from the kink between them where there is one.
        if (a.values.low != b.values.low) continue;
        apart[i] = apart[j].clone();
        apart = leaves(sample, apart, 1u << i | 1u << j);
        const Result separate = run(sample, apart);
        Tensors together = apart;
        together[i] = together[j];
        const Result shared = run(sample, together);
        const std::string what = fmt::format("{}: inputs {} and {}", row_label(row, sample), i, j);
        check_same(what + ": output", shared.outputs, separate.outputs);
        if (separate.grads.empty()) continue;
        check_same(what + ": gradient", {shared.grads[0]}, {separate.grads[0] + separate.grads[1]}, 1e-13, 1e-13);
      }
}

// ---- strides ----
// The same values laid out differently in memory.
Tensor reversed_dims(const Tensor& x) {
  Shape order;
  for (std::int64_t d = x.dim(); d > 0; --d) order.push_back(d - 1);
  return x.permute(order).contiguous().permute(order);
}
Tensor every_second(const Tensor& x) {
  Shape wide = x.shape();
  if (wide.empty()) return zeros({3}, {x.dtype()}).fill_(x.item_scalar()).select(0, 1);
  wide[wide.rank() - 1] = 2 * wide.back() + 1;
  Tensor room = zeros(wide, {x.dtype()});
  Tensor view = room.slice(-1, 1, Slice::kEnd, 2);
  view.copy_(x);
  return view;
}
Tensor shifted(const Tensor& x) {
  Tensor room = zeros({x.numel() + 1}, {x.dtype()});
  Tensor view = room.narrow(0, 1, x.numel()).view(x.shape());
  view.copy_(x);
  return view;
}

struct Layout {
  const char* name;
  Tensor (*make)(const Tensor&);
};
constexpr Layout kLayouts[] = {{"reversed dims", reversed_dims}, {"every second", every_second}, {"shifted", shifted}};

void check_layout(const Sample& sample, const Tensors& plain, const Tensors& other, const std::string& what) {
  const bool wide = plain[0].dtype() != kFloat32;
  const double tol = wide ? 1e-12 : 1e-5;
  const Result want = run(sample, leaves(sample, plain)), got = run(sample, leaves(sample, other));
  check_same(what + ": output", got.outputs, want.outputs, tol, tol);
  check_same(what + ": gradient", got.grads, want.grads, tol, tol);
}

BOOST_DATA_TEST_CASE(strides_of_inputs, boost::unit_test::data::make(op_table()), row) {
  for (const Sample& sample : row.samples)
    for (const DType type : {kFloat64, kFloat32}) {
      if (sample.size == Size::large || !row.any_strides) continue;
      const Tensors plain = make_inputs(row, sample, type);
      for (const Layout& layout : kLayouts) {
        Tensors all;
        for (const Tensor& x : plain) all.push_back(layout.make(x));
        check_layout(sample, plain, all, fmt::format("{}: {}", row_label(row, sample), layout.name));
        for (std::size_t i = 0; i < plain.size() && plain.size() > 1; ++i) {
          Tensors one = plain;
          one[i] = all[i];
          check_layout(sample, plain, one, fmt::format("{}: input {}: {}", row_label(row, sample), i, layout.name));
        }
      }
      for (std::size_t i = 0; i < plain.size(); ++i) {  // one value, repeated with stride 0
        if (!sample.args[i].values.floating() || plain[i].numel() < 2 || plain[i].dim() == 0) continue;
        if (sample.args[i].values.kind == Values::Kind::distinct) continue;
        Tensors repeated = plain, copied = plain;
        repeated[i] = plain[i].narrow(-1, 0, 1).expand(plain[i].shape());
        copied[i] = repeated[i].clone();
        check_layout(sample, copied, repeated, fmt::format("{}: input {} expanded", row_label(row, sample), i));
      }
    }
}

BOOST_DATA_TEST_CASE(strides_of_gradients, boost::unit_test::data::make(op_table()), row) {
  for (const Sample& sample : row.samples) {
    if (sample.size == Size::large) continue;
    const Tensors x = leaves(sample, make_inputs(row, sample, kFloat64));
    const Result want = run(sample, x);
    for (const Layout& layout : kLayouts) {
      const Result got = run(sample, x, [&](const Tensor& y) { return layout.make(seed_like(y)); });
      check_same(fmt::format("{}: seed {}: gradient", row_label(row, sample), layout.name), got.grads, want.grads,
                 1e-12, 1e-12);
    }
    const auto flat = [](const Tensor& y) { return tensor(1.5, {kFloat64}).expand(y.shape()); };
    const Result a = run(sample, x, [&](const Tensor&y) { return flat(y).clone(); }), b = run(sample, x, flat);
    check_same(row_label(row, sample) + ": expanded seed: gradient", b.grads, a.grads, 1e-12, 1e-12);
  }
}

BOOST_DATA_TEST_CASE(second_derivative_of_strided_inputs, boost::unit_test::data::make(op_table()), row) {
  if (!row.differentiable || !row.any_strides || row.once) return;
  const Sample& sample = row.samples.front();
  if (sample.size != Size::small) return;
  for (const Layout& layout : kLayouts) {
    Tensors x = make_inputs(row, sample, kFloat64);
    for (Tensor& t : x) t = layout.make(t);
    try {
      gradgradcheck(sample.call, leaves(sample, x));
    } catch (const std::exception& e) {
      BOOST_ERROR(row_label(row, sample) << ": " << layout.name << ": " << e.what());
    }
  }
}

// ---- special values ----
const std::vector<double> kSpecial{
    0.,   -0.,  kInf, -kInf, NAN,   5e-324, -1e-310, 1e-300, 1e-45, -1e-40, 1e-20, 1e-8,  -1e-8,  1e-4,   -1e-4, 0.1,
    0.5,  -0.5, 1.,   -1.,   2.5,   -2.5,   3.25,    -3.25,  5.5,   -5.5,   8.,    10.,   -10.,   19.5,   -19.5, 20.5,
    -30., 60.,  88.5, -87.,  -88.5, 89.,    -103.,   127.,   300.,  -300.,  709.5, -708., -745.,  1e3,    -1e3,  12345.,
    -1e5, 1e6,  1e8,  -1e10, 1e16,  -1e22,  1e30,    -1e30,  3e38,  -3e38,  1e150, 1e200, -1e300, 1.7e308};
const std::vector<double> kSpecialPairs{0.,  -0.,   0.5,  -0.5,  1.,     -1.,   2.,   -2.,   3., -3.,
                                        2.5, 1e-30, 1e30, -1e30, 1e-300, 1e300, kInf, -kInf, NAN};

// Values rounded to the type of x, as doubles.
double rounded(double v, DType type) { return type == kFloat32 ? static_cast<double>(static_cast<float>(v)) : v; }

void check_reference(const Row& row, const Tensors& x, const std::function<double(std::size_t)>& truth) {
  const DType type = x[0].dtype();
  const bool wide = type == kFloat64;
  Tensors in;
  for (const Tensor& t : x) in.push_back(t.detach().requires_grad_());
  const Tensor y = row.call(in)[0];
  const std::vector<double> got = y.detach().to_vector<double>();
  const double rtol = wide ? 1e-14 : 2e-6, atol = wide ? row.special_atol64 : row.special_atol32;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double want = rounded(truth(i), type);
    std::string at;
    for (const Tensor& t : x) at += fmt::format(" {:.17g}", t.to_vector<double>()[i]);
    BOOST_CHECK_MESSAGE(close(got[i], want, rtol, atol),
                        fmt::format("{} ({}) at{}: got {:.17g}, expected {:.17g}", row.functions.front(), name(type),
                                    at, got[i], want));
  }
  if (y.requires_grad()) backward({y}, {ones_like(y)});  // may be NaN, must not trap
}

BOOST_DATA_TEST_CASE(special_values, boost::unit_test::data::make(op_table()), row) {
  for (const DType type : {kFloat64, kFloat32}) {
    if (row.reference1) {
      const Tensor x = from_vector(kSpecial).to(type);
      const std::vector<double> v = x.to_vector<double>();
      check_reference(row, {x}, [&](std::size_t i) { return row.reference1(v[i]); });
    }
    if (row.reference2) {
      std::vector<double> a, b;
      for (const double p : kSpecialPairs)
        for (const double q : kSpecialPairs) a.push_back(rounded(p, type)), b.push_back(rounded(q, type));
      check_reference(row, {from_vector(a).to(type), from_vector(b).to(type)},
                      [&](std::size_t i) { return row.reference2(a[i], b[i]); });
    }
  }
}

BOOST_DATA_TEST_CASE(examples, boost::unit_test::data::make(op_table()), row) {
  for (const Example& e : row.examples) {
    Tensors x;
    for (const Tensor& t : e.inputs) x.push_back(t.detach().requires_grad_(t.is_floating_point()));
    const Tensors y = row.call ? row.call(x) : row.samples.front().call(x);
    Tensors plain;
    for (const Tensor& t : y) plain.push_back(t.detach());
    const std::string what = fmt::format("{}: {}", row.functions.front(), e.label);
    check_same(what, plain, e.outputs, 1e-13, 1e-13);
    if (e.grads.empty()) continue;
    backward({y[0]}, {ones_like(y[0])});
    const Tensors want = e.grads;
    for (std::size_t i = 0; i < want.size(); ++i) {
      if (!want[i].defined()) continue;
      BOOST_REQUIRE_MESSAGE(x[i].grad().defined(), what << ": no gradient " << i);
      const std::string d = difference(x[i].grad(), want[i], 1e-13, 1e-13);
      BOOST_CHECK_MESSAGE(d.empty(), what << ": gradient " << i << " " << d);
    }
  }
}

// ---- element types ----
// The first sample with something to differentiate, or null.
const Sample* floating_sample(const Row& row) {
  for (const Sample& s : row.samples)
    for (const Arg& a : s.args)
      if (wants_gradient(a)) return &s;
  return nullptr;
}

// Small whole numbers, not 0; negative ones too where the row's values are.
Tensor whole_values(const Arg& arg, const Tensor& x, DType type) {
  const bool negative = arg.values.low < 0 && type != kUInt8 && arg.values.kind == Values::Kind::uniform;
  std::vector<std::int64_t> v(static_cast<std::size_t>(x.numel()));
  for (std::size_t i = 0; i < v.size(); ++i)
    v[i] = static_cast<std::int64_t>(1 + i * 5 % 4) * (negative && i % 3 == 0 ? -1 : 1);
  return from_vector(v, x.shape()).to(type);
}

DType integer_result(const Row& row, DType input, DType of_float64) {
  if (!is_floating(of_float64) || row.on_integers == Integers::unchanged) return of_float64;
  if (row.on_integers == Integers::fraction) return kFloat32;
  return row.on_integers == Integers::sum ? kInt64 : input;
}

bool holds(const Tensor& x, DType type) {
  if (type != kUInt8) return true;
  for (const double v : x.to_vector<double>())
    if (v < 0 || v > 255) return false;
  return true;
}

BOOST_DATA_TEST_CASE(integer_inputs, boost::unit_test::data::make(op_table()), row) {
  const Sample* sample = floating_sample(row);
  if (!sample) return;
  for (const DType type : {kInt64, kInt32, kUInt8}) {
    Tensors whole = make_inputs(row, *sample, kFloat64), same = whole;
    for (std::size_t i = 0; i < whole.size(); ++i)
      if (wants_gradient(sample->args[i]))
        same[i] = (whole[i] = whole_values(sample->args[i], whole[i], type)).to(kFloat64);
    const std::string what = fmt::format("{} of {}", row_label(row, *sample), name(type));
    if (row.on_integers == Integers::refused) {
      BOOST_CHECK_EXCEPTION(sample->call(whole), DTypeError, [](const DTypeError& e) {
        return std::string(e.what()).find("op_table") != std::string::npos;
      });
      continue;
    }
    const Tensors got = sample->call(whole), want = sample->call(same);
    for (std::size_t k = 0; k < got.size(); ++k) {
      const DType expected = integer_result(row, type, want[k].dtype());
      BOOST_CHECK_MESSAGE(got[k].dtype() == expected,
                          fmt::format("{}: output is {}, expected {}", what, name(got[k].dtype()), name(expected)));
      if (!holds(want[k], expected)) continue;
      const double tol = row.on_integers == Integers::fraction ? 1e-5 : 0;
      const std::string d = value_difference(got[k], want[k], tol, tol);
      BOOST_CHECK_MESSAGE(d.empty(), what << ": output " << k << " " << d);
    }
  }
}

// float32 with float64: the result is float64, and each input gets its gradient in its own type.
BOOST_DATA_TEST_CASE(mixed_types, boost::unit_test::data::make(op_table()), row) {
  const Sample* sample = floating_sample(row);
  if (!row.promotes || !sample) return;
  const Tensors inputs = make_inputs(row, *sample, kFloat64);
  const Result want = run(*sample, leaves(*sample, inputs));
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!wants_gradient(sample->args[i])) continue;
    Tensors mixed = inputs;
    mixed[i] = mixed[i].to(kFloat32);
    const Result got = run(*sample, leaves(*sample, mixed));
    const std::string what = fmt::format("{}: input {} in float32", row_label(row, *sample), i);
    check_same(what + ": output", got.outputs, want.outputs, 1e-6, 1e-6);
    for (std::size_t k = 0, j = 0; j < inputs.size(); ++j) {
      if (!wants_gradient(sample->args[j])) continue;
      const std::string d = value_difference(got.grads[k], want.grads[k], 1e-5, 1e-5);
      BOOST_CHECK_MESSAGE(d.empty(), what << ": gradient " << j << " " << d);
      BOOST_CHECK_MESSAGE(got.grads[k].dtype() == mixed[j].dtype(),
                          what << ": gradient " << j << " is " << name(got.grads[k].dtype()));
      ++k;
    }
  }
}

// ---- refusals ----
BOOST_DATA_TEST_CASE(undefined_inputs, boost::unit_test::data::make(op_table()), row) {
  for (const Sample& sample : row.samples)
    for (std::size_t i = 0; i < sample.args.size(); ++i) {
      if (sample.args[i].values.optional || &sample != &row.samples.front()) continue;
      Tensors x = leaves(sample, make_inputs(row, sample, kFloat64));
      x[i] = Tensor();
      BOOST_CHECK_EXCEPTION(sample.call(x), ValueError, [](const ValueError& e) {
        return std::string(e.what()).find("undefined") != std::string::npos;
      });
    }
}

bool right_class(Wrong wrong, const Error& e) {
  switch (wrong) {
    case Wrong::shape:
      return typeid(e) == typeid(ShapeError);
    case Wrong::dtype:
      return typeid(e) == typeid(DTypeError);
    case Wrong::index:
      return typeid(e) == typeid(IndexError);
    case Wrong::value:
      return typeid(e) == typeid(ValueError);
    default:
      return typeid(e) == typeid(AutogradError);
  }
}

// "xgrad: <op>: <rule> ... called at <file>:<line>", with the place where the call is written in the table.
void check_message(const Row& row, const BadCall& bad, const Error& e) {
  const std::string text = e.what(),
                    what = fmt::format("{}: \"{}\": got \"{}\"", row.functions.front(), bad.says, text);
  BOOST_CHECK_MESSAGE(right_class(bad.wrong, e), what << ": wrong class");
  BOOST_CHECK_MESSAGE(text.find(bad.says) != std::string::npos, what);
  std::vector<std::string> names = row.functions;
  names.push_back(row.name);
  bool named = false;
  for (const std::string& n : names) named |= text.starts_with("xgrad: " + n + ": ");
  BOOST_CHECK_MESSAGE(named, what << ": does not begin with the operation");
  const std::string file = std::filesystem::path(bad.at.file_name()).filename();
  const std::string called = "called at " + file + ":";
  const std::size_t place = text.find(called);
  BOOST_REQUIRE_MESSAGE(place != std::string::npos, what << ": does not name " << file);
  const auto line = static_cast<std::uint32_t>(std::stoul(text.substr(place + called.size())));
  if (!bad.helper)
    BOOST_CHECK_MESSAGE(line >= bad.at.line() && line <= bad.at.line() + 3,
                        what << ": written at line " << bad.at.line());
}

BOOST_DATA_TEST_CASE(bad_calls, boost::unit_test::data::make(op_table()), row) {
  for (const BadCall& bad : row.bad_calls) {
    const std::uint64_t before = next_sequence();
    const std::int64_t bytes = memory_stats().live_bytes;
    bool refused = false;
    try {
      bad.call();
    } catch (const Error& e) {
      refused = true;
      check_message(row, bad, e);
    }
    BOOST_CHECK_MESSAGE(refused, row.functions.front() << ": \"" << bad.says << "\": not refused");
    BOOST_CHECK_MESSAGE(memory_stats().live_bytes == bytes, row.functions.front() << ": \"" << bad.says << "\": leaks");
    const std::uint64_t recorded = next_sequence() - before - 1;
    BOOST_CHECK_MESSAGE(recorded == bad.steps,
                        row.functions.front() << ": \"" << bad.says << "\": " << recorded << " operations recorded");
  }
}

// ---- threads ----
struct Threads {
  explicit Threads(int n) : before(get_num_threads()) { set_num_threads(n); }
  ~Threads() { set_num_threads(before); }
  int before;
};

BOOST_DATA_TEST_CASE(any_number_of_threads, boost::unit_test::data::make(op_table()), row) {
  const bool deterministic = is_deterministic();
  set_deterministic(true);
  for (const Sample& sample : row.samples) {
    if (sample.size != Size::large) continue;
    const Tensors inputs = leaves(sample, make_inputs(row, sample, kFloat32));
    Result one, four;
    {
      const Threads t(1);
      one = run(sample, inputs);
    }
    {
      const Threads t(4);
      four = run(sample, inputs);
    }
    check_same(row_label(row, sample) + ": output", four.outputs, one.outputs);
    check_same(row_label(row, sample) + ": gradient", four.grads, one.grads);
  }
  set_deterministic(deterministic);
}

BOOST_AUTO_TEST_CASE(dropout_keeps_the_mean) {
  manual_seed(3);
  const Tensor x = full({100000}, 2.0), y = dropout(x, 0.25);
  BOOST_TEST(std::abs(y.mean().item() - 2) < 0.02);
  BOOST_TEST(allclose(maximum(y, zeros({})), where(y > 0, 2 / 0.75, y)));
  BOOST_TEST(!allclose(dropout(x, 0.25), y));
  BOOST_TEST(dropout(x, 0.25, false).is_same(x));
  BOOST_TEST(dropout(x, 0).is_same(x));
}

}  // namespace
}  // namespace xgrad::test
