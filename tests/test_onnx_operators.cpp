// Operators of ONNX files that onnx::save does not write, or not with such inputs: values by hand from the ONNX
// specification, operator set 17.
#include <algorithm>
#include <cmath>
#include <ctime>
#include <limits>
#include <map>

#include <xgrad/autograd.hpp>
#include <xgrad/onnx.hpp>

#include "onnx_messages.hpp"
#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

template <class T>
std::string bytes_of(const Tensor& x) {
  const std::vector<T> v = x.to_vector<T>();
  return {reinterpret_cast<const char*>(v.data()), sizeof(T) * v.size()};
}
Message constant(const std::string& name, const Tensor& x) {
  Message m;
  for (const std::int64_t n : x.shape()) m.number(1, n);
  if (x.dtype() == kInt64) return m.number(2, 7).text(8, name).text(9, bytes_of<std::int64_t>(x));
  if (x.dtype() == kInt32) return m.number(2, 6).text(8, name).text(9, bytes_of<std::int32_t>(x));
  if (x.dtype() == kFloat64) return m.number(2, 11).text(8, name).text(9, bytes_of<double>(x));
  return m.number(2, 1).text(8, name).text(9, bytes_of<float>(x));
}
Message text_attribute(const std::string& name, const std::string& v) {
  return Message().text(1, name).text(4, v).number(20, 3);
}
Message number_attribute(const std::string& name, float v) {
  Message m = Message().text(1, name).varint(2 << 3 | 5);
  m.bytes.append(reinterpret_cast<const char*>(&v), sizeof v);
  return m.number(20, 1);
}
Message ints_attribute(const std::string& name, const std::vector<std::int64_t>& v) {
  Message m = Message().text(1, name);
  for (const std::int64_t n : v) m.number(8, n);
  return m.number(20, 7);
}
Message list_attribute(const std::string& name, std::int64_t v) { return ints_attribute(name, {v}); }
Message value_attribute(const Tensor& x) { return Message().text(1, "value").add(5, constant("", x)).number(20, 4); }

// All outputs of one node; undefined inputs are left out.
std::vector<Tensor> results_of(const std::string& type, const std::vector<Tensor>& in,
                               const std::vector<Message>& attributes = {},
                               const std::vector<std::string>& outputs = {"y"}) {
  const TempDir dir;
  Graph g;
  for (const std::string& name : outputs) g.output(value_message(name));
  std::vector<std::string> names;
  for (const Tensor& t : in) {
    names.push_back(t.defined() ? "i" + std::to_string(names.size()) : "");
    if (t.defined()) g.tensor(constant(names.back(), t));
  }
  Message node = node_message(type, names, outputs);
  for (const Message& a : attributes) node.add(5, a);
  write_file(dir / "net.onnx", g.node(node).model());
  const NoGradGuard off;
  return onnx::load(dir / "net.onnx")(std::vector<Tensor>());
}
Tensor result_of(const std::string& type, const std::vector<Tensor>& in, const std::vector<Message>& attributes = {}) {
  return results_of(type, in, attributes)[0];
}
void same(const Tensor& got, const Tensor& want, Location at = Location::current()) {
  const std::string what = "line " + std::to_string(at.line()) + ": " + to_string(got.shape());
  BOOST_REQUIRE_MESSAGE(got.shape() == want.shape() && got.dtype() == want.dtype(), what);
  const std::vector<double> x = got.to_vector<double>(), y = want.to_vector<double>();
  for (std::size_t i = 0; i < x.size(); ++i)
    BOOST_TEST((x[i] == y[i] || std::fabs(x[i] - y[i]) <= 1e-6 * std::fabs(y[i])), what << " " << x[i] << " " << y[i]);
}
Tensor whole(const std::vector<std::int64_t>& v) { return tensor(v); }
Tensor numbers(const std::vector<float>& v, const Shape& shape) { return tensor(v).reshape(shape); }

constexpr float kInfinity = std::numeric_limits<float>::infinity();

}  // namespace

