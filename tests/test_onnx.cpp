// ONNX files: what is written is read again and computes the same; what cannot be written, and what must not be read.
#include <algorithm>
#include <set>
#include <sstream>

#include <xgrad/onnx.hpp>

#include "onnx_exchange/models.hpp"
#include "onnx_messages.hpp"
#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

double difference(const Tensor& a, const Tensor& b) {
  if (!(a.shape() == b.shape()) || a.dtype() != b.dtype()) return 1e30;
  const std::vector<double> x = a.detach().to_vector<double>(), y = b.detach().to_vector<double>();
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i)
    worst = std::max(worst, std::fabs(x[i] - y[i]) / std::max(1.0, std::fabs(y[i])));
  return worst;
}

void require_equal(const std::string& name, const std::vector<Tensor>& got, const std::vector<Tensor>& want) {
  BOOST_REQUIRE_EQUAL(got.size(), want.size());
  for (std::size_t k = 0; k < got.size(); ++k)
    BOOST_TEST(difference(got[k], want[k]) <= 2e-6, name << ", output " << k << ": " << difference(got[k], want[k]));
}

struct TwoLayers : nn::Layer<TwoLayers> {
  nn::Linear fc1 = register_module("fc1", nn::Linear(3, 4)), fc2 = register_module("fc2", nn::Linear(4, 2));
  Tensor forward(const Tensor& x) const { return fc2(relu(fc1(x))); }
};

template <class F>
struct Function : nn::Layer<Function<F>> {
  explicit Function(F f) : f_(std::move(f)) {}
  Tensor forward(const Tensor& x) const { return f_(x); }

 private:
  F f_;
};

// What save() refuses: the message, and that there is no file.
template <class F>
void refuse(const std::vector<std::string>& facts, F f, const Tensor& x, const onnx::SaveOptions& options = {},
            Location at = Location::current()) {
  const TempDir dir;
  const std::string path = dir / "net.onnx";
  const Function<F> net(f);
  expect<ValueError>(
      facts, [&] { onnx::save(net, x, path, options); }, at);
  BOOST_TEST(!std::filesystem::exists(path));
}

// Saves f with x as the example, and compares with the file on x and on others.
template <class F>
void keep(const std::string& name, F f, const Tensor& x, const std::vector<Tensor>& others = {},
          const onnx::SaveOptions& options = {}) {
  const TempDir dir;
  const Function<F> net(f);
  onnx::save(net, x, dir / "net.onnx", options);
  const onnx::Model again = onnx::load(dir / "net.onnx");
  const NoGradGuard off;
  require_equal(name, {again(x)}, {net(x)});
  for (const Tensor& y : others) require_equal(name, {again(y)}, {net(y)});
}
onnx::SaveOptions dynamic_last() { return {.input_names = {"x"}, .dynamic_axes = {{"x", {{2, "n"}}}}}; }

// A model of several inputs.
template <class F>
struct OfTwo : nn::Layer<OfTwo<F>> {
  explicit OfTwo(F f) : f_(std::move(f)) {}
  Tensor forward(const Tensor& x, const Tensor& y) const { return f_(x, y); }

 private:
  F f_;
};
template <class F>
void refuse_two(const std::vector<std::string>& facts, F f, const std::vector<Tensor>& inputs,
                const onnx::SaveOptions& options = {}, Location at = Location::current()) {
  const TempDir dir;
  const OfTwo<F> net(f);
  expect<ValueError>(
      facts, [&] { onnx::save(net, inputs, dir / "net.onnx", options); }, at);
}

Graph relu_of_x() { return Graph().input(value_message("x")).output(value_message("y")); }

void refuse_file(const std::vector<std::string>& facts, const std::string& content, Location at = Location::current()) {
  const TempDir dir;
  const std::string path = dir / "bad.onnx";
  write_file(path, content);
  expect<IoError>(
      facts, [&] { (void)onnx::load(path); }, at);
}
void refuse_graph(const std::vector<std::string>& facts, const Graph& g, Location at = Location::current()) {
  refuse_file(facts, g.model(), at);
}

}  // namespace

