// Bad input: each mistake arrives as the right class, says what is wrong with the sizes, names and values involved,
// names the operation and the caller's line, and changes nothing. Numbers: the list of bad inputs in the documentation
// of errors.
#include <cstdint>

#include <xgrad/autograd.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/optim.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

// AddressSanitizer's allocator fails like the ordinary one for a request that is too large, instead of ending the
// program. Unused without it.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() { return "allocator_may_return_null=1"; }

BOOST_AUTO_TEST_SUITE(errors)

BOOST_AUTO_TEST_CASE(arithmetic_shapes) {
  const Tensor a = ones({2, 3}), b = ones({2, 4}), v = ones({3});
  expect_op<ShapeError>("add", {"(2, 3)", "(2, 4)", "dimension 1", "3 and 4"}, [&] { add(a, b); });  // 1
  expect_op<ShapeError>("add", {"(2, 3)", "(2, 4)"}, [&] { a + b; });
  expect_op<ShapeError>("sub", {"(2, 3)", "(2, 4)"}, [&] { a - b; });
  expect_op<ShapeError>("mul", {"(2, 3)", "(2, 4)"}, [&] { a* b; });
  expect_op<ShapeError>("div", {"(2, 3)", "(2, 4)"}, [&] { a / b; });
  expect_op<ShapeError>("pow", {"(2, 3)", "(2, 4)"}, [&] { pow(a, b); });
  expect_op<ShapeError>("maximum", {"(2, 3)", "(2, 4)"}, [&] { maximum(a, b); });
  expect_op<ShapeError>("mse_loss", {"(2, 3)", "(2, 4)"}, [&] { mse_loss(a, b); });
  expect_op<ValueError>("add", {"undefined"}, [&] { add(a, Tensor()); });
  expect_op<ValueError>("exp", {"undefined"}, [] { exp(Tensor()); });
}

BOOST_AUTO_TEST_CASE(products) {
  expect_op<ShapeError>("matmul", {"inner sizes", "3", "4", "(2, 3)", "(4, 2)"}, [] {
    matmul(ones({2, 3}), ones({4, 2}));
  });                                                                                              // 2
  expect_op<ShapeError>("matmul", {"at least 1 dimension"}, [] { matmul(ones({}), ones({2})); });  // 3
  expect_op<ShapeError>("matmul", {"(2, 3, 4)", "(3, 4, 5)"}, [] { matmul(ones({2, 3, 4}), ones({3, 4, 5})); });
  expect_op<ShapeError>("linear", {"5 features", "3", "(2, 3)", "(4, 5)"}, [] {
    linear(ones({2, 3}), ones({4, 5}));
  });  // 36
  expect_op<ShapeError>("linear", {"bias", "(3)"}, [] { linear(ones({2, 5}), ones({4, 5}), ones({3})); });
  expect_op<DTypeError>("matmul", {"float32", "float64"}, [] { matmul(ones({2, 2}), ones({2, 2}, {kFloat64})); });
}

BOOST_AUTO_TEST_CASE(module_path_and_operand_names) {
  const nn::Sequential net = nn::Sequential().add("fc1", nn::Linear(3, 4)).add("fc2", nn::Linear(5, 2));
  const std::string text = expect<ShapeError>({"fc2", "Linear(5 → 2)", "(2, 5)", "fc2.weight"}, [&] {
    net(ones({7, 3}));
  });
  BOOST_TEST(text.find("Sequential.fc2") != std::string::npos, text);
}