BOOST_AUTO_TEST_CASE(running_sums_without_the_element) {
  const Message without = int_attribute("exclusive", 1), back = int_attribute("reverse", 1);
  same(result_of("CumSum", {numbers({1, 1e20f, 2}, {3}), whole({0})}, {without}), numbers({0, 1, 1e20f}, {3}));
  same(result_of("CumSum", {numbers({2, kInfinity}, {2}), whole({0})}, {without}), numbers({0, 2}, {2}));
  same(result_of("CumSum", {numbers({kInfinity, 2}, {2}), whole({0})}, {without, back}), numbers({2, 0}, {2}));
  same(result_of("CumSum", {numbers({1, 2, 3, 4}, {2, 2}), whole({-1})}, {without}), numbers({0, 1, 0, 3}, {2, 2}));
  same(result_of("CumSum", {zeros({0}), whole({0})}, {without}), zeros({0}));
}

BOOST_AUTO_TEST_CASE(whole_numbers_keep_their_type) {
  const Tensor small = whole({2, 3}).to(kInt32);
  same(result_of("CumSum", {small, whole({0})}), whole({2, 5}).to(kInt32));
  for (const auto& [type, value] : std::map<std::string, std::int64_t>{
           {"ReduceSum", 5}, {"ReduceProd", 6}, {"ReduceL1", 5}, {"ReduceSumSquare", 13}, {"ReduceL2", 3}})
    same(result_of(type, {small}), whole({value}).to(kInt32));
  const Tensor two = whole({2}).reshape({1, 1});
  same(result_of("Gemm", {two, two}, {number_attribute("alpha", 3)}), two * 6);
}

BOOST_AUTO_TEST_CASE(means_and_last_places_of_whole_numbers) {
  const Tensor x = whole({7, 2, -7, -1, 7, 2}).to(kInt32).reshape({2, 3});
  same(result_of("ReduceMean", {x}), whole({1}).to(kInt32).reshape({1, 1}));  // 10 / 6
  same(result_of("ReduceMean", {x}, {list_attribute("axes", 1)}), whole({0, 2}).to(kInt32).reshape({2, 1}));
  const Message last = int_attribute("select_last_index", 1), dropped = int_attribute("keepdims", 0);
  same(result_of("ArgMax", {whole({3, 1, 3, 0})}, {last, dropped}), whole({2}).reshape({}));
  same(result_of("ArgMin", {numbers({0, 1, 0, 5, 5, 5}, {2, 3})}, {last, int_attribute("axis", 1)}),
       whole({2, 2}).reshape({2, 1}));
}

// Bytes all of which are below what a border of zeros would be.
BOOST_AUTO_TEST_CASE(uneven_borders_of_bytes) {
  const TempDir dir;
  const Graph g = Graph()
                      .input(value_message("x", {1, 1, 2, 3}, 2))
                      .output(value_message("y", {1, 1, 2, 3}, 2))
                      .output(value_message("i", {1, 1, 2, 3}, 7))
                      .node(node_message("MaxPool", {"x"}, {"y", "i"})
                                .add(5, ints_attribute("kernel_shape", {2, 2}))
                                .add(5, ints_attribute("pads", {1, 0, 0, 1})));
  write_file(dir / "net.onnx", g.model());
  const std::vector<Tensor> r =
      onnx::load(dir / "net.onnx")(std::vector{whole({0, 0, 0, 200, 0, 255}).to(kUInt8).reshape({1, 1, 2, 3})});
  same(r[0], whole({0, 0, 0, 200, 255, 255}).to(kUInt8).reshape({1, 1, 2, 3}));
  same(r[1], whole({0, 1, 2, 3, 5, 5}).reshape({1, 1, 2, 3}));
}

// What a run gives belongs to the caller.
BOOST_AUTO_TEST_CASE(constants_that_are_results) {
  const TempDir dir;
  const Graph g = Graph()
                      .output(value_message("c"))
                      .output(value_message("v", {3, 2}))
                      .node(node_message("Constant", {}, {"c"}).add(5, value_attribute(zeros({2, 3}))))
                      .node(node_message("Transpose", {"c"}, {"v"}));
  write_file(dir / "net.onnx", g.model());
  const onnx::Model net = onnx::load(dir / "net.onnx");
  for (int run = 0; run < 2; ++run) {
    std::vector<Tensor> r = net(std::vector<Tensor>());
    for (Tensor& t : r) {
      BOOST_TEST(t.abs().max().item() == 0);
      t.fill_(7);
    }
  }
}