BOOST_AUTO_TEST_CASE(round_trip) {
  const TempDir dir;
  for (const exchange::Case& c : exchange::cases()) {
    const std::string path = dir / (c.name + ".onnx");
    const exchange::Exported e = c.save(path);
    const onnx::Model again = onnx::load(path);
    const NoGradGuard off;
    require_equal(c.name, again(e.inputs), e.outputs);
    if (!e.other_inputs.empty()) require_equal(c.name + " with another batch", again(e.other_inputs), e.other_outputs);
  }
}

BOOST_AUTO_TEST_CASE(loaded_model) {
  manual_seed(1);
  const TempDir dir;
  const std::string path = dir / "net.onnx";
  TwoLayers net;
  const Tensor x = randn({2, 3});
  onnx::save(net, x, path, {.input_names = {"x"}, .output_names = {"y"}, .dynamic_axes = {{"x", {{0, "n"}}}}});
  onnx::Model again = onnx::load(path);
  BOOST_TEST((again.input_names() == std::vector<std::string>{"x"}));
  BOOST_TEST((again.output_names() == std::vector<std::string>{"y"}));

  // The keys are those of the model, so that either loads into the other.
  std::set<std::string> keys, expected;
  for (const auto& [name, t] : again.state_dict()) keys.insert(name);
  for (const auto& [name, t] : net.state_dict()) expected.insert(name);
  BOOST_TEST((keys == expected));
  TwoLayers other;
  other.load_state_dict(again.state_dict());
  BOOST_TEST(difference(other(x), net(x)) == 0);

  // It can be trained further.
  again(x).sum().backward();
  net(x).sum().backward();
  BOOST_TEST(difference(again.get_parameter("fc1.weight").grad(), net.fc1.weight.grad()) <= 1e-6);

  // A clone has parameters of its own.
  onnx::Model copy = nn::clone(again);
  {
    const NoGradGuard off;
    copy.get_parameter("fc1.weight").zero_();
  }
  BOOST_TEST(difference(again(x), net(x)) <= 1e-6);
  BOOST_TEST(difference(copy(x), net(x)) > 1e-6);

  std::ostringstream text;
  text << again;
  for (const char* part : {"Model(", "fc1", "fc2"}) BOOST_TEST(text.str().find(part) != std::string::npos, text.str());

  // What is wrong in a call is named.
  expect<ShapeError>({"input 'x' must have size 3 in dimension 1, got 4"}, [&] { again(randn({2, 4})); });
  expect<DTypeError>({"input 'x' must be float32, got int64"}, [&] { again(ones({2, 3}, {kInt64})); });
  expect<ValueError>({"2 inputs given, the model has 1: x"}, [&] { again(std::vector<Tensor>{x, x}); });
  const onnx::Model none = nullptr;
  BOOST_TEST(!none);
  expect<ValueError>({"empty"}, [&] { none(x); });
}

struct Counts : nn::Layer<Counts> {
  Tensor count = register_buffer("count", zeros({}));
  Tensor forward(const Tensor& x) const {
    Tensor c = count;
    const NoGradGuard off;
    c.add_(1);
    return x * c;
  }
};

BOOST_AUTO_TEST_CASE(buffers_that_forward_changes) {
  const TempDir dir;
  const Counts net;
  expect<ValueError>({"changes its buffer 'count'"}, [&] { onnx::save(net, ones({2}), dir / "net.onnx"); });
  BOOST_TEST(net.count.item<double>() == 0);
}

