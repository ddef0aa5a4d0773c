// Handles of modules: empty ones, what they are (as<>), exchanging children, chains of modules and functions, copies of
// every layer. Only public headers.
#include <sstream>

#include <xgrad/xgrad.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;
namespace F = xgrad::nn::functional;

namespace {

struct Block : nn::Layer<Block> {
  nn::Linear fc = register_module("fc", nn::Linear(3, 3));
  nn::Parameter gain = register_parameter("gain", ones({3}));
  double power = 1;
  Tensor forward(const Tensor& x) const { return fc(x) * gain; }
};
struct Net : nn::Layer<Net> {
  Block first = register_module("first", Block());
  nn::Sequential rest = register_module("rest", nn::Sequential(nn::Linear(3, 4), nn::Tanh()));
  Tensor forward(const Tensor& x) const { return rest(first(x)); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(module_handles)

BOOST_AUTO_TEST_CASE(empty_until_assigned) {
  struct Late : nn::Layer<Late> {
    nn::Linear fc{nullptr};
    nn::LSTM lstm{nullptr};
    void build() {
      fc = register_module("fc", nn::Linear(2, 3));
      lstm = register_module("lstm", nn::LSTM(3, 4));
    }
    Tensor forward(const Tensor& x) const { return lstm(fc(x).unsqueeze(1)).output; }
  };
  Late net;
  BOOST_TEST((!net.fc && !net.lstm && net));
  const Tensor x = randn({5, 2});
  expect<ValueError>({"Linear: the module is empty", "in     Late"}, [&] { net(x); });
  net.build();
  BOOST_TEST((net.fc && net.lstm));
  BOOST_TEST((net(x).shape() == Shape{5, 1, 4}));
  BOOST_TEST(net.parameters().size() == 6u);
  BOOST_TEST((net->fc->weight.is_same(net.fc.weight) && net.fc->forward(x).shape() == Shape{5, 3}));
  net.fc = nn::Linear{nullptr};
  expect<ValueError>({"'fc'", "exchanged"}, [&] { net(x); });
}

BOOST_AUTO_TEST_CASE(every_use_of_an_empty_module_is_refused) {
  nn::Linear fc{nullptr};
  const Tensor x = ones({1, 2});
  expect_op<ValueError>("Linear", {"empty", "register_module"}, [&] { fc(x); });
  BOOST_CHECK_THROW((void)fc->weight, ValueError);
  expect<ValueError>({"empty"}, [&] { fc.parameters(); });
  expect<ValueError>({"empty"}, [&] { fc.state_dict(); });
  expect<ValueError>({"empty"}, [&] { fc.load_state_dict({}); });
  expect<ValueError>({"empty"}, [&] { fc.train(); });
  expect<ValueError>({"empty"}, [&] { fc.zero_grad(); });
  expect<ValueError>({"empty"}, [&] { fc.to(kFloat64); });
  expect<ValueError>({"empty"}, [&] { fc.label(); });
  expect<ValueError>({"empty"}, [&] { fc.clone(); });
  expect<ValueError>({"empty"}, [&] { fc.apply([](nn::Module&) {}); });
  expect<ValueError>({"empty"}, [&] { fc.named_modules(); });
  expect<ValueError>({"empty"}, [&] { fc.register_parameter("w", ones({1})); });
  expect<ValueError>({"empty"}, [&] {
    fc.register_forward_hook([](const nn::Module&, const Tensor&, const Tensor&) { return Tensor(); });
  });
  nn::Module owner;
  expect_op<ValueError>("Linear", {"empty"}, [&] { owner.register_module("fc", fc); });
  BOOST_CHECK_THROW(nn::Sequential{fc}, ValueError);
  expect_op<ValueError>("Linear", {"empty"}, [&] { nn::Sequential().push_back(fc); });
  expect<ValueError>({"empty"}, [&] { train::summary(fc, x); });
  BOOST_TEST(fc.as<nn::Linear>() == nullptr);
  std::ostringstream text;
  text << fc;
  BOOST_TEST(text.str() == "Linear (empty)");
  const nn::Linear other = fc;  // copies and clones of what contains it are empty, too
  BOOST_TEST(!other);
  nn::Linear moved(2, 2), taken = std::move(moved);
  BOOST_TEST(bool(taken));
  nn::Sequential chain{nullptr};
  expect<ValueError>({"empty"}, [&] { chain(x); });
  nn::AnyModule any = nullptr;
  expect<ValueError>({"empty"}, [&] { any(x); });
  struct Mine : nn::Layer<Mine> {
    using Layer::Layer;
    Tensor forward(const Tensor& t) const { return t; }
  };
  Mine mine = nullptr;
  BOOST_TEST((!mine && bool(Mine())));
  expect_op<ValueError>("Mine", {"empty"}, [&] { mine(x); });
}

// No layer does anything without a module.
BOOST_AUTO_TEST_CASE(empty_layers_of_every_kind) {
  const Tensor x = ones({2, 3, 4});
  const auto refused = [&](const auto& layer) {
    BOOST_TEST(!layer);
    expect<ValueError>({"the module is empty"}, [&] { layer(x); });
    try {
      layer.forward(x);  // not a call: whatever it does, it is defined
    } catch (const Error&) {
    }
  };
  refused(nn::Linear{nullptr}), refused(nn::Identity{nullptr}), refused(nn::Flatten{nullptr});
  refused(nn::Dropout{nullptr}), refused(nn::Conv1d{nullptr}), refused(nn::Conv2d{nullptr});
  refused(nn::ConvTranspose1d{nullptr}), refused(nn::MaxPool1d{nullptr}), refused(nn::AvgPool1d{nullptr});
  refused(nn::LPPool1d{nullptr}), refused(nn::AdaptiveAvgPool1d{nullptr}), refused(nn::AdaptiveMaxPool1d{nullptr});
  refused(nn::BatchNorm1d{nullptr}), refused(nn::BatchNorm2d{nullptr}), refused(nn::BatchNorm3d{nullptr});
  refused(nn::InstanceNorm1d{nullptr}), refused(nn::InstanceNorm2d{nullptr}), refused(nn::InstanceNorm3d{nullptr});
  refused(nn::LayerNorm{nullptr}), refused(nn::GroupNorm{nullptr}), refused(nn::LocalResponseNorm{nullptr});
  refused(nn::ZeroPad1d{nullptr}), refused(nn::ConstantPad1d{nullptr}), refused(nn::Upsample{nullptr});
  refused(nn::Embedding{nullptr}), refused(nn::EmbeddingBag{nullptr}), refused(nn::MultiheadAttention{nullptr});
  refused(nn::TransformerEncoderLayer{nullptr}), refused(nn::RNN{nullptr}), refused(nn::LSTM{nullptr});
  refused(nn::GRU{nullptr}), refused(nn::RNNCell{nullptr}), refused(nn::LSTMCell{nullptr});
  refused(nn::GRUCell{nullptr}), refused(nn::ReLU{nullptr}), refused(nn::GELU{nullptr}), refused(nn::PReLU{nullptr});
  refused(nn::Hardtanh{nullptr}), refused(nn::Maxout{nullptr}), refused(nn::Threshold{nullptr});
  refused(nn::Dropout2d{nullptr}), refused(nn::Softmax{nullptr});
  expect<ValueError>({"Bilinear: the module is empty"}, [&] { nn::Bilinear{nullptr}(x, x); });
  expect<ValueError>({"MSELoss: the module is empty"}, [&] { nn::MSELoss{nullptr}(x, x); });
  expect<ValueError>({"CrossEntropyLoss: the module is empty"}, [&] { nn::CrossEntropyLoss{nullptr}(x, x); });
  // 0 is a size, not an empty module.
  BOOST_CHECK_THROW(nn::MaxPool2d(0)(ones({1, 1, 4, 4})), ValueError);
  BOOST_CHECK_THROW(nn::MaxPool2d(0), ValueError);  // 0 is a size, not nullptr: an empty layer would not throw
}

BOOST_AUTO_TEST_CASE(what_a_module_is) {
  Net net;
  const Tensor x = randn({2, 3});
  int linears = 0;
  net.apply([&](nn::Module& m) {
    if (auto* fc = m.as<nn::Linear>()) {
      ++linears;
      nn::init::constant_(fc->weight, 1);
      nn::init::zeros_(fc->bias);
    }
    if (auto* block = m.as<Block>()) BOOST_TEST(block->gain.is_same(net.first.gain));
    if (m.is_same(net)) BOOST_TEST((m.as<Net>() && !m.as<nn::Tanh>()));
  });
  BOOST_TEST(linears == 2);
  check_close(net.rest[0].as<nn::Linear>()->weight, std::vector<double>(12, 1.0));
  for (const auto& [name, m] : net.named_modules())
    BOOST_TEST((m.as<nn::Linear>() != nullptr) == (name == "first.fc" || name == "rest.0"), name);
  for (const nn::Module& m : net.children()) BOOST_TEST((m.as<Block>() || m.as<nn::Sequential>()));
  BOOST_TEST(net.modules().size() == 6u);
  BOOST_TEST(net.get_submodule("rest.1").as<nn::Tanh>() != nullptr);
  BOOST_TEST(net.get_submodule("first").as<Block>()->fc.is_same(net.first.fc));
  const auto* block = net.children()[0].as<Block>();
  BOOST_TEST(same_bits((*block)(x), net.first(x)));
  // A module of its own, not registered anywhere; a list of anything.
  nn::Linear alone(2, 2);
  alone.apply([&](nn::Module& m) { BOOST_TEST(m.as<nn::Linear>()->weight.is_same(alone.weight)); });
  const nn::ModuleList<> list{nn::Linear(2, 2), nn::ReLU()};
  BOOST_TEST((list[0].as<nn::Linear>() && !list[1].as<nn::Linear>()));
}

BOOST_AUTO_TEST_CASE(what_as_gives_lives_as_long_as_the_module) {
  std::weak_ptr<int> alive;
  const std::int64_t before = memory_stats().live_bytes;
  {
    struct Holder : nn::Layer<Holder> {
      std::shared_ptr<int> token = std::make_shared<int>(1);
      nn::Linear fc = register_module("fc", nn::Linear(2, 2));
      Tensor forward(const Tensor& x) const { return fc(x); }
    };
    nn::Module left{nullptr};
    nn::Linear fc{nullptr};
    {
      nn::Sequential net{Holder()};
      alive = net[0].as<Holder>()->token;
      left = net.children()[0];
      fc = left.as<Holder>()->fc;  // a copy counts
      net.apply([](nn::Module&) {});
    }
    BOOST_TEST((left.as<Holder>() && !alive.expired()));
    BOOST_TEST((left.as<Holder>()->forward(ones({1, 2})).shape() == Shape{1, 2}));
    const nn::Linear inner = left.as<Holder>()->fc;
    left = nn::Module{nullptr};
    BOOST_TEST(alive.expired());  // a module does not keep itself
    BOOST_TEST((inner(ones({1, 2})).shape() == Shape{1, 2}));
    BOOST_TEST(fc.is_same(inner));
  }
  BOOST_TEST(memory_stats().live_bytes == before);
}

BOOST_AUTO_TEST_CASE(what_as_gives_in_a_copy_belongs_to_the_copy) {
  const Net net;
  const Net copy = net.clone();
  auto* mine = copy.get_submodule("first").as<Block>();
  BOOST_TEST((mine->gain.is_same(copy.first.gain) && mine->fc.weight.is_same(copy.first.fc.weight)));
  BOOST_TEST((mine->is_same(copy.first) && mine->fc.is_same(copy.first.fc)));
  BOOST_TEST(!mine->gain.is_same(net.first.gain));
  const Net again = copy.clone();
  BOOST_TEST(again.get_submodule("rest.0").as<nn::Linear>()->weight.is_same(again.rest[0].as<nn::Linear>()->weight));
  // Assigning through it is noticed, as through a member.
  auto* fc = copy.get_submodule("first.fc").as<nn::Linear>();
  fc->weight = net.first.fc.weight;
  expect<ValueError>({"'first.fc.weight'", "exchanged"}, [&] { copy(ones({1, 3})); });
}

BOOST_AUTO_TEST_CASE(exchanging_children) {
  Net net;
  const Tensor x = randn({2, 3});
  nn::Linear wide(3, 7);
  net.first.fc = net.first.replace_module("fc", nn::Linear(3, 3, {.bias = false}));
  BOOST_TEST((net(x).shape() == Shape{2, 4}));
  BOOST_TEST(net.parameters().size() == 4u);
  BOOST_TEST(net.get_submodule("first.fc").as<nn::Linear>()->weight.is_same(net.first.fc.weight));
  BOOST_TEST(net.first.fc.weight.name() == "first.fc.weight");
  expect_op<ValueError>("replace_module", {"no child 'head'", "first, rest"},
                        [&] { (void)net.replace_module("head", nn::Tanh()); });
  expect_op<ValueError>("replace_module", {"itself"}, [&] { (void)net.first.replace_module("fc", net); });

  net.rest.replace(0, wide).replace(-1, F::relu);
  BOOST_TEST((net(x).shape() == Shape{2, 7}));
  BOOST_TEST(net.rest[0].as<nn::Linear>()->weight.is_same(wide.weight));
  BOOST_TEST(net.rest.named_children().size() == 1u);
  net.rest.push_back(nn::Linear(7, 1)).replace(1, nn::Sigmoid());
  std::string names;
  for (const auto& [name, m] : net.rest.named_children()) names += name + m.label() + " ";
  BOOST_TEST(names == "0Linear(3 → 7) 1Sigmoid 2Linear(7 → 1) ");
  check_close(net(x), net.rest[2](sigmoid(wide(net.first(x)))).to_vector<double>(), 1e-6);
  expect<IndexError>({"Sequential", "index 3"}, [&] { net.rest.replace(3, nn::Tanh()); });

  nn::ModuleList<nn::Linear> list{nn::Linear(2, 2), nn::Linear(2, 2)};
  list.replace(1, nn::Linear(2, 5));
  BOOST_TEST((list.state_dict().size() == 4 && list[1].weight.shape() == Shape{5, 2}));
  nn::ModuleDict<> dict{{"a", nn::Linear(2, 2)}};
  dict.replace("a", nn::Tanh());
  BOOST_TEST((dict.parameters().empty() && dict["a"].as<nn::Tanh>()));

  // What an optimizer was made with, it keeps.
  optim::SGD opt(net.parameters(), {.lr = 0.1});
  const Tensor old = wide.weight.detach().clone();
  net.rest.replace(0, nn::Linear(3, 7));
  net(x).sum().backward();
  opt.step();
  BOOST_TEST((same_bits(wide.weight, old) && !wide.weight.grad().defined()));
}

BOOST_AUTO_TEST_CASE(chains_of_modules_and_functions) {
  const Tensor x = randn({2, 3});
  nn::Sequential net(
      nn::Linear(3, 4), xgrad::relu, F::gelu, [](const Tensor& t) { return t * 2; }, F::leaky_relu, nn::Linear(4, 2));
  const auto *first = net[0].as<nn::Linear>(), *last = net[-1].as<nn::Linear>();
  BOOST_TEST((first && last && !net[1].as<nn::Linear>()));
  BOOST_TEST(same_bits(net(x), (*last)(leaky_relu(gelu(relu((*first)(x))) * 2))));
  Tensor y = x;
  for (const nn::AnyModule& part : net) y = part(y);
  BOOST_TEST(same_bits(y, net(x)));
  BOOST_TEST(same_bits(net[1](x), relu(x)));
  expect<IndexError>({"Sequential", "6"}, [&] { net[6]; });
  // All functions of a tensor and options that have defaults.
  const std::vector<std::pair<nn::Sequential, nn::Sequential>> pairs{
      {nn::Sequential(F::elu), nn::Sequential(nn::ELU())},
      {nn::Sequential(F::celu), nn::Sequential(nn::CELU())},
      {nn::Sequential(F::hardshrink), nn::Sequential(nn::Hardshrink())},
      {nn::Sequential(F::softshrink), nn::Sequential(nn::Softshrink())},
      {nn::Sequential(F::softplus), nn::Sequential(nn::Softplus())},
      {nn::Sequential(F::hardtanh), nn::Sequential(nn::Hardtanh())},
      {nn::Sequential(F::glu), nn::Sequential(nn::GLU())},
      {nn::Sequential(F::silu), nn::Sequential(nn::SiLU())}};
  const Tensor z = randn({4, 6}) * 30;
  for (const auto& [function, module] : pairs) BOOST_TEST(same_bits(function(z), module(z)));
  expect_op<ValueError>("Sequential", {"defaults are not known", "[](const Tensor& x)"},
                        [] { nn::Sequential().push_back(F::pixel_shuffle); });
  nn::Sequential more;
  more.push_back(xgrad::tanh).append(nn::Identity());
  BOOST_TEST(same_bits(more(x), tanh(x)));
  // Hooks of a function; copies of chains.
  int calls = 0;
  net[1].register_forward_hook([&](const nn::Module&, const Tensor&, const Tensor& out) {
    ++calls;
    return out * 0;
  });
  BOOST_TEST(same_bits(net(x), (*last)(zeros({2, 4}))));
  BOOST_TEST(calls == 1);
  const nn::Sequential copy = net.clone();
  BOOST_TEST((copy.size() == 6 && !copy[0].as<nn::Linear>()->weight.is_same(first->weight)));
  BOOST_TEST(same_bits(copy(x), net(x)));
  BOOST_TEST(calls == 3);
}

BOOST_AUTO_TEST_CASE(every_layer_has_a_copy) {
  const auto copied = [](auto layer) {
    const auto copy = layer.clone();
    BOOST_TEST(!copy.is_same(layer));
    BOOST_TEST(copy.label() == layer.label());
    BOOST_TEST(same_bits(copy.state_dict(), layer.state_dict()));
    for (const auto& [name, p] : copy.named_parameters())
      BOOST_TEST(!p.is_same(layer.get_parameter(name)), layer.label() << " " << name);
  };
  copied(nn::Linear(2, 3)), copied(nn::Identity()), copied(nn::Flatten()), copied(nn::Dropout());
  copied(nn::Dropout2d());
  copied(nn::Conv1d(1, 2, 3)), copied(nn::Conv2d(1, 2, 3)), copied(nn::Conv3d(1, 2, 3));
  copied(nn::ConvTranspose1d(1, 2, 3)), copied(nn::ConvTranspose2d(1, 2, 3)), copied(nn::ConvTranspose3d(1, 2, 3));
  copied(nn::MaxPool1d(2)), copied(nn::AvgPool2d(2)), copied(nn::LPPool1d(2, 2)), copied(nn::AdaptiveAvgPool2d(1));
  copied(nn::AdaptiveMaxPool2d(1)), copied(nn::BatchNorm1d(3)), copied(nn::BatchNorm2d(3)), copied(nn::BatchNorm3d(3));
  copied(nn::InstanceNorm1d(3)), copied(nn::InstanceNorm2d(3, {.affine = true})), copied(nn::InstanceNorm3d(3));
  copied(nn::LayerNorm(3)), copied(nn::GroupNorm(1, 2)), copied(nn::LocalResponseNorm(2)), copied(nn::ZeroPad2d(1));
  copied(nn::ConstantPad1d(1, 2.0)), copied(nn::Upsample({.scale_factor = {2}})), copied(nn::Embedding(3, 2));
  copied(nn::EmbeddingBag(3, 2)), copied(nn::MultiheadAttention(4, 2)), copied(nn::TransformerEncoderLayer(4, 2));
  copied(nn::Bilinear(2, 3, 4)), copied(nn::RNN(2, 3)), copied(nn::LSTM(2, 3)), copied(nn::GRU(2, 3));
  copied(nn::RNNCell(2, 3)), copied(nn::LSTMCell(2, 3)), copied(nn::GRUCell(2, 3)), copied(nn::ReLU());
  copied(nn::Tanh()), copied(nn::Sigmoid()), copied(nn::LogSigmoid()), copied(nn::SiLU()), copied(nn::LeakyReLU());
  copied(nn::ELU()), copied(nn::GELU()), copied(nn::Softplus()), copied(nn::Softmax()), copied(nn::LogSoftmax());
  copied(nn::ReLU6()), copied(nn::Hardsigmoid()), copied(nn::Hardswish()), copied(nn::SELU()), copied(nn::Mish());
  copied(nn::Softsign()), copied(nn::Tanhshrink()), copied(nn::Hardtanh()), copied(nn::Hardshrink());
  copied(nn::Softshrink()), copied(nn::CELU()), copied(nn::GLU()), copied(nn::Softmin()), copied(nn::RReLU());
  copied(nn::Step()), copied(nn::Threshold(1, 2)), copied(nn::PReLU()), copied(nn::Maxout(2));
  copied(nn::MSELoss()), copied(nn::L1Loss()), copied(nn::SmoothL1Loss()), copied(nn::HuberLoss());
  copied(nn::BCELoss({.weight = ones({3})})), copied(nn::BCEWithLogitsLoss({.pos_weight = ones({3})}));
  copied(nn::CrossEntropyLoss({.weight = ones({3})})), copied(nn::NLLLoss({.weight = ones({3})}));
  copied(nn::KLDivLoss()), copied(nn::PoissonNLLLoss()), copied(nn::GaussianNLLLoss()), copied(nn::CTCLoss());
  copied(nn::HingeEmbeddingLoss()), copied(nn::SoftMarginLoss()), copied(nn::MarginRankingLoss());
  copied(nn::CosineEmbeddingLoss()), copied(nn::TripletMarginLoss());
  copied(nn::MultiMarginLoss({.weight = ones({3})}));
  copied(nn::MultiLabelMarginLoss()), copied(nn::MultiLabelSoftMarginLoss({.weight = ones({3})}));
  copied(nn::Sequential(nn::Linear(2, 2))), copied(nn::ModuleList<>{nn::Linear(2, 2)});
  copied(nn::ModuleDict<>{{"a", nn::Linear(2, 2)}});
}

// The constants of a loss's copy are its own.
BOOST_AUTO_TEST_CASE(copies_of_losses_compute_with_their_own_constants) {
  const nn::CrossEntropyLoss loss({.weight = tensor({1., 3.})}), copy = loss.clone();
  const Tensor x = tensor({{1., 2.}, {0.5, -1.}}), t = tensor({0, 1});
  const double before = loss(x, t).item();
  BOOST_TEST(copy(x, t).item() == before);
  {
    NoGradGuard off;
    copy.get_buffer("weight").fill_(1);
  }
  BOOST_TEST(copy(x, t).item() != before);
  BOOST_TEST(loss(x, t).item() == before);
}

// What was moved from: the library's layers stay handles, a module of one's own is empty and says so.
BOOST_AUTO_TEST_CASE(modules_that_were_moved_from) {
  struct Own : nn::Layer<Own> {
    nn::Linear fc = register_module("fc", nn::Linear(2, 2));
    Tensor forward(const Tensor& x) const { return fc(x); }
  };
  const Tensor x = ones({1, 2});
  nn::Linear linear(2, 2);
  const nn::Sequential net(std::move(linear));
  BOOST_TEST(linear(x).shape() == (Shape{1, 2}));
  Own own;
  const Own next = std::move(own);
  BOOST_TEST(next(x).shape() == (Shape{1, 2}));
  expect<ValueError>({"the module is empty", "moved from", "test_module_handles.cpp"}, [&] { return own(x); });
  nn::ModuleList<nn::Linear> list;
  list.append(nn::Linear(2, 2));
  const nn::ModuleList<nn::Linear> longer = std::move(list);
  BOOST_TEST(longer.size() == 1u);
  BOOST_TEST(list.size() == 1u);
  nn::ModuleDict<nn::Linear> dict{{"a", nn::Linear(2, 2)}};
  const nn::ModuleDict<nn::Linear> other = std::move(dict);
  BOOST_TEST(other.size() == dict.size());
}

BOOST_AUTO_TEST_SUITE_END()