BOOST_AUTO_TEST_CASE(shapes) {
  const Tensor six = arange(6), x = ones({2, 3});
  expect_op<ShapeError>("reshape", {"6 elements", "(4, 2)", "8"}, [&] { reshape(six, {4, 2}); });            // 4
  expect_op<ShapeError>("reshape", {"only one size may be -1"}, [&] { reshape(six, {-1, -1}); });            // 5
  expect_op<ShapeError>("reshape", {"-1", "ambiguous", "0 elements"}, [] { reshape(ones({0}), {0, -1}); });  // 6
  expect_op<ShapeError>("reshape", {"-2"}, [&] { reshape(six, {-2, 3}); });
  expect_op<ShapeError>("view", {"(3, 2)"}, [&] { x.t().view({6}); });
  expect_op<IndexError>("permute", {"(0, 0)", "not a permutation of 0..1"}, [&] { permute(x, {0, 0}); });  // 9
  expect_op<ShapeError>("permute", {"1", "rank 2"}, [&] { permute(x, {0}); });
  expect_op<ShapeError>("expand", {"dimension 0", "size 2", "(4, 3)"}, [&] { expand(x, {4, 3}); });  // 10
  expect_op<IndexError>("transpose", {"dim 2", "[-2, 1]"}, [&] { transpose(x, 0, 2); });
  expect_op<IndexError>("squeeze", {"dim 5", "[-2, 1]"}, [&] { squeeze(x, 5); });
  expect_op<IndexError>("unsqueeze", {"dim 4", "[-3, 2]"}, [&] { unsqueeze(x, 4); });
  expect_op<ValueError>("slice", {"step", "-1"}, [&] { slice(x, 0, 0, 2, -1); });
  expect_op<IndexError>("narrow", {"start 1", "length 2", "size 2"}, [&] { narrow(x, 0, 1, 2); });
  expect<ShapeError>({"rank 9", "8"}, [] { zeros({1, 1, 1, 1, 1, 1, 1, 1, 1}); });
}

BOOST_AUTO_TEST_CASE(joins) {
  const Tensor a = ones({2, 3}), b = ones({3, 3});
  expect_op<ShapeError>("cat", {"tensor 1", "size 3", "dim 0", "2"}, [&] { cat({a, b}, 1); });  // 11
  expect_op<ValueError>("cat", {"at least one tensor"}, [] { cat({}); });                       // 12
  expect_op<ValueError>("stack", {"at least one tensor"}, [] { stack({}); });
  expect_op<ShapeError>("stack", {"tensor 1", "(3)", "(2)"}, [] { stack({ones({2}), ones({3})}); });  // 13
  expect_op<IndexError>("cat", {"dim 2"}, [&] { cat({a, a}, 2); });
  const Tensor five = ones({5});
  expect_op<ShapeError>("split", {"sum to 4", "5"}, [&] { split(five, std::vector<std::int64_t>{2, 2}); });  // 14
  expect_op<ValueError>("split", {"positive", "0"}, [&] { split(five, 0); });
  expect_op<ValueError>("chunk", {"0"}, [&] { chunk(five, 0); });
  expect_op<ValueError>("chunk", {"4611686018427387904", "size 0"}, [&] { chunk(zeros({0}), std::int64_t{1} << 62); });
}

BOOST_AUTO_TEST_CASE(indices) {
  const Tensor three = ones({3}), x = ones({2, 3});
  expect_op<IndexError>("select", {"index 3", "size 3"}, [&] { select(three, 0, 3); });  // 15
  expect_op<IndexError>("select", {"index 3", "size 3"}, [&] { three[3]; });
  expect_op<IndexError>("select", {"rank 0"}, [&] { x[0][0][0]; });  // 16
  const Tensor mask = tensor({true, false}), bad = tensor({0.5, 1.5}), index = tensor({0, 7});
  expect_op<ShapeError>("masked_select", {"(2)", "(3)"}, [&] { masked_select(three, mask); });        // 17
  expect_op<DTypeError>("index_select", {"int64", "float32"}, [&] { index_select(three, 0, bad); });  // 18
  expect_op<DTypeError>("masked_select", {"bool", "float32"}, [&] { masked_select(three, three); });
  const Tensor rows = tensor({{0, 1, 7}});
  expect_op<IndexError>("gather", {"index 7", "dim 1", "size 3"}, [&] { gather(x, 1, rows); });  // 19
  const Tensor negative = tensor({0, -1});
  expect_op<IndexError>("index_select", {"index -1", "out of range"}, [&] { index_select(x, 0, negative); });  // 20
  expect_op<IndexError>("index_select", {"index 7", "size 2"}, [&] { index_select(x, 0, index); });
  expect_op<IndexError>("index_select", {"dim -3"}, [&] { index_select(x, -3, index); });
  expect_op<ShapeError>("gather", {"rank 1", "rank 2"}, [&] { gather(x, 1, index); });
  expect_op<IndexError>("one_hot", {"class 7", "0..2"}, [&] { one_hot(index, 3); });
  expect<IndexError>({"2", "[-2, 1]"}, [&] { x.size(2); });
}