BOOST_AUTO_TEST_CASE(the_model_is_left_as_it_was) {
  const TempDir dir;
  manual_seed(5);
  nn::Sequential net(nn::Linear(3, 4), nn::BatchNorm1d(4), nn::Dropout(0.5), nn::Linear(4, 2));
  net[0].requires_grad_(false);
  net[1].eval();
  const auto random = default_generator().get_state();
  const std::string path = dir / "net.onnx";
  onnx::save(net, randn({4, 3}), path);
  BOOST_TEST((net.is_training() && net[0].is_training() && !net[1].is_training() && net[2].is_training()));
  BOOST_TEST(!net.get_parameter("0.weight").requires_grad());
  BOOST_TEST(!net.get_parameter("0.weight").grad().defined());
  BOOST_TEST(net.get_buffer("1.running_mean").to_vector<double>()[0] == 0.0);
  BOOST_TEST((default_generator().get_state()[0] == random[0]));
  // Frozen parameters and buffers are so in the file, too.
  const onnx::Model again = onnx::load(path);
  BOOST_TEST(!again.get_parameter("0.weight").requires_grad());
  BOOST_TEST(again.get_parameter("3.weight").requires_grad());
  BOOST_TEST(again.get_buffer("1.running_var").defined());
}

// Penalties of results and generators of the program's own, too.
BOOST_AUTO_TEST_CASE(nothing_of_the_runs_is_left) {
  const TempDir dir;
  manual_seed(6);
  nn::Linear net = nn::with_weight_options(nn::Linear(3, 2), {.activity_regularizer = nn::L2(0.5)});
  const Tensor x = randn({4, 3}), y = net(x);
  onnx::save(net, x, dir / "net.onnx");
  BOOST_TEST(std::fabs(nn::regularization_loss(net).item<double>() - 0.5 * square(y).sum().item<double>()) < 1e-5);
  onnx::save(net, x, dir / "net.onnx");
  expect<ValueError>({"there is none"}, [&] { nn::regularization_loss(net); });
  net.weight.sum().backward();
  const Generator own(3);
  const auto before = own.get_state();
  const nn::Sequential drawing(net, [&](const Tensor& t) {
    {
      const NoGradGuard off;
      net.weight.grad().zero_();
    }
    (void)rand({2}, {.generator = own});
    return t * 2;
  });
  onnx::save(drawing, x, dir / "net.onnx");
  BOOST_TEST((own.get_state() == before));
  BOOST_TEST(net.weight.grad().sum().item<double>() == 6);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_written) {
  const Tensor x = randn({2, 3});
  refuse(
      {"lgamma", "ONNX has no operator", "operation", "called at test_onnx.cpp:"},
      [](const Tensor& t) { return lgamma(t); }, x);
  refuse(
      {"input 'input.0' is not used by the recorded graph"},
      [](const Tensor&) { return ones({2}) * Tensor(ones({2}, {.requires_grad = true})); }, x);
  refuse(
      {"depends on the values of an input"}, [](const Tensor& t) { return t * t.detach().sum().item<float>(); }, x);
  refuse(
      {"depends on the values of an input"}, [](const Tensor& t) { return t * t.detach(); }, x);
  refuse(
      {"of an input"}, [](const Tensor& t) { return t[0][0].item<float>() > t[1][2].item<float>() ? exp(t) : relu(t); },
      tensor({{5., 1., 1.}, {1., 2., 1.}}));
  const Tensor table = randn({6, 4}).requires_grad_();
  const Tensor list = tensor({0, 3, 5, 2}), begins = tensor({0, 2, 3});
  refuse(
      {"embedding_bag", "bags by offsets, whose values say how many rows each has"},
      [&](const Tensor& i) { return embedding_bag(i, table, {.offsets = begins}); }, list);
  refuse_two({"embedding_bag", "bags by offsets"},
             [&](const Tensor& i, const Tensor& from) { return embedding_bag(i, table, {.offsets = from}); },
             {list, begins});
  for (const BagMode mode : {BagMode::sum, BagMode::max})
    refuse_two({"depends on the values of an input"},
               [&](const Tensor& i, const Tensor& from) {
                 EmbeddingBagOptions o{.offsets = from, .mode = mode};
                 if (mode == BagMode::sum) o.per_sample_weights = ones({4});
                 return embedding_bag(i, table, o);
               },
               {list, begins});
  refuse(
      {"nanmedian", "ONNX has no operator"}, [](const Tensor& t) { return nanmedian(t, 1).values; }, x);
  refuse(
      {"bits of whole numbers from operator set 18"},
      [](const Tensor& t) { return bitwise_and(t.to(kInt64), 3) * t.sum(); }, x);
  refuse({"opset must be 17, got 11"}, [](const Tensor& t) { return relu(t); }, x, {.opset = 11});
  refuse({"2 input_names for 1 inputs"}, [](const Tensor& t) { return relu(t); }, x, {.input_names = {"a", "b"}});
  refuse({"2 output_names for 1 outputs"}, [](const Tensor& t) { return relu(t); }, x, {.output_names = {"a", "b"}});
  refuse({"'a' is empty or taken"}, [](const Tensor& t) { return relu(t); }, x,
         {.input_names = {"a"}, .output_names = {"a"}});
  refuse({"no input or output is called 'z'"}, [](const Tensor& t) { return relu(t); }, x,
         {.dynamic_axes = {{"z", {{0, "n"}}}}});
  // Sizes that follow the batch in another way than as a multiple of it.
  refuse({"follows the dynamic axis 'n'", "no multiple"},
         [](const Tensor& t) { return expand(t.sum().reshape({1}), {t.size(0) + 5}); }, x,
         {.input_names = {"x"}, .dynamic_axes = {{"x", {{0, "n"}}}}});
  refuse({"depends on a size of an input", "unbind"}, [](const Tensor& t) { return unbind(t, 0)[0]; }, x,
         {.input_names = {"x"}, .dynamic_axes = {{"x", {{0, "n"}}}}});
  // A module is named.
  const TempDir dir;
  nn::Sequential net(nn::Linear(3, 4), [](const Tensor& t) { return lgamma(t); });
  nn::Sequential outer = nn::Sequential().add("body", net);
  expect<ValueError>({"lgamma", "module", "body"}, [&] { onnx::save(outer, x, dir / "net.onnx"); });
  expect<IoError>({"no/such"}, [&] { onnx::save(nn::Sequential(nn::Linear(3, 4)), x, dir / "no/such/net.onnx"); });
}

