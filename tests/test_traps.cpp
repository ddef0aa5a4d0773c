// What compiles but means something else than it says: weights exchanged by assignment, hidden forwards, references to
// what is gone, hooks that keep their own module, chains of comparisons. What the compiler refuses is in
// must_not_compile/.
#include <memory>
#include <regex>
#include <sstream>

#include <xgrad/check.hpp>
#include <xgrad/xgrad.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

struct Tied : nn::Module {
  nn::Embedding embedding = register_module("embedding", nn::Embedding(5, 3));
  nn::Linear decoder = register_module("decoder", nn::Linear(3, 5));
  Tensor forward(const Tensor& x) const { return decoder(embedding(x)); }
};

struct Normed : nn::Layer<Normed> {
  nn::BatchNorm1d norm = register_module("norm", nn::BatchNorm1d(3));
  nn::Linear fc = register_module("fc", nn::Linear(3, 2));
  Tensor forward(const Tensor& x) const { return fc(norm(x)); }
};

struct Plain : nn::Module {
  nn::Linear fc = register_module("fc", nn::Linear(4, 8));
  Tensor forward(const Tensor& x) const { return fc(x); }
};

void tie(nn::Linear& decoder, const nn::Embedding& embedding) { decoder.weight = embedding.weight; }

}  // namespace

BOOST_AUTO_TEST_SUITE(traps)

// ---- assigning to what is registered ----

BOOST_AUTO_TEST_CASE(weight_assigned_the_weight_of_another_module) {
  Tied net;
  optim::SGD opt(net.parameters(), {.lr = 0.1});
  net.decoder.weight = net.embedding.weight;
  const std::vector<std::string> facts{"'decoder.weight'", "embedding.weight", "register_parameter", "weight tying",
                                       "from_weight"};
  const Tensor tokens = tensor({0, 4}), features = ones({2, 3});
  expect_op<ValueError>("Module", facts, [&] { net.decoder(features); });
  expect<ValueError>(facts, [&] { net.forward(tokens); });
  expect_op<ValueError>("Module", facts, [&] { net.parameters(); });
  expect_op<ValueError>("Module", facts, [&] { net.named_parameters(); });
  expect_op<ValueError>("Module", facts, [&] { net.state_dict(); });
  expect_op<ValueError>("Module", facts, [&] { net.load_state_dict({}); });
  expect_op<ValueError>("Module", facts, [&] { net.zero_grad(); });
  expect_op<ValueError>("Module", facts, [&] { net.to(kFloat64); });
  expect_op<ValueError>("Module", facts, [&] { net.decoder.parameters(); });
}

BOOST_AUTO_TEST_CASE(weight_assigned_through_a_constant) {
  Tied net;
  tie(net.decoder, net.embedding);
  expect<ValueError>({"decoder.weight", "embedding.weight"}, [&] { net.forward(tensor({0})); });
}

BOOST_AUTO_TEST_CASE(buffers_and_parameters_of_every_layer) {
  Normed a, b;
  a.norm.running_mean = b.norm.running_mean;
  expect<ValueError>({"norm.running_mean", "exchanged"}, [&] { a(ones({2, 3})); });
  b.fc.bias = nn::Parameter();
  expect<ValueError>({"fc.bias", "without a name"}, [&] { b(ones({2, 3})); });
  nn::Conv2d conv(1, 1, 3), other(1, 1, 3);
  conv.weight = other.weight;
  expect<ValueError>({"weight"}, [&] { conv(ones({1, 1, 4, 4})); });
  nn::PReLU slopes, steeper;
  slopes.weight = steeper.weight;
  expect<ValueError>({"weight"}, [&] { nn::Sequential().add("slopes", slopes)(ones({2})); });
  nn::ParameterList list{ones({2}), ones({2})};
  list[0] = list[1];
  expect<ValueError>({"'0'"}, [&] { list.parameters(); });
  nn::ParameterDict dict{{"a", ones({2})}, {"b", ones({2})}};
  dict["a"] = dict["b"];
  expect<ValueError>({"'a'"}, [&] { dict.state_dict(); });
  nn::Linear normed = nn::utils::parametrizations::weight_norm(nn::Linear(2, 2)), plain(2, 2);
  normed.weight = plain.weight;
  expect<ValueError>({"weight", "exchanged"}, [&] { normed(ones({1, 2})); });
}