BOOST_AUTO_TEST_CASE(reductions) {
  const Tensor x = ones({2, 3}), none = ones({0}), whole = tensor({1, 2, 3});
  expect_op<IndexError>("sum", {"dim 2", "[-2, 1]"}, [&] { sum(x, {2}); });      // 7
  expect_op<IndexError>("sum", {"dim 0 given twice"}, [&] { sum(x, {0, 0}); });  // 8
  expect_op<IndexError>("sum", {"given twice"}, [&] { sum(x, {0, -2}); });
  expect_op<ShapeError>("max", {"empty"}, [&] { max(none); });  // 22
  expect_op<ShapeError>("argmax", {"empty"}, [&] { argmax(none); });
  expect_op<DTypeError>("mean", {"floating", "int64", "cast"}, [&] { mean(whole); });  // 23
  expect_op<DTypeError>("var", {"floating", "int64"}, [&] { var(whole); });
  expect_op<DTypeError>("softmax", {"floating", "int64"}, [&] { softmax(whole, 0); });
  expect_op<IndexError>("softmax", {"dim 1", "[-1, 0]"}, [] { softmax(ones({3}), 1); });
  expect_op<ValueError>("item", {"exactly 1 element", "2"}, [] { ones({2}).item(); });  // 24
  expect_op<ValueError>("item", {"exactly 1 element", "0"}, [&] { none.item(); });
}

BOOST_AUTO_TEST_CASE(losses) {
  const Tensor scores = ones({2, 3}), high = tensor({0, 3}), low = tensor({-1, 0}), good = tensor({0, 1, 2});
  expect_op<IndexError>("cross_entropy", {"target 3", "row 1", "0..2"}, [&] { cross_entropy(scores, high); });  // 39
  expect_op<IndexError>("cross_entropy", {"target -1", "row 0", "0..2"}, [&] { cross_entropy(scores, low); });
  expect_op<IndexError>("nll_loss", {"target 3", "row 1", "0..2"}, [&] { nll_loss(scores, high); });
  expect_op<ShapeError>("cross_entropy", {"(2, 3)", "(3)"}, [&] { cross_entropy(scores, good); });
  expect_op<ShapeError>("nll_loss", {"class dimension"}, [] { nll_loss(ones({}), tensor(0)); });
  expect_op<ValueError>("cross_entropy", {"label_smoothing", "1.5"}, [&] {
    cross_entropy(scores, tensor({0, 1}), {.label_smoothing = 1.5});
  });
  expect_op<ShapeError>("cross_entropy", {"weight", "(3)", "(2)"}, [&] {
    cross_entropy(scores, tensor({0, 1}), {.weight = ones({2})});
  });
  expect_op<ShapeError>("binary_cross_entropy_with_logits", {"(2, 3)", "(2)"},
                        [&] { binary_cross_entropy_with_logits(scores, ones({2})); });
  expect_op<ValueError>("dropout", {"p must be in [0, 1]", "1.5"}, [&] { dropout(scores, 1.5); });  // 41
  expect_op<ValueError>("Dropout", {"p must be in [0, 1]", "1.5"}, [] { nn::Dropout(1.5); });
  expect_op<ValueError>("dropout", {"nan"}, [&] { dropout(scores, std::nan("")); });
}