// Sizes that are equal to a number, or to a multiple of the axis, in the example and its neighbours only.
BOOST_AUTO_TEST_CASE(sizes_behind_divisions) {
  manual_seed(11);
  const auto half = [](const Tensor& t) { return max_pool1d(t, 2); };
  for (const std::int64_t n : {4, 5, 6, 9}) {
    const Tensor x = randn({1, 2, n});
    const auto no = [&](const std::vector<std::string>& facts, auto f) { refuse(facts, f, x, dynamic_last()); };
    no({"var", "dynamic axis"}, [&](const Tensor& t) { return var(half(t), Shape{-1}); });
    no({"div", "its other follows a dynamic axis"}, [&](const Tensor& t) {
      const Tensor p = half(t);
      return sum(p, Shape{-1}) / static_cast<double>(p.size(-1));
    });
    no({"slice", "end follows a dynamic axis"}, [](const Tensor& t) { return t.slice(2, 0, t.size(2) / 2); });
    no({"narrow", "follows a dynamic axis"}, [](const Tensor& t) { return narrow(t, 2, t.size(2) / 2, 2); });
    no({"no multiple"}, [&](const Tensor& t) { return half(t).flatten(1); });
    no({"depends on a size"}, [n](const Tensor& t) { return t.size(2) > 2 * n - 1 ? t * 2 : t; });
    no({"ceil_mode with dynamic sizes"}, [](const Tensor& t) { return max_pool1d(t, 2, {.ceil_mode = true}); });
    no({"ceil_mode"},
       [](const Tensor& t) { return avg_pool1d(t, 3, {.stride = 2, .ceil_mode = true, .count_include_pad = false}); });
    keep(
        "pools of any size", [&](const Tensor& t) { return max_pool1d(half(t), 2, {.stride = 1}); }, x,
        {randn({1, 2, 4}), randn({1, 2, 7}), randn({1, 2, 8}), randn({1, 2, 50})}, dynamic_last());
  }
  // Models that take only some sizes: up to a largest one, or even ones.
  const Tensor table = randn({6, 3}), six = randn({1, 6, 3});
  keep("a largest size",
       [&](const Tensor& t) {
         (void)table.index_select(0, arange(Scalar(t.size(1))));
         return t * 2;
       },
       six, {randn({1, 2, 3})}, {.input_names = {"x"}, .dynamic_axes = {{"x", {{1, "n"}}}}});
  keep(
      "even sizes",
      [](const Tensor& t) {
        if (t.size(2) % 2 != 0) throw ValueError("an odd size");
        return t * 2;
      },
      randn({1, 1, 4}), {randn({1, 1, 10})}, dynamic_last());
  // Of two axes, what is told apart only when both change.
  const onnx::SaveOptions two = {.input_names = {"x", "y"}, .dynamic_axes = {{"x", {{0, "n"}}}, {"y", {{0, "m"}}}}};
  refuse_two(
      {"when all of them change"},
      [](const Tensor& x, const Tensor& y) {
        return expand((x.sum() + y.sum()).reshape({1}), {std::min(x.size(0), y.size(0))});
      },
      {randn({4}), randn({4})}, two);
}