BOOST_AUTO_TEST_CASE(copies_of_what_was_assigned) {
  Tied net;
  net.decoder.weight = net.embedding.weight;
  const std::vector<std::string> facts{"'decoder.weight'", "embedding.weight", "exchanged"};
  expect_op<ValueError>("Module", facts, [&] { nn::functional_call(net, {{"decoder.bias", ones({5})}}, tensor({0})); });
  expect_op<ValueError>("Module", facts, [&] { nn::clone(net); });
}

BOOST_AUTO_TEST_CASE(weights_of_cells) {
  const Tensor x = ones({1, 2});
  nn::LSTMCell lstm(2, 3), other(2, 3);
  lstm.weights.weight_hh = other.weights.weight_hh;
  expect_op<ValueError>("Module", {"weight_hh", "exchanged"}, [&] { lstm(x); });
  nn::GRUCell gru(2, 3);
  gru.weights.bias_ih = zeros({9});
  expect_op<ValueError>("Module", {"bias_ih"}, [&] { gru(x); });
  nn::RNNCell rnn(2, 3);
  rnn.weights.weight_ih = Tensor();
  expect_op<ValueError>("Module", {"weight_ih"}, [&] { rnn(x); });
}

BOOST_AUTO_TEST_CASE(children_exchanged_by_assignment) {
  Normed net;
  net.fc = nn::Linear(3, 10);
  const std::vector<std::string> facts{"'fc'", "Linear(3 → 10)", "register_module"};
  expect_op<ValueError>("Module", facts, [&] { net(ones({2, 3})); });
  expect_op<ValueError>("Module", facts, [&] { net.parameters(); });
  nn::ModuleList<nn::Linear> list{nn::Linear(2, 2), nn::Linear(2, 2)};
  list[1] = nn::Linear(2, 3);
  expect_op<ValueError>("Module", {"'1'", "Linear(2 → 3)"}, [&] { list.state_dict(); });
  nn::ModuleList<> any{nn::Linear(2, 2), nn::Tanh()};
  any[0] = nn::Linear(2, 3);
  expect_op<ValueError>("Module", {"'0'", "Linear(2 → 3)"}, [&] { any.state_dict(); });
}

// Handles may be assigned as they like where nothing is left behind.
BOOST_AUTO_TEST_CASE(assignments_that_are_fine) {
  manual_seed(3);
  Normed a, b;
  const Tensor x = randn({4, 3});
  const Normed kept = a;
  a = b;
  BOOST_TEST(same_bits(a(x), b(x)));
  kept(x);
  a = Normed();
  a(x);
  std::swap(a, b);
  a(x), b(x);
  a = nn::clone(b);
  a(x);
  std::vector<Normed> list(3);
  list.erase(list.begin());
  for (const Normed& net : list) net(x);
  Tensor w = a.fc.weight;
  w = b.fc.weight;
  auto p = a.fc.weight;
  p = b.fc.weight;
  nn::Linear layer(2, 3);
  const nn::Sequential net(layer);
  layer = nn::Linear(4, 5);  // the network has a handle of its own
  BOOST_TEST((net(ones({1, 2})).shape() == Shape{1, 3}));
  a(x), b(x);
  BOOST_TEST(a.parameters().size() == 4u);
}

BOOST_AUTO_TEST_CASE(a_module_that_is_gone_bothers_nobody) {
  {
    Normed broken;
    broken.fc.weight = nn::Linear(3, 2).weight;
    broken.fc = nn::Linear(3, 4);
  }
  Normed good;
  good(ones({2, 3}));
}