BOOST_AUTO_TEST_CASE(creation) {
  constexpr std::int64_t huge = std::int64_t{1} << 62;
  expect_op<ShapeError>("zeros", {"negative size -1", "dimension 0"}, [] { zeros({-1}); });  // 42
  expect_op<ShapeError>("zeros", {"overflows 64 bits"}, [] { zeros({huge, huge}); });        // 43
  expect_op<ShapeError>("empty", {"overflows 64 bits"}, [] { empty({huge, 0, huge, 8}); });
  constexpr std::int64_t too_many = std::int64_t{1} << 40;
  expect_op<OutOfMemoryError>("zeros", {"cannot allocate 8 TiB", "f64 (1099511627776)"},
                              [] { zeros({too_many}, {kFloat64}); });  // 44
  expect_op<OutOfMemoryError>("full", {"4 TiB"}, [] { full({too_many}, 1.5); });
  expect_op<OutOfMemoryError>("randn", {"4 TiB"}, [] { randn({too_many}); });
  expect_op<OutOfMemoryError>("empty", {"4 TiB"}, [] { empty({too_many}); });
  BOOST_TEST(ones({3}).sum().item() == 3);  // and the process goes on
  expect_op<ShapeError>("tensor", {"row 1", "1", "2"}, [] { tensor({{1., 2.}, {3.}}); });
  expect_op<ShapeError>("from_vector", {"3", "(2, 2)", "4"}, [] { from_vector(std::vector<float>{1, 2, 3}, {2, 2}); });
  expect_op<ValueError>("arange", {"step"}, [] { arange(0, 5, 0); });
  expect_op<ValueError>("linspace", {"-1"}, [] { linspace(0, 1, -1); });
  expect_op<ValueError>("bernoulli", {"1.5"}, [] { bernoulli(1.5, {2}); });
  expect_op<ValueError>("randint", {"5", "5"}, [] { randint(5, 5, {2}); });
  expect_op<DTypeError>("randn", {"int64"}, [] { randn({2}, {kInt64}); });
  expect_op<ValueError>("full", {"300", "uint8"}, [] { full({2}, 300, {kUInt8}); });
}

BOOST_AUTO_TEST_CASE(backward_misuse) {
  const Tensor x = ones({2}, {.requires_grad = true});
  const Tensor y = x * 2;
  expect_op<AutogradError>("backward", {"scalar or a seed", "(2)"}, [&] { y.backward(); });  // 45
  expect_op<ShapeError>("backward", {"(3)", "(2)"}, [&] { y.backward(ones({3})); });
  BOOST_TEST(!x.grad().defined());
  expect_op<AutogradError>("backward", {"require grad"}, [] { ones({}).backward(); });
  const Tensor loss = (x * x).sum();
  loss.backward();
  const Tensor before = x.grad().clone();
  expect<AutogradError>({"already freed", "retain_graph"}, [&] { loss.backward(); });  // 46
  BOOST_TEST(same_bits(x.grad(), before));
  const Tensor unused = ones({2}, {.requires_grad = true});
  expect_op<AutogradError>("grad", {"input 0", "not part of the graph", "allow_unused"},
                           [&] { grad({(x * 2).sum()}, {unused}); });  // 49
  BOOST_TEST(!grad({(x * 2).sum()}, {unused}, {}, {.allow_unused = true})[0].defined());
  expect_op<AutogradError>("grad", {"input 0", "require grad"}, [&] { grad({(x * 2).sum()}, {ones({2})}); });
}

BOOST_AUTO_TEST_CASE(requires_grad_only_for_floats) {
  Tensor i = tensor({1, 2});
  expect_op<DTypeError>("requires_grad_", {"floating", "int64"}, [&] { i.requires_grad_(); });  // 50
  expect_op<DTypeError>("zeros", {"floating", "int64"}, [] { zeros({2}, {kInt64, true}); });
  BOOST_TEST(!i.requires_grad());
  Tensor y = ones({2}, {.requires_grad = true}) * 2;
  expect_op<AutogradError>("requires_grad_", {"detach"}, [&] { y.requires_grad_(false); });
}

BOOST_AUTO_TEST_CASE(in_place_on_leaves_and_views) {
  Tensor w = ones({2, 3}, {.requires_grad = true});
  w.set_name("w");
  const std::uint32_t version = w.version();
  expect_op<AutogradError>("add_", {"leaf", "requires grad", "w"}, [&] { w.add_(1); });  // 47
  expect_op<AutogradError>("add_", {"leaf"}, [&] { w += 1; });
  expect_op<AutogradError>("zero_", {"leaf"}, [&] { w.zero_(); });
  Tensor row = w.detach();
  BOOST_TEST(w.version() == version);
  check_close(w, {1, 1, 1, 1, 1, 1});
  Tensor wide = expand(ones({1, 3}), {2, 3});
  expect_op<AutogradError>("add_", {"expanded view"}, [&] { wide.add_(1); });
  expect<AutogradError>({"mutable_data", "NoGradGuard"}, [&] { w.mutable_data<float>(); });
  expect<DTypeError>({"float64", "float32"}, [&] { w.data<double>(); });
}