BOOST_AUTO_TEST_CASE(values_that_are_read) {
  const Tensor x = tensor({1., -2., 3.}), positive = tensor({1., 2., 3.});
  const std::vector<std::string> facts = {"depends on the values of an input"};
  for (const Tensor& t : {x, positive, ones({3}), zeros({3})})
    refuse(
        facts, [](const Tensor& v) { return v * ((v > 0.25).sum().item<double>() + 1); }, t);
  refuse(
      facts, [](const Tensor& v) { return v / v.abs().max().item<double>(); }, x);
  refuse_two(facts, [](const Tensor& v, const Tensor& mask) { return sum(v * mask) / sum(mask).item<double>(); },
             {x, tensor({true, false, true})});
  refuse_two(facts, [](const Tensor& v, const Tensor& n) { return v.slice(1, 0, n.max().item<std::int64_t>()) * n[0]; },
             {randn({2, 5}), tensor(std::vector<std::int64_t>{3, 2})});
  refuse_two(facts, [](const Tensor& v, const Tensor& n) { return v * n * n.sum().item<double>(); },
             {randn({2}), tensor(std::vector<std::int64_t>{0, 1})});
  refuse_two(facts, [](const Tensor& v, const Tensor& n) { return v * n * n.sum().item<double>(); },
             {randn({2}), zeros({2}, {kInt64})});
  // Indices stay in range, infinities of a mask where they are, and refused values do no harm.
  const Tensor table = randn({4, 2}, {.requires_grad = true});
  keep(
      "indices", [&](const Tensor& i) { return embedding(i, table); }, tensor(std::vector<std::int64_t>{3, 0, 2}));
  const Tensor mask = tensor({0., -std::numeric_limits<double>::infinity(), 0.});
  keep("a mask", [](const Tensor& m) { return softmax(m, 0); }, mask, {tensor({0., 1., 2.})});
  keep("positive only",
       [](const Tensor& v) {
         if (v.min().item<double>() < 0) throw ValueError("negative");
         return sqrt(v);
       },
       positive, {tensor({4., 5., 6.})});
}