BOOST_AUTO_TEST_CASE(tied_weights) {
  struct Model : nn::Module {
    nn::Embedding embedding = register_module("embedding", nn::Embedding(5, 3));
    nn::Linear decoder = register_module("decoder", nn::Linear::from_weight(embedding.weight, zeros({5})));
    Tensor forward(const Tensor& x) const { return decoder(embedding(x)); }
  };
  manual_seed(1);
  Model net;
  BOOST_TEST(net.decoder.weight.is_same(net.embedding.weight));
  BOOST_TEST(net.parameters().size() == 2u);  // one of them twice
  BOOST_TEST(net.state_dict().size() == 3u);
  const Tensor x = tensor({0, 2}), y = tensor({1, 1});
  optim::SGD opt(net.parameters(), {.lr = 0.5});
  const Tensor before = net.decoder.weight.detach().clone();
  cross_entropy(net.forward(x), y).backward();
  // Rows that are looked up get gradients through both.
  const Tensor both = net.embedding.weight.grad().clone();
  const nn::Linear alone = nn::Linear::from_weight(net.decoder.weight.detach().clone(), net.decoder.bias);
  cross_entropy(alone(net.embedding(x).detach()), y).backward();
  BOOST_TEST(!allclose(both, alone.weight.grad()));
  check_close((both - alone.weight.grad()).select(0, 1), {0, 0, 0});
  opt.step();
  check_close(net.decoder.weight - before, (both * -0.5).to_vector<double>(), 1e-6);
  const Model copy = nn::clone(net);
  BOOST_TEST(copy.decoder.weight.is_same(copy.embedding.weight));
  BOOST_TEST(!copy.decoder.weight.is_same(net.decoder.weight));
}

BOOST_AUTO_TEST_CASE(sharing_keeps_what_is_frozen_and_checks) {
  nn::Linear first(3, 2);
  first.requires_grad_(false);
  BOOST_TEST(!nn::Linear::from_weight(first.weight).weight.requires_grad());
  BOOST_TEST(nn::Linear::from_weight(ones({2, 3})).weight.requires_grad());
  BOOST_TEST(!nn::Linear::from_weight(first.weight).bias.defined());
  const nn::Embedding table = nn::Embedding::from_weight(nn::Linear(4, 6).weight);
  BOOST_TEST((table(tensor({5})).shape() == Shape{1, 4}));
  expect_op<ShapeError>("Linear", {"rank 2"}, [] { nn::Linear::from_weight(ones({3})); });
  expect_op<ShapeError>("Linear", {"bias", "(3)"}, [] { nn::Linear::from_weight(ones({2, 3}), ones({3})); });
  expect_op<DTypeError>("Linear", {"int64"}, [] { nn::Linear::from_weight(zeros({2, 3}, {kInt64})); });
  expect_op<ValueError>("register_parameter", {"result of an operation", "detach"},
                        [&] { nn::Linear::from_weight(nn::Linear(3, 2).weight * 2); });
}

// ---- hidden forwards ----

// Every layer that the headers declare is final: there is no forward to hide.
BOOST_AUTO_TEST_CASE(layers_cannot_be_derived_from) {
  static_assert(std::is_final_v<nn::Linear> && std::is_final_v<nn::Conv2d> && std::is_final_v<nn::LSTM>);
  static_assert(std::is_final_v<nn::BatchNorm2d> && std::is_final_v<nn::Sequential> && std::is_final_v<nn::Bilinear>);
  static_assert(std::is_final_v<nn::ZeroPad2d> && std::is_final_v<nn::ConstantPad2d> && std::is_final_v<nn::CTCLoss>);
  const std::regex layer(R"((class|struct) (XGRAD_API )?(\w+)( final)? : public (Layer|Loss|Module)\b)");
  std::size_t found = 0;
  for (const auto& file : std::filesystem::directory_iterator(std::string(XGRAD_SOURCE_DIR) + "/nn/include/xgrad/nn")) {
    const std::string text = read_file(file.path().string());
    for (std::sregex_iterator m(text.begin(), text.end(), layer), end; m != end; ++m) {
      const std::string name = (*m)[3];
      if (name.starts_with("Module") || name.starts_with("Parameter") || name == "Layer" || name == "Loss" ||
          name == "Net" || name == "Scale")
        continue;  // not called, or not a class of the library
      ++found;
      BOOST_CHECK_MESSAGE((*m)[4].matched, name << " is not final");
    }
  }
  BOOST_TEST(found > 80u);
}