BOOST_AUTO_TEST_CASE(in_place_checks_come_first) {
  Tensor x = tensor({1., 2., 3.}), i = tensor({1, 2, 3});
  const std::uint32_t version = x.version();
  expect_op<ShapeError>("add_", {"(3)", "(2)"}, [&] { x.add_(ones({2})); });
  expect_op<ShapeError>("copy_", {"(3)", "(2)"}, [&] { x.copy_(ones({2})); });
  expect_op<ShapeError>("mul_", {"(3)", "(2, 3)"}, [&] { x.mul_(ones({2, 3})); });
  expect_op<DTypeError>("add_", {"int64", "float32"}, [&] { i.add_(ones({3})); });
  expect_op<DTypeError>("div_", {"int64"}, [&] { i.div_(2); });
  BOOST_TEST(x.version() == version);
  check_close(x, {1, 2, 3});
  check_close(i, {1, 2, 3});
}

BOOST_AUTO_TEST_CASE(saved_value_overwritten) {
  const Tensor w = ones({3}, {.requires_grad = true});
  Tensor x = ones({3});
  const Tensor y = (w * x).sum();
  x.add_(1);
  const std::string text =
      expect<AutogradError>({"mul", "add_", "version 1", "expected 0"}, [&] { y.backward(); });  // 48
  BOOST_TEST(text.find("test_errors.cpp:") != std::string::npos, text);
  BOOST_TEST(!w.grad().defined());
}

BOOST_AUTO_TEST_CASE(gradients_must_fit) {
  Tensor x = ones({2}, {.requires_grad = true});
  expect_op<ShapeError>("set_grad", {"(3)", "(2)"}, [&] { x.set_grad(ones({3})); });
  expect_op<DTypeError>("set_grad", {"f64"}, [&] { x.set_grad(ones({2}, {kFloat64})); });
  BOOST_TEST(!x.grad().defined());
  x.register_hook([](const Tensor&) { return ones({5}); });
  expect<AutogradError>({"hook", "shape"}, [&] { x.sum().backward(); });
}

BOOST_AUTO_TEST_CASE(anomaly_names_the_first_non_finite_value) {
  const Tensor x = tensor({1., 0.}).requires_grad_();
  const DetectAnomaly guard;
  expect_op<ValueError>("log", {}, [&] { log(x); });
  const Tensor root = sqrt(x).sum();  // finite forward, infinite slope at 0
  const std::string text = expect<ValueError>({"sqrt", "non-finite"}, [&] { root.backward(); });
  BOOST_TEST(text.find("test_errors.cpp:") != std::string::npos, text);
}

BOOST_AUTO_TEST_CASE(optimizers) {
  Tensor w = ones({2}, {.requires_grad = true});
  w.set_name("w");
  const std::vector<Tensor> one{w}, none;
  expect_op<ValueError>("Adam", {"lr", ">= 0", "-0.1"}, [&] { optim::Adam(one, {.lr = -0.1}); });  // 51
  expect_op<ValueError>("SGD", {"empty parameter list"}, [&] { optim::SGD{none}; });               // 52
  const std::vector<optim::ParamGroup<optim::SGDOptions>> twice{{one, {}}, {one, {}}};
  expect_op<ValueError>("SGD", {"'w'", "group"}, [&] { optim::SGD{twice}; });  // 53
  expect_op<ValueError>("SGD", {"'w'", "twice"}, [&] { optim::SGD(std::vector<Tensor>{w, w}); });
}

BOOST_AUTO_TEST_CASE(nothing_is_recorded_by_a_refused_operation) {
  const Tensor a = ones({2, 3}, {.requires_grad = true});
  const Tensor y = a * 2;
  for (int i = 0; i < 3; ++i) {
    expect<ShapeError>({}, [&] { y + ones({4}); });
    expect<ShapeError>({}, [&] { matmul(y, ones({2, 2})); });
  }
  y.sum().backward();
  check_close(a.grad(), {2, 2, 2, 2, 2, 2});
}

BOOST_AUTO_TEST_SUITE_END()