BOOST_AUTO_TEST_CASE(options_that_are_kept) {
  manual_seed(12);
  const Tensor q = randn({1, 2, 3, 4});
  refuse(
      {"scaled_dot_product_attention", "dropout"},
      [](const Tensor& t) { return scaled_dot_product_attention(t, t, t, {.dropout = 0.5}); }, q);
  const Tensor x = tensor({1.5, 0.2, -3., 0.9, 20., 200.});
  for (const double threshold : {1., 5., 20.})
    for (const double beta : {1., 0.5, 3.})
      keep(
          "softplus", [&](const Tensor& t) { return softplus(t, beta, threshold); }, x);

  const auto rounded = [&](auto f, const Tensor& t) { keep("rounded quotient", f, t); };
  const Tensor whole = tensor(std::vector<std::int64_t>{-7, 7, 5, -5, 6, -6, 0, -1});
  for (const DType type : {kInt64, kInt32, kFloat32, kUInt8})
    for (const int divisor : {2, -2, 3, -3, 7}) {
      if (type == kUInt8 && divisor < 0) continue;
      const Tensor by = full({}, Scalar(divisor), {type}), x8 = (type == kUInt8 ? abs(whole) * 30 : whole).to(type);
      for (const Rounding how : {Rounding::floor, Rounding::trunc}) {
        rounded([&](const Tensor& t) { return div(t, by, how); }, x8);
        rounded([&](const Tensor& t) { return div(t, Scalar(divisor), how); }, x8);
      }
    }
}

// Relative errors, near 0 and far from it.
BOOST_AUTO_TEST_CASE(functions_that_keep_their_digits) {
  const TempDir dir;
  const auto close = [&](const std::string& name, auto f, const std::vector<double>& values) {
    for (const DType type : {kFloat32, kFloat64}) {
      const Tensor x = from_vector(values).to(type);
      const Function net(f);
      onnx::save(net, x, dir / "net.onnx");
      Tensor leaf = x.detach().clone();
      leaf.requires_grad_(true);
      const Tensor y = onnx::load(dir / "net.onnx")(leaf);
      const std::vector<double> got = y.detach().to_vector<double>(), want = net(x).template to_vector<double>();
      for (std::size_t i = 0; i < want.size(); ++i) {
        const bool same = got[i] == want[i] || (std::isnan(got[i]) && std::isnan(want[i])) ||
                          std::fabs(got[i] - want[i]) <= 1e-5 * std::fabs(want[i]) + 1e-37;
        BOOST_TEST(same, name << "(" << values[i] << "): " << got[i] << ", not " << want[i]);
      }
      y.sum().backward();
      for (const double g : leaf.grad().to_vector<double>()) BOOST_TEST(!std::isnan(g), name << ": slope");
    }
  };
  close("log1p", [](const Tensor& t) { return log1p(t); },
        {1e-30, -1e-9, 1e-9, 1e-4, -1e-4, 0, 0.49, 0.5, -0.5, -0.51, -0.999, 3, 1e6, 1e30});
  close("expm1", [](const Tensor& t) { return expm1(t); },
        {-200, -100, -20, -1.01, -1, -0.99, -1e-8, 0, 1e-30, 1e-8, 1e-3, 0.99, 1, 1.01, 40, 80});
  close("erfc", [](const Tensor& t) { return erfc(t); },
        {-30, -5, -1, -1e-9, 0, 1e-9, 0.3, 0.5, 0.51, 1, 2, 3, 5, 8, 9, 30, 1e20});
}