// A base whose forward is virtual, and one that is only set up differently, are fine.
struct Overridable : nn::Layer<Overridable> {
  virtual ~Overridable() = default;
  virtual Tensor forward(const Tensor& x) const { return x; }
};
struct Doubling : Overridable {
  Tensor forward(const Tensor& x) const override { return x * 2; }
};
struct Scaled : nn::Layer<Scaled> {
  explicit Scaled(double k) : k_(k) {}
  Tensor forward(const Tensor& x) const { return x * k_; }
  Tensor forward(const Tensor& x, const Tensor& y) const { return x * k_ + y; }
  double k_;
};
struct Tripling : Scaled {
  Tripling() : Scaled(3) {}
};
BOOST_AUTO_TEST_CASE(bases_that_are_meant_to_be_derived_from) {
  const Tensor x = ones({1});
  BOOST_TEST(Doubling()(x).item() == 2);
  BOOST_TEST(nn::Sequential(Tripling())(x).item() == 3);
}

BOOST_AUTO_TEST_CASE(padding_with_a_constant_stays_what_it_is) {
  const nn::ConstantPad1d pad(1, 7.0), copy = nn::clone(pad), other = pad.clone();
  check_close(copy(ones({1, 1})), {7, 1, 7});
  check_close(other(ones({1, 1})), {7, 1, 7});
  BOOST_TEST(nn::to_string(pad) == nn::to_string(copy));
}

// ---- references to what is gone ----

BOOST_AUTO_TEST_CASE(members_that_return_the_object_itself) {
  static_assert(std::is_same_v<decltype(rand({3}).requires_grad_()), Tensor>);
  static_assert(std::is_same_v<decltype(rand({3}).set_name("w")), Tensor>);
  static_assert(std::is_same_v<decltype(rand({3}).zero_().add_(1).mul_(2).clamp_(0, 1)), Tensor>);
  static_assert(std::is_same_v<decltype(rand({3})[0] = 1), Tensor>);
  static_assert(std::is_same_v<decltype(nn::Sequential().add("a", nn::Tanh()).push_back(nn::Tanh())), nn::Sequential>);
  static_assert(std::is_same_v<decltype(nn::ModuleList<>().append(nn::Tanh())), nn::ModuleList<>>);
  static_assert(std::is_same_v<decltype(nn::ParameterDict().add("w", ones({1}))), nn::ParameterDict>);
  static_assert(std::is_same_v<decltype(viz::Plot().line({1}, {2}).points({1}, {2})), viz::Plot>);
  static_assert(std::is_same_v<decltype(ErrorReport("op", "rule", {}).line("a", "b").help("c")), ErrorReport>);
  static_assert(std::is_same_v<decltype(std::declval<Tensor&>().requires_grad_().zero_()), Tensor&>);
  const Tensor& w = xgrad::full({3}, 2.0).requires_grad_();
  const Tensor noise = randn({1000});  // takes memory that a dead tensor would have left
  check_close(w.detach(), {2, 2, 2});
  BOOST_TEST(w.requires_grad());
  const nn::Sequential& net = nn::Sequential().add("fc", nn::Linear(2, 1));
  BOOST_TEST(net.size() == 1u);
  BOOST_TEST((net(ones({1, 2})).shape() == Shape{1, 1}));
}

// ---- hooks that keep what they belong to ----

BOOST_AUTO_TEST_CASE(hooks_that_hold_their_module) {
  const auto ignore = [](const auto&...) { return Tensor(); };
  std::weak_ptr<int> alive;
  {
    Normed net;
    nn::Linear fc = net.fc;
    const nn::AnyModule any(net);
    const auto token = std::make_shared<int>(1);
    alive = token;
    expect_op<ValueError>("register_forward_hook", {"holds the module", "Linear(3 → 2)", "capture a reference"}, [&] {
      fc.register_forward_hook([fc, ignore](const nn::Module&, const Tensor&, const Tensor&) { return ignore(fc); });
    });
    expect_op<ValueError>("register_forward_hook", {"holds the module"}, [&] {  // by way of what contains it
      fc.register_forward_hook([net, ignore](const nn::Module&, const Tensor&, const Tensor&) { return ignore(net); });
    });
    expect_op<ValueError>("register_forward_pre_hook", {"holds the module"}, [&] {
      fc.register_forward_pre_hook([any, ignore](const nn::Module&, const Tensor&) { return ignore(any); });
    });
    expect_op<ValueError>("register_full_backward_hook", {"holds the module"}, [&] {
      fc.register_full_backward_hook(
          [fc, ignore](const nn::Module&, const Tensor&, const Tensor&) { return ignore(fc); });
    });
    // What is not above the module, and what is only referred to, may be held; and everything is freed.
    fc.register_forward_hook([norm = net.norm, &net, token, ignore](const nn::Module& m, const Tensor&, const Tensor&) {
      return ignore(norm, net, token, m);
    });
    net(ones({2, 3}));
  }
  BOOST_TEST(alive.expired());
  const auto nothing = std::function<Tensor(const nn::Module&, const Tensor&)>();
  expect_op<ValueError>("register_forward_pre_hook", {"empty"}, [&] { nn::Tanh().register_forward_pre_hook(nothing); });
}

