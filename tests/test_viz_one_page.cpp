// Any network on one page: equal blocks folded, modules collapsed, what is left out last, and what the picture says
// about that; options of all this.
#include <chrono>
#include <set>
#include <sstream>

#include <xgrad/custom.hpp>
#include <xgrad/xgrad.hpp>

#include "support.hpp"
#include "text_support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

std::size_t shown(const std::string& text) { return count_of(text, "class=\"node-"); }
std::string node(const std::string& text, const std::string& title, Location at = Location::current()) {
  const auto found = lines_with(text, "tooltip=\"" + title + "  ");
  if (found.size() != 1u) BOOST_ERROR(file_and_line(at) << ": " << found.size() << " nodes called " << title);
  return found.empty() ? "" : found[0];
}
// Names of nodes, without ghosts, which depend on what else is drawn.
std::set<std::string> names(const std::string& text) {
  std::set<std::string> all;
  for (const std::string& line : lines_with(text, "class=\"node-")) {
    const auto start = line.find_first_not_of(' ');
    if (!has(line, "node-ghost")) all.insert(line.substr(start, line.find(' ', start) - start));
  }
  return all;
}
std::size_t cells_of_strip(const std::string& line) { return count_of(line, "height=\"11\" bgcolor="); }

// As in a lecture, without a module.
struct HandWritten {
  Tensor w = (0.3 * randn({3, 16})).requires_grad_().set_name("W"),
         u = (0.3 * randn({4, 16})).requires_grad_().set_name("U"), b = zeros({16}).requires_grad_().set_name("b");
  Tensor run(int steps) const {
    Tensor h = zeros({2, 4}).set_name("h0"), c = zeros({2, 4}).set_name("c0");
    for (int t = 0; t < steps; ++t) {
      const auto gates = chunk(matmul(randn({2, 3}).set_name("x"), w) + matmul(h, u) + b, 4, 1);
      c = sigmoid(gates[1]) * c + sigmoid(gates[0]) * tanh(gates[2]);
      h = sigmoid(gates[3]) * tanh(c);
    }
    const Tensor loss = square(h).mean();
    loss.backward();
    return loss;
  }
};