BOOST_AUTO_TEST_CASE(operators_at_their_limits) {
  const TempDir dir;
  const std::string path = dir / "net.onnx";
  const auto read = [&](const Graph& g) {
    write_file(path, g.model());
    return onnx::load(path);
  };
  const Graph blocks = Graph().input(value_message("x", {1, 4, 1, 1})).output(value_message("y", {1, 1, 2, 2}));
  for (const std::int64_t r : {std::int64_t{1} << 32, std::int64_t{1} << 62, std::int64_t{-1}, std::int64_t{0},
                               std::int64_t{3}, std::int64_t{4}})
    expect<ShapeError>({"blocksize"}, [&] {
      read(Graph(blocks).node(node_message("DepthToSpace", {"x"}, {"y"}).add(5, int_attribute("blocksize", r))))(
          ones({1, 4, 1, 1}));
    });
  const auto numbers = [](const std::string& name, const std::vector<std::int64_t>& v) {
    std::string bytes(reinterpret_cast<const char*>(v.data()), 8 * v.size());
    return Message().number(1, static_cast<std::int64_t>(v.size())).number(2, 7).text(8, name).text(9, bytes);
  };
  // Backwards, a start before the first element is the first element.
  const Graph slice = Graph()
                          .input(value_message("x", {4}))
                          .output(value_message("y", {1}))
                          .tensor(numbers("start", {-9}))
                          .tensor(numbers("end", {std::numeric_limits<std::int64_t>::min()}))
                          .tensor(numbers("axis", {0}))
                          .tensor(numbers("step", {-1}))
                          .node(node_message("Slice", {"x", "start", "end", "axis", "step"}, {"y"}));
  BOOST_TEST((read(slice)(tensor({5., 6., 7., 8.})).to_vector<double>() == std::vector<double>{5}));
  // A whole base with floating exponents.
  const Graph power = Graph()
                          .input(value_message("x", {2}, 7))
                          .input(value_message("p", {2}))
                          .output(value_message("y", {2}, 7))
                          .node(node_message("Pow", {"x", "p"}, {"y"}));
  const Tensor roots = read(power)(std::vector{tensor(std::vector<std::int64_t>{4, 9}), tensor({0.5, 0.5})})[0];
  BOOST_TEST((roots.dtype() == kInt64 && roots.to_vector<double>() == std::vector<double>{2, 3}));
  const Graph dropout = Graph()
                            .input(value_message("x"))
                            .output(value_message("y"))
                            .tensor(tensor_message("ratio", {}, 1, 4))
                            .tensor(Message().number(2, 9).text(8, "on").text(9, "\1"))
                            .node(node_message("Dropout", {"x", "ratio", "on"}, {"y"}));
  expect<ValueError>({"training_mode is true"}, [&] { read(dropout)(ones({2, 3})); });
}

BOOST_AUTO_TEST_CASE(files_that_are_refused) {
  const TempDir dir;
  expect<IoError>({"no such file"}, [&] { (void)onnx::load(dir / "none.onnx"); });
  expect<IoError>({"not a regular file"}, [&] { (void)onnx::load(dir.path()); });
  refuse_file({"empty file"}, "");
  refuse_file({"not an ONNX model"}, "this is some text, no model");
  const Message relu = node_message("Relu", {"x"}, {"y"});
  refuse_graph({"node 'n' (Foo)", "operator is not known"}, relu_of_x().node(node_message("Foo", {"x"}, {"y"})));
  refuse_graph({"domain 'com.example' is not known"}, relu_of_x().node(Message(relu).text(7, "com.example")));
  refuse_graph({"operator set 18; 13 to 17 are known"}, relu_of_x().node(relu).operator_set(18));
  refuse_graph({"node 'n' (Relu) reads 'z'", "nothing makes it"}, relu_of_x().node(node_message("Relu", {"z"}, {"y"})));
  refuse_graph({"cycle"}, relu_of_x()
                              .node(node_message("Relu", {"b"}, {"a"}, "first"))
                              .node(node_message("Relu", {"a"}, {"b"}, "second"))
                              .node(node_message("Relu", {"b"}, {"y"})));
  refuse_graph({"the name 'x' is taken"}, relu_of_x().node(node_message("Relu", {"x"}, {"x"})));
  refuse_graph({"nothing makes the output 'y'"}, relu_of_x().node(node_message("Relu", {"x"}, {"q"})));
  refuse_graph({"no output"}, Graph().input(value_message("x")));
  refuse_graph({"2 inputs, it takes 1"}, relu_of_x().node(node_message("Relu", {"x", "x"}, {"y"})));
  refuse_graph({"attribute 'beta' is not known"},
               relu_of_x().node(node_message("Relu", {"x"}, {"y"}).add(5, int_attribute("beta", 1))));
  refuse_graph({"attribute 'alpha' must be a number"},
               relu_of_x().node(node_message("Elu", {"x"}, {"y"}).add(5, int_attribute("alpha", 1))));
  refuse_graph({"input 'x': elements of STRING"},
               Graph().input(value_message("x", {2}, 8)).output(value_message("y")).node(relu));

  const auto with_tensor = [&](const Message& t) { return relu_of_x().node(relu).tensor(t); };
  refuse_graph({"initializer 'w'", "shape (2, 3) of float32 takes 24 bytes, found 20"},
               with_tensor(tensor_message("w", {2, 3}, 1, 20)));
  refuse_graph({"overflows 64 bits"}, with_tensor(tensor_message("w", {1LL << 40, 1LL << 40}, 1, 8)));
  refuse_graph({"negative size -1"}, with_tensor(tensor_message("w", {-1}, 1, 8)));
  refuse_graph({"elements of FLOAT16"}, with_tensor(tensor_message("w", {2}, 10, 4)));
  refuse_graph({"a bool is neither 0 nor 1"},
               with_tensor(Message().number(1, 1).number(2, 9).text(8, "w").text(9, "\2")));
  refuse_graph(
      {"in another file"},
      with_tensor(
          tensor_message("w", {2}, 1, 8).number(14, 1).add(13, Message().text(1, "location").text(2, "/etc/passwd"))));
  refuse_graph({"the name 'w' is taken"},
               with_tensor(tensor_message("w", {2}, 1, 8)).tensor(tensor_message("w", {2}, 1, 8)));
  refuse_graph({"between dots is empty"}, with_tensor(tensor_message("a..w", {2}, 1, 8)));
  refuse_graph({"a part of its name is also that of a tensor"},
               with_tensor(tensor_message("a", {2}, 1, 8)).tensor(tensor_message("a.w", {2}, 1, 8)));
  // A few bytes that would become gigabytes.
  Message many;
  for (int i = 0; i < 300000; ++i) many.text(1, "");
  refuse_file({"of memory"}, Message().number(1, 8).add(7, many).bytes);
}