BOOST_AUTO_TEST_CASE(hooks_that_hold_their_tensor) {
  const std::int64_t before = memory_stats().live_bytes;
  {
    Tensor x = ones({100}, {.requires_grad = true});
    expect_op<ValueError>("register_hook", {"holds the tensor", "detach"},
                          [&] { x.register_hook([x](const Tensor& g) { return g * x; }); });
    Tensor y = x * 2;
    expect_op<ValueError>("register_hook", {"holds the tensor"},
                          [&] { y.register_hook([y](const Tensor& g) { return g * y; }); });
    x.register_hook([values = x.detach()](const Tensor& g) { return g * values; });
    y.sum().backward();
    check_close(x.grad().select(0, 0), {2});
  }
  BOOST_TEST(memory_stats().live_bytes == before);
}

// ---- names ----

BOOST_AUTO_TEST_CASE(a_module_without_a_label_prints_its_type) {
  const Plain net;
  std::ostringstream text;
  text << net;
  BOOST_TEST(text.str() == "Plain(\n  (fc): Linear(4 → 8)\n)");
  BOOST_TEST(nn::to_string(net) == text.str());
  BOOST_TEST(train::summary(net, ones({1, 4})).text.find("\nPlain ") != std::string::npos);
  struct Two : nn::Module {
    Plain inner = register_module("inner", Plain());
  };
  BOOST_TEST(nn::to_string(Two()) == "Two(\n  (inner): Plain(\n    (fc): Linear(4 → 8)\n  )\n)");
}

// ---- comparisons ----

BOOST_AUTO_TEST_CASE(chains_of_comparisons) {
  const Tensor x = tensor({-1., 0.5, 2.});
  expect_op<DTypeError>("lt", {"(a < b) && (b < c)", "bool"}, [&] { (x > 0) < 1; });
  expect_op<DTypeError>("le", {"(a < b) && (b < c)"}, [&] { (zeros_like(x) <= x) <= ones_like(x); });
  expect_op<DTypeError>("gt", {"bool"}, [&] { (x < 1) > x; });
  expect_op<DTypeError>("ge", {"bool"}, [&] { (x < 1) >= 0.5; });
  check_close(((x > 0) && (x < 1)).to(kFloat32), {0, 1, 0});
  check_close(((x > 0) == true).to(kFloat32), {0, 1, 1});
  check_close(((x > 0) < (x > 1)).to(kFloat32), {0, 0, 0});  // bools among themselves
  check_close(lt(x > 0, 1).to(kFloat32), {1, 0, 0});         // written as a function it is meant
}

// ---- hints ----

BOOST_AUTO_TEST_CASE(an_empty_parameter_list_asks_about_registration) {
  struct Forgetful : nn::Module {
    nn::Linear fc = nn::Linear(2, 2);
  };
  expect_op<ValueError>("SGD", {"empty parameter list", "register_module?"},
                        [] { optim::SGD{Forgetful().parameters()}; });
  const std::vector<optim::ParamGroup<optim::AdamOptions>> no_groups;
  expect_op<ValueError>("Adam", {"empty parameter list", "register_module?"}, [&] { optim::Adam{no_groups}; });
  optim::SGD opt({ones({2}, {.requires_grad = true})});
  expect_op<ValueError>("SGD", {"register_module?"}, [&] { opt.add_param_group({}); });
}