struct Block : nn::Layer<Block> {
  nn::Linear fc1 = register_module("fc1", nn::Linear(4, 4)), fc2 = register_module("fc2", nn::Linear(4, 4));
  Tensor forward(const Tensor& x) const { return x + fc2(relu(fc1(x))); }
};
nn::Sequential blocks(int n) {
  nn::Sequential net;
  for (int i = 0; i < n; ++i) net.push_back(Block());
  return net;
}
Tensor loss_of(const nn::Sequential& net) {
  const Tensor loss = net(ones({2, 4}).set_name("x")).sum();
  loss.backward();
  return loss;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(folds)

BOOST_AUTO_TEST_CASE(an_unrolled_recurrence) {
  manual_seed(1);
  const TapeRecorder recorder;
  const HandWritten cell;
  for (const int steps : {40, 1000}) {
    const Tensor loss = cell.run(steps);
    const auto start = std::chrono::steady_clock::now();
    const std::string text = viz::to_dot(loss);
    BOOST_TEST(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() < 5);
    BOOST_TEST(has(text, fmt::format("label=<{} steps folded into one>", steps)));
    BOOST_TEST(has(text, fmt::format("{} steps folded into one; {} nodes shown for {} operations", steps, shown(text),
                                     14 * steps + 2)));
    BOOST_TEST(shown(text) < 30u);
    // What is carried, and how often; what the first step begins with; what is one per step.
    BOOST_TEST(lines_with(text, "class=\"carried\"").size() == 2u);
    BOOST_TEST(has(text, fmt::format("next step: mul, {} times", steps - 1)));
    BOOST_TEST(has(text, fmt::format("next step: add, {} times", steps - 1)));
    BOOST_TEST(count_of(text, "for the first step") == 2u);
    BOOST_TEST(count_of(text, " last step ") == 1u);
    BOOST_TEST(has(node(text, "x"), fmt::format("× {}", steps)));
    BOOST_TEST(!has(node(text, "h0"), "× "));
    // One cell for each step, or of several the largest, in each node; none elsewhere.
    for (const char* op : {"chunk", "chunk: output 2"})
      BOOST_TEST(cells_of_strip(node(text, op)) == (steps == 40 ? 40u : 100u));
    BOOST_TEST(has(text, "a cell: the largest of 10") == (steps == 1000));
    BOOST_TEST(cells_of_strip(node(text, "square")) == 0u);
    BOOST_TEST(cells_of_strip(node(text, "W")) == 0u);
    BOOST_TEST(has(node(text, "W"), "grad"));
  }
  // The gradient vanishes: pale at the beginning, full at the end.
  const std::string strip = node(viz::to_dot(cell.run(40)), "chunk");
  BOOST_TEST(strip.find("bgcolor=\"#F7F7F7\"") < strip.find("bgcolor=\"#B"));
}

BOOST_AUTO_TEST_CASE(layers_have_parameters_of_their_own) {
  const TapeRecorder recorder;
  const Tensor loss = loss_of(blocks(6));
  const std::string text = viz::to_dot(loss, {.fold_repeats = true});
  BOOST_TEST(has(text, "0 … 5 : Block, × 6"));
  BOOST_TEST(has(text, "6 blocks folded into one"));
  BOOST_TEST(has(node(text, "*.fc1.weight"), "× 6"));
  BOOST_TEST(cells_of_strip(node(text, "*.fc1.weight")) == 6u);
  BOOST_TEST(has(text, "next: add, 5 times"));
  BOOST_TEST(has(text, " last block "));
  BOOST_TEST(shown(text) == 10u);
  const std::string closed = viz::to_dot(loss, {.depth = 1, .fold_repeats = true});
  BOOST_TEST(has(closed, "▸ 0 … 5 : Block, × 6"));
  BOOST_TEST(has(closed, "24 ops · 240 parameters · out f32 [2×4]"));
  BOOST_TEST(cells_of_strip(lines_with(closed, "class=\"node-module\"")[0]) == 6u);
}

BOOST_AUTO_TEST_CASE(only_what_is_equal) {
  const auto folded = [](const Tensor& t) { return has(viz::to_dot(t, {.fold_repeats = true}), "folded into one"); };
  const Tensor x = ones({2}).requires_grad_();
  const auto repeat = [&](int n, const auto& f) {
    Tensor y = x;
    for (int i = 0; i < n; ++i) y = f(y, i);
    return y.sum();
  };
  BOOST_TEST(folded(repeat(3, [](const Tensor& y, int) { return sin(y * 2); })));
  BOOST_TEST(!folded(repeat(2, [](const Tensor& y, int) { return sin(y * 2); })));
  BOOST_TEST(!folded(repeat(6, [](const Tensor& y, int i) { return y * (i + 2.); })));  // attributes
  BOOST_TEST(
      !folded(repeat(6, [](const Tensor& y, int i) { return i % 2 ? sin(y) : cos(y); }).detach().requires_grad_() * 2));
  BOOST_TEST(!folded(repeat(5, [](const Tensor& y, int) { return stack({y, y}); })));  // shapes
  std::vector<Tensor> all{x, x};  // wiring: each adds another one of those before
  for (const std::size_t back : {1, 2, 1, 3, 2, 4, 1, 5, 3}) all.push_back(all.back() + all[all.size() - back]);
  const std::string text = viz::to_dot(all.back().sum(), {.fold_repeats = true});
  BOOST_TEST(count_of(text, "class=\"node-op\"") >= 7u);
  // A small graph is shown whole, a large one as wished.
  const Tensor small = repeat(8, [](const Tensor& y, int) { return sin(y * 2); });
  BOOST_TEST(!has(viz::to_dot(small), "folded"));
  const Tensor large = repeat(60, [](const Tensor& y, int) { return sin(y * 2); });
  BOOST_TEST(has(viz::to_dot(large), "60 steps folded into one"));
  BOOST_TEST(shown(viz::to_dot(large, {.fold_repeats = false, .fit_page = false})) == 122u);
}

// Convolutions and pooling whose shapes are equal, but not their strides, paddings, dilations or windows.
BOOST_AUTO_TEST_CASE(attributes_are_compared) {
  const Tensor x = ones({1, 2, 8, 8}).requires_grad_(), w = ones({2, 2, 3, 3}).requires_grad_();
  const auto folded = [&](const auto& f) {
    Tensor y = x;
    for (int i = 0; i < 4; ++i) y = f(y, i % 2 + 1);
    return has(viz::to_dot(y.sum(), {.fold_repeats = true}), "4 steps folded into one");
  };
  using O = ConvOptions<2>;
  BOOST_TEST(folded([&](const Tensor& y, int) { return conv2d(y, w, {}, O{.padding = 1}); }));
  BOOST_TEST(!folded([&](const Tensor& y, int d) { return conv2d(y, w, {}, O{.padding = d, .dilation = d}); }));
  const auto pooled = [](bool average, int i) {
    return [average, i](const Tensor& y, int k) {
      const int half = i * (k - 1) + 1;  // of the window
      if (average) return avg_pool2d(y, 2 * half + 1, {.stride = 1, .padding = half});
      return max_pool2d(y, 2 * half + 1, {.stride = 1, .padding = half});
    };
  };
  for (const bool average : {false, true}) {
    BOOST_TEST(folded(pooled(average, 0)));
    BOOST_TEST(!folded(pooled(average, 1)));
  }
}

// Nor what one number makes different; which step of a sequence is read makes none.
BOOST_AUTO_TEST_CASE(places_in_a_sequence_are_not_compared) {
  const Tensor x = ones({8, 3, 3}).requires_grad_(), w = ones({3, 3}).requires_grad_();
  const auto folded = [&](const auto& f) {
    Tensor y = zeros({3, 3});
    for (int i = 0; i < 8; ++i) y = f(y, i);
    return has(viz::to_dot(y.sum(), {.fold_repeats = true}), "8 steps folded into one");
  };
  BOOST_TEST(folded([&](const Tensor& h, int i) { return tanh(matmul(h, w) + x.select(0, i)); }));
  BOOST_TEST(folded([&](const Tensor& h, int i) { return tanh(matmul(h, w) + x.narrow(0, i, 1).squeeze(0)); }));
  BOOST_TEST(folded([&](const Tensor& h, int) { return dropout(matmul(h, w) + x.sum({0}), 0.5); }));
  BOOST_TEST(!folded([&](const Tensor& h, int i) { return dropout(matmul(h, w), i % 2 ? 0.5 : 0.25); }));
  BOOST_TEST(!folded([&](const Tensor& h, int i) { return softmax(matmul(h, w), i % 2); }));
  BOOST_TEST(!folded([&](const Tensor& h, int i) { return leaky_relu(matmul(h, w), i % 2 ? 0.5 : 0.25); }));
  BOOST_TEST(!folded([&](const Tensor& h, int i) { return matmul(h, w).sum({i % 2}, true).expand({3, 3}); }));
}

// Steps within layers, and a step that begins in its own way.
BOOST_AUTO_TEST_CASE(folds_in_folds_and_odd_ends) {
  const Tensor w = ones({2, 2}).requires_grad_().set_name("w");
  Tensor y = ones({2, 2}).set_name("x");
  for (int i = 0; i < 5; ++i) {
    for (int k = 0; k < 4; ++k) y = tanh(matmul(y, w));
    y = softmax(y, 1);
  }
  const std::string text = viz::to_dot(exp(y).sum(), {.fold_repeats = true});
  BOOST_TEST(has(text, "5 steps folded into one"));
  BOOST_TEST(has(text, "4 steps folded into one"));
  BOOST_TEST(count_of(text, "class=\"node-op\"") == 4u);
  Tensor sum = exp(w).sum();
  for (int i = 0; i < 20; ++i) sum = sum + (w * ones({2, 2})).sum() * 0.5;
  const std::string odd = viz::to_dot(sum, {.fold_repeats = true});  // the result is part of the last step
  BOOST_TEST(has(odd, "20 steps folded into one"));
  BOOST_TEST(count_of(odd, "peripheries=2") == 1u);
  BOOST_TEST(has(lines_with(odd, "peripheries=2")[0], ">50.87<"));  // 4 e + 20 · 2
}

// With a Profile each operation has its time; of a fold and of a collapsed module the sum.
BOOST_AUTO_TEST_CASE(times) {
  const profiler::Profile profile;
  const nn::Sequential net = blocks(6);
  const Tensor loss = loss_of(net);
  BOOST_TEST(has(lines_with(viz::to_dot(loss, {.fold_repeats = false}), "tooltip=\"sum  ")[0], " µs · "));
  double fc1 = 0;
  for (const tape::OpNode& op : tape::collect(loss).nodes)
    if (op.op == "linear" && op.module->path().ends_with("fc1")) fc1 += profile.node_time(op)->forward;
  const auto text_of = [&](const viz::Options& o) { return viz::to_dot(loss, o); };
  const std::string folded = text_of({.fold_repeats = true});
  BOOST_TEST(has(folded, "µs, ms and s: time forward and backward"));
  BOOST_TEST(has(lines_with(folded, "tooltip=\"relu  ")[0], " back</font>"));
  const std::string closed =
      text_of({.collapse = [](const std::string& p) { return p.ends_with("fc1"); }, .fold_repeats = true});
  const std::string module = lines_with(closed, "class=\"node-module\"")[0];
  const std::string sum = fc1 < 99.5 ? fmt::format(">{:.1f} µs · ", fc1) : fmt::format(">{:.0f} µs · ", fc1);
  BOOST_TEST(has(module, fc1 < 999.5 ? sum : " ms · "));
  BOOST_TEST(!has(text_of({.time = viz::Time::off}), " µs"));
}

BOOST_AUTO_TEST_CASE(an_alarm_in_any_step) {
  const TapeRecorder recorder;
  const Tensor x = tensor({4.}).requires_grad_().set_name("x");
  Tensor y = x;
  for (int i = 0; i < 30; ++i) y = log(y) + 0.001;
  y.sum().backward();
  const std::string text = viz::to_dot(y.sum());
  BOOST_TEST(has(text, "30 steps folded into one"));
  BOOST_TEST(has(node(text, "log"), "<b>NaN&#160;</b>"));
  nn::Sequential net;
  net.add("bad", nn::Sequential([](const Tensor& t) { return log(t - 9) * 2; })).add("good", nn::Linear(1, 1));
  const std::string closed = viz::to_dot(net(x).sum(), {.collapse = {"bad"}});
  BOOST_TEST(has(node(closed, "bad : Sequential"), "<b>NaN&#160;</b>"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(collapsed_modules)

BOOST_AUTO_TEST_CASE(by_depth_list_and_predicate) {
  const TapeRecorder recorder;
  const Tensor loss = loss_of(blocks(2));
  const std::string whole = viz::to_dot(loss);
  const auto modules = [](const std::string& text) {
    std::vector<std::string> all;
    for (const std::string& line : lines_with(text, "class=\"node-module\"")) {
      const auto start = line.find("id=\"module-") + 11;
      all.push_back(line.substr(start, line.find('"', start) - start));
    }
    std::ranges::sort(all);
    return all;
  };
  using Names = std::vector<std::string>;
  BOOST_TEST(modules(whole).empty());
  BOOST_TEST((modules(viz::to_dot(loss, {.depth = 0})) == Names{"Sequential"}));
  BOOST_TEST((modules(viz::to_dot(loss, {.depth = 1})) == Names{"Sequential.0", "Sequential.1"}));
  BOOST_TEST(modules(viz::to_dot(loss, {.depth = 2})).size() == 4u);
  BOOST_TEST(modules(viz::to_dot(loss, {.depth = 7})).empty());
  BOOST_TEST((modules(viz::to_dot(loss, {.collapse = {"0.fc1", "Sequential.1"}})) ==
              Names{"Sequential.0.fc1", "Sequential.1"}));
  const auto second = [](const std::string& path) { return path.ends_with("fc2"); };
  const std::string text = viz::to_dot(loss, {.collapse = second});
  BOOST_TEST((modules(text) == Names{"Sequential.0.fc2", "Sequential.1.fc2"}));
  BOOST_TEST(has(text, "▸ fc2 : Linear(4 → 4)"));
  BOOST_TEST(has(text, "1 op · 20 parameters · out f32 [2×4]"));
  BOOST_TEST(has(text, "largest grad norm"));
  BOOST_TEST(has(text, "2 modules collapsed"));
  BOOST_TEST(has(text, "shape=folder"));
  // What is still there has the name it had before.
  const auto before = names(whole);
  for (const std::string& name : names(text)) BOOST_TEST((name.starts_with("m") || before.contains(name)), name);
  expect<ValueError>({"viz", "collapse", "no module 'fc9' ran", "Sequential.0.fc1"},
                     [&] { viz::to_dot(loss, {.collapse = {"fc9"}}); });
  expect<ValueError>({"viz", "depth", "-2"}, [&] { viz::save(loss, "g.svg", {.depth = -2}); });
  BOOST_TEST(!has(viz::to_dot(loss, {.depth = 0}), "class=\"carried\""));
}

// A leaf that is no parameter of a module goes in; minus infinities of a mask inside are meant.
BOOST_AUTO_TEST_CASE(what_a_closed_module_reads) {
  const TapeRecorder recorder;
  const Tensor x = ones({2, 1, 4}).requires_grad_().set_name("x");
  const nn::MultiheadAttention attention(4, 2);
  const Tensor hidden = tensor({{false, true}, {false, false}});
  const Tensor loss = attention(x, x, x, {.attn_mask = hidden}).output.sum();
  loss.backward();
  const std::string text = viz::to_dot(loss, {.depth = 0});
  BOOST_TEST(count_of(text, "class=\"node-module\"") == 1u);
  BOOST_TEST(has(node(text, "x"), "class=\"node-parameter\""));
  BOOST_TEST(count_of(text, "e-s") >= 1u);
  BOOST_TEST(!has(text, "<b>Inf&#160;</b>"));
  BOOST_TEST(!has(text, "<b>NaN&#160;</b>"));
}

BOOST_AUTO_TEST_CASE(two_calls_of_one_module) {
  struct Twice : nn::Layer<Twice> {
    nn::Sequential fc = register_module("fc", nn::Sequential(nn::Linear(2, 2), nn::Tanh()));
    Tensor forward(const Tensor& x) const { return fc(fc(x)); }
  };
  const std::string text = viz::to_dot(Twice()(ones({1, 2})).sum(), {.collapse = {"fc"}});
  BOOST_TEST(has(text, "id=\"module-Twice.fc\""));
  BOOST_TEST(has(text, "id=\"module-Twice.fc_2\""));
  BOOST_TEST(has(text, "(call 2)"));
}

// The deepest modules first, those that stand for one block before those that stand for many.
BOOST_AUTO_TEST_CASE(a_page_that_can_be_read) {
  manual_seed(1);
  const TapeRecorder recorder;
  nn::Sequential net;
  for (int i = 0; i < 6; ++i) net.push_back(nn::TransformerEncoderLayer(8, 2, {.dim_feedforward = 16, .dropout = 0.1}));
  const Tensor loss = square(net(randn({5, 2, 8}).set_name("tokens"))).mean();
  loss.backward();
  const std::string text = viz::to_dot(loss);
  BOOST_TEST(has(text, "5 blocks folded into one; 2 modules collapsed"));
  BOOST_TEST(has(text, "▸ 0 : TransformerEncoderLayer"));
  BOOST_TEST(has(text, R"(1 … 5 : TransformerEncoderLayer(8,<br align="right"/>2 heads, dim_feedforward=16), × 5<br)"));
  BOOST_TEST(shown(text) < 40u);
  BOOST_TEST(shown(viz::to_dot(loss, {.fold_repeats = false, .fit_page = false})) > 200u);
  BOOST_TEST(shown(viz::to_dot(loss, {.max_nodes = 12})) <= 12u);
}

// Words on the arrows make a page wide. A step of a GAN with them is wider than a page, and not without.
BOOST_AUTO_TEST_CASE(local_derivatives_are_given_up_before_modules) {
  manual_seed(1);
  struct Gan : nn::Layer<Gan> {
    nn::Sequential g = register_module("generator", nn::Sequential(nn::Linear(4, 8), nn::ReLU(), nn::Linear(8, 2)));
    nn::Sequential d =
        register_module("discriminator", nn::Sequential(nn::Linear(2, 8), nn::LeakyReLU(), nn::Linear(8, 1)));
    Tensor forward(const Tensor& noise) const {
      const Tensor fake = d(g(noise)), truth = d(ones({8, 2}).set_name("real"));
      return binary_cross_entropy_with_logits(truth, ones_like(truth)) +
             binary_cross_entropy_with_logits(fake, zeros_like(fake));
    }
  };
  const TapeRecorder recorder;
  const Tensor loss = Gan()(randn({8, 4}).set_name("noise"));
  loss.backward();
  const std::string text = viz::to_dot(loss);
  BOOST_TEST(has(text, "values as statistics; local derivatives left out"));
  BOOST_TEST(!has(text, "collapsed"));
  BOOST_TEST(!has(text, "∂"));
  BOOST_TEST(shown(text) == shown(viz::to_dot(loss, {.fit_page = false})));
  BOOST_TEST(has(viz::to_dot(loss, {.fit_page = false}), "∂z[1]/∂W[1] = noise"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(choices)

BOOST_AUTO_TEST_CASE(parameters) {
  const Tensor w = ones({2}).requires_grad_().set_name("w"), loss = (tanh(w) * w + ones({2})).sum();
  const std::string shared = viz::to_dot(loss, {.params = viz::Params::shared});
  BOOST_TEST(count_of(shared, "class=\"node-ghost\"") == 0u);
  BOOST_TEST(count_of(shared, "e-s0-") == 2u);
  BOOST_TEST(count_of(viz::to_dot(loss), "class=\"node-ghost\"") == 1u);
  const std::string hidden = viz::to_dot(loss, {.params = viz::Params::hide});
  BOOST_TEST(count_of(hidden, "class=\"node-parameter\"") == 0u);
  BOOST_TEST(count_of(hidden, "class=\"node-input\"") == 1u);
}

BOOST_AUTO_TEST_CASE(saved_tensors) {
  const Tensor w = ones({2, 3}).requires_grad_().set_name("w"), loss = tanh(w * 2).sum();
  BOOST_TEST(has(viz::to_dot(loss), "saves its result"));
  BOOST_TEST(has(viz::to_dot(loss, {.saved = true}), "saves its result"));
  for (const viz::Saved off : {viz::Saved(false), viz::Saved(viz::Saved::off)})
    BOOST_TEST(!has(viz::to_dot(loss, {.saved = off}), "saves"));
  const std::string text = viz::to_dot(loss, {.saved = viz::Saved::nodes});
  BOOST_TEST(!has(text, ">saves"));
  BOOST_TEST(has(node(text, "keeps its result"), "shape=note"));
  BOOST_TEST(has(node(text, "keeps its result"), "f32 [2×3] · 24 B"));
  BOOST_TEST(count_of(text, "class=\"keeps\"") == 1u);
  std::ostringstream out;
  out << viz::Saved(true) << viz::Options().fold_repeats << viz::Params::hide;
  BOOST_TEST(out.str() == "textautomatichide");
}

BOOST_AUTO_TEST_CASE(no_strip_of_a_page_where_the_other_way_is_none) {
  nn::Sequential net;
  for (int i = 0; i < 5; ++i) net.push_back(nn::Linear(16, 16)).push_back(nn::Tanh());
  const Tensor loss = net(ones({8, 16}).set_name("x")).sum();
  BOOST_TEST(has(viz::to_dot(loss), "rankdir=TB"));
  BOOST_TEST(has(viz::to_dot(loss, {.rankdir = viz::Rankdir::left_to_right}), "rankdir=LR"));
  BOOST_TEST(has(viz::to_dot(tanh(ones({2}).requires_grad_()).sum()), "rankdir=LR"));
}

// Longer than a page, nothing to fold and nothing to collapse: in columns, as text is set.
BOOST_AUTO_TEST_CASE(columns) {
  const Tensor x = ones({2}).requires_grad_().set_name("x");
  Tensor y = x;
  for (int i = 0; i < 60; ++i) y = y * (1 + 0.01 * i);
  const std::string text = viz::to_dot(y.sum());
  BOOST_TEST(!has(text, "left out"));
  const std::size_t ghosts = count_of(text, "class=\"node-ghost\"");
  BOOST_TEST((ghosts >= 1u && ghosts <= 4u));
  BOOST_TEST(shown(text) == 62u + ghosts);
  BOOST_TEST(has(text, "↺ mul #1"));
  const auto order = lines_with(text, "style=invis");
  BOOST_TEST_REQUIRE(order.size() == 1u);
  BOOST_TEST(count_of(order[0], "->") == ghosts);                    // from left to right
  for (const std::string& line : lines_with(text, "class=\"fwd\""))  // straight down, from the ghosts as well
    if (!has(line, "id=\"e-s0-")) BOOST_TEST(has(line, "weight=200"), line);
  BOOST_TEST(has(text, "nslimit=20, nslimit1=20"));
  BOOST_TEST(!has(viz::to_dot(y.sum(), {.fit_page = false}), "node-ghost"));
}

BOOST_AUTO_TEST_CASE(outputs_of_one_operation) {
  const Tensor x = ones({3, 20}).requires_grad_().set_name("x");
  Tensor h = zeros({3}).set_name("h0");
  for (const Tensor& t : unbind(x * 1, 1)) h = tanh(h + t * 0.5);  // an output for each step
  const std::string text = viz::to_dot(h.sum(), {.fold_repeats = true});
  BOOST_TEST(has(text, "20 steps folded into one"));
  BOOST_TEST(count_of(text, "class=\"node-output\"") == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(chain_rule)

namespace {
std::string edge(const std::string& text, const std::string& from, const std::string& to) {
  const auto id = [&](const std::string& title) {
    const std::string line = node(text, title);
    const auto start = line.find_first_not_of(' ');
    return line.substr(start, line.find(' ', start) - start);
  };
  const auto found = lines_with(text, fmt::format("\"b-{}-{}\"", id(to), id(from)));
  return found.size() == 1u ? found[0] : "";
}
}  // namespace

BOOST_AUTO_TEST_CASE(local_derivatives_of_numbers) {
  const TapeRecorder recorder;
  const Tensor a = tensor(2.).requires_grad_().set_name("a"), b = tensor(-3.).requires_grad_().set_name("b");
  const Tensor loss = square(a * b - 1);
  loss.backward();
  const std::string text = viz::to_dot(loss);
  BOOST_TEST(has(edge(text, "a", "mul"), "∂(a·b)/∂a = b = −3.00"));
  BOOST_TEST(has(edge(text, "b", "mul"), "∂(a·b)/∂b = a = 2.00"));
  BOOST_TEST(has(edge(text, "mul", "sub"), "∂(u − 1)/∂u = 1"));
  BOOST_TEST(has(edge(text, "sub", "square"), "∂L/∂u = 2·u = −14.00"));
  // Gradients of numbers have their sign.
  BOOST_TEST(has(edge(text, "sub", "square"), ">−14.00<"));
  BOOST_TEST(has(edge(text, "a", "mul"), ">42.00<"));
  BOOST_TEST(has(edge(text, "b", "mul"), ">−28.00<"));
  BOOST_TEST(!has(viz::to_dot(loss, {.derivatives = false}), "∂"));
}

// The value of each formula times the incoming gradient is what flows, or it would not be there.
BOOST_AUTO_TEST_CASE(all_formulas) {
  const TapeRecorder recorder;
  const Tensor a = tensor(0.7).requires_grad_().set_name("a"), b = tensor(0.4).requires_grad_().set_name("b");
  const std::vector<std::pair<const char*, Tensor>> all{
      {"(a·b)", a * b},     {"(a/b)", a / b},     {"(a + b)", a + b}, {"(a − b)", a - b},     {"(3·a)", a * 3},
      {"(3/a)", 3 / a},     {"(a^3)", pow(a, 3)}, {"(2 − a)", 2 - a}, {"(−a)", -a},           {"a²", square(a)},
      {"(e^a)", exp(a)},    {"ln", log(a)},       {"√a", sqrt(a)},    {"1/a", reciprocal(a)}, {"tanh a", tanh(a)},
      {"σ(a)", sigmoid(a)}, {"relu a", relu(a)},  {"sin a", sin(a)},  {"cos a", cos(a)},      {"Σa", sum(a)}};
  for (const auto& [what, y] : all) {
    const Tensor loss = (y * 2).set_name("out");
    loss.backward({.retain_graph = true});
    const std::string text = viz::to_dot(loss);
    const auto edges = lines_with(text, "class=\"bwd\"");
    std::size_t with = 0;
    for (const std::string& e : edges) with += has(e, "∂");
    BOOST_TEST(with == edges.size(), what << " has " << with << " of " << edges.size());
    for (const std::string& e : edges) BOOST_TEST(!has(e, "NaN"), what);
  }
  const Tensor m = rand({2, 2}).requires_grad_().set_name("m");
  BOOST_TEST(has(viz::to_dot(relu(m).sum()), "class=\"fwd\""));
  const Tensor loss = relu(m).sum();
  loss.backward();
  BOOST_TEST(has(viz::to_dot(loss), "1 where m &gt; 0, else 0"));
}

// One formula for pictures and pages (viz/src/explorer/formulas_*.cpp), here in one line.
BOOST_AUTO_TEST_CASE(formulas_in_one_line) {
  const TapeRecorder recorder;
  const Tensor a = tensor({0.7, 1.3}).requires_grad_().set_name("a"),
               b = tensor({0.4, 2.}).requires_grad_().set_name("b");
  const std::vector<std::pair<const char*, Tensor>> all{{"∂(a/b)/∂b = −a/b²", a / b},
                                                        {"∂a³/∂a = 3·a²", pow(a, 3)},
                                                        {"∂(2 − a)/∂a = −1", 2 - a},
                                                        {"∂√a/∂a = 1/(2·√a)", sqrt(a)},
                                                        {"∂tanh(a)/∂a = 1 − tanh(a)²", tanh(a)},
                                                        {"∂σ(a)/∂a = σ(a)·(1 − σ(a))", sigmoid(a)},
                                                        {"∂relu(a)/∂a = 1 where a &gt; 0, else 0", relu(a)},
                                                        {"∂log(1 + a)/∂a = 1/(1 + a)", log1p(a)},
                                                        {"∂atan2(a, b)/∂b = −a/(a² + b²)", atan2(a, b)},
                                                        {"∂(a·Φ(a))/∂a = Φ(a) + a·φ(a)", gelu(a)},
                                                        {"∂e^a/∂a = e^a", exp(a)},
                                                        {"∂y/∂a = y·(1 − y)", sigmoid(a).set_name("y")},
                                                        {"∂p/∂a = p_i·([i = j] − p_j)", softmax(a, 0).set_name("p")},
                                                        {"∂L/∂a = 2·(a − b)/N", mse_loss(a, b)},
                                                        {"∂L/∂a = 1/N", a.mean()}};
  for (const auto& [label, y] : all) {
    const Tensor loss = y.dim() == 0 ? y : (y * tensor({2., 3.})).sum();
    loss.backward({.retain_graph = true});
    const std::string text = viz::to_dot(loss);
    BOOST_TEST(has(text, label), label << " is not in\n" << text);
  }
  const nn::Linear fc(2, 3);
  const Tensor x = randn({4, 2}).requires_grad_().set_name("x"), loss = square(fc(x)).sum();
  loss.backward();
  const std::string text = viz::to_dot(loss);
  for (const char* label : {"∂z[1]/∂W[1] = x", "∂z[1]/∂x = W[1]", "∂z[1]/∂b[1] = 1", "∂z[1]²/∂z[1] = 2·z[1]"})
    BOOST_TEST(has(text, label), label << " is not in\n" << text);
}

// A layer that is called twice has two results of one name: z − z would be 0.
BOOST_AUTO_TEST_CASE(inputs_of_one_name_get_letters) {
  const TapeRecorder recorder;
  const nn::Linear fc(2, 3);
  const Tensor left = fc(randn({4, 2})), right = fc(randn({4, 2})), loss = square(left - right).sum();
  loss.backward();
  const std::string text = viz::to_dot(loss);
  BOOST_TEST(has(text, "∂(u − v)/∂u = 1"));
  BOOST_TEST(has(text, "∂(u − v)/∂v = −1"));
}

// The number is what the backward function gives; none where it cannot be run.
BOOST_AUTO_TEST_CASE(numbers_of_local_derivatives) {
  const Tensor a = tensor(0.5, {kFloat64}).requires_grad_().set_name("a");
  Tensor loss = (sin(a) * 2).set_name("out");
  loss.backward();  // nobody kept what it had saved
  BOOST_TEST(has(viz::to_dot(loss), "∂sin(a)/∂a = cos(a)<"));
  const TapeRecorder recorder;
  loss = (sin(a) * 2).set_name("out");
  loss.backward();
  BOOST_TEST(has(viz::to_dot(loss), "∂sin(a)/∂a = cos(a) = 0.88<"));
  const Tensor b = tensor(2., {kFloat64}).requires_grad_().set_name("b");
  const Tensor own = elementwise("cube", [](auto t) { return t * t * t; })(b) * 2;
  own.backward();
  BOOST_TEST(!has(viz::to_dot(own), "= 12"));  // of the program: not run behind its back
}

// A hook changes what flows: the formula's number is not what one sees.
BOOST_AUTO_TEST_CASE(a_number_that_does_not_agree_is_not_shown) {
  const TapeRecorder recorder;
  const Tensor a = tensor(2.).requires_grad_().set_name("a");
  Tensor y = a * 5;
  const Tensor loss = y * 3;
  y.register_hook([](const Tensor& g) { return g * 100; });
  loss.backward();
  const std::string text = viz::to_dot(loss);
  BOOST_TEST(!has(text, ">15.00<"));
}

BOOST_AUTO_TEST_SUITE_END()