BOOST_AUTO_TEST_CASE(every_byte_damaged) {
  const TempDir dir;
  manual_seed(2);
  const std::string path = dir / "net.onnx", bad = dir / "bad.onnx";
  onnx::save(nn::Sequential(nn::Linear(2, 2), nn::ReLU(), nn::Flatten()), randn({1, 2}), path);
  const std::string good = read_file(path);
  const auto read = [&](const std::string& content) {
    write_file(bad, content);
    try {
      const onnx::Model model = onnx::load(bad);
      const NoGradGuard off;
      (void)model(randn({1, 2}));
    } catch (const Error&) {
    }
  };
  for (std::size_t n = 0; n < good.size(); ++n) read(good.substr(0, n));
  for (std::size_t i = 0; i < good.size(); ++i)
    for (const int change : {0x01, 0x80, 0xff}) {
      std::string damaged = good;
      damaged[i] = static_cast<char>(damaged[i] ^ change);
      read(damaged);
    }
}

// The tables of docs/guide/onnx.md.
BOOST_AUTO_TEST_CASE(documented_operators) {
  const std::string page = read_file(XGRAD_SOURCE_DIR "/docs/guide/onnx.md");
  const auto documented = [&](const std::string& heading) {
    std::set<std::string> names;
    const std::size_t begin = page.find("\n## " + heading + "\n");
    BOOST_REQUIRE(begin != std::string::npos);
    const std::size_t end = std::min(page.find("\n## ", begin + 4), page.size());
    std::istringstream lines(page.substr(begin, end - begin));
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with("| ")) continue;
      for (std::size_t from = line.find('`'); from != std::string::npos; from = line.find('`', from)) {
        const std::size_t to = line.find('`', from + 1);
        names.insert(line.substr(from + 1, to - from - 1));
        from = to + 1;
      }
    }
    return names;
  };
  const auto require_same = [](const std::vector<std::string>& have, const std::set<std::string>& told) {
    for (const std::string& name : have) BOOST_TEST(told.contains(name), name << " is not in docs/guide/onnx.md");
    for (const std::string& name : told)
      BOOST_TEST((std::ranges::find(have, name) != have.end()), "docs/guide/onnx.md has " << name);
  };
  require_same(onnx::save_operations(), documented("Operations that are written"));
  require_same(onnx::load_operators(), documented("Operators that are read"));
}
