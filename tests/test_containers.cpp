// Lists and dictionaries of modules, deep copies, hooks, look-up by path, loading by name.
#include <xgrad/autograd.hpp>
#include <xgrad/memory.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/optim.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

std::vector<std::string> keys(const NamedTensors& list) {
  std::vector<std::string> out;
  for (const auto& [key, t] : list) out.push_back(key);
  return out;
}

struct Block : nn::Layer<Block> {
  nn::Linear fc = register_module("fc", nn::Linear(3, 3));
  nn::Parameter gain = register_parameter("gain", full({1}, 2.0));
  nn::Parameter mean = register_buffer("mean", zeros({3}));
  nn::Parameter cache = register_buffer("cache", ones({2}), false);
  Tensor forward(const Tensor& x) const { return tanh(fc(x)) * gain + mean; }
};

struct Net : nn::Layer<Net> {
  nn::ModuleList<Block> blocks = register_module("blocks", nn::ModuleList<Block>());
  nn::ModuleDict<> heads = register_module("heads", nn::ModuleDict<>());
  nn::ParameterList scales = register_module("scales", nn::ParameterList{ones({3}), full({3}, 0.5)});
  nn::Sequential tail =
      register_module("tail", nn::Sequential(nn::Linear(3, 2), nn::Tanh(), [](const Tensor& x) { return x * 3; }));
  Net() {
    for (int i = 0; i < 2; ++i) blocks.push_back(Block());
    heads.add("plain", nn::Identity()).add("squashed", nn::Sequential(nn::Linear(3, 3), nn::Sigmoid()));
  }
  Tensor forward(Tensor x) const {
    for (const Block& b : blocks) x = b(x);
    for (const nn::Parameter& s : scales) x = x * s;
    return tail(heads["squashed"](heads["plain"](x)));
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(containers)

BOOST_AUTO_TEST_CASE(lists) {
  manual_seed(1);
  nn::ModuleList<nn::Linear> list{nn::Linear(2, 3), nn::Linear(3, 1)};
  list.append(nn::Linear(1, 1, {.bias = false}));
  BOOST_TEST((list.size() == 3 && !list.empty()));
  BOOST_TEST(keys(list.named_parameters()) ==
                 (std::vector<std::string>{"0.weight", "0.bias", "1.weight", "1.bias", "2.weight"}),
             boost::test_tools::per_element());
  BOOST_TEST((list[-1].is_same(list[2]) && list[0].weight.shape() == Shape{3, 2}));
  expect<IndexError>({"ModuleList", "3", "size is 3"}, [&] { list[3]; });
  expect<IndexError>({"-4"}, [&] { list[-4]; });
  const nn::ModuleList<nn::Linear> handle = list;  // the same list
  list.push_back(nn::Linear(1, 4));
  BOOST_TEST(handle.size() == 4u);
  Tensor x = ones({1, 2});
  for (const nn::Linear& l : handle) x = l(x);
  BOOST_TEST((x.shape() == Shape{1, 4}));

  nn::ModuleList<> mixed{nn::Linear(2, 2), nn::ReLU(), nn::Sequential(nn::Linear(2, 2))};
  mixed.extend(std::vector<nn::AnyModule>{nn::Tanh()});
  BOOST_TEST(mixed.size() == 4u);
  BOOST_TEST(mixed[1].label() == "ReLU");
  Tensor y = ones({1, 2});
  for (const nn::AnyModule& m : mixed) y = m(y);
  BOOST_TEST((y.shape() == Shape{1, 2}));
}

BOOST_AUTO_TEST_CASE(dictionaries) {
  nn::ModuleDict<> dict{{"conv", nn::Identity()}, {"fc", nn::Linear(2, 2)}};
  dict.add("act", nn::ReLU());
  BOOST_TEST(dict.keys() == (std::vector<std::string>{"conv", "fc", "act"}), boost::test_tools::per_element());
  BOOST_TEST((dict.contains("fc") && !dict.contains("lstm") && dict.size() == 3));
  expect<IndexError>({"ModuleDict", "'lstm'", "conv, fc, act"}, [&] { dict["lstm"]; });
  expect<ValueError>({"'fc'", "already registered"}, [&] { dict.add("fc", nn::Identity()); });
  expect<ValueError>({"'a.b'"}, [&] { dict.add("a.b", nn::Identity()); });
  BOOST_TEST(dict.size() == 3u);
  BOOST_TEST(keys(dict.named_parameters()) == (std::vector<std::string>{"fc.weight", "fc.bias"}),
             boost::test_tools::per_element());
  std::string names;
  for (const auto& [name, m] : dict) names += name + " ";
  BOOST_TEST(names == "conv fc act ");

  nn::ParameterDict p{{"left", ones({2})}};
  p.add("right", zeros({3}));
  BOOST_TEST((p["right"].requires_grad() && p.contains("left") && p.parameters().size() == 2));
  expect<IndexError>({"ParameterDict", "'up'", "left, right"}, [&] { p["up"]; });
  nn::ParameterList list{ones({2})};
  expect<IndexError>({"ParameterList"}, [&] { list[1]; });
  BOOST_TEST(list[-1].requires_grad());
}

BOOST_AUTO_TEST_CASE(names_of_everything) {
  const Net net;
  BOOST_TEST(
      keys(net.named_parameters()) ==
          (std::vector<std::string>{"blocks.0.gain", "blocks.0.fc.weight", "blocks.0.fc.bias", "blocks.1.gain",
                                    "blocks.1.fc.weight", "blocks.1.fc.bias", "heads.squashed.0.weight",
                                    "heads.squashed.0.bias", "scales.0", "scales.1", "tail.0.weight", "tail.0.bias"}),
      boost::test_tools::per_element());
  BOOST_TEST(net.named_buffers().size() == 4u);
  BOOST_TEST(net.state_dict().size() == 14u);  // the caches are not in it
  BOOST_TEST(net.get_submodule("blocks.1.fc").is_same(net.blocks[1].fc));
  BOOST_TEST(net.get_submodule("").is_same(net));
  BOOST_TEST(net.get_parameter("blocks.1.fc.weight").is_same(net.blocks[1].fc.weight));
  BOOST_TEST(net.get_buffer("blocks.0.mean").is_same(net.blocks[0].mean));
  expect_op<ValueError>("get_submodule", {"no 'blocks.7.fc'", "'blocks' has", "0, 1"},
                        [&] { net.get_submodule("blocks.7.fc"); });
  expect_op<ValueError>("get_submodule", {"did you mean 'blocks'?"}, [&] { net.get_submodule("block"); });
  expect_op<ValueError>("get_parameter", {"no 'tail.0.weigth'", "weight, bias", "did you mean 'weight'?"},
                        [&] { net.get_parameter("tail.0.weigth"); });
  expect_op<ValueError>("get_buffer", {"no 'blocks.0.gain'", "mean"}, [&] { net.get_buffer("blocks.0.gain"); });
}

BOOST_AUTO_TEST_CASE(clones_are_independent_and_of_the_same_type) {
  manual_seed(3);
  Net net;
  net.blocks[1].eval();
  net.blocks[0].fc.weight.requires_grad_(false);
  const Tensor x = randn({4, 3});
  net(x).sum().backward();
  Net copy = net.clone();
  BOOST_TEST(same_bits(net(x), copy(x)));
  BOOST_TEST(same_bits(net.state_dict(), copy.state_dict()));
  BOOST_TEST((!copy.is_same(net) && !copy.blocks[0].is_same(net.blocks[0])));
  BOOST_TEST((copy.blocks[0].is_training() && !copy.blocks[1].is_training() &&
              copy.blocks[1].fc.label() == net.blocks[1].fc.label()));
  BOOST_TEST((!copy.blocks[0].fc.weight.requires_grad() && copy.blocks[1].fc.weight.requires_grad()));
  BOOST_TEST(!copy.blocks[1].fc.weight.grad().defined());
  // Members, registry and what is called are the same tensors.
  BOOST_TEST(copy.get_parameter("blocks.1.fc.weight").is_same(copy.blocks[1].fc.weight));
  BOOST_TEST(copy.get_parameter("scales.1").is_same(copy.scales[1]));
  BOOST_TEST(copy.get_buffer("blocks.0.mean").is_same(copy.blocks[0].mean));
  BOOST_TEST(copy.blocks[1].fc.weight.name() == net.blocks[1].fc.weight.name());

  const Tensor before = net(x);
  optim::SGD opt(copy.parameters(), {.lr = 0.5});
  copy(x).sum().backward();
  opt.step();
  BOOST_TEST(same_bits(net(x), before));
  BOOST_TEST(!same_bits(copy(x), before));
  for (const auto& [name, p] : copy.named_parameters())  // each of them acts in the copy
    if (p.requires_grad()) BOOST_TEST(p.grad().defined(), name);
  copy.blocks.push_back(Block());
  BOOST_TEST((net.blocks.size() == 2 && net.named_modules().size() + 2 == copy.named_modules().size()));
  const Net again = nn::clone(copy);
  BOOST_TEST(same_bits(again(x), copy(x)));
}

BOOST_AUTO_TEST_CASE(what_is_shared_within_stays_shared) {
  struct Tied : nn::Layer<Tied> {
    nn::Linear in = register_module("in", nn::Linear(2, 2));
    nn::Linear out = register_module("out", nn::Linear::from_weight(in.weight, in.bias.detach().clone()));
    nn::Linear same = register_module("same", in);
    Tensor forward(const Tensor& x) const { return same(out(in(x))); }
  };
  const Tied tied;
  const Tied copy = tied.clone();
  BOOST_TEST((copy.same.is_same(copy.in) && copy.out.weight.is_same(copy.in.weight) &&
              !copy.in.weight.is_same(tied.in.weight)));
  BOOST_TEST(same_bits(copy(ones({1, 2})), tied(ones({1, 2}))));
}

BOOST_AUTO_TEST_CASE(a_member_that_would_show_the_original_is_refused) {
  struct Plain : nn::Layer<Plain> {
    Tensor weight = register_parameter("weight", ones({2}));
    Tensor forward(const Tensor& x) const { return x * weight; }
  };
  struct Outer : nn::Module {
    Plain inner = register_module("inner", Plain());
  };
  const Outer outer;
  expect_op<ValueError>("clone", {"'inner.weight'", "nn::Parameter"}, [&] { nn::clone(outer); });
  const Outer handle = outer;  // an ordinary copy, afterwards, is a handle again
  BOOST_TEST((handle.is_same(outer) && handle.inner.weight.is_same(outer.inner.weight)));
}

BOOST_AUTO_TEST_CASE(all_layers_can_be_cloned) {
  nn::Sequential net(nn::Embedding(5, 4), nn::LayerNorm({4}), nn::PReLU(), nn::Linear(4, 4));
  const nn::Sequential copy = net.clone();
  BOOST_TEST(same_bits(net.state_dict(), copy.state_dict()));
  const nn::BatchNorm1d norm(3);
  const nn::LSTM lstm(2, 3, {.num_layers = 2, .bidirectional = true, .proj_size = 2});
  const nn::GRUCell cell(2, 3);
  const nn::CrossEntropyLoss loss({.weight = ones({3})});
  const nn::Conv2d conv(1, 2, 3);
  BOOST_TEST(!norm.clone().running_mean.is_same(norm.running_mean));
  const nn::LSTM other = lstm.clone();
  BOOST_TEST(same_bits(lstm(ones({4, 1, 2})).output, other(ones({4, 1, 2})).output));
  {
    NoGradGuard off;
    for (const auto& [name, p] : other.named_parameters()) Tensor(p).zero_();
  }
  check_close(other(ones({4, 1, 2})).output, std::vector<double>(16, 0.0));
  BOOST_TEST(!cell.clone().weights.weight_ih.is_same(cell.weights.weight_ih));
  BOOST_TEST(nn::clone(loss).named_buffers().size() == 1u);
  BOOST_TEST(conv.clone().named_parameters().size() == 2u);
}

BOOST_AUTO_TEST_CASE(hooks_before_and_after_a_call) {
  nn::Linear fc(2, 2);
  std::string order;
  const auto pre = fc.register_forward_pre_hook([&](const nn::Module& m, const Tensor& x) {
    BOOST_TEST(m.is_same(fc));
    order += "pre ";
    return x * 2;
  });
  const auto post = fc.register_forward_hook([&](const nn::Module&, const Tensor& x, const Tensor& y) {
    order += "post ";
    check_close(x, {2, 2});  // what the module saw
    return y + 1;
  });
  const Tensor x = ones({1, 2});
  const Tensor y = fc(x);
  BOOST_TEST(order == "pre post ");
  const Tensor want = linear(x * 2, fc.weight, fc.bias) + 1;
  BOOST_TEST(same_bits(y, want));
  pre.remove();
  post.remove();
  BOOST_TEST(same_bits(fc(x), linear(x, fc.weight, fc.bias)));
}

BOOST_AUTO_TEST_CASE(hooks_in_the_backward_pass) {
  nn::Linear fc(2, 2);
  nn::Sequential net(nn::Identity(), fc, nn::Tanh());
  Tensor x = tensor({{1., 2.}}).requires_grad_();
  int calls = 0;
  const auto hook =
      fc.register_full_backward_hook([&](const nn::Module& m, const Tensor& grad_input, const Tensor& grad_output) {
        ++calls;
        BOOST_TEST(m.is_same(fc));
        check_close(grad_input, matmul(grad_output, fc.weight.detach()).to_vector<double>());
        return grad_input * 10;
      });
  const Tensor y = net(x);
  (y.sum() + (x * 3).sum()).backward();  // the second use of x is none of the module's business
  BOOST_TEST(calls == 1);
  const Tensor through = matmul(1 - square(tanh(linear(x, fc.weight, fc.bias))), fc.weight) * 10 + 3;
  check_close(x.grad(), through.to_vector<double>(), 1e-5);
  hook.remove();

  // Without a gradient for the input; on a module that passes its input through; with higher derivatives.
  int outer = 0;
  fc.register_full_backward_hook([&](const nn::Module&, const Tensor& grad_input, const Tensor& grad_output) {
    outer += !grad_input.defined() && grad_output.defined();
    return Tensor();
  });
  fc(ones({1, 2})).sum().backward();
  BOOST_TEST(outer == 1);
  nn::Identity same;
  same.register_full_backward_hook([&](const nn::Module&, const Tensor&, const Tensor& g) { return g * 2; });
  x.zero_grad();
  same(x).sum().backward();
  check_close(x.grad(), {2, 2});
  const std::int64_t live = memory_stats().live_bytes;
  {
    const Tensor z = square(same(x)).sum();
    grad({z}, {x}, {}, {.create_graph = true});
  }
  BOOST_TEST(memory_stats().live_bytes == live);
}

BOOST_AUTO_TEST_CASE(reports_of_loading) {
  Net net;
  NamedTensors state;
  for (const auto& [key, t] : net.state_dict()) {
    const std::string name = key == "tail.0.bias" ? "tail.0.bais" : key;
    state.emplace_back(name, key == "scales.1" ? ones({5}) : t.clone());
  }
  state.emplace_back("optimizer", ones({1}));
  expect_op<ValueError>("load_state_dict",
                        {"nothing was loaded", "missing", "tail.0.bias", "unexpected", "tail.0.bais, optimizer",
                         "scales.1 (5) vs (3)", "'tail.0.bais' for 'tail.0.bias'"},
                        [&] { net.load_state_dict(state); });
  NamedTensors prefixed;
  for (const auto& [key, t] : net.state_dict()) prefixed.emplace_back("module." + key, t);
  expect_op<ValueError>("load_state_dict", {"all keys begin with 'module.'"}, [&] { net.load_state_dict(prefixed); });
  expect_op<ValueError>("load_state_dict", {"not one key of the state is a key of the module"},
                        [&] { net.load_state_dict(prefixed, false); });
  prefixed[0].first = net.state_dict()[0].first;
  const nn::LoadReport report = net.load_state_dict(prefixed, false);
  BOOST_TEST((report.missing.size() == 13 && report.unexpected.size() == 13));
}

BOOST_AUTO_TEST_CASE(bulk_changes_reach_containers) {
  Net net;
  net.to(kFloat64);
  BOOST_TEST((net.blocks[1].fc.weight.dtype() == kFloat64 && net.scales[0].dtype() == kFloat64 &&
              net.blocks[0].cache.dtype() == kFloat64));
  int count = 0;
  net.apply([&](nn::Module&) { ++count; });
  BOOST_TEST(count == static_cast<int>(net.named_modules().size()));
  net.eval();
  BOOST_TEST(!net.heads["squashed"].is_training());
  net.requires_grad_(false);
  BOOST_TEST(net.num_parameters(true) == 0);
}

BOOST_AUTO_TEST_SUITE_END()