BOOST_AUTO_TEST_CASE(guesses_of_load_state_dict_go_by_shape_and_suffix) {
  struct Two : nn::Module {
    nn::Linear encoder = register_module("encoder", nn::Linear(3, 5)),
               decoder = register_module("decoder", nn::Linear(5, 3));
  };
  Two net;
  // The same suffixes, other prefixes, in another order: only the shapes tell them apart.
  const NamedTensors renamed{
      {"up.weight", ones({3, 5})}, {"up.bias", ones({3})}, {"down.weight", ones({5, 3})}, {"down.bias", ones({5})}};
  expect_op<ValueError>("load_state_dict",
                        {"'up.weight' for 'decoder.weight'", "'up.bias' for 'decoder.bias'",
                         "'down.weight' for 'encoder.weight'", "'down.bias' for 'encoder.bias'"},
                        [&] { net.load_state_dict(renamed); });
  // The longer the end they share, the better; a letter does not count when the shape says no.
  const NamedTensors nested{{"model.encoder.weight", ones({5, 3})},
                            {"encoder.bias", ones({5})},
                            {"decoder.weigth", ones({3, 5})},
                            {"decoder.bia", ones({4})}};
  const std::string text =
      expect<ValueError>({"'model.encoder.weight' for 'encoder.weight'", "'decoder.weigth' for 'decoder.weight'"},
                         [&] { net.load_state_dict(nested); });
  BOOST_TEST(text.find("'decoder.bia' for") == text.npos, text);
  // Nothing alike: no guess.
  const std::string unlike = expect<ValueError>({"missing", "unexpected"}, [&] {
    net.load_state_dict({{"z", ones({9})}});
  });
  BOOST_TEST(unlike.find("renamed") == unlike.npos, unlike);
}

// ---- numbers that do not fit, and what is gone ----

BOOST_AUTO_TEST_CASE(indices_of_shapes) {
  const Tensor x = zeros({2, 3});
  BOOST_TEST(x.shape()[-1] == 3);
  BOOST_TEST(x.strides()[-2] == 3);
  expect<IndexError>({"index 2 is out of range of the 2 numbers of (2, 3)", "test_traps.cpp"},
                     [&] { return x.shape()[2]; });
  expect<IndexError>({"index -3", "test_traps.cpp"}, [&] { return x.shape()[-3]; });
  Shape s{1, 2};
  expect<IndexError>({"index 5", "test_traps.cpp"}, [&] { s.erase(5); });
  expect<IndexError>({"index 3", "test_traps.cpp"}, [&] { s.insert(3, 1); });
  expect<IndexError>({"()"}, [] { return Shape().back(); });
  BOOST_TEST(s == (Shape{1, 2}));
  s.insert(1, 7);
  BOOST_TEST(s == (Shape{1, 7, 2}));
  s.erase(-1);
  BOOST_TEST(s == (Shape{1, 7}));
}

BOOST_AUTO_TEST_CASE(parts_of_temporaries_are_values) {
  const Tensor x = zeros({2, 3});
  const Shape& shape = (x * 2).shape();
  const Shape& strides = (x * 2).strides();
  const std::string& name = zeros({1}).set_name("a name too long to be stored in place").name();
  const Tensor other = zeros({5, 6, 7});
  BOOST_TEST(shape == (Shape{2, 3}));
  BOOST_TEST(strides == (Shape{3, 1}));
  BOOST_TEST(name == "a name too long to be stored in place");
  std::int64_t n = 0;
  for (const std::int64_t size : (x * 2).shape()) n += size;
  BOOST_TEST(n == 5);
}