// Sizes that stand in a file, or come with an input, are no reason to work for minutes.
BOOST_AUTO_TEST_CASE(results_of_absurd_sizes) {
  const auto one = [](std::int64_t v) { return whole({v}).reshape({}); };
  constexpr std::int64_t many = 1'000'000'000'000;
  const Tensor x = numbers({1, 2}, {2});
  const auto refused = [](const std::string& type, const std::vector<Tensor>& in,
                          const std::vector<Message>& attributes = {}) {
    const std::clock_t start = std::clock();  // of the processor, which others may keep busy
    expect<OutOfMemoryError>({type, "the limit is 2 GiB"}, [&] { result_of(type, in, attributes); });
    BOOST_TEST(static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC < 1, type);
  };
  for (const std::int64_t n : {many, std::int64_t{600'000'000}}) {
    refused("Range", {one(0), one(n), one(1)});
    refused("Range", {tensor(0.f), tensor(static_cast<float>(n)), tensor(1.f)});
    refused("OneHot", {whole({0}), whole({n}), x});
    refused("OneHot", {zeros({0}, {kInt64}), whole({n}), x});
    refused("OneHot", {whole({0}), whole({n}), whole({0, 1}).to(kUInt8)});
    refused("Expand", {x, whole({n, 2})});
    refused("Tile", {x, whole({n})});
    refused("ConstantOfShape", {whole({n})});
    refused("Pad", {x, whole({0, n})});
    refused("Resize", {x.reshape({1, 1, 2}), Tensor(), Tensor(), whole({1, 1, n})},
            {text_attribute("coordinate_transformation_mode", "half_pixel"), text_attribute("mode", "linear")});
    const Tensor row = x.reshape({1, 1, 2}), kernel = ones({1, 1, 1});
    const Message one_wide = ints_attribute("kernel_shape", {1});
    for (const Message& pads : {ints_attribute("pads", {n, n}), ints_attribute("pads", {0, n})}) {
      refused("Conv", {row, kernel}, {pads});
      refused("AveragePool", {row}, {one_wide, pads});
      refused("MaxPool", {row}, {one_wide, pads});
    }
    refused("ConvTranspose", {row, kernel}, {ints_attribute("strides", {n})});
    refused("ConvTranspose", {row, ones({1, 1, 2})}, {ints_attribute("dilations", {n})});
  }
  refused("Expand", {x, whole({many, many, 2})});
  same(result_of("Tile", {x, whole({3})}), numbers({1, 2, 1, 2, 1, 2}, {6}));
}

BOOST_AUTO_TEST_CASE(shapes_of_the_specification) {
  same(result_of("Flatten", {zeros({0, 3, 4})}), zeros({0, 12}));
  same(result_of("Flatten", {zeros({3, 0, 4})}), zeros({3, 0}));
  same(result_of("Range", {whole({5}).reshape({}), whole({0}).reshape({}), whole({1}).reshape({})}),
       zeros({0}, {kInt64}));
  same(results_of("Split", {zeros({0, 2})}, {}, {"a", "b"})[1], zeros({0, 2}));
  const Tensor x = numbers({1, 2, 3}, {3});
  expect<ValueError>({"3 sizes for 2 outputs"}, [&] { results_of("Split", {x, whole({1, 1, 1})}, {}, {"a", "b"}); });
  expect<ValueError>({"given twice"}, [&] { result_of("Unsqueeze", {x, whole({0, -3})}); });
  expect<ShapeError>({"repeats"}, [&] { result_of("Tile", {x, whole({2, 2})}); });
  expect<ShapeError>({"updates must be (2)"}, [&] {
    result_of("ScatterND", {x, whole({0, 1}).reshape({2, 1}), numbers({8, 9}, {1, 2})});
  });
  expect<ShapeError>({"list of few numbers"}, [&] { result_of("Reshape", {x, whole({3}).reshape({1, 1})}); });
  expect<ShapeError>({"list of few numbers"}, [&] { result_of("Reshape", {x, ones({5000}, {kInt64})}); });
}