BOOST_AUTO_TEST_CASE(numbers_beyond_an_integer_type) {
  const Tensor u = full({2}, 100, {kUInt8});
  const auto first = [](const Tensor& t) { return t.to_vector<int>()[0]; };
  BOOST_TEST(first(clamp(u, 0, 300)) == 100);
  BOOST_TEST(first(clamp(u, -5, 200)) == 100);
  BOOST_TEST(first(clamp_min(u, -1)) == 100);
  BOOST_TEST(first(clamp_max(u, 300)) == 100);
  BOOST_TEST(!clamp_max(u, 300).is_same(u));
  expect<ValueError>({"value 300 does not fit uint8", "test_traps.cpp"}, [&] { return clamp_min(u, 300); });
  expect<ValueError>({"value 300 does not fit uint8", "test_traps.cpp"}, [&] { return where(u > 5, u, 300); });
  expect<ValueError>({"value -1 does not fit uint8", "test_traps.cpp"}, [&] { return where(u > 5, -1, u); });
  expect<ValueError>({"value 300 does not fit uint8", "test_traps.cpp"}, [&] {
    return pad(u, {1, 1}, PadMode::constant, 300);
  });
  expect<ValueError>({"value -1 does not fit uint8", "test_traps.cpp"}, [] {
    return tensor(std::vector<int>{30, -1}, kUInt8);
  });
  expect<ValueError>({"value 300 does not fit uint8"}, [] { return tensor(std::vector<int>{300, 1}, kUInt8); });
  BOOST_TEST(first(tensor(std::vector<int>{255, 0}, kUInt8)) == 255);
}

BOOST_AUTO_TEST_CASE(where_of_two_numbers) {
  const Tensor mask = tensor({true, false});
  BOOST_TEST(where(mask, 1.5, 0).to_vector<float>() == (std::vector<float>{1.5f, 0.f}));
  BOOST_TEST((where(mask, 2, 3).dtype() == kInt64));
  BOOST_TEST((where(mask, 2., 3).dtype() == kFloat32));
  BOOST_TEST((where(mask, false, true).dtype() == kBool));
}

BOOST_AUTO_TEST_CASE(options_of_backward) {
  Tensor x = ones({2}, {.requires_grad = true});
  const Tensor loss = square(x).sum();
  loss.backward({.retain_graph = true});
  loss.backward(tensor(2.f), {.create_graph = true});
  BOOST_TEST(x.grad().to_vector<float>()[0] == 6);
  BOOST_TEST(x.grad().requires_grad());
  x.zero_grad();  // which holds the graph, and that holds x
}

BOOST_AUTO_TEST_CASE(optimizers_after_changes) {
  Tensor w = ones({2}, {.requires_grad = true}).set_name("w");
  optim::Adam opt({w}, {.lr = 0.1});
  w.sum().backward();
  opt.step();
  w.set_data(ones({5}));
  w.zero_grad();
  w.sum().backward();
  expect_op<ShapeError>("Adam", {"shape of parameter 0 has changed", "exp_avg", "(2)", "(5)", "test_traps.cpp"},
                        [&] { opt.step(); });
  BOOST_TEST(w.to_vector<float>()[0] == 1);
  opt.options().lr = -1;
  expect_op<ValueError>("Adam", {"lr", "-1", "test_traps.cpp"}, [&] { opt.step(); });
}

BOOST_AUTO_TEST_CASE(closures_of_lbfgs) {
  const Tensor w = ones({2}, {.requires_grad = true});
  optim::LBFGS opt({w});
  expect_op<AutogradError>("LBFGS", {"no parameter has a gradient", "loss.backward()", "test_traps.cpp"},
                           [&] { opt.step([&] { return square(w).sum(); }); });
  expect_op<ValueError>("LBFGS", {"must return the loss", "test_traps.cpp"},
                        [&] { opt.step([] { return Tensor(); }); });
  expect_op<ValueError>("LBFGS", {"must return the loss", "(2)", "test_traps.cpp"},
                        [&] { opt.step([&] { return square(w); }); });
}

BOOST_AUTO_TEST_CASE(schedules_outlive_no_optimizer) {
  const Tensor w = ones({2}, {.requires_grad = true});
  auto opt = std::make_unique<optim::SGD>(std::vector{w}, optim::SGDOptions{.lr = 0.1});
  optim::StepLR schedule(*opt, 2);
  schedule.step();
  opt.reset();
  expect_op<ValueError>("StepLR", {"the optimizer whose rates it sets is gone", "test_traps.cpp"},
                        [&] { schedule.step(); });
}

BOOST_AUTO_TEST_SUITE_END()