// Steps of any size, and a view of more elements than there is memory for.
BOOST_AUTO_TEST_CASE(slices_backwards) {
  constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
  const Tensor x = arange(Scalar(7)).to(kFloat32);
  for (const std::int64_t start : {-9, -1, 0, 3, 6, 9})
    for (const std::int64_t stop : {least, std::int64_t{-8}, std::int64_t{-5}, std::int64_t{2}, std::int64_t{6}})
      for (const std::int64_t step : {std::int64_t{-1}, std::int64_t{-2}, std::int64_t{-3}, std::int64_t{-9}, least}) {
        const std::int64_t first = start < 0 ? std::max<std::int64_t>(start + 7, 0) : std::min<std::int64_t>(start, 6);
        const std::int64_t end = stop < -7 ? -1 : stop < 0 ? stop + 7 : stop;
        std::vector<float> want;
        for (std::int64_t i = first; i > end; i += std::max<std::int64_t>(step, -100))
          want.push_back(static_cast<float>(i));
        same(result_of("Slice", {x, whole({start}), whole({stop}), whole({0}), whole({step})}),
             numbers(want, {static_cast<std::int64_t>(want.size())}));
      }
  const TempDir dir;
  write_file(dir / "net.onnx", Graph()
                                   .output(value_message("y"))
                                   .tensor(constant("x", ones({1})))
                                   .tensor(constant("n", whole({std::int64_t{1} << 50})))
                                   .tensor(constant("a", whole({-1})))
                                   .tensor(constant("b", whole({least})))
                                   .tensor(constant("c", whole({0})))
                                   .node(node_message("Expand", {"x", "n"}, {"h"}))
                                   .node(node_message("Slice", {"h", "a", "b", "c", "a"}, {"y"}))
                                   .model());
  BOOST_CHECK_THROW(onnx::load(dir / "net.onnx")(std::vector<Tensor>()), Error);
}

BOOST_AUTO_TEST_CASE(layers_of_the_specification) {
  // Of two channels the element itself and the one behind; alpha / size is 5e-5.
  same(result_of("LRN", {numbers({100, 200, 300}, {1, 3, 1})}, {int_attribute("size", 2)}),
       numbers({static_cast<float>(100 / std::pow(3.5, 0.75)), static_cast<float>(200 / std::pow(7.5, 0.75)),
                static_cast<float>(300 / std::pow(5.5, 0.75))},
               {1, 3, 1}));
  const std::vector<Message> linear{text_attribute("mode", "linear"),
                                    text_attribute("coordinate_transformation_mode", "pytorch_half_pixel")};
  const Tensor line = numbers({1, 2, 3, 4}, {1, 1, 4}), none;
  same(result_of("Resize", {line, none, none, whole({1, 1, 1})}, linear), numbers({1}, {1, 1, 1}));
  same(result_of("Resize", {line, none, numbers({1, 1, 0.25f}, {3})}, linear), numbers({1}, {1, 1, 1}));
  same(result_of("Resize", {line, none, none, whole({1, 1, 2})}, linear), numbers({1.5, 3.5}, {1, 1, 2}));
  const Tensor rows = numbers({1, 3, 1, 3}, {1, 2, 2});
  same(result_of("LayerNormalization", {rows, numbers({1, 2}, {2})}, {int_attribute("axis", 1)}),
       result_of("LayerNormalization", {rows, numbers({1, 2, 1, 2}, {2, 2})}, {int_attribute("axis", 1)}));
  expect<ShapeError>({"kernel_shape is not that of the weight"}, [&] {
    result_of("Conv", {line, ones({1, 1, 2})}, {list_attribute("kernel_shape", 3)});
  });
  const double more = result_of("Softplus", {tensor({21.0}, {kFloat64})}).item<double>() - 21;
  BOOST_TEST(std::fabs(more - std::exp(-21.0)) < 1e-13);
}
